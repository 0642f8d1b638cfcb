"""A bounded directory of captures: the oldest go when new ones come, but nothing that a person has labelled."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime.captures.capture import Capture, Facts, NoSuchCapture, checked_id, checked_label, number_of
from edge_runtime.captures.store import Entry, Store
from edge_runtime.errors import FieldError, SinkError


@dataclass(frozen=True)
class Limits:
    """How much a ring holds, labelled captures included.

    Attributes:
        count: Captures.
        size: Bytes of their pictures and JSON files.
    """

    count: int = 1000
    size: int = 256 * 2**20

    def __post_init__(self) -> None:
        for name in ("count", "size"):
            if getattr(self, name) < 1:
                raise FieldError(f"{name}: 1 or more expected, {getattr(self, name)} found")


class Ring:
    """The captures in a directory. May be called from any thread, and while other processes use the directory.

    Captures leave in the order in which they came, which is counted: a clock that steps changes nothing. Those that a
    person has labelled stay until they are exported or removed; when nothing else is left, nothing new is kept.

    Args:
        directory: Made by `prepare`, or when something is first kept.
        limits: What `add` keeps to; an older ring that holds more shrinks then.
    """

    def __init__(self, directory: Path, limits: Limits = Limits()) -> None:
        self.directory = directory
        self._limits = limits
        self._store = Store(directory)

    def prepare(self) -> None:
        """Makes the directory, and removes what a killed process has left there. Raises SinkError."""
        with self._store.writing():
            pass

    def add(self, content: bytes, suffix: str, facts: Facts) -> Capture | None:
        """Keeps a frame and lets the oldest go; returns None for a picture that is there already.

        Args:
            content: The picture's file.
            suffix: Of its name, one of `MEDIA_TYPES`.
            facts: What is known of it.

        Raises:
            SinkError: The disk is full or not writable, or the ring is full of what must not go.
        """
        digest = hashlib.sha256(content).hexdigest()[:12]
        with self._store.writing():
            entries = self._store.entries()
            if any(entry.id.endswith(digest) for entry in entries):
                return None
            id = f"{max((number_of(entry.id) for entry in entries), default=0) + 1:08}-{digest}"
            capture = Capture(id, f"{id}{suffix}", len(content), facts)
            for leaving in self._leaving(entries, len(content) + len(capture.to_bytes())):
                self._store.remove(leaving)
            self._store.write(capture, content)
            return capture

    def list(self, limit: int | None = None) -> Sequence[Capture]:
        """Returns the captures, the newest first, at most `limit` of them. Raises SinkError: they cannot be read."""
        with self._store.reading():
            captures = [entry.capture for entry in self._store.entries() if entry.capture]
        return captures[::-1][:limit]

    def get(self, id: str) -> Capture:
        """Returns one capture. Raises NoSuchCapture."""
        checked_id(id)
        with self._store.reading():
            found = self._store.find(id)
        if found is None:
            raise NoSuchCapture(f"{self.directory}: no capture '{id}' (any more)")
        return found

    def picture(self, id: str) -> bytes:
        """Returns the content of a capture's picture. Raises NoSuchCapture."""
        capture = self.get(id)
        with self._store.reading():
            try:
                return self._store.picture(capture)
            except FileNotFoundError as error:  # it has had to go since
                raise NoSuchCapture(f"{self.directory}: no capture '{id}' any more") from error

    def give_label(self, id: str, label: str | None) -> Capture:
        """Notes what a person says that a frame shows, or takes that back with None; returns the capture as it is now.

        Raises:
            NoSuchCapture: There is none of this id (any more).
            UsageError: No dataset could have this label.
            SinkError: It cannot be written.
        """
        if label is not None:
            checked_label(label)
        with self._store.writing():
            labelled = replace(self.get(id), given=label, exported=False)
            self._store.write(labelled)
            return labelled

    def note_exported(self, exported: Collection[Capture]) -> None:
        """Notes that labelled captures were exported as they are: they may go when room is needed. Raises SinkError."""
        with self._store.writing():
            present = {entry.id: entry.capture for entry in self._store.entries()}
            for capture in exported:
                if capture.is_wanted and present.get(capture.id) == capture:  # else it was labelled anew since
                    self._store.write(replace(capture, exported=True))

    def remove(self, id: str) -> None:
        """Removes a capture, labelled or not.

        Raises:
            NoSuchCapture: There is none of this id (any more).
            SinkError: It cannot be removed.
        """
        with self._store.writing():
            self._store.remove(self.get(id))

    def _leaving(self, entries: Sequence[Entry], needed: int) -> Sequence[Capture]:
        """Returns which captures make room for one of `needed` bytes. Raises SinkError: there is none to be made."""
        count, size = len(entries), sum(entry.size for entry in entries)
        leaving = []
        for entry in entries:
            if count < self._limits.count and size + needed <= self._limits.size:
                break
            if entry.capture and entry.may_go:
                leaving.append(entry.capture)
                count -= 1
                size -= entry.size
        if count < self._limits.count and size + needed <= self._limits.size:
            return leaving
        where = (
            f"captures:{self.directory}: {self._limits.count:,} captures and {self._limits.size:,} bytes are allowed"
        )
        if needed > self._limits.size:
            raise SinkError(f"{where}, a frame of {needed:,} bytes came; allow more")
        raise SinkError(
            f"{where}, {count:,} of {size:,} bytes are labelled and not exported: "
            "export or remove some ('edge-runtime captures'), or allow more"
        )
