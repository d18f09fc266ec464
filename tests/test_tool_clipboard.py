"""Annotations over the clipboard, and into groups by number."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, read_asap
from slideviewer.annotations.asap import with_asap_attributes
from slideviewer.errors import AnnotationError
from slideviewer.slide import Spacing
from slideviewer.ui.editing.assigning import in_tree_order
from slideviewer.ui.editing.clipboard import MIME, Clip, Clipboard
from slideviewer.ui.window import MainWindow

SQUARE = as_points([(1000, 800), (1600, 800), (1600, 1400), (1000, 1400)])


@pytest.fixture
def window(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with a square and a dot on the slide, the square in a group within a group."""
    window = open_slide(made_slide)
    groups = (Group("Outer", colour="#112233"), Group("Inner", "Outer"), Group("Other"))
    shapes = (
        Annotation("Square", Kind.POLYGON, SQUARE, "Inner", "#445566"),
        Annotation("Dot", Kind.DOT, as_points([(3000, 2500)])),
    )
    window.session.document.open(AnnotationSet.of(shapes, groups), None)
    return window


@pytest.fixture
def clipboard(qapp: QApplication) -> Iterator[Clipboard]:
    yield Clipboard()
    QApplication.clipboard().clear()


def shapes(window: MainWindow) -> list[Annotation]:
    return list(window.session.document.annotations)


def do(window: MainWindow, *names: str) -> None:
    for name in names:
        window.named_actions[name].trigger()


def select(window: MainWindow, *numbers: int) -> None:
    window.session.selection.set(shapes(window)[number].id for number in numbers)


def test_the_text_is_a_file_of_asap(window: MainWindow, tmp_path: Path) -> None:
    select(window, 0)
    do(window, "copy_annotations")
    path = tmp_path / "pasted.xml"
    path.write_text(QApplication.clipboard().text(), encoding="utf-8")
    read = read_asap(path)
    assert not read.notices
    (square,) = read.annotations
    assert (square.name, square.group, square.colour) == ("Square", "Inner", "#445566")
    assert np.array_equal(square.points, SQUARE)
    assert set(read.annotations.groups) == {"Inner", "Outer"}


def test_the_text_of_many_is_written_meanwhile(
    qtbot: QtBot, window: MainWindow, clipboard: Clipboard, tmp_path: Path
) -> None:
    many = [Annotation(f"A{n}", Kind.POLYGON, as_points(SQUARE + n)) for n in range(1500)]
    known, system = window.session.document.annotations, QApplication.clipboard()
    clipboard.put(Clip.of(many, known, Spacing(0.25, 0.25)))
    taken = clipboard.take()  # here they are already
    assert taken is not None and list(taken.annotations) == many
    qtbot.waitUntil(lambda: system.mimeData().hasText())
    path = tmp_path / "pasted.xml"
    path.write_text(system.text(), encoding="utf-8")
    assert [it.name for it in read_asap(path).annotations] == [it.name for it in many]
    taken = Clipboard().take()  # as another program does
    assert taken is not None and taken.spacing == Spacing(0.25, 0.25)
    assert clipboard.take() is not None
    clipboard.put(Clip.of(many, known, None))
    system.setText("something else")
    wait_for_jobs(qtbot)
    assert system.text() == "something else"


def test_paste_adds_in_the_middle_of_the_view_in_one_step(window: MainWindow) -> None:
    select(window, 0)
    do(window, "copy_annotations", "paste_annotations")
    assert [shape.name for shape in shapes(window)] == ["Square", "Dot", "Square"]
    original, _, pasted = shapes(window)
    assert pasted.id != original.id
    assert pasted.bounds is not None
    view = window.canvas.viewpoint
    assert pasted.bounds.centre == pytest.approx((view.centre_x, view.centre_y))
    assert np.allclose(pasted.points - pasted.points[0], SQUARE - SQUARE[0])
    assert window.session.selection.ids == {pasted.id}
    do(window, "undo")
    assert len(shapes(window)) == 2


def test_paste_adds_under_the_mouse(window: MainWindow) -> None:
    select(window, 1)
    do(window, "copy_annotations")
    at = window.canvas.rect().center() / 2
    QTest.mouseMove(window.canvas, at)
    assert window.canvas.underMouse()
    do(window, "paste_annotations")
    wanted = window.canvas.viewpoint.to_slide(at.x(), at.y())
    assert shapes(window)[-1].points[0].tolist() == pytest.approx(wanted)


def test_cut_and_paste_bring_the_groups_along(window: MainWindow) -> None:
    select(window, 0)
    do(window, "cut_annotations")
    assert [shape.name for shape in shapes(window)] == ["Dot"]
    assert window.named_actions["undo"].text() == "Undo Cut annotation"
    window.session.document.open(AnnotationSet.of(groups=[Group("Outer", colour="#999999")]), None)
    do(window, "paste_annotations")
    groups = window.session.document.annotations.groups
    assert (groups["Inner"].parent, groups["Outer"].colour) == ("Outer", "#999999")
    assert shapes(window)[0].group == "Inner"


