"""The one place that imports TensorFlow and Keras: quietly, and Keras on TensorFlow whatever the user's ~/.keras says.

Importing this module takes seconds and hundreds of megabytes; import it only inside what needs it.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def native_noise_hidden() -> Iterator[None]:
    """Holds back what native code writes to standard error; after an exception it is shown."""
    # TF_CPP_MIN_LOG_LEVEL does not reach the lines that absl writes before its own start (seen with TensorFlow 2.21).
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


with native_noise_hidden():
    import keras
    import tensorflow

    tensorflow.constant(0)  # starts the device runtime, which has a few lines to say as well

__all__ = ["keras", "tensorflow"]
