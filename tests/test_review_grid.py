"""The findings as a grid of pictures: laid out, chosen, decided together, quick for many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, QStringListModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListView, QStyledItemDelegate
from pytestqt.qtbot import QtBot
from test_review import found, key, markup, reviewed  # noqa: F401

from slideviewer.annotations.decisions import Verdict
from slideviewer.ui import settings
from slideviewer.ui.review.cells import CELL_SIDE
from slideviewer.ui.review.grid import UniformGrid
from slideviewer.ui.review.panel import GRID
from slideviewer.ui.window import MainWindow

MODES = Qt.KeyboardModifier
CELL = QSize(100, 120)


class Cell(QStyledItemDelegate):
    """Counts what is painted, all of one size."""

    painted = 0

    def sizeHint(self, *_: object) -> QSize:
        return CELL

    def paint(self, *_: object) -> None:
        self.painted += 1


@pytest.fixture(scope="module")
def grid(qapp: QApplication) -> UniformGrid:
    made = UniformGrid()
    made.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
    made.setItemDelegate(Cell(made))
    made.setModel(QStringListModel([str(number) for number in range(50_000)], made))
    made.resize(460, 500)
    made.show()
    return made


@pytest.fixture
def pictured(qtbot: QtBot, reviewed: MainWindow) -> MainWindow:  # noqa: F811
    reviewed.docks.show("Review")
    QTest.keyClick(reviewed, Qt.Key.Key_F7, MODES.ControlModifier)
    reviewed.judging.reviewing.panel.orders.setCurrentText("Surest first")
    QApplication.processEvents()
    return reviewed


def click(window: MainWindow, row: int, modifiers: Qt.KeyboardModifier = MODES.NoModifier) -> None:
    panel = window.judging.reviewing.panel
    at = panel.grid.visualRect(panel.model.index(row)).center()
    QTest.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, modifiers, at)
    QApplication.processEvents()


@hypothesis_settings(deadline=None, max_examples=60)
@given(width=st.integers(60, 1500), row=st.integers(0, 49_999), across=st.floats(0, 0.99))
def test_what_stands_in_a_cell_is_found_there(
    grid: UniformGrid, width: int, row: int, across: float
) -> None:
    grid.resize(width, 500)
    index = grid.model().index(row, 0)
    grid.scrollTo(index)
    rect = grid.visualRect(index)
    assert grid.viewport().rect().top() <= rect.top()
    assert rect.bottom() <= grid.viewport().rect().bottom()
    assert grid.indexAt(rect.topLeft() + QPoint(int(across * rect.width()), 0)) == index
    assert rect.height() == CELL.height()
    assert row in grid.rows_within(grid.viewport().rect())
    assert grid.columns == max(1, grid.viewport().width() // CELL.width())
    assert grid.columns * grid.cell.width() <= max(CELL.width(), grid.viewport().width())


def test_only_what_is_in_sight_is_painted_however_many_there_are(grid: UniformGrid) -> None:
    grid.resize(460, 500)
    grid.scrollTo(grid.model().index(30_000, 0))
    delegate = grid.itemDelegate()
    assert isinstance(delegate, Cell)
    delegate.painted = 0
    grid.grab()
    assert 0 < delegate.painted <= 4 * 6


def test_the_keys_go_through_the_grid(grid: UniformGrid) -> None:
    grid.resize(460, 500)
    grid.setCurrentIndex(grid.model().index(0, 0))
    assert grid.columns == 4
    for name, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 5),
        (Qt.Key.Key_Left, 4),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, 49_999),
        (Qt.Key.Key_Down, 49_999),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_PageDown, 16),
    ):
        QTest.keyClick(grid, name)
        assert grid.currentIndex().row() == row, name
    QTest.keyClick(grid, Qt.Key.Key_Down, MODES.ShiftModifier)
    chosen = {index.row() for index in grid.selectionModel().selectedRows()}
    assert chosen == {16, 17, 18, 19, 20}, "as they are read, not as a rectangle"


def test_a_key_shows_the_pictures_and_the_next_window_begins_so(
    qtbot: QtBot, pictured: MainWindow
) -> None:
    panel = pictured.judging.reviewing.panel
    assert panel.grid.isVisible()
    assert not panel.list.isVisible()
    assert settings.read(GRID)
    queue, showing = pictured.judging.reviewing.queue, pictured.judging.reviewing._showing
    items = list(queue.items())
    qtbot.waitUntil(lambda: panel.views.is_pictured)
    picture = showing.picture_of(items[0], True)
    assert picture is not None
    assert picture.deviceIndependentSize().toSize() == QSize(CELL_SIDE, CELL_SIDE)
    assert panel.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole).endswith("open")
    panel.as_grid.click()
    assert panel.list.isVisible()
    assert not settings.read(GRID)


def test_pictures_come_as_soon_as_there_are_findings(
    qtbot: QtBot,
    reviewed: MainWindow,  # noqa: F811
) -> None:
    qtbot.waitUntil(lambda: reviewed.judging.reviewing.panel.views.is_pictured)
    assert len(reviewed.judging.reviewing.queue) == 3


def test_the_keys_of_the_review_work_in_the_grid(qtbot: QtBot, pictured: MainWindow) -> None:
    reviewing = pictured.judging.reviewing
    click(pictured, 0)
    assert reviewing.panel.grid.hasFocus()
    key(pictured, "]")
    assert reviewing.queue.current_row == reviewing.panel.grid.currentIndex().row() == 1
    key(pictured, "[")
    click(pictured, 2)
    assert reviewing.queue.current_row == 2
    seen = pictured.canvas.viewpoint.visible
    item = reviewing.queue.current
    assert item is not None
    assert seen.x < item.bounds.x < item.bounds.right < seen.right, "it flew there"
    key(pictured, Qt.Key.Key_U)
    key(pictured, Qt.Key.Key_L)
    verdicts = {it.verdict for it in pictured.session.document.annotations.decisions.values()}
    assert verdicts == {Verdict.REJECTED, Verdict.DEFERRED}
    key(pictured, Qt.Key.Key_Y)
    found(qtbot, reviewing, 2)


def test_several_that_are_selected_are_decided_in_one_step(
    qtbot: QtBot, pictured: MainWindow
) -> None:
    reviewing, document = pictured.judging.reviewing, pictured.session.document
    click(pictured, 0)
    click(pictured, 2, MODES.ControlModifier)
    assert reviewing.panel.views.chosen_rows == [0, 2]
    assert reviewing.queue.current_row == 2
    key(pictured, Qt.Key.Key_U)
    assert document.undo_stack.undoText() == "Reject 2 findings"
    assert len(document.annotations.decisions) == 2
    assert reviewing.queue.current_row == 1, "the one that is open"
    assert reviewing.panel.views.chosen_rows == [1]
    document.undo_stack.undo()
    assert not document.annotations.decisions
    click(pictured, 0)
    click(pictured, 1, MODES.ShiftModifier)
    QTest.keyClick(pictured, Qt.Key.Key_Y, MODES.ShiftModifier)
    assert "one finding at a time" in pictured.notices.texts[-1]
    count = len(document.annotations)
    key(pictured, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: document.undo_stack.undoText() == "Accept 2 findings")
    found(qtbot, reviewing, 1)
    assert len(document.annotations) >= count
    QTest.keyClick(pictured, Qt.Key.Key_F7, MODES.ControlModifier)
    reviewing.panel.list.selectAll()
    key(pictured, Qt.Key.Key_L)
    assert document.undo_stack.undoText() in ("Defer 1 findings", "Defer finding")


def test_what_is_chosen_in_the_grid_is_so_in_the_list(pictured: MainWindow) -> None:
    panel = pictured.judging.reviewing.panel
    select = QItemSelectionModel.SelectionFlag.Select
    click(pictured, 1)
    panel.grid.selectionModel().select(panel.model.index(0), select)
    panel.as_grid.click()
    assert [index.row() for index in panel.list.selectionModel().selectedRows()] == [1, 0]
    assert panel.list.currentIndex().row() == 1
