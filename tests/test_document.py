"""The document: every edit through one door, undone exactly, saved without loss."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
)
from slideviewer.ui.document import Document

coordinates = st.floats(0, 1e5, width=32)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6)


def spelt(annotations: AnnotationSet) -> list[tuple[object, ...]]:
    """All that a file has to keep, in file order."""
    return [
        (a.name, a.kind, a.group, a.colour, a.points.tolist(), annotations.groups.keys())
        for a in annotations
    ]


class Editing(RuleBasedStateMachine):
    """Draws, reshapes, deletes, undoes and redoes; after every step saves and reads again."""

    def __init__(self) -> None:
        super().__init__()
        self.document = Document()
        self.past: list[AnnotationSet] = [self.document.annotations]
        self.at = 0
        self.folder = Path(tempfile.mkdtemp())

    def did(self) -> None:
        self.past = [*self.past[: self.at + 1], self.document.annotations]
        self.at += 1

    @rule(points=outlines, group=st.sampled_from(["Tumor", "Normal"]))
    def draw(self, points: list[tuple[float, float]], group: str) -> None:
        made = Annotation("A", Kind.POLYGON, as_points(points), group)
        assert self.document.apply("Add", {made.id: made}, (Group(group),))
        self.did()

    @precondition(lambda self: len(self.document.annotations))
    @rule(which=st.integers(0, 99), shift=coordinates)
    def reshape(self, which: int, shift: float) -> None:
        old = list(self.document.annotations)[which % len(self.document.annotations)]
        new = Annotation(old.name, old.kind, as_points(old.points + shift), old.group, id=old.id)
        if self.document.apply("Move", {old.id: new}):
            self.did()
        else:
            assert np.array_equal(old.points + shift, old.points)

    @precondition(lambda self: len(self.document.annotations))
    @rule(which=st.integers(0, 99))
    def delete(self, which: int) -> None:
        ids = list(self.document.annotations.annotations)
        assert self.document.apply("Delete", {ids[which % len(ids)]: None})
        self.did()

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self) -> None:
        self.document.undo_stack.undo()
        self.at -= 1

    @precondition(lambda self: self.at < len(self.past) - 1)
    @rule()
    def redo(self) -> None:
        self.document.undo_stack.redo()
        self.at += 1

    @invariant()
    def the_present_is_what_history_says(self) -> None:
        assert spelt(self.document.annotations) == spelt(self.past[self.at])

    @invariant()
    def what_is_saved_is_what_is_shown(self) -> None:
        path = self.folder / "a.xml"
        self.document.save(path)
        assert self.document.is_saved
        assert spelt(read_annotations(path).annotations) == spelt(self.document.annotations)


Editing.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestEditing = Editing.TestCase


def test_an_edit_that_changes_nothing_is_no_step() -> None:
    document = Document()
    made = Annotation("A", Kind.DOT, as_points([(1, 2)]))
    document.apply("Add", {made.id: made})
    assert not document.apply("Move", {made.id: made})
    assert document.undo_stack.count() == 1


def test_every_edit_makes_it_unsaved(tmp_path: Path) -> None:
    document = Document()
    made = Annotation("A", Kind.DOT, as_points([(1, 2)]), "G")
    document.apply("Add", {made.id: made}, (Group("G"),))
    edits = {
        "recolour": ({}, (Group("G", colour="#123456"),)),
        "rename": ({made.id: Annotation("B", made.kind, made.points, "G", id=made.id)}, ()),
        "delete": ({made.id: None}, ()),
    }
    for text, (changes, groups) in edits.items():
        document.save(tmp_path / "a.xml")
        assert document.is_saved
        assert document.apply(text, changes, groups)
        assert not document.is_saved, text


def test_what_was_repaired_on_reading_counts_as_unsaved() -> None:
    document = Document()
    document.open(AnnotationSet.of(), None, unsaved=True)
    assert not document.is_saved
