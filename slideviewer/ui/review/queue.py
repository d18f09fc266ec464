"""The findings in the order to look at them, what was decided on each, and which is looked at."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.evaluation.findings.decided import footprint_of, lasts
from slideviewer.evaluation.findings.findings import Finding, FindingKind, Order
from slideviewer.evaluation.findings.footprint import NOBODY, same_as
from slideviewer.geometry import Rect
from slideviewer.ui.review.finder import Found

MOST_TOLD = 50
"""Rows whose decisions change one by one; with more of them all are made anew."""


@dataclass(frozen=True)
class Item:
    """One row.

    Attributes
    ----------
    key : str
        Stays the same while the finding is the same region.
    kind : FindingKind
    bounds : Rect
        Level-0 pixels.
    area_px2 : float
    score : float or None
    finding : Finding or None
        None for what was decided and is not found any more, as what became markup.
    decision : Decision or None
    """

    key: str
    kind: FindingKind
    bounds: Rect
    area_px2: float
    score: float | None
    finding: Finding | None
    decision: Decision | None

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision; what was put off does."""
        return self.decision is None or self.decision.verdict == Verdict.DEFERRED


class ReviewQueue(QObject):
    """Rows are made anew when something else is found or wanted; deciding moves none."""

    changing = Signal()  # there will be other rows in a moment
    changed = Signal()  # other rows
    decided = Signal(int)  # a row's decision changed
    current_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: Found | None = None
        self._keys: list[str] = []
        self._decision_of: dict[str, str] = {}  # of keys of findings
        self._decisions: Mapping[str, Decision] = {}
        self._rows: list[int | str] = []  # a finding's index, or a decision's id
        self._row_of: dict[str, int] = {}
        self._kinds = frozenset(FindingKind)
        self._order: Order = "mix"
        self._shows_decided = True
        self._current: str | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def item(self, row: int) -> Item:
        """What stands in a row."""
        place = self._rows[row]
        if isinstance(place, str):
            return self._item_of_decision(self._decisions[place])
        assert self.found is not None
        finding, key = self.found.findings[place], self._keys[place]
        decision = self._decisions.get(self._decision_of.get(key, ""))
        return Item(
            key,
            finding.kind,
            finding.bounds,
            finding.area_px2,
            finding.score,
            finding,
            decision,
        )

    def key_of(self, row: int) -> str:
        """The key of what stands in a row."""
        return self._key_at(row)

    def items(self) -> Iterator[Item]:
        """All rows."""
        return (self.item(row) for row in range(len(self._rows)))

    @property
    def current_row(self) -> int | None:
        """The row that is looked at."""
        return self._row_of.get(self._current) if self._current is not None else None

    @property
    def current(self) -> Item | None:
        """What is looked at."""
        row = self.current_row
        return None if row is None else self.item(row)

    @property
    def progress(self) -> tuple[int, int]:
        """How many are decided, and how many there are."""
        count = len(self._keys)
        decided = (self._decisions.get(it) for it in self._decision_of.values())
        gone = len(self._gone())
        done = sum(it is not None and it.verdict != Verdict.DEFERRED for it in decided)
        return done + gone, count + gone

    def filter(self, kinds: frozenset[FindingKind], shows_decided: bool, order: Order) -> None:
        """Show other rows, or in another order."""
        if (kinds, shows_decided, order) != (self._kinds, self._shows_decided, self._order):
            self.changing.emit()
            self._kinds, self._shows_decided, self._order = kinds, shows_decided, order
            self._arrange()

    def set_found(self, found: Found | None) -> None:
        """Take what was found, or that nothing is; a region that was found before keeps its key."""
        self.changing.emit()
        former, keys = self.found, self._keys
        self.found = found
        self._keys = []
        if found is None:
            self._decision_of = {}
        else:
            self._keys = [uuid.uuid4().hex for _ in range(len(found.findings))]
            if former is not None and former.findings.grid == found.findings.grid:
                for index, old in enumerate(same_as(former.findings, found.findings).tolist()):
                    if old != NOBODY:
                        self._keys[index] = keys[old]
            pairs = zip(self._keys, found.decided, strict=True)
            known = {key: it for key, it in pairs if it is not None}
            # And what was decided while it was looked for, or was undone and may be done again.
            own = {key: self._decision_of.get(key) for key in self._keys}
            undone = {key: it for key, it in own.items() if it and it not in self._decisions}
            lasting = {key: it for key, it in own.items() if it and self._is_lasting(it)}
            self._decision_of = undone | known | lasting
        self._arrange()

    def set_decisions(self, decisions: Mapping[str, Decision]) -> None:
        """Take the document's decisions."""
        former, self._decisions = self._decisions, decisions
        if former.keys() == decisions.keys():
            changed = [key for key, it in decisions.items() if former.get(key) is not it]
        else:
            changed = list(former.keys() ^ decisions.keys())
        by_decision = {it: key for key, it in self._decision_of.items()}
        rows = [self._row_of.get(by_decision.get(it, it)) for it in changed]
        if len(rows) > MOST_TOLD or any(
            row is None or isinstance(self._rows[row], str) for row in rows
        ):
            self.changing.emit()
            self._arrange()
            return
        for row in rows:
            if row is not None:
                self.decided.emit(row)

    def link(self, item: Item, decision_id: str) -> None:
        """Say that a decision about to be made is on this finding."""
        if item.finding is not None:
            self._decision_of[item.key] = decision_id

    def row_of(self, key: str) -> int | None:
        """Where an item stands; None where it is not shown."""
        return self._row_of.get(key)

    def choose(self, row: int | None) -> None:
        """Look at a row, or at none."""
        key = None if row is None else self._key_at(row)
        if key != self._current:
            self._current = key
            self.current_changed.emit()

    def next_row(self, step: int, *, only_open: bool = False) -> int | None:
        """The row so many steps on from the current one, the first where there is none."""
        count, row = len(self._rows), self.current_row
        place = (-1 if step > 0 else count) if row is None else row
        while 0 <= place + step < count:
            place += step
            index = self._rows[place]
            if not only_open or (isinstance(index, int) and self._is_open(index)):
                return place
        return None

    def next_open_beside(self, rows: Collection[int]) -> str | None:
        """The key of the open finding that comes after these rows, or else before them."""
        chosen, last = set(rows), max(rows, default=-1)
        count = len(self._rows)
        for row in itertools.chain(range(last + 1, count), range(min(last, count - 1), -1, -1)):
            place = self._rows[row]
            if row not in chosen and isinstance(place, int) and self._is_open(place):
                return self._keys[place]
        return None

    def _arrange(self) -> None:
        rows: list[int | str] = []
        if self.found is not None:
            findings = self.found.findings
            is_wanted = np.isin(findings.kinds, [int(kind) for kind in self._kinds])
            wanted = [int(it) for it in findings.order(self._order) if is_wanted[it]]
            rows += [it for it in wanted if self._shows_decided or self._is_open(it)]
        if self._shows_decided:
            rows += [key for key in self._gone() if self._kind_of(key) in self._kinds]
        self._rows = rows
        self._row_of = {self._key_at(row): row for row in range(len(rows))}
        self.changed.emit()
        self.current_changed.emit()

    def _is_open(self, index: int) -> bool:
        decision = self._decisions.get(self._decision_of.get(self._keys[index], ""))
        return decision is None or decision.verdict == Verdict.DEFERRED

    def _is_lasting(self, decision_id: str) -> bool:
        decision = self._decisions.get(decision_id)
        groups = self.found.groups if self.found is not None else None
        return decision is not None and lasts(decision, groups)

    def _gone(self) -> list[str]:
        """The decisions on what is not found any more, and what they decided is so."""
        here = set(self._decision_of.values())
        return [
            key
            for key, it in self._decisions.items()
            if key not in here and it.verdict != Verdict.DEFERRED and footprint_of(it) is not None
        ]

    def _kind_of(self, decision_id: str) -> FindingKind | None:
        footprint = footprint_of(self._decisions[decision_id])
        return None if footprint is None else footprint.kind

    def _key_at(self, row: int) -> str:
        place = self._rows[row]
        return place if isinstance(place, str) else self._keys[place]

    @staticmethod
    def _item_of_decision(decision: Decision) -> Item:
        footprint = footprint_of(decision)
        assert footprint is not None
        left, top = decision.runs[:, :2].min(axis=0).tolist()
        right, bottom = decision.runs[:, 2:].max(axis=0).tolist()
        return Item(
            decision.id,
            footprint.kind,
            Rect.from_corners(left, top, right, bottom),
            footprint.area_px2,
            decision.score,
            None,
            decision,
        )
