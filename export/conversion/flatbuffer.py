"""A `.tflite` file as objects that can be changed, and back: schema.fbs, version 3, as TensorFlow generates it."""

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

FILE_IDENTIFIER = b"TFL3"
ALIGNMENT = 16  # bytes, of a tensor's data: schema.fbs demands it, TensorFlow's own writer gives 4


class AlignedBuffer(schema.BufferT):
    """Bytes of a tensor or of metadata, written where the schema wants them."""

    def Pack(self, builder: Any) -> int:
        data = None
        if self.data is not None:
            count = len(self.data)
            builder.StartVector(1, count, ALIGNMENT)
            builder.head -= count
            builder.Bytes[builder.head : builder.head + count] = bytes(self.data)
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        schema.BufferAddOffset(builder, self.offset)
        schema.BufferAddSize(builder, self.size)
        return int(schema.BufferEnd(builder))


class SharingBuilder(flatbuffers.Builder):
    """Writes equal vectors of numbers once: shapes, scales, and above all the zero points.

    Weights quantised by channel have a zero point of eight bytes for each, all of them nought: 5.7 of the 97 kB of a
    ResNet with 78,000 weights. Readers follow an offset, and need not know who else does.
    """

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._written:
            self._written[key] = int(super().CreateNumpyVector(x))
        return self._written[key]


def read(content: bytes) -> Any:
    """Returns the file as a `schema.ModelT`, with all of it inside."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        buffer.__class__ = AlignedBuffer
        if buffer.offset > 1:  # behind the flatbuffer, as ai-edge-quantizer writes larger files; 0 and 1 mean nowhere
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def write(model: Any, room: int) -> bytes:
    """Returns the file.

    Args:
        model: From `read`.
        room: About how many bytes it takes; a wrong guess costs time alone.
    """
    builder = SharingBuilder(room)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


def cast_in_front(content: bytes) -> bytes:
    """Returns a file that takes uint8 where `content` takes float32, and computes the same: a CAST is put in front.

    For what the converter refuses to make from a graph that begins with a cast ("CAST not supported").
    """
    model = read(content)
    (graph,) = model.subgraphs
    (taken,) = graph.inputs
    pixels = schema.TensorT()
    pixels.name, pixels.type, pixels.buffer = b"pixels", schema.TensorType.UINT8, 0  # buffer 0 is the empty one
    pixels.shape, pixels.hasRank = graph.tensors[taken].shape, True
    graph.tensors.append(pixels)
    graph.inputs = [len(graph.tensors) - 1]

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CAST
    code.version = 1
    model.operatorCodes.append(code)
    cast = schema.OperatorT()
    cast.opcodeIndex = len(model.operatorCodes) - 1
    cast.inputs, cast.outputs = graph.inputs, [taken]
    cast.builtinOptionsType, cast.builtinOptions = schema.BuiltinOptions.CastOptions, schema.CastOptionsT()
    cast.builtinOptions.inDataType = schema.TensorType.UINT8
    cast.builtinOptions.outDataType = schema.TensorType.FLOAT32
    graph.operators.insert(0, cast)

    for signature in model.signatureDefs or []:
        for entry in signature.inputs:
            if entry.tensorIndex == taken:
                entry.tensorIndex = graph.inputs[0]
    return write(model, len(content) + 1024)
