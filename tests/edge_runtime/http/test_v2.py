import base64
import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.http.answers import Refusal
from edge_runtime.http.v2 import metadata, response
from edge_runtime.http.v2_request import OUTPUTS, Wanted, parse
from tests.edge_runtime.http.serving import MODEL, judged
from tests.edge_runtime.samples import flat

SIZE = (2, 2)
PIXELS = list(range(12))


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "image", "datatype": "UINT8", "shape": [1, 2, 2, 3], "data": PIXELS, **changes}


def body(*inputs: object, **more: object) -> bytes:
    return json.dumps({"inputs": list(inputs), **more}).encode()


def array(picture: object) -> Any:
    assert isinstance(picture, np.ndarray)
    assert picture.dtype == np.uint8
    return picture.tolist()


NESTED = np.array(PIXELS).reshape(1, 2, 2, 3).tolist()


@pytest.mark.parametrize("data", [PIXELS, NESTED, NESTED[0]])
def test_pixels_come_flat_or_nested(data: object) -> None:
    wanted = parse(body(tensor(data=data)), None, SIZE)
    assert array(wanted.picture) == NESTED[0]
    assert (wanted.id, wanted.outputs, wanted.binary) == (None, OUTPUTS, frozenset())


def test_pixels_come_as_bytes_behind_the_json() -> None:
    head = body({**tensor(parameters={"binary_data_size": 12}), "data": None}, id="7")
    wanted = parse(head + bytes(PIXELS), str(len(head)), SIZE)
    assert array(wanted.picture) == NESTED[0]
    assert wanted.id == "7"


def test_an_encoded_picture_comes_as_base64_or_as_bytes() -> None:
    encoded = tensor(datatype="BYTES", shape=[1], data=[base64.b64encode(b"picture").decode()])
    assert parse(body(encoded), None, SIZE).picture == b"picture"
    head = body(tensor(datatype="BYTES", shape=[1], parameters={"binary_data_size": 11}))
    assert parse(head + struct.pack("<I", 7) + b"picture", str(len(head)), SIZE).picture == b"picture"


def test_outputs_can_be_chosen_and_asked_for_as_bytes() -> None:
    both = parse(body(tensor(), parameters={"binary_data_output": True}), None, SIZE)
    assert (both.outputs, both.binary) == (OUTPUTS, frozenset(OUTPUTS))
    outputs = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "scores"}]
    some = parse(body(tensor(), outputs=outputs), None, SIZE)
    assert (some.outputs, some.binary) == (("label", "scores"), frozenset({"label"}))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "an object is wanted, list came"),
        (b'{"inputs": [NaN]}', "NaN is no JSON"),
        (b"[" * 900, "not JSON"),
        (b"{}", "inputs: a list of one tensor"),
        (body(), "inputs: a list of one tensor"),
        (body(tensor(), tensor()), "inputs: a list of one tensor"),
        (body(3), r"inputs\[0\]: an object is wanted"),
        (body(tensor(name="x")), 'image is wanted, "x" came'),
        (body(tensor(shape=None)), "shape: a list of whole numbers"),
        (body(tensor(shape=[True, 2, 2, 3])), "shape: a list of whole numbers"),
        (body(tensor(shape=[1, 3, 2, 2])), r"UINT8 \[1, 2, 2, 3\] is wanted, or BYTES \[1\]"),
        (body(tensor(datatype="FP32")), '"FP32"'),
        (body(tensor(data=PIXELS[:-1])), "12 whole numbers from 0 to 255"),
        (body(tensor(data=[*PIXELS[:-1], 256])), "12 whole numbers from 0 to 255"),
        (body(tensor(data=[*PIXELS[:-1], -1])), "12 whole numbers from 0 to 255"),
        (body(tensor(data=[*PIXELS[:-1], 1.5])), "12 whole numbers from 0 to 255"),
        (body(tensor(data=[*PIXELS[:-1], 10**30])), "12 whole numbers from 0 to 255"),
        (body(tensor(data=[[1, 2], [3]])), "lists of numbers of equal length"),
        (body(tensor(data=[True] * 12)), "12 whole numbers"),
        (body(tensor(data=None)), "12 whole numbers"),
        (body(tensor(datatype="BYTES", shape=[1], data=["?"])), "base64 is wanted"),
        (body(tensor(datatype="BYTES", shape=[1], data=["é"])), "base64 is wanted"),
        (body(tensor(datatype="BYTES", shape=[1], data="YQ==")), "a list of one text"),
        (body(tensor(), id=7), "id: text is wanted"),
        (body(tensor(), outputs=[{"name": "score"}]), "did you mean 'scores'"),
        (body(tensor(), outputs=[]), "outputs: a list of 1 to 2"),
        (body(tensor(), outputs=[[]]), r"outputs\[0\]: an object is wanted"),
        (body(tensor(), parameters=3), "parameters: an object is wanted"),
        (body(tensor(parameters={"binary_data_size": 4})), "0 bytes follow the JSON, 4 were announced"),
        (b'{"a": [' + b"{}," * 200 + b"{}]}", "more values than a picture"),
        (b"[" + b"1," * 5000 + b"1]", "more values than a picture"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(sent: bytes, told: str) -> None:
    with pytest.raises(Refusal, match=told) as refused:
        parse(sent, None, SIZE)
    assert refused.value.status == 400
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("length", ["x", "-1", "", "9" * 30, "1e3", "99999", "²"])
def test_a_length_of_the_json_that_makes_no_sense_is_refused(length: str) -> None:
    with pytest.raises(Refusal, match="inference-header-content-length"):
        parse(body(tensor()), length, SIZE)


@pytest.mark.parametrize("tail", [b"", b"\x00", struct.pack("<I", 9) + b"x", struct.pack("<I", 0xFFFFFFFF)])
def test_bytes_that_do_not_hold_what_they_announce_are_refused(tail: bytes) -> None:
    head = body(tensor(datatype="BYTES", shape=[1], parameters={"binary_data_size": len(tail)}))
    with pytest.raises(Refusal, match="a length of 4 bytes"):
        parse(head + tail, str(len(head)), SIZE)


def test_bytes_behind_the_json_that_nobody_announced_are_refused() -> None:
    with pytest.raises(Refusal, match="binary_data_size is missing"):
        parse(body(tensor()) + b"x", str(len(body(tensor()))), SIZE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["name", "datatype", "shape", "data", "parameters"])
requests = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values,
        "inputs": st.lists(st.dictionaries(keys, json_values).map(lambda some: {**tensor(), **some}), max_size=2)
        | json_values,
        "outputs": json_values | st.lists(st.fixed_dictionaries({"name": st.sampled_from(OUTPUTS) | json_values})),
        "parameters": json_values,
    },
)


