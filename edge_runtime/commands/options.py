"""Arguments that several commands share, and a bundle that is opened while modules are imported.

A thread hashes its files: 13 ms for 24 MB, during which Python lets the others go on.
"""

import argparse
import contextlib
import gc
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_runtime.bundle.store import Bundle
from edge_runtime.commands.numbers import not_negative, positive
from edge_runtime.trust import open_trusted

AUTO = "auto"  # as edge_runtime.classifier calls it

AUTO_EXPLAINED = """--variant auto measures, once, every variant that an installed interpreter reads: it takes
0.1 to 0.3 s and is remembered for this bundle, these interpreters, threads and CPU, in
$CACHE_DIRECTORY or ~/.cache/edge-runtime/auto.json. The fastest that judges as at export is
taken; within 5 % full int8 goes first, then float. All variants of a bundle have passed the gate
at export; --max-degradation asks for more."""


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose a classifier."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="the bundle's directory")
    parser.add_argument(
        "--variant",
        default=AUTO,
        metavar="NAME",
        help="a variant of the bundle, such as full_int8.tflite ('edge-runtime info' lists them); auto takes the "
        "fastest here, see below (default: %(default)s)",
    )
    parser.add_argument(
        "--max-degradation",
        type=not_negative,
        metavar="POINTS",
        help="of top-1 that auto may give away against the best variant (default: what the gate at export allowed)",
    )
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="threads of the interpreter (default: the CPUs allowed, up to 4)"
    )
    parser.add_argument(
        "--top", type=positive, default=3, metavar="K", help="best labels that are told (default: %(default)s)"
    )
    add_keys(parser)


def add_keys(parser: argparse._ActionsContainer) -> None:
    """Adds the argument that says who is trusted."""
    parser.add_argument(
        "--key",
        action="append",
        dest="keys",
        metavar="FILE",
        help="take only a bundle that was signed with this public key, of 'python -m export keygen', or with one of "
        "several (default: anybody's)",
    )


class Opening:
    """A bundle that is being opened, in a thread of its own, from the moment this is made."""

    def __init__(self, directory: Path, keys: Sequence[str] = ()) -> None:
        self._directory = directory
        self._keys = keys
        self._bundle: Bundle | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._open, name="open bundle", daemon=True)
        self._thread.start()

    def bundle(self) -> Bundle:
        """Waits for it. Raises what `open_trusted` raises."""
        self._thread.join()
        if self._error:
            raise self._error
        assert self._bundle
        return self._bundle

    def _open(self) -> None:
        try:
            self._bundle = open_trusted(self._directory, self._keys)
        except BaseException as error:  # noqa: BLE001  raised again by whoever waits
            self._error = error


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Lets the block import and load without looking for garbage, of which there is none: 8 ms for each look."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
