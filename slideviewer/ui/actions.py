"""Every action of the window in one table: words, keys, icon, and where it stands."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

os.environ.setdefault("QT_API", "pyside6")  # which Qt the icon package is to use

import qtawesome
from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence
from PySide6.QtWidgets import QMainWindow, QToolBar

SEPARATOR = "-"


@dataclass(frozen=True)
class ActionSpec:
    """One thing the user can do.

    Attributes
    ----------
    name : str
        What the program calls it.
    menu : str
        The menu it stands in.
    text : str
        The menu's words; an ampersand marks the mnemonic.
    keys : tuple of str
        Shortcuts, the one to show first.
    icon : str
        Name in Material Design Icons 6 (Pictogrammers, Apache 2.0); empty for none.
    checkable : bool
    exclusive : bool
        Whether it is one of the tools, of which one is on at a time.
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    exclusive: bool = False


ACTIONS = (
    ActionSpec("open_slide", "&File", "&Open slide…", ("Ctrl+O",), "folder-open-outline"),
    ActionSpec("open_annotations", "&File", "Open &annotations…", ("Ctrl+Shift+O",)),
    ActionSpec("save", "&File", "&Save annotations", ("Ctrl+S",), "content-save-outline"),
    ActionSpec("save_as", "&File", "Save annotations &as…", ("Ctrl+Shift+S",)),
    ActionSpec("export_prediction", "&File", "&Export prediction…", ("Ctrl+E",)),
    ActionSpec("quit", "&File", "&Quit", ("Ctrl+Q",)),
    ActionSpec("undo", "&Edit", "&Undo", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "&Edit", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec("delete", "&Edit", "&Delete annotation", ("Shift+Del",)),
    ActionSpec("accept", "&Edit", "Accept predicted &region into the markup", ("Y",)),
    ActionSpec("pan", "&Tools", "&Pan", ("X",), "hand-back-right-outline", True, True),
    ActionSpec(
        "select", "&Tools", "&Select and reshape", ("V",), "cursor-default-outline", True, True
    ),
    ActionSpec("polygon", "&Tools", "Draw p&olygon", ("P",), "vector-polygon", True, True),
    ActionSpec("whole_slide", "&View", "&Whole slide", ("0",), "fit-to-page-outline"),
    ActionSpec("magnify_1", "&View", "2.5×", ("1",)),
    ActionSpec("magnify_2", "&View", "5×", ("2",)),
    ActionSpec("magnify_3", "&View", "10×", ("3",)),
    ActionSpec("magnify_4", "&View", "20×", ("4",)),
    ActionSpec("magnify_5", "&View", "40×", ("5",)),
    ActionSpec("zoom_in", "&View", "Zoom &in", ("+", "=")),
    ActionSpec("zoom_out", "&View", "Zoom &out", ("-",)),
    ActionSpec("show_markup", "&View", "Specialist &markup", ("A",), checkable=True),
    ActionSpec("show_prediction", "&View", "&Predicted tumour", ("H",), checkable=True),
    ActionSpec("hide_chrome", "&View", "&Hide everything but the slide", ("Tab",), checkable=True),
    ActionSpec("predict", "&Predict", "&Predict", ("Ctrl+R",), "play-circle-outline"),
    ActionSpec("cancel", "&Predict", "&Cancel", ("Ctrl+.",), "stop-circle-outline"),
    ActionSpec("about", "&Help", "&About slideviewer", ()),
)

TOOLBAR = (
    *("open_slide", "save", SEPARATOR, "undo", "redo", SEPARATOR),
    *("pan", "select", "polygon", SEPARATOR, "whole_slide", SEPARATOR),
)

MAGNIFICATIONS = {f"magnify_{i}": value for i, value in enumerate((2.5, 5, 10, 20, 40), 1)}


def icon(name: str) -> QIcon:
    """An icon of the product's one family, in the colour of the text around it."""
    return QIcon(qtawesome.icon(f"mdi6.{name}"))


def build(
    window: QMainWindow, handlers: Mapping[str, Callable[..., object]]
) -> tuple[dict[str, QAction], QToolBar]:
    """Make the actions, menus and toolbar of a window.

    Parameters
    ----------
    window : QMainWindow
    handlers : mapping of action name to function
        One for each action of the table; checkable ones are called with their new state.
    """
    tools = QActionGroup(window)
    actions: dict[str, QAction] = {}
    menus = {title: window.menuBar().addMenu(title) for title in _menu_titles()}
    for spec in ACTIONS:
        action = QAction(spec.text, window)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setCheckable(spec.checkable)
        if spec.exclusive:
            tools.addAction(action)
        signal = action.toggled if spec.checkable else action.triggered
        signal.connect(_caller(handlers[spec.name], with_state=spec.checkable))
        plain = spec.text.replace("&", "").rstrip("…")
        action.setToolTip(f"{plain} ({spec.keys[0]})" if spec.keys else plain)
        menus[spec.menu].addAction(action)
        actions[spec.name] = action
    toolbar = window.addToolBar("Tools")
    toolbar.setObjectName("toolbar")
    toolbar.setMovable(False)
    for name in TOOLBAR:
        if name == SEPARATOR:
            toolbar.addSeparator()
        else:
            toolbar.addAction(actions[name])
    dress(actions)
    return actions, toolbar


def dress(actions: Mapping[str, QAction]) -> None:
    """Give the actions their icons, in the colours of the present palette."""
    qtawesome.reset_cache()
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon))


def _menu_titles() -> list[str]:
    return list(dict.fromkeys(spec.menu for spec in ACTIONS))


def _caller(handler: Callable[..., object], *, with_state: bool) -> Callable[[bool], None]:
    def call(state: bool = False) -> None:
        handler(state) if with_state else handler()

    return call
