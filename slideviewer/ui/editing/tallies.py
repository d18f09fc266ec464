"""How many annotations each group has and what they cover, kept up to date edit by edit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, QTimer, Signal

from slideviewer.annotations import Annotation
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.document import Document
from slideviewer.ui.editing.locks import GroupName

PAUSE_MILLISECONDS = 100
"""What changes within this time is shown together."""


class GroupTallies(QObject):
    """Counts at once; sums up areas as they are measured.

    Parameters
    ----------
    document : Document
    measuring : Measuring
    """

    changed = Signal()  # a while after an edit, and whenever more has been measured

    def __init__(
        self, document: Document, measuring: Measuring, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._measuring = document, measuring
        self._seen: Mapping[str, Annotation] = {}
        self._counts: dict[GroupName, int] = defaultdict(int)
        self._sums_px2: dict[GroupName, float] = defaultdict(float)
        self._areas_px2: dict[str, float] = {}
        self._waiting: dict[str, None] = {}
        self._waiting_in: dict[GroupName, int] = defaultdict(int)
        self._unasked: dict[str, None] = {}  # of those that wait
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MILLISECONDS)
        self._pause.timeout.connect(self._on_pause)
        document.changed.connect(self._take)
        document.replaced.connect(self._begin)
        measuring.measured.connect(self._keep)
        measuring.rescaled.connect(self._ask_again)
        self._begin()

    def count(self, groups: Iterable[GroupName]) -> int:
        """How many annotations belong to some groups."""
        return sum(self._counts.get(group, 0) for group in groups)

    def area_px2(self, groups: Iterable[GroupName]) -> float:
        """What the annotations of some groups cover, as far as they are measured.

        In square level-0 pixels; what several cover counts several times.
        """
        return sum(self._sums_px2.get(group, 0.0) for group in groups)

    def is_measured(self, groups: Iterable[GroupName]) -> bool:
        """Whether the area of some groups is all there."""
        return not any(self._waiting_in.get(group) for group in groups)

    def close(self) -> None:
        """Have nothing more measured."""
        self._pause.stop()
        self._waiting.clear()
        self._unasked.clear()

    def _begin(self) -> None:
        """Count anew: these are other annotations altogether."""
        for tally in (self._counts, self._sums_px2, self._waiting_in):
            tally.clear()
        self._areas_px2.clear()
        self._waiting.clear()
        self._unasked.clear()
        self._seen = {}
        self._take(self._document.annotations.annotations)

    def _take(self, ids: Iterable[str]) -> None:
        """Follow an edit of these annotations."""
        before, after = self._seen, self._document.annotations.annotations
        self._seen = after
        for key in ids:
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            if old is not None and new is not None and _covers_the_same(old, new):
                self._move(key, old.group, new.group)
                continue
            if old is not None:
                self._leave(key, old.group)
            if new is not None:
                self._counts[new.group] += 1
                self._waiting[key] = self._unasked[key] = None
                self._waiting_in[new.group] += 1
        self._show_soon()

    def _move(self, key: str, old: GroupName, new: GroupName) -> None:
        if old == new:
            return
        is_waiting, area_px2 = key in self._waiting, self._areas_px2.get(key, 0.0)
        self._leave(key, old)
        self._counts[new] += 1
        if is_waiting:
            self._waiting[key] = self._unasked[key] = None
            self._waiting_in[new] += 1
        else:
            self._areas_px2[key] = area_px2
            self._sums_px2[new] += area_px2

    def _leave(self, key: str, group: GroupName) -> None:
        self._counts[group] -= 1
        if key in self._waiting:
            del self._waiting[key]
            self._unasked.pop(key, None)
            self._waiting_in[group] -= 1
        self._sums_px2[group] -= self._areas_px2.pop(key, 0.0)
        if not self._counts[group]:  # what rounding left of the sum goes, too
            for tally in (self._counts, self._sums_px2, self._waiting_in):
                tally.pop(group, None)

    def _show_soon(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _on_pause(self) -> None:
        self.changed.emit()
        asked = [self._seen[key] for key in self._unasked]
        self._unasked.clear()
        unknown = [it for it in asked if not self._measuring.knows(it)]
        if len(unknown) < len(asked):  # others have had them measured
            self._keep(frozenset(it.id for it in asked).difference(it.id for it in unknown))
        if unknown:
            self._measuring.want_later(unknown)

    def _ask_again(self) -> None:
        """What was being measured was measured with another size of the pixels."""
        self._unasked.update(self._waiting)
        self._show_soon()

    def _keep(self, ids: frozenset[str]) -> None:
        """Sum up what has been measured."""
        waited = [self._seen[key] for key in ids if key in self._waiting]
        # One that was edited meanwhile waits again.
        found = [it for it in waited if self._measuring.knows(it)]
        for now, area_px2 in zip(found, self._measuring.areas_px2(found), strict=True):
            key = now.id
            del self._waiting[key]
            self._unasked.pop(key, None)
            self._waiting_in[now.group] -= 1
            self._areas_px2[key] = area_px2
            self._sums_px2[now.group] += area_px2
        self._show_soon()


def _covers_the_same(old: Annotation, new: Annotation) -> bool:
    return old.points is new.points and old.kind == new.kind
