"""Where each edit is on disk before it is shown.

A journal is a SQLite file of one document while it is edited: the set of annotations that the
edits begin from, and the edits. It is written ahead (WAL) and each edit is flushed to the disk, so
that neither a killed program nor a power cut costs one. While it is open it is locked, so another
program knows that it is in use; the lock ends with the program, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from slideviewer.annotations.journal.step import Step, whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes
from slideviewer.annotations.model import AnnotationSet
from slideviewer.errors import AnnotationError
from slideviewer.files import transaction

SUFFIX = ".journal"

_AT_ONCE = 20_000
"""Annotations and vertices up to which a first set is written with the first edit; a larger one
would hold it up."""

_TABLES = """
CREATE TABLE about (told TEXT NOT NULL);
CREATE TABLE origin (ids TEXT NOT NULL);
CREATE TABLE base (seq INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE step (seq INTEGER PRIMARY KEY, at REAL NOT NULL, data BLOB NOT NULL);
"""


class JournalError(AnnotationError):
    """A journal cannot be written or read."""


@dataclass(frozen=True)
class About:
    """Whose journal it is.

    Attributes
    ----------
    path : str or None
        The annotation file that the edits begin from.
    stamp : tuple of int, or None
        That file's bytes and time of change, in nanoseconds, when it was read.
    slide : str or None
        The slide that it was open with.
    """

    path: str | None = None
    stamp: tuple[int, int] | None = None
    slide: str | None = None


class Journal:
    """The journal of one document, being written. Safe to use from several threads.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    about : About
    origin : AnnotationSet
        What the edits begin from. A large one is not written at once: call `keep`.
    edits : int
        How many led to it, in a journal that was left over.

    Raises
    ------
    JournalError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, about: About, origin: AnnotationSet, edits: int = 0) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.path = folder / f"{stamp}-{uuid.uuid4().hex[:8]}{SUFFIX}"
        self._lock = threading.Lock()
        self._seq = edits
        self._step_bytes = 0
        with self._told():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # nobody else's to see
            try:
                self._database = connect(self.path)
            except sqlite3.Error:
                remove(self.path)  # empty, and each edit would leave another one
                raise
        try:
            self._begin(about, origin)
        except JournalError:
            self.discard()
            raise

    @property
    def seq(self) -> int:
        """The number of the last edit, from 1."""
        return self._seq

    @property
    def step_bytes(self) -> int:
        """What the edits take on disk since the last whole set."""
        return self._step_bytes

    def append(self, step: Step) -> None:
        """Write an edit; when this returns, it is on the disk.

        Raises
        ------
        JournalError
            The disk is full or gone.
        """
        data = as_bytes(step)
        with self._told(), self._lock:
            with transaction(self._database):
                row = (self._seq + 1, time.time(), data)
                self._database.execute("INSERT INTO step VALUES (?, ?, ?)", row)
            self._seq += 1
            self._step_bytes += len(data)

    def keep(self, annotations: AnnotationSet, seq: int) -> None:
        """Write a whole set, and forget the edits that led to it.

        Parameters
        ----------
        annotations : AnnotationSet
        seq : int
            The number of the last edit in it.

        Raises
        ------
        JournalError
        """
        data = as_bytes(whole_step("", annotations))
        with self._told(), self._lock:
            with transaction(self._database):
                self._put(data, seq)
                (left,) = self._database.execute(
                    "SELECT coalesce(sum(length(data)), 0) FROM step"
                ).fetchone()
            self.has_base, self._step_bytes = True, left

    def close(self) -> None:
        """Leave the journal on disk for the next start."""
        with self._lock:
            self._database.close()

    def discard(self) -> None:
        """Delete the journal: all is saved, or the user wants none of it."""
        self.close()
        remove(self.path)

    def _begin(self, about: About, origin: AnnotationSet) -> None:
        self.has_base = _size(origin) <= _AT_ONCE
        with self._told(), self._lock, transaction(self._database):
            for statement in _TABLES.split(";"):
                self._database.execute(statement)
            self._database.execute("INSERT INTO about VALUES (?)", [json.dumps(asdict(about))])
            ids = json.dumps(list(origin.annotations))
            self._database.execute("INSERT INTO origin VALUES (?)", [ids])
            if self.has_base:
                self._put(as_bytes(whole_step("", origin)), self._seq)

    def _put(self, data: bytes, seq: int) -> None:
        later = self._database.execute("SELECT 1 FROM base WHERE seq > ?", (seq,)).fetchone()
        if later is not None:  # another thread was quicker, and has forgotten more edits
            return
        self._database.execute("DELETE FROM base")
        self._database.execute("INSERT INTO base VALUES (?, ?)", (seq, data))
        self._database.execute("DELETE FROM step WHERE seq <= ?", (seq,))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"what you edit cannot be kept against a crash: {error}.",
                path=self.path.parent,
                remedy="Make room on the disk, and save often until then.",
            ) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal's file for this program alone.

    Raises
    ------
    sqlite3.OperationalError
        Another program has it open, or the folder is gone.
    sqlite3.DatabaseError
        It is damaged.
    """
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("BEGIN IMMEDIATE")  # takes the lock now, not with the first edit
        database.execute("COMMIT")
    except sqlite3.Error:
        database.close()
        raise
    return database


def remove(path: Path) -> None:
    """Delete a journal's files, as far as they can be."""
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def _size(annotations: AnnotationSet) -> int:
    decided = sum(1 + len(it.runs) for it in annotations.decisions.values())
    return decided + sum(1 + len(annotation.points) for annotation in annotations)
