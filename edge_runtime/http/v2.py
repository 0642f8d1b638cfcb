"""Open Inference Protocol, version 2: https://github.com/kserve/open-inference-protocol, specification/protocol.

One input, ``image``, in one of two forms: UINT8 ``[1, height, width, 3]``, RGB pixels as the model sees them, or BYTES
``[1]``, an encoded picture (base64 in JSON), which is treated like one that a camera took. Outputs: ``scores``, FP32
``[1, labels]``, and ``label``, BYTES ``[1]``. With the binary tensor data extension of KServe and Triton both go and
come as they are. No web framework here: values in, values out; `v2_request` reads what is asked for.
"""

import json
import struct
from typing import Any

import numpy as np

from edge_runtime import __version__
from edge_runtime.http.asked import Model
from edge_runtime.http.v2_request import INPUT, Wanted
from edge_runtime.result import Prediction


def server() -> dict[str, Any]:
    return {"name": "edge-runtime", "version": __version__, "extensions": ["binary_tensor_data"]}


def metadata(model: Model) -> dict[str, Any]:
    """Returns what the protocol calls model metadata."""
    height, width = model.size
    return {
        "name": model.identity.bundle,
        "versions": [model.identity.version],
        "platform": "onnx_onnxv1" if model.identity.variant.endswith(".onnx") else "tensorflow_lite",
        "inputs": [{"name": INPUT, "datatype": "UINT8", "shape": [1, height, width, 3]}],
        "outputs": [
            {"name": "scores", "datatype": "FP32", "shape": [1, len(model.labels)]},
            {"name": "label", "datatype": "BYTES", "shape": [1]},
        ],
        "parameters": {"labels": list(model.labels), **_which(model)},
    }


def response(wanted: Wanted, model: Model, prediction: Prediction) -> tuple[bytes, int | None]:
    """Returns the body, and the length of its JSON part where something binary follows."""
    scores = dict(prediction.best)
    values = np.array([scores[label] for label in model.labels], "<f4")
    label = prediction.label.encode()
    tensors: dict[str, tuple[str, list[int], list[Any], bytes]] = {
        "scores": ("FP32", [1, len(values)], [float(f"{value:.9g}") for value in values], values.tobytes()),
        "label": ("BYTES", [1], [prediction.label], struct.pack("<I", len(label)) + label),
    }
    outputs, tail = [], b""
    for name in wanted.outputs:
        datatype, shape, data, packed = tensors[name]
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
        if name in wanted.binary:
            output["parameters"] = {"binary_data_size": len(packed)}
            tail += packed
        else:
            output["data"] = data
        outputs.append(output)
    content: dict[str, Any] = {
        "model_name": model.identity.bundle,
        "model_version": model.identity.version,
        **({} if wanted.id is None else {"id": wanted.id}),
        "parameters": {"latency_seconds": round(prediction.latency, 7), **_which(model)},
        "outputs": outputs,
    }
    head = json.dumps(content, allow_nan=False).encode()
    return head + tail, len(head) if wanted.binary else None


def _which(model: Model) -> dict[str, str]:
    return {
        "digest": model.identity.digest,
        "variant": model.identity.variant,
        "runtime": model.identity.runtime,
    }
