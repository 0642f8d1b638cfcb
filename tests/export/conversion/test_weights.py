"""Weights in few bits: what is in the files, and what older interpreters are told."""

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from edge_runtime.bundle.store import Bundle
from export.conversion.backend import tensorflow as tf
from export.conversion.weights import LEAST, VERSIONS, with_quantised
from tests.export.conversion.interpreting import computed


@pytest.mark.parametrize(("bits", "kind"), [(8, schema.TensorType.INT8), (4, schema.TensorType.INT4)])
def test_large_weights_are_integers_and_all_else_is_float(bits: int, kind: int, bundle: Bundle) -> None:
    content = with_quantised(bundle.file("variants/float32.tflite").read_bytes(), bits)
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    quantised = [tensor for tensor in tensors if tensor.Type() == kind]
    assert quantised
    for tensor in quantised:
        assert np.prod(tensor.ShapeAsNumpy()) >= LEAST
        assert tensor.Quantization().ScaleLength() > 1, "a scale for each channel"
    whole = [t for t in tensors if t.Type() == schema.TensorType.FLOAT32 and model.Buffers(t.Buffer()).DataLength()]
    assert all(np.prod(tensor.ShapeAsNumpy()) < LEAST for tensor in whole)
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    (code,) = [code for code in codes if code.BuiltinCode() == schema.BuiltinOperator.DEQUANTIZE]
    assert code.Version() == VERSIONS[bits]


def test_the_same_file_gives_the_same_bytes(bundle: Bundle) -> None:
    content = bundle.file("variants/float32.tflite").read_bytes()
    for bits in VERSIONS:
        assert with_quantised(content, bits) == with_quantised(content, bits)


def test_a_large_file_is_whole_in_itself() -> None:
    """From some megabytes on the quantizer writes weights behind the flatbuffer, where rewriting would lose them."""
    module = tf.Module()
    module.kernel = tf.Variable(tf.random.stateless_normal((1024, 2048), (1, 2)))
    module.product = tf.function(
        lambda x: {"y": tf.matmul(x, module.kernel)}, input_signature=[tf.TensorSpec((1, 1024), tf.float32)]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.product.get_concrete_function()], module)
    content = converter.convert()
    assert len(content) > 8e6
    quantised = with_quantised(content, 8)
    assert len(content) / 5 < len(quantised) < len(content) / 3
    given = np.random.default_rng(0).normal(size=(1, 1024)).astype(np.float32)
    exact, near = (computed(file, given) for file in (content, quantised))
    assert np.abs(near - exact).max() < 0.05 * np.abs(exact).max()


def test_fewer_bits_change_the_scores_more(bundle: Bundle) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 3), dtype=np.uint8)
    scores = {
        name: computed(bundle.file(f"variants/{name}.tflite").read_bytes(), pixels)
        for name in ("float32", "weight_int8", "weight_int4")
    }
    off = {name: np.abs(found - scores["float32"]).max() for name, found in scores.items()}
    assert 0 < off["weight_int8"] < off["weight_int4"]
