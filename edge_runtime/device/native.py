"""Native libraries write to standard error on their own; what of that a user gets to see is decided here."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def stderr_without(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Drops the lines that match `noise` from what the block writes to file descriptor 2; the rest follows at its end.

    After an exception all of it is shown. What a process writes that aborts inside the block is lost, so keep blocks
    small; other threads' messages are held back as well.
    """
    if sys.stderr is None:  # a service may run without a standard error; 2 is then any other file
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with _aside() as aside:
        os.dup2(aside.fileno(), 2)
        shown = b""
        try:
            yield
        except Exception:
            aside.seek(0)
            shown = aside.read()
            raise
        else:
            aside.seek(0)
            shown = b"".join(line for line in aside if not noise.match(line))
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            if shown:
                os.write(2, shown)


def _aside() -> BinaryIO:
    """Returns a file of no name: in memory on Linux, where a device's disk may be read-only or wear out."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("stderr"), "w+b")
    import tempfile

    return tempfile.TemporaryFile()
