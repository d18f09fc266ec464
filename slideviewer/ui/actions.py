"""Makes the window's actions, menus and toolbar of their table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.action_table import ACTIONS, MENUS, SEPARATOR, TOOLBAR
from slideviewer.ui.icons import icon


def build(
    window: QMainWindow, handlers: Mapping[str, Callable[..., object]]
) -> tuple[dict[str, QAction], QToolBar]:
    """Make the actions, menus and toolbar of a window.

    Parameters
    ----------
    window : QMainWindow
    handlers : mapping of action name to function
        One for each action of the table; checkable ones are called with their new state.

    Raises
    ------
    ValueError
        Where an action has no handler, or a handler no action.
    """
    known = {spec.name for spec in ACTIONS}
    lost = sorted((known - handlers.keys()) | (handlers.keys() - known))
    if lost:
        raise ValueError(f"actions without a handler, or handlers without an action: {lost}")
    tools = QActionGroup(window)
    actions: dict[str, QAction] = {}
    for title, rows in MENUS.items():
        menu = window.menuBar().addMenu(title)
        submenus: dict[str, QMenu] = {}
        for row in rows:
            if isinstance(row, str):
                menu.addSeparator()
                continue
            if row.submenu and row.submenu not in submenus:
                submenus[row.submenu] = menu.addMenu(row.submenu)
            action = _make(row, window, handlers[row.name])
            submenus.get(row.submenu, menu).addAction(action)
            if row.exclusive:
                tools.addAction(action)
            actions[row.name] = action
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


def add_with_words(toolbar: QToolBar, actions: Mapping[str, QAction], names: Iterable[str]) -> None:
    """Put actions into a toolbar whose words stand beside their icons."""
    for name in names:
        toolbar.addAction(actions[name])
        button = toolbar.widgetForAction(actions[name])
        assert isinstance(button, QToolButton)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)


def bind(action: QAction, spec: ActionSpec, keys: Iterable[str]) -> None:
    """Give an action its keys, and a tooltip that names the first of them."""
    sequences = [QKeySequence(key) for key in keys]
    action.setShortcuts(sequences)
    words = f"{spec.plain_text}: {spec.tip}" if spec.tip else spec.plain_text
    shown = sequences[0].toString(QKeySequence.SequenceFormat.NativeText) if sequences else ""
    action.setToolTip(f"{words} ({shown})" if shown else words)


def dress(actions: Mapping[str, QAction]) -> None:
    """Give the actions their icons, in the colours of the present palette."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon))


def _make(spec: ActionSpec, window: QMainWindow, handler: Callable[..., object]) -> QAction:
    if spec.filled_when_shown:
        menu = QMenu(spec.text, window)
        action = menu.menuAction()
        menu.aboutToShow.connect(lambda: handler(menu))
    else:
        action = QAction(spec.text, window)
        action.setCheckable(spec.checkable)
        signal = action.toggled if spec.checkable else action.triggered
        signal.connect(_caller(handler, with_state=spec.checkable))
    action.setObjectName(spec.name)
    bind(action, spec, spec.keys)
    return action


def _caller(handler: Callable[..., object], *, with_state: bool) -> Callable[[bool], None]:
    def call(state: bool = False) -> None:
        handler(state) if with_state else handler()

    return call
