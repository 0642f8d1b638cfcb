"""A new bundle takes over from the running one, between two frames; a bad one never does.

The directory is looked at now and then. What is found there is opened, loaded and proved on its golden samples beside
the running model, in a thread of its own: judging goes on meanwhile.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge_runtime.bundle.stamp import stamp
from edge_runtime.classifier import Classifier
from edge_runtime.console import say
from edge_runtime.errors import EdgeError

INTERVAL = 5.0  # seconds between two looks


class Load(Protocol):
    """Loads what lies in a bundle's directory and proves it."""

    def __call__(self, directory: Path) -> Classifier:
        """Returns a classifier that judges here as at export. Raises EdgeError."""


class Successor:
    """Asked between two frames; answers at once.

    Args:
        directory: Where bundles appear: it may be a link that is turned, or a directory that is replaced.
        running: Digest of the bundle that judges, as results name it.
        load: Loads and proves.
        clock: Seconds of the clock that is never set.

    Attributes:
        problem: Why what lies there does not judge; empty while it does.
    """

    def __init__(self, directory: Path, running: str, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self.problem = ""
        self._directory = directory
        self._running = running
        self._load = load
        self._clock = clock
        self._seen = stamp(directory)
        self._looked = clock()
        self._asked = threading.Event()
        self._loading: threading.Thread | None = None
        self._ready: Classifier | None = None

    def look_again(self) -> None:
        """Makes the next call look at once, and try again what was refused. May be called from any thread."""
        self._asked.set()

    def __call__(self) -> Classifier | None:
        """Returns a classifier that takes over, once; None while there is none."""
        if self._loading is not None:
            if self._loading.is_alive():
                return None
            self._loading = None
            ready, self._ready = self._ready, None
            if ready is not None:
                self._running = ready.identity.digest
            return ready
        asked = self._asked.is_set()
        if not asked and self._clock() - self._looked < INTERVAL:
            return None
        self._asked.clear()
        self._looked = self._clock()
        found = stamp(self._directory)
        if found == self._seen and not (asked and self.problem):
            return None
        self._seen = found
        if found is None:
            self._refuse(f"{self._directory}: the bundle is gone; judging goes on with what is loaded")
            return None
        self._loading = threading.Thread(target=self._try, name="successor", daemon=True)
        self._loading.start()
        return None

    def _try(self) -> None:
        try:
            classifier = self._load(self._directory)
        except EdgeError as error:
            self._refuse(f"the new bundle does not take over: {error}")
            return
        self.problem = ""
        identity = classifier.identity
        if identity.digest != self._running:
            say(f"edge-runtime: {identity.bundle} {identity.version} ({identity.digest}) {identity.variant} takes over")
            self._ready = classifier

    def _refuse(self, reason: str) -> None:
        if reason != self.problem:
            say(f"edge-runtime: {reason}")
        self.problem = reason
