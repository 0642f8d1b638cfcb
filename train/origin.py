"""Of which source the kit is that works here."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def commit(root: Path = ROOT) -> str | None:
    """Returns the commit of the checkout, with ``+changes`` where files differ from it; None outside of one."""
    if not (root / ".git").exists():
        return None  # an image has none, and git would look further up and find somebody else's
    try:
        head = _git(root, "rev-parse", "HEAD").strip()
        return head + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no").strip() else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True, timeout=10
    ).stdout
