"""Names for what has any: sources and labels, as parts of topics and file names."""

import hashlib
import re

LONGEST = 60  # characters: brokers bound topics, file systems names, and people read them


def slug(text: str) -> str:
    """Returns a text in ASCII letters, digits, - and _, which every broker and Home Assistant take for a name.

    Texts of other scripts, and long ones, end in a digest, so that different texts stay different.
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
    if text.isascii() and 0 < len(plain) <= LONGEST:
        return plain
    return f"{plain[:LONGEST]}-{digest(text)}".strip("-")


def digest(text: str) -> str:
    """Returns six letters and digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]
