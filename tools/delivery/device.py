"""What a device is, as it said when it was asked, and whether the kit runs on it. No input or output here."""

from dataclasses import dataclass

from tools.choices import is_supported
from tools.delivery.errors import DeliveryError
from tools.delivery.machines import MACHINES, Machine
from tools.delivery.target import Target, TreeError, target

BEGIN, END = "edge-runtime-probe-begin", "edge-runtime-probe-end"
GLIBC = (2, 36)  # Debian 12's; the locks' wheels are chosen for it
PYTHON = "/usr/bin/python3"  # the launcher's

# Of one line and without single quotes, so that any login shell hands it to sh as it is.
_FACTS = (
    "import sys, os, sysconfig as s, importlib.util as u; "
    r"print(\"python=%d.%d\" % sys.version_info[:2]); "
    r"print(\"triplet=%s\" % s.get_config_var(\"MULTIARCH\")); "
    r"print(\"glibc=%s\" % os.confstr(\"CS_GNU_LIBC_VERSION\")); "
    r"wanted = (\"compileall\", \"numpy\", \"PIL\", \"cryptography\"); "
    r"print(\"modules=%s\" % \" \".join(m for m in wanted if u.find_spec(m)))"
)
PROBE = "; ".join(
    (
        f"echo {BEGIN}",
        "echo uid=$(id -u)",
        "echo machine=$(uname -m)",
        r"test -r /etc/os-release && . /etc/os-release && echo system=$PRETTY_NAME",
        "test -d /run/systemd/system && echo systemd=yes",
        "test -e /usr/lib/edge-runtime && echo package=yes",
        "as=none",
        "if test $(id -u) = 0; then as=; elif sudo -n true 2>/dev/null; then as=sudo\\ -n; fi",
        'test "$as" = none || echo root=yes',
        f'{PYTHON} -I -c "{_FACTS}" 2>/dev/null',
        f"echo {END}",
    )
)


@dataclass(frozen=True)
class Facts:
    """What a device said of itself.

    Attributes:
        uid: The user's, as ssh came in.
        machine: As ``uname -m`` prints it; a 64-bit kernel may carry a 32-bit system.
        system: The distribution's name.
        root: Whether commands can be run as root without a password.
        systemd: Whether systemd runs there.
        package: Whether the .deb is installed there.
        python: As in ``3.11``; empty where there is none.
        triplet: What Python was built for, as in ``aarch64-linux-gnu``.
        glibc: Version of the C library.
        modules: Which of the modules that matter its Python has.
    """

    uid: int
    machine: str = ""
    system: str = ""
    root: bool = False
    systemd: bool = False
    package: bool = False
    python: str = ""
    triplet: str = ""
    glibc: str = ""
    modules: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.system or 'an unknown system'}, {self.machine}, Python {self.python or '(none)'}"


def parse(lines: list[str]) -> Facts:
    """Returns the facts that the probe printed; what a login script printed before them is skipped."""
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    return Facts(
        uid=int(told.get("uid", "-1")),
        machine=told.get("machine", ""),
        system=told.get("system", ""),
        root="root" in told,
        systemd="systemd" in told,
        package="package" in told,
        python=told.get("python", ""),
        triplet=told.get("triplet", ""),
        glibc=told.get("glibc", "").removeprefix("glibc "),
        modules=tuple(told.get("modules", "").split()),
    )


def target_for(facts: Facts, interpreter: str, camera: bool, signed: bool = False) -> Target:
    """Returns what a tree for this device must be made for.

    Raises:
        DeliveryError: It cannot be deployed to: what is missing and what to do.
    """
    if not facts.root:
        raise DeliveryError(
            "commands cannot be run as root there: sudo is missing or asks for a password. Allow it on the device with "
            '`echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/$USER`, or deploy to root@…'
        )
    if not facts.systemd:
        raise DeliveryError(f"systemd does not run there ({facts.system}); the service needs it, or run the image")
    if facts.package:
        raise DeliveryError(
            "edge-runtime is installed there from a .deb, which apt keeps up to date: take one way, not both "
            "(`sudo apt remove edge-runtime`)"
        )
    if not facts.python:
        raise DeliveryError(f"{PYTHON} is missing or does not start there: sudo apt install python3")
    if not is_supported(tuple(int(number) for number in facts.python.split("."))):
        raise DeliveryError(
            f"Python {facts.python} is there ({facts.system}), 3.11 to 3.13 is wanted: "
            "Debian or Raspberry Pi OS 12 or 13"
        )
    if "compileall" not in facts.modules:
        raise DeliveryError("Python's standard library is not complete there: sudo apt install python3")
    machine = machine_for(facts)
    if tuple(int(number) for number in facts.glibc.split(".")) < GLIBC:
        wanted = ".".join(map(str, GLIBC))
        raise DeliveryError(f"glibc {facts.glibc} is there, {wanted} is wanted: Debian or Raspberry Pi OS 12 or newer")
    try:
        found = target(machine.uname, facts.python, interpreter, camera, signed)
    except TreeError as error:
        raise DeliveryError(str(error)) from error
    modules = {"pillow": "PIL"}
    missing = [
        package for wheel, package in found.from_debian.items() if modules.get(wheel, wheel) not in facts.modules
    ]
    if missing:
        raise DeliveryError(f"there are no wheels of them for {machine.uname}: sudo apt install {' '.join(missing)}")
    return found


def machine_for(facts: Facts) -> Machine:
    """Returns the machine by what its Python was built for: 32-bit systems are often run by a 64-bit kernel.

    Raises:
        DeliveryError: The kit knows no interpreter for it.
    """
    for machine in MACHINES:
        if machine.triplet == facts.triplet:
            return machine
    known = ", ".join(machine.triplet for machine in MACHINES)
    raise DeliveryError(f"{facts.triplet or facts.machine} is there; interpreters exist for {known}")
