"""What comes in from the background takes nothing out of the user's hands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QLineEdit, QMenu
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, answer, drag, screen_point, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    write_annotations,
)
from slideviewer.ui.editing.amount_dialog import AmountDialog
from slideviewer.ui.editing.control import STILL_DRAWING
from slideviewer.ui.panels.group_tree import Column
from slideviewer.ui.window import MainWindow

NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


def square(name: str, group: str | None = "Tumor", left: float = 400) -> Annotation:
    corners = [(left, 500), (left + 900, 500), (left + 900, 1400), (left, 1400)]
    return Annotation(name, Kind.POLYGON, as_points(corners), group, id=name)


def file_of(folder: Path, *names: str) -> Path:
    """A file of annotations in a group each."""
    path = folder / "other.xml"
    shapes = [square(name, f"Group of {name}") for name in names]
    write_annotations(AnnotationSet.of(shapes, [Group(str(it.group)) for it in shapes]), path)
    return path


@pytest.fixture
def working(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    window = open_slide(made_slide)
    shapes = [square("b"), square("d", left=2000)]
    window.session.document.open(AnnotationSet.of(shapes, [Group("Tumor")]), None)
    QApplication.processEvents()
    return window


def at(index: QModelIndex, view: QAbstractItemView) -> QLineEdit:
    """Type into a cell by F2; gives the line that is typed into."""
    view.setFocus()
    view.setCurrentIndex(index)
    QTest.keyClick(view, Qt.Key.Key_F2)
    (line,) = view.findChildren(QLineEdit)
    QTest.keyClicks(line, "half")
    return line


def only_line(view: QAbstractItemView) -> QLineEdit:
    (line,) = (it for it in view.findChildren(QLineEdit) if it.isVisible())
    return line


def test_a_group_s_name_is_typed_on_while_an_import_adds_groups(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    working.docks.show("Groups")
    tree = working.editing.groups.panel.tree
    at(working.editing.groups.panel.model.index_of("Tumor"), tree)
    working.importing.add(file_of(tmp_path, "a", "c"))
    wait_for_jobs(qtbot)
    groups = working.session.document.annotations.groups
    assert list(groups) == ["Tumor", "Group of a", "Group of c"]
    line = only_line(tree)
    QTest.keyClicks(line, " a name")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "half a name" in working.session.document.annotations.groups)


def test_an_annotation_s_name_is_typed_on_while_an_import_fills_the_list(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    working.docks.show("Annotations")
    document, panel = working.session.document, working.editing.list
    many = [square(f"{name}{number}") for number in range(150) for name in "ae"]
    kept = [square(f"c{number}") for number in range(150)]
    document.open(AnnotationSet.of([*kept, square("zz")], [Group("Tumor")]), None)
    panel.model.sort(0)
    row = panel.model.row_of("c7")
    assert row is not None
    # So that what is added comes between the rows in more stretches than are put in one by one.
    names = {it.id: it for it in (square(f"c{number}b") for number in range(150))}
    at(panel.model.index(row, 0), panel.table)
    document.apply("Import", names | {it.id: it for it in many})
    QApplication.processEvents()
    line = only_line(panel.table)
    QTest.keyClicks(line, " a name")
    QTest.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert document.annotations["c7"].name == "half a name"


def test_what_is_typed_goes_with_its_annotation(working: MainWindow) -> None:
    working.docks.show("Annotations")
    panel = working.editing.list
    at(panel.model.index(0, 0), panel.table)
    working.session.document.open(AnnotationSet.of([square("x")]), None)
    QApplication.processEvents()
    assert not [it for it in panel.table.findChildren(QLineEdit) if it.isVisible()]
    assert working.session.document.annotations["x"].name == "x"


def test_the_tree_of_groups_stays_where_it_was_scrolled_to(working: MainWindow) -> None:
    working.docks.show("Groups")
    document, tree = working.session.document, working.editing.groups.panel.tree
    inner = [Group(f"In {number}", "Tumor") for number in range(80)]
    document.open(AnnotationSet.of([], [Group("Tumor"), *inner]), None)
    QApplication.processEvents()
    bar = tree.verticalScrollBar()
    bar.setValue(30)
    assert bar.value() == 30
    document.apply("Add group", {}, (Group("Other"),))
    QApplication.processEvents()
    assert bar.value() == 30


def dialog_over(
    qtbot: QtBot, window: MainWindow, begin: Callable[[], object], meanwhile: Callable[[], None]
) -> bool:
    """Have a dialog opened and something happen; whether the dialog was still there then."""
    seen: list[bool] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            QTimer.singleShot(20, look)
            return
        if isinstance(dialog, AmountDialog):
            qtbot.waitUntil(lambda: dialog.outcome is not None, timeout=20_000)
        meanwhile()
        seen.append(dialog.isVisible())
        if dialog.isVisible():
            dialog.accept()

    QTimer.singleShot(0, look)
    begin()
    (stayed,) = seen
    return stayed


@pytest.mark.parametrize("command", ["edit_annotations", "edit_attributes", "simplify", "grow"])
def test_no_dialog_changes_what_was_opened_in_the_meantime(
    qtbot: QtBot, working: MainWindow, tmp_path: Path, command: str
) -> None:
    path, document = file_of(tmp_path, "a"), working.session.document

    def open_other() -> None:
        working.files.open_annotations(path)
        qtbot.waitUntil(lambda: document.path == path, timeout=20_000)

    working.session.selection.set(["b"])
    action = working.named_actions[command]
    assert not dialog_over(qtbot, working, action.trigger, open_other)
    wait_for_jobs(qtbot)
    assert [it.name for it in document.annotations] == ["a"]
    assert document.is_saved


def test_no_dialog_of_a_group_changes_what_was_opened_in_the_meantime(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    path, document = file_of(tmp_path, "a"), working.session.document

    def open_other() -> None:
        working.files.open_annotations(path)
        qtbot.waitUntil(lambda: document.path == path, timeout=20_000)

    wanted = working.editing.groups.panel.attributes_wanted
    assert not dialog_over(qtbot, working, lambda: wanted.emit("Tumor"), open_other)
    assert list(document.annotations.groups) == ["Group of a"]


def test_what_is_imported_while_a_group_is_asked_about_stays(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    document = working.session.document

    def add() -> None:
        working.importing.add(file_of(tmp_path, "a"))
        qtbot.waitUntil(lambda: len(document.annotations) == 3, timeout=20_000)
        answer(qtbot, "Delete them too")

    QTimer.singleShot(0, add)
    working.editing.groups.delete("Tumor")
    assert [it.name for it in document.annotations] == ["a"]
    assert list(document.annotations.groups) == ["Group of a"]


def test_a_menu_of_a_group_means_that_group_although_others_come(
    qtbot: QtBot, working: MainWindow, tmp_path: Path
) -> None:
    working.docks.show("Groups")
    panel, document = working.editing.groups.panel, working.session.document
    document.apply("Add group", {}, (Group("Last"),))
    menu = panel.menu_for(panel.model.index_of("Last"))
    menu.popup(panel.tree.mapToGlobal(panel.tree.rect().center()))
    working.importing.add(file_of(tmp_path, "a", "c"))
    document.apply("Delete group", {}, all_groups={"Last": Group("Last")})
    wait_for_jobs(qtbot)
    assert menu.isVisible()
    rename = next(it for it in menu.actions() if it.text() == "Rename")
    QTest.mouseClick(menu, LEFT, NONE, menu.actionGeometry(rename).center())
    line = only_line(panel.tree)
    assert line.text() == "Last"


@pytest.mark.parametrize("dock", ["Groups", "Annotations"])
def test_a_menu_of_what_is_gone_is_closed(
    qtbot: QtBot, working: MainWindow, tmp_path: Path, dock: str
) -> None:
    working.docks.show(dock)
    groups, list_ = working.editing.groups.panel, working.editing.list
    working.session.selection.set(["b"])
    list_.table.setCurrentIndex(list_.model.index(0, 0))
    if dock == "Groups":
        groups.tree.menu_wanted.emit(
            groups.model.index_of("Tumor", Column.NAME), groups.mapToGlobal(groups.rect().center())
        )
    else:
        list_.menu_wanted.emit(list_.mapToGlobal(list_.rect().center()))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    working.files.open_annotations(file_of(tmp_path, "a"))
    wait_for_jobs(qtbot)
    assert QApplication.activePopupWidget() is None


def test_opening_a_file_is_no_drawing_in_a_hidden_group(working: MainWindow) -> None:
    document, states = working.session.document, working.session.group_states
    states.set_hidden("Tumor", True)
    assert working.session.drawn_group == "Tumor"
    document.open(AnnotationSet.of([square("x")], [Group("Tumor")]), None)
    document.apply("Rename annotation", {"x": square("x", left=500)})
    assert states.hidden == {"Tumor"}


def test_nothing_is_deleted_in_the_middle_of_a_stroke(working: MainWindow) -> None:
    canvas, document = working.canvas, working.session.document
    working.session.selection.set(["b"])
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_B)
    QTest.mousePress(canvas, LEFT, NONE, screen_point(canvas, 800, 900))
    QTest.mouseMove(canvas, screen_point(canvas, 1600, 900))
    QTest.keyClick(canvas, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert "b" in document.annotations.annotations
    assert working.notices.texts == [STILL_DRAWING]
    QTest.mouseRelease(canvas, LEFT, NONE, screen_point(canvas, 1600, 900))
    assert [it.text for it in document.undo_stack.edits] == ["Extend area"]
    drag(canvas, (800, 900), (800, 1600))
    QTest.keyClick(canvas, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert "b" not in document.annotations.annotations
