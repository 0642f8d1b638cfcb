"""``edge-runtime info``: what a bundle is, in words."""

import argparse
from pathlib import Path

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.commands.table import size, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: the manifest itself (default: %(default)s)"
    )
    parser.epilog = """Opens the bundle, so every digest is checked; runs nothing. In the table, top-1 is the share of
test pictures that a variant judges right, agreement the share that it judges as the Keras model does.

examples:
  edge-runtime info bundles/fashion_mnist
  edge-runtime info bundles/fashion_mnist --format json | jq .provenance"""


def run(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle)
    print(bundle.manifest.to_bytes().decode().rstrip() if arguments.format == "json" else describe(bundle))
    return 0


def describe(bundle: Bundle) -> str:
    """Returns the bundle's facts as a page of text."""
    manifest = bundle.manifest
    spec, gate, origin = manifest.spec.preprocessing, manifest.gate, manifest.provenance
    rows = [
        [v.name, size(manifest.files[v.path].size), f"{v.top1:.4f}", f"{v.agreement:.4f}", v.minimum_runtime]
        for v in manifest.variants
    ]
    lines = [
        bundle.title,
        f"  digest      {bundle.digest}",
        f"  labels      {len(manifest.spec.labels)}: {', '.join(manifest.spec.labels)}",
        f"  input       uint8 RGB [{spec.size[0]}, {spec.size[1]}, 3], {spec.resize}, {spec.interpolation}",
        f"  trained on  {origin.dataset} ({origin.dataset_digest[:12]}), model {origin.model[:12]}",
        f"  threshold   {manifest.threshold:g}: below it a picture is unknown",
        f"  gate        {gate.max_degradation:g} points below Keras {gate.reference_top1:.4f}, {gate.samples} pictures",
        "",
        table(["variant", "size", "top-1", "agreement", "needs at least"], rows, right=(1, 2, 3)),
    ]
    lines += [f"left out: {left.name}: {left.reason}" for left in gate.left_out]
    return "\n".join(lines)
