"""What an ``.onnx`` file says of itself, in `metadata_props`: what it labels, and what a picture must become for it."""

import onnx

from edge_runtime.bundle import fields
from edge_runtime.bundle.spec import ModelSpec


def with_metadata(content: bytes, spec: ModelSpec, name: str, version: str) -> bytes:
    """Returns an ``.onnx`` file with metadata, in place of older ones; what it computes stays the same.

    Args:
        content: The file.
        spec: Its labels, one a line there, and its preprocessing as JSON.
        name: The model's.
        version: The model's.
    """
    model = onnx.load_from_string(content)
    told = {
        "labels": "\n".join(spec.labels),
        "name": name,
        "preprocessing": fields.canonical(spec.preprocessing).decode(),
        "version": version,
    }
    onnx.helper.set_model_props(model, told)
    found: bytes = model.SerializeToString(deterministic=True)
    return found
