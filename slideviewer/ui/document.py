"""The markup being edited: an AnnotationSet, its file, and the one door for every edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from slideviewer.annotations import Annotation, AnnotationSet, Group, write_annotations

Changes = Mapping[str, tuple[Annotation | None, Annotation | None]]
"""For each id what it was and what it becomes; None where it did not or does not exist."""


@dataclass(frozen=True)
class Edit:
    """One applied edit, with all that is needed to take it back exactly."""

    changes: Changes
    groups_before: Mapping[str, Group]
    groups_after: Mapping[str, Group]
    order_before: tuple[str, ...] | None
    """The ids in file order, kept only where something was removed."""


class Change(QUndoCommand):
    """The one command class: serves every edit of a document."""

    def __init__(self, document: Document, text: str, edit: Edit) -> None:
        super().__init__(text)
        self._document, self._edit = document, edit

    def redo(self) -> None:
        after = {key: pair[1] for key, pair in self._edit.changes.items()}
        self._document._set(after, self._edit.groups_after, None)

    def undo(self) -> None:
        before = {key: pair[0] for key, pair in self._edit.changes.items()}
        self._document._set(before, self._edit.groups_before, self._edit.order_before)


class Document(QObject):
    """The annotations of the open slide."""

    changed = Signal(frozenset)  # ids that were added, removed or look different
    replaced = Signal()  # another set altogether (a file was opened)
    state_changed = Signal()  # the path, whether all is saved, or what can be undone changed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._annotations = AnnotationSet.of()
        self._path: Path | None = None
        self._needs_save_as_it_is = False
        self._saved_at: datetime | None = None
        self.undo_stack = QUndoStack(self)
        self.undo_stack.indexChanged.connect(self._on_index_changed)
        self.undo_stack.cleanChanged.connect(self._on_clean_changed)

    @property
    def annotations(self) -> AnnotationSet:
        """All annotations and groups as they are now."""
        return self._annotations

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

    def open(self, annotations: AnnotationSet, path: Path | None, *, unsaved: bool = False) -> None:
        """Show another set; forgets the undo history.

        Parameters
        ----------
        annotations : AnnotationSet
        path : Path or None
            Where `save` writes to by default.
        unsaved : bool
            Whether no file holds this set as it is (it was repaired or recovered on reading).
        """
        self._annotations, self._path = annotations, path
        self._needs_save_as_it_is, self._saved_at = unsaved, None
        self.undo_stack.clear()
        self.replaced.emit()
        self.state_changed.emit()

    def apply(
        self, text: str, changes: Mapping[str, Annotation | None], groups: tuple[Group, ...] = ()
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

        Returns
        -------
        bool
            False where the edit changes nothing; then no step is recorded.
        """
        known = self._annotations.annotations
        pairs = {key: (known.get(key), new) for key, new in changes.items()}
        pairs = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
        groups_after = {**self._annotations.groups, **{group.name: group for group in groups}}
        if not pairs and groups_after == self._annotations.groups:
            return False
        removes = any(after is None for _, after in pairs.values())
        order = tuple(known) if removes else None
        edit = Edit(pairs, self._annotations.groups, groups_after, order)
        self.undo_stack.push(Change(self, text, edit))
        return True

    def save(self, path: Path) -> tuple[str, ...]:
        """Write to a file; AnnotationError where that fails, and nothing is lost.

        Returns
        -------
        tuple of str
            What a file of this format cannot hold, for the user.
        """
        notices = tuple(write_annotations(self._annotations, path))
        self._path, self._needs_save_as_it_is = path, False
        self._saved_at = datetime.now()
        self.undo_stack.setClean()
        self.state_changed.emit()
        return notices

    @Slot(int)
    def _on_index_changed(self, index: int) -> None:
        self.state_changed.emit()

    @Slot(bool)
    def _on_clean_changed(self, is_clean: bool) -> None:
        self.state_changed.emit()

    def _set(
        self,
        changes: Mapping[str, Annotation | None],
        groups: Mapping[str, Group],
        order: tuple[str, ...] | None,
    ) -> None:
        changed = self._annotations.with_changes(changes, order)
        self._annotations = AnnotationSet(changed.annotations, groups, changed.extra)
        self.changed.emit(frozenset(changes))
