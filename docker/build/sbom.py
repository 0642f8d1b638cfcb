"""Writes what an image holds as a CycloneDX document: Debian's packages and Python's.

    python3 -m docker.build.sbom --name edge-runtime --version 0.1.0 --root /root-fs --python /root-fs/opt --out FILE

The format: https://cyclonedx.org/docs/1.6/json/. The same content gives the same bytes: no time, no random number.
"""

from __future__ import annotations

import argparse
import email.parser
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote


def debian(root: Path) -> Iterator[dict[str, Any]]:
    """Yields a component for each Debian package that was unpacked or installed in `root`."""
    database = root / "var/lib/dpkg"
    stanzas = [path.read_text("utf-8") for path in sorted(database.glob("status.d/*"))]
    if (database / "status").is_file():
        stanzas += (database / "status").read_text("utf-8").split("\n\n")
    for stanza in filter(str.strip, stanzas):
        fields = email.parser.HeaderParser().parsestr(stanza)
        name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
        yield {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}",
        }


def python(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields a component for each Python distribution anywhere below `folder`."""
    for path in sorted(folder.rglob("*.dist-info/METADATA")):
        fields = email.parser.HeaderParser().parsestr(path.read_text("utf-8"))
        name, version = fields["Name"], fields["Version"]
        component = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        }
        if fields["License-Expression"]:
            component["licenses"] = [{"expression": fields["License-Expression"]}]
        yield component


def document(name: str, version: str, components: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the whole document; every component is known by its package URL."""
    unique = {component["purl"]: {"bom-ref": component["purl"], **component} for component in components}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": f"{name}@{version}", "name": name, "version": version}
        },
        "components": [unique[purl] for purl in sorted(unique)],
    }


def main() -> None:
    parser = argparse.ArgumentParser("sbom", description="Write what an image holds as a CycloneDX document.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--root", required=True, type=Path, metavar="DIR", help="with Debian's packages")
    parser.add_argument("--python", required=True, type=Path, nargs="+", metavar="DIR", help="with Python's")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE")
    arguments = parser.parse_args()
    components = [*debian(arguments.root), *(one for folder in arguments.python for one in python(folder))]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(arguments.name, arguments.version, components), indent=1, ensure_ascii=False)
    arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
