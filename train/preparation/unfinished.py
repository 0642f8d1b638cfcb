"""A prepared dataset while it is being written: it grows picture by picture, and outlives the process that began it.

It stands beside the place where it will be, hidden, and knows after every `EVERY` pictures how far it is. Whoever asks
for the same dataset later goes on from there. What it holds in memory does not depend on how many pictures there are.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.errors import DatasetError, FieldError
from edge_runtime.files import directory_replaced, write_atomically
from edge_runtime.stages.prepared import SAMPLE_COLUMNS, SPLITS, SplitName, check_target, samples_file
from train.datasets.dataset import Sample
from train.preparation.decoding import Decoded
from train.preparation.rows import LEFT_OUT, LeftOut, line, npy_header, read_left_out

PROGRESS = "progress.json"
EVERY = 512  # pictures between two records of how far it is; a record and its three fsyncs take 10 ms on a slow disk
LABEL = np.dtype(np.int64)


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Attributes:
        key: What it will be: an unfinished one of something else is begun anew.
        read: Pictures of each split that were looked at.
        kept: Pictures of each split that are in it.
        grey: Whether all of them are grey so far.
        sizes: Bytes of each file that count; what a killed process wrote after them is cut off.
    """

    key: str
    read: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    kept: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    grey: bool = True
    sizes: dict[str, int] = field(default_factory=dict)


class Unfinished:
    """The directory in which a dataset grows. `unfinished` opens it.

    Args:
        directory: Where it is.
        progress: How far it is.
        size: Height and width of every picture.
        slices: The columns that every sample has beside name, width and height.
    """

    def __init__(self, directory: Path, progress: Progress, size: tuple[int, int], slices: tuple[str, ...]) -> None:
        self.directory = directory
        self._progress = progress
        self._shape = (*size, 3)
        self._slices = slices

    @property
    def resumed(self) -> int:
        """Pictures that an earlier process has looked at and this one need not."""
        return sum(self._progress.read.values())

    @property
    def grey(self) -> bool:
        return self._progress.grey

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._progress.kept)

    def read(self, split: SplitName) -> int:
        """Returns how many pictures of a split have been looked at."""
        return self._progress.read[split]

    @contextlib.contextmanager
    def growing(self, split: SplitName) -> Iterator[Callable[[Sample, Decoded], None]]:
        """Gives a function that takes each sample of a split in order and what was decoded of it.

        What it took whole by the end of the block, or by an error in it, is kept.

        Raises:
            OSError: The disk refused, as a full one does; what was recorded last is kept.
        """
        names = (f"{split}_pixels.npy", f"{split}_labels.npy", samples_file(split), LEFT_OUT)
        with contextlib.ExitStack() as stack:
            # Unbuffered: a full disk then fails here, where it is told, and not again in every close.
            files = {name: stack.enter_context((self.directory / name).open("ab", buffering=0)) for name in names}
            pixels, labels, samples, left_out = files.values()
            if not pixels.tell():
                _write(pixels, npy_header(0, self._shape, np.dtype(np.uint8)))
                _write(labels, npy_header(0, (), LABEL))
                _write(samples, line((*SAMPLE_COLUMNS, *self._slices)))

            def count(read: int, kept: int, grey: bool) -> None:
                old = self._progress
                sizes = old.sizes | {name: file.tell() for name, file in files.items()}
                # In one assignment: Ctrl-C between two would leave more bytes than pictures.
                self._progress = Progress(old.key, old.read | {split: read}, old.kept | {split: kept}, grey, sizes)

            def keep() -> None:
                for file in files.values():
                    os.fsync(file.fileno())
                write_atomically(self.directory / PROGRESS, fields.canonical(self._progress))

            def take(sample: Sample, decoded: Decoded) -> None:
                read, kept, grey = self._progress.read[split] + 1, self._progress.kept[split], self._progress.grey
                if decoded.pixels is None:
                    _write(left_out, line((split, sample.label, sample.name, decoded.reason)))
                else:
                    grey = grey and bool((decoded.pixels == decoded.pixels[..., :1]).all())
                    known = (sample.slices.get(name, "") for name in self._slices)
                    _write(samples, line((sample.name, *decoded.size, decoded.kind, *known)))
                    _write(labels, np.asarray(sample.label, LABEL).tobytes())
                    _write(pixels, decoded.pixels.tobytes())
                    kept += 1
                count(read, kept, grey)
                if read % EVERY == 0:
                    keep()

            count(self._progress.read[split], self._progress.kept[split], self._progress.grey)
            try:
                yield take
            except OSError:
                raise  # the disk is full: what was recorded last stays
            except BaseException:
                keep()  # Ctrl-C
                raise
            keep()

    def left_out(self) -> tuple[LeftOut, ...]:
        """Returns the pictures that are not in it."""
        return read_left_out(self.directory)

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """Returns the label indices of a split that has grown."""
        start = len(npy_header(0, (), LABEL))
        return np.fromfile(self.directory / f"{split}_labels.npy", LABEL, offset=start)

    def complete(self) -> None:
        """Puts the numbers of pictures into the arrays' headers, which no one could know before."""
        for split in SPLITS:
            kept = self._progress.kept[split]
            shapes = (("pixels", self._shape, np.dtype(np.uint8)), ("labels", (), LABEL))
            for what, shape, dtype in shapes:
                with (self.directory / f"{split}_{what}.npy").open("r+b") as file:
                    file.write(npy_header(kept, shape, dtype))

    def move(self, target: Path) -> None:
        """Moves all that is here to `target`, in one step and in place of what was there.

        Raises:
            OSError: The disk refused.
        """
        with directory_replaced(target) as fresh:
            for path in self.directory.iterdir():
                if path.name != PROGRESS:
                    path.rename(fresh / path.name)


