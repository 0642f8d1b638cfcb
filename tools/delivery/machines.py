"""The machines that a device may be, by everybody's name for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """One kind of processor.

    Attributes:
        uname: As ``uname -m`` and wheels call it.
        debian: As ``dpkg --print-architecture`` calls it.
        platform: As container engines call it.
        triplet: Of its libraries' directory in Debian.
        from_debian: Python packages that have no wheel for it, and Debian's packages of them.
        signed_from_debian: The same of what checks signatures.
    """

    uname: str
    debian: str
    platform: str
    triplet: str
    from_debian: tuple[tuple[str, str], ...] = ()
    signed_from_debian: tuple[tuple[str, str], ...] = ()


MACHINES = (
    Machine("x86_64", "amd64", "linux/amd64", "x86_64-linux-gnu"),
    Machine("aarch64", "arm64", "linux/arm64", "aarch64-linux-gnu"),
    Machine(
        "armv7l",
        "armhf",
        "linux/arm/v7",
        "arm-linux-gnueabihf",
        # Debian 12's numpy is 1.24: tflite-runtime, the only interpreter there, wants one below 2.
        (("numpy", "python3-numpy"), ("pillow", "python3-pil")),
        (("cryptography", "python3-cryptography"),),  # it has a wheel, but cffi, which it needs, has none
    ),
)


class UnknownMachine(ValueError):
    """Its text is a sentence for the user."""


def machine(name: str) -> Machine:
    """Returns the machine that somebody calls `name`.

    Raises:
        UnknownMachine: The kit knows no interpreter for such a machine.
    """
    # linux/arm64/v8 is what some engines say.
    wanted = name.removesuffix("/v8")
    for one in MACHINES:
        if wanted in (one.uname, one.debian, one.platform):
            return one
    known = ", ".join(f"{one.platform} ({one.uname})" for one in MACHINES)
    raise UnknownMachine(f"{name}: no interpreter exists for this platform; the kit runs on {known}")
