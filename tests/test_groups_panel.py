"""The Groups panel: what it shows, and that each of its commands is one undoable step."""

from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QColorDialog,
    QDialogButtonBox,
    QInputDialog,
    QLineEdit,
    QTableWidget,
)
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, answer

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    area,
    as_points,
    asap_attributes,
    read_annotations,
    with_asap_attributes,
    with_only_asap_attributes,
)
from slideviewer.annotations import measures as measures_module
from slideviewer.annotations.grouping import (
    branch,
    changes_between,
    inner_groups,
    next_group_name,
    regrouped,
    with_group_moved,
    with_group_renamed,
    without_branch,
)
from slideviewer.annotations.measures import Table, UmPerPixel, measured
from slideviewer.slide import Spacing
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui import annotation_measuring as measuring_module
from slideviewer.ui import settings, words
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.document import Document
from slideviewer.ui.editing.attributes import AttributesDialog
from slideviewer.ui.editing.dragging import dragged_annotations, dragged_group
from slideviewer.ui.editing.tallies import GroupTallies
from slideviewer.ui.launch import wait_until
from slideviewer.ui.layers.markup_look import MarkupLook
from slideviewer.ui.panels.group_tree import Column
from slideviewer.ui.window import MainWindow

NAMES = ("A", "B", "C", "D", "E")
SQUARE = as_points([(0, 0), (100, 0), (100, 100), (0, 100)])
MOVE = Qt.DropAction.MoveAction

trees = st.lists(
    st.builds(Group, name=st.sampled_from(NAMES), parent=st.none() | st.sampled_from(NAMES)),
    unique_by=lambda group: group.name,
)


def shape(name: str, group: str | None, size: float = 1.0) -> Annotation:
    return Annotation(name, Kind.POLYGON, as_points(SQUARE * size), group)


@pytest.fixture
def made_slide(tmp_path: Path) -> Path:
    """A slide that is made at once: what is on it does not matter here."""
    path = tmp_path / "grey.tif"
    write_pyramid(path, (4096, 3072), [np.full((3072, 4096, 3), 200, np.uint8)], 0.25)
    return path


@pytest.fixture
def grouped(window: MainWindow) -> MainWindow:
    """A window with Outer (1) around Inner (2), Other (0), and one annotation of no group."""
    made = [shape("1", "Outer"), shape("2", "Inner"), shape("3", "Inner", 2), shape("4", None)]
    groups = [
        Group("Outer", colour="#1450FF"),
        Group("Inner", "Outer", "#F4A000"),
        Group("Other", colour="#2FA84F"),
    ]
    window.session.document.open(AnnotationSet.of(made, groups), None)
    window.docks.show("Groups")
    window.activateWindow()
    QApplication.processEvents()
    return window


def text(window: MainWindow, group: str | None, column: Column) -> str:
    index = window.editing.groups.panel.model.index_of(group, column)
    assert index.isValid()
    return str(index.data())


def tree_of(window: MainWindow) -> list[tuple[str, int]]:
    """The names as they stand, with how deep they lie."""
    model = window.editing.groups.panel.model
    found: list[tuple[str, int]] = []

    def walk(parent: QModelIndex, depth: int) -> None:
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            assert model.parent(index) == parent
            found.append((index.data(), depth))
            walk(index, depth + 1)

    walk(QModelIndex(), 0)
    return found


def undo(window: MainWindow) -> None:
    window.named_actions["undo"].trigger()


def members(window: MainWindow) -> dict[str, str | None]:
    return {it.name: it.group for it in window.session.document.annotations}


@given(trees)
def test_every_group_stands_in_the_tree_once(made: list[Group]) -> None:
    groups = {group.name: group for group in made}
    inner = inner_groups(groups)
    listed = [name for names in inner.values() for name in names]
    assert sorted(listed) == sorted(groups)
    reached = [name for outermost in inner[None] for name in branch(groups, outermost)]
    assert sorted(reached) == sorted(groups)
    for name, group in groups.items():
        if name not in inner[None]:
            assert group.parent is not None and name in inner[group.parent]


