"""The preferences dialog, driven by real keys."""

from pathlib import Path

import pytest
from own_settings import use_settings_in
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from slideviewer.ui import keys, settings
from slideviewer.ui.keys_page import KeysPage
from slideviewer.ui.preferences import Preferences


@pytest.fixture
def dialog(qtbot: QtBot, user_folder: Path) -> Preferences:
    use_settings_in(user_folder)
    made = Preferences()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


@pytest.fixture
def page(dialog: Preferences) -> KeysPage:
    dialog.pages.setCurrentWidget(dialog.keys_page)
    return dialog.keys_page


def test_every_setting_that_has_words_has_a_control(dialog: Preferences) -> None:
    wanted = {setting.name for setting in settings.SETTINGS if setting.words}
    assert dialog.controls.keys() == wanted - {settings.KEYMAP.name}
    assert all(control.accessibleName() for control in dialog.controls.values())


def test_what_is_changed_counts_at_once(dialog: Preferences) -> None:
    heard: list[str] = []
    dialog.changed.connect(heard.append)
    box, check = dialog.controls["background"], dialog.controls["animate"]
    number = dialog.controls["cache_mib"]
    assert isinstance(box, QComboBox)
    assert isinstance(check, QCheckBox)
    assert isinstance(number, QSpinBox)
    QTest.keyClick(box, Qt.Key.Key_Down)
    QTest.keyClick(check, Qt.Key.Key_Space)
    number.setFocus()
    number.selectAll()
    QTest.keyClicks(number, "512")
    QTest.keyClick(number, Qt.Key.Key_Return)
    assert settings.read(settings.BACKGROUND) == "black"
    assert settings.read(settings.ANIMATE) is False
    assert settings.read(settings.CACHE_MIB) == 512
    assert heard == ["background", "animate", "cache_mib"]
    again = Preferences()
    assert again.controls["cache_mib"].value() == 512
    assert not again.controls["animate"].isChecked()


def test_no_amount_of_memory_is_called_automatic(dialog: Preferences) -> None:
    number = dialog.controls["cache_mib"]
    assert isinstance(number, QSpinBox)
    assert number.text() == "Automatic"


def test_a_key_is_changed_by_pressing_it(dialog: Preferences, page: KeysPage) -> None:
    heard: list[bool] = []
    dialog.keys_changed.connect(lambda: heard.append(True))
    page.choose("polygon")
    editor = page.editors[0]
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert keys.bindings()["polygon"] == ("Ctrl+K",)
    assert heard == [True]
    assert page.message.text() == ""
    assert page._items["polygon"].font(2).bold()
    page.reset_one.click()
    assert keys.bindings()["polygon"] == ("P",)
    assert not page._items["polygon"].font(2).bold()


def test_a_conflict_is_said_at_once_and_not_accepted(page: KeysPage) -> None:
    page.choose("zoom_in")
    before = keys.bindings()
    for editor in page.editors:
        editor.setFocus()
        QTest.keyClick(editor, Qt.Key.Key_P)
        assert "Draw polygon" in page.message.text()
        assert keys.bindings() == before
    shown = [editor.keySequence().toString() for editor in page.editors]
    assert tuple(shown) == before["zoom_in"]
    QTest.keyClick(page.editors[0], Qt.Key.Key_Escape)
    assert "drops" in page.message.text()
    assert keys.bindings() == before


def test_a_key_is_taken_away_and_all_come_back(page: KeysPage) -> None:
    page.choose("redo")
    page.removers[0].click()
    assert keys.bindings()["redo"] == ("Ctrl+Y",)
    assert page.editors[0].keySequence().toString() == "Ctrl+Y"
    assert not page.removers[1].isEnabled()
    assert page.reset_all.isEnabled()
    page.reset_all.click()
    assert keys.bindings() == keys.map_keys("asap")
    assert not page.reset_all.isEnabled()


def test_the_map_is_chosen_and_the_table_follows(page: KeysPage) -> None:
    QTest.keyClick(page.keymap, Qt.Key.Key_Down)
    assert settings.read(settings.KEYMAP) == "qupath"
    assert page._items["pan"].text(2) == "M"
    QTest.keyClick(page.keymap, Qt.Key.Key_Up)
    assert page._items["pan"].text(2) == "X"


def test_the_table_is_narrowed_by_words_and_by_keys(page: KeysPage) -> None:
    def shown() -> set[str]:
        return {name for name, item in page._items.items() if not item.isHidden()}

    QTest.keyClicks(page.filter, "rotate left")
    assert shown() == {"rotate_left"}
    page.filter.setText("ctrl+e")
    assert shown() == {"export_prediction"}
    page.filter.clear()
    assert shown() == keys.SPECS.keys()
