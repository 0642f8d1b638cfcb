import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from edge_runtime.bundle.writer import write_bundle
from tests.edge_runtime.samples import contents, manifest
from tools.delivery import parts
from tools.delivery.onboard.releases import is_sound
from tools.delivery.target import target


def test_the_kit_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for place in (first, second):
        place.mkdir()
    one, two = parts.kit(first), parts.kit(second)
    assert one.digest == two.digest
    with tarfile.open(one.archive) as tar:
        names = tar.getnames()
        assert tar.getmember("bin/edge-runtime").mode == 0o755
    assert "kit/edge_runtime/commands/main.py" in names
    assert not [name for name in names if "direct_url" in name or name.endswith(".pyc")]


def test_a_kit_that_was_unpacked_starts(tmp_path: Path) -> None:
    part = parts.kit(tmp_path)
    place = tmp_path / "device"
    with tarfile.open(part.archive) as tar:
        tar.extractall(place, filter="data")
    answer = subprocess.run(
        [sys.executable, "-I", place / "bin/edge-runtime", "--version"], capture_output=True, text=True
    )
    assert answer.stdout.startswith("edge-runtime ")


def test_the_size_when_unpacked_is_known_without_unpacking(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(bytes(1_000_000))
    archive = tmp_path / "a.tar.gz"
    parts.write_tar(tree, archive)
    assert archive.stat().st_size < 10_000
    assert parts.unpacked_size(archive) >= 1_000_000


def test_packages_are_others_for_another_machine_python_or_interpreter() -> None:
    targets = [
        target("arm64", "3.11"),
        target("amd64", "3.11"),
        target("arm64", "3.13"),
        target("arm64", "3.11", "onnx"),
        target("arm64", "3.11", camera=True),
        target("arm64", "3.11", signed=True),
    ]
    assert len({parts.packages_digest(one) for one in targets}) == len(targets)


def test_packages_that_were_made_before_are_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wanted = target("arm64", "3.11")
    (tmp_path / "tree").mkdir()
    archive = parts.cache() / f"{parts.packages_digest(wanted)}.tar.gz"
    archive.parent.mkdir(parents=True)
    parts.write_tar(tmp_path / "tree", archive)
    assert parts.packages(wanted, pytest.fail).archive == archive


def test_a_signed_bundle_s_part_carries_the_signature_and_is_another_than_the_unsigned_one(tmp_path: Path) -> None:
    lamp = write_bundle(tmp_path / "lamp", manifest(), contents())
    unsigned = parts.bundle_part(lamp, tmp_path)
    assert unsigned.digest == lamp.digest
    lamp.file("model.sig").write_bytes(b"{}")
    signed = parts.bundle_part(lamp, tmp_path)
    assert signed.digest.startswith(f"{lamp.digest}-")
    with tarfile.open(signed.archive) as tar:
        assert "model.sig" in tar.getnames()
    with tarfile.open(signed.archive) as tar:
        tar.extractall(tmp_path / signed.digest, filter="data")
    assert is_sound(tmp_path / signed.digest)
    (tmp_path / signed.digest / "model.sig").write_bytes(b"[]")
    assert not is_sound(tmp_path / signed.digest)
