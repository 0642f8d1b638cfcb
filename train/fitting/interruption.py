"""Ctrl-C and SIGTERM that Keras would not let through."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from train.backend import keras


class Interruption(keras.callbacks.Callback):
    """Ends training at the latest after the step in which Ctrl-C or SIGTERM came; to be entered around ``model.fit``.

    Python raises KeyboardInterrupt wherever the main thread is. On JAX that is nearly always where Keras waits for a
    step's loss, in `pythonify_logs`, and its bare ``except:`` drops it: three of three SIGTERMs had no effect (Keras
    3.15; its pull request 22485, which would have changed that, was closed). So it is remembered, and raised once more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._came = False
        self._replaced: list[signal.Signals] = []

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is signal.default_int_handler:
                    signal.signal(number, self._note)
                    self._replaced.append(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number in self._replaced:
            signal.signal(number, signal.default_int_handler)
        if self._came and error is not None and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from error  # what a library made of it on its way out

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        raise KeyboardInterrupt

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._came:
            raise KeyboardInterrupt

    on_test_batch_end = on_train_batch_end
