"""``edge-runtime diff``: what changed from one bundle to another."""

import argparse
import json
from pathlib import Path
from typing import Any

from edge_runtime.bundle import fields
from edge_runtime.bundle.difference import Change, compare, compare_labels
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.commands.differing import text
from edge_runtime.console import say
from edge_runtime.errors import FieldError
from edge_runtime.trust import signed_with

PARITY = "reports/parity.json"
DIFFERENT = 4  # what --exit-code leaves with: 1 and 3 mean that something failed, and a script must tell that apart


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", type=Path, metavar="OLD", help="the bundle's directory that devices have")
    parser.add_argument("new", type=Path, metavar="NEW", help="the one that they are to get")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: every change, for programs (default: text)"
    )
    parser.add_argument(
        "--exit-code", action="store_true", help=f"leave with {DIFFERENT} when the bundles are not the same"
    )
    parser.epilog = f"""Opens both bundles, so every digest is checked; runs nothing. First comes what may break what is
around a device: a label with another place among the scores, a label or variant that is gone, another
preparation of pixels, an interpreter that is too old, another signature. Then variants with their
figures, the gate, where the model comes from, and files. In JSON these changes have "breaks": true, and
the place of a label, the size of a file in bytes and figures are what they were ("old") and are
("new"); null for none.

exit codes: 0 both could be read, whatever they hold; with --exit-code 0 they are the same, {DIFFERENT} they differ;
1 one of them cannot be read

examples:
  edge-runtime diff /var/lib/edge-runtime/bundle bundles/fashion_mnist
  edge-runtime diff old new --format json | jq '.changes[] | select(.breaks)'"""


def run(arguments: argparse.Namespace) -> int:
    old, new = open_bundle(arguments.old), open_bundle(arguments.new)
    changes = (*_signed(old, new), *compare(old.manifest, new.manifest), *_labels(old, new))
    if arguments.format == "json":
        print(json.dumps(_plain(old, new, changes), indent=1, ensure_ascii=False))
    elif not changes:
        print(f"the same bundle: {new.title}, {len(new.manifest.files)} files")
    else:
        print(f"old  {old.title}\nnew  {new.title}")
        print(text(changes, old.manifest, new.manifest))
    return DIFFERENT if arguments.exit_code and changes else 0


def _signed(old: Bundle, new: Bundle) -> tuple[Change, ...]:
    """Compares what signatures say of themselves; whether one is right is for `verify`."""
    before, after = (signed_with(bundle.directory) or None for bundle in (old, new))
    return (Change("identity", "signed", before, after, before is not None),) if before != after else ()


def _labels(old: Bundle, new: Bundle) -> tuple[Change, ...]:
    """Compares labels by the parity reports, where both bundles bring one and say it of the same pictures."""
    same = old.manifest.provenance.dataset_digest == new.manifest.provenance.dataset_digest
    if not same or any(PARITY not in bundle.manifest.files for bundle in (old, new)):
        return ()
    try:
        return compare_labels(old.file(PARITY).read_bytes(), new.file(PARITY).read_bytes())
    except FieldError as error:
        say(f"edge-runtime: note: {error}; labels are not compared one by one")
        return ()


def _plain(old: Bundle, new: Bundle, changes: tuple[Change, ...]) -> dict[str, Any]:
    def of(bundle: Bundle) -> dict[str, str]:
        return {"name": bundle.manifest.name, "version": bundle.manifest.version, "digest": bundle.digest}

    return {"old": of(old), "new": of(new), "same": not changes, "changes": fields.plain(changes)}
