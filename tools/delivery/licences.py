"""The package's copyright file: whose each wheel is, its licence, and the licence's text as the wheel brought it."""

from email.parser import Parser
from pathlib import Path

KIT = "edge-runtime"
FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
# Debian has the text of these everywhere; the copies in the wheels are the same.
COMMON = {"Apache-2.0": "/usr/share/common-licenses/Apache-2.0"}
# Words of the older fields, for the licences that the locks' wheels have.
OLDER = {"Apache Software License": "Apache-2.0", "Apache 2.0": "Apache-2.0", "3-Clause BSD License": "BSD-3-Clause"}


def copyright_file(tree: Path) -> str:
    """Returns the text for a device tree with its packages in ``lib`` and the kit in ``kit``."""
    stanzas = [f"Format: {FORMAT}\nUpstream-Name: {KIT}\nComment: The kit, and the wheels that it runs with."]
    texts = []
    for info in sorted([*tree.glob("kit/*.dist-info"), *tree.glob("lib/*.dist-info")]):
        said = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        name, version = said["Name"], said["Version"]
        licence = said["License-Expression"] or said["License"] or _classified(said.get_all("Classifier", []))
        licence = OLDER.get(licence, licence)
        author = said["Author"] or said["Author-email"] or f"the authors of {name}"
        where = "*" if name == KIT else f"usr/lib/edge-runtime/lib/{info.name.split('-')[0]}*"
        stanzas.append(
            f"Files: {where}\nCopyright: © {author}\nLicense: {licence}\n"
            f"Comment: {name} {version}. {_place(licence, info, tree)}"
        )
        texts += [
            f"== {path.relative_to(tree)}\n\n{path.read_text(encoding='utf-8', errors='replace').strip()}"
            for path in _texts(info)
            if licence not in COMMON or path.name != "LICENSE"
        ]
    return "\n\n".join([*stanzas, "License texts that came with the wheels:", *texts]) + "\n"


def _classified(classifiers: list[str]) -> str:
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")]
    return named[0] if named else "see the text below"


def _texts(info: Path) -> list[Path]:
    wanted = ("licen", "copying", "notice")
    return sorted(path for path in info.rglob("*") if path.is_file() and path.name.lower().startswith(wanted))


def _place(licence: str, info: Path, tree: Path) -> str:
    if licence in COMMON:
        return f"The text is in {COMMON[licence]}."
    return f"The text is below, and in /usr/lib/edge-runtime/{info.relative_to(tree)}."
