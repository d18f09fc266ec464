"""Which groups are hidden and which are locked: how they are shown here, never what a file says."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from slideviewer.annotations import Annotation, AnnotationSet, Group
from slideviewer.ui.document import Changes, Document

GroupName = str | None
"""A group, or None for the annotations that belong to none."""

_NAMED = 3
"""How many groups a sentence names before it only counts the rest."""


class GroupStates(QObject):
    """What the user hid and locked. What is said of a group holds for all groups inside it.

    Parameters
    ----------
    document : Document
        Whose groups they are.
    """

    changed = Signal()  # another group is hidden or locked, or none any more

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._hidden: frozenset[GroupName] = frozenset()
        self._locked: frozenset[GroupName] = frozenset()
        self._reach: tuple[Mapping[str, Group], frozenset[GroupName], frozenset[GroupName]] | None
        self._reach = None

    @property
    def hidden(self) -> frozenset[GroupName]:
        """The groups that were hidden themselves."""
        return self._hidden

    @property
    def locked(self) -> frozenset[GroupName]:
        """The groups that were locked themselves."""
        return self._locked

    @property
    def hidden_with_inner(self) -> frozenset[GroupName]:
        """The groups whose annotations are not shown."""
        return self._with_inner()[0]

    @property
    def locked_with_inner(self) -> frozenset[GroupName]:
        """The groups whose annotations cannot be changed."""
        return self._with_inner()[1]

    def set(self, hidden: frozenset[GroupName], locked: frozenset[GroupName]) -> None:
        """Hide and lock these groups and no others."""
        if (hidden, locked) != (self._hidden, self._locked):
            self._hidden, self._locked, self._reach = hidden, locked, None
            self.changed.emit()

    def set_hidden(self, group: GroupName, is_hidden: bool) -> None:
        """Hide a group, or show it."""
        self.set(self._hidden | {group} if is_hidden else self._hidden - {group}, self._locked)

    def set_locked(self, group: GroupName, is_locked: bool) -> None:
        """Lock a group, or unlock it."""
        self.set(self._hidden, self._locked | {group} if is_locked else self._locked - {group})

    def rename(self, name: str, new_name: str) -> None:
        """Let what is said of a group be said of its new name."""

        def renamed(names: frozenset[GroupName]) -> frozenset[GroupName]:
            return names - {name} | {new_name} if name in names else names

        self.set(renamed(self._hidden), renamed(self._locked))

    def is_hidden(self, annotation: Annotation) -> bool:
        """Whether an annotation is not shown."""
        return annotation.group in self._with_inner()[0]

    def is_locked(self, annotation: Annotation) -> bool:
        """Whether an annotation cannot be changed."""
        return annotation.group in self._with_inner()[1]

    def is_out_of_reach(self, annotation: Annotation) -> bool:
        """Whether the mouse must go through an annotation: it is hidden or locked."""
        return self.is_hidden(annotation) or self.is_locked(annotation)

    def refusal(self, changes: Changes) -> str:
        """Why an edit may not be made, for the user; empty where it may.

        New annotations may come into a locked group: what is there already stays as it is.
        """
        locked = self._with_inner()[1]
        if not locked:
            return ""
        found = dict.fromkeys(
            before.group
            for before, _ in changes.values()
            if before is not None and before.group in locked
        )
        return locked_words(list(found)) if found else ""

    def _with_inner(self) -> tuple[frozenset[GroupName], frozenset[GroupName]]:
        annotations = self._document.annotations
        if self._reach is None or self._reach[0] is not annotations.groups:
            hidden = with_inner(annotations, self._hidden)
            locked = with_inner(annotations, self._locked)
            self._reach = (annotations.groups, hidden, locked)
        return self._reach[1:]


def with_inner(annotations: AnnotationSet, names: frozenset[GroupName]) -> frozenset[GroupName]:
    """Groups with all that lie inside them."""
    if not names:
        return names
    inner = (name for name in annotations.groups if not names.isdisjoint(annotations.lineage(name)))
    return names.union(inner)


def locked_words(groups: list[GroupName]) -> str:
    """Say that something cannot be changed since these groups are locked."""
    names = [shown_name(group) for group in groups[:_NAMED]]
    if len(groups) > _NAMED:
        names.append(f"{len(groups) - _NAMED} more")
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb, pronoun = ("is", "it") if len(groups) == 1 else ("are", "them")
    return f"{listed} {verb} locked: unlock {pronoun} in the Groups panel first."


def shown_name(group: GroupName) -> str:
    """A group as a sentence names it."""
    return f"“{group}”" if group is not None else "What belongs to no group"
