"""How a process ends in which a framework works, alone or as one host of several.

When host 0 goes, JAX ends every other host by SIGABRT with a stack trace: the service that all of them watch runs in
its process. So a host that leaves before its time writes that down there first, and the others, who look twice a
second, leave with a sentence. A host that is killed outright writes nothing.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from edge_runtime.console import INTERRUPTED, say
from train.distributed.hosts import Hosts

HASTY_FAREWELL = 3.0  # seconds after a failure: hosts that fail together leave together
LOOK = 0.5  # seconds between two looks
OWN_WORDS = 1.5  # seconds that a host then has for a sentence of its own, as all have where all fail; with LOOK, no
# longer than the one who leaves stays
LEFT = "kit/left"  # in JAX' table: the index of the host, and why it leaves

_leaving = threading.Event()


def leave(code: int) -> NoReturn:
    """Ends the process with `code`. After a failure not the way JAX or TensorFlow would.

    At exit JAX waits for every host, and aborts the process when one does not come; interrupted in the midst of a step
    it even dies of SIGSEGV, and so does TensorFlow (2 of 12 times). So a host that failed stays only as long as hosts
    need that failed together with it, and nothing is torn down.
    """
    _leaving.set()
    jax = sys.modules.get("jax")
    if code and (jax is not None or "tensorflow" in sys.modules):
        if jax is not None and jax.distributed.is_initialized():
            _tell("was interrupted" if code == INTERRUPTED else "failed")
            began = time.monotonic()
            farewell = threading.Thread(target=jax.distributed.shutdown, daemon=True)
            farewell.start()
            farewell.join(HASTY_FAREWELL)
            if _index() == 0:  # the others are still to read why
                time.sleep(max(0.0, HASTY_FAREWELL - (time.monotonic() - began)))
        _end(code)
    sys.exit(code)


def listen(hosts: Hosts) -> None:
    """Ends this process with a sentence when another host has left; to be called once JAX has joined them."""
    threading.Thread(target=_listen, args=(hosts,), daemon=True).start()


def _listen(hosts: Hosts) -> None:
    while not _leaving.wait(LOOK):
        if not (left := _heard()):
            continue
        if _leaving.wait(OWN_WORDS):
            return
        index, _, why = left.partition(" ")
        say(
            f"train: error: {hosts}: host {index} {why}; start the same command on every host again, it goes on after "
            "the last finished epoch"
        )
        if hosts.first:  # in whose process the service is that ends the others
            time.sleep(HASTY_FAREWELL)
        _end(1)


def _tell(why: str) -> None:
    _asked(lambda client: client.key_value_set(LEFT, f"{_index()} {why}", allow_overwrite=True))


def _heard() -> str:
    return str(_asked(lambda client: client.key_value_try_get(LEFT)) or "")


def _asked(question: Callable[[Any], Any]) -> Any:
    """Returns what JAX' table answers; None where it has no entry, or is not there any more."""
    from train.backend import engine as jax

    try:
        return question(_state().client)
    except (jax.errors.JaxRuntimeError, AttributeError):  # the latter after a shutdown
        return None


def _index() -> int:
    return int(_state().process_id)


def _state() -> Any:
    from jax._src.distributed import global_state  # JAX has no public way to the table that its hosts share

    return global_state


def _end(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    os._exit(code)
