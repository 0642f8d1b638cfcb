import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import SinkError
from edge_runtime.result import Result
from edge_runtime.sinks.choice import KINDS, kind_of
from edge_runtime.sinks.places import SqliteAddress
from edge_runtime.sinks.sqlite import TABLES, SqliteSink
from tests.edge_runtime.samples import in_a_process
from tests.edge_runtime.sinks.killed import write_and_be_killed
from tests.edge_runtime.sinks.results import change, event, prediction, rejection


def sink_at(path: Path, keep: int = 1000) -> SqliteSink:
    return SqliteSink(SqliteAddress(f"sqlite:{path}", path, keep))


def asked(path: Path, question: str) -> list[tuple[Any, ...]]:
    """What another program gets for an answer."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


@pytest.mark.parametrize("result", [prediction(), event(), change(), rejection()], ids=KINDS)
def test_each_kind_has_a_table_with_a_column_for_each_fact(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "new" / "results.db"
    table = kind_of(result)
    with sink_at(path) as sink:
        sink.take(result)
    names = [column.split()[0] for column in TABLES[table]]
    ((number, *values),) = asked(path, f"SELECT id, {', '.join(names)} FROM {table}")
    found = dict(zip(names, values, strict=True))
    if "best" in found:
        found["best"] = json.loads(found["best"])
    plain = {"path": None, **result.to_plain()} if "path" in names else result.to_plain()
    assert found | {"type": plain["type"]} == plain
    assert number == 1


def test_sqlite_understands_the_times(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path) as sink:
        sink.take(prediction(0))
    assert asked(path, "SELECT strftime('%Y %H:%M', captured_at), unixepoch(captured_at) FROM predictions") == [
        ("2026 22:03", 1795298580)
    ]


def test_each_table_keeps_its_newest_rows(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path, keep=10) as sink:
        sink.take(event(1))
        for number in range(50):
            sink.take(prediction(number))
    assert asked(path, "SELECT min(frame), max(frame), count(*) FROM predictions") == [(40, 49, 10)]
    assert asked(path, "SELECT frame FROM events") == [(1,)]  # a flood of predictions does not push it out


def test_the_file_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    sizes = []
    with sink_at(path, keep=50) as sink:
        for number in range(3000):
            sink.take(prediction(number))
            if number in (1000, 2999):
                sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
    assert sizes[1] <= 1.1 * sizes[0]


def test_another_process_reads_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path) as sink:
        for number in range(5):
            sink.take(prediction(number))
            assert asked(path, "SELECT max(frame) FROM predictions") == [(number,)]


def test_an_open_reader_does_not_hold_it_up(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path) as sink:
        sink.take(prediction(0))
        with closing(sqlite3.connect(path)) as reader:
            cursor = reader.execute("SELECT frame FROM predictions")
            sink.take(prediction(1))
            assert cursor.fetchall() == [(0,)]


def test_a_writer_that_does_not_let_go_is_an_error_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path) as sink:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(SinkError, match="database is locked; another process holds it for long"):
                sink.take(prediction(0))
            other.execute("ROLLBACK")
        sink.take(prediction(1))
    assert asked(path, "SELECT frame FROM predictions") == [(1,)]


def test_an_earlier_life_is_gone_on_with_from_another_thread(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    for number in range(3):
        sink = sink_at(path)
        sink.__enter__()
        thread = threading.Thread(target=sink.take, args=(prediction(number), None))
        thread.start()
        thread.join()
        sink.__exit__(None, None, None)
    assert asked(path, "SELECT id, frame FROM predictions") == [(1, 0), (2, 1), (3, 2)]


def test_a_damaged_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path) as sink:
        for number in range(200):
            sink.take(prediction(number))
    content = bytearray(path.read_bytes())
    content[20000:28000] = b"\xff" * 8000
    path.write_bytes(content)
    with pytest.raises(SinkError, match=r"sqlite:.*results.db: .*; the file is damaged .*; move it away, and"):
        sink_at(path).__enter__()
    assert path.read_bytes() == content


def test_what_is_no_database_is_an_error_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk, " * 100)
    with pytest.raises(SinkError, match="file is not a database; the file is damaged or no SQLite database"):
        sink_at(path).__enter__()
    assert path.read_text() == "buy milk, " * 100


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE photos (id)")
    with pytest.raises(SinkError, match="is another program's database; name another file"):
        sink_at(path).__enter__()


def test_another_version_of_the_tables_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with sink_at(path):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=7")
    with pytest.raises(SinkError, match="has tables of version 7, this edge runtime writes version 1; move it away"):
        sink_at(path).__enter__()


def test_where_no_file_can_be_made_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"cannot be written: /.*/file is a file, where a directory is wanted"):
        sink_at(tmp_path / "file" / "results.db").__enter__()
    with pytest.raises(SinkError, match="cannot be written: it is a directory; name a file in it"):
        sink_at(tmp_path).__enter__()


def test_a_full_disk_is_an_error_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from edge_runtime.errors import SinkError
from edge_runtime.sinks.open import open_sink
from tests.edge_runtime.sinks.results import prediction
path = Path(sys.argv[1])
with open_sink(f"sqlite:{path}") as sink:
    sink.take(prediction(1), None)
    wal = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 100, resource.RLIM_INFINITY))
    for number in (2, 3):
        try:
            sink.take(prediction(number), None)
        except SinkError as error:
            print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    sink.take(prediction(4), None)
"""
    path = tmp_path / "results.db"
    done = in_a_process(code, path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert asked(path, "SELECT frame FROM predictions") == [(1,), (4,)]


def test_a_killed_process_leaves_all_it_has_told(tmp_path: Path) -> None:
    path, told = tmp_path / "results.db", -1
    for _ in range(3):
        first = told + 1
        told = write_and_be_killed(f"sqlite:{path}", first, first + 200)
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in tmp_path.glob("results.db*"):  # as after a reboot: nobody has it open, the log is not folded in
            shutil.copy(file, copy)
        with sink_at(copy / "results.db"):
            (count, last) = asked(copy / "results.db", "SELECT count(*), max(frame) FROM predictions")[0]
        shutil.rmtree(copy)
        assert count == last + 1
        assert told <= last <= told + 1
        told = last
