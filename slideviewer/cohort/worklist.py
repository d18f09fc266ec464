"""Which slides of a folder are read, and which wait: one file that lies with them.

The file is a SQLite database of paths relative to it, so that it moves with its folder. Every
change is on the disk before it is shown; a program that is killed costs none.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from slideviewer.errors import SlideviewerError
from slideviewer.files import transaction

WORKLIST_NAME = "slideviewer-worklist.sqlite"
VERSION = 1

_HEAD = b"SQLite format 3\0"
_TABLES = """
CREATE TABLE slide (path TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL);
CREATE TABLE log (seq INTEGER PRIMARY KEY, path TEXT NOT NULL, state TEXT NOT NULL,
                  at TEXT NOT NULL, by TEXT NOT NULL);
"""
_WAITING = (
    "CREATE TABLE IF NOT EXISTS waiting (seq INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, "
    "model TEXT NOT NULL, name TEXT NOT NULL)"
)
"""Lists of former versions lack it, and former versions leave it alone."""


class WorklistError(SlideviewerError):
    """A worklist cannot be read or written."""


class ReadingState(StrEnum):
    """How far the work on a slide has come."""

    UNREAD = "unread"
    PREDICTED = "predicted"
    READ = "read"
    """Without the prediction; it waits to be reviewed with it."""
    IN_REVIEW = "in review"
    DONE = "done"


@dataclass(frozen=True)
class Entry:
    """A slide of the list.

    Attributes
    ----------
    path : Path
        Absolute.
    state : ReadingState
    at : str
        Since when: date and time with zone, ISO 8601; empty for one that was only added.
    by : str
        Who said so.
    """

    path: Path
    state: ReadingState
    at: str
    by: str


@dataclass(frozen=True)
class Waiting:
    """A slide that is still to be predicted.

    Attributes
    ----------
    path : Path
        Absolute.
    model : str
        Hash of the model's package.
    name : str
        What the model is called.
    """

    path: Path
    model: str
    name: str


class Worklist:
    """The list of one folder. Safe to use from several threads.

    Parameters
    ----------
    path : Path
        The list's file; made where it is missing.

    Raises
    ------
    WorklistError
        If the folder cannot be written, or the file is no worklist, damaged, or of a later
        version.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self._lock = threading.Lock()
        with self._told():
            _check_head(self.path)
            self._database = sqlite3.connect(
                self.path, timeout=5, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except (sqlite3.Error, WorklistError):
                self._database.close()
                raise

    def __enter__(self) -> Worklist:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._database.close()

    def entries(self) -> tuple[Entry, ...]:
        """All slides, by their paths."""
        with self._told(), self._lock:
            rows = self._database.execute("SELECT path, state, at, by FROM slide ORDER BY path")
            return tuple(
                Entry(self._absolute(path), ReadingState(state), at, by)
                for path, state, at, by in rows
            )

    def states(self) -> Mapping[Path, ReadingState]:
        """The state of each slide, by its absolute path."""
        return {entry.path: entry.state for entry in self.entries()}

    def add(self, slides: Iterable[Path]) -> tuple[Path, ...]:
        """Put slides on the list that are not there yet, unread.

        Returns
        -------
        tuple of Path
            Those that are left out, since their names are no text.
        """
        named = {path: self._relative(path) for path in slides}
        left_out = tuple(path for path, name in named.items() if not _is_text(name))
        rows = [(it, ReadingState.UNREAD, "", "") for it in named.values() if _is_text(it)]
        with self._told(), self._lock, transaction(self._database):
            self._database.executemany("INSERT OR IGNORE INTO slide VALUES (?, ?, ?, ?)", rows)
        return left_out

    def set_state(self, slide: Path, state: ReadingState, by: str = "") -> None:
        """Note how far a slide is; on the disk when this returns."""
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        row = (self._relative(slide), str(state), at, by)
        if not _is_text(row[0]):
            raise WorklistError(
                "has a name that is no text, and cannot be on a worklist.",
                path=slide,
                remedy="Give the file another name.",
            )
        with self._told(), self._lock, transaction(self._database):
            self._database.execute("INSERT OR REPLACE INTO slide VALUES (?, ?, ?, ?)", row)
            self._database.execute("INSERT INTO log (path, state, at, by) VALUES (?, ?, ?, ?)", row)

    def note_predicted(self, slide: Path, by: str = "", model: str | None = None) -> None:
        """A slide was predicted: an unread one is predicted from now on, and waits no more.

        Parameters
        ----------
        slide : Path
        by : str
            Who says so.
        model : str, optional
            Hash of the model's package: a slide that waits for another one waits on.
        """
        name = self._relative(slide)
        if not _is_text(name):
            return
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        state, former = str(ReadingState.PREDICTED), str(ReadingState.UNREAD)
        with self._told(), self._lock, transaction(self._database):
            done = self._database.execute(
                "UPDATE slide SET state=?, at=?, by=? WHERE path=? AND state=?",
                (state, at, by, name, former),
            )
            if done.rowcount:
                self._database.execute(
                    "INSERT INTO log (path, state, at, by) VALUES (?, ?, ?, ?)",
                    (name, state, at, by),
                )
            self._database.execute(
                "DELETE FROM waiting WHERE path=?1 AND (?2 IS NULL OR model=?2)", (name, model)
            )

    def wait_for(self, slides: Iterable[Path], model: str, name: str) -> None:
        """Note that slides are to be predicted by a model; on the disk when this returns.

        Parameters
        ----------
        slides : iterable of Path
        model : str
            Hash of the package.
        name : str
            What it is called.
        """
        rows = [(it, model, name) for it in map(self._relative, slides) if _is_text(it)]
        with self._told(), self._lock, transaction(self._database):
            self._database.executemany(
                "INSERT OR REPLACE INTO waiting (path, model, name) VALUES (?, ?, ?)", rows
            )

    def waiting(self) -> tuple[Waiting, ...]:
        """The slides that are still to be predicted, in the order in which it was asked for."""
        with self._told(), self._lock:
            rows = self._database.execute("SELECT path, model, name FROM waiting ORDER BY seq")
            return tuple(Waiting(self._absolute(path), *rest) for path, *rest in rows)

    def wait_no_more(self, slides: Iterable[Path] | None = None) -> None:
        """Forget that slides are to be predicted; all of them by default."""
        rows = [(it,) for it in map(self._relative, slides or ()) if _is_text(it)]
        with self._told(), self._lock, transaction(self._database):
            if slides is None:
                self._database.execute("DELETE FROM waiting")
            self._database.executemany("DELETE FROM waiting WHERE path=?", rows)

    def log(self) -> tuple[Entry, ...]:
        """Every change of a state, in the order of time."""
        with self._told(), self._lock:
            rows = self._database.execute("SELECT path, state, at, by FROM log ORDER BY seq")
            return tuple(
                Entry(self._absolute(path), ReadingState(state), at, by)
                for path, state, at, by in rows
            )

    def _prepare(self) -> None:
        self._database.execute("PRAGMA synchronous=FULL")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version > VERSION or (tables and version < 1):
            what = "is of a later version" if version > VERSION else "is no worklist"
            raise WorklistError(
                f"{what}.", path=self.path, remedy="Move it away to begin another list."
            )
        if not tables:
            with transaction(self._database):
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version={VERSION}")
        self._database.execute(_WAITING)

    def _relative(self, slide: Path) -> str:
        try:
            return Path(os.path.relpath(slide.absolute(), self.path.parent)).as_posix()
        except ValueError:  # it lies on another drive
            return Path(os.path.abspath(slide)).as_posix()

    def _absolute(self, path: str) -> Path:
        return Path(os.path.normpath(self.path.parent / path))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise WorklistError(
                f"The worklist cannot be used: {error}.",
                path=self.path,
                remedy="See that the folder can be written; a damaged list can be moved away.",
            ) from error


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_head(path: Path) -> None:
    """SQLite would write over a file that is shorter than its own head."""
    if path.exists():
        with path.open("rb") as stream:
            head = stream.read(len(_HEAD))
        if head and head != _HEAD:
            raise ValueError("it is no database")


def worklist_of(folder: Path) -> Path:
    """Where the worklist of a folder lies."""
    return folder / WORKLIST_NAME
