"""The table of actions, the menus made of it, and keys that meet a real focus."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow, QMenu, QSpinBox
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer.ui import actions
from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.action_table import ACTIONS, MAGNIFICATIONS, MENUS, SEPARATOR, TOOLBAR
from slideviewer.ui.icons import icon
from slideviewer.ui.window import MainWindow

NAMES = [spec.name for spec in ACTIONS]


def handlers(**known: object) -> dict:
    return {name: known.get(name, lambda *_: None) for name in NAMES}


def test_every_name_stands_once_and_every_icon_is_there(qapp: QApplication) -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {name for name in TOOLBAR if name != SEPARATOR} <= set(NAMES)
    assert MAGNIFICATIONS.keys() <= set(NAMES)
    for spec in ACTIONS:
        assert not spec.icon or not icon(spec.icon).isNull()


@pytest.mark.parametrize("title", MENUS)
def test_no_two_mnemonics_of_a_menu_are_alike(title: str) -> None:
    rows = [row for row in MENUS[title] if isinstance(row, ActionSpec)]
    places: dict[str, list[str]] = {"": [row.text for row in rows if not row.submenu]}
    for row in rows:
        if row.submenu:
            places.setdefault(row.submenu, []).append(row.text)
    places[""] += [submenu for submenu in places if submenu]
    for texts in places.values():
        letters = [text[text.index("&") + 1].casefold() for text in texts if "&" in text]
        assert len(set(letters)) == len(letters), texts


def test_an_action_without_handler_is_an_error_and_so_is_the_reverse(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    lacking = handlers()
    del lacking["undo"]
    with pytest.raises(ValueError, match="undo"):
        actions.build(window, lacking)
    with pytest.raises(ValueError, match="no_such_action"):
        actions.build(window, handlers() | {"no_such_action": print})


def test_switches_get_their_state_and_the_others_nothing(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    heard: list[object] = []
    made, _ = actions.build(
        window,
        handlers(show_markup=heard.append, undo=lambda: heard.append("undo"), recent=heard.append),
    )
    made["show_markup"].trigger()
    made["show_markup"].trigger()
    made["undo"].trigger()
    assert heard == [True, False, "undo"]
    menu = made["recent"].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    assert heard[-1] is menu


def test_every_action_stands_in_the_menu_bar(window: MainWindow) -> None:
    def below(menu_actions: list[QAction]) -> set[str]:
        names = set()
        for action in menu_actions:
            names.add(action.objectName())
            if isinstance(action.menu(), QMenu):
                names |= below(action.menu().actions())
        return names

    assert set(NAMES) <= below(window.menuBar().actions())


def test_typing_into_a_field_triggers_nothing(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.activateWindow()
    heard: list[str] = []
    for name, action in window.named_actions.items():
        action.triggered.connect(lambda *_, name=name: heard.append(name))
    line = QLineEdit(window)
    number = QSpinBox(window)
    for field in (line, number):
        field.show()
        field.setFocus()
        QTest.keyClicks(field, "1apx0+-=hgm")
        typed = field.text()
        QTest.keyClick(field, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(field, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(field, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
        assert typed == {line: "1apx0+-=hgm", number: "10"}[field]
    assert heard == []


@pytest.mark.parametrize("place", ["canvas", "tray", "checkbox"])
def test_keys_work_wherever_else_the_focus_is(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, place: str
) -> None:
    window = open_slide(made_slide)
    window.activateWindow()
    tray = window.browsing.tray
    qtbot.waitUntil(lambda: tray.model.rowCount() > 0)
    window.docks["Slides"].raise_()
    shown = window.layers_panel.findChild(type(window.layers_panel.rows["Slide"].shown))
    focused = {"canvas": window.canvas, "tray": tray.list, "checkbox": shown}[place]
    focused.setFocus()
    assert focused.hasFocus()
    was = window.named_actions["show_markup"].isChecked()
    QTest.keyClick(focused, Qt.Key.Key_A)
    assert window.named_actions["show_markup"].isChecked() != was
    scale = window.canvas.viewpoint.scale
    QTest.keyClick(focused, Qt.Key.Key_Plus)
    assert window.canvas.viewpoint.scale > scale
