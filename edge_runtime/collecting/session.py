"""One capture: frames and keys come in, pictures go out. Starts no thread and waits for nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from edge_runtime.captures.picture import Form, cut_out, encoded
from edge_runtime.collecting.folder import LabelFolders
from edge_runtime.collecting.keyboard import END
from edge_runtime.collecting.look import Look, Reason
from edge_runtime.collecting.rhythm import Rhythm
from edge_runtime.errors import PictureError
from edge_runtime.preprocess import WHOLE, Region
from edge_runtime.sources import Frame

KEEP, QUIT, UNDO = (" ", "\r", "\n"), ("q", END), ("u", "\x7f", "\b")
MOST = 9  # labels that keys choose among
TROUBLES: tuple[Reason, ...] = ("black", "frozen", "stale")

Tell = Callable[[str], None]


class Session:
    """Decides what becomes of each frame.

    Without a rhythm the space bar keeps the next frame; with one it pauses and goes on. Where keys choose among several
    labels, a rhythm begins with the first choice. Frames of a camera are let go meanwhile, all others wait.

    Args:
        folders: Where pictures go.
        labels: What they may show, by number of their key.
        look: Tells which frames are worth nothing.
        rhythm: When one is due; None: when a key was pressed.
        count: How many pictures are wanted; None: as many as there are.
        form: How pictures are kept that are no files yet.
        region: What of them is kept.
        tell: Told each picture that was kept, and what a person must know.
        told: Told where each picture that was kept lies.

    Attributes:
        kept: How many pictures, by label.
        skipped: How many frames that were due, or asked for, were not kept, by reason.
        ended: Whether a key said so, or all that was wanted is there.
    """

    def __init__(
        self,
        folders: LabelFolders,
        labels: Sequence[str],
        look: Look,
        rhythm: Rhythm | None,
        *,
        count: int | None = None,
        form: Form = "auto",
        region: Region = WHOLE,
        tell: Tell = lambda text: None,
        told: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self.kept: Counter[str] = Counter()
        self.skipped: Counter[Reason] = Counter()
        self.ended = False
        self._folders = folders
        self._labels = labels
        self._look = look
        self._rhythm = rhythm
        self._count = count
        self._form = form
        self._region = region
        self._tell = tell
        self._told = told
        self._label = labels[0]
        self._paused = rhythm is not None and len(labels) > 1
        self._asked: list[str] = []  # a label for each press of the space bar that has no frame yet
        self._last: list[tuple[str, Path]] = []
        self._trouble: str | None = None

    @property
    def keys(self) -> str:
        """What the keys do, for people."""
        keep = "space keeps a frame" if self._rhythm is None else "space pauses and goes on"
        choose = [f"{number} {label}" for number, label in enumerate(self._labels, 1)]
        chosen = [f"{', '.join(choose)}: the label"] if len(choose) > 1 else []
        return "; ".join([keep, *chosen, "u takes the last picture back", "q ends"])

    @property
    def line(self) -> str:
        """How it stands, in a line."""
        parts = [f"{label} {self.kept[label]:,}" for label in self._labels]
        skipped = f"; not kept: {words(self.skipped)}" if self.skipped else ""
        paused = "; paused" if self._paused else ""
        return f"{', '.join(parts)}{skipped}{paused}"

    @property
    def waits(self) -> bool:
        """Whether no frame is to be given now: it is paused, and none of this source's is lost by waiting."""
        return self._paused and not self._look.live

    def press(self, key: str) -> None:
        """Does what a key says. Raises SinkError."""
        if key in QUIT:
            self.ended = True
        elif key in UNDO:
            self._undo()
        elif key in KEEP and self._rhythm is None:
            self._asked.append(self._label)
        elif key in KEEP:
            self._paused = not self._paused
            self._tell("paused" if self._paused else f"goes on: {self._label}")
        elif key in "123456789"[: len(self._labels)] and len(self._labels) > 1:
            self._label, self._paused = self._labels[int(key) - 1], False
            self._tell(f"now: {self._label}")
        elif key.isprintable():
            self._tell(f"no such key: {key}; {self.keys}")

    def take(self, frame: Frame) -> None:
        """Keeps a frame or lets it go. Raises SinkError."""
        label = self._wanted(frame)
        if label is None:
            self._note(self._look.glance(frame))
            return
        reason = self._look.why_not(frame, label)
        if self._look.live:
            self._note("live" if reason == "alike" else reason or "live")
        reason = reason or self._keep(frame, label)
        if reason:
            self.skipped[reason] += 1
            if reason == "unreadable" and frame.path:
                self._tell(f"{frame.path}: cannot be read")
            elif self._rhythm is None:
                self._tell(f"not kept: {reason}")

    def _wanted(self, frame: Frame) -> str | None:
        if self._rhythm is None:
            return self._asked.pop(0) if self._asked else None
        return self._label if not self._paused and self._rhythm.is_due(frame) else None

    def _keep(self, frame: Frame, label: str) -> Reason | None:
        try:
            if self._region == WHOLE:
                content, suffix = encoded(frame.picture, self._form)
            else:
                content, suffix = cut_out(frame.picture, self._region, form=self._form)
        except (PictureError, OSError):  # the file has gone since it was looked at
            return "unreadable"
        path = self._folders.add(label, frame, content, suffix)
        if path is None:
            return "there already"
        self._look.note_kept(label)
        self._last.append((label, path))
        self.kept[label] += 1
        self._told(path)
        if self._rhythm is None:
            self._tell(f"{label} {self.kept[label]:,}: {path.name}")
        self.ended = self.ended or self.kept.total() == self._count
        return None

    def _note(self, reason: Reason | Literal["live"] | None) -> None:
        """Tells once what is wrong with a camera, and that it is well again."""
        if reason in TROUBLES and reason != self._trouble:
            self._trouble = reason
            self._tell(f"nothing is kept while the camera is {reason}")
        elif reason == "live" and self._trouble:
            self._trouble = None
            self._tell("the camera is live again")

    def _undo(self) -> None:
        if not self._last:
            self._tell("nothing to take back")
            return
        label, path = self._last.pop()
        self._folders.remove(path)
        self._look.note_taken_back(label)
        self.kept[label] -= 1
        self._tell(f"taken back: {path.name}; {label} {self.kept[label]:,}")


def words(skipped: Counter[Reason]) -> str:
    """Returns counts for people, the largest first: ``12 black, 3 alike``."""
    return ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common())