@given(trees, st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES))
def test_a_group_is_moved_with_all_inside_it_but_never_into_itself(
    made: list[Group], name: str, target: str | None
) -> None:
    annotations = AnnotationSet.of((), [*made, Group(name)])
    if target is not None and target in branch(annotations.groups, name):
        with pytest.raises(ValueError, match="cannot lie inside"):
            with_group_moved(annotations, name, target)
        return
    moved = with_group_moved(annotations, name, target)
    assert moved.groups[name].parent == target
    assert set(branch(moved.groups, name)) == set(branch(annotations.groups, name))
    assert moved.groups.keys() == annotations.groups.keys()


@given(trees, st.sampled_from(NAMES))
def test_a_branch_goes_with_its_annotations_and_nothing_else(made: list[Group], name: str) -> None:
    of_each = [shape(group, group) for group in (*NAMES, "none")]
    annotations = AnnotationSet.of(of_each, [*made, Group(name)])
    gone = set(branch(annotations.groups, name))
    left = without_branch(annotations, name)
    assert left.groups.keys() == annotations.groups.keys() - gone
    assert {it.group for it in left} == {*NAMES, "none"} - gone
    assert [it for it in annotations if it.id in left.annotations] == list(left)


def test_changes_lead_from_one_set_to_another() -> None:
    one, two, three = shape("1", "A"), shape("2", "B"), shape("3", None)
    before = AnnotationSet.of([one, two, three], [Group("A"), Group("B")])
    after = with_group_renamed(before, "B", "A")
    assert changes_between(before, after).keys() == {two.id}
    assert changes_between(before, without_branch(before, "A")) == {one.id: None}
    assert regrouped(before, [one.id, two.id], "A").keys() == {two.id}
    assert next_group_name({"Annotation Group 4": Group("x")}) == "Annotation Group 5"


def counted(qapp: QApplication) -> tuple[Document, GroupTallies]:
    """A document and its tallies, owned: else a thread that collects garbage may delete them."""
    document = Document(qapp)
    return document, GroupTallies(document, Measuring(document), document)


def wait_until_measured(tallies: GroupTallies) -> None:
    wait_until(lambda: tallies.is_measured([*NAMES, None]), 60)


@hypothesis.settings(deadline=None, max_examples=25)
@given(st.data())
def test_tallies_are_right_after_any_edits(qapp: QApplication, data: st.DataObject) -> None:
    document, tallies = counted(qapp)
    tallies._pause.setInterval(0)
    groups = st.none() | st.sampled_from(NAMES)
    for number in range(data.draw(st.integers(1, 12))):
        known = list(document.annotations)
        kind = data.draw(st.sampled_from(["add", "group", "reshape", "delete", "undo", "measure"]))
        if kind == "measure":
            wait_until_measured(tallies)
        elif kind == "undo":
            document.undo_stack.undo()
        elif kind == "add" or not known:
            new = shape(str(number), data.draw(groups), data.draw(st.floats(0.1, 9)))
            document.apply("Add", {new.id: new})
        else:
            it = data.draw(st.sampled_from(known))
            group, points = data.draw(groups), as_points(it.points * 2)
            changed = {
                "group": Annotation(it.name, it.kind, it.points, group, id=it.id),
                "reshape": Annotation(it.name, it.kind, points, it.group, id=it.id),
                "delete": None,
            }[kind]
            document.apply("Edit", {it.id: changed})
        for group in (*NAMES, None):
            assert tallies.count([group]) == sum(it.group == group for it in document.annotations)
    wait_until_measured(tallies)
    for group in (*NAMES, None):
        own = sum(area(it) for it in document.annotations if it.group == group)
        assert tallies.area_px2([group]) == pytest.approx(own, abs=1e-6)
    tallies.close()
    document.deleteLater()


