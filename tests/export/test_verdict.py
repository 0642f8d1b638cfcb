from dataclasses import replace

from export.conversion.recipes import select
from export.proof.gate import Gate
from export.trial import Trial
from export.verdict import judged
from tests.export.reporting.trials import reference, trials

REFERENCE = reference(10, 500)
TRIED = trials(REFERENCE, select("float32.tflite,float16.tflite,full_int8.tflite,float32.onnx,int8.onnx"))
LABELS = tuple("abcdefghij")


def test_each_format_is_compared_with_its_own_float32() -> None:
    # Latencies of the five are 100, 50, 33, 25 and 20 µs: int8.onnx is 0.8 times float32.onnx.
    found = judged(TRIED, REFERENCE, Gate(100.0, max_latency=0.5), LABELS)
    assert [trial.recipe.name for trial in found if trial.refusal] == ["float32.tflite", "float32.onnx", "int8.onnx"]
    last = found[-1]
    assert last.told is not None
    assert "latency 20 µs is 0.80 times float32's 25 µs" in last.told
    assert last.refusal is not None
    assert "µs" not in last.refusal


def test_a_refusal_names_what_passed_smallest_first_and_else_what_was_not_tried() -> None:
    found = judged(TRIED, REFERENCE, Gate(100.0, max_size=400_000), LABELS)
    assert found[0].refusal is not None
    assert "(full_int8.tflite passed)" in found[0].refusal
    alone = judged(TRIED[-1:], REFERENCE, Gate(100.0, min_agreement=1.0), LABELS)
    assert alone[0].refusal is not None
    assert alone[0].refusal.endswith("try more calibration pictures (--calibration) or another recipe (float16.onnx)")


def test_on_size_only_what_is_small_enough_is_named() -> None:
    large = [replace(TRIED[2], content=bytes(253_730))]  # full_int8.tflite; weight_int8 and dynamic_int8 are as large

    def advice(gate: Gate) -> str:
        (found,) = judged(large, REFERENCE, gate, LABELS)
        assert found.refusal is not None
        return found.refusal.partition("; try ")[2]

    assert advice(Gate(100.0, max_size=150_000)) == "another recipe (weight_int4.tflite) or a smaller model"
    assert advice(Gate(100.0, max_size=100_000)) == "a smaller model"  # int4 would be 127 kB
    assert advice(Gate(100.0, max_size=150_000, max_latency=9.0)) == "a smaller model"  # unpacking int4 takes its time
    assert advice(Gate(100.0, min_agreement=1.0, max_size=150_000)) == "a smaller model"  # int4 loses more still
    plain = judged(TRIED[:1], REFERENCE, Gate(100.0, max_size=300_000), LABELS)[0].refusal  # 1,000,000 bytes
    assert plain is not None
    assert plain.endswith(
        "another recipe (weight_int8.tflite, dynamic_int8.tflite, full_int8.tflite) or a smaller model"
    )


def test_a_label_is_called_by_its_name() -> None:
    found = judged(TRIED, REFERENCE, Gate(100.0, max_label_degradation=0.0), LABELS)
    reasons = [trial.refusal for trial in found if trial.refusal]
    assert reasons
    assert all("label '" in reason for reason in reasons)


def test_what_failed_before_keeps_its_reason() -> None:
    failed = Trial(TRIED[0].recipe, refusal="conversion failed: no")
    broken = replace(TRIED[1], refusal="the edge runtime cannot run it: no")
    assert judged([failed, broken], REFERENCE, Gate(), LABELS) == [failed, broken]
