"""Lets the threads of this program write a file one after the other."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

_turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_turns_lock = threading.Lock()


@contextmanager
def turn_at(file: Path) -> Iterator[None]:
    """Hold a file's turn: who wants it as well waits until then; other files wait for nothing."""
    name = os.path.realpath(file)  # it asks the disk, which may take its time to answer
    with _turns_lock:
        turn = _turns.setdefault(name, threading.Lock())
    with turn:
        yield
