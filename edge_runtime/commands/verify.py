"""``edge-runtime verify``: is this bundle what was exported, and does it judge here as it did there?"""

import argparse
from pathlib import Path

from edge_runtime.bundle.manifest import SHORT_DIGEST
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.commands.options import add_keys
from edge_runtime.commands.table import table
from edge_runtime.errors import BundleError, InterpreterMissing, VariantError
from edge_runtime.proof import prove
from edge_runtime.trust import open_trusted, signed_with


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument("--variant", metavar="NAME", help="prove this one only (default: all that can run here)")
    add_keys(parser)
    parser.epilog = """A bundle brings a few real pictures, the golden samples, with the scores that each variant gave
them at export. Here every file's digest is compared, then each variant judges them again; a difference
beyond what was allowed at export fails. What no interpreter here can read is told and does not count.

Digests say that a bundle arrived as it was sent, not who sent it. With --key the signature is checked
first, before anything of a model reaches an interpreter: a bundle that is not signed with that key fails.

exit codes: 0 every digest is right and all that can run here judges as at export, 1 not so

examples:
  edge-runtime verify bundles/fashion_mnist
  edge-runtime verify bundles/fashion_mnist --variant full_int8.tflite
  edge-runtime verify bundles/fashion_mnist --key parts.pub"""


def signature_of(bundle: Bundle) -> str:
    """Returns for people who has signed a bundle, and whether that was checked when it was opened."""
    if bundle.signer:
        return f"right, made with the key {bundle.signer[:SHORT_DIGEST]}"
    made = signed_with(bundle.directory)
    return f"{made}; not checked, --key FILE does" if made else "none"


def run(arguments: argparse.Namespace) -> int:
    bundle = open_trusted(arguments.bundle, arguments.keys or ())
    print(f"{bundle.title}: {len(bundle.manifest.files)} files, every digest right")
    print(f"signature: {signature_of(bundle)}")
    chosen = [bundle.variant(arguments.variant)] if arguments.variant else bundle.manifest.variants
    rows, failed, ran = [], [], 0
    for variant in chosen:
        try:
            classifier = load_classifier(bundle, variant.name, threads=1)
        except VariantError as error:
            # Every digest is right, so it is this machine that lacks something: told, but no fault of the bundle.
            if arguments.variant:
                raise
            reason = f"no interpreter for .{variant.format} here" if isinstance(error, InterpreterMissing) else error
            rows.append([variant.name, "-", "-", "-", f"not run: {reason}"])
            continue
        proof = prove(bundle, classifier)
        ran += 1
        if not proof.passed:
            failed.append(variant.name)
        rows.append(
            [
                variant.name,
                classifier.identity.runtime,
                f"{proof.largest_difference:.6f}",
                f"{proof.tolerance:g}",
                f"{proof.samples} golden samples {'as at export' if proof.passed else 'FAILED'}",
            ]
        )
    print(table(["variant", "runtime", "difference", "allowed", "result"], rows, right=(2, 3)))
    if failed:
        raise BundleError(f"{bundle.directory}: {', '.join(failed)} does not judge here as at export")
    if not ran:
        raise BundleError(f"{bundle.directory}: no variant can run here; 'edge-runtime doctor' says why")
    return 0
