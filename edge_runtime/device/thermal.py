"""How hot the processor is and what holds it back: read from /sys, unknown where that is silent."""

from collections.abc import Iterable
from pathlib import Path

from edge_runtime.device.machine import read

SYS = Path("/sys")
# Of the zones that Linux lists, those that are the processor: Intel's package, AMD's sensors, ARM's many names.
PROCESSOR = ("cpu", "soc", "x86_pkg_temp", "k10temp", "coretemp", "package")
# A Raspberry Pi's firmware tells it here, to everybody; `vcgencmd get_throttled` shows the same bits.
FIRMWARE = "devices/platform/soc/soc:firmware/get_throttled"
# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
BITS = {0: "too little voltage", 1: "frequency capped", 2: "throttled", 3: "too hot"}
UNDERVOLTAGE = "in0_lcrit_alarm"


def temperature(sys: Path = SYS) -> float | None:
    """Returns the processor's temperature in °C, the hottest of its sensors; None where none is known."""
    zones = [(read(zone / "type").strip(), zone / "temp") for zone in sys.glob("class/thermal/thermal_zone*")]
    zones += [
        (read(chip / "name").strip(), value)
        for chip in sys.glob("class/hwmon/hwmon*")
        for value in chip.glob("temp*_input")
    ]
    named = [path for name, path in zones if any(part in name.lower() for part in PROCESSOR)]
    # A board with one zone has no other to mistake it for, whatever its name is.
    paths = named or ([path for _, path in zones] if len(zones) == 1 else [])
    found = [value for value in map(degrees, map(read, paths)) if value is not None]
    return max(found, default=None)


def throttled(sys: Path = SYS) -> str | None:
    """Returns what holds the processor back now, for people; empty if nothing does, None where nobody tells."""
    bits = read(sys / FIRMWARE).strip()
    if bits:
        return ", ".join(held_back(bits))
    alarms = [
        read(chip / UNDERVOLTAGE).strip()
        for chip in sys.glob("class/hwmon/hwmon*")
        if read(chip / "name").strip() == "rpi_volt"
    ]
    coolers = [
        read(device / "cur_state").strip()
        for device in sys.glob("class/thermal/cooling_device*")
        if "cpu" in read(device / "type").lower()
    ]
    if not alarms and not coolers:
        return None
    reasons = ["too little voltage"] if "1" in alarms else []
    return ", ".join([*reasons, *(["too hot"] if any(state not in ("", "0") for state in coolers) else [])])


def held_back(bits: str) -> Iterable[str]:
    """Returns what a Raspberry Pi's bits, as hexadecimal digits, say of this moment; the upper half is history."""
    try:
        value = int(bits, 16)
    except ValueError:
        return []
    return [reason for bit, reason in BITS.items() if value >> bit & 1]


def degrees(text: str) -> float | None:
    """Returns the °C that a file of /sys gives in thousandths; None for what no processor can be."""
    try:
        value = int(text) / 1000
    except ValueError:
        return None
    return value if -60 < value < 150 else None  # a sensor that is switched off reads 0 K or 255 °C
