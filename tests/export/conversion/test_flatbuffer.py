"""A `.tflite` file that was taken apart and put together again."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema

from edge_runtime.bundle.store import Bundle
from export.conversion.backend import tensorflow as tf
from export.conversion.flatbuffer import cast_in_front, read, write
from tests.export.conversion.interpreting import computed


def test_what_is_read_and_written_computes_the_same(bundle: Bundle) -> None:
    content = bundle.file("variants/float32.tflite").read_bytes()
    pixels = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 3), dtype=np.uint8)
    again = write(read(content), len(content))
    assert np.array_equal(computed(again, pixels), computed(content, pixels))
    assert write(read(again), len(again)) == again


def test_a_cast_in_front_takes_uint8_for_what_took_float32() -> None:
    module = tf.Module()
    module.halved = tf.function(
        lambda pixels: {"scores": tf.reduce_mean(pixels, axis=[1, 2]) / 2},
        input_signature=[tf.TensorSpec((1, 4, 4, 3), tf.float32, name="pixels")],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.halved.get_concrete_function()], module)
    content = converter.convert()
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    cast = cast_in_front(content)
    assert np.array_equal(computed(cast, pixels), computed(content, pixels.astype(np.float32)))
    (taken,) = Interpreter(model_content=cast).get_input_details()
    assert (taken["dtype"], tuple(taken["shape"])) == (np.uint8, (1, 4, 4, 3))
    (signature,) = Interpreter(model_content=cast).get_signature_list().values()
    assert signature["inputs"] == ["pixels"]


def test_equal_vectors_are_written_once(bundle: Bundle) -> None:
    content = bundle.file("variants/full_int8.tflite").read_bytes()
    places = zero_points(write(read(content), len(content)))
    assert len(places) > len({values for _, values in places}) == len({place for place, _ in places})


def zero_points(content: bytes) -> list[tuple[int, bytes]]:
    """Where each tensor's zero points stand in the file, and what they are."""
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    quantised = [graph.Tensors(index).Quantization() for index in range(graph.TensorsLength())]
    field = 4 + 2 * 3  # the fourth of the table, behind two numbers of the table's own
    return [
        (tensor._tab.Vector(tensor._tab.Offset(field)), tensor.ZeroPointAsNumpy().tobytes())
        for tensor in quantised
        if tensor is not None and tensor.ZeroPointLength()
    ]
