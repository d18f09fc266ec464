"""The history: everything can be undone, as long as memory allows."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.annotations.decisions import Decision, Verdict, as_runs
from slideviewer.ui.document import Document
from slideviewer.ui.panels.history import HistoryPanel


def dot(number: int, points: int = 1) -> Annotation:
    return Annotation(f"A{number}", Kind.DOT, as_points(np.ones((points, 2))), id=f"id{number}")


@pytest.fixture
def document() -> Document:
    """One with ten steps behind it."""
    made = Document()
    for number in range(10):
        made.apply(f"Add {number}", {f"id{number}": dot(number)})
    return made


def test_a_step_far_away_is_gone_to_at_once(document: Document) -> None:
    heard: list[frozenset[str]] = []
    document.changed.connect(heard.append)
    document.undo_stack.setIndex(3)
    assert heard == [frozenset(f"id{number}" for number in range(3, 10))]
    assert list(document.annotations.annotations) == ["id0", "id1", "id2"]
    assert (document.undo_stack.undoText(), document.undo_stack.redoText()) == ("Add 2", "Add 3")
    document.undo_stack.setIndex(99)
    assert len(document.annotations) == 10
    assert not document.undo_stack.canRedo()
    document.undo_stack.setIndex(10)
    assert len(heard) == 2


def test_a_new_step_ends_what_could_be_done_again(document: Document) -> None:
    document.undo_stack.setIndex(3)
    document.apply("Other", {"x": dot(99)})
    assert document.undo_stack.count() == 4
    assert not document.undo_stack.canRedo()


@pytest.mark.parametrize("sets_bytes", [0, 2**20])
def test_what_was_removed_comes_back_where_it_was(document: Document, sets_bytes: int) -> None:
    document.undo_stack.sets_bytes = sets_bytes
    before = list(document.annotations.annotations)
    gone = {f"id{number}": None for number in (0, 4, 5, 9)}
    document.apply("Swap", {**gone, "new": dot(77)}, (Group("G"),))
    document.undo_stack.undo()
    assert list(document.annotations.annotations) == before
    document.undo_stack.redo()
    assert list(document.annotations.annotations)[-1] == "new"


def test_the_last_sets_are_at_hand_as_they_were(document: Document) -> None:
    whole, stack = document.annotations, document.undo_stack
    document.apply("Delete", {"id4": None})
    less = document.annotations
    stack.undo()
    assert document.annotations is whole
    stack.redo()
    assert document.annotations is less
    stack.setIndex(2)
    document.apply("Other", {"x": dot(99)})
    other = document.annotations
    stack.undo()
    assert list(document.annotations.annotations) == ["id0", "id1"]
    stack.redo()
    assert document.annotations is other
    document.open(whole, None)
    document.apply("Delete", {"id4": None})
    stack.undo()
    assert document.annotations is whole


def test_groups_go_and_change_their_order_as_a_step() -> None:
    document = Document()
    document.apply("Add", {}, (Group("A"), Group("B")))
    turned = dict(reversed(document.annotations.groups.items()))
    assert document.apply("Sort", {}, all_groups=turned)
    assert document.apply("Delete", {}, all_groups={"B": Group("B")})
    document.undo_stack.undo()
    assert list(document.annotations.groups) == ["B", "A"]
    document.undo_stack.undo()
    assert list(document.annotations.groups) == ["A", "B"]
    assert not document.apply("Nothing", {}, all_groups=document.annotations.groups)


def test_the_oldest_steps_go_when_memory_is_used_up(tmp_path: Path) -> None:
    document = Document()
    stack = document.undo_stack
    stack.limit_bytes = 100_000
    for number in range(30):
        document.apply(f"Add {number}", {f"id{number}": dot(number, 1000)})  # 16 kB each
    assert stack.count() == 6
    assert stack.forgotten == 24
    stack.setIndex(0)
    assert len(document.annotations) == 24
    assert not document.is_saved
    assert stack.clean_index is None
    document.save(tmp_path / "a.xml")
    stack.redo()
    stack.undo()
    assert document.is_saved
    stack.setIndex(6)
    document.apply("Large", {"x": dot(99, 100_000)})  # one step is always kept
    assert (stack.count(), stack.canUndo()) == (1, True)
    stack.undo()
    assert len(document.annotations) == 30
    assert not document.is_saved  # the saved state has gone


def test_the_saved_state_is_known_wherever_it_is(document: Document, tmp_path: Path) -> None:
    stack = document.undo_stack
    stack.setIndex(4)
    document.save(tmp_path / "a.xml")
    assert stack.clean_index == 4
    stack.redo()
    assert not document.is_saved
    stack.undo()
    assert document.is_saved
    stack.undo()
    document.apply("Other", {"x": dot(99)})  # what was saved can be gone to no more
    assert stack.clean_index is None
    assert stack.index() == 4
    assert not document.is_saved
    stack.undo()
    assert not document.is_saved


def test_a_click_in_the_panel_goes_there(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    document.save(tmp_path / "a.xml")
    panel = HistoryPanel(document)
    panel.wanted.connect(document.undo_stack.setIndex)
    panel.resize(300, 400)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitExposed(panel)
    shown = panel.list.model()

    def texts() -> list[str]:
        return [shown.index(row, 0).data() for row in range(shown.rowCount())]

    assert texts()[0] == "As opened"
    assert texts()[-1] == "Add 9  ·  saved"
    at = panel.list.visualRect(shown.index(3, 0)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert document.undo_stack.index() == 3
    assert texts()[3:5] == ["Add 2", "Add 3 (undone)"]
    assert texts()[-1] == "Add 9 (undone)  ·  saved"
    assert panel.list.currentIndex().row() == 3
    document.apply("Other", {"x": dot(99)})
    assert texts()[-1] == "Other"
    assert panel.list.currentIndex().row() == 4
    QTest.keyClick(panel.list, Qt.Key.Key_Up)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert document.undo_stack.index() == 3
    document.undo_stack.limit_bytes = 0
    document.undo_stack.redo()
    document.apply("More", {"y": dot(98)})
    assert texts() == ["4 earlier steps", "More"]


def test_a_click_that_is_not_followed_leaves_the_row(qtbot: QtBot, document: Document) -> None:
    panel = HistoryPanel(document)  # nobody listens: a gesture is under way
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitExposed(panel)
    at = panel.list.visualRect(panel.list.model().index(1, 0)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert document.undo_stack.index() == 10
    assert panel.list.currentIndex().row() == 10


def test_another_file_has_a_history_of_its_own(document: Document) -> None:
    document.open(AnnotationSet.of(), None)
    assert document.undo_stack.count() == 0
    assert document.is_saved


def test_decisions_count_in_what_the_sets_at_hand_take(document: Document) -> None:
    runs = as_runs([(0, 0, 1, 1)])
    made = [Decision("predicted", Verdict.REJECTED, runs) for _ in range(1000)]
    document.apply("Reject", {}, decisions={it.id: it for it in made})
    document.undo_stack.sets_bytes = 5 * 100 * 1010
    for number in range(10):
        document.apply(f"More {number}", {"more": dot(number, 2)})
    assert len(document.undo_stack._sets) == 5
