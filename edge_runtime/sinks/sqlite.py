"""Results in a SQLite database: a table for each kind, a column for each fact, a bounded number of rows.

    predictions  id source path frame captured_at label score best MODEL latency_seconds age_seconds
    events       id source frame captured_at label score previous duration_seconds MODEL
    sources      id source at state reason
    rejections   id source path frame captured_at kind reason

MODEL is bundle version digest variant runtime. Columns are called and filled as in the JSON lines (times are RFC 3339
in UTC, which sort and which SQLite's date functions read); `best` is JSON. `id` counts up within a table.

The journal is a write-ahead log that is flushed when it is folded into the database, about every 1,000 pages. A
prediction costs 1.9 kB on disk, with SQLite's defaults 25 kB and three flushes; a line of JSON is 0.4 kB. Other
processes read while this one writes. A killed process loses nothing; a power cut may lose the last results, never the
database.
"""

import json
import sqlite3
import threading
from types import TracebackType
from typing import Any, Self

from edge_runtime.disk import make_directory, unwritable_file, unwritten
from edge_runtime.errors import SinkError
from edge_runtime.result import Result
from edge_runtime.sinks.choice import kind_of
from edge_runtime.sinks.places import SqliteAddress
from edge_runtime.sources import Frame

SCHEMA_VERSION = 1
APPLICATION = 0x65646765  # "edge": which program's database it is, as `file` shows it
PAGE = 1024  # bytes: each result rewrites the page it goes to; 1.9 kB a prediction on disk, with SQLite's 4096 4.9
AT_ONCE = 100  # a full table gives up a hundredth at once, and holds as much more: one by one would write 4.3 kB each
PATIENCE = 2.0  # seconds that another process may hold the database
MODEL = ("bundle TEXT", "version TEXT", "digest TEXT", "variant TEXT", "runtime TEXT")
TABLES = {
    "predictions": (
        *("source TEXT", "path TEXT", "frame INTEGER", "captured_at TEXT", "label TEXT", "score REAL", "best TEXT"),
        *MODEL,
        *("latency_seconds REAL", "age_seconds REAL"),
    ),
    "events": (
        *("source TEXT", "frame INTEGER", "captured_at TEXT", "label TEXT", "score REAL"),
        *("previous TEXT", "duration_seconds REAL"),
        *MODEL,
    ),
    "sources": ("source TEXT", "at TEXT", "state TEXT", "reason TEXT"),
    "rejections": ("source TEXT", "path TEXT", "frame INTEGER", "captured_at TEXT", "kind TEXT", "reason TEXT"),
}


class SqliteSink:
    """Writes each result in a transaction of its own.

    Args:
        place: Which database, how many rows.
    """

    vital = False
    sees_frames = False

    def __init__(self, place: SqliteAddress) -> None:
        self.address = place.shown
        self._place = place
        self._database: sqlite3.Connection | None = None
        self._lock = threading.Lock()  # a stop closes it from another thread

    def check(self) -> None:
        """Raises SinkError if it could not be written now."""
        if reason := unwritable_file(self._place.path):
            raise SinkError(f"{self.address}: cannot be written: {reason}")

    def __enter__(self) -> Self:
        try:
            make_directory(self._place.path.parent)
            # The worker's thread writes, the pipeline's opens and closes.
            database = sqlite3.connect(
                self._place.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
        except OSError as error:
            reason = unwritable_file(self._place.path)
            raise unwritten(self.address, error, reason, "results are written again") from error
        except sqlite3.Error as error:
            raise self._failed(error) from error
        try:
            self._prepare(database)
        except sqlite3.Error as error:
            database.close()
            raise self._failed(error) from error
        except BaseException:
            database.close()
            raise
        self._database = database
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._database:
                self._database.close()
                self._database = None

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._place.what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        table, plain = kind_of(result), result.to_plain()
        names = [column.partition(" ")[0] for column in TABLES[table]]
        values = [_cell(plain.get(name)) for name in names]
        places = ", ".join("?" * len(names))
        with self._lock:
            if not self._database:
                return
            try:
                with self._database:  # commits at the end, or rolls back
                    self._database.execute("BEGIN IMMEDIATE")
                    insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
                    last = self._database.execute(insert, values).lastrowid or 0
                    if last % max(1, self._place.keep // AT_ONCE) == 0:
                        self._database.execute(f"DELETE FROM {table} WHERE id <= ?", (last - self._place.keep,))
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Makes the tables, or finds them as they must be."""
        (application,), (version,) = (
            database.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION:
            raise SinkError(f"{self.address}: is another program's database; name another file")
        if tables and version != SCHEMA_VERSION:
            raise SinkError(
                f"{self.address}: has tables of version {version}, this edge runtime writes version {SCHEMA_VERSION}; "
                "move it away, and a new one is made"
            )
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state.splitlines()[-1])
        database.execute(f"PRAGMA page_size={PAGE}")  # of a new file; an old one keeps its own
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        with database:
            database.execute("BEGIN IMMEDIATE")
            for table, columns in TABLES.items():
                database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {', '.join(columns)})")
            database.execute(f"PRAGMA application_id={APPLICATION}")
            database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _failed(self, error: sqlite3.Error) -> SinkError:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            advice = "results are written again once there is room"
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            advice = "another process holds it for long"
        elif type(error) is sqlite3.DatabaseError:  # malformed, or not a database: subclasses are other troubles
            advice = "the file is damaged or no SQLite database; move it away, and a new one is made"
        elif reason := unwritable_file(self._place.path):  # SQLite says "unable to open database file", whatever it is
            return SinkError(f"{self.address}: cannot be written: {reason}")
        else:
            advice = "this user must be allowed to write the file, and into its directory"
        return SinkError(f"{self.address}: {error}; {advice}")


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
