"""What can be undone: every step since the file was opened, as long as memory allows."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from slideviewer.annotations import Annotation, AnnotationSet, Group
from slideviewer.annotations.decisions import Decision
from slideviewer.annotations.ordering import places_of

LIMIT_BYTES = 512 * 2**20
"""What all steps may hold; beyond that the oldest can no longer be undone."""

SETS_BYTES = 64 * 2**20
"""What the sets may take that are at hand as they were: putting one together again, with what was
removed in its place, takes longer than the eye waits."""

_BYTES_IN_SET = 100
"""What an annotation or a decision takes in a set beside itself."""

_BYTES_EACH = 600
"""What an annotation takes beside its vertices."""

Pair = tuple[Annotation | None, Annotation | None]
"""What an annotation was and what it becomes; None where it did not or does not exist."""


Decided = tuple[Decision | None, Decision | None]
"""What a decision was and what it becomes."""


@dataclass(frozen=True)
class Edit:
    """One applied edit, with all that is needed to take it back exactly.

    Attributes
    ----------
    text : str
        Its name for the user.
    changes : mapping of id to Pair
    decisions : mapping of id to (Decision or None, Decision or None)
        As `changes`, for what was decided with it.
    groups_before, groups_after : mapping of name to Group
    places : mapping of int to str
        Of those that it removes: where among all annotations they stood, and their ids.
    at : datetime
        When it was made.
    """

    text: str
    changes: Mapping[str, Pair]
    groups_before: Mapping[str, Group]
    groups_after: Mapping[str, Group]
    places: Mapping[int, str] = field(default_factory=dict)
    at: datetime = field(default_factory=datetime.now)
    decisions: Mapping[str, Decided] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        text: str,
        before: AnnotationSet,
        changes: Mapping[str, Pair],
        groups_after: Mapping[str, Group],
        decisions: Mapping[str, Decided] | None = None,
    ) -> Edit | None:
        """The edit that makes these changes, or None where it would change nothing."""
        changes = {key: pair for key, pair in changes.items() if pair[0] != pair[1]}
        decided = {key: pair for key, pair in (decisions or {}).items() if pair[0] != pair[1]}
        same_groups = list(groups_after.items()) == list(before.groups.items())
        if not changes and not decided and same_groups:
            return None
        gone = [key for key, (_, after) in changes.items() if after is None]
        places: dict[int, str] = {}
        if gone:
            order = list(before.annotations)
            places = {place: order[place] for place in places_of(order, gone)}
        return cls(text, changes, before.groups, groups_after, places, decisions=decided)

    @property
    def nbytes(self) -> int:
        """What it holds in memory, about."""
        values = (it for pair in self.changes.values() for it in pair if it is not None)
        decided = (it for pair in self.decisions.values() for it in pair if it is not None)
        return sum(it.points.nbytes + _BYTES_EACH for it in values) + sum(
            it.runs.nbytes + _BYTES_EACH for it in decided
        )

    def applied_to(self, annotations: AnnotationSet) -> AnnotationSet:
        """The set after it."""
        after = {key: pair[1] for key, pair in self.changes.items()}
        decided = {key: pair[1] for key, pair in self.decisions.items()}
        changed = annotations.with_changes(after).with_decisions(decided)
        return replace(changed, groups=self.groups_after)

    def undone_from(self, annotations: AnnotationSet) -> AnnotationSet:
        """The set before it, in the former order."""
        before = {key: pair[0] for key, pair in self.changes.items()}
        undecided = {key: pair[0] for key, pair in self.decisions.items()}
        changed = annotations.with_changes(before, self._former_order(annotations))
        return replace(changed.with_decisions(undecided), groups=self.groups_before)

    def _former_order(self, annotations: AnnotationSet) -> list[str] | None:
        if not self.places:
            return None
        added = {key for key, (before, _) in self.changes.items() if before is None}
        kept = (key for key in annotations.annotations if key not in added)
        count = len(annotations) - len(added) + len(self.places)
        return [self.places[at] if at in self.places else next(kept) for at in range(count)]


class History(QObject):
    """The steps made so far, and where among them the document stands.

    The names of its methods are those of `QUndoStack`, which can neither go over many steps at
    once nor forget the oldest.

    Parameters
    ----------
    show : callable
        Gets a set of annotations, the ids that differ from the present one, and the text of the
        step; makes it the present one.
    present : callable
        Gives the present set.
    """

    indexChanged = Signal(int)  # the document stands at another step, or there are others
    cleanChanged = Signal(bool)  # whether it stands at the saved one

    def __init__(
        self,
        present: Callable[[], AnnotationSet],
        show: Callable[[AnnotationSet, frozenset[str], str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._present, self._show = present, show
        self._edits: deque[Edit] = deque()
        self._states: deque[int] = deque()  # a number for the state after each edit
        self._numbers = itertools.count(1)
        self._first = self._clean = 0
        self._index = self._nbytes = self._forgotten = 0
        self._sets: dict[int, AnnotationSet] = {}  # the last ones shown, by their states
        self.limit_bytes, self.sets_bytes = LIMIT_BYTES, SETS_BYTES

    @property
    def edits(self) -> Sequence[Edit]:
        """The steps that can be undone or done again, the oldest first."""
        return self._edits

    @property
    def forgotten(self) -> int:
        """How many of the oldest steps had to be forgotten."""
        return self._forgotten

    @property
    def state(self) -> int:
        """The number of the present state; no other state ever gets the same."""
        return self._state_at(self._index)

    @property
    def clean_index(self) -> int | None:
        """After how many steps the saved state stands, where it can still be reached."""
        if self._clean == self._first:
            return 0
        return self._states.index(self._clean) + 1 if self._clean in self._states else None

    def push(self, edit: Edit) -> None:
        """Do an edit; those that were undone can no longer be done again."""
        self._show(edit.applied_to(self._present()), frozenset(edit.changes), edit.text)
        while len(self._edits) > self._index:
            self._nbytes -= self._edits.pop().nbytes
            self._sets.pop(self._states.pop(), None)
        self._edits.append(edit)
        self._states.append(next(self._numbers))
        self._nbytes += edit.nbytes
        while self._nbytes > self.limit_bytes and len(self._edits) > 1:
            self._nbytes -= self._edits.popleft().nbytes
            self._sets.pop(self._first, None)
            self._first = self._states.popleft()
            self._forgotten += 1
        self._index = len(self._edits)
        self._keep()
        self._tell()

    def setIndex(self, index: int) -> None:
        """Go to where so many of the steps are done, in one go."""
        index = min(max(index, 0), len(self._edits))
        if index == self._index:
            return
        is_back = index < self._index
        first, last = sorted((index, self._index))
        way = list(itertools.islice(self._edits, first, last))
        annotations = self._sets.get(self._state_at(index))
        if annotations is None:
            annotations = self._present()
            for edit in reversed(way) if is_back else way:
                step = edit.undone_from if is_back else edit.applied_to
                annotations = step(annotations)
        readings = self._present().readings
        if annotations.readings is not readings:  # of which none is undone
            annotations = replace(annotations, readings=readings)
        changed = frozenset(key for edit in way for key in edit.changes)
        verb = "Undo" if is_back else "Redo"
        text = f"{verb} {way[0].text}" if len(way) == 1 else f"{verb} {len(way)} steps"
        self._show(annotations, changed, text)
        self._index = index
        self._keep()
        self._tell()

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        self.setIndex(self._index - 1)

    def redo(self) -> None:
        """Do the next step again, if there is one."""
        self.setIndex(self._index + 1)

    def clear(self) -> None:
        """Forget all; the present state counts as the saved one."""
        self._edits.clear()
        self._states.clear()
        self._index = self._nbytes = self._forgotten = 0
        self._first = self._clean = next(self._numbers)
        self._sets.clear()
        self._keep()
        self._tell()

    def setClean(self, state: int | None = None) -> None:
        """Note that a state, by default the present one, is the saved one."""
        self._clean = self.state if state is None else state
        self.cleanChanged.emit(self.isClean())

    def isClean(self) -> bool:
        """Whether the present state is the saved one."""
        return self.state == self._clean

    def count(self) -> int:
        """How many steps there are, undone ones too."""
        return len(self._edits)

    def index(self) -> int:
        """How many of them are done."""
        return self._index

    def canUndo(self) -> bool:
        """Whether there is a step to take back."""
        return self._index > 0

    def canRedo(self) -> bool:
        """Whether there is a step to do again."""
        return self._index < len(self._edits)

    def undoText(self) -> str:
        """The name of the step to take back."""
        return self._edits[self._index - 1].text if self.canUndo() else ""

    def redoText(self) -> str:
        """The name of the step to do again."""
        return self._edits[self._index].text if self.canRedo() else ""

    def _state_at(self, index: int) -> int:
        return self._states[index - 1] if index else self._first

    def _keep(self) -> None:
        """Have the present set at hand for when the document comes back to it."""
        present = self._present()
        self._sets.pop(self.state, None)
        self._sets[self.state] = present
        entries = max(1, len(present) + len(present.decisions))
        most = 1 + self.sets_bytes // (_BYTES_IN_SET * entries)
        while len(self._sets) > most:
            del self._sets[next(iter(self._sets))]

    def _tell(self) -> None:
        self.indexChanged.emit(self._index)
        self.cleanChanged.emit(self.isClean())
