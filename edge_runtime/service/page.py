"""The page of a run: what it is lent, from the settings, the pipeline and the device."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from edge_runtime.device.machine import this_machine
from edge_runtime.device.thermal import temperature, throttled
from edge_runtime.errors import EdgeError
from edge_runtime.http.asked import Captures, Facts, Model
from edge_runtime.http.settings import Settings as HttpSettings
from edge_runtime.http.settings import place
from edge_runtime.http.sink import HttpSink
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.service.settings import HttpSettings as Wanted


def page(
    wanted: Wanted, pipeline: Callable[[], Pipeline], captures: Captures | None, trouble: Callable[[], str]
) -> HttpSink:
    """Returns the sink that serves the page.

    Args:
        wanted: From the settings.
        pipeline: The one that the sink belongs to; asked once it runs.
        captures: Pictures kept for training, if any are.
        trouble: Tells what is wrong with the judging; empty if nothing is.

    Raises:
        EdgeError: The token's file cannot be read.
        UsageError: The address, token or names make no sense.
    """
    host, port = place(wanted.address)
    token = _token(Path(wanted.token_file)) if wanted.token_file else None
    settings = HttpSettings(host, port, token, wanted.private, wanted.names)

    def model() -> Model:
        classifier = pipeline().classifier
        return Model(classifier.identity, classifier.labels, classifier.preprocessing.size)

    return HttpSink(
        settings,
        status=lambda: pipeline().board.snapshot(),  # noqa: PLW0108  there is no pipeline yet
        model=model,
        judge=lambda picture: pipeline().judge_aside(picture),
        captures=captures,
        facts=facts_since(time.monotonic()),
        trouble=trouble,
    )


def facts_since(started: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], Facts]:
    """Returns what tells how the device is; what never changes is read once."""
    machine = this_machine()

    def facts() -> Facts:
        return Facts(
            machine=machine.system,
            cpus=machine.cpus,
            memory=machine.memory,
            resident=resident(),
            uptime=clock() - started,
            temperature=temperature(),
            throttled=throttled(),
        )

    return facts


def resident() -> int | None:
    """Returns the bytes of memory that this process holds: resident of statm, proc(5)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _token(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise EdgeError(f"http: token_file {path}: {reason}") from error
