"""The capture process: reads one camera or video with OpenCV or Picamera2, and hands over a picture when asked for one.

    python -m edge_runtime.sources.capture WHAT-IT-READS

Only `edge_runtime.sources.camera` starts it. What comes on standard input: the job as a line of JSON (the address may
hold a password, so it is not an argument), then a byte for each picture wanted; its end ends the process. What goes to
standard output: lines of JSON, as in ``{"frame": 17, "taken": 5.2, "shape": [480, 640, 3]}`` when that picture lies in
the shared memory (RGB; of a video ``played`` says how many seconds from its beginning), ``{"lost": "why"}`` or
``{"failed": "why"}`` (for good), ``{"end": true}`` after a video.

A camera is read on and on, and a picture that nobody has asked for is replaced by the next one, before its colours are
converted. A video waits instead.

There is one thread besides: it waits on standard input, so that the process ends with its parent even while the driver
hangs.
"""

import contextlib
import json
import mmap
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from edge_runtime.errors import SourceError
from edge_runtime.sources.camera import Job
from edge_runtime.sources.readers import Reader, opened
from edge_runtime.sources.reconnect import TICK, LostError

STDIN, STDOUT = 0, 1
BROKEN = 10  # pictures in a row that cannot be decoded; a stream that has ended gives as many, TICK after TICK


@dataclass
class Wish:
    """What the parent wants, as its thread hears it."""

    wanted: threading.Semaphore

    def listen(self) -> None:
        """Until the parent has gone; then the process ends, whatever it is doing."""
        while wishes := os.read(STDIN, 64):
            for _ in wishes:
                self.wanted.release()
        os._exit(0)


def pictures(reader: Reader, job: Job, wish: Wish) -> Iterator[int]:
    """Yields the number of a picture whenever one is there and wanted; raises LostError when no more will come."""
    number = broken = 0
    while True:
        if job.kind == "video":
            wish.wanted.acquire()
        asked = time.monotonic()
        grabbed = reader.grab()
        if job.kind == "stream" and time.monotonic() - asked >= job.silence:
            # After its time-out FFmpeg gives out what it had held back, which is as old as the silence.
            raise LostError(f"gave no frame for {job.silence:g} s")
        if grabbed:
            number, broken = number + 1, 0
            if job.kind == "video" or wish.wanted.acquire(blocking=False):
                yield number - 1
            continue
        if job.kind == "video":
            return
        if job.kind == "device" and not Path(job.address).exists():
            raise LostError("the camera is gone; was it unplugged?")
        broken += 1
        if job.kind == "stream" and broken >= BROKEN:
            raise LostError("the stream ended, or has nothing but broken pictures")
        time.sleep(TICK)  # where there is none at once, as after a stream's end, asking again at once would be a race


def work(job: Job, wish: Wish, stdout: IO[bytes]) -> None:
    """Does the job until there is nothing more to do."""

    def say(**message: object) -> None:
        stdout.write(json.dumps(message).encode() + b"\n")
        stdout.flush()

    try:
        reader = opened(job)
        memory: mmap.mmap | None = None
        for number in pictures(reader, job, wish):
            taken = time.monotonic()
            shape = reader.shape()
            size = shape[0] * shape[1] * shape[2]
            if not size:  # it could not be decoded
                wish.wanted.release()
                continue
            if memory is None or len(memory) < size:
                os.ftruncate(job.memory, size)  # it only grows: who reads it has it mapped
                memory = mmap.mmap(job.memory, size)
            reader.put(np.frombuffer(memory, np.uint8, size).reshape(shape))
            say(frame=number, taken=taken, shape=shape, played=reader.played() if job.kind == "video" else None)
        say(end=True)
    except LostError as error:
        say(lost=str(error))
    except SourceError as error:
        say(failed=str(error))
    except Exception as error:  # noqa: BLE001  of OpenCV's or a driver's; its text may show the address
        say(lost=f"its capture process failed with {type(error).__name__}")


def main() -> int:
    # What FFmpeg, libcamera or a driver prints to standard output must not get between the messages.
    stdout = os.fdopen(os.dup(STDOUT), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(STDIN, 1)  # and no more: what follows are wishes
        if not byte:
            return 0
        line += byte
    wish = Wish(threading.Semaphore(0))
    threading.Thread(target=wish.listen, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the parent has gone
        work(Job(**json.loads(line)), wish, stdout)
    os._exit(0)  # without waiting for a driver that does not let go


if __name__ == "__main__":
    raise SystemExit(main())
