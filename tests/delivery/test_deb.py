import gzip
import shutil
import stat
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tools.delivery import deb, parts
from tools.delivery.deb import SOURCES, Package, build, control_file, glibc
from tools.delivery.errors import DeliveryError
from tools.delivery.target import target

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="this machine is no Debian")
EPOCH = 1_700_000_000
PACKAGE = Package(target("arm64", "3.11"), "1.2+py3.11", "Somebody <somebody@example.org>", EPOCH)
METADATA = "Name: numpy\nVersion: 2.4\nLicense-Expression: BSD-3-Clause\nAuthor: Somebody Else\n"


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    """Small parts: a package with its licence and a kit with its launcher."""
    made = []
    for name, files in (
        (
            "packages",
            {
                "lib/numpy/core.so": "elf",
                "lib/numpy-2.4.dist-info/METADATA": METADATA,
                "lib/numpy-2.4.dist-info/licenses/LICENSE.txt": "Redistribution is permitted.",
                "lib/numpy-2.4.dist-info/WHEEL": "Tag: cp311-cp311-manylinux_2_27_aarch64\n",
            },
        ),
        ("kit", {"kit/edge_runtime/__init__.py": "", "bin/edge-runtime": "#!/usr/bin/python3 -I\n"}),
    ):
        tree = tmp_path / name
        for path, text in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
            (tree / path).chmod(0o755 if path.endswith(("edge-runtime", ".so")) else 0o600)
        made.append(tmp_path / f"{name}.tar.gz")
        parts.write_tar(tree, made[-1])
    return made


def built(archives: list[Path], place: Path) -> Path:
    (place / "scratch").mkdir(parents=True)
    return build(PACKAGE, archives, place / "scratch", place)


@needs_dpkg
def test_the_package_holds_program_service_settings_and_documents(archives: list[Path], tmp_path: Path) -> None:
    package = built(archives, tmp_path / "out")
    assert package.name == "edge-runtime_1.2+py3.11_arm64.deb"
    raw = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    (tmp_path / "content.tar").write_bytes(raw)
    with tarfile.open(tmp_path / "content.tar") as tar:
        entries = {entry.name.removeprefix("./"): entry for entry in tar.getmembers()}
        notes = tar.extractfile(entries["usr/share/doc/edge-runtime/copyright"])
        changes = tar.extractfile(entries["usr/share/doc/edge-runtime/changelog.gz"])
        assert notes is not None
        assert changes is not None
        copyright, changelog = notes.read().decode(), gzip.decompress(changes.read()).decode()
    assert {
        "usr/lib/edge-runtime/lib/numpy/core.so",
        "usr/lib/edge-runtime/kit/edge_runtime/__init__.py",
        "usr/lib/systemd/system/edge-runtime.service",
        "etc/edge-runtime/edge-runtime.conf",
        "usr/share/doc/edge-runtime/README.Debian",
        "usr/share/man/man1/edge-runtime.1.gz",
    } <= set(entries)
    assert entries["usr/bin/edge-runtime"].linkname == "../lib/edge-runtime/bin/edge-runtime"
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, EPOCH)}
    files = [entry for entry in entries.values() if entry.isfile()]
    assert [entry.name for entry in files if entry.mode & stat.S_IXUSR] == ["./usr/lib/edge-runtime/bin/edge-runtime"]
    assert {entry.mode & 0o777 for entry in files} == {0o755, 0o644}
    assert "Files: usr/lib/edge-runtime/lib/numpy*\nCopyright: © Somebody Else\nLicense: BSD-3-Clause" in copyright
    assert "Redistribution is permitted." in copyright
    assert changelog.startswith("edge-runtime (1.2+py3.11) unstable")
    assert changelog.endswith("Somebody <somebody@example.org>  Tue, 14 Nov 2023 22:13:20 -0000\n")


