"""``edge-runtime run``: the long-running form. Ends cleanly on SIGTERM and Ctrl-C."""

import argparse
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.commands.options import add_model, classifier_of
from edge_runtime.console import say
from edge_runtime.errors import UsageError
from edge_runtime.heartbeat import Heartbeat, default_path
from edge_runtime.lane import Lane
from edge_runtime.pipeline import Pipeline, Rules
from edge_runtime.sinks.jsonl import JsonLinesSink
from edge_runtime.sources import Source
from edge_runtime.sources.address import shown
from edge_runtime.sources.open import SCHEMES, open_source


def configure(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--source",
        action="append",
        required=True,
        dest="sources",
        metavar="ADDRESS",
        help=f"where frames come from, may be given several times: {'; '.join(SCHEMES)}",
    )
    parser.add_argument("--heartbeat", type=Path, default=default_path(), metavar="FILE", help="(default: %(default)s)")
    parser.epilog = """A camera gives its newest frame; older ones that were not judged in time count as dropped.
When it ends or fails, so does run, with exit code 1. Its user, password and query are shown
nowhere. watch: judges pictures that appear in the directory itself from now on, each when it
is complete. Results go to standard output as JSON lines. SIGTERM or Ctrl-C ends it after the
frame in hand, with exit code 0.

examples:
  edge-runtime run --bundle bundles/fashion_mnist --source watch:/srv/incoming
  edge-runtime run --bundle bundles/fashion_mnist --source /dev/video0
  edge-runtime run --bundle bundles/fashion_mnist --source 'rtsp://user:password@192.168.1.20/stream1'
  edge-runtime run --bundle bundles/fashion_mnist --source 'replay:pictures?fps=5&loop=0'"""


def run(arguments: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread: the handler may interrupt the main thread inside this very event, whose lock it would wait for.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set, daemon=True).start())
    twice = {address for address in arguments.sources if arguments.sources.count(address) > 1}
    if twice:
        raise UsageError(f"--source {', '.join(sorted(map(shown, twice)))}: given twice")
    sources = [open_source(address) for address in arguments.sources]
    tell_apart(sources)
    classifier = classifier_of(arguments)
    model = classifier.identity
    title = f"{model.bundle} {model.version} ({model.digest}) {model.variant}"
    heartbeat = Heartbeat(arguments.heartbeat, title)
    say(f"edge-runtime: {title} on {model.runtime}; {', '.join(source.address for source in sources)}; Ctrl-C ends")
    pipeline = Pipeline(
        [Lane(source) for source in sources],
        classifier,
        [JsonLinesSink(sys.stdout)],
        stop=stop,
        heartbeat=heartbeat,
        rules=Rules(top=arguments.top),
    )
    heartbeat.begin()
    try:
        totals = pipeline.run()
    finally:
        heartbeat.end()  # also after a failure: health must not call alive what has ended
    dropped = sum(totals.dropped.values())
    say(f"edge-runtime: ended; {totals.predictions} predictions, {totals.rejections} rejected, {dropped} dropped")
    return 0


def tell_apart(sources: Sequence[Source]) -> None:
    """Numbers sources whose addresses differ only in what is hidden: results and counts go by what is shown."""
    met: Counter[str] = Counter()
    for source in sources:
        met[source.address] += 1
        if met[source.address] > 1:
            source.address += f" ({met[source.address]})"
