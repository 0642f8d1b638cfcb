from export.conversion.recipes import select
from export.mixing import hurt
from export.proof.gate import Gate
from tests.export.reporting.trials import reference, trials

REFERENCE = reference(10, 500)
TRIED = trials(REFERENCE, select("float32.tflite,full_int8.tflite,int8.onnx"), noise=1.0)  # 1 MB, 500 kB, 333 kB


def test_int8_that_lost_too_much_is_mixed() -> None:
    assert hurt(TRIED, REFERENCE, Gate(0.0)) == ["full_int8.tflite", "int8.onnx"]
    assert hurt(TRIED, REFERENCE, Gate(100.0)) == []


def test_size_alone_is_no_reason_to_mix_and_speaks_against_it() -> None:
    assert hurt(TRIED, REFERENCE, Gate(100.0, max_size=1000)) == []
    assert hurt(TRIED, REFERENCE, Gate(0.0, max_size=400_000)) == ["int8.onnx"]
