"""In which order annotations are listed; an edit costs what it changes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, pairwise
from typing import Any

import numpy as np

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.ordering import last_of, places_of
from slideviewer.ui.annotation_rows import Filter, Key, KeysOf
from slideviewer.ui.row_runs import Moves, runs_of

MOST_ONE_BY_ONE = 500
"""Rows that are looked up, taken out and put in one by one; for more all are gone through."""


class RowOrder:
    """The ids that fit a filter, sorted by a key.

    Those of equal keys stand in file order, and in the reverse of it when all is reversed.
    """

    def __init__(self) -> None:
        self._wanted = Filter()
        self._keys_of: KeysOf | None = None
        self._is_reversed = False
        self._known: Mapping[str, object] = {}
        self._ranks: dict[str, float] = {}
        """Of each annotation, listed or not: they ascend in the order of the file."""
        self._keys: dict[str, Key] = {}
        """Of each id that is listed; None for all where there is nothing to sort by."""
        self._sorted: list[str] = []
        self._keyless: list[str] = []

    @property
    def rows(self) -> list[str]:
        """The ids as they are listed, in a list of the caller's own."""
        return [*(reversed(self._sorted) if self._is_reversed else self._sorted), *self._keyless]

    def row_of(self, annotation_id: str) -> int | None:
        """Where an id is listed; None where it is not."""
        if annotation_id not in self._keys:
            return None
        if self._is_keyless(annotation_id):
            rank = self._ranks[annotation_id]
            among = bisect_left(self._keyless, rank, key=self._ranks.__getitem__)
            return len(self._sorted) + among
        place = bisect_left(self._sorted, self._place(annotation_id), key=self._place)
        return len(self._sorted) - 1 - place if self._is_reversed else place

    def arrange(
        self,
        annotations: AnnotationSet,
        wanted: Filter,
        keys_of: KeysOf | None = None,
        *,
        is_reversed: bool = False,
    ) -> None:
        """List another way.

        Parameters
        ----------
        annotations : AnnotationSet
        wanted : Filter
        keys_of : callable, optional
            What to sort by; without it they stand in file order.
        is_reversed : bool
        """
        self._wanted, self._keys_of, self._is_reversed = wanted, keys_of, is_reversed
        if annotations.annotations is not self._known:
            self._known = annotations.annotations
            self._ranks = dict(zip(self._known, count()))
        fits = wanted.chooser(annotations)
        found = [it for it in annotations if fits(it)] if not wanted.wants_all else [*annotations]
        ids = [annotation.id for annotation in found]
        if keys_of is None:
            self._keys = dict.fromkeys(ids)
            self._sorted, self._keyless = ids, []
            return
        self._keys = dict(zip(ids, keys_of(found), strict=True))
        self._sort()

    def turn(self, is_reversed: bool) -> None:
        """List the same in the reverse order, or no longer so."""
        self._is_reversed = is_reversed

    def update(self, annotations: AnnotationSet, changed: Iterable[str]) -> Moves | None:
        """Take in that these were added, removed or changed.

        Returns
        -------
        Moves or None
            What goes and comes; None where the rows are the same as before.
        """
        ids, known = frozenset(changed), annotations.annotations
        fits = self._wanted.chooser(annotations)
        touched = [known[each] for each in ids if each in known and fits(known[each])]
        keys = self._keys_of(touched) if self._keys_of is not None else [None] * len(touched)
        after = dict(zip((annotation.id for annotation in touched), keys, strict=True))
        before = {each: self._keys[each] for each in ids if each in self._keys}
        going = [each for each in before if each not in after or after[each] != before[each]]
        coming = [each for each in after if each not in before or after[each] != before[each]]
        if max(len(going), len(coming)) > MOST_ONE_BY_ONE:
            return self._move_many(known, ids, going, {each: after[each] for each in coming})
        goings = self._take_out(going)
        self._rank(known, ids)
        comings = self._put_in({each: after[each] for each in coming})
        if goings == comings:  # other keys, yet the same places
            return None
        return Moves(sorted(goings.values()), sorted(comings.values()))

    def _is_keyless(self, annotation_id: str) -> bool:
        return self._keys_of is not None and self._keys[annotation_id] is None

    def _place(self, annotation_id: str) -> tuple[Any, float]:
        return self._keys[annotation_id], self._ranks[annotation_id]

    def _take_out(self, ids: Sequence[str]) -> dict[str, int]:
        """Take some out; the rows they had."""
        rows = {each: row for each in ids if (row := self.row_of(each)) is not None}
        last = len(self._sorted) - 1
        for row in sorted(rows.values(), reverse=True):
            if row > last:
                del self._keyless[row - last - 1]
        places = [row for row in rows.values() if row <= last]
        if self._is_reversed:
            places = [last - row for row in places]
        for place in sorted(places, reverse=True):
            del self._sorted[place]
        for each in ids:
            del self._keys[each]
        return rows

    def _put_in(self, keys: Mapping[str, Key]) -> dict[str, int]:
        """Put some where their keys belong; the rows they have then."""
        self._keys.update(keys)
        for each in keys:
            if self._is_keyless(each):
                insort(self._keyless, each, key=self._ranks.__getitem__)
            else:
                insort(self._sorted, each, key=self._place)
        return {each: row for each in keys if (row := self.row_of(each)) is not None}

    def _move_many(
        self,
        known: Mapping[str, object],
        changed: frozenset[str],
        going: Sequence[str],
        coming: Mapping[str, Key],
    ) -> Moves | None:
        """Take some out, put others in, by going through all."""
        former = self.rows
        goings = places_of(former, going)
        for each in going:
            del self._keys[each]
        self._rank(known, changed)
        self._keys.update(coming)
        self._keys = {each: self._keys[each] for each in known if each in self._keys}
        if self._keys_of is None:
            self._sorted = [*self._keys]
        else:
            self._sort()
        rows = self.rows
        return Moves(goings, places_of(rows, coming)) if rows != former else None

    def _rank(self, known: Mapping[str, object], changed: frozenset[str]) -> None:
        """Give each annotation that came a rank where it stands, and forget those that went."""
        self._known = known
        for each in changed:
            if each not in known:
                self._ranks.pop(each, None)
        new = {each for each in changed if each in known and each not in self._ranks}
        if not new:
            return
        last = last_of(known, len(new))
        if new.issuperset(last):
            before = last_of(known, len(new) + 1)[: -len(new)]
            highest = self._ranks[before[0]] if before else -1
            self._ranks.update(zip(last, count(highest + 1)))
            return
        # Some come back to where they were: in between their neighbours.
        order = list(known)
        for first, end in runs_of(places_of(order, new)):
            lower = self._ranks[order[first - 1]] if first else None
            upper = self._ranks[order[end + 1]] if end + 1 < len(order) else None
            between = _between(lower, upper, end + 1 - first)
            if between is None:
                self._ranks = dict(zip(order, count()))
                return
            self._ranks.update(zip(order[first : end + 1], between, strict=True))

    def _sort(self) -> None:
        """Sort all by their keys, which are in file order."""
        self._keyless = [each for each, key in self._keys.items() if key is None]
        ids = [each for each, key in self._keys.items() if key is not None]
        if ids and isinstance(self._keys[ids[0]], str):
            self._sorted = sorted(ids, key=lambda each: str(self._keys[each]))
        else:
            keys = np.array([self._keys[each] for each in ids], np.float64)
            self._sorted = [ids[index] for index in np.argsort(keys, kind="stable").tolist()]


def _between(lower: float | None, upper: float | None, number: int) -> list[float] | None:
    """So many ranks between two others, ascending; None where there is no room for them."""
    if lower is None:
        lower = upper - number - 1 if upper is not None else -1
    if upper is None:
        upper = lower + number + 1
    step = (upper - lower) / (number + 1)
    ranks = [lower + step * place for place in range(1, number + 1)]
    ascending = [lower, *ranks, upper]
    has_room = all(one < other for one, other in pairwise(ascending))
    return ranks if has_room else None