bodies = requests.map(lambda request: json.dumps(request).encode()) | st.binary(max_size=64)


@settings(max_examples=1000)
@given(bodies, st.none() | st.text(max_size=4))
def test_whatever_comes_is_a_request_or_a_refusal(sent: bytes, length: str | None) -> None:
    wanted = None
    with contextlib.suppress(Refusal):
        wanted = parse(sent, length, SIZE)
    if wanted and not isinstance(wanted.picture, bytes):
        assert wanted.picture.shape == (2, 2, 3)


def test_an_answer_names_the_model_and_gives_scores_in_the_labels_order() -> None:
    content, length = response(Wanted(flat(255), "42", OUTPUTS, frozenset()), MODEL, judged(flat(255)))
    told = json.loads(content)
    assert length is None
    assert (told["model_name"], told["model_version"], told["id"]) == ("lamp", "1.0", "42")
    assert told["parameters"]["digest"] == "0123456789ab"
    assert told["outputs"] == [
        {"name": "scores", "datatype": "FP32", "shape": [1, 2], "data": [0.0, 1.0]},
        {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["bright"]},
    ]


def test_an_answer_in_bytes_can_be_taken_apart() -> None:
    wanted = Wanted(flat(51), None, ("label", "scores"), frozenset(OUTPUTS))
    content, length = response(wanted, MODEL, judged(flat(51)))
    assert length is not None
    label, scores = json.loads(content[:length])["outputs"]
    tail = content[length:]
    assert (label["parameters"], scores["parameters"]) == ({"binary_data_size": 8}, {"binary_data_size": 8})
    assert "id" not in json.loads(content[:length])
    assert tail[:8] == struct.pack("<I", 4) + b"dark"
    assert np.frombuffer(tail[8:], "<f4") == pytest.approx([0.8, 0.2])


def test_metadata_says_what_is_wanted_and_given() -> None:
    told = metadata(MODEL)
    assert told["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [1, 2, 2, 3]}]
    assert [output["shape"] for output in told["outputs"]] == [[1, 2], [1]]
    assert told["parameters"]["labels"] == ["dark", "bright"]
    assert told["platform"] == "tensorflow_lite"
