"""Energy that the processor has used, where it counts that itself."""

from pathlib import Path

from edge_runtime.device.machine import read

ROOT = Path("/sys/class/powercap")


def joules(root: Path = ROOT) -> float | None:
    """Returns what all processor packages have used since some moment, in joules; None where nobody tells.

    Linux shows Intel's and AMD's counters there by the name of intel-rapl (docs.kernel.org/power/powercap), to root
    alone since 2020: they betray what other programs compute. Boards without a counter need a meter in their supply.
    """
    counts = [read(zone / "energy_uj").strip() for zone in sorted(root.glob("intel-rapl:?"))]
    known = [int(count) for count in counts if count.isdigit()]
    return sum(known) / 1e6 if known else None
