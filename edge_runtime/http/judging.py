"""Pictures that others send: a few at a time are taken in, one at a time is judged, in a thread of its own."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import EdgeError, PictureError
from edge_runtime.http.answers import Refusal
from edge_runtime.http.asked import Judge
from edge_runtime.result import Prediction


class Judging:
    """Places before a judge. All but the judge itself runs in the server's thread."""

    def __init__(self, judge: Judge, places: int) -> None:
        self._judge = judge
        self._free = places
        self._thread = ThreadPoolExecutor(1, "http judge")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Holds a place from before a picture is read until it is answered; raises Refusal if there is none."""
        if not self._free:
            raise Refusal(503, "too many pictures wait to be judged; try again", {"Retry-After": "1"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def __call__(self, picture: bytes | NDArray[np.uint8]) -> Prediction:
        """Returns the prediction; raises Refusal."""
        try:
            return await asyncio.wrap_future(self._thread.submit(self._judge, picture))
        except PictureError as error:
            raise Refusal(400, str(error)) from error
        except EdgeError as error:  # the interpreter fails
            raise Refusal(500, str(error)) from error

    def close(self) -> None:
        """Forgets what waits."""
        self._thread.shutdown(wait=False, cancel_futures=True)
