import contextlib
import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS, Split, write_prepared
from tests.support import ROOT, python
from tests.train.preparation.conftest import COUNT, write_noise
from train.datasets.dataset import Found, Sample
from train.datasets.folder import Folder
from train.preparation.decoding import Decoded
from train.preparation.prepare import check_space, prepare
from train.preparation.unfinished import EVERY, PROGRESS, place, unfinished

SPEC = PreprocessingSpec((32, 32))
KILLED = 600  # training pictures after which the power goes


class Stopping(list[Sample]):
    """Samples that end the work when some of them have been taken; whoever decodes ahead gets them all."""

    iterated = False

    def __iter__(self) -> Iterator[Sample]:
        if self.iterated:
            return super().__iter__()
        self.iterated = True
        return self._until_the_end()

    def _until_the_end(self) -> Iterator[Sample]:
        yield from self[:KILLED]
        if os.environ.get("STOP") == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise KeyboardInterrupt


class CtrlC:
    """A trace function that interrupts before the line of `module` whose turn is `after` others have run."""

    def __init__(self, module: str, after: int) -> None:
        self.module = module
        self.left = after

    def __call__(self, frame: types.FrameType, event: str, _: object) -> "CtrlC | None":
        if frame.f_globals["__name__"] != self.module:
            return None
        if event == "line":
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
        return self


class Whole(list[Sample]):
    """Samples whose rest, which is to be prepared, ends the work."""

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        return Stopping(super().__getitem__(at))


class Stopped(Folder):
    """A folder whose training pictures cannot be read to their end."""

    def find(self, seed: int) -> Found:
        found = super().find(seed)
        return Found(found.origin, found.splits | {"train": Whole(found.splits["train"])}, found.notes)


def progress(out: Path) -> dict[str, dict[str, int]]:
    read: dict[str, dict[str, int]] = json.loads((place(out) / PROGRESS).read_text())
    return read