def test_nothing_of_an_annotation_is_lost_within_the_program(window: MainWindow) -> None:
    known = with_asap_attributes(shapes(window)[0], {"score": "0.9"})
    known = Annotation("kept", "Ellipse", SQUARE, extra={**known.extra, "geojson": {"a": [1]}})
    window.session.document.apply("Add", {known.id: known})
    window.session.selection.set([known.id])
    do(window, "cut_annotations", "paste_annotations")
    (pasted,) = [shape for shape in shapes(window) if shape.name == "kept"]
    assert (pasted.kind, pasted.extra) == (known.kind, known.extra)


def test_another_window_gets_the_same_size_in_micrometres(clipboard: Clipboard) -> None:
    square = Annotation("Square", Kind.POLYGON, SQUARE)
    known = AnnotationSet.of([square])
    clipboard.put(Clip.of(known, known, Spacing(0.5, 0.25)))
    clip = Clipboard().take()
    assert clip is not None
    ((pasted,), _) = clip.placed_at((0, 0), Spacing(0.25, 0.25))
    box = pasted.bounds
    assert box is not None
    assert (box.width, box.height) == pytest.approx((1200, 600))
    assert box.centre == pytest.approx((0, 0))
    ((in_pixels,), _) = clip.placed_at((0, 0), None)
    assert in_pixels.bounds is not None
    assert in_pixels.bounds.width == pytest.approx(600)


@pytest.mark.parametrize("origin", ['{"token": 3}', "no json", '{"token":"x","spacing_um_px":[0]}'])
def test_a_strange_origin_does_not_count(clipboard: Clipboard, origin: str) -> None:
    clipboard.put(Clip.of([Annotation("A", Kind.DOT, SQUARE[:1])], AnnotationSet.of(), None))
    data = QMimeData()
    data.setText(QApplication.clipboard().text())
    data.setData(MIME, origin.encode())
    QApplication.clipboard().setMimeData(data)
    clip = Clipboard().take()
    assert clip is not None
    assert clip.spacing is None
    assert [shape.name for shape in clip.annotations] == ["A"]


@pytest.mark.parametrize("text", ["", "Hello", "1 < 2"])
def test_other_text_is_no_annotations(window: MainWindow, clipboard: Clipboard, text: str) -> None:
    QApplication.clipboard().setText(text)
    assert clipboard.take() is None
    do(window, "paste_annotations")
    assert any("clipboard" in notice for notice in window.notices.texts)
    assert len(shapes(window)) == 2


def test_a_part_of_a_file_is_refused_in_plain_words(
    window: MainWindow, clipboard: Clipboard
) -> None:
    QApplication.clipboard().setText("<ASAP_Annotations><Annotations><Annotation")
    with pytest.raises(AnnotationError, match="clipboard") as refused:
        clipboard.take()
    assert "pasted.xml" not in str(refused.value)
    do(window, "paste_annotations")
    assert any("clipboard" in notice for notice in window.notices.texts)


def test_copying_nothing_says_so(window: MainWindow) -> None:
    do(window, "copy_annotations")
    assert any("Select annotations first" in notice for notice in window.notices.texts)


@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)), min_size=1, max_size=9))
def test_a_copy_of_the_same_spacing_keeps_its_shape(points: list[tuple[float, float]]) -> None:
    shape = Annotation("", Kind.POLYGON, as_points(points))
    spacing = Spacing(0.25, 0.25)
    ((placed,), _) = Clip.of([shape], AnnotationSet.of(), spacing).placed_at((50, -7), spacing)
    assert np.allclose(placed.points - placed.points[0], shape.points - shape.points[0], atol=1e-6)
    assert placed.bounds is not None
    assert placed.bounds.centre == pytest.approx((50, -7), abs=1e-6)


def test_a_number_puts_the_selection_into_a_group(window: MainWindow) -> None:
    select(window, 0, 1)
    QTest.keyClick(window.canvas, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert {shape.group for shape in shapes(window)} == {"Other"}
    assert window.named_actions["undo"].text() == "Undo Put into Other"
    assert window.status.hint.text() == "2 annotations put into “Other”."
    do(window, "undo")
    assert [shape.group for shape in shapes(window)] == ["Inner", None]


def test_a_number_without_a_selection_chooses_what_is_drawn_in(window: MainWindow) -> None:
    do(window, "group_2")
    assert window.session.drawn_group == "Inner"
    assert "“Inner”" in window.status.hint.text()
    do(window, "group_4")
    assert window.session.drawn_group == "Inner"
    assert "no group 4" in window.status.hint.text()
    assert len(shapes(window)) == 2


def test_the_menu_names_the_groups(window: MainWindow) -> None:
    def words() -> list[str]:
        return [window.named_actions[f"group_{number}"].text() for number in range(1, 5)]

    assert words() == ["&1  Outer", "&2  Inner", "&3  Other", "Group &4 of the panel"]
    document = window.session.document
    document.apply("Add group", {}, (Group("A & B", "Outer"),))
    assert words() == ["&1  Outer", "&2  Inner", "&3  A && B", "&4  Other"]
    do(window, "undo")
    assert words()[3] == "Group &4 of the panel"


def test_groups_are_numbered_as_their_tree_is_read() -> None:
    groups = [Group("a"), Group("c"), Group("b", "a"), Group("d", "c"), Group("e", "b")]
    assert in_tree_order({group.name: group for group in groups}) == ("a", "b", "e", "c", "d")
