"""Sources: one module each, and here what they have in common and how an address becomes one."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.closing import Closing


@dataclass(frozen=True)
class Frame:
    """A picture on its way.

    Attributes:
        source: The picture's path, or the source's address.
        number: Within its source, from 0.
        captured_at: Seconds since 1970 UTC; for a file, when it was picked up.
        picture: A file, or uint8 RGB ``[h, w, 3]``.
    """

    source: str
    number: int
    captured_at: float
    picture: Path | NDArray[np.uint8]


class Source(Closing, Protocol):
    """Something that yields frames.

    Attributes:
        address: How the user named it, without credentials.
        live: True where an old frame is worth less than a new one (a camera): only the newest is kept for judging.
            False where every frame counts (files): the source waits instead.
    """

    address: str
    live: bool

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Yields frames until there are no more or `stop` is set, within a second of that.

        Raises:
            SourceError: The source has failed.
        """
