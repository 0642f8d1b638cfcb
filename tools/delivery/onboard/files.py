"""Files on the device: what is received appears whole, what is switched is switched in one step."""

import hashlib
import shutil
import tarfile
from pathlib import Path
from typing import IO, Any, BinaryIO


class Measured:
    """The next `size` bytes of a stream, with their sha256."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        self.sha256.update(data)
        return data

    def drain(self) -> None:
        """Reads the rest, so that the next request can be read."""
        while self._left and self.read(1 << 20):
            pass


def unpack(stream: Any, place: Path) -> None:
    """Unpacks a .tar.gz of directories and plain files into `place`, which was empty or not there.

    Raises:
        tarfile.TarError: Anything else is in it, or a path that leaves `place`.
        OSError: The disk is full.
    """
    with tarfile.open(fileobj=stream, mode="r|gz") as tar:
        for entry in tar:
            path = place / entry.name
            if entry.name.startswith("/") or ".." in path.parts:
                raise tarfile.TarError(f"{entry.name} leads outside")
            content: IO[bytes] | None = tar.extractfile(entry) if entry.isreg() else None
            if content is None and not entry.isdir():
                raise tarfile.TarError(f"{entry.name} is neither a file nor a directory")
            (path.parent if content else path).mkdir(parents=True, exist_ok=True)
            if content:
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                path.chmod(0o755 if entry.mode & 0o100 else 0o644)


def text_of(path: Path) -> str:
    """Returns a file's text, or nothing where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def write(path: Path, text: str) -> None:
    """Writes a file in one step; makes the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.partial")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def link(path: Path, target: Path) -> None:
    """Makes or switches a link in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.partial")
    remove(fresh)
    fresh.symlink_to(target)
    fresh.replace(path)


def remove(path: Path) -> None:
    """Removes whatever is there, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
