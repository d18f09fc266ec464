"""Journals that a program left behind when it ended without saving."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from slideviewer.annotations.journal.journal import SUFFIX, About, JournalError, connect
from slideviewer.annotations.journal.step_bytes import step_from
from slideviewer.annotations.model import AnnotationSet
from slideviewer.annotations.saving import backups_of, stamp_of


@dataclass(frozen=True)
class Leftover:
    """A journal whose program is gone.

    Attributes
    ----------
    journal : Path
    about : About
    edits : int
        How many were made.
    last : datetime
        When the last one was made, or the journal begun.
    """

    journal: Path
    about: About
    edits: int
    last: datetime


def leftovers(folder: Path) -> tuple[list[Leftover], list[JournalError]]:
    """The journals that nobody writes to any more, the latest first.

    Returns
    -------
    found : list of Leftover
    damaged : list of JournalError
        Of those that cannot be read; they stay where they are.
    """
    found: list[Leftover] = []
    damaged: list[JournalError] = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            with _opened(path) as database:
                if database is not None and _has_begun(database):
                    found.append(_described(path, database))
        except JournalError as error:
            damaged.append(error)
    return found, damaged


def read_leftover(journal: Path, read: Callable[[Path], AnnotationSet]) -> AnnotationSet:
    """Read what was edited, with all edits.

    Parameters
    ----------
    journal : Path
    read : callable
        Reads the annotation file that the edits begin from, or a backup of it; asked only where
        the program ended before it had written the whole set into the journal.

    Raises
    ------
    JournalError
        It is damaged, in use, gone, or there is nothing left of what it begins from.
    """
    with _opened(journal) as database:
        if database is None:
            raise _in_use(journal)
        about = _about(database)
        base = database.execute("SELECT seq, data FROM base").fetchone()
        if base is not None:
            annotations = step_from(base[1]).applied_to(AnnotationSet.of())
        else:
            annotations = _from_file(journal, about, _origin_ids(database), read)
        for (data,) in database.execute("SELECT data FROM step ORDER BY seq"):
            annotations = step_from(data).applied_to(annotations)
    return annotations


def origin_ids(journal: Path) -> tuple[str, ...]:
    """The ids of the annotations that the edits begin from, in the order of their file.

    Raises
    ------
    JournalError
        As from `read_leftover`.
    """
    with _opened(journal) as database:
        if database is None:
            raise _in_use(journal)
        return tuple(_origin_ids(database))


def _in_use(journal: Path) -> JournalError:
    return JournalError("is in use by another window.", path=journal, remedy="Close it.")


def _origin_ids(database: sqlite3.Connection) -> list[str]:
    return list(json.loads(database.execute("SELECT ids FROM origin").fetchone()[0]))


def _from_file(
    journal: Path, about: About, ids: list[str], read: Callable[[Path], AnnotationSet]
) -> AnnotationSet:
    path = Path(about.path) if about.path is not None else None
    # Where it was replaced since, it is one of the backups now, which lie where a link leads.
    files = () if path is None else (path, *backups_of(path.resolve()))
    file = next((it for it in files if stamp_of(it) == about.stamp), None)
    if file is None or about.stamp is None:
        raise JournalError(
            f"begins from {path or 'annotations'} as it is no longer.",
            path=journal,
            remedy="Bring the file back as it was; the journal is kept.",
        )
    annotations = read(file)
    if len(annotations) != len(ids):
        raise JournalError(f"does not belong to {file}.", path=journal, remedy="It is kept.")
    named = {key: replace(it, id=key) for key, it in zip(ids, annotations, strict=True)}
    return replace(annotations, annotations=MappingProxyType(named))


def _has_begun(database: sqlite3.Connection) -> bool:
    """Whether the program lived long enough to write anything into it."""
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables)


def _described(path: Path, database: sqlite3.Connection) -> Leftover:
    about = _about(database)
    seq, last = database.execute("SELECT max(seq), max(at) FROM step").fetchone()
    if seq is None:  # all of them are in the whole set
        (seq,) = database.execute("SELECT coalesce(max(seq), 0) FROM base").fetchone()
    at = last if last is not None else path.stat().st_mtime
    return Leftover(path, about, seq, datetime.fromtimestamp(at))


def _about(database: sqlite3.Connection) -> About:
    told = json.loads(database.execute("SELECT told FROM about").fetchone()[0])
    stamp = told["stamp"]
    return About(told["path"], None if stamp is None else tuple(stamp), told["slide"])


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A journal's database; None while another program writes to it."""
    if not path.exists():  # opening it would make one
        raise JournalError("is there no longer: another window has taken it.", path=path)
    try:
        with closing(connect(path)) as database:
            yield database
    except sqlite3.OperationalError as error:
        # Python's own complaints, such as of text that is none, bear no code.
        code = getattr(error, "sqlite_errorcode", None)
        if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _damage(path, error) from error
        yield None
    except (sqlite3.Error, ValueError, TypeError, KeyError, OSError, OverflowError) as error:
        raise _damage(path, error) from error


def _damage(path: Path, error: Exception) -> JournalError:
    return JournalError(
        f"cannot be read: {error}.", path=path, remedy="It is kept; nothing else is touched."
    )