def test_areas_are_measured_aside_and_each_shape_once(
    qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(shapes: list[Annotation], spacing: UmPerPixel) -> Table:
        asked.extend(it.id for it in shapes)
        return measured(shapes, spacing)

    monkeypatch.setattr(measuring_module, "measured", noted)
    document, tallies = counted(qapp)
    made = {it.id: it for it in (shape(str(n), "A", 1 + n % 7) for n in range(2500))}
    document.apply("Add", made)
    assert tallies.count(["A"]) == 2500 and not tallies.is_measured(["A"])
    qtbot.waitUntil(lambda: tallies.is_measured(["A"]), timeout=10_000)
    assert tallies.area_px2(["A"]) == pytest.approx(sum(area(it) for it in made.values()))
    assert sorted(asked) == sorted(made)
    document.apply("Group", regrouped(document.annotations, list(made)[:100], "B"))
    assert tallies.is_measured(["A", "B"])
    assert tallies.area_px2(["B"]) == pytest.approx(sum(map(area, list(made.values())[:100])))
    assert len(asked) == 2500
    tallies.close()
    document.deleteLater()


def test_the_list_and_the_tree_measure_each_shape_once_together(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(shapes: list[Annotation], spacing: UmPerPixel) -> Table:
        asked.extend(it.id for it in shapes)
        return measured(shapes, spacing)

    window = open_slide(made_slide)
    for module in (measuring_module, measures_module):
        monkeypatch.setattr(module, "measured", noted)
    made = {it.id: it for it in (shape(str(n), "A", 1 + n % 7) for n in range(300))}
    window.session.document.apply("Add", made)
    window.editing.list.table.sortByColumn(
        window.editing.listing.table.column_of(Field.AREA), Qt.SortOrder.AscendingOrder
    )
    tallies = window.editing.groups.tallies
    qtbot.waitUntil(lambda: tallies.is_measured(["A"]), timeout=10_000)
    assert tallies.area_px2(["A"]) == pytest.approx(sum(area(it) for it in made.values()))
    assert sorted(asked) == sorted(made)
    ids = window.editing.listing.table.ids
    assert [made[key].bounds.width for key in ids] == sorted(
        it.bounds.width for it in made.values()
    )


def test_the_tree_shows_groups_counts_and_areas(
    qtbot: QtBot, grouped: MainWindow, open_slide: OpenSlide, made_slide: Path
) -> None:
    assert tree_of(grouped) == [("Outer", 0), ("Inner", 1), ("Other", 0), ("Ungrouped", 0)]
    counts = [text(grouped, it, Column.COUNT) for it in ("Outer", "Inner", "Other", None)]
    assert counts == ["3", "2", "0", "1"]
    qtbot.waitUntil(lambda: text(grouped, "Outer", Column.AREA) == words.whole(60000) + " px²")
    assert text(grouped, "Other", Column.AREA) == ""
    open_slide(made_slide)  # 0.25 µm a pixel
    assert text(grouped, "Outer", Column.AREA) == words.whole(3750) + " µm²"
    more = shape("5", "Other", 30)
    grouped.session.document.apply("Add", {more.id: more})
    assert text(grouped, "Other", Column.COUNT) == "1"
    qtbot.waitUntil(lambda: text(grouped, "Other", Column.AREA) == "0.562 mm²")


def test_what_is_clicked_on_does_not_move_while_areas_are_measured(
    qtbot: QtBot, grouped: MainWindow, open_slide: OpenSlide, made_slide: Path
) -> None:
    open_slide(made_slide)
    panel = grouped.editing.groups.panel

    def place() -> int:
        return panel.tree.visualRect(panel.model.index_of("Outer", Column.LOCKED)).x()

    qtbot.waitUntil(lambda: text(grouped, "Outer", Column.AREA) == words.whole(3750) + " µm²")
    before = place()
    more = shape("5", "Outer", 8)
    grouped.session.document.apply("Add", {more.id: more}, (Group("New"),))
    assert text(grouped, "Outer", Column.AREA).endswith("…")
    assert place() == before
    qtbot.waitUntil(lambda: not text(grouped, "Outer", Column.AREA).endswith("…"))
    QApplication.processEvents()
    assert place() == before


def test_areas_are_said_in_the_fitting_unit() -> None:
    spacing = Spacing(0.5, 0.5)
    assert words.area(400, spacing) == "100 µm²"
    assert words.area(400_000, spacing) == "0.1 mm²"


def test_a_swatch_shows_the_colour_that_asap_draws_with(grouped: MainWindow) -> None:
    model = grouped.editing.groups.panel.model

    def colours(group: str) -> tuple[str, str]:
        icon = model.index_of(group, Column.COLOUR).data(Qt.ItemDataRole.DecorationRole)
        picture = icon.pixmap(16, 16).toImage()
        middle = picture.pixelColor(8, 8).name().upper()
        return middle, picture.pixelColor(2, 8).name().upper()

    assert colours("Outer")[0] == "#1450FF"
    assert colours("Inner") == ("#1450FF", "#F4A000")
    tip = model.index_of("Inner", Column.COLOUR).data(Qt.ItemDataRole.ToolTipRole)
    assert "#F4A000" in tip and "“Outer”, #1450FF" in tip


def test_another_colour_is_shown_in_the_same_rows(grouped: MainWindow) -> None:
    model, document = grouped.editing.groups.panel.model, grouped.session.document
    resets: list[bool] = []
    told: set[tuple[object, int, int]] = set()
    model.modelReset.connect(lambda: resets.append(True))
    model.dataChanged.connect(
        lambda first, last: told.add((model.group_at(first), first.column(), last.column()))
    )
    document.apply("Recolour", {}, (Group("Outer", colour="#123456"),))
    assert not resets
    for group in ("Outer", "Inner"):  # which is drawn in the outer one's
        assert (group, Column.COLOUR, Column.COLOUR) in told
        said = model.index_of(group, Column.COLOUR).data(Qt.ItemDataRole.AccessibleTextRole)
        assert "#123456" in said
    document.undo_stack.undo()
    said = model.index_of("Outer", Column.COLOUR).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "#1450FF" in said


def test_eye_and_padlock_answer_to_clicks_and_leave_the_chosen_group(
    qtbot: QtBot, grouped: MainWindow
) -> None:
    panel, states = grouped.editing.groups.panel, grouped.session.group_states
    grouped.session.drawn_group = "Outer"

    def click_on(group: str | None, column: Column) -> None:
        panel.tree.scrollTo(panel.model.index_of(group))
        at = panel.tree.visualRect(panel.model.index_of(group, column)).center()
        QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click_on("Inner", Column.SHOWN)
    click_on(None, Column.LOCKED)
    assert (states.hidden, states.locked) == ({"Inner"}, {None})
    click_on("Inner", Column.SHOWN)
    assert states.hidden == frozenset()
    assert grouped.session.drawn_group == "Outer"
    click_on("Other", Column.NAME)
    assert grouped.session.drawn_group == "Other"
    assert panel.drawn.text() == "What you draw next goes into “Other”."


def test_what_is_drawn_goes_into_the_chosen_group(grouped: MainWindow) -> None:
    session, panel = grouped.session, grouped.editing.groups.panel
    assert session.drawn_group == "Tumor"
    assert "“Tumor”, which is made then" in panel.drawn.text()
    assert panel.chosen is None and not panel.delete.isEnabled()
    for wanted in ("Tumor", "Inner", None):
        session.drawn_group = wanted
        session.add_polygons("Add polygon", [SQUARE])
        assert list(session.document.annotations)[-1].group == wanted
        assert panel.chosen == wanted
    assert panel.drawn.text() == "What you draw next belongs to no group."
    assert "Tumor" in session.document.annotations.groups


def test_a_group_is_added_by_its_name_and_drawn_in(
    grouped: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = grouped.editing.groups.panel, grouped.session
    proposed: list[str] = []

    def type_in(name: str) -> None:
        def get_text(*_: object, text: str = "") -> tuple[str, bool]:
            proposed.append(text)
            return name, True

        monkeypatch.setattr(QInputDialog, "getText", get_text)

    type_in("  New \n one ")
    panel.add.click()
    assert proposed == ["Annotation Group 0"]
    assert tree_of(grouped)[-2:] == [("New one", 0), ("Ungrouped", 0)]
    assert session.drawn_group == "New one"
    type_in("Deep")
    inside = next(
        action
        for action in panel.menu_for(panel.model.index_of("Inner")).actions()
        if action.text() == "Add group inside…"
    )
    inside.trigger()
    assert ("Deep", 2) in tree_of(grouped)
    type_in("Deep")  # there already: it is drawn in, and nothing else
    session.drawn_group = None
    grouped.named_actions["group_add"].trigger()
    assert session.drawn_group == "Deep"
    undo(grouped)
    undo(grouped)
    assert [name for name, _ in tree_of(grouped)] == ["Outer", "Inner", "Other", "Ungrouped"]
    assert session.drawn_group == "Tumor"


def test_a_name_is_edited_in_its_place(qtbot: QtBot, grouped: MainWindow) -> None:
    panel = grouped.editing.groups.panel
    grouped.session.drawn_group = "Inner"
    grouped.session.group_states.set_hidden("Inner", True)
    panel.tree.setFocus()
    QTest.keyClick(panel.tree, Qt.Key.Key_F2)
    editor = panel.tree.findChild(QLineEdit)
    assert editor is not None and editor.text() == "Inner"
    editor.selectAll()
    QTest.keyClicks(editor, "Front")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tree_of(grouped)[1] == ("Front", 1))
    assert members(grouped) == {"1": "Outer", "2": "Front", "3": "Front", "4": None}
    assert grouped.session.drawn_group == "Front"
    assert grouped.session.group_states.hidden == {"Front"}
    assert grouped.named_actions["undo"].text() == "Undo Rename Inner to Front"
    undo(grouped)
    assert members(grouped)["2"] == "Inner"
    assert grouped.session.drawn_group == "Tumor"


@pytest.mark.parametrize("choice", ["Merge", "Stay"])
def test_a_merge_is_asked_about(qtbot: QtBot, grouped: MainWindow, choice: str) -> None:
    before = grouped.session.document.annotations
    answer(qtbot, choice)
    grouped.editing.groups.rename("Inner", "Other")
    if choice == "Stay":
        assert grouped.session.document.annotations is before
        return
    assert tree_of(grouped) == [("Outer", 0), ("Other", 0), ("Ungrouped", 0)]
    assert members(grouped)["3"] == "Other"
    undo(grouped)
    assert grouped.session.document.annotations.groups == before.groups
    assert list(grouped.session.document.annotations) == list(before)


@pytest.mark.parametrize("choice", ["Move them into Outer", "Delete them too", "Stay"])
def test_what_becomes_of_a_deleted_group_s_members_is_asked(
    qtbot: QtBot, grouped: MainWindow, choice: str
) -> None:
    panel, before = grouped.editing.groups.panel, grouped.session.document.annotations
    grouped.session.drawn_group = "Inner"
    answer(qtbot, choice)
    panel.tree.setFocus()
    QTest.keyClick(panel.tree, Qt.Key.Key_Delete)
    after = {
        "Move them into Outer": {"1": "Outer", "2": "Outer", "3": "Outer", "4": None},
        "Delete them too": {"1": "Outer", "4": None},
        "Stay": {"1": "Outer", "2": "Inner", "3": "Inner", "4": None},
    }[choice]
    assert members(grouped) == after
    assert ("Inner" in grouped.session.document.annotations.groups) == (choice == "Stay")
    if choice != "Stay":
        undo(grouped)
    assert list(grouped.session.document.annotations) == list(before)
    assert list(grouped.session.document.annotations.groups) == list(before.groups)


def test_an_empty_group_goes_without_a_question_and_an_outer_one_with_its_branch(
    qtbot: QtBot, grouped: MainWindow
) -> None:
    grouped.session.drawn_group = "Other"
    grouped.editing.groups.panel.delete.click()
    assert tree_of(grouped) == [("Outer", 0), ("Inner", 1), ("Ungrouped", 0)]
    answer(qtbot, "Keep them without this group")
    grouped.editing.groups.delete("Outer")
    assert tree_of(grouped) == [("Inner", 0), ("Ungrouped", 0)]
    assert members(grouped)["1"] is None
    undo(grouped)
    answer(qtbot, "Delete them too")
    grouped.editing.groups.delete("Outer")
    assert members(grouped) == {"4": None}


def test_a_locked_group_is_neither_renamed_nor_deleted(qtbot: QtBot, grouped: MainWindow) -> None:
    grouped.session.group_states.set_locked("Outer", True)
    before = grouped.session.document.annotations
    grouped.editing.groups.rename("Inner", "Front")
    answer(qtbot, "Delete them too")
    grouped.editing.groups.delete("Outer")
    grouped.editing.groups.select("Inner")
    assert grouped.session.document.annotations is before
    assert grouped.session.group_states.locked == {"Outer"}
    assert not grouped.session.selection.ids
    assert any("“Inner” is locked" in text for text in grouped.notices.texts)


def test_the_colour_is_asked_for_by_a_click_on_it(
    grouped: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def get_colour(initial: QColor, *_: object) -> QColor:
        asked.append(initial.name().upper())
        return QColor("#abcdef") if len(asked) == 1 else QColor()

    monkeypatch.setattr(QColorDialog, "getColor", get_colour)
    panel = grouped.editing.groups.panel

    def click_on_the_colour() -> None:
        at = panel.tree.visualRect(panel.model.index_of("Inner", Column.COLOUR)).center()
        QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click_on_the_colour()
    assert grouped.session.document.annotations.groups["Inner"].colour == "#ABCDEF"
    assert grouped.named_actions["undo"].text() == "Undo Colour Inner"
    click_on_the_colour()
    assert asked == ["#F4A000", "#ABCDEF"]
    assert grouped.session.document.annotations.groups["Inner"].colour == "#ABCDEF"


def dropped(window: MainWindow, mime: QMimeData, target: str | None) -> bool:
    """Drop something on a row; whether it may be dropped there."""
    model = window.editing.groups.panel.model
    at = model.index_of(target)
    if not model.canDropMimeData(mime, MOVE, -1, -1, at):
        return False
    model.dropMimeData(mime, MOVE, -1, -1, at)
    QApplication.processEvents()
    return True


def test_groups_are_dragged_into_each_other(grouped: MainWindow) -> None:
    model = grouped.editing.groups.panel.model
    mime = model.mimeData([model.index_of("Outer")])
    assert dropped(grouped, mime, "Other")
    assert tree_of(grouped) == [("Other", 0), ("Outer", 1), ("Inner", 2), ("Ungrouped", 0)]
    undo(grouped)
    assert not dropped(grouped, dragged_group("Outer"), "Inner")
    assert not dropped(grouped, dragged_group("Outer"), "Outer")
    assert not dropped(grouped, dragged_group("Inner"), "Outer")  # there already
    assert dropped(grouped, dragged_group("Inner"), None)
    assert tree_of(grouped)[:3] == [("Outer", 0), ("Inner", 0), ("Other", 0)]
    undo(grouped)
    empty = QModelIndex()
    assert model.canDropMimeData(dragged_group("Inner"), MOVE, -1, -1, empty)
    assert not model.canDropMimeData(dragged_annotations(["x"]), MOVE, -1, -1, empty)
    assert not model.canDropMimeData(QMimeData(), MOVE, -1, -1, model.index_of("Outer"))


def test_the_tree_takes_what_is_let_go_over_it(qtbot: QtBot, grouped: MainWindow) -> None:
    tree, model = grouped.editing.groups.panel.tree, grouped.editing.groups.panel.model
    ids = list(grouped.session.document.annotations.annotations)
    none, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    for mime, over, result in (
        (dragged_annotations([ids[3]]), "Inner", lambda: members(grouped)["4"] == "Inner"),
        (dragged_group("Other"), "Inner", lambda: ("Other", 2) in tree_of(grouped)),
    ):
        at = tree.visualRect(model.index_of(over)).center()
        for event in (
            QDragEnterEvent(at, MOVE, mime, button, none),
            QDragMoveEvent(at, MOVE, mime, button, none),
            QDropEvent(at.toPointF(), MOVE, mime, button, none),
        ):
            QApplication.sendEvent(tree.viewport(), event)
        qtbot.waitUntil(result)


def test_annotations_are_dragged_into_a_group(grouped: MainWindow) -> None:
    ids = list(grouped.session.document.annotations.annotations)
    assert dropped(grouped, dragged_annotations(ids[:2]), "Other")
    assert members(grouped) == {"1": "Other", "2": "Other", "3": "Inner", "4": None}
    assert grouped.named_actions["undo"].text() == "Undo Move 2 annotations into Other"
    assert dropped(grouped, dragged_annotations([ids[0], "gone"]), None)
    assert members(grouped)["1"] is None
    undo(grouped)
    undo(grouped)
    assert members(grouped)["1"] == "Outer"


def test_the_selection_is_moved_by_menu_and_a_group_selected(grouped: MainWindow) -> None:
    session, panel = grouped.session, grouped.editing.groups.panel
    grouped.editing.groups.select("Outer")
    names = {session.document.annotations[key].name for key in session.selection.ids}
    assert names == {"1", "2", "3"}
    menu = {it.text(): it for it in panel.menu_for(panel.model.index_of("Other")).actions()}
    menu["Move the selection here"].trigger()
    assert set(members(grouped).values()) == {"Other", None}
    undo(grouped)
    session.drawn_group = "Fresh"  # not declared yet
    grouped.named_actions["group_chosen"].trigger()
    assert session.document.annotations.groups["Fresh"]
    assert list(members(grouped).values()).count("Fresh") == 3
    session.selection.set([])
    grouped.named_actions["group_chosen"].trigger()
    assert any("Select annotations first" in text for text in grouped.notices.texts)


def test_a_closed_branch_stays_closed(grouped: MainWindow) -> None:
    panel = grouped.editing.groups.panel
    assert panel.tree.isExpanded(panel.model.index_of("Outer"))
    panel.tree.collapse(panel.model.index_of("Outer"))
    grouped.editing.groups.add("New")
    assert not panel.tree.isExpanded(panel.model.index_of("Outer"))


def test_keys_reach_the_menu_of_a_row(grouped: MainWindow) -> None:
    panel = grouped.editing.groups.panel
    asked: list[QModelIndex] = []
    panel.tree.menu_wanted.disconnect()
    panel.tree.menu_wanted.connect(lambda index, at: asked.append(index))
    grouped.session.drawn_group = "Inner"
    at = panel.tree.visualRect(panel.model.index_of("Other")).center()
    QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.RightButton, pos=at)
    assert grouped.session.drawn_group == "Inner"
    reasons = QContextMenuEvent.Reason
    for reason, where in ((reasons.Mouse, at), (reasons.Keyboard, QPoint())):
        QApplication.sendEvent(panel.tree.viewport(), QContextMenuEvent(reason, where, where))
    assert [panel.model.group_at(index) for index in asked[-2:]] == ["Other", "Inner"]


def fill_in(monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, str], agree: bool = True) -> None:
    """Have the next dialogs of attributes hold just these rows when they are answered."""

    def run(dialog: AttributesDialog) -> AttributesDialog.DialogCode:
        table: QTableWidget = dialog.table
        table.selectAll()
        dialog.remove.click()
        for row, (key, value) in enumerate(rows):
            dialog.add.click()
            table.item(row, 0).setText(key)
            table.item(row, 1).setText(value)
        codes = AttributesDialog.DialogCode
        return codes.Accepted if agree else codes.Rejected

    monkeypatch.setattr(AttributesDialog, "exec", run)


def test_a_group_s_attributes_are_edited_and_written(
    grouped: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill_in(monkeypatch, ("grade", "3"), (" by ", "A & B"), ("", ""))
    grouped.editing.groups.panel.attributes_wanted.emit("Inner")
    document = grouped.session.document
    assert document.annotations.groups["Inner"].attributes == {"grade": "3", "by": "A & B"}
    document.save(tmp_path / "a.xml")
    read = read_annotations(tmp_path / "a.xml").annotations
    assert read.groups["Inner"].attributes == {"grade": "3", "by": "A & B"}
    count = document.undo_stack.count()
    fill_in(monkeypatch, ("x", "y"), agree=False)
    grouped.editing.groups.panel.attributes_wanted.emit("Inner")
    assert document.undo_stack.count() == count


def test_an_annotation_s_attributes_are_edited_and_written(
    grouped: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document, action = grouped.session.document, grouped.named_actions["edit_attributes"]
    action.trigger()
    assert any("Select one annotation" in text for text in grouped.notices.texts)
    first = with_asap_attributes(next(iter(document.annotations)), {"score": "0.9", "label": "t"})
    document.apply("Edit", {first.id: first})
    grouped.session.selection.set([first.id])
    fill_in(monkeypatch, ("score", "0.7"), ("my key", "1"))
    action.trigger()
    assert asap_attributes(document.annotations[first.id]) == {"score": "0.7", "my key": "1"}
    document.save(tmp_path / "a.xml")
    read = next(iter(read_annotations(tmp_path / "a.xml").annotations))
    assert asap_attributes(read) == {"score": "0.7", "my key": "1"}


def test_what_is_being_typed_counts_where_buttons_take_no_focus(
    qtbot: QtBot, window: MainWindow
) -> None:
    dialog = AttributesDialog("“A”", {"score": "1"}, (), window)
    qtbot.addWidget(dialog)
    dialog.show()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    ok.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # as all buttons of macOS have
    QTest.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    (line,) = dialog.table.findChildren(QLineEdit)
    QTest.keyClicks(line, "score")
    QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and "twice" in dialog.problem.text()
    dialog.table.setCurrentCell(1, 0)
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    line = next(it for it in dialog.table.findChildren(QLineEdit) if it.isVisible())
    QTest.keyClicks(line, "stage")
    QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert dialog.values == {"score": "1", "stage": ""}


def test_a_dialog_of_attributes_says_what_is_wrong(qtbot: QtBot, window: MainWindow) -> None:
    dialog = AttributesDialog("it", {"a": "1", "b": "2"}, ("Name",), window)
    qtbot.addWidget(dialog)
    ok = dialog.buttons.buttons()[0]
    assert ok.isEnabled()
    for key, problem in (("b", "twice"), ("", "no key"), ("Name", "elsewhere"), ("c", "")):
        dialog.table.item(0, 0).setText(key)
        assert problem in dialog.problem.text()
        assert ok.isEnabled() == (not problem)
    assert dialog.values == {"c": "1", "b": "2"}


@given(
    st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=3),
    st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=3),
)
def test_attributes_are_exactly_those_that_were_set(
    before: dict[str, str], after: dict[str, str]
) -> None:
    plain = shape("1", None)
    made = with_only_asap_attributes(with_asap_attributes(plain, before), after)
    assert asap_attributes(made) == after
    assert with_only_asap_attributes(made, {}).extra == plain.extra


def test_only_attributes_of_ones_own_are_changed() -> None:
    with pytest.raises(ValueError, match="'Color'"):
        with_only_asap_attributes(shape("1", None), {"Color": "red"})


def test_outlines_are_blue_or_in_asap_s_colours(grouped: MainWindow) -> None:
    annotations = grouped.session.document.annotations
    of = {it.name: it for it in annotations}
    blue = MarkupLook.of(annotations, frozenset(), False)
    assert len({blue.colour(it).rgb() for it in annotations}) == 1
    look = MarkupLook.of(annotations, frozenset({"Inner"}), True)
    for it in annotations:
        assert look.colour(it).name().upper() == annotations.shown_colour(it)
        assert look.selected_colour(it).lightness() > look.colour(it).lightness()
    assert [look.shows(of[name]) for name in "1234"] == [True, False, False, True]


def test_the_setting_colours_every_view_and_is_kept(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    made = Annotation("1", Kind.POLYGON, as_points(1000 + SQUARE * 10), "Inner")
    groups = (Group("Outer", colour="#00C800"), Group("Inner", "Outer", "#F4A000"))
    window.session.document.apply("Add", {made.id: made}, groups)
    action = window.named_actions["colour_by_group"]
    assert not action.isChecked()

    def has(colour: QColor) -> bool:
        QApplication.processEvents()
        picture = window.canvas.grab().toImage()
        x, y = (int(it) for it in window.canvas.viewpoint.to_screen(1500, 1000))
        near = (picture.pixelColor(x, y + dy) for dy in range(-3, 4))
        return any(
            np.abs(np.subtract(it.getRgb()[:3], colour.getRgb()[:3])).max() < 30 for it in near
        )

    assert has(QColor(20, 80, 255))
    action.trigger()
    assert has(QColor("#00C800"))
    assert settings.read(settings.COLOUR_BY_GROUP)
    window.named_actions["view_add"].trigger()
    assert has(QColor("#00C800"))
    again = MainWindow()
    assert again.named_actions["colour_by_group"].isChecked()
    again.let_go()
    again.deleteLater()
    action.trigger()
    assert has(QColor(20, 80, 255))
