"""What a `.tflite` file says of itself; `test_mediapipe.py` reads it with the library it is written for."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from edge_runtime.bundle.store import Bundle
from export.conversion.flatbuffer import ALIGNMENT
from export.conversion.recipes import RECIPES
from export.conversion.tflite_metadata import KEY, with_metadata
from tests.export.conversion.interpreting import computed

TFLITE = [recipe.name for recipe in RECIPES if recipe.format == "tflite"]


def content_of(bundle: Bundle, name: str) -> bytes:
    return bundle.file(f"variants/{name}").read_bytes()


@pytest.mark.parametrize("name", TFLITE)
def test_exported_files_carry_their_labels_where_phones_look_for_them(bundle: Bundle, name: str) -> None:
    content = content_of(bundle, name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (labels,) = archive.infolist()
        assert labels.compress_type == zipfile.ZIP_STORED, "MediaPipe reads it in place"
        assert archive.read(labels).decode().splitlines() == list(bundle.manifest.spec.labels)
    model = schema.Model.GetRootAs(content, 0)
    entries = [model.Metadata(index) for index in range(model.MetadataLength())]
    (held,) = [entry.Buffer() for entry in entries if entry.Name() == KEY.encode()]
    metadata = bytes(model.Buffers(held).DataAsNumpy())
    assert metadata[4:8] == b"M001"
    assert bundle.manifest.name.encode() in metadata
    assert bundle.manifest.version.encode() in metadata


@pytest.mark.parametrize("name", TFLITE)
def test_metadata_changes_no_score_and_is_replaced_by_newer(bundle: Bundle, name: str) -> None:
    content, spec = content_of(bundle, name), bundle.manifest.spec
    pixels = np.random.default_rng(0).integers(0, 256, (1, *spec.preprocessing.size, 3), dtype=np.uint8)
    renamed = with_metadata(content, replace(spec, labels=tuple(reversed(spec.labels))), "other", "2.0")
    assert np.array_equal(computed(content, pixels), computed(renamed, pixels))
    with zipfile.ZipFile(io.BytesIO(renamed)) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(reversed(spec.labels))
    model = schema.Model.GetRootAs(renamed, 0)
    names = [model.Metadata(index).Name() for index in range(model.MetadataLength())]
    assert names.count(KEY.encode()) == 1
    assert len(renamed) < len(content) + 64, "what was replaced is still in the file"


def test_tensors_lie_where_the_schema_wants_them(bundle: Bundle) -> None:
    model = schema.Model.GetRootAs(content_of(bundle, "float32.tflite"), 0)
    held = [model.Buffers(index) for index in range(model.BuffersLength())]
    places = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in held if buffer.DataLength()]
    assert places
    assert {place % ALIGNMENT for place in places} == {0}
