"""The markup being edited: an AnnotationSet, its file, and the one door for every edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from slideviewer.annotations import Annotation, AnnotationSet, Group, write_annotations
from slideviewer.annotations.decisions import Decision, Reading, keep_reading, write_decisions
from slideviewer.annotations.journal import Journal
from slideviewer.annotations.saving import Stamp, stamp_of
from slideviewer.ui.history import Edit, History, Pair
from slideviewer.ui.journalling import Journalling

Changes = Mapping[str, Pair]
"""For each id what it was and what it becomes; None where it did not or does not exist."""


@dataclass(frozen=True)
class Saved:
    """A state of the document that was written to a file.

    Attributes
    ----------
    annotations : AnnotationSet
    state : int
        Its number in the history.
    path : Path
    stamp : Stamp or None
        How the file is now.
    notices : tuple of str
        What a file of this format cannot hold, for the user.
    """

    annotations: AnnotationSet
    state: int
    path: Path
    stamp: Stamp | None
    notices: tuple[str, ...]


class Document(QObject):
    """The annotations of the open slide."""

    changed = Signal(frozenset)  # ids that were added, removed or look different
    replaced = Signal()  # another set altogether (a file was opened)
    refused = Signal(str)  # why an edit was not made, for the user
    state_changed = Signal()  # the path, whether all is saved, or what can be undone changed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._annotations = AnnotationSet.of()
        self._path: Path | None = None
        self._needs_save_as_it_is = False
        self._saved_at: datetime | None = None
        self.refusal: Callable[[Changes], str] = lambda _: ""
        """Says why an edit may not be made; empty where it may. Undo and redo are not asked of."""
        self.present_reading: Callable[[], Reading | None] = lambda: None
        """How the slide is read until now; asked for before anything is written."""
        self.journal = Journalling(self)
        self.journal.changed.connect(self.state_changed)
        self.undo_stack = History(lambda: self._annotations, self._show, self)
        self.undo_stack.cleanChanged.connect(self._on_clean_changed)

    @property
    def annotations(self) -> AnnotationSet:
        """All annotations and groups as they are now."""
        return self._annotations

    @property
    def is_blank(self) -> bool:
        """Whether it holds neither an annotation nor a group."""
        return not self._annotations.annotations and not self._annotations.groups

    @property
    def path(self) -> Path | None:
        """The file it was read from or last written to."""
        return self._path

    @property
    def saved_at(self) -> datetime | None:
        """When it was last saved from here."""
        return self._saved_at

    @property
    def is_saved(self) -> bool:
        """Whether closing now would lose nothing."""
        return self.undo_stack.isClean() and not self._needs_save_as_it_is

    def open(
        self,
        annotations: AnnotationSet,
        path: Path | None,
        *,
        unsaved: bool = False,
        stamp: Stamp | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Show another set; forgets the undo history, and the journal of what was open before.

        Parameters
        ----------
        annotations : AnnotationSet
        path : Path or None
            Where `save` writes to by default.
        unsaved : bool
            Whether no file holds this set as it is (it was repaired or recovered on reading).
        stamp : Stamp, optional
            How the file was when it was read; by default as it is now.
        journal : Journal, optional
            One that holds the set already.
        """
        if stamp is None and path is not None:
            stamp = stamp_of(path)
        self._annotations, self._path = annotations, path
        self._needs_save_as_it_is, self._saved_at = unsaved, None
        if unsaved and journal is None:
            self.journal.begin(AnnotationSet.of(), path, stamp)
            self.journal.record("Recover", annotations, annotations.annotations)
        else:
            self.journal.begin(annotations, path, stamp, journal)
        self.undo_stack.clear()
        self.replaced.emit()
        self.state_changed.emit()

    def apply(
        self,
        text: str,
        changes: Mapping[str, Annotation | None],
        groups: tuple[Group, ...] = (),
        *,
        all_groups: Mapping[str, Group] | None = None,
        decisions: Mapping[str, Decision | None] | None = None,
    ) -> bool:
        """Edit; the only way to.

        Parameters
        ----------
        text : str
            The step's name in the Edit menu ("Add polygon").
        changes : mapping of id to Annotation or None
            None removes.
        groups : tuple of Group
            Groups to add or replace with the same step.
        all_groups : mapping of name to Group, optional
            All groups as they are afterwards, in their order, so that some can go; those there
            are now by default.
        decisions : mapping of id to (Decision or None), optional
            What is decided with it; None takes one back.

        Returns
        -------
        bool
            False where the edit changes nothing, or is refused; then no step is recorded.
        """
        known = self._annotations.annotations
        pairs = {key: (known.get(key), new) for key, new in changes.items()}
        known_groups = self._annotations.groups
        groups_after = {
            **(known_groups if all_groups is None else all_groups),
            **{group.name: group for group in groups},
        }
        decided = self._annotations.decisions
        verdicts = {key: (decided.get(key), new) for key, new in (decisions or {}).items()}
        edit = Edit.of(text, self._annotations, pairs, groups_after, verdicts)
        if edit is None:
            return False
        refusal = self.refusal(edit.changes)
        if refusal:
            self.refused.emit(refusal)
            return False
        self.undo_stack.push(edit)
        return True

    def note_reading(self, reading: Reading) -> None:
        """Keep how the slide is read; no step of the history, since nobody can unread it.

        It is in the journal at once. Only one that is over is worth asking the user to save.
        """
        after = self._annotations.with_readings({reading.id: reading})
        self.journal.record("Read the slide", after, ())
        self._annotations = after
        self._needs_save_as_it_is |= reading.is_over
        self.state_changed.emit()

    def note_present_reading(self) -> None:
        """Keep how the slide is read until now."""
        reading = self.present_reading()
        if reading is not None and self._annotations.readings.get(reading.id) != reading:
            self.note_reading(reading)

    def reading_writer(self) -> Callable[[], None] | None:
        """What writes how the slide is read beside a file that holds all else, in any thread.

        It leaves all else as it is there, and raises AnnotationError where that fails. None where
        something else waits to be saved, or nobody reads. Where nobody saved anything yet, it
        writes nothing: to look at a slide leaves no file.
        """
        path, reading = self._path, self.present_reading()
        if path is None or reading is None or not self.is_saved:
            return None
        self.note_present_reading()
        return lambda: keep_reading(reading, path)

    def save(self, path: Path) -> tuple[str, ...]:
        """Write to a file; AnnotationError where that fails, and nothing is lost.

        Returns
        -------
        tuple of str
            What a file of this format cannot hold, for the user.
        """
        saved = self.writer(path)()
        self.note_saved(saved)
        return saved.notices

    def writer(self, path: Path) -> Callable[[], Saved]:
        """What writes the present state to a file, in any thread, while editing goes on.

        It raises AnnotationError where that fails. What it returns is for `note_saved`.
        """
        self.note_present_reading()
        annotations, state = self._annotations, self.undo_stack.state
        write_base = self.journal.base_writer()

        def write() -> Saved:
            write_base()
            # First, so that no moment is without it: the journal keeps it until all is written.
            write_decisions(annotations.decisions, path, annotations.readings)
            notices = tuple(write_annotations(annotations, path))
            return Saved(annotations, state, path, stamp_of(path), notices)

        return write

    def note_saved(self, saved: Saved) -> None:
        """A state is in a file now; edits made since then are not."""
        known, present = saved.annotations.readings, self._annotations.readings
        is_behind = any(it.is_over and known.get(key) != it for key, it in present.items())
        self._path, self._needs_save_as_it_is = saved.path, is_behind
        self._saved_at = datetime.now()
        self.journal.renew(saved.annotations, saved.path, saved.stamp, self._annotations)
        self.undo_stack.setClean(saved.state)
        self.state_changed.emit()

    def close(self) -> None:
        """Leave what is open: its journal is wanted no more."""
        self.journal.end()

    @Slot(bool)
    def _on_clean_changed(self, is_clean: bool) -> None:
        self.state_changed.emit()

    def _show(self, annotations: AnnotationSet, ids: frozenset[str], text: str) -> None:
        self.journal.record(text, annotations, ids)
        self._annotations = annotations
        self.changed.emit(ids)
