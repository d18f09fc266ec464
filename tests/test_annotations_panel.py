"""The list of annotations in the real window."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QSettings, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.panels.annotation_view import HEADER
from slideviewer.ui.panels.annotations import AnnotationsPanel
from slideviewer.ui.window import MainWindow
from slideviewer.ui.words import whole

NONE, CONTROL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def square(name: str, x: float, side: float, group: str | None = None) -> Annotation:
    corners = [(x, 500), (x + side, 500), (x + side, 500 + side), (x, 500 + side)]
    return Annotation(name, Kind.RECTANGLE, as_points(corners), group, id=name)


LINE = Annotation("line", Kind.MEASUREMENT, as_points([(500, 900), (1300, 900)]), id="line")
SHAPES = [
    square("nest 10", 400, 100, "Tumor"),
    square("nest 9", 1000, 400, "Tumor"),
    square("fold", 2000, 200, "Artefact"),
    LINE,
]
GROUPS = [Group("Tumor"), Group("Artefact")]


@pytest.fixture
def listed(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    window = open_slide(made_slide)
    window.docks.show("Annotations")
    window.session.document.open(AnnotationSet.of(SHAPES, GROUPS), None)
    QApplication.processEvents()
    return window


@pytest.fixture
def panel(listed: MainWindow) -> AnnotationsPanel:
    return listed.editing.list


def column(panel: AnnotationsPanel, field: Field) -> list[str]:
    model = panel.table.model()
    number = [each.field for each in panel.model.columns].index(field)
    return [model.index(row, number).data() for row in range(model.rowCount())]


def names(panel: AnnotationsPanel) -> list[str]:
    return column(panel, Field.NAME)


def at_row(panel: AnnotationsPanel, row: int) -> QPoint:
    return panel.table.visualRect(panel.table.model().index(row, 0)).center()


def click_row(panel: AnnotationsPanel, row: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    viewport = panel.table.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, modifiers, at_row(panel, row))


def click_header(panel: AnnotationsPanel, field: Field) -> None:
    header = panel.table.horizontalHeader()
    number = panel.model.column_of(field)
    at = QPoint(header.sectionViewportPosition(number) + 12, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, NONE, at)


def test_each_row_says_what_the_shape_measures(panel: AnnotationsPanel) -> None:
    assert names(panel) == ["nest 10", "nest 9", "fold", "line"]
    assert column(panel, Field.KIND)[0] == "Rectangle"
    assert column(panel, Field.AREA) == [
        "625 µm²",
        f"{whole(10_000)} µm²",
        f"{whole(2500)} µm²",
        "",
    ]
    assert column(panel, Field.PERIMETER)[0] == "100 µm"
    assert column(panel, Field.LENGTH) == ["", "", "", "200 µm"]
    assert column(panel, Field.POINTS) == ["4", "4", "4", "2"]
    assert column(panel, Field.INTENSITY) == [""] * 4
    assert panel.summary.words == "4 annotations"


def test_without_a_slide_everything_is_in_pixels(window: MainWindow) -> None:
    window.session.document.open(AnnotationSet.of(SHAPES, GROUPS), None)
    panel = window.editing.list
    assert column(panel, Field.AREA) == [
        *(f"{whole(px2)} px²" for px2 in (10_000, 160_000, 40_000)),
        "",
    ]
    assert column(panel, Field.LENGTH)[3] == "800 px"


def test_a_click_on_the_header_sorts_the_third_one_brings_back_the_file_order(
    panel: AnnotationsPanel,
) -> None:
    click_header(panel, Field.NAME)
    assert names(panel) == ["fold", "line", "nest 9", "nest 10"]
    click_header(panel, Field.NAME)
    assert names(panel) == ["nest 10", "nest 9", "line", "fold"]
    click_header(panel, Field.NAME)
    assert names(panel) == ["nest 10", "nest 9", "fold", "line"]
    click_header(panel, Field.AREA)
    assert names(panel) == ["nest 10", "fold", "nest 9", "line"]


def test_a_sorted_list_follows_every_edit_and_its_undoing(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    document = listed.session.document
    click_header(panel, Field.AREA)
    resets: list[None] = []
    panel.model.modelReset.connect(lambda: resets.append(None))
    document.apply("Add", {"between": square("between", 3000, 300)})
    assert names(panel) == ["nest 10", "fold", "between", "nest 9", "line"]
    document.apply("Grow", {"nest 10": square("nest 10", 400, 390, "Tumor")})
    assert names(panel) == ["fold", "between", "nest 10", "nest 9", "line"]
    document.apply("Delete", {"fold": None, "between": None})
    assert names(panel) == ["nest 10", "nest 9", "line"]
    for _ in range(3):
        document.undo_stack.undo()
    assert names(panel) == ["nest 10", "fold", "nest 9", "line"]
    assert resets == []


def test_the_search_line_and_the_choices_leave_out_the_rest(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    QTest.keyClicks(panel.filter.words, "NEST")
    qtbot.waitUntil(lambda: names(panel) == ["nest 10", "nest 9"])
    assert panel.summary.words == "2 of 4"
    panel.filter.words.clear()
    panel.filter.group.choose("Artefact")
    assert names(panel) == ["fold"]
    panel.filter.kind.choose("Measurement")
    assert names(panel) == []
    assert panel.show_all.isVisible() and not panel.table.isVisible()
    QTest.mouseClick(panel.show_all, Qt.MouseButton.LeftButton)
    assert len(names(panel)) == 4 and panel.table.isVisible()
    listed.session.document.open(AnnotationSet.of(), None)
    assert panel.empty.isVisible() and not panel.filter.isVisible()


def test_renaming_a_group_that_is_looked_for_leaves_the_choice(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    panel.filter.group.choose("Tumor")
    changed = {it.id: square(it.name, 0, 10, "Other") for it in SHAPES[:2]}
    listed.session.document.apply("Rename", changed, all_groups={"Other": Group("Other")})
    panel.filter.group.fill()
    assert panel.filter.group.chosen == "Tumor"
    assert names(panel) == []
    panel.filter.group.choose("Other")
    assert names(panel) == ["nest 10", "nest 9"]


def test_what_is_selected_on_the_slide_is_selected_in_the_list(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    listed.session.selection.set({"fold", "nest 9"})
    rows = [index.row() for index in panel.table.selectionModel().selectedRows()]
    assert sorted(rows) == [1, 2]
    assert panel.summary.words == "4 annotations  ·  2 selected"
    click_header(panel, Field.NAME)
    rows = [index.row() for index in panel.table.selectionModel().selectedRows()]
    assert sorted(rows) == [0, 2]


def test_the_list_selects_as_lists_do(listed: MainWindow, panel: AnnotationsPanel) -> None:
    selection = listed.session.selection
    click_row(panel, 0)
    assert selection.ids == {"nest 10"}
    click_row(panel, 2, SHIFT)
    assert selection.ids == {"nest 10", "nest 9", "fold"}
    click_row(panel, 1, SHIFT)
    assert selection.ids == {"nest 10", "nest 9"}
    click_row(panel, 3, CONTROL)
    assert selection.ids == {"nest 10", "nest 9", "line"}
    click_row(panel, 0, CONTROL)
    assert selection.ids == {"nest 9", "line"}
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    assert selection.ids == {"nest 9"}
    QTest.keyClick(panel.table, Qt.Key.Key_Down, SHIFT)
    assert selection.ids == {"nest 9", "fold"}
    panel.table.selectAll()
    assert len(selection.ids) == 4
    panel.table.clearSelection()
    assert not selection.ids


def test_what_the_filter_hides_stays_selected_until_a_row_is_clicked(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    listed.session.selection.set({"fold", "nest 9"})
    panel.filter.group.choose("Tumor")
    assert listed.session.selection.ids == {"fold", "nest 9"}
    click_row(panel, 0)
    assert listed.session.selection.ids == {"nest 10"}


def test_many_rows_are_selected_and_seen_where_they_are(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    many = [square(f"a{n}", n, 10) for n in range(3000)]
    listed.session.document.open(AnnotationSet.of(many), None)
    listed.session.selection.set({it.id for it in many[1::2]})
    bar = panel.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 1000)
    bar.setValue(bar.maximum() // 2)
    qtbot.waitUntil(lambda: panel.table.rowAt(5) > 1000)
    first = panel.table.rowAt(5)
    qtbot.waitUntil(
        lambda: all(
            panel.table.selectionModel().isRowSelected(row) == (row % 2 == 1)
            for row in range(first, first + 5)
        )
    )
    listed.session.selection.set({"a7"})
    qtbot.waitUntil(lambda: panel.table.rowAt(5) <= 7)
    panel.table.selectionModel().select(
        panel.table.model().index(9, 0), QItemSelectionModel.SelectionFlag.Toggle
    )
    assert listed.session.selection.ids == {"a7", "a9"}


def test_double_click_and_enter_go_there(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    for row, centre in ((2, (2100, 600)), (0, (450, 550))):
        at = at_row(panel, row)
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, NONE, at)
        QTest.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, NONE, at)
        assert listed.canvas.viewpoint.visible.contains(*centre)
        assert listed.canvas.viewpoint.scale > 0.5
    listed.named_actions["whole_slide"].trigger()
    assert listed.canvas.viewpoint.scale < 0.5
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert listed.canvas.viewpoint.scale > 0.5
    assert listed.canvas.viewpoint.visible.contains(450, 550)


def test_f2_renames_in_one_step(qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel) -> None:
    document = listed.session.document
    click_row(panel, 1)
    QTest.keyClick(panel.table, Qt.Key.Key_F2)
    line = panel.table.findChild(QLineEdit)
    assert line is not None and line.text() == "nest 9"
    line.clear()
    QTest.keyClicks(line, "  a  better name ")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.annotations["nest 9"].name == "a better name")
    assert document.undo_stack.undoText() == "Rename annotation"
    assert document.undo_stack.count() == 1


def test_what_is_typed_stays_while_pictures_and_measures_arrive(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    document = listed.session.document
    click_row(panel, 1)
    QTest.keyClick(panel.table, Qt.Key.Key_F2)
    line = panel.table.findChild(QLineEdit)
    assert line is not None
    QTest.keyClicks(line, "a better")
    panel.model.show_pictures_of(["nest 9"])
    panel.model.show_pictures_of(document.annotations.annotations)
    QTest.keyClicks(line, " name")
    QTest.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()  # Qt takes a typed value over when the key is dealt with
    assert document.annotations["nest 9"].name == "a better name"


def test_delete_in_the_list_deletes_what_is_selected(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    click_row(panel, 1)
    click_row(panel, 2, CONTROL)
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    assert names(panel) == ["nest 10", "line"]
    listed.session.document.undo_stack.undo()
    assert names(panel) == ["nest 10", "nest 9", "fold", "line"]


def test_columns_are_hidden_and_stay_so(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    number = panel.model.column_of(Field.POINTS)
    assert panel.table.isColumnHidden(number)
    panel.menu.aboutToShow.emit()
    action = next(each for each in panel.menu.actions() if each.text() == "Points")
    assert not action.isChecked()
    action.trigger()
    assert not panel.table.isColumnHidden(number)
    header = panel.table.horizontalHeader()
    qtbot.waitUntil(lambda: QSettings().value(HEADER) == header.saveState())
    other = MainWindow()
    try:
        assert not other.editing.list.table.isColumnHidden(number)
    finally:
        other.let_go()
        other.deleteLater()


def test_a_column_that_is_shown_is_seen(panel: AnnotationsPanel) -> None:
    for field in (Field.PERIMETER, Field.LENGTH, Field.POINTS, Field.INTENSITY):
        panel.table.show_column(field, True)
        header, column = panel.table.horizontalHeader(), panel.model.column_of(field)
        left = header.sectionViewportPosition(column)
        assert 0 <= left < left + header.sectionSize(column) <= panel.table.viewport().width()


def test_a_damaged_setting_of_the_header_does_not_count(
    user_folder: Path, window: MainWindow
) -> None:
    QSettings().setValue(HEADER, "nonsense")
    QSettings().setValue("annotation_pictures", "nonsense")
    other = MainWindow()
    try:
        shown = [it.field for it in other.editing.list.model.columns if it.is_shown]
        assert all(other.editing.list.table.shows_column(field) for field in shown)
    finally:
        other.let_go()
        other.deleteLater()


def test_small_pictures_come_and_can_be_switched_off(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    decoration = Qt.ItemDataRole.DecorationRole
    index = panel.table.model().index(1, 0)

    def colours() -> int:
        image = index.data(decoration).toImage()
        return len({image.pixel(x, 18) for x in range(image.width())})

    qtbot.waitUntil(lambda: colours() > 5, timeout=10_000)
    high = panel.table.rowHeight(0)
    action = next(each for each in panel.menu.actions() if each.text() == "Small pictures")
    action.trigger()
    assert index.data(decoration) is None
    assert panel.table.rowHeight(0) < high


def test_a_picture_is_made_anew_when_its_shape_changes(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    thumbnails = listed.editing.listing.thumbnails
    document = listed.session.document
    qtbot.waitUntil(lambda: thumbnails.get(document.annotations["fold"]) is not None)
    before = thumbnails.get(document.annotations["fold"])
    document.apply("Move", {"fold": square("fold", 2400, 300, "Artefact")})
    qtbot.waitUntil(lambda: thumbnails.get(document.annotations["fold"]) is not before)


def test_intensity_is_measured_for_the_selection(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    listed.session.selection.set({"nest 9", "line"})
    listed.named_actions["measure_intensity"].trigger()
    qtbot.waitUntil(lambda: column(panel, Field.INTENSITY)[1] != "")
    assert panel.table.shows_column(Field.INTENSITY)
    assert 0 < float(column(panel, Field.INTENSITY)[1]) < 255
    assert column(panel, Field.INTENSITY)[0] == column(panel, Field.INTENSITY)[3] == ""
    listed.session.document.apply("Move", {"nest 9": square("nest 9", 1100, 400, "Tumor")})
    assert column(panel, Field.INTENSITY)[1] == ""


def test_the_table_is_written_with_all_rows_or_the_selected_ones(
    qtbot: QtBot,
    listed: MainWindow,
    panel: AnnotationsPanel,
    tmp_path: Path,
    choose_file: ChooseFile,
) -> None:
    choose_file(tmp_path / "all")
    panel.filter.group.choose("Artefact")
    listed.named_actions["export_table"].trigger()
    qtbot.waitUntil((tmp_path / "all.csv").exists)
    rows = list(csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8", newline="")))
    assert [row["Name"] for row in rows] == ["nest 10", "nest 9", "fold", "line"]
    assert rows[0]["Area (µm²)"] == "625" and rows[3]["Length (µm)"] == "200"
    panel.filter.clear()
    click_header(panel, Field.NAME)
    listed.session.selection.set({"nest 10", "nest 9"})
    choose_file(tmp_path / "some.csv")
    listed.editing.listing.export_selected()
    qtbot.waitUntil((tmp_path / "some.csv").exists)
    rows = list(csv.DictReader((tmp_path / "some.csv").open(encoding="utf-8", newline="")))
    assert [row["Name"] for row in rows] == ["nest 9", "nest 10"]
    qtbot.waitUntil(lambda: not panel.cancel.isVisible())


def test_a_table_that_cannot_be_written_is_told_of(
    qtbot: QtBot, listed: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    choose_file(tmp_path / "nowhere" / "a.csv")
    listed.named_actions["export_table"].trigger()
    qtbot.waitUntil(lambda: any("nowhere" in it for it in listed.notices.texts))


def test_the_context_menu_groups_and_goes_there(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    click_row(panel, 2)
    click_row(panel, 3, CONTROL)
    menu = listed.editing.listing.menu()
    texts = [each.text().split("\t")[0] for each in menu.actions() if each.text()]
    assert texts[:2] == ["Go there", "Rename"] and "Export selected rows…" in texts
    groups = next(each for each in menu.findChildren(QMenu) if each.title() == "Put into group")
    next(each for each in groups.actions() if each.text() == "Tumor").trigger()
    document = listed.session.document
    assert document.annotations["fold"].group == document.annotations["line"].group == "Tumor"
    assert document.undo_stack.count() == 1
    menu.close()


def test_the_list_takes_no_letters_from_the_window(
    listed: MainWindow, panel: AnnotationsPanel
) -> None:
    click_row(panel, 0)
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_F, NONE, "f")
    QApplication.sendEvent(panel.table, event)
    assert panel.table.currentIndex().row() == 0


def test_another_slide_has_other_pictures_and_no_intensities(
    qtbot: QtBot, listed: MainWindow, panel: AnnotationsPanel
) -> None:
    thumbnails = listed.editing.listing.thumbnails
    annotation = listed.session.document.annotations["fold"]
    qtbot.waitUntil(lambda: thumbnails.get(annotation) is not None)
    listed.session.set_slide(None)
    assert thumbnails.get(annotation) is None
    assert column(panel, Field.AREA)[0] == f"{whole(10_000)} px²"
