import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import check_target, pack, write_bundle
from edge_runtime.errors import BundleError, FieldError
from tests.edge_runtime.samples import DEADLINE, contents, eventually, in_a_process, manifest
from tests.support import on_a_small_disk

PLACE = "variants/float32.tflite"


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_newer_bundle_takes_the_place_of_an_older_one(lamp: Bundle, tmp_path: Path) -> None:
    newer = write_bundle(lamp.directory, manifest(version="2.0"), contents(10))
    assert open_bundle(lamp.directory) == newer
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lamp"]


def test_other_users_of_the_device_can_read_a_bundle(lamp: Bundle) -> None:
    for path in (lamp.directory, *lamp.directory.rglob("*")):
        assert path.stat().st_mode & 0o044 == 0o044, path


def test_a_directory_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "wedding.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"precious")
    with pytest.raises(BundleError, match="photos: exists and is not a bundle; choose another place or remove it"):
        write_bundle(photo.parent, manifest(), contents())
    with pytest.raises(BundleError, match=r"wedding\.jpg: exists and is not a bundle"):
        write_bundle(photo, manifest(), contents())
    assert files(tmp_path) == {"photos/wedding.jpg": b"precious"}


READ_ONLY = """
import subprocess, sys
from pathlib import Path
from edge_runtime.bundle.writer import check_target
from edge_runtime.console import guard

subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
sys.exit(guard("writer", lambda: check_target(Path(sys.argv[1]) / "new" / "lamp")))
"""


def test_a_read_only_file_system_is_told_before_anything_is_made(tmp_path: Path) -> None:
    words = [*on_a_small_disk(tmp_path, "100k"), sys.executable, "-c", READ_ONLY, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
    said = f"{tmp_path}/new/lamp: cannot be written: nothing can be made in {tmp_path}: Read-only file system"
    assert done.stderr.startswith(f"writer: error: {said}")
    assert "runs as user" not in done.stderr


def test_a_place_that_takes_no_directories_is_refused_also_to_root() -> None:
    with pytest.raises(BundleError, match="/proc/lamp: cannot be written: "):
        check_target(Path("/proc/lamp"))


def test_looking_whether_a_bundle_could_be_written_leaves_nothing(tmp_path: Path) -> None:
    check_target(tmp_path / "new" / "lamp")
    assert list(tmp_path.iterdir()) == []


def test_a_variant_without_its_file_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(
        FieldError, match=r"variants: float32\.tflite: 'variants/float32\.tflite' is not among the files"
    ):
        write_bundle(tmp_path / "lamp", manifest(), {"labels.txt": b""})
    assert not list(tmp_path.iterdir())


def test_labels_that_their_file_does_not_list_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match=r"labels: labels\.txt says other ones"):
        write_bundle(tmp_path / "lamp", manifest(), contents() | {"labels.txt": b"dark\nbrigth\n"})
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_leaves_the_bundle_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match=r"files: '\.\./escaped' is not a relative path inside the bundle"):
        write_bundle(tmp_path / "lamp", manifest(), contents() | {"../escaped": b""})
    assert not list(tmp_path.iterdir())


# A disk that refuses

WRITE = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.console import guard
from tests.edge_runtime.samples import contents, manifest
target, limit, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that the kernel answers EFBIG instead of killing
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(guard("writer", lambda: write_bundle(target, manifest(version="2.0"), contents(size)) and 0))
"""


def test_a_write_that_the_kernel_refuses_leaves_the_old_bundle_and_no_litter(lamp: Bundle, tmp_path: Path) -> None:
    before = files(tmp_path)
    done = in_a_process(WRITE, lamp.directory, 100_000, 200_000)
    assert done.returncode == 1
    assert done.stderr == (
        f"writer: error: {lamp.directory}: cannot be written: File too large; the bundle that was there is untouched\n"
    )
    assert files(tmp_path) == before
    assert open_bundle(lamp.directory) == lamp


def test_a_first_write_that_the_kernel_refuses_leaves_nothing(tmp_path: Path) -> None:
    done = in_a_process(WRITE, tmp_path / "lamp", 100_000, 200_000)
    assert "cannot be written: File too large; nothing was left behind" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_bundle_and_no_litter(tmp_path: Path) -> None:
    script = f"""
{sys.executable} -c "$1" {tmp_path}/lamp 0 100000 || exit 9
{sys.executable} -c "$1" {tmp_path}/lamp 0 390000; echo "exit $?"
{sys.executable} -m edge_runtime info {tmp_path}/lamp | head -1
ls -A {tmp_path}
"""
    done = subprocess.run(
        [*on_a_small_disk(tmp_path, "400k"), "sh", "-c", script, "sh", WRITE],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "No space left on device; the bundle that was there is untouched" in done.stderr
    wanted = write_bundle(tmp_path / "same", manifest(version="2.0"), contents(100_000))
    assert done.stdout.splitlines() == ["exit 1", wanted.title, "lamp"]


WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from edge_runtime.bundle.writer import write_bundle
from tests.edge_runtime.samples import contents, manifest
files = contents(300_000) | {f"{n}.txt": b"x" for n in range(20)}
for turn in itertools.count(1):
    write_bundle(Path(sys.argv[1]), manifest(version=str(turn)), files)
    print(turn, flush=True)
"""


