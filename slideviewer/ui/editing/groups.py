"""What is done with groups: each command of the Groups panel is one undoable step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QInputDialog, QWidget

from slideviewer import paths
from slideviewer.annotations import AnnotationSet, Group
from slideviewer.annotations.grouping import (
    branch,
    changes_between,
    next_group_name,
    regrouped,
    with_group_moved,
    with_group_renamed,
    without_branch,
    without_group,
)
from slideviewer.ui import words
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.asking import ask
from slideviewer.ui.docks import LEFT, Panel
from slideviewer.ui.editing.attributes import Attributes
from slideviewer.ui.editing.kept_states import StateKeeper
from slideviewer.ui.editing.locks import GroupName, locked_words
from slideviewer.ui.editing.outline_colours import OutlineColours
from slideviewer.ui.editing.tallies import GroupTallies
from slideviewer.ui.editing.templates import Templates, TemplateStore
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.groups import GroupsPanel
from slideviewer.ui.session import DRAWN_GROUP, Session
from slideviewer.ui.views.grid import ViewGrid

LONGEST_NAME = 200


class Groups(QObject):
    """Owns the Groups panel and what it needs.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    notices : NoticeStack
    measuring : Measuring
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        measuring: Measuring,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._document, self._states = session.document, session.group_states
        self.tallies = GroupTallies(self._document, measuring, self)
        self.panel = GroupsPanel(session, self.tallies)
        self.keeper = StateKeeper(session, paths.kept_folder(), self)
        self.colours = OutlineColours(session, views, self)
        self.attributes = Attributes(session, notices, window)
        store = TemplateStore(paths.group_templates_file())
        self.templates = Templates(session, store, notices, self.panel.templates_menu, window)
        self.keeper.failed.connect(lambda problem: notices.warn(problem))
        self._document.refused.connect(lambda reason: notices.tell(reason))
        self._former = self._document.annotations
        self._document.changed.connect(self._follow)
        self._document.changed.connect(self._show_what_was_drawn)
        self._document.replaced.connect(self._follow)
        self._document.replaced.connect(self._forget_former)
        self._document.replaced.connect(self._tell_of_hidden)
        self._states.changed.connect(self._deselect_out_of_reach)
        panel, model = self.panel, self.panel.model
        panel.add_wanted.connect(self.ask_to_add)
        panel.delete_wanted.connect(self.delete)
        panel.colour_wanted.connect(self.ask_for_colour)
        panel.attributes_wanted.connect(self.attributes.edit_group)
        panel.select_wanted.connect(self.select)
        panel.regroup_wanted.connect(lambda group: self.regroup(session.selection.ids, group))
        # Later: the tree is in the middle of an edit or a drop, and is about to change.
        later = Qt.ConnectionType.QueuedConnection
        model.rename_wanted.connect(self.rename, later)
        model.move_wanted.connect(self.move, later)
        model.regroup_wanted.connect(self.regroup, later)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "group_add": lambda: self.ask_to_add(None),
            "group_chosen": lambda: self.regroup(
                self._session.selection.ids, self._session.drawn_group
            ),
            "edit_attributes": self.attributes.edit_selected,
            "colour_by_group": self.colours.set_by_group,
        }

    @property
    def dock(self) -> Panel:
        """Where the panel stands."""
        return Panel("Groups", self.panel, LEFT)

    def close(self) -> None:
        """Leave nothing at work; the window is about to close."""
        self.tallies.close()

    def ask_to_add(self, parent: GroupName) -> None:
        """Let the user name a new group, which is drawn in from then on."""
        typed, agreed = QInputDialog.getText(
            self._window, "Add group", "Name:", text=next_group_name(self._groups)
        )
        if agreed:
            self.add(typed, parent)

    def add(self, typed: str, parent: GroupName = None) -> None:
        """Add a group, and draw in it from now on."""
        name = _as_name(typed)
        if not name:
            return
        if name in self._groups:
            self._notices.tell(f"There is a group “{name}” already.")
        else:
            self._document.apply("Add group", {}, (Group(name, parent),))
        self._session.drawn_group = name

    def rename(self, name: str, typed: str) -> None:
        """Rename a group; where there is one of the new name, ask whether they become one."""
        new_name = _as_name(typed)
        if not new_name or new_name == name or name not in self._groups:
            return
        text = f"Rename {name} to {new_name}"
        if new_name in self._groups:
            question = f"There is a group “{new_name}” already. Merge “{name}” into it?"
            choices = "Merge", "Stay"
            if ask(self._window, "Merge groups?", question, choices, self._document) != "Merge":
                return
            text = f"Merge {name} into {new_name}"
        drawn = self._session.drawn_group
        if self._become(text, with_group_renamed(self._document.annotations, name, new_name)):
            self._states.rename(name, new_name)
            if drawn == name:
                self._session.drawn_group = new_name

    def delete(self, name: str) -> None:
        """Delete a group; where something belongs to it, ask what is to become of that."""
        annotations, parent = self._document.annotations, self._groups[name].parent
        names = branch(self._groups, name)
        count = self.tallies.count(names)
        text = f"Delete group {name}"
        if not count and len(names) == 1:
            self._become(text, without_group(annotations, name))
            return
        keep = f"Move them into {_short(parent)}" if parent else "Keep them without this group"
        drop, stay = "Delete them too", "Stay"
        question = f"{_contents(count, len(names) - 1)} in the group “{name}”."
        answer = ask(self._window, "Delete group", question, (keep, drop, stay), self._document)
        annotations = self._document.annotations  # an import may have added to them meanwhile
        if answer == keep:
            self._become(text, without_group(annotations, name))
        elif answer == drop:
            self._become(text, without_branch(annotations, name))

    def ask_for_colour(self, name: str) -> None:
        """Let the user choose a group's colour."""
        group = self._groups[name]
        chosen = QColorDialog.getColor(
            QColor(group.colour), self._window, f"Colour of the group {name}"
        )
        if chosen.isValid() and self._groups.get(name) == group:  # no other file has it meanwhile
            colour = chosen.name().upper()
            self._document.apply(f"Colour {name}", {}, (replace(group, colour=colour),))

    def move(self, name: str, parent: GroupName) -> None:
        """Put a group into another one, or beside the outermost ones."""
        moved = with_group_moved(self._document.annotations, name, parent)
        where = f"into {parent}" if parent is not None else "out of its group"
        self._become(f"Move {name} {where}", moved)

    def regroup(self, ids: Sequence[str] | frozenset[str], group: GroupName) -> None:
        """Let annotations belong to a group, or to none."""
        annotations = self._document.annotations
        known = [key for key in ids if key in annotations.annotations]
        if not known:
            self._notices.tell("Select annotations first: they go into the chosen group then.")
            return
        changes = regrouped(annotations, known, group)
        new = () if group is None or group in self._groups else (Group(group),)
        where = f"into {group}" if group is not None else "out of their groups"
        what = "annotation" if len(changes) == 1 else f"{len(changes)} annotations"
        self._document.apply(f"Move {what} {where}", changes, new)

    def select(self, group: GroupName) -> None:
        """Select the annotations of a group and of all groups inside it."""
        names = (None,) if group is None else branch(self._groups, group)
        chosen = [it.id for it in self._document.annotations if it.group in names]
        locked = self._states.locked_with_inner
        if chosen and group in locked:
            self._notices.tell(locked_words([group]))
            return
        self._session.selection.set(chosen)

    @property
    def _groups(self) -> dict[str, Group]:
        return dict(self._document.annotations.groups)

    def _become(self, text: str, after: AnnotationSet) -> bool:
        """Make one step of whatever is different."""
        changes = changes_between(self._document.annotations, after)
        return self._document.apply(text, changes, all_groups=after.groups)

    def _follow(self) -> None:
        """Draw in a group that is there; in the one of the beginning where it is gone."""
        drawn = self._session.drawn_group
        if drawn is not None and drawn != DRAWN_GROUP and drawn not in self._groups:
            self._session.drawn_group = DRAWN_GROUP

    def _show_what_was_drawn(self, ids: frozenset[str]) -> None:
        """Show a hidden group that something was drawn in, lest that vanish at once."""
        before, self._former = self._former, self._document.annotations
        drawn = self._session.drawn_group
        if drawn not in self._states.hidden_with_inner:
            return
        known = self._document.annotations.annotations
        new = (known[key] for key in ids if key in known and key not in before.annotations)
        if any(annotation.group == drawn for annotation in new):
            around = {drawn, *self._document.annotations.lineage(drawn)}
            self._states.set(self._states.hidden - around, self._states.locked)

    def _forget_former(self) -> None:
        self._former = self._document.annotations  # what a file holds was not drawn

    def _deselect_out_of_reach(self) -> None:
        known, selection = self._document.annotations.annotations, self._session.selection
        gone = [key for key in selection.ids if self._states.is_out_of_reach(known[key])]
        if gone:
            selection.forget(gone)

    def _tell_of_hidden(self) -> None:
        """Say that part of what was opened is not shown, lest it be thought lost."""
        hidden = self._states.hidden_with_inner
        count = self.tallies.count(hidden)
        if count:
            shown = "1 annotation is" if count == 1 else f"{words.whole(count)} annotations are"
            self._notices.offer(
                f"{shown} hidden, since their groups are.",
                "Show all",
                partial(self._states.set, frozenset(), self._states.locked),
            )


def _as_name(typed: str) -> str:
    return " ".join(typed.split())[:LONGEST_NAME]


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"


def _contents(count: int, inner: int) -> str:
    """What lies in a group, as the beginning of a sentence."""
    parts = []
    if count:
        parts.append("1 annotation" if count == 1 else f"{words.whole(count)} annotations")
    if inner:
        parts.append("1 group" if inner == 1 else f"{inner} groups")
    return f"There {'is' if count + inner == 1 else 'are'} {' and '.join(parts)}"
