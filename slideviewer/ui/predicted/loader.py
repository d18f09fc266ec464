"""Makes the parts that are wanted off the GUI thread, always those wanted now."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal, Slot

from slideviewer.ui.predicted.parts import Kept, PartKey, PartSource
from slideviewer.ui.threads import step_back

THREADS = 2
"""They share the processor with those that read the slide and with the model."""

NICENESS = 6
"""A tile of the slide comes before what lies over it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """A part that is wanted.

    Attributes
    ----------
    source : PartSource
    key : PartKey
    version : int
        Of what it is to be made of; it comes back with the answer.
    """

    source: PartSource
    key: PartKey
    version: int


class PartLoader(QObject):
    """A few threads that end when there is nothing to make.

    Each `want` replaces what its asker wanted before, so that what scrolled out of view before its
    turn is never made.
    """

    made = Signal(object, object)  # Wish, Kept

    _answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wishes: dict[object, list[Wish]] = {}
        self._in_hand: set[Wish] = set()  # being made, or made and not heard of yet
        self._changed = threading.Lock()
        self._threads = 0
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)

    def want(self, who: object, wishes: Sequence[Wish]) -> None:
        """Ask for parts, the first one first, and no longer for any others."""
        with self._changed:
            self._wishes[who] = [wish for wish in wishes if wish not in self._in_hand]
            missing = min(THREADS - self._threads, len(self._wishes[who]))
            self._threads += max(0, missing)
        for _ in range(missing):
            threading.Thread(target=self._work, name="part-loader", daemon=True).start()

    def forget(self, who: object) -> None:
        """Somebody wants nothing any more."""
        with self._changed:
            self._wishes.pop(who, None)

    @property
    def is_busy(self) -> bool:
        """Whether something is wanted that has not been heard of."""
        with self._changed:
            return bool(self._in_hand) or any(self._wishes.values())

    def _work(self) -> None:
        step_back(NICENESS)
        while (wish := self._next()) is not None:
            steps = None
            try:
                steps = wish.source.make(wish.key)
            except Exception:  # noqa: BLE001 - a job runner: its thread must go on
                _log.exception("part %s cannot be made", wish.key)
            # Gone with the window, where it took longer than anybody waited for it.
            with contextlib.suppress(RuntimeError):
                self._answered.emit(wish, Kept(steps, wish.version))

    def _next(self) -> Wish | None:
        with self._changed:
            for who, wishes in self._wishes.items():
                if wishes:
                    wish = wishes.pop(0)
                    for others in self._wishes.values():
                        if wish in others:
                            others.remove(wish)
                    self._in_hand.add(wish)
                    self._wishes[who] = self._wishes.pop(who)  # the next one's turn
                    return wish
            self._threads -= 1
            return None

    @Slot(object, object)
    def _on_answered(self, wish: Wish, kept: Kept) -> None:
        with self._changed:
            self._in_hand.discard(wish)
        self.made.emit(wish, kept)
