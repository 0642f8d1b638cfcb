"""TFLite Metadata: what a `.tflite` file says of itself, so that a phone's stock libraries take it as it is.

A FlatBuffer of its own inside the file, with the labels attached behind it as a ZIP archive. Written by its published
schema (tensorflow/tflite-support, metadata_schema.fbs 1.5): the generated classes come only in packages that bring
another protobuf, another OpenCV or no wheel for this Python, so the few tables that are needed are built here.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from edge_runtime.bundle.spec import ModelSpec
from export.conversion.flatbuffer import AlignedBuffer, read, write

KEY = "TFLITE_METADATA"  # of the buffer that holds it
IDENTIFIER = b"M001"
PARSER = "1.0.0"  # the oldest parser that knows all that is written here
LABELS = "labels.txt"
TIMELESS = (1980, 1, 1, 0, 0, 0)  # the earliest date that ZIP knows: the same labels give the same bytes

# By the order of their fields in the schema's tables, and of their values in its enums and unions.
AXIS_LABELS = 2  # AssociatedFileType.TENSOR_AXIS_LABELS
IMAGE_PROPERTIES = 2  # ContentProperties
RGB = 1  # ColorSpaceType
NORMALIZATION = 1  # ProcessUnitOptions


def with_metadata(content: bytes, spec: ModelSpec, name: str, version: str) -> bytes:
    """Returns a `.tflite` file with metadata, in place of older ones; what it computes stays the same.

    Args:
        content: The file.
        spec: Its labels and the size of its input.
        name: The model's.
        version: The model's.
    """
    model = read(content)
    model.metadata = model.metadata or []
    entry = next((entry for entry in model.metadata if entry.name in (KEY, KEY.encode())), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = KEY, len(model.buffers)
        model.metadata.append(entry)
        model.buffers.append(AlignedBuffer())
    held = model.buffers[entry.buffer]
    held.data = np.frombuffer(_metadata(spec, name, version), np.uint8)
    return write(model, len(content) + len(held.data)) + _attached(spec.labels)


def _attached(labels: Sequence[str]) -> bytes:
    """Returns the labels as the ZIP archive that is put behind the file; read in place, so stored."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(zipfile.ZipInfo(LABELS, TIMELESS), "".join(f"{label}\n" for label in labels))
    return archive.getvalue()


def _metadata(spec: ModelSpec, name: str, version: str) -> bytes:
    builder = flatbuffers.Builder(1024)
    height, width = spec.preprocessing.size
    geometry = {
        "stretch": "stretched to this size",
        "center_crop": "cut to this aspect ratio around the centre, then resized",
        "letterbox": "fitted into this size, the rest black",
    }[spec.preprocessing.resize]
    pixels = f"RGB, 0 to 255, upright, {geometry} ({spec.preprocessing.interpolation}, with antialiasing)"
    graph = _table(
        builder,
        _text(builder, name),
        None,
        _vector(builder, [_input(builder, pixels, width, height)]),
        _vector(builder, [_output(builder)]),
    )
    description = f"Classifies a picture as one of {len(spec.labels)} labels."
    root = _table(
        builder,
        _text(builder, name),
        _text(builder, description),
        _text(builder, version),
        _vector(builder, [graph]),
        None,
        None,
        None,
        _text(builder, PARSER),
    )
    builder.Finish(root, file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _input(builder: Any, description: str, width: int, height: int) -> int:
    size = _table(builder, _number(builder.PrependUint32Slot, width), _number(builder.PrependUint32Slot, height))
    properties = _table(builder, _number(builder.PrependInt8Slot, RGB), size)
    content = _table(builder, _number(builder.PrependUint8Slot, IMAGE_PROPERTIES), properties)
    # None: raw pixels are what the graph takes. Said all the same, because readers of float inputs insist on it.
    options = _table(builder, _floats(builder, [0.0]), _floats(builder, [1.0]))
    unit = _table(builder, _number(builder.PrependUint8Slot, NORMALIZATION), options)
    statistics = _table(builder, _floats(builder, [255.0]), _floats(builder, [0.0]))
    named, described = _text(builder, "pixels"), _text(builder, description)
    return _table(builder, named, described, None, content, _vector(builder, [unit]), statistics)


def _output(builder: Any) -> int:
    labels = _table(
        builder,
        _text(builder, LABELS),
        _text(builder, "The name of each score, a line each."),
        _number(builder.PrependInt8Slot, AXIS_LABELS),
    )
    statistics = _table(builder, _floats(builder, [1.0]), _floats(builder, [0.0]))
    named, described = _text(builder, "scores"), _text(builder, "How sure the model is of each label; they sum to one.")
    return _table(builder, named, described, None, None, None, statistics, _vector(builder, [labels]))


Field = int | Callable[[int], None] | None
"""What a table holds: where something was written, how to write a number, or nothing."""


def _table(builder: Any, *fields: Field) -> int:
    """Writes a table whose fields are given in the schema's order; returns where."""
    builder.StartObject(len(fields))
    for slot, field in enumerate(fields):
        if callable(field):
            field(slot)
        elif field is not None:
            builder.PrependUOffsetTRelativeSlot(slot, field, 0)
    return int(builder.EndObject())


def _number(prepend: Callable[[int, int, int], None], value: int) -> Callable[[int], None]:
    return lambda slot: prepend(slot, value, 0)


def _text(builder: Any, text: str) -> int:
    return int(builder.CreateString(text))


def _vector(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Any, values: Sequence[float]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.float32)))