def test_what_a_killed_process_prepared_is_not_prepared_again(
    many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
import sys
from pathlib import Path
from tests.train.preparation.test_unfinished import SPEC, Stopped
from train.preparation.prepare import prepare
prepare(Stopped(Path(sys.argv[1])), SPEC, 0, Path(sys.argv[2]))
"""
    died = python("-c", code, many, tmp_path / "out", env=os.environ | {"STOP": "kill"})
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert progress(tmp_path / "out")["read"]["train"] == EVERY
    resumed = prepare(Folder(many), SPEC, 0, tmp_path / "out")
    assert f"going on after {EVERY} of {COUNT:,} pictures" in capsys.readouterr().err
    assert not place(tmp_path / "out").exists()
    at_once = prepare(Folder(many), SPEC, 0, tmp_path / "once")
    assert resumed.prepared.record == at_once.prepared.record, "to the byte what an undisturbed one makes"


def test_an_interruption_loses_no_picture(many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepare(Stopped(many), SPEC, 0, tmp_path / "out")
    read = progress(tmp_path / "out")["read"]["train"]
    assert EVERY < read <= KILLED
    prepare(Folder(many), SPEC, 0, tmp_path / "out")
    assert f"going on after {read} of {COUNT:,} pictures" in capsys.readouterr().err


def test_wherever_ctrl_c_comes_whole_pictures_count_and_no_others(tmp_path: Path) -> None:
    grey, coloured = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), (1, 2, 3), np.uint8)
    found = []
    for lines in itertools.count():
        with contextlib.suppress(KeyboardInterrupt), unfinished(tmp_path / str(lines), "a key", (8, 8), ()) as work:
            with work.growing("train") as take:
                take(Sample(grey, 0, "first"), Decoded(grey))
                before = sys.gettrace()
                sys.settrace(CtrlC("train.preparation.unfinished", lines))
                try:
                    take(Sample(coloured, 1, "second"), Decoded(coloured))
                finally:
                    sys.settrace(before)
            break
        with unfinished(tmp_path / str(lines), "a key", (8, 8), ()) as work:
            kept = work.counts["train"]
            assert work.read("train") == kept
            assert work.grey == (kept == 1)
            assert work.labels("train").tolist() == [0, 1][:kept]
            assert (work.directory / "train_samples.csv").read_text().count("\n") == 1 + kept
            assert (work.directory / "train_pixels.npy").stat().st_size == 128 + kept * grey.nbytes, "a header of 128"
            found.append(kept)
    assert set(found) == {1, 2}


def test_an_unfinished_dataset_of_another_size_is_begun_anew(
    many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepare(Stopped(many), SPEC, 0, tmp_path / "out")
    done = prepare(Folder(many), PreprocessingSpec((8, 8)), 0, tmp_path / "out")
    assert "going on" not in capsys.readouterr().err
    assert done.prepared.split("train").pixels.shape[1:] == (8, 8, 3)


def test_a_damaged_unfinished_dataset_is_begun_anew(many: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepare(Stopped(many), SPEC, 0, tmp_path / "out")
    os.truncate(place(tmp_path / "out") / "train_pixels.npy", 1000)
    done = prepare(Folder(many), SPEC, 0, tmp_path / "out")
    assert sum(done.prepared.record.counts.values()) == COUNT


def test_a_disk_that_fills_up_costs_what_came_after_the_last_record(many: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "train", "prepare", "--dataset", f"folder:{many}", "--size", "32"]
    command += ["--out", str(tmp_path / "out")]
    limit = (KILLED * 32 * 32 * 3, resource.RLIM_INFINITY)  # a file may not grow beyond, as on a full disk
    full = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert full.returncode == 1
    assert "cannot be written: File too large; what is prepared by now is kept in" in full.stderr
    assert "Traceback" not in full.stderr
    assert progress(tmp_path / "out")["read"]["train"] == EVERY
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert f"going on after {EVERY} of {COUNT:,} pictures" in again.stderr


def test_a_disk_without_room_is_told_before_anything_is_decoded(tmp_path: Path) -> None:
    check_space(tmp_path, 1000, (10, 10), 300_000)
    with pytest.raises(OSError, match=r"3,000 MB are needed for 10,000 pictures of 100 × 1,?000 pixels, 2,999 MB"):
        check_space(tmp_path, 10_000, (100, 1000), 2_999_000_000)


def test_what_was_prepared_stays_while_the_disk_has_no_room(
    many: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        prepare(Stopped(many), SPEC, 0, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("train.preparation.prepare._free", lambda _: 10)
        with pytest.raises(DatasetError, match=r"out: cannot be written: .* MB are free; make room.* is kept in .*out"):
            prepare(Folder(many), SPEC, 0, tmp_path / "out")
    prepare(Folder(many), SPEC, 0, tmp_path / "out")
    assert "going on after" in capsys.readouterr().err


def test_a_disk_that_never_had_room_keeps_nothing_and_says_nothing_of_it(many: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"smaller --size$"):
        prepare(Folder(many), PreprocessingSpec((1_000_000, 1_000_000)), 0, tmp_path / "out")
    assert not place(tmp_path / "out").exists()


def test_two_processes_do_not_prepare_the_same_dataset(many: Path, tmp_path: Path) -> None:
    with unfinished(tmp_path / "out", "a key", (8, 8), ()):
        other = python("-m", "train", "prepare", "--dataset", f"folder:{many}", "--out", tmp_path / "out")
    assert other.returncode == 1
    assert "another process is preparing it" in other.stderr


def test_streamed_or_written_at_once_it_is_the_same_dataset(many: Path, tmp_path: Path) -> None:
    streamed = prepare(Folder(many), SPEC, 0, tmp_path / "out").prepared
    record = streamed.record
    splits = {name: streamed.split(name) for name in SPLITS}
    at_once = write_prepared(
        tmp_path / "once",
        name=record.name,
        origin="",
        grey=record.grey,
        spec=record.spec,
        seed=0,
        splits={name: Split(np.array(part.pixels), np.array(part.labels)) for name, part in splits.items()},
    )
    assert at_once.digest == streamed.digest
    assert at_once.about("test") is None
    about = streamed.about("test")
    assert about is not None
    assert len(about.names) == record.counts["test"]
    assert set(about.sizes) == {(8, 8)}


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    code = """
import resource, sys
from train.__main__ import main
assert main(["prepare", "--dataset", "folder:" + sys.argv[1], "--size", "160", "--out", sys.argv[2]]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for count in (150, 1500):
        for seed, label in enumerate("ab"):
            write_noise(tmp_path / str(count) / label, count // 2, seed)
        done = python("-c", code, tmp_path / str(count), tmp_path / f"out{count}")
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout.split()[-1]) / 1024)
    # 1,500 pictures are 115 MB; of the machinery for one of them less than 5 KB stays.
    assert peaks[1] - peaks[0] < 30, f"{peaks} MB"
