"""``edge-runtime run``: the long-running form. Light: what is heavy is imported in the child that judges."""

import argparse
from pathlib import Path

from edge_runtime.addresses import SINKS, SOURCES
from edge_runtime.bundle.stamp import stamp
from edge_runtime.commands.numbers import positive
from edge_runtime.commands.options import add_keys
from edge_runtime.console import guard
from edge_runtime.errors import EdgeError, UsageError
from edge_runtime.heartbeat import default_path
from edge_runtime.service.notify import Notifier
from edge_runtime.service.supervisor import Announce, supervise
from edge_runtime.toml import read

NEXT = "\n  "
EPILOG = f"""sources:
  {NEXT.join(SOURCES)}

sinks:
  {NEXT.join(SINKS)}
  what=predictions,events,sources,rejections chooses; brokers and webhooks are
      told events and sources only

A camera gives its newest frame; older ones that were not judged in time count as dropped. When it is lost
it is tried again, ever more seldom; frozen, black and stale frames are counted, never labelled.
A watched directory that is not there, or not yet, is lost likewise, and waited for.
Results go to standard output as JSON lines unless --sink says otherwise. SIGTERM or Ctrl-C ends it
after the frame in hand, with exit code 0. A new bundle in the same place takes over between two
frames, once it was proved here; with --key only one that was signed with that key. SIGHUP reads
--config anew and looks at the bundle at once.

examples:
  edge-runtime run --bundle bundles/fashion_mnist --source watch:/srv/incoming
  edge-runtime run --bundle bundles/fashion_mnist --source /dev/video0 --http
  edge-runtime run --bundle bundles/fashion_mnist \\
      --source 'rtsp://user:password@192.168.1.20/stream1' \\
      --sink mqtt://broker.local/edge --sink captures:/srv/captures
  edge-runtime run --bundle bundles/fashion_mnist \\
      --source 'replay:pictures?fps=5&loop=0'
  edge-runtime run --config edge-runtime.toml --check"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML; what stands beside it here goes first")
    parser.add_argument(
        "--check", action="store_true", help="only say whether it could begin; cameras and brokers are not tried"
    )
    what = parser.add_argument_group("what judges")
    what.add_argument("--bundle", metavar="DIR", help="the bundle to classify with")
    what.add_argument(
        "--variant",
        metavar="NAME",
        help="a variant of the bundle, such as full_int8.tflite ('edge-runtime info' lists them); auto measures them "
        "once and takes the fastest (default: auto)",
    )
    what.add_argument(
        "--max-degradation", type=float, metavar="POINTS", help="of top-1 that auto may give away against the best"
    )
    what.add_argument("--threads", type=positive, metavar="N", help="of the interpreter (default: CPUs, up to 4)")
    what.add_argument("--top", type=positive, metavar="K", help="labels named (default: 3)")
    what.add_argument(
        "--threshold", type=float, metavar="SCORE", help="below it a picture is 'unknown' (default: the model's own)"
    )
    add_keys(what)
    what.add_argument("--no-follow", action="store_true", help="a new bundle in the same place does not take over")
    sees = parser.add_argument_group("what it looks at")
    sees.add_argument(
        "--source",
        action="append",
        dest="sources",
        metavar="ADDRESS",
        help="where frames come from, may be given several times; see below",
    )
    sees.add_argument("--region", metavar="L,T,R,B", help="the part of the pictures that counts: 25%%,0%%,75%%,100%%")
    sees.add_argument(
        "--motion",
        nargs="?",
        type=float,
        const=0.5,
        metavar="SENSITIVITY",
        help="judge only when something moves, 0 to 1 (default: 0.5)",
    )
    told = parser.add_argument_group("who is told")
    told.add_argument(
        "--sink",
        action="append",
        dest="sinks",
        metavar="ADDRESS",
        help="who is told, may be given several times; see below (default: jsonl:-)",
    )
    told.add_argument(
        "--http",
        nargs="?",
        const="http://127.0.0.1:8080",
        metavar="ADDRESS",
        help="a page, the Open Inference Protocol and /metrics (default: http://127.0.0.1:8080)",
    )
    told.add_argument("--token-file", metavar="FILE", help="what a person must know to change something on the page")
    told.add_argument(
        "--heartbeat",
        metavar="FILE",
        help="where it says every 2 s that it is alive; 'health' looks there. Each run needs a file of its own "
        f"(default: {default_path()})",
    )
    parser.epilog = EPILOG


def run(arguments: argparse.Namespace) -> int:
    given = Given(arguments)
    if arguments.check:
        from edge_runtime.service.check import check

        return check(given.raw, where(arguments))

    def work(announce: Announce, held_back: frozenset[str]) -> int:
        from edge_runtime.service.serve import serve

        # Here, not around the parent: it must end by what the child says, and say nothing twice.
        return guard(
            "edge-runtime",
            lambda: serve(given.raw, given.read, where(arguments), announce, held_back),
        )

    seen = [stamp(given.bundle)]

    def changed() -> bool:
        before, seen[0] = seen[0], stamp(given.bundle)
        return before != seen[0]

    return supervise(work, changed, Notifier(), given)


class Given:
    """What the command line and its configuration say; the parent's, which a child has as it was at the fork.

    Attributes:
        raw: The settings, not yet checked.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._former: dict[str, object] | None = None
        self.raw = self.read()

    @property
    def bundle(self) -> Path:
        return Path(str(self.raw["bundle"]))

    def read(self) -> dict[str, object]:
        """Returns what they say now. Raises EdgeError."""
        raw = raw_settings(self._arguments)
        if "bundle" not in raw:
            raise UsageError("run: --bundle DIR is missing, and no configuration names one")
        return raw

    def renew(self) -> None:
        try:
            raw = self.read()
        except EdgeError:  # it has changed once more since a child found it in order
            return
        self._former, self.raw = self.raw, raw

    def go_back(self) -> bool:
        if self._former is None:
            return False
        self.raw, self._former = self._former, None
        return True


def where(arguments: argparse.Namespace) -> str:
    return str(arguments.config) if arguments.config else "run"


def raw_settings(arguments: argparse.Namespace) -> dict[str, object]:
    """Returns the configuration with what the command line says in its place, not yet checked. Raises EdgeError."""
    raw = read(arguments.config) if arguments.config else {}
    names = ("bundle", "variant", "max_degradation", "threads", "top", "threshold", "heartbeat", "sinks", "keys")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.no_follow:
        given["follow"] = False
    motion = None if arguments.motion is None else {"sensitivity": arguments.motion}
    seen = {"region": arguments.region, "motion": motion}
    seen = {name: value for name, value in seen.items() if value is not None}
    if arguments.sources:
        given["source"] = [{"address": address, **seen} for address in arguments.sources]
    elif seen:
        raise UsageError("run: --region and --motion go with --source; in a configuration they belong to each source")
    page = {"address": arguments.http, "token_file": arguments.token_file}
    page = {name: value for name, value in page.items() if value is not None}
    if page:
        table = raw.get("http", {})
        given["http"] = {**(table if isinstance(table, dict) else {}), **page}
    return {**raw, **given}
