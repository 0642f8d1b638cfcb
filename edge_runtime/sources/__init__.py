"""Sources: one module each, and here what they have in common and how an address becomes one."""

import threading
import time
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.closing import Closing
from edge_runtime.frozen import dataclass

Picture = Path | bytes | NDArray[np.uint8]
"""A file, a file's content, or uint8 RGB ``[h, w, 3]``."""

State = Literal["live", "stale", "frozen", "black", "lost"]
"""live: gives frames. stale: gave none for a while, or only old ones. frozen: gives the same frame again and again.
black: gives frames that show nothing. lost: cannot be reached, and is tried again."""


@dataclass(frozen=True)
class Frame:
    """A picture on its way.

    Attributes:
        source: The source's address.
        number: Within its source, from 0.
        captured_at: Seconds since 1970 UTC; for a file, when it was picked up.
        picture: What is to be judged.
        taken: The same moment in seconds of the clock that is never set, for its age.
        played: Seconds from the beginning of a video that is played; None for all else.
    """

    source: str
    number: int
    captured_at: float
    picture: Picture
    taken: float = field(default_factory=time.monotonic)
    played: float | None = None

    @property
    def path(self) -> str | None:
        """The file it is; None for what was never one."""
        return str(self.picture) if isinstance(self.picture, Path) else None


@dataclass(frozen=True)
class Notice:
    """What a source says of itself between frames; nothing said means live.

    Attributes:
        state: What it is from now on, until the next notice; ``live`` follows by itself with the next frame.
        reason: For people; empty where the state says all.
    """

    state: State
    reason: str = ""


class Source(Closing, Protocol):
    """Something that yields frames.

    Attributes:
        address: How the user named it, without credentials; results carry it.
        live: True where an old frame is worth less than a new one (a camera): only the newest is kept for judging.
            False where every frame counts (files): the source waits instead.
    """

    address: str
    live: bool

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        """Yields frames until there are no more or `stop` is set, within a second of that.

        Raises:
            SourceError: The source has failed for good.
        """
