"""Which processes train one model together, and which of them this one is: a value, checked."""

from dataclasses import dataclass

from edge_runtime.errors import UsageError
from train.framework import VARIABLE, framework


@dataclass(frozen=True)
class Hosts:
    """All hosts of one training, as this one sees them. A host is a process; two of them may share a machine.

    Attributes:
        count: How many there are.
        index: Which one this is, 0 to `count` - 1. Host 0 alone writes to the run directory.
        coordinator: Where host 0 can be reached, as ``address:port``; empty when there is one host.
    """

    count: int = 1
    index: int = 0
    coordinator: str = ""

    @property
    def several(self) -> bool:
        return self.count > 1

    @property
    def first(self) -> bool:
        return self.index == 0

    @property
    def address(self) -> tuple[str, int]:
        """The coordinator as a name or number without brackets, and a port."""
        name, _, port = self.coordinator.rpartition(":")
        return name.removeprefix("[").removesuffix("]"), int(port)

    def __str__(self) -> str:
        return f"host {self.index} of {self.count}"


ALONE = Hosts()


def hosts_from(count: int | None, index: int | None, coordinator: str | None) -> Hosts:
    """Returns the hosts that ``--hosts``, ``--host`` and ``--coordinator`` describe; one host without any.

    Raises:
        UsageError: One of the three is missing or makes no sense, or the framework trains on one host alone.
    """
    given = {"--hosts": count, "--host": index, "--coordinator": coordinator}
    missing = [name for name, value in given.items() if value is None]
    if count is None or index is None or coordinator is None:
        if len(missing) == len(given):
            return ALONE
        raise UsageError(f"{' and '.join(missing)}: missing; --hosts, --host and --coordinator go together")
    if count < 1:
        raise UsageError(f"--hosts {count}: 1 or more expected")
    if not 0 <= index < count:
        raise UsageError(f"--host {index}: 0 to {count - 1} expected, because of --hosts {count}")
    name, _, port = coordinator.rpartition(":")
    if not name or not (port.isascii() and port.isdecimal() and 0 < int(port) < 2**16):
        raise UsageError(f"--coordinator {coordinator}: ADDRESS:PORT of host 0 expected, such as 10.0.0.5:29400")
    if count > 1 and framework() != "jax":
        raise UsageError(f"--hosts {count}: TensorFlow trains on one host; set {VARIABLE}=jax for several")
    return Hosts(count, index, coordinator) if count > 1 else ALONE


def check_batch(size: int, parts: int, what: str = "hosts") -> None:
    """Makes sure that a batch can be shared out evenly.

    Raises:
        UsageError: It cannot; the message names the sizes nearby that can.
    """
    if size % parts:
        low = size // parts * parts
        near = " or ".join(str(value) for value in (low, low + parts) if value)
        raise UsageError(
            f"a batch of {size} pictures cannot be shared out evenly to {parts} {what}: --batch-size {near}"
        )
