"""A small file beside an annotation file tells others that it is being worked on.

It is named as LibreOffice names its own, ``.~lock.<name>#``, and tells who has the file open. It
binds nobody: whoever finds one asks the user. Where the folder cannot be written there is none.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import socket
import sys
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from slideviewer.annotations.disk_clock import DiskClock
from slideviewer.files import target_of

MOST_BYTES = 10_000
"""A larger file is no lock."""
BEAT_SECONDS, SILENT_SECONDS = 10.0, 60.0
"""How often the holder of a lock that beats is to be heard, and when it counts as gone."""

_WORDS = ("user", "host", "started", "since", "key")

_ours: set[str] = set()
"""Keys of the locks that this program holds."""


@dataclass(frozen=True)
class Holder:
    """Who has a file open.

    Attributes
    ----------
    user, host : str
    pid : int
        The program's number on its host.
    started : str
        When that program was started, in the words of its system, since numbers come again;
        empty where the system does not say.
    since : str
        When the file was opened: date and time, ISO 8601.
    key : str
        Different for each lock.
    beats : bool
        Whether its program touches the lock again and again (`FileLock.beat`).
    silent_seconds : float
        How long ago the lock was touched, as it was read; told only of those that beat elsewhere.
    """

    user: str
    host: str
    pid: int
    started: str
    since: str
    key: str
    beats: bool = False
    silent_seconds: float = 0.0

    @property
    def words(self) -> str:
        """For the user: "anna on ward7 since 14:05"."""
        try:
            at = datetime.fromisoformat(self.since)
        except ValueError:
            return f"{self.user} on {self.host}"
        form = "%H:%M" if at.date() == datetime.now().date() else "%Y-%m-%d %H:%M"
        return f"{self.user} on {self.host} since {at.strftime(form)}"

    @property
    def is_gone(self) -> bool:
        """Whether its program surely does not run any more.

        Of another host, such as a container that was ended, only silence tells.
        """
        if self.host != socket.gethostname():
            return self.beats and self.silent_seconds > SILENT_SECONDS
        if self.pid == os.getpid():
            return self.key not in _ours
        return not runs(self.pid) or (bool(self.started) and _started(self.pid) != self.started)


class FileLock:
    """One file's lock, held until it is released.

    Parameters
    ----------
    path : Path
        The annotation file, which need not exist yet.
    beats : bool
        Whether the holder promises to `beat` every `BEAT_SECONDS`.

    Attributes
    ----------
    other : Holder or None
        Who held it when it could not be taken; None where it could be, or nothing be written.
    """

    def __init__(self, path: Path, *, beats: bool = False) -> None:
        self.path = path
        self.other: Holder | None = None
        self._file = lock_of(path)
        self._key = uuid.uuid4().hex
        pid = os.getpid()
        since = datetime.now().isoformat(timespec="seconds")
        holder = Holder(_user(), socket.gethostname(), pid, _started(pid), since, self._key, beats)
        told = asdict(holder)
        del told["silent_seconds"]  # the file's own time tells
        self._content = json.dumps(told).encode()

    def take(self) -> bool:
        """Write the lock, in place of one whose program is gone; whether it is held now."""
        own = self._file.with_name(self._file.name + self._key)
        self.other = None
        _ours.add(self._key)
        try:
            own.write_bytes(self._content)  # whole before it has the name: half is nobody's
            is_held = _name(own, self._file) or self._replace(own)
        except OSError:  # the folder cannot be written
            is_held = False
        with contextlib.suppress(OSError):
            own.unlink(missing_ok=True)
        if not is_held:
            _ours.discard(self._key)
        return is_held

    def _replace(self, own: Path) -> bool:
        """Take the place of a lock whose program is gone; of all who try at once, one does.

        The place is never empty meanwhile: somebody who comes by would take it too.
        """
        left = _bytes(self._file)
        holder = _holder(left)
        now = own.stat().st_mtime  # by the clock of the disk, which may be another machine's
        if holder is not None:
            holder = replace(holder, silent_seconds=now - self._file.stat().st_mtime)
        if holder is not None and not holder.is_gone:
            self.other = holder
            return False
        right = self._file.with_name(self._file.name + hashlib.sha256(left).hexdigest()[:32])
        if _is_forgotten(right, now):
            right.unlink(missing_ok=True)
        try:
            right.open("xb").close()  # the right to replace just this content
        except FileExistsError:
            self.other = _read(self._file)
            return False
        try:
            if _bytes(self._file) != left:  # it was replaced in this very moment
                self.other = _read(self._file)
                return False
            os.replace(own, self._file)
            return True
        finally:
            right.unlink(missing_ok=True)

    def beat(self) -> bool:
        """Make itself heard; whether the lock is still held. What cannot be read is not lost."""
        try:
            holder = _holder(_bytes(self._file))
            if holder is None or holder.key != self._key:
                return False
            os.utime(self._file)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def release(self) -> None:
        """Take the lock away, unless it is another's by now."""
        _ours.discard(self._key)
        holder = _read(self._file)
        if holder is not None and holder.key == self._key:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)


