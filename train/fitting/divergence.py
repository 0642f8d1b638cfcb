"""What ends a training that went wrong. Imports no Keras: a finished run is told without it."""

from edge_runtime.errors import RunError


class DivergedError(RunError):
    """A loss that is no number any more; the message says when, not what to do."""
