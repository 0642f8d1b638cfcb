"""The heartbeat: a small file that says the judging loop went round, and how old that news is.

Age is measured on the clock that runs since boot, not on the calendar: a board without a battery-backed clock jumps by
years when the network tells it the time, and must not look dead for it.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

from edge_runtime.bundle import fields
from edge_runtime.device.process import lives, started
from edge_runtime.errors import EdgeError, FieldError
from edge_runtime.files import write_atomically

INTERVAL = 2.0  # seconds between two beats
MAX_AGE = 15.0  # seconds after which the loop counts as hung: seven missed beats
NO_TROUBLES: Mapping[str, str] = MappingProxyType({})
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SERVICE = Path("/run/edge-runtime/heartbeat.json")  # of the systemd unit


@dataclass(frozen=True)
class Beat:
    """The content of a heartbeat file.

    Attributes:
        pid: The process that beats.
        boot: Identifies the boot whose clock `at` is read from.
        at: Seconds since boot.
        model: Bundle, version, digest and variant, for people.
        predictions: Frames judged since the start.
        rejections: Frames that could not be judged.
        dropped: Live frames that newer ones replaced, by source.
        started: When the process was started, in ticks since boot; 0 where that is unknown. With it `pid` means one
            process only, although numbers are given out again and mean others in other containers.
        troubles: States of sources that are not live, by source.
    """

    pid: int
    boot: str
    at: float
    model: str
    predictions: int
    rejections: int
    dropped: dict[str, int] = field(default_factory=dict)
    started: int = 0
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """All but its age, for people."""
        troubles = "".join(f"; {source} is {state}" for source, state in self.troubles.items())
        return f"{self.model}; {self.predictions} predictions, {self.rejections} rejected{troubles}"


class Heartbeat:
    """Writes a beat when the last one is `interval` seconds old.

    Args:
        path: The file; best in memory (`/run`), it is rewritten all the time.
        model: What runs.
        interval: Seconds.
        clock: Seconds since boot.
        also: Is told of every beat, in words.

    Attributes:
        model: What runs; may be set when another model takes over.
    """

    def __init__(
        self,
        path: Path,
        model: str,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
        also: Callable[[str], None] | None = None,
    ) -> None:
        self.model = model
        self._path = path
        self._also = also
        self._interval = interval
        self._clock = clock
        self._last: float | None = None
        self._started = started(os.getpid()) or 0

    def beat(
        self,
        predictions: int,
        rejections: int,
        dropped: dict[str, int],
        troubles: Mapping[str, str] = NO_TROUBLES,
    ) -> None:
        """Writes a beat if it is time.

        Raises:
            EdgeError: The file cannot be written.
        """
        now = self._clock()
        if self._last is not None and now - self._last < self._interval:
            return
        self._last = now
        at = round(now, 3)
        pid = os.getpid()
        beat = Beat(pid, boot(), at, self.model, predictions, rejections, dropped, self._started, dict(troubles))
        try:
            write_atomically(self._path, fields.canonical(asdict(beat)))
        except OSError as error:
            raise EdgeError(f"{self._path}: no heartbeat can be written: {error.strerror}; see --heartbeat") from error
        if self._also:
            self._also(beat.words)

    def begin(self) -> None:
        """Makes sure that nobody else beats there.

        Raises:
            EdgeError: Another living process does; the two would hide each other's end.
        """
        try:
            other = read(self._path)
        except EdgeError:
            return
        if other.pid != os.getpid() and age(other, self._clock(), boot()) < MAX_AGE and lives(other.pid, other.started):
            raise EdgeError(f"{self._path}: process {other.pid} beats there; give each 'run' a --heartbeat of its own")

    def end(self) -> None:
        """Removes the file: a program that ended on purpose is not alive."""
        self._path.unlink(missing_ok=True)


def read(path: Path) -> Beat:
    """Returns the last beat.

    Raises:
        EdgeError: There is none, or it is not one.
    """
    try:
        return fields.parse(Beat, fields.decode(path.read_bytes(), str(path)), str(path))
    except FileNotFoundError as error:
        raise EdgeError(f"{path}: no heartbeat; 'run' is not running or beats elsewhere") from error
    except (OSError, FieldError) as error:
        raise EdgeError(f"{path}: not a heartbeat: {error}") from error


def age(beat: Beat, now: float, boot_now: str) -> float:
    """Returns the seconds since `beat`; infinity when it is from before the machine was booted."""
    return now - beat.at if beat.boot == boot_now and now >= beat.at else float("inf")


def boot() -> str:
    """Returns what identifies this boot; the same inside containers, which share the kernel's clock."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else "unknown"


def default_path() -> Path:
    """Returns where the heartbeat goes when nobody says: a place of this user alone, in memory where there is one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path("/tmp") / f"edge-runtime-{os.getuid()}"
    return base / "edge-runtime" / "heartbeat.json"


def likely_path(service: Path = SERVICE) -> Path:
    """Returns where a heartbeat is looked for when nobody says: this user's own, else the service's."""
    own = default_path()
    return service if service.exists() and not own.exists() else own
