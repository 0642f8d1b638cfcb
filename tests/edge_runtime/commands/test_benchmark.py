import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.commands.benchmark import cases_of, told_apart
from edge_runtime.commands.numbers import duration
from edge_runtime.errors import VariantError
from tests.edge_runtime.samples import DEADLINE, eventually, save
from tests.support import ROOT, python

SHORT = ("--seconds", 0, "--queries", 5)


def benchmark(bundle: Bundle, *arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "benchmark", bundle.directory, *arguments)


def test_variants_are_measured_side_by_side_and_told_as_table_json_and_picture(bundle: Bundle, tmp_path: Path) -> None:
    chosen = ("--variant", "full_int8", "--variant", "int8.onnx", "--threads", 1)
    told = ("--json", tmp_path / "new" / "speed.json", "--svg", tmp_path / "speed.svg")
    done = benchmark(bundle, *SHORT, *chosen, *told)
    assert done.returncode == 0, done.stderr
    title, _, first, second, *_ = done.stdout.splitlines()
    assert title.startswith(f"{bundle.title} on ")
    assert [first.split()[0], second.split()[0]] == ["full_int8.tflite", "int8.onnx"]
    found = json.loads((tmp_path / "new" / "speed.json").read_text())
    assert [case["variant"] for case in found["cases"]] == ["full_int8.tflite", "int8.onnx"]
    assert all(case["queries"] >= 5 and case["pipelined_pictures_per_second"] > 0 for case in found["cases"])
    assert (tmp_path / "speed.svg").read_text().startswith("<svg ")


def test_two_bundles_are_measured_beside_each_other_with_pictures_of_the_users(bundle: Bundle, tmp_path: Path) -> None:
    picture = save(tmp_path / "a.jpg", size=(64, 48))
    chosen = ("--variant", "full_int8", "--threads", 1, "--pictures", picture)
    done = benchmark(bundle, *SHORT, "--compare", bundle.directory, *chosen)
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if "ai-edge-litert 2" in line]) == 2
    assert f"{bundle.directory.name} 1: {bundle.title}; {bundle.directory.name} 2: {bundle.title} on " in done.stdout


def test_in_a_log_it_says_what_it_will_do_what_it_does_and_how_long_it_took(bundle: Bundle) -> None:
    done = benchmark(bundle, *SHORT, "--variant", "full_int8", "--threads", 1)
    first, *during, last = done.stderr.splitlines()
    assert first == "edge-runtime: measuring 1 case in turns, 5 queries of each at least"
    assert during[0].startswith("edge-runtime: full_int8.tflite, ai-edge-litert, 1 thread: loaded in ")
    assert "queries, median " in during[1]
    assert last.startswith("edge-runtime: 1 of 1 took ")


@pytest.mark.parametrize("flag", ["--json", "--svg"])
def test_a_place_that_cannot_be_written_is_told_before_minutes_of_measuring(
    flag: str, bundle: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "speed", tmp_path / "a" / "b" / "speed"):
        done = benchmark(bundle, flag, place)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{place}: cannot be written: " in done.stderr
        assert "measuring" not in done.stderr
    assert not (tmp_path / "a").exists()
    done = benchmark(bundle, "--sustain", "1s", flag, tmp_path / "speed")
    assert done.returncode == 2
    assert "--sustain tells a line a minute and writes neither --json nor --svg" in done.stderr


@pytest.mark.parametrize(
    ("places", "ends"),
    [
        (["a/new"], [""]),
        (["a/new", "a/old"], ["new", "old"]),
        (["a/parts", "b/parts"], ["a/parts", "b/parts"]),
        (["parts", "parts"], ["parts 1", "parts 2"]),
    ],
)
def test_two_bundles_are_told_apart_by_the_shortest_end_of_their_paths(places: list[str], ends: list[str]) -> None:
    assert told_apart([Path(place) for place in places]) == ends


def test_ctrl_c_ends_it_with_what_was_measured(bundle: Bundle, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_runtime", "benchmark", bundle.directory, "--variant", "full_int8"]
    log = tmp_path / "log"
    watch = ("--json", tmp_path / "speed.json")
    with log.open("w") as out, subprocess.Popen([*map(str, (*command, *watch))], cwd=ROOT, stdout=out) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        eventually(lambda: len(children.read_text().split()) == 2, "two workers")
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) in (0, 1)  # 1 where no case had its first turn yet
    assert "full_int8.tflite" in log.read_text() or "temperature" in log.read_text()


def test_sustained_judging_of_less_than_a_minute_is_told_in_seconds(bundle: Bundle) -> None:
    done = benchmark(bundle, "--sustain", "1s", "--variant", "full_int8", "--threads", 1)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{bundle.title} full_int8.tflite, ai-edge-litert, 1 thread, 1 s")
    assert second.startswith("1 s       : ")
    assert "(1.00 of the first)" in second


def test_the_same_variant_of_two_bundles_and_each_number_of_threads_is_a_case(bundle: Bundle) -> None:
    cases = cases_of([bundle, bundle], ["float32.onnx", "full_int8"], [1, 2], every=True)
    assert [(case.variant, case.threads) for case in cases] == [
        ("float32.onnx", 1), ("float32.onnx", 1), ("float32.onnx", 2), ("float32.onnx", 2),
        ("full_int8.tflite", 1), ("full_int8.tflite", 1), ("full_int8.tflite", 2), ("full_int8.tflite", 2),
    ]  # fmt: skip
    assert {case.package for case in cases} == {"ai-edge-litert", "onnxruntime"}
    assert len(cases_of([bundle], [], [1], every=False)) == len(bundle.manifest.variants)
    with pytest.raises(VariantError, match="did you mean"):
        cases_of([bundle], ["ful_int8"], [1], every=False)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("0.5h", 1800)])
def test_a_time_is_typed_with_its_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "arguments", [["--sustain", "0"], ["--sustain", "soon"], ["--queries", "0"], ["--seconds", "-1"]]
)
def test_what_is_typed_wrongly_is_exit_2(arguments: list[str], bundle: Bundle) -> None:
    assert benchmark(bundle, *arguments).returncode == 2
