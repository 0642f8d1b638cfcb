"""What a benchmark measures and finds, as values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

STEPS = ("decode", "resize", "interpreter", "total")


@dataclass(frozen=True)
class Case:
    """One thing that is measured.

    Attributes:
        bundle: The bundle's directory.
        title: Its name, version and digest.
        variant: A variant's name.
        package: The interpreter, as pip calls it.
        threads: Of the interpreter.
        mark: What its bundle is called on a line where another one's is told as well; nothing where there is one.
        digest: The bundle's, as it was opened and its signature checked; empty: whatever lies there is measured.
    """

    bundle: str
    title: str
    variant: str
    package: str
    threads: int
    mark: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """What it is called on a line of its own."""
        return f"{self.marked}, {self.package}, {self.threads} thread{'s' * (self.threads > 1)}"

    @property
    def marked(self) -> str:
        """The variant, behind the bundle's mark."""
        return f"{self.mark} {self.variant}".lstrip()


@dataclass(frozen=True)
class Spread:
    """Percentiles in seconds, by the nearest-rank method: each is a value that was met."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True)
class Start:
    """What came of starting a case.

    Attributes:
        runtime: Interpreter and version.
        load: Seconds for importing the interpreter and loading the variant.
        first: Seconds from the first file to its labels.
        rss: Bytes of memory that the process held after it.
    """

    runtime: str
    load: float
    first: float
    rss: int


@dataclass(frozen=True)
class Turn:
    """One turn of a case: single stream, one file after the other.

    Attributes:
        decode: Seconds for each file: read, decode, turn upright.
        resize: Seconds for each.
        interpreter: Seconds for each.
        total: Seconds for each, from the file to the best labels.
    """

    decode: tuple[float, ...] = ()
    resize: tuple[float, ...] = ()
    interpreter: tuple[float, ...] = ()
    total: tuple[float, ...] = ()


@dataclass
class Taken:
    """What has been gathered of one case so far.

    Attributes:
        case: What is measured.
        start: What starting it took; None while it has not started.
        times: Seconds of every query by step.
        seconds: For which it was measured.
        throughput: Pictures a second through the pipeline; None while that was not measured.
        rss: Bytes held at the end.
        joules: Energy of the processor's package for each picture, whatever else ran; None where nobody tells.
        temperature: Highest of the processor, °C; None where nobody tells.
        throttled: What held the processor back, for people.
        failure: Why it could not be measured.
    """

    case: Case
    start: Start | None = None
    times: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    seconds: float = 0.0
    throughput: float | None = None
    rss: int = 0
    joules: float | None = None
    temperature: float | None = None
    throttled: str = ""
    failure: str = ""

    @property
    def queries(self) -> int:
        return len(self.times["total"])

    def add(self, turn: Turn) -> None:
        for step in STEPS:
            self.times[step].extend(getattr(turn, step))
        self.seconds += sum(turn.total)

    def spread(self, step: str) -> Spread:
        return spread(self.times[step])


def spread(values: Sequence[float]) -> Spread:
    """Returns percentiles of at least one value, by the nearest-rank method."""
    ordered = sorted(values)
    p50, p90, p99 = (ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.9, 0.99))
    return Spread(p50, p90, p99)


def enough(taken: Taken, queries: int, seconds: float) -> bool:
    """Whether a case was measured long enough, by MLPerf's single stream: so many queries and so many seconds."""
    return bool(taken.failure) or (taken.queries >= queries and taken.seconds >= seconds)
