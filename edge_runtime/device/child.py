"""A Python beside this one that finds the same packages, wherever a launcher took them from."""

import os
import sys
import sysconfig

# Behind the standard library, where a child looks by itself; in PYTHONPATH they would stand before it.
OWN = ("site-packages", "dist-packages")


def python(*arguments: str) -> list[str]:
    """Returns a command line. -P: what lies in the directory where somebody happens to be is not imported."""
    return [sys.executable, "-P", *arguments]


def environment() -> dict[str, str]:
    """Returns this environment with what a child needs to import what this process can.

    On devices and in the image a launcher puts the kit and its packages on ``sys.path``; nothing else knows of them.
    """
    library = sysconfig.get_paths()
    known = (library["stdlib"], library["platstdlib"])
    added = [
        place
        for place in sys.path
        if place and os.path.basename(place) not in OWN and not place.startswith(known) and not place.endswith(".zip")
    ]
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(dict.fromkeys(added))}
