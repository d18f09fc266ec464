"""Hidden and locked groups: what that means for edits, the mouse, the eye, and the next day."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from window_fixtures import OpenSlide, click, drag

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui.document import Document
from slideviewer.ui.editing.locks import GroupStates, locked_words
from slideviewer.ui.window import MainWindow

SQUARE = as_points([(1000, 800), (2000, 800), (2000, 1600), (1000, 1600)])
NAMES = ("A", "B", "C", "D")


@pytest.fixture
def made_slide(tmp_path: Path) -> Path:
    """A slide that is made at once: what is on it does not matter here."""
    path = tmp_path / "grey.tif"
    write_pyramid(path, (4096, 3072), [np.full((3072, 4096, 3), 200, np.uint8)], 0.25)
    return path


@pytest.fixture
def square(open_slide: OpenSlide, made_slide: Path) -> tuple[MainWindow, Annotation]:
    """A window with a square in a nested group, and the select tool in hand."""
    window = open_slide(made_slide)
    made = Annotation("Square", Kind.POLYGON, SQUARE, "Inner")
    groups = (Group("Outer"), Group("Inner", "Outer"))
    window.session.document.apply("Add", {made.id: made}, groups)
    window.named_actions["select"].trigger()
    return window, made


@settings(deadline=None)
@given(
    parents=st.lists(st.none() | st.sampled_from(NAMES), min_size=4, max_size=4),
    said=st.frozensets(st.none() | st.sampled_from(NAMES)),
)
def test_what_is_said_of_a_group_holds_for_all_inside_it(
    qapp: QApplication, parents: list[str | None], said: frozenset[str | None]
) -> None:
    document = Document(qapp)
    groups = [Group(name, parent) for name, parent in zip(NAMES, parents, strict=True)]
    document.apply("Add", {}, tuple(groups))
    states = GroupStates(document, document)
    states.set(said, frozenset())
    for name in (*NAMES, None):
        of = Annotation("A", Kind.DOT, as_points([(1, 2)]), name)
        around = {name, *document.annotations.lineage(name)}
        assert states.is_hidden(of) == bool(around & said)
        assert not states.is_locked(of)
        assert states.is_out_of_reach(of) == states.is_hidden(of)
    document.deleteLater()


def test_states_follow_the_tree_of_groups(qapp: QApplication) -> None:
    document = Document(qapp)
    document.apply("Add", {}, (Group("Outer"), Group("Inner", "Outer")))
    states = GroupStates(document, document)
    states.set_locked("Outer", True)
    inner = Annotation("A", Kind.DOT, as_points([(1, 2)]), "Inner")
    assert states.is_locked(inner)
    document.apply("Move", {}, (Group("Inner"),))
    assert not states.is_locked(inner)
    document.undo_stack.undo()
    assert states.is_locked(inner)
    states.set_locked("Outer", False)
    assert not states.is_locked(inner)
    document.deleteLater()


def test_a_sentence_names_the_groups_that_are_locked() -> None:
    assert locked_words(["A"]).startswith("“A” is locked: unlock it")
    assert locked_words(["A", "B"]).startswith("“A” and “B” are locked: unlock them")
    assert "and 2 more are" in locked_words(["A", "B", "C", "D", "E"])
    assert "What belongs to no group is" in locked_words([None])


def test_no_edit_changes_what_is_locked_and_a_notice_says_why(
    square: tuple[MainWindow, Annotation],
) -> None:
    window, made = square
    document = window.session.document
    window.session.group_states.set_locked("Outer", True)
    steps = document.undo_stack.count()
    assert not document.apply("Delete", {made.id: None})
    other = Annotation("Other", Kind.DOT, as_points([(5, 5)]), "Inner")
    assert not document.apply("Both", {made.id: None, other.id: other})
    assert document.annotations[made.id] == made
    assert document.undo_stack.count() == steps
    assert any("“Inner” is locked" in text for text in window.notices.texts)
    assert document.apply("Add", {other.id: other})  # to what is there nothing is done
    window.named_actions["undo"].trigger()
    window.named_actions["undo"].trigger()
    assert len(document.annotations) == 0  # what was done before can be taken back


@pytest.mark.parametrize("state", ["locked", "hidden"])
def test_the_mouse_goes_through_what_is_locked_or_hidden(
    square: tuple[MainWindow, Annotation], state: str
) -> None:
    window, made = square
    states, selection = window.session.group_states, window.session.selection
    click(window.canvas, 1500, 800)
    assert selection.ids == {made.id}
    (states.set_locked if state == "locked" else states.set_hidden)("Inner", True)
    assert not selection.ids
    click(window.canvas, 1500, 800)
    drag(window.canvas, (2000, 1600), (2400, 2000))
    QTest.keyClick(window.canvas, Qt.Key.Key_Delete)
    assert window.session.document.annotations[made.id] == made
    selection.set([made.id])  # as the list does
    drag(window.canvas, (2000, 1600), (2400, 2000))
    drag(window.canvas, (1500, 800), (1700, 900), modifiers=Qt.KeyboardModifier.AltModifier)
    assert window.session.document.annotations[made.id] == made
    states.set(frozenset(), frozenset())
    click(window.canvas, 1500, 800)
    assert selection.ids == {made.id}


def test_what_is_hidden_is_painted_in_no_view(square: tuple[MainWindow, Annotation]) -> None:
    window, _ = square

    def outlined() -> list[int]:
        QApplication.processEvents()
        counts = []
        for view in window.views.views:
            picture = view.canvas.grab().toImage()
            at = view.canvas.viewpoint.to_screen(1500, 800)
            row = [picture.pixelColor(int(at[0]), int(at[1]) + dy) for dy in range(-3, 4)]
            counts.append(sum(it.blue() > 200 and it.red() < 120 for it in row))
        return counts

    def has_name() -> bool:
        pictures = []
        for _ in range(2):
            window.named_actions["show_names"].trigger()
            QApplication.processEvents()
            pictures.append(window.canvas.grab().toImage())
        return pictures[0] != pictures[1]

    assert outlined()[0] > 0 and has_name()
    window.session.group_states.set_hidden("Outer", True)
    assert outlined() == [0] and not has_name()
    window.named_actions["view_add"].trigger()  # a view that came later knows it, too
    assert outlined() == [0, 0]
    window.session.group_states.set_hidden("Outer", False)
    assert min(outlined()) > 0 and has_name()


def test_what_is_drawn_in_a_hidden_group_shows_it(square: tuple[MainWindow, Annotation]) -> None:
    window, _ = square
    states = window.session.group_states
    states.set(frozenset({"Outer", None}), frozenset())
    window.session.drawn_group = "Inner"
    window.session.add_polygons("Add polygon", [SQUARE + 30])
    assert states.hidden == {None}


def test_they_are_kept_with_the_slide_and_never_in_the_file(
    square: tuple[MainWindow, Annotation],
    open_slide: OpenSlide,
    made_slide: Path,
    other_slide: Path,
    user_folder: Path,
    tmp_path: Path,
) -> None:
    window, _ = square
    states, document = window.session.group_states, window.session.document
    document.save(tmp_path / "a.xml")
    before = (tmp_path / "a.xml").read_bytes()
    states.set(frozenset({"Outer", None}), frozenset({"Inner"}))
    assert document.is_saved
    document.save(tmp_path / "a.xml")
    assert (tmp_path / "a.xml").read_bytes() == before
    (file,) = (user_folder / "slides").glob("*.groups.json")
    assert json.loads(file.read_text())["hidden"] == [None, "Outer"]
    open_slide(other_slide)
    assert states.hidden == states.locked == frozenset()
    assert len(list((user_folder / "slides").glob("*.groups.json"))) == 1
    open_slide(made_slide)
    assert (states.hidden, states.locked) == ({"Outer", None}, {"Inner"})


def test_hidden_annotations_are_told_of_when_they_are_opened(
    square: tuple[MainWindow, Annotation],
) -> None:
    window, made = square
    window.session.group_states.set(frozenset({"Inner"}), frozenset({"Outer"}))
    window.session.document.open(AnnotationSet.of([made], [Group("Inner")]), None)
    (notice,) = [it for it in window.notices.notices if "1 annotation is hidden" in it.text]
    assert notice.button is not None
    notice.button.click()
    assert window.session.group_states.hidden == frozenset()
    assert window.session.group_states.locked == {"Outer"}


def test_a_damaged_file_is_set_aside_and_one_that_cannot_be_read_is_left(
    square: tuple[MainWindow, Annotation],
    open_slide: OpenSlide,
    made_slide: Path,
    user_folder: Path,
) -> None:
    window, _ = square
    states = window.session.group_states
    states.set_hidden("Outer", True)
    (file,) = (user_folder / "slides").glob("*.groups.json")
    for damage in (b"", b'{"hidden": [1]}', b"[" * 100_000):
        window.session.set_slide(None)
        file.write_bytes(damage)
        window.session.document.undo_stack.setClean()
        open_slide(made_slide)
        assert states.hidden == frozenset()
    assert sum("damaged" in text for text in window.notices.texts) == 3
    window.session.set_slide(None)
    file.unlink(missing_ok=True)
    file.mkdir()  # nobody can read a folder as a file
    open_slide(made_slide)
    states.set_hidden("Outer", True)
    assert file.is_dir()
    assert any(str(file) in text and "cannot be read" in text for text in window.notices.texts)
