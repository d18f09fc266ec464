"""What the command palette lists, and which typed words fit it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from slideviewer.ui.action_table import FILLED_WHEN_SHOWN


@dataclass(frozen=True)
class Entry:
    """One line of the palette.

    Attributes
    ----------
    text : str
        What it does.
    where : str
        The menu it stands in.
    keys : str
        Its shortcut, in this system's words.
    run : callable
    icon : QIcon or None
    is_on : bool
        Whether it is a switch that is on.
    tip : str
        More words that can be typed to find it.
    """

    text: str
    where: str
    keys: str
    run: Callable[[], object]
    icon: QIcon | None = None
    is_on: bool = False
    tip: str = ""


def score(query: str, text: str, more: str = "") -> int | None:
    """How well some typed words fit a text; None where they do not, the lowest fits best.

    Every word must fit: at best it begins a word, else it stands somewhere, else its letters
    stand in the text in this order.

    Parameters
    ----------
    query : str
    text : str
        The words of the action, which count most.
    more : str
        What may fit too, though not letter by letter.
    """
    text = _typed(text)
    whole = f"{text} {_typed(more)}"
    total = 0
    for word in _typed(query).split():
        begun = re.search(rf"\b{re.escape(word)}", whole)
        found = begun.start() if begun else whole.find(word)
        if found >= 0:
            total += (0 if begun else 100) + min(found, 50)
            continue
        at = -1
        for letter in word:
            at = text.find(letter, at + 1)
            if at < 0:
                return None
        total += 1000 + at
    return total


def ranked(query: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that fit, the best first; in their own order where they fit alike."""
    fitting = []
    for entry in entries:
        worth = score(query, entry.text, f"{entry.where} {entry.keys} {entry.tip}")
        if worth is not None:
            fitting.append((worth, entry))
    return [entry for _, entry in sorted(fitting, key=lambda pair: pair[0])]


def entries_of(bar: QMenuBar) -> list[Entry]:
    """Everything that can be chosen in the menus now, but what was put in one for a while."""
    return list(_entries(bar.actions(), ""))


def _entries(actions: Iterable[QAction], where: str) -> Iterable[Entry]:
    for action in actions:
        if action.isSeparator() or not action.isEnabled() or not action.isVisible():
            continue
        menu = action.menu()
        if action.objectName() in FILLED_WHEN_SHOWN:
            continue
        if isinstance(menu, QMenu):
            inside = f"{where} · {_plain(action)}" if where else _plain(action)
            yield from _entries(menu.actions(), inside)
            continue
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        icon = None if action.icon().isNull() else action.icon()
        text, tip = _plain(action), action.toolTip()
        yield Entry(text, where, keys, action.trigger, icon, action.isChecked(), tip)


def _typed(text: str) -> str:
    """A text as it is typed: the sign of magnifications is on no keyboard."""
    return text.casefold().replace("×", "x")


def _plain(action: QAction) -> str:
    """The words of a menu without their mnemonic: a doubled ampersand is a real one."""
    return re.sub(r"&(.)", r"\1", action.text())
