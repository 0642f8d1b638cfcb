"""What ``--variant auto`` measured, remembered in a small file by bundle, interpreters, threads and CPU.

`place` says where. A file that cannot be read or written costs another measurement, never an error.
"""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.store import Bundle
from edge_runtime.runtimes import find, readable

KEPT = 16  # measurements in the file: some bundles, some numbers of threads
VERSION = 1

Seconds = float | None  # a picture takes; None: the variant does not judge here as at export, or does not load


def place() -> Path:
    """Returns the file that remembers: in systemd's $CACHE_DIRECTORY, else in $XDG_CACHE_HOME or ~/.cache."""
    given = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]  # systemd separates several with colons
    if given:
        return Path(given) / "auto.json"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(cache)) / "edge-runtime" / "auto.json"  # Path.expanduser raises without a home


def recall(path: Path, key: str) -> dict[str, Seconds]:
    """Returns what was measured under `key`: nothing where the file is missing, damaged or of another version."""
    return _entries(path).get(key, {})


def remember(path: Path, key: str, measured: Mapping[str, Seconds]) -> None:
    """Writes what was measured, in one step, and forgets the oldest; where nothing can be written, nothing is."""
    entries = {other: times for other, times in _entries(path).items() if other != key}
    newest = dict([*list(entries.items())[-KEPT + 1 :], (key, dict(measured))])
    from edge_runtime.files import write_atomically

    try:
        write_atomically(path, json.dumps({"version": VERSION, "seconds": newest}, indent=1).encode())
    except OSError:
        return  # a read-only root, a full disk, a user without a home: the next start measures again


def _entries(path: Path) -> dict[str, dict[str, Seconds]]:
    try:
        found = json.loads(path.read_bytes())
        if found["version"] != VERSION:
            return {}
        return {
            str(key): {
                str(name): None if seconds is None else max(0.0, float(seconds)) for name, seconds in times.items()
            }
            for key, times in found["seconds"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def key_of(bundle: Bundle, threads: int) -> str:
    """Returns what a measurement holds for; another of any of these asks for another one."""
    able = {variant.format for variant in bundle.manifest.variants if readable(variant.format)}
    interpreters = [find(format).fingerprint for format in sorted(able)]
    return " ".join([bundle.digest, *interpreters, f"threads={threads}", f"cpu={_cpu()}"])


def _cpu() -> str:
    """Returns what tells one kind of CPU from another in /proc/cpuinfo, whatever the architecture calls it."""
    named = ("model name", "cpu implementer", "cpu part", "flags", "features", "isa")
    try:
        lines = set(Path("/proc/cpuinfo").read_text().splitlines())
    except OSError:
        return platform.processor()
    lines = {line for line in lines if line.partition(":")[0].strip().lower() in named}
    return digest("\n".join(sorted(lines)).encode())[:12]
