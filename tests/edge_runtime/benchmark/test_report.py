import json
from dataclasses import replace

from edge_runtime.benchmark.figures import Taken
from edge_runtime.benchmark.report import as_json, as_table
from edge_runtime.device.machine import this_machine
from tests.edge_runtime.benchmark.samples import CASE, measured


def test_the_table_has_a_line_for_each_case_with_its_ratio_to_the_first() -> None:
    slower = measured(replace(CASE, variant="float16.tflite"), milliseconds=6)
    header, first, second, *_ = as_table([measured(), slower]).splitlines()
    assert header.split()[-1] == "ratio"
    assert first.split()[0] == "float32.tflite"
    assert first.split()[-1] == "1.00"
    assert second.split()[-1] == "1.50"
    assert "6.00" in second.split()


def test_of_two_bundles_of_one_name_each_line_says_which() -> None:
    lines = as_table([measured(replace(CASE, mark="new")), measured(replace(CASE, mark="old"))]).splitlines()
    assert lines[1].startswith("new float32.tflite ")
    assert lines[2].startswith("old float32.tflite ")


def test_what_could_not_be_measured_is_told_with_its_reason() -> None:
    failed = Taken(replace(CASE, variant="int4.tflite"), failure="cannot run it: no such operator")
    text = as_table([measured(), failed])
    assert "not measured: int4.tflite, ai-edge-litert, 1 thread: cannot run it: no such operator" in text
    assert "not measured" in as_table([failed])


def test_heat_and_what_holds_the_processor_back_are_told_where_they_are_known() -> None:
    hot = measured()
    hot.temperature, hot.throttled, hot.joules = 81.4, "too hot", 0.0123
    text = as_table([hot])
    assert "processor: 81 °C at most" in text
    assert "HELD BACK: too hot" in text
    assert "float32.tflite 12.3 mJ" in text
    assert "no temperature is told here" in as_table([measured()])


def test_json_holds_seconds_and_bytes() -> None:
    found = json.loads(as_json([measured(), Taken(CASE, failure="gone")], this_machine(), "a.jpg"))
    first, second = found["cases"]
    assert found["schema_version"] == 1
    assert first["total_seconds"]["p50"] == 0.004
    assert first["resident_bytes"] == 41_000_000
    assert first["queries"] == 10
    assert second["failure"] == "gone"
    assert found["machine"]["cpus"] >= 1
