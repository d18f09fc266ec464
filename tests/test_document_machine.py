"""Memory, journal and file agree after every step, whatever is done and whenever it ends."""

import shutil
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import hypothesis.strategies as st
import pytest
from benchmarks.edit_kills import run_kills, spelt
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from slideviewer import paths
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import Decision, Verdict, as_runs, read_decisions
from slideviewer.annotations.journal import journal as journal_module
from slideviewer.annotations.journal import leftovers, read_leftover
from slideviewer.annotations.journal.step import whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes
from slideviewer.annotations.merging import addition_of
from slideviewer.ui.document import Document

coordinates = st.floats(-1e5, 1e5, width=32)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6)
names = st.sampled_from(["Tumor", "Normal", "größe ✓"])


def exactly(annotations: AnnotationSet) -> bytes:
    """All of a set to the last bit, its ids and their order included."""
    decided = MappingProxyType(dict(sorted(annotations.decisions.items())))
    return as_bytes(whole_step("", replace(annotations, decisions=decided)))


def read(path: Path) -> AnnotationSet:
    return read_annotations(path).annotations.with_decisions(read_decisions(path).decisions)


class Working(RuleBasedStateMachine):
    """Edits, goes back and forth, saves, reloads, imports, and is killed and recovered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.environment = pytest.MonkeyPatch()
        self.environment.setenv("SLIDEVIEWER_DATA_DIR", str(self.folder))
        self.path = self.folder / "a.xml"
        write_annotations(AnnotationSet.of(), self.path)
        self.document = Document()
        self.saved = read(self.path)
        self.document.open(self.saved, self.path)
        self.past = [exactly(self.document.annotations)]
        self.at = 0

    def teardown(self) -> None:
        self.document.close()
        self.environment.undo()
        shutil.rmtree(self.folder)

    @initialize(is_large=st.booleans())
    def begin(self, is_large: bool) -> None:
        """A large set is not written into the journal with the first edit."""
        if is_large:
            self.environment.setattr(journal_module, "_AT_ONCE", 0)

    def did(self) -> None:
        self.past = [*self.past[: self.at + 1], exactly(self.document.annotations)]
        self.at += 1

    def restart(self) -> None:
        self.past, self.at = [exactly(self.document.annotations)], 0

    @rule(points=outlines, group=names)
    def draw(self, points: list[tuple[float, float]], group: str) -> None:
        made = Annotation("A", Kind.POLYGON, as_points(points), group)
        assert self.document.apply("Add", {made.id: made}, (Group(group),))
        self.did()

    @precondition(lambda self: len(self.document.annotations))
    @rule(which=st.integers(0, 99), vertex=st.integers(0, 99), to=coordinates)
    def reshape(self, which: int, vertex: int, to: float) -> None:
        old = list(self.document.annotations)[which % len(self.document.annotations)]
        points = old.points.copy()
        points[vertex % len(points)] = to
        new = Annotation(old.name, old.kind, as_points(points), old.group, id=old.id)
        if self.document.apply("Reshape", {old.id: new}):
            self.did()

    @precondition(lambda self: len(self.document.annotations))
    @rule(which=st.sets(st.integers(0, 99), min_size=1, max_size=3))
    def delete(self, which: set[int]) -> None:
        ids = list(self.document.annotations.annotations)
        assert self.document.apply("Delete", {ids[it % len(ids)]: None for it in which})
        self.did()

    @rule(points=outlines, verdict=st.sampled_from(Verdict), is_accepted=st.booleans())
    def decide(
        self, points: list[tuple[float, float]], verdict: Verdict, is_accepted: bool
    ) -> None:
        """A region is accepted with the shape it becomes, or judged alone."""
        made = Annotation("A", Kind.POLYGON, as_points(points), "Tumor")
        decided = Decision("predicted", verdict, as_runs([(0, 0, 1, 1.5)]), score=0.1)
        assert self.document.apply(
            "Accept",
            {made.id: made} if is_accepted else {},
            (Group("Tumor"),),
            decisions={decided.id: decided},
        )
        self.did()

    @precondition(lambda self: self.document.annotations.decisions)
    @rule(which=st.integers(0, 99), is_taken_back=st.booleans())
    def decide_anew(self, which: int, is_taken_back: bool) -> None:
        known = self.document.annotations.decisions
        key = sorted(known)[which % len(known)]
        changed = None if is_taken_back else replace(known[key], note=known[key].note + "!")
        assert self.document.apply("Decide", {}, decisions={key: changed})
        self.did()

    @precondition(lambda self: len(self.document.annotations.groups) > 1)
    @rule()
    def delete_a_group(self) -> None:
        groups = dict(self.document.annotations.groups)
        name = next(iter(groups))
        members = {
            it.id: Annotation(it.name, it.kind, it.points, None, id=it.id)
            for it in self.document.annotations
            if it.group == name
        }
        del groups[name]
        assert self.document.apply("Delete group", members, all_groups=groups)
        self.did()

    @rule(points=outlines, group=names)
    def import_a_file(self, points: list[tuple[float, float]], group: str) -> None:
        brought = AnnotationSet.of(
            [Annotation("I", Kind.SPLINE, as_points(points), group)], [Group(group)]
        )
        write_annotations(brought, self.folder / "b.xml")
        added = addition_of(read(self.folder / "b.xml"), self.document.annotations)
        assert self.document.apply("Import b.xml", added.annotations, added.groups)
        self.did()

    @rule(to=st.integers(0, 99))
    def go_to_a_step(self, to: int) -> None:
        to %= len(self.past)
        self.document.undo_stack.setIndex(to)
        self.at = to

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

    @rule()
    def save(self) -> None:
        self.document.save(self.path)
        self.saved = self.document.annotations

    @rule(points=outlines)
    def save_while_it_is_edited(self, points: list[tuple[float, float]]) -> None:
        write = self.document.writer(self.path)
        self.saved = self.document.annotations
        self.draw(points, "Tumor")
        self.document.note_saved(write())
        assert not self.document.is_saved

    @rule()
    def reload(self) -> None:
        self.document.open(read(self.path), self.path)
        self.restart()

    @rule()
    def kill_and_recover(self) -> None:
        former = exactly(self.document.annotations)
        is_saved = self.document.is_saved
        left = self.copied_journal()
        self.document.close()
        self.document = Document()
        if left is None:
            assert is_saved
            self.document.open(read(self.path), self.path)
        else:
            recovered = read_leftover(left, read)
            assert exactly(recovered) == former
            self.document.open(recovered, self.path, unsaved=True)
            assert not self.document.is_saved
        self.restart()

    @property
    def journal(self) -> Path | None:
        journal = self.document.journal._journal
        return None if journal is None else journal.path

    def copied_journal(self) -> Path | None:
        """The journal as a kill would leave it now; None where there is none."""
        journal = self.journal
        if journal is None:
            return None
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        for ending in ("", "-wal"):
            file = journal.with_name(journal.name + ending)
            if file.exists():
                shutil.copyfile(file, folder / file.name)
        return folder / journal.name

    @invariant()
    def the_present_is_what_history_says(self) -> None:
        assert exactly(self.document.annotations) == self.past[self.at]
        assert self.document.undo_stack.index() == self.at
        assert self.document.undo_stack.count() == len(self.past) - 1

    @invariant()
    def the_file_is_what_was_saved(self) -> None:
        assert spelt(read(self.path)) == spelt(self.saved)
        if self.document.is_saved:
            assert spelt(self.document.annotations) == spelt(self.saved)

    @invariant()
    def the_journal_holds_what_the_file_does_not(self) -> None:
        left = self.copied_journal()
        if left is None:
            assert self.document.is_saved
        else:
            recovered = read_leftover(left, read)
            assert exactly(recovered) == exactly(self.document.annotations)
            shutil.rmtree(left.parent)

    @invariant()
    def there_is_one_journal_at_most(self) -> None:
        journals = list(paths.journals_folder().glob("*.journal"))
        assert journals == [it for it in [self.journal] if it is not None]
        assert leftovers(paths.journals_folder()) == ([], [])


Working.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestWorking = Working.TestCase


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_what_was_shown_is_there_after_a_kill() -> None:
    for kill in run_kills(4, seed=3):
        assert (kill.lost, kill.problem) == (0, "")
        assert kill.edits > 0