def _name(file: Path, lock: Path) -> bool:
    """Let a file have a lock's name; False where another has it."""
    try:
        if sys.platform == "win32":
            os.rename(file, lock)  # which takes nobody's place there
            return True
        try:
            os.link(file, lock)
        except FileExistsError:
            raise
        except OSError:  # no hard links on this disk (FAT, some network folders)
            with lock.open("xb") as stream:
                stream.write(file.read_bytes())
    except FileExistsError:
        return False
    return True


def _is_forgotten(file: Path, now: float) -> bool:
    """Whether a file meant for a moment has been there for a minute."""
    try:
        return now - file.stat().st_mtime > 60
    except OSError:
        return False


def lock_of(path: Path) -> Path:
    """The name of a file's lock."""
    try:
        target = target_of(path)
    except OSError:  # nobody can open it
        target = path
    return target.with_name(f".~lock.{target.name}#")


def holder_of(path: Path, clock: DiskClock | None = None) -> Holder | None:
    """Who else has a file open; None where nobody is known to.

    Parameters
    ----------
    path : Path
    clock : DiskClock, optional
        That of the file's disk, for who asks again and again.
    """
    lock = lock_of(path)
    holder = _read(lock)
    if holder is not None and holder.beats and holder.host != socket.gethostname():
        try:
            silent = (clock or DiskClock(lock.parent)).silence_of(lock)
        except OSError:  # it was just taken away
            return None
        holder = replace(holder, silent_seconds=silent)
    return None if holder is None or holder.is_gone else holder


def _read(lock: Path) -> Holder | None:
    try:
        return _holder(_bytes(lock))
    except OSError:
        return None


def _bytes(lock: Path) -> bytes:
    with lock.open("rb") as stream:
        return stream.read(MOST_BYTES)


def _holder(content: bytes) -> Holder | None:
    try:
        told = json.loads(content)
        user, host, started, since, key = (str(told[it]) for it in _WORDS)
        beats = told.get("beats") is True
        return Holder(user, host, int(told["pid"]), started, since, key, beats)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None  # no lock of ours


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a system without names for its users
        return "somebody"


def runs(pid: int) -> bool:
    """Whether there is a program of this number."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        query = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
        handle = kernel.OpenProcess(query, False, pid)
        if handle:
            kernel.CloseHandle(handle)
        # Somebody else's, as on terminal servers, cannot be opened: ERROR_ACCESS_DENIED.
        return bool(handle) or ctypes.get_last_error() == 5
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return pid > 0


def _started(pid: int) -> str:
    """When a program was started, where the system says (Linux)."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return facts.rpartition(")")[2].split()[19]  # the 22nd of all, proc_pid_stat(5)
