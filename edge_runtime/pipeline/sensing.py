"""One source, read in a thread of its own, for who has something else to look at between two frames."""

import threading
from types import TracebackType
from typing import Self

from edge_runtime.pipeline.buffer import Buffer
from edge_runtime.sources import Frame, Notice, Source

HELD = 4  # frames of a source that is not live that wait; it reads on when one was taken


class Sensing:
    """Enters a source and reads it until the block ends. A live source's newest frame waits, the older ones are let go.

    Args:
        source: Gives frames.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stop = threading.Event()
        self._buffer: Buffer[Frame | Notice] = Buffer(HELD)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name=source.address)

    def __enter__(self) -> Self:
        self._source.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._buffer.close()
        self._thread.join()
        self._source.__exit__(kind, error, trace)

    def get(self, timeout: float) -> Frame | Notice | None:
        """Returns what came next, or None after `timeout` seconds without anything.

        Raises:
            EdgeError: The source has failed; what came before has been given out.
        """
        item = self._buffer.get(timeout)
        if item is None and self._failure and self.ended:
            raise self._failure
        return item

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._buffer.finished

    def _read(self) -> None:
        try:
            for item in self._source.frames(self._stop):
                live = self._source.live and isinstance(item, Frame)
                if not self._buffer.put(self._source.address, item, live):
                    return
        except BaseException as error:  # noqa: BLE001  whatever it is, it is raised where frames are taken
            self._failure = error
        finally:
            self._buffer.close()
