"""Letters in a file: the part of an outbox that outlives its process.

A SQLite database, because what it must do is hard to do by hand: add at the end, take out anywhere, be killed at any
moment. It exists only while something is in it.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_runtime.console import say
from edge_runtime.disk import make_directory, unwritable_file, unwritten
from edge_runtime.errors import SinkError

SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting
    (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, body TEXT NOT NULL, lasting INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS fleeting ON waiting (number) WHERE NOT lasting;
"""
DAMAGED = ".damaged"
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Letter:
    """Something to be told.

    Attributes:
        number: Counts up; the order in which they are told.
        topic: For receivers that have several.
        body: What is told, as it was when it happened.
        lasting: Whether others make room for it.
    """

    number: int
    topic: str
    body: str
    lasting: bool

    @property
    def size(self) -> int:
        """Bytes that count."""
        return len(self.body.encode())


class Shelf:
    """Opened when it is made. Not safe between threads, but may go from one to another.

    Args:
        path: The file.

    Attributes:
        count: How many letters are in it.
        size: Bytes of them.
        last: The highest number in it, or 0.

    Raises:
        SinkError: By all methods: the file cannot be used; what was in it is as it was.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            make_directory(path.parent)
            self._database = self._opened()
        except OSError as error:
            raise unwritten(str(path), error, unwritable_file(path), "results wait there again") from error
        except sqlite3.Error as error:
            if type(error) is not sqlite3.DatabaseError:  # subclasses: locked, full, not to be written
                raise self._failed(error) from error
            # A device must not be silent for ever because a power cut has damaged what it had still to say.
            aside = path.with_name(path.name + DAMAGED)
            say(f"edge-runtime: {path}: is damaged ({error}) and put aside as {aside.name}; what waited in it is lost")
            os.replace(path, aside)
            for rest in ("-wal", "-journal"):
                path.with_name(path.name + rest).unlink(missing_ok=True)
            self._database = self._tried(self._opened)

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")  # another process would tell the same things
            database.execute("PRAGMA page_size=1024")  # each letter rewrites the page it goes to
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(SCHEMA)
            (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise sqlite3.DatabaseError(state.splitlines()[-1])
            question = "SELECT count(*), total(length(CAST(body AS BLOB))), ifnull(max(number), 0) FROM waiting"
            self.count, size, self.last = database.execute(question).fetchone()
            self.size = int(size)
        except BaseException:
            database.close()
            raise
        return database

    def add(self, letters: Sequence[Letter]) -> None:
        """Puts letters behind the others, all of them or none."""
        rows = [(letter.number, letter.topic, letter.body, letter.lasting) for letter in letters]

        def insert() -> None:
            with self._database:
                self._database.execute("BEGIN")
                self._database.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?)", rows)

        self._tried(insert)
        self.count += len(letters)
        self.size += sum(letter.size for letter in letters)
        self.last = max(self.last, *(letter.number for letter in letters))

    def first(self, count: int) -> list[Letter]:
        """Returns the first letters."""
        return self._found("SELECT * FROM waiting ORDER BY number LIMIT ?", count)

    def oldest(self, lasting: bool, after: int = 0) -> Letter | None:
        """Returns the first letter behind number `after` that does, or does not, last."""
        condition = "lasting" if lasting else "NOT lasting"  # as the index has it
        question = f"SELECT * FROM waiting WHERE {condition} AND number > ? ORDER BY number LIMIT 1"
        found = self._found(question, after)
        return found[0] if found else None

    def remove(self, letters: Sequence[Letter]) -> None:
        """Takes letters out, all of them or none; those that are not in it do not matter."""

        def delete() -> list[Letter]:
            with self._database:
                self._database.execute("BEGIN")
                statement = "DELETE FROM waiting WHERE number = ?"
                return [letter for letter in letters if self._database.execute(statement, (letter.number,)).rowcount]

        gone = self._tried(delete)
        self.count -= len(gone)
        self.size -= sum(letter.size for letter in gone)

    def close(self) -> None:
        """Leaves the file; removes it when it is empty."""
        self._database.close()
        if not self.count:
            self._path.unlink(missing_ok=True)

    def _found(self, question: str, value: int) -> list[Letter]:
        rows = self._tried(lambda: self._database.execute(question, (value,)).fetchall())
        return [Letter(number, topic, body, bool(lasting)) for number, topic, body, lasting in rows]

    def _tried(self, work: Callable[[], Answer]) -> Answer:
        try:
            return work()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> SinkError:
        locked = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if locked:
            return SinkError(f"{self._path}: {error}; another process uses it; name another file for each")
        reason = unwritable_file(self._path) or error  # SQLite's is "unable to open database file", whatever it is
        return SinkError(f"{self._path}: cannot be written: {reason}; results wait in memory meanwhile")
