import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import SinkError
from edge_runtime.sinks.logfile import JsonLinesFileSink
from edge_runtime.sinks.places import JsonLinesAddress
from tests.edge_runtime.samples import in_a_process
from tests.edge_runtime.sinks.killed import lines_of, write_and_be_killed
from tests.edge_runtime.sinks.results import change, event, prediction, rejection


def sink_at(path: Path, size: int = 10 * 2**20, keep: int = 3) -> JsonLinesFileSink:
    return JsonLinesFileSink(JsonLinesAddress(f"jsonl:{path}", path, size, keep))


def numbers(*paths: Path) -> list[int]:
    return [json.loads(line)["frame"] for line in lines_of(*paths)]


def test_every_result_is_a_line_that_says_which_model_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "결과.jsonl"
    with sink_at(path) as sink:
        for result in (prediction(), event(), change(), rejection()):
            sink.take(result)
        assert len(lines_of(path)) == 4  # readable while it runs
    plain = [json.loads(line) for line in lines_of(path)]
    assert plain == [result.to_plain() for result in (prediction(), event(), change(), rejection())]
    assert "신발" in path.read_text()


def test_an_earlier_life_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for number in range(3):
        with sink_at(path) as sink:
            sink.take(prediction(number))
    assert numbers(path) == [0, 1, 2]


def test_a_bounded_number_of_bounded_files_holds_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with sink_at(path, size=4096, keep=2) as sink:
        for number in range(100):
            sink.take(prediction(number))
    files = [tmp_path / name for name in ("results.2.jsonl", "results.1.jsonl", "results.jsonl")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 4096 for file in files)
    kept = numbers(*files)
    assert kept == list(range(100 - len(kept), 100))
    assert len(kept) > 15


def test_a_line_longer_than_a_file_may_be_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with sink_at(path, size=100) as sink:
        sink.take(prediction(1))
        sink.take(prediction(2))
    assert (numbers(path), numbers(tmp_path / "results.1.jsonl")) == ([2], [1])


LINES = [json.dumps(prediction(number).to_plain()).encode() + b"\n" for number in range(3)]


@given(st.integers(0, len(b"".join(LINES))), st.sampled_from([b"", b"\0", b"\0" * 70000]))
def test_a_file_that_was_cut_off_anywhere_has_whole_lines_again(
    tmp_path_factory: pytest.TempPathFactory, length: int, zeros: bytes
) -> None:
    path = tmp_path_factory.mktemp("torn") / "results.jsonl"
    path.write_bytes(b"".join(LINES)[:length] + zeros)
    with sink_at(path) as sink:
        sink.take(prediction(9))
    whole = sum(length >= sum(map(len, LINES[: count + 1])) for count in range(3))
    # A line that lacks its end only is whole, unless zeros follow it.
    assert numbers(path)[:whole] == list(range(whole))
    assert numbers(path)[-1] == 9
    assert whole + 1 <= len(numbers(path)) <= whole + 2


def test_what_is_no_file_of_results_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk")
    with pytest.raises(SinkError, match=r"notes.txt: is there and holds no JSON lines; name another file"):
        sink_at(path).__enter__()
    assert path.read_text() == "buy milk"


def test_two_processes_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with sink_at(path), pytest.raises(SinkError, match="another process writes to it; name another file"):
        sink_at(path).__enter__()


@pytest.mark.parametrize(
    ("place", "reason"), [("", "it is a directory; "), ("file/x.jsonl", "/.*/file is a file, where a dir")]
)
def test_what_cannot_be_written_is_an_error_at_the_start(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=f"^jsonl:.*: cannot be written: {reason}"):
        sink_at(tmp_path / place).__enter__()


def test_a_device_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="jsonl:/dev/null: is no file"):
        sink_at(Path("/dev/null")).__enter__()


@pytest.mark.parametrize("removed", [True, False])
def test_a_file_that_somebody_removes_or_moves_is_made_again(tmp_path: Path, removed: bool) -> None:
    path = tmp_path / "results.jsonl"
    with sink_at(path) as sink:
        sink.take(prediction(1))
        if removed:
            path.unlink()
        else:
            path.rename(tmp_path / "moved")
        sink.take(prediction(2))
    assert numbers(path) == [2]


def test_a_full_disk_is_an_error_and_no_half_line_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    # The kernel cuts a write short at this limit, then refuses, just as a disk that fills up does.
    code = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.errors import SinkError
from edge_runtime.sinks.open import open_sink
from tests.edge_runtime.sinks.results import prediction
path = Path(sys.argv[1])
with open_sink(f"jsonl:{path}") as sink:
    sink.take(prediction(1), None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, resource.RLIM_INFINITY))
    for number in (2, 3):
        try:
            sink.take(prediction(number), None)
        except SinkError as error:
            print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    sink.take(prediction(4), None)
"""
    path = tmp_path / "results.jsonl"
    done = in_a_process(code, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"jsonl:{path}: cannot be written: File too large"] * 2
    assert numbers(path) == [1, 4]


def test_a_killed_process_leaves_whole_lines_and_all_it_has_told(tmp_path: Path) -> None:
    path, told = tmp_path / "results.jsonl", -1
    for _ in range(3):
        first = told + 1
        told = write_and_be_killed(f"jsonl:{path}?size=1M", first, first + 200)
        with sink_at(path):
            pass
        found = numbers(path)
        assert found[: told + 1] == list(range(told + 1))
        assert len(found) <= told + 2  # the one it was killed in may be there
        told = len(found) - 1


def test_another_thread_may_leave_it(tmp_path: Path) -> None:
    sink = sink_at(tmp_path / "results.jsonl")
    sink.__enter__()
    thread = threading.Thread(target=lambda: sink.take(prediction(1)))
    thread.start()
    thread.join()
    sink.__exit__(None, None, None)
    assert numbers(tmp_path / "results.jsonl") == [1]
