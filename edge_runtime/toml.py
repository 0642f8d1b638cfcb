"""A TOML file as Python knows it."""

import tomllib
from pathlib import Path

from edge_runtime.errors import EdgeError, UsageError


def read(path: Path) -> dict[str, object]:
    """Returns what a TOML file says.

    Raises:
        EdgeError: It cannot be read.
        UsageError: It is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EdgeError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
