import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.device.container import in_container
from tests.edge_runtime.samples import DEADLINE, save
from tests.support import ROOT, python


def classify(bundle: Bundle, *arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "classify", "--bundle", bundle.directory, *arguments)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def truncated(path: Path) -> Path:
    content = save(path, size=(50, 50)).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def test_in_a_pipe_every_picture_is_a_json_line_that_names_the_model(bundle: Bundle, pictures: Path) -> None:
    done = classify(bundle, pictures)
    assert (done.returncode, done.stderr) == (0, "")
    found = lines(done)
    assert [line["path"] for line in found] == sorted(str(path) for path in pictures.rglob("*.png"))
    for line in found:
        assert line["type"] == "prediction"
        assert (line["bundle"], line["version"]) == (bundle.manifest.name, bundle.manifest.version)
        assert (line["digest"], line["variant"]) == (bundle.digest[:12], "full_int8.tflite")
        assert line["runtime"].startswith("ai-edge-litert ")
        assert line["latency_seconds"] > 0
        assert line["label"] in bundle.manifest.spec.labels
        assert 0 < line["score"] <= 1
        assert len(line["best"]) == 3


@pytest.mark.parametrize("form", ["file", "files", "glob", "directory"])
def test_files_globs_and_directories_are_classified(form: str, bundle: Bundle, pictures: Path) -> None:
    folder = next(path for path in sorted(pictures.iterdir()))
    files = sorted(folder.iterdir())
    typed: dict[str, list[Path]] = {
        "file": files[:1],
        "files": files,
        "glob": [folder / "*.png"],
        "directory": [folder],
    }
    done = classify(bundle, *typed[form], "--top", 1)
    assert [line["path"] for line in lines(done)] == [str(path) for path in (files[:1] if form == "file" else files)]
    assert {len(line["best"]) for line in lines(done)} == {1}


@pytest.mark.parametrize("variant", ["float32.tflite", "float16.onnx", "weight_int8", "full_int8", "int16x8", "int8"])
def test_every_variant_can_be_asked_for(variant: str, bundle: Bundle, pictures: Path) -> None:
    done = classify(bundle, pictures, "--variant", variant)
    assert done.returncode == 0, done.stderr
    assert {line["variant"].startswith(variant) for line in lines(done)} == {True}


