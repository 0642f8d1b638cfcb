"""What the rest of the kit lends to the page. Values and protocols only: nothing here is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.classifier import Identity
from edge_runtime.result import Prediction

Judge = Callable[[bytes | NDArray[np.uint8]], Prediction]
"""Judges an encoded picture or uint8 RGB ``[h, w, 3]``; its prediction names every label. Called by one thread at a
time. Raises PictureError for what is no picture."""


@dataclass(frozen=True)
class Model:
    """The model that judges now.

    Attributes:
        identity: Which one.
        labels: In the order of its scores.
        size: Height and width of what it sees.
    """

    identity: Identity
    labels: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True)
class Facts:
    """What is known of the device at this moment; None for what it does not tell.

    Attributes:
        machine: Operating system and architecture.
        cpus: That this process may use.
        memory: Bytes that this process may use.
        resident: Bytes that this process holds.
        uptime: Seconds since this process was started.
        temperature: Of the processor, in °C.
        throttled: What holds the processor back, for people, as in ``too hot``; empty if nothing does.
    """

    machine: str = ""
    cpus: int | None = None
    memory: int | None = None
    resident: int | None = None
    uptime: float | None = None
    temperature: float | None = None
    throttled: str | None = None


class Capture(Protocol):
    """A picture that was kept for training."""

    @property
    def id(self) -> str:
        """Names it: letters, digits, ``.``, ``_`` and ``-``, first a letter or digit."""

    @property
    def source(self) -> str: ...

    @property
    def captured_at(self) -> float:
        """Seconds since 1970 UTC."""

    @property
    def label(self) -> str:
        """What the model said."""

    @property
    def score(self) -> float: ...

    @property
    def reason(self) -> str:
        """Why it was kept."""

    @property
    def given(self) -> str | None:
        """The label that a person gave; None before that."""


class Captures(Protocol):
    """Pictures that were kept, as `captures.ring.Ring` keeps them. Several threads may call any of it at once.

    For an id that is not there (any more) NoSuchCapture is raised, for a disk that is full SinkError.
    """

    def list(self, limit: int | None = None) -> Sequence[Capture]:
        """Returns the newest, newest first; None: all."""

    def picture(self, id: str) -> bytes:
        """Returns the encoded picture."""

    def give_label(self, id: str, label: str | None) -> object:
        """Notes what a person says it shows; None takes that back."""

    def remove(self, id: str) -> None: ...


def no_facts() -> Facts:
    return Facts()


def no_trouble() -> str:
    return ""