@needs_dpkg
def test_its_control_files_are_as_dpkg_wants_them(archives: list[Path], tmp_path: Path) -> None:
    package = built(archives, tmp_path / "out")
    control = tmp_path / "control"
    subprocess.run(["dpkg-deb", "--control", package, control], check=True)
    assert {path.name for path in control.iterdir()} == {*deb.SCRIPTS, "conffiles", "md5sums", "control"}
    assert (control / "conffiles").read_text() == "/etc/edge-runtime/edge-runtime.conf\n"
    assert "usr/lib/edge-runtime/bin/edge-runtime\n" in (control / "md5sums").read_text()
    assert "/etc/" not in (control / "md5sums").read_text()
    assert (control / "postinst").stat().st_mode & 0o777 == 0o755
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    assert "Architecture: arm64\n" in fields
    assert "Installed-Size: " in fields


@needs_dpkg
def test_the_same_sources_give_the_same_bytes(archives: list[Path], tmp_path: Path) -> None:
    first, second = built(archives, tmp_path / "1"), built(archives, tmp_path / "2")
    assert first.read_bytes() == second.read_bytes()


def test_it_is_for_one_python_alone() -> None:
    depends = control_file(PACKAGE, 1, "2.27").split("Depends: ")[1].splitlines()[0].split(", ")
    assert depends == [
        "python3 (>= 3.11~)",
        "python3 (<< 3.12~)",
        "libc6 (>= 2.27)",
        "libgcc-s1",
        "libstdc++6",
        "zlib1g",
    ]


def test_what_checks_signatures_is_suggested_or_inside() -> None:
    assert "Suggests: python3-cryptography\n" in control_file(PACKAGE, 1, "2.27")
    assert "cryptography" not in control_file(replace(PACKAGE, target=target("arm64", "3.11", signed=True)), 1, "2.34")
    old = control_file(replace(PACKAGE, target=target("armhf", "3.11", signed=True)), 1, "2.34")
    assert "python3-pil, python3-cryptography\n" in old  # no wheel there, so that apt brings it


def test_32_bit_boards_take_debians_numpy_and_pillow() -> None:
    control = control_file(replace(PACKAGE, target=target("armhf", "3.11")), 1, "2.34")
    assert "Architecture: armhf\n" in control
    assert "python3-numpy, python3-pil\n" in control


def test_a_package_for_a_newer_python_is_the_newer_one() -> None:
    if shutil.which("dpkg") is None:
        pytest.skip("this machine is no Debian")
    newer = ["dpkg", "--compare-versions", "0.1.0+py3.13", "gt", "0.1.0+py3.11"]
    assert subprocess.run(newer).returncode == 0


def test_the_c_library_is_the_one_that_the_most_demanding_wheel_wants(tmp_path: Path) -> None:
    assert glibc(tmp_path) == "2.17"
    for name, tags in (
        ("a", "manylinux_2_27_x86_64\nTag: cp311-cp311-manylinux_2_28_x86_64"),
        ("b", "manylinux2014_x86_64"),
    ):
        wheel = tmp_path / "lib" / f"{name}.dist-info" / "WHEEL"
        wheel.parent.mkdir(parents=True)
        wheel.write_text(f"Tag: cp311-cp311-{tags}\n")
    assert glibc(tmp_path) == "2.27"


@pytest.mark.parametrize("script", deb.SCRIPTS)
def test_maintainer_scripts_are_shell_that_stops_at_the_first_failure(script: str) -> None:
    text = (SOURCES / script).read_text()
    assert text.startswith("#!/bin/sh\nset -e\n")
    assert subprocess.run(["sh", "-n", SOURCES / script]).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--arch", "riscv64"], "riscv64: no interpreter exists"),
        (["--arch", "armhf", "--python", "3.13"], "take Debian 12"),
        (["--arch", "armhf", "--interpreter", "onnx"], "only tflite-runtime"),
    ],
)
@needs_dpkg
def test_what_cannot_be_built_is_told(arguments: list[str], sentence: str) -> None:
    with pytest.raises(DeliveryError, match=sentence):
        deb.run(deb.parse(arguments))


def test_without_dpkg_it_says_where_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeliveryError, match="dpkg-deb is missing; build on Debian"):
        deb.run(deb.parse([]))
