"""Groups by their number: put what is selected into one, or draw in it from now on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from slideviewer.annotations import Group
from slideviewer.annotations.grouping import inner_groups, regrouped
from slideviewer.ui.keys import SPECS
from slideviewer.ui.session import Session

MOST_NUMBERED = 9
"""Groups that have a number, since there are no more digits."""


LONGEST_NAME = 40
"""Letters of a group's name in the menu."""


class Assigning(QObject):
    """What the numbers of the groups do.

    Parameters
    ----------
    session : Session
    """

    told = Signal(str)  # what has been done, for the status line

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._actions: dict[str, QAction] = {}
        self._shown: Mapping[str, Group] | None = None
        session.document.changed.connect(self._name_groups)
        session.document.replaced.connect(self._name_groups)

    @property
    def commands(self) -> dict[str, Callable[[], None]]:
        """What the actions call, by their names."""
        numbers = range(1, MOST_NUMBERED + 1)
        return {f"group_{number}": partial(self.choose, number) for number in numbers}

    def attach(self, named_actions: Mapping[str, QAction]) -> None:
        """Keep the words of the menu in step with the groups that there are."""
        self._actions = {name: named_actions[name] for name in self.commands}
        self._name_groups()

    def choose(self, number: int) -> None:
        """Put what is selected into the group of this number; with nothing selected, draw in it.

        Parameters
        ----------
        number : int
            From 1 on, in the order of the Groups panel.
        """
        document, ids = self._session.document, self._session.selection.ids
        names = in_tree_order(document.annotations.groups)
        if number > len(names):
            groups = "1 group" if len(names) == 1 else f"{len(names)} groups"
            self.told.emit(f"There is no group {number}: the Groups panel lists {groups}.")
            return
        name = names[number - 1]
        if not ids:
            self._session.drawn_group = name
            self.told.emit(f"What you draw next belongs to “{name}”.")
            return
        count = "1 annotation" if len(ids) == 1 else f"{len(ids)} annotations"
        changes = regrouped(document.annotations, ids, name)
        if not changes:
            self.told.emit(f"{count} in “{name}” already.")
        elif document.apply(f"Put into {name}", changes):
            self.told.emit(f"{count} put into “{name}”.")

    def _name_groups(self) -> None:
        groups = self._session.document.annotations.groups
        if groups is self._shown or not self._actions:
            return
        self._shown = groups
        names = in_tree_order(groups)
        for place, (key, action) in enumerate(self._actions.items()):
            known = names[place] if place < len(names) else ""
            action.setText(f"&{place + 1}  {_menu_words(known)}" if known else SPECS[key].text)


def _menu_words(name: str) -> str:
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return short.replace("&", "&&")


def in_tree_order(groups: Mapping[str, Group]) -> tuple[str, ...]:
    """The groups from top to bottom of their tree: each one before those inside it."""
    inner = inner_groups(groups)
    waiting, names = list(reversed(inner[None])), []
    while waiting:
        name = waiting.pop()
        names.append(name)
        waiting.extend(reversed(inner.get(name, ())))
    return tuple(names)