def count(directory: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(directory))  # which bears that it vanishes meanwhile


@pytest.mark.parametrize("moment", range(8))
def test_a_writer_killed_at_any_moment_leaves_a_bundle_that_opens(moment: int, tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, tmp_path / "lamp"], stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout
        for _ in range(1 + moment % 3):
            writer.stdout.readline()  # at least one bundle is there
        # Into the middle of the next write: as soon as so many of its 23 files are there.
        eventually(lambda: any(count(half) >= 3 * moment for half in tmp_path.glob(".lamp.*.partial")), "a write")
        writer.kill()
    found = open_bundle(tmp_path / "lamp")
    assert len(found.manifest.files) == 23
    newer = write_bundle(tmp_path / "lamp", manifest(), contents())  # and what the dead left is in nobody's way
    assert open_bundle(tmp_path / "lamp") == newer


WRITE_LONG = """
import sys
from pathlib import Path
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.console import guard
from tests.edge_runtime.samples import contents, manifest
files = contents() | {f"{n}.txt": b"x" for n in range(5000)}
sys.exit(guard("writer", lambda: write_bundle(Path(sys.argv[1]), manifest(version="2.0"), files) and 0))
"""


def test_ctrl_c_while_writing_leaves_the_old_bundle_and_no_litter(lamp: Bundle, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_LONG, str(lamp.directory)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as writer:
        eventually(lambda: any(count(half) for half in tmp_path.glob(".lamp.*.partial")), "a write")
        writer.send_signal(signal.SIGINT)
        assert writer.stderr
        assert writer.stderr.read() == "writer: interrupted\n"
        assert writer.wait(DEADLINE) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["lamp"]
    assert open_bundle(lamp.directory) == lamp


# Transport


def test_the_same_bundle_packs_to_the_same_bytes(lamp: Bundle, tmp_path: Path) -> None:
    pack(lamp, tmp_path / "a.tar")
    os.utime(lamp.file("labels.txt"), (1, 1))
    lamp.file("labels.txt").chmod(0o600)
    pack(lamp, tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_tar_unpacks_a_packed_bundle_to_the_same_bundle(bundle: Bundle, tmp_path: Path) -> None:
    pack(bundle, tmp_path / "small.tar")
    subprocess.run(["tar", "-xf", tmp_path / "small.tar", "-C", tmp_path], check=True, timeout=60)
    assert open_bundle(tmp_path / bundle.manifest.name).digest == bundle.digest


def test_a_place_that_is_not_there_is_not_made_for_a_mistyped_path(lamp: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere/a\.tar: cannot be written: No such file or directory"):
        pack(lamp, tmp_path / "nowhere" / "a.tar")
    assert not (tmp_path / "nowhere").exists()


def test_a_packed_bundle_says_nothing_of_the_machine_it_was_packed_on(lamp: Bundle, tmp_path: Path) -> None:
    pack(lamp, tmp_path / "a.tar")
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "a.tar").read_bytes())) as tar:
        for entry in tar:
            assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime, entry.mode) == (0, 0, "", "", 0, 0o644)
            assert entry.name.startswith("lamp/")


def test_a_refused_pack_leaves_the_old_tar_and_no_litter(lamp: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "out" / "lamp.tar"
    target.parent.mkdir()
    pack(lamp, target)
    before = target.read_bytes()
    code = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.bundle.store import open_bundle
from edge_runtime.bundle.writer import pack
from edge_runtime.console import guard
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
sys.exit(guard("packer", lambda: pack(open_bundle(Path(sys.argv[1])), Path(sys.argv[2])) or 0))
"""
    done = in_a_process(code, lamp.directory, target)
    assert (done.returncode, done.stderr) == (1, f"packer: error: {target}: cannot be written: File too large\n")
    assert [path.name for path in target.parent.iterdir()] == ["lamp.tar"]
    assert target.read_bytes() == before


def test_a_signature_that_lies_in_the_bundle_is_packed_with_it(lamp: Bundle, tmp_path: Path) -> None:
    lamp.file("model.sig").write_bytes(b"{}")
    pack(lamp, tmp_path / "lamp.tar")
    with tarfile.open(tmp_path / "lamp.tar") as tar:
        assert tar.getnames() == sorted(f"lamp/{path}" for path in ["manifest.json", "model.sig", *lamp.manifest.files])
