"""The command palette: what fits, and the whole of it by keys alone."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMainWindow
from pytestqt.qtbot import QtBot

from slideviewer.ui.command_palette import CommandPalette
from slideviewer.ui.palette_entries import Entry, entries_of, ranked, score


def texts(query: str, *names: str) -> list[str]:
    return [entry.text for entry in ranked(query, [Entry(n, "View", "", print) for n in names])]


def test_what_begins_a_word_comes_before_what_stands_in_one() -> None:
    assert texts("ro", "Micro lens", "Prop up", "Rotate left", "Zoom out") == [
        "Rotate left",
        "Prop up",
        "Micro lens",
    ]
    assert texts("left rot", "Rotate right", "Rotate left") == ["Rotate left"]
    assert texts("rtl", "Rotate left", "Zoom in") == ["Rotate left"]
    assert texts("VIEW", "Zoom in") == ["Zoom in"]
    assert texts("20x", "20×", "40×") == ["20×"]
    assert texts("qqq", "Rotate left") == []
    assert texts("", "b", "a") == ["b", "a"]


WORDS = st.text("abc xyz-", min_size=1, max_size=12)


@given(WORDS, WORDS)
def test_every_part_of_a_text_fits_it(before: str, after: str) -> None:
    assert score(before, before + after) is not None
    assert score(after, f"{before} {after}") is not None


@given(st.text(max_size=15), st.text(max_size=30))
def test_any_query_can_be_scored_and_letters_that_are_not_there_do_not_fit(
    query: str, text: str
) -> None:
    worth = score(query, text)
    assert worth is None or worth >= 0
    assert score(query + "€", text.replace("€", "")) is None


class Ground:
    """A window with a few actions, and what was done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.window = QMainWindow()
        self.window.resize(800, 600)
        self.field = QLineEdit()
        self.window.setCentralWidget(self.field)
        menu = self.window.menuBar().addMenu("&View")
        inner = menu.addMenu("Ro&tate")
        self.actions: dict[str, QAction] = {}
        for where, text in ((menu, "Zoom &in"), (inner, "Rotate &left…"), (inner, "Rotate right")):
            action = where.addAction(text)
            action.triggered.connect(lambda _=False, text=text: self.done.append(text))
            self.actions[text] = action
        self.actions["Zoom &in"].setShortcut("Ctrl++")
        menu.addSeparator()
        menu.addAction("Never now").setEnabled(False)
        grid = menu.addAction("Grid")
        grid.setCheckable(True)
        grid.setChecked(True)
        self.palette = CommandPalette(self.window, lambda: entries_of(self.window.menuBar()))
        self.window.show()
        self.window.activateWindow()
        self.field.setFocus()

    @property
    def shown(self) -> list[str]:
        return [entry.text for entry in self.palette.shown]


@pytest.fixture
def ground(qtbot: QtBot) -> Iterator[Ground]:
    made = Ground()
    qtbot.addWidget(made.window)
    qtbot.waitExposed(made.window)
    yield made


def test_it_lists_what_can_be_chosen_with_menu_and_keys(ground: Ground) -> None:
    entries = {entry.text: entry for entry in entries_of(ground.window.menuBar())}
    assert list(entries) == ["Rotate left…", "Rotate right", "Zoom in", "Grid"]
    assert entries["Rotate left…"].where == "View · Rotate"
    assert entries["Zoom in"].keys
    assert entries["Grid"].is_on


def test_keys_alone_find_and_do(ground: Ground) -> None:
    palette = ground.palette
    palette.open()
    assert palette.line.hasFocus()
    QTest.keyClicks(palette.line, "rot")
    assert ground.shown == ["Rotate left…", "Rotate right"]
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert ground.done == ["Rotate right"]
    assert not palette.isVisible()
    assert ground.field.hasFocus()
    palette.open()
    assert len(ground.shown) == 4  # it begins anew
    QTest.keyClick(palette.line, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == 3
    QTest.keyClick(palette.line, Qt.Key.Key_PageUp)
    assert palette.list.currentIndex().row() == 0


def test_escape_and_a_click_elsewhere_do_nothing(ground: Ground) -> None:
    palette = ground.palette
    for leave in (
        lambda: QTest.keyClick(palette.line, Qt.Key.Key_Escape),
        ground.field.setFocus,
        palette.open,
    ):
        palette.open()
        assert palette.isVisible()
        leave()
        assert not palette.isVisible()
        assert ground.field.hasFocus()
    assert ground.done == []


def test_what_does_not_fit_says_so_and_enter_is_harmless(ground: Ground) -> None:
    palette = ground.palette
    palette.open()
    QTest.keyClicks(palette.line, "qqqq")
    assert palette.nothing.isVisible()
    assert not palette.list.isVisible()
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.isVisible()
    assert ground.done == []


def test_a_click_does_it_and_the_palette_stays_inside_the_window(
    qtbot: QtBot, ground: Ground
) -> None:
    palette = ground.palette
    palette.open()
    assert ground.window.rect().contains(palette.geometry())
    ground.window.resize(300, 400)
    assert palette.width() <= 300
    palette.list.grab()
    at = palette.list.visualRect(palette.list.model().index(1, 0)).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert ground.done == ["Rotate right"]


def test_a_screen_reader_hears_the_whole_line(ground: Ground) -> None:
    palette = ground.palette
    palette.open()
    model = palette.list.model()
    spoken = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert spoken[2].startswith("Zoom in, View, ")
    assert spoken[3] == "Grid, on, View"
    assert palette.accessibleName() and palette.line.accessibleName()