def on_a_terminal(*command: object) -> tuple[int, str]:
    """Runs a command with a terminal as its standard output and returns its exit code and what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # EIO: the last one that had the terminal open has gone
                break
            if not part:
                break
            shown += part
        os.close(ours)
        return process.wait(DEADLINE), shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_a_table_appears_with_true_labels_and_a_mark_on_the_wrong(bundle: Bundle, pictures: Path) -> None:
    command = [sys.executable, "-m", "edge_runtime", "classify", pictures, "--bundle", bundle.directory]
    code, shown = on_a_terminal(*command, "--truth", "folder")
    assert code == 0
    title, header, *rows = shown.splitlines()
    assert title.startswith(f"{bundle.title}, full_int8.tflite on ai-edge-litert")
    assert header.split() == ["picture", "predicted", "score", "true", "ms"]
    assert len(rows) == 12
    right = sum("✗" not in row for row in rows)
    told = python(*command[1:], "--truth", "folder")
    assert f"{right} of 12 right" in told.stderr
    assert right >= 6  # the model is right about three times in four
    wrong = [line for line in lines(told) if line["label"] != line["truth"]]
    assert len(wrong) == 12 - right


def test_one_truncated_picture_in_a_batch_is_told_and_the_rest_are_classified(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    batch = tmp_path / "batch"
    shutil.copytree(pictures, batch)
    broken = truncated(batch / "broken.png")
    done = classify(bundle, batch)
    assert done.returncode == 3
    found = lines(done)
    assert len(found) == 13
    (rejection,) = [line for line in found if line["type"] == "rejection"]
    assert rejection["path"] == str(broken)
    reason, summary = done.stderr.splitlines()
    assert reason.startswith(f"edge-runtime: {broken}: cannot be decoded: ")
    assert summary == "edge-runtime: error: 1 of 13 pictures could not be classified"


def test_only_pictures_that_cannot_be_decoded_are_a_failure(bundle: Bundle, tmp_path: Path) -> None:
    done = classify(bundle, truncated(tmp_path / "broken.png"), "--format", "table")
    assert done.returncode == 1
    assert f"not classified: {tmp_path / 'broken.png'}: cannot be decoded" in done.stdout
    assert done.stderr.endswith("1 of 1 pictures could not be classified\n")


def test_a_picture_that_may_not_be_read_is_told_as_such(bundle: Bundle, tmp_path: Path) -> None:
    secret = save(tmp_path / "secret.png")
    secret.chmod(0)
    # Without its capabilities root may read no more than its rights say; whoever is not root has none.
    bare = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--reuid=0"] if os.getuid() == 0 else []
    command = [*bare, sys.executable, "-m", "edge_runtime", "classify", secret, "--bundle", bundle.directory]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    reason, summary = done.stderr.splitlines()
    assert reason == f"edge-runtime: {secret}: cannot be read: Permission denied"
    assert summary.startswith("edge-runtime: error: 1 of 1 pictures could not be classified")
    assert (f"chmod u+rwX {secret}" in summary) == in_container()


def test_what_is_typed_wrongly_is_exit_2_and_what_is_not_there_exit_1_before_anything_is_loaded(
    bundle: Bundle, tmp_path: Path
) -> None:
    for path, reason in (
        (tmp_path / "none.png", "no such file or directory"),
        (tmp_path, "no picture in this directory"),
        (tmp_path / "*.png", "no picture matches"),
    ):
        done = classify(bundle, path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"edge-runtime: error: {path}: {reason}")
        assert len(done.stderr.splitlines()) == 1
    assert classify(bundle, "x.png", "--top", "0").returncode == 2
    assert python("-m", "edge_runtime", "classify", "x.png").returncode == 2


def test_an_unknown_variant_is_refused_with_the_one_that_may_be_meant(bundle: Bundle, pictures: Path) -> None:
    done = classify(bundle, pictures, "--variant", "ful_int8.tflite")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("no variant 'ful_int8.tflite'; did you mean 'full_int8.tflite'?\n")


def test_a_newer_bundle_is_refused_in_one_sentence_that_names_both_versions(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    newer = shutil.copytree(bundle.directory, tmp_path / "newer")
    text = (newer / "manifest.json").read_text()
    (newer / "manifest.json").write_text(text.replace('"schema_version": 1', '"schema_version": 7'))
    done = python("-m", "edge_runtime", "classify", pictures, "--bundle", newer)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "schema version 7 found, this edge-runtime reads version 1; update edge-runtime on this device" in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1


def test_file_names_of_every_kind_come_through(bundle: Bundle, tmp_path: Path) -> None:
    names = ["두 켤레.png", "a b.png", 'quote".png', "line\nbreak.png"]
    for name in names:
        save(tmp_path / name)
    # A name from a memory card that was written in EUC-KR: no UTF-8.
    (tmp_path / "raw").mkdir()
    raw = os.fsencode(tmp_path / "raw") + b"/\xbd\xc5\xb9\xdf.png"
    Path(os.fsdecode(raw)).write_bytes(save(tmp_path / "x.png").read_bytes())
    done = classify(bundle, tmp_path)
    assert done.returncode == 0, done.stderr
    found = [os.fsencode(line["path"]) for line in lines(done)]
    assert found == sorted([raw, *(os.fsencode(tmp_path / name) for name in (*names, "x.png"))])
    assert classify(bundle, tmp_path, "--format", "table").returncode == 0


def test_ctrl_c_ends_with_130_and_no_traceback(bundle: Bundle, tmp_path: Path) -> None:
    for number in range(2000):
        save(tmp_path / f"{number}.png")
    command = [sys.executable, "-m", "edge_runtime", "classify", tmp_path, "--bundle", bundle.directory]
    with subprocess.Popen(
        [*map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["type"] == "prediction"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.stderr.read() == "edge-runtime: interrupted\n"
        assert process.wait(DEADLINE) == 130
    assert all(json.loads(line) for line in rest.splitlines())  # and no half a line


def test_a_reader_that_has_seen_enough_ends_it_quietly(bundle: Bundle, tmp_path: Path) -> None:
    for number in range(1000):
        save(tmp_path / f"{number}.png")
    command = (
        f"set -o pipefail; {sys.executable} -m edge_runtime classify {tmp_path} --bundle {bundle.directory} | head -1"
    )
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_a_video_is_refused_with_the_command_that_judges_videos(bundle: Bundle, pictures: Path, tmp_path: Path) -> None:
    video = tmp_path / "a day.MP4"
    video.write_bytes(b"\0\0\0\x20ftypisom")
    done = classify(bundle, video)
    assert done.returncode == 1
    command = f"edge-runtime run --bundle {bundle.directory} --source '{video}'"
    assert done.stderr.endswith(f"; a video is judged frame by frame with: {command}\n")
    assert classify(bundle, pictures, video).returncode == 3
    other = tmp_path / "a.png"
    other.write_bytes(b"no picture")
    assert "a video is judged" not in classify(bundle, other).stderr


def test_a_folder_that_is_no_label_is_told_with_the_nearest_one(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "Sneakers").mkdir()
    done = classify(bundle, save(tmp_path / "Sneakers" / "a.png"), "--truth", "folder")
    assert done.returncode == 0
    assert "'Sneakers' is no label of this bundle; did you mean 'Sneaker'?" in done.stderr


def test_below_the_threshold_a_picture_is_unknown(bundle: Bundle, pictures: Path) -> None:
    sure = lines(classify(bundle, pictures, "--threshold", 0))
    assert {line["label"] for line in sure} <= set(bundle.manifest.spec.labels)
    unsure = lines(classify(bundle, pictures, "--threshold", 1.01))
    assert {line["label"] for line in unsure} == {"unknown"}
    assert [line["best"] for line in unsure] == [line["best"] for line in sure]
