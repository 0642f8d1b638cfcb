"""A sentence for who runs training or export with a Python that lacks their packages, as a system's own does.

Any Python from 3.8 on can read this file, and the standard library alone is used.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Iterator  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

OLDEST = (3, 11)
OWN = ("edge_runtime", "train", "export")


@contextlib.contextmanager
def needed(program: str) -> Iterator[None]:
    """Ends the process with a sentence and exit code 1 where the block finds a package missing, or Python is too old.

    A module of the kit's own that is missing is a defect and stays a traceback.

    Args:
        program: ``train`` or ``export``.
    """
    if sys.version_info[:2] < OLDEST:
        raise SystemExit(_sentence(program, f"is Python {sys.version_info[0]}.{sys.version_info[1]}, 3.11 or newer"))
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", *OWN):
            raise
        raise SystemExit(_sentence(program, f"lacks the package {package}, which")) from error


def _sentence(program: str, lack: str) -> str:
    return (
        f"{program}: error: {sys.executable} {lack} is needed: type .venv/bin/python -m {program} … instead; "
        "'make setup' makes .venv with all packages, and 'make' lists targets that do it by themselves"
    )
