"""Changing several annotations in one step."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.ui.annotation_rows import UNGROUPED
from slideviewer.ui.editing.multi_edit import MultiEdit, Wish, changes_of, common_kinds
from slideviewer.ui.window import MainWindow

TRIANGLE = as_points([(0, 0), (90, 0), (0, 90)])


def made(name: str, kind: Kind | str = Kind.POLYGON, group: str | None = "A") -> Annotation:
    return Annotation(name, kind, TRIANGLE, group, id=name)


TWO = AnnotationSet.of([made("one"), made("two", Kind.RECTANGLE, "B")], [Group("A"), Group("B")])


@pytest.mark.parametrize(
    ("kinds", "possible"),
    [
        ([Kind.POLYGON], (Kind.POLYGON, Kind.SPLINE)),
        ([Kind.POLYGON, Kind.RECTANGLE], (Kind.POLYGON, Kind.SPLINE)),
        ([Kind.DOT, Kind.POINT_SET], (Kind.POINT_SET,)),
        ([Kind.MEASUREMENT], ()),
        (["Arrow"], ()),
        ([Kind.POLYGON, Kind.DOT], ()),
        ([], ()),
    ],
)
def test_types_are_offered_where_all_can_have_them(
    kinds: list[Kind | str], possible: tuple[Kind, ...]
) -> None:
    assert common_kinds(made(str(n), kind) for n, kind in enumerate(kinds)) == possible


def test_a_wish_changes_what_it_names_and_nothing_else() -> None:
    changes, groups = changes_of(TWO, ["one", "two"], Wish(group="C", kind=Kind.SPLINE))
    assert groups == (Group("C"),)
    assert {it.kind for it in changes.values()} == {Kind.SPLINE}
    assert {it.group for it in changes.values()} == {"C"}
    assert [it.name for it in changes.values()] == ["one", "two"]
    changes, groups = changes_of(TWO, ["one"], Wish(name="x", group=UNGROUPED, colour="#000000"))
    assert groups == ()
    assert (changes["one"].name, changes["one"].group) == ("x", None)
    assert changes["one"].colour == "#000000" and changes["one"].points is TRIANGLE


def test_what_differs_stays_as_it_is_until_something_is_chosen(qtbot: QtBot) -> None:
    dialog = MultiEdit(TWO, list(TWO))
    qtbot.addWidget(dialog)
    assert dialog.wish == Wish()
    assert dialog.group.currentText() == "As they are"
    dialog.group.setCurrentText("A")
    dialog.set_colour("#123456")
    dialog.kind.setCurrentText("Spline")
    QTest.keyClicks(dialog.name, " both  ")
    assert dialog.wish == Wish("both", "A", "#123456", Kind.SPLINE)


def test_of_one_annotation_everything_is_shown_as_it_is(qtbot: QtBot) -> None:
    dialog = MultiEdit(TWO, [TWO["two"]])
    qtbot.addWidget(dialog)
    shown = dialog.name.text(), dialog.group.currentText(), dialog.kind.currentText()
    assert shown == ("two", "B", "Rectangle")
    assert dialog.wish == Wish()
    dialog.group.setEditText("In no group")
    assert dialog.wish == Wish(group=UNGROUPED)
    dialog.group.setEditText("None")  # which is how ASAP writes it
    assert dialog.wish == Wish(group=UNGROUPED)
    dialog.group.setEditText("A new one")
    assert dialog.wish == Wish(group="A new one")
    dialog.group.setEditText("")
    assert dialog.wish == Wish()


@pytest.mark.parametrize("typed", ["Label 1", "label 10"])
@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Return])
def test_a_new_group_is_called_as_it_was_typed(qtbot: QtBot, typed: str, key: Qt.Key) -> None:
    groups = [Group("Label 10"), Group("A")]
    dialog = MultiEdit(AnnotationSet.of([made("one")], groups), [made("one")])
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    line = dialog.group.lineEdit()
    assert line is not None
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, typed)
    QTest.keyClick(line, key)
    assert dialog.wish.group == typed


def test_a_type_that_only_some_can_have_is_not_asked_for(qtbot: QtBot) -> None:
    dialog = MultiEdit(TWO, [made("line", Kind.MEASUREMENT)])
    qtbot.addWidget(dialog)
    assert dialog.kind.parent() is None and dialog.wish == Wish()


@pytest.fixture
def marked(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    window = open_slide(made_slide)
    window.session.document.open(TWO, None)
    return window


def answer(text: str, *, accept: bool = True) -> None:
    """Type a name into the dialog that is about to open, and press a button."""

    def fill() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, MultiEdit):
            QTimer.singleShot(20, fill)
            return
        dialog.name.setText(text)
        if accept:
            QTest.keyClick(dialog.name, Qt.Key.Key_Return)
        else:
            QTest.keyClick(dialog, Qt.Key.Key_Escape)

    QTimer.singleShot(0, fill)


def test_all_that_is_selected_changes_in_one_step(marked: MainWindow) -> None:
    document = marked.session.document
    marked.session.selection.set({"one", "two"})
    answer("the same")
    marked.named_actions["edit_annotations"].trigger()
    assert [it.name for it in document.annotations] == ["the same", "the same"]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Change 2 annotations"
    document.undo_stack.undo()
    assert document.annotations["one"] == TWO["one"]
    answer("another", accept=False)
    marked.named_actions["edit_annotations"].trigger()
    assert document.annotations["one"] == TWO["one"]


def test_with_nothing_selected_it_says_what_to_do(marked: MainWindow) -> None:
    marked.named_actions["edit_annotations"].trigger()
    assert any("Select" in text for text in marked.notices.texts)
    marked.notices.clear()
    marked.named_actions["measure_intensity"].trigger()
    assert any("Select" in text for text in marked.notices.texts)


def test_what_is_locked_is_not_changed(marked: MainWindow) -> None:
    marked.session.group_states.set_locked("A", True)
    marked.session.selection.set({"one", "two"})
    answer("the same")
    marked.named_actions["edit_annotations"].trigger()
    assert [it.name for it in marked.session.document.annotations] == ["one", "two"]
