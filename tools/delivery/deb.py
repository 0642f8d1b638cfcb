"""Builds the Debian package of the edge runtime, without root, for any machine without emulation: what `make deb` runs.

    python -m tools.delivery.deb --arch arm64 --python 3.11 --out dist

The package holds one interpreter and the kit in /usr/lib/edge-runtime, for one version of Python, and the service. The
same sources give the same bytes.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from edge_runtime import __version__
from edge_runtime.console import guard
from tools.delivery import licences, parts
from tools.delivery.errors import DeliveryError
from tools.delivery.target import INTERPRETERS, ROOT, Target, TreeError, target

NAME = "edge-runtime"
SOURCES = ROOT / "docker" / "debian"
SYSTEMD = ROOT / "docker" / "systemd"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
MAINTAINER = "Edge runtime maintainers <edge-runtime@localhost>"
SUMMARY = "image classifier for small devices"
DESCRIPTION = """Classifies pictures on the CPU with a bundle: a trained model that was proved
 on the device's own code. A service watches a directory or another source and
 writes a JSON line for every picture into the journal.
 .
 This package brings {interpreter}, for Python {python}."""


@dataclass(frozen=True)
class Package:
    """What a package is made for.

    Attributes:
        target: Machine, Python and interpreter.
        version: Debian's; it names the Python, so that a newer Debian's package is the newer one.
        maintainer: Name and address.
        epoch: Seconds since 1970 that all its files carry.
    """

    target: Target
    version: str
    maintainer: str
    epoch: int

    @property
    def file_name(self) -> str:
        return f"{NAME}_{self.version}_{self.target.machine.debian}.deb"


def main() -> int:
    return guard("deb", lambda: run(parse()))


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("deb", description="Build the Debian package of the edge runtime.")
    parser.add_argument("--arch", default="arm64", metavar="NAME", help="arm64, amd64 or armhf (default: %(default)s)")
    parser.add_argument("--python", default="3.11", metavar="X.Y", help="3.11 for Debian 12, 3.13 for Debian 13")
    parser.add_argument("--interpreter", choices=INTERPRETERS, default="auto", help="(default: %(default)s)")
    parser.add_argument("--camera", action="store_true", help="with OpenCV, for cameras and RTSP")
    parser.add_argument(
        "--signed", action="store_true", help="with what checks signatures, for bundles that are signed"
    )
    parser.add_argument("--version", default=__version__, metavar="TEXT", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="(default: dist)")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace) -> int:
    """Builds what the command line asks for.

    Raises:
        DeliveryError: A tool is missing, or no interpreter exists for it.
    """
    started = time.monotonic()
    if not shutil.which("dpkg-deb"):
        raise DeliveryError("dpkg-deb is missing; build on Debian, Ubuntu or Raspberry Pi OS, or: apt install dpkg")
    try:
        wanted = target(arguments.arch, arguments.python, arguments.interpreter, arguments.camera, arguments.signed)
    except TreeError as error:
        raise DeliveryError(str(error)) from error
    name, address = os.environ.get("DEBFULLNAME"), os.environ.get("DEBEMAIL")
    maintainer = f"{name} <{address}>" if name and address else MAINTAINER
    package = Package(wanted, f"{arguments.version}+py{wanted.python}", maintainer, epoch())
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deb-") as scratch:
        made = [parts.packages(wanted, say), parts.kit(Path(scratch))]
        built = build(package, [part.archive for part in made], Path(scratch), arguments.out)
    say(f"{built}: {built.stat().st_size / 1e6:.1f} MB in {time.monotonic() - started:.0f} s")
    return 0


def build(package: Package, archives: list[Path], scratch: Path, out: Path) -> Path:
    """Puts the package together of the device tree's parts and returns its file.

    Raises:
        DeliveryError: dpkg-deb failed; it has said why.
    """
    root = scratch / "root"
    tree = root / "usr/lib" / NAME
    tree.mkdir(parents=True)
    for archive in archives:
        with tarfile.open(archive) as tar:
            tar.extractall(tree)  # of our own making
    install(SYSTEMD / "edge-runtime.service", root / "usr/lib/systemd/system/edge-runtime.service")
    install(SYSTEMD / "edge-runtime.conf", root / "etc" / NAME / "edge-runtime.conf")
    install(SOURCES / "lintian-overrides", root / "usr/share/lintian/overrides" / NAME)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/edge-runtime").symlink_to("../lib/edge-runtime/bin/edge-runtime")
    documents = root / "usr/share/doc" / NAME
    install(SOURCES / "README.Debian", documents / "README.Debian")
    (documents / "copyright").write_text(licences.copyright_file(tree), encoding="utf-8")
    (documents / "changelog.gz").write_bytes(compressed(changelog(package).encode()))
    manual = root / "usr/share/man/man1/edge-runtime.1.gz"
    manual.parent.mkdir(parents=True)
    manual.write_bytes(compressed((SOURCES / "edge-runtime.1").read_bytes()))

    size = -(-sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink()) // 1024)
    sums = md5sums(root)
    control = root / "DEBIAN"
    for script in SCRIPTS:
        install(SOURCES / script, control / script, 0o755)
    (control / "conffiles").write_text(f"/etc/{NAME}/edge-runtime.conf\n")
    (control / "md5sums").write_text(sums)
    (control / "control").write_text(control_file(package, size, glibc(tree)), encoding="utf-8")
    same_for_everybody(root, package.epoch)

    built = out / package.file_name
    partial = built.with_suffix(".partial")
    # Level 2: 24.5 MB in 12 s; level 6 makes 22.0 MB in 40 s.
    command = ["dpkg-deb", "--build", "--root-owner-group", "-Zxz", "-z2", str(root), str(partial)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(package.epoch)}
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise DeliveryError(f"dpkg-deb failed: {done.stderr.strip()}")
    partial.replace(built)
    return built


def control_file(package: Package, kibibytes: int, libc: str) -> str:
    """Returns the fields that apt and dpkg read."""
    wanted = package.target
    major, minor = wanted.python.split(".")
    # The upper bound: the wheels' modules are for one Python. zlib: all else that they take from the system.
    depends = [
        f"python3 (>= {wanted.python}~)",
        f"python3 (<< {major}.{int(minor) + 1}~)",
        f"libc6 (>= {libc})",
        "libgcc-s1",
        "libstdc++6",
        "zlib1g",
        *wanted.from_debian.values(),
    ]
    # Not Recommends: where there is no network, apt would then install nothing at all.
    suggests = {} if wanted.signed else {"Suggests": "python3-cryptography"}
    fields = {
        "Package": NAME,
        "Version": package.version,
        "Architecture": wanted.machine.debian,
        "Maintainer": package.maintainer,
        "Installed-Size": str(kibibytes),
        "Depends": ", ".join(depends),
        **suggests,
        "Section": "science",
        "Priority": "optional",
        "Description": f"{SUMMARY}\n {DESCRIPTION.format(interpreter=wanted.interpreter, python=wanted.python)}",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def changelog(package: Package) -> str:
    return (
        f"{NAME} ({package.version}) unstable; urgency=medium\n\n"
        f"  * Built from the kit's version {package.version.partition('+')[0]}; its CHANGELOG.md says what is new.\n\n"
        f" -- {package.maintainer}  {formatdate(package.epoch)}\n"
    )


def glibc(tree: Path) -> str:
    """Returns the oldest C library that every wheel runs on, by the tags it was published with."""
    minors = [17]  # manylinux2014's
    for wheel in tree.glob("lib/*.dist-info/WHEEL"):
        of_one = [
            int(tag.split("_")[2]) for tag in wheel.read_text("utf-8").split("-") if tag.startswith("manylinux_2_")
        ]
        minors += [min(of_one)] if of_one else []
    return f"2.{max(minors)}"


def epoch() -> int:
    """Returns the time that the package's files carry: $SOURCE_DATE_EPOCH, else that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        said = subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
    except OSError:
        said = ""
    return int(said) if said.isdigit() else parts.EPOCH


def install(source: Path, place: Path, mode: int = 0o644) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def compressed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def md5sums(root: Path) -> str:
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    kept = [path for path in files if not path.is_relative_to(root / "etc")]  # dpkg watches over these itself
    return "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n"
        for path in kept
    )


def same_for_everybody(root: Path, epoch: int) -> None:
    """Gives every file the same time, and a mode that depends neither on the builder's umask nor on the wheels."""
    programs = [root / "DEBIAN" / script for script in SCRIPTS] + [root / "usr/lib" / NAME / "bin/edge-runtime"]
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def say(sentence: str) -> None:
    print(f"deb: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
