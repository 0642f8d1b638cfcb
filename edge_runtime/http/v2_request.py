"""What a request of the Open Inference Protocol asks for: bytes in, a value or a refusal out. See `v2`."""

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.console import did_you_mean
from edge_runtime.http.answers import Refusal

INPUT = "image"
OUTPUTS = ("scores", "label")
OTHER_VALUES = 1000  # in a request's JSON, beside the pixels: id, parameters, what a client adds
JSON_LENGTH = "inference-header-content-length"


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        picture: Encoded, or uint8 ``[height, width, 3]``.
        id: To be given back; None if there was none.
        outputs: Which, in this order.
        binary: Which of them as bytes behind the JSON.
    """

    picture: bytes | NDArray[np.uint8]
    id: str | None
    outputs: tuple[str, ...]
    binary: frozenset[str]


def parse(body: bytes, json_length: str | None, size: tuple[int, int]) -> Wanted:
    """Returns what a request asks for.

    Args:
        body: All of it.
        json_length: The header `JSON_LENGTH`, where there is one.
        size: Height and width of what the model sees.

    Raises:
        Refusal: 400, with what was wanted and what came.
    """
    text, rest = _parts(body, json_length)
    request = _object(_decoded(text, size), "the request")
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1:
        raise Refusal(400, "inputs: a list of one tensor is wanted")
    outputs, binary = _outputs(request)
    id = request.get("id")
    if id is not None and not isinstance(id, str):
        raise Refusal(400, f"id: text is wanted, {type(id).__name__} came")
    return Wanted(_picture(_object(inputs[0], "inputs[0]"), rest, size), id, outputs, binary)


def _parts(body: bytes, json_length: str | None) -> tuple[bytes, bytes]:
    if json_length is None:
        return body, b""
    if not (json_length.isascii() and json_length.isdigit() and len(json_length) < 12) or int(json_length) > len(body):
        raise Refusal(400, f"{JSON_LENGTH}: a number of bytes up to {len(body)} is wanted, {json_length[:40]} came")
    return body[: int(json_length)], body[int(json_length) :]


def _decoded(text: bytes, size: tuple[int, int]) -> object:
    height, width = size
    # 16 MB of "{},{}," would become 340 MB of empty objects: what no sensible request holds is counted, not parsed.
    rows = height * width + height + OTHER_VALUES
    if text.count(b",") > height * width * 3 + OTHER_VALUES or text.count(b"[") > rows or text.count(b"{") > 100:
        raise Refusal(400, f"the request holds more values than a picture of {height} × {width}")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the request is not JSON: {error}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(400, f"{where}: an object is wanted, {type(value).__name__} came")
    return value


def _parameters(holder: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    return _object(holder.get("parameters", {}), f"{where}.parameters")


def _outputs(request: Mapping[str, Any]) -> tuple[tuple[str, ...], frozenset[str]]:
    all_binary = _parameters(request, "the request").get("binary_data_output", False) is True
    asked = request.get("outputs")
    if asked is None:
        return OUTPUTS, frozenset(OUTPUTS if all_binary else ())
    if not isinstance(asked, list) or not 0 < len(asked) <= len(OUTPUTS):
        raise Refusal(400, f"outputs: a list of 1 to {len(OUTPUTS)} objects is wanted")
    binary = {}
    for place, output in enumerate(asked):
        where = f"outputs[{place}]"
        name = _object(output, where).get("name")
        if name not in OUTPUTS:
            raise Refusal(400, f"{where}.name: {_shown(name)} is not known{did_you_mean(str(name)[:40], OUTPUTS)}")
        binary[name] = _parameters(output, where).get("binary_data", all_binary) is True
    return tuple(binary), frozenset(name for name, wanted in binary.items() if wanted)


def _picture(tensor: Mapping[str, Any], rest: bytes, size: tuple[int, int]) -> bytes | NDArray[np.uint8]:
    name, datatype, shape = (tensor.get(key) for key in ("name", "datatype", "shape"))
    if name != INPUT:
        raise Refusal(400, f"inputs[0].name: {INPUT} is wanted, {_shown(name)} came")
    if not isinstance(shape, list) or not all(type(extent) is int for extent in shape):
        raise Refusal(400, f"inputs[0].shape: a list of whole numbers is wanted, {_shown(shape)} came")
    length = _parameters(tensor, "inputs[0]").get("binary_data_size")
    if length is not None and (type(length) is not int or length != len(rest)):
        raise Refusal(400, f"binary_data_size: {len(rest)} bytes follow the JSON, {_shown(length)} were announced")
    if length is None and rest:
        raise Refusal(400, f"{len(rest)} bytes follow the JSON, and inputs[0].parameters.binary_data_size is missing")
    wanted = [1, *size, 3]
    if datatype == "UINT8" and shape == wanted:
        return _pixels(tensor, rest if length is not None else None, (*size, 3))
    if datatype == "BYTES" and shape == [1]:
        return _encoded(tensor, rest if length is not None else None)
    raise Refusal(
        400,
        f"inputs[0]: UINT8 {wanted} is wanted, or BYTES [1] with an encoded picture of any size; "
        f"{_shown(datatype)} {_shown(shape)} came",
    )


def _pixels(tensor: Mapping[str, Any], packed: bytes | None, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    count = shape[0] * shape[1] * shape[2]
    if packed is not None:
        if len(packed) != count:
            raise Refusal(400, f"inputs[0]: {count} bytes are wanted, {len(packed)} came")
        return np.frombuffer(packed, np.uint8).reshape(shape)
    try:
        values = np.asarray(tensor.get("data"))
    except (ValueError, OverflowError) as error:
        raise Refusal(400, "inputs[0].data: lists of numbers of equal length are wanted") from error
    if values.dtype.kind not in "iu" or values.size != count or values.min() < 0 or values.max() > 255:
        raise Refusal(400, f"inputs[0].data: {count} whole numbers from 0 to 255 are wanted")
    return values.astype(np.uint8).reshape(shape)


def _encoded(tensor: Mapping[str, Any], packed: bytes | None) -> bytes:
    if packed is not None:
        if len(packed) < 4 or struct.unpack("<I", packed[:4])[0] != len(packed) - 4:
            raise Refusal(400, "inputs[0]: a length of 4 bytes, little-endian, and as many bytes are wanted")
        return packed[4:]
    data = tensor.get("data")
    match data:
        case [str(text)]:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise Refusal(400, f"inputs[0].data: base64 is wanted: {error}") from error
    raise Refusal(400, "inputs[0].data: a list of one text is wanted, the picture in base64")


def _shown(value: object) -> str:
    """Returns what came, short: an error is no place for a picture."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
