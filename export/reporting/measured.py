"""When and where latency was measured: what the page beside a bundle says of its times."""

from dataclasses import dataclass
from datetime import datetime

from edge_runtime.device.machine import this_machine


@dataclass(frozen=True)
class Measured:
    """What the page beside the bundle says of the times in it.

    Attributes:
        machine: Which machine took them, in words.
        date: When, in words.
    """

    machine: str
    date: str


def measured() -> Measured:
    """Returns this machine and this moment in words."""
    machine = this_machine()
    cpus = f"{machine.cpus} CPU{'s' if machine.cpus > 1 else ''}"
    features = f" ({' '.join(machine.features)})" if machine.features else ""
    moment = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return Measured(f"{machine.system} with {cpus}{features}", moment)