@contextlib.contextmanager
def unfinished(target: Path, key: str, size: tuple[int, int], slices: tuple[str, ...]) -> Iterator[Unfinished]:
    """Opens the unfinished dataset for `target`: what an earlier process left, if it has the same `key`.

    Raises:
        DatasetError: Another process is at it, or `target` is something else than a prepared dataset.
        OSError: The disk refused; what was recorded last is kept.
    """
    check_target(target)
    directory = place(target)
    directory.mkdir(parents=True, exist_ok=True)
    held = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however it ends
        except BlockingIOError as error:
            raise DatasetError(
                f"{target}: another process is preparing it; wait for it or choose another place"
            ) from error
        progress = _progress(directory, key)
        if progress is None:
            for path in directory.iterdir():
                path.unlink()
            progress = Progress(key)
        try:
            yield Unfinished(directory, progress, size, slices)
        except DatasetError:
            shutil.rmtree(directory)  # the pictures will not do: others will be another dataset
            raise
        except OSError:
            if not (directory / PROGRESS).exists():
                shutil.rmtree(directory)  # nothing in it counts
            raise
        shutil.rmtree(directory)
    finally:
        os.close(held)


def place(target: Path) -> Path:
    """Returns where the unfinished dataset for `target` is."""
    target = Path(os.path.realpath(target))
    return target.parent / f".{target.name}.unfinished"


def _progress(directory: Path, key: str) -> Progress | None:
    """Returns how far an earlier process came, its files cut to what counts; None where that is of no use."""
    path = directory / PROGRESS
    try:
        found = fields.parse(Progress, fields.decode(path.read_bytes(), str(path)), str(path))
    except (OSError, FieldError):
        return None
    if found.key != key:
        return None
    for file in directory.iterdir():
        if file.name not in (PROGRESS, *found.sizes):
            file.unlink()  # begun after the last record
    for name, size in found.sizes.items():
        file = directory / name
        if not file.is_file() or file.stat().st_size < size:
            return None
        os.truncate(file, size)
    return found


def _write(file: IO[bytes], content: bytes) -> None:
    """Writes all of it: an unbuffered file may take a part."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]
