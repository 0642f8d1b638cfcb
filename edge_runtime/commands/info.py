"""``edge-runtime info``: what a bundle is, in words."""

import argparse
from pathlib import Path

from edge_runtime.bundle.manifest import GateResult
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.commands.table import size, table
from edge_runtime.trust import signed_with


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: the manifest itself (default: %(default)s)"
    )
    parser.epilog = """Opens the bundle, so every digest is checked; runs nothing. Whether a signature is right is for
'verify --key' to say. In the table, top-1 is the share of test pictures that a variant judges right,
agreement the share that it judges as the Keras model does.

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
        f"  signed      {signed_with(bundle.directory) or 'no'}",
        f"  labels      {len(manifest.spec.labels)}: {', '.join(manifest.spec.labels)}",
        f"  input       uint8 RGB [{spec.size[0]}, {spec.size[1]}, 3], {spec.resize}, {spec.interpolation}",
        f"  trained on  {origin.dataset} ({origin.dataset_digest[:12]}), model {origin.model[:12]}",
        f"  threshold   {_threshold(manifest.threshold)}",
        f"  temperature {manifest.temperature:g}: what the logits are divided by, inside of every variant",
        f"  gate        {'; '.join(demands(gate))}",
        f"  reference   Keras reached {gate.reference_top1:.4f} on the {gate.samples} pictures of the test split",
        "",
        table(["variant", "size", "top-1", "agreement", "needs at least"], rows, right=(1, 2, 3)),
    ]
    lines += [f"left out: {left.name}: {left.reason}" for left in gate.left_out]
    return "\n".join(lines)


def _threshold(score: float) -> str:
    if not score:
        return "0: no picture is unknown, too few validation pictures to choose one; --threshold says another"
    return f"{score:g}: below it a picture is unknown"


def demands(gate: GateResult) -> list[str]:
    """Returns what a gate demanded, in words."""
    found = [f"at most {_points(gate.max_degradation)} of top-1 lost"]
    if gate.max_label_degradation is not None:
        found.append(f"at most {_points(gate.max_label_degradation)} of any label's accuracy")
    if gate.min_agreement is not None:
        found.append(f"agreement from {gate.min_agreement:g}")
    if gate.max_size is not None:
        found.append(f"at most {size(gate.max_size)}")
    if gate.max_latency is not None:
        found.append(f"at most {gate.max_latency:g} times float32's latency where it was exported")
    return found


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"
