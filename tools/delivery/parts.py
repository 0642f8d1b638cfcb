"""The parts that a device gets, each a .tar.gz: packages, kit and bundle. What takes long to make is kept.

Packages are the same when what they are made from is the same, so they are known by that; kit and bundle are known by
their content.
"""

import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.bundle.manifest import SHORT_DIGEST, SIGNATURE
from edge_runtime.bundle.store import Bundle
from edge_runtime.files import file_replaced
from tools.delivery import device_tree
from tools.delivery.errors import DeliveryError
from tools.delivery.target import ROOT, Target, TreeError

EPOCH = 315532800  # 1980, where a zip file's time starts: the same sources give the same wheel


@dataclass(frozen=True)
class Part:
    """Something that is sent whole.

    Attributes:
        kind: packages, kits or bundles.
        digest: Its identity, 64 hexadecimal digits; of a signed bundle with the signature's first twelve behind a -.
        archive: The file.
        unpacked: Bytes that its files have.
    """

    kind: str
    digest: str
    archive: Path
    unpacked: int

    @property
    def size(self) -> int:
        return self.archive.stat().st_size


def cache() -> Path:
    """Returns where packages are kept."""
    # A relative $XDG_CACHE_HOME must be ignored, says the specification.
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if os.path.isabs(home) else Path.home() / ".cache") / "edge-runtime" / "device-packages"


def packages_digest(wanted: Target) -> str:
    """Returns what identifies packages: all that decides what is in them."""
    facts = (wanted.machine, wanted.python, wanted.interpreter, wanted.camera)
    rules = (device_tree.PLATFORMS, device_tree.USELESS)
    return hashlib.sha256(repr((facts, rules)).encode() + wanted.requirements.encode()).hexdigest()


def packages(wanted: Target, say: Callable[[str], None]) -> Part:
    """Makes the interpreter's packages, or finds them as they were made before.

    Raises:
        DeliveryError: pip failed.
    """
    digest = packages_digest(wanted)
    archive = cache() / f"{digest}.tar.gz"
    if not archive.exists():
        machine = f"{wanted.machine.platform}, Python {wanted.python}, {wanted.interpreter}"
        machine += ", cryptography" if wanted.signed else ""
        say(f"making the packages for {machine}; they are kept in {cache()}")
        with tempfile.TemporaryDirectory(prefix="packages-") as scratch:
            try:
                device_tree.install_packages(wanted, Path(scratch))
            except TreeError as error:
                raise DeliveryError(str(error)) from error
            archive.parent.mkdir(parents=True, exist_ok=True)
            write_tar(Path(scratch), archive)
    return Part("packages", digest, archive, unpacked_size(archive))


def kit(scratch: Path) -> Part:
    """Makes the kit of this checkout.

    Raises:
        DeliveryError: It cannot be built.
    """
    tree, archive = scratch / "kit", scratch / "kit.tar.gz"
    try:
        device_tree.install_kit(wheel(scratch), tree)
    except TreeError as error:
        raise DeliveryError(str(error)) from error
    write_tar(tree, archive)
    return Part("kits", content_digest(archive), archive, unpacked_size(archive))


def bundle_part(bundle: Bundle, scratch: Path) -> Part:
    """Makes the bundle's. One that is signed is another part than the same one unsigned: the device must get both."""
    archive = scratch / "bundle.tar.gz"
    write_tar(bundle.directory, archive)
    signature = bundle.file(SIGNATURE)
    signed = f"-{content_digest(signature)[:SHORT_DIGEST]}" if signature.is_file() else ""
    return Part("bundles", f"{bundle.digest}{signed}", archive, unpacked_size(archive))


def wheel(directory: Path) -> Path:
    """Builds the kit's wheel, offline. Raises DeliveryError."""
    command = [sys.executable, "-m", "flit_core.wheel", "--outdir", str(directory), str(ROOT)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    done = subprocess.run(command, check=False, env=environment, cwd=ROOT, capture_output=True, text=True)
    found = list(directory.glob("edge_runtime-*.whl"))
    if done.returncode or not found:
        raise DeliveryError(f"the kit's wheel cannot be built: {done.stderr.strip()}")
    return found[0]


def write_tar(tree: Path, target: Path) -> None:
    """Writes the files below `tree`; the same files give the same bytes."""
    with (
        file_replaced(target) as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            # A fresh TarInfo has owner 0 and time 0: nothing of this machine gets in.
            entry = tarfile.TarInfo(path.relative_to(tree).as_posix())
            entry.size = path.stat().st_size
            entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)


def content_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpacked_size(archive: Path) -> int:
    """Returns the length of the tar inside, which gzip notes in its last four bytes; it counts to 4 GiB."""
    with archive.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")
