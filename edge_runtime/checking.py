"""What sources and sinks can tell before they are entered, for `run --check`. It changes nothing."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Checking(Protocol):
    """Something that knows whether it could be entered now."""

    def check(self) -> None:
        """Raises EdgeError if it could not."""
