"""The journal: whatever was edited is there after the program was killed, exactly."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_asap,
    write_asap,
)
from slideviewer.annotations.decisions import Decision, Verdict, as_runs
from slideviewer.annotations.journal import (
    Journal,
    JournalError,
    leftovers,
    read_leftover,
    step_between,
)
from slideviewer.annotations.journal import journal as journal_module
from slideviewer.annotations.journal.journal import About, connect
from slideviewer.annotations.journal.step import whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes, step_from

numbers = st.floats(width=64)
texts = st.text(max_size=5)
extras = st.dictionaries(texts, st.one_of(texts, st.integers(), st.lists(texts)), max_size=2)
colours = st.sampled_from(["#F4FA58", "#000000"])
points = st.lists(st.tuples(numbers, numbers), max_size=8).map(as_points)
annotations = st.builds(
    Annotation,
    name=texts,
    kind=st.one_of(st.sampled_from(Kind), st.just("Ellipse")),
    points=points,
    group=st.none() | texts,
    colour=colours,
    extra=extras,
    id=st.sampled_from([f"id{number}" for number in range(12)]),
)
groups = st.builds(
    Group,
    name=texts,
    parent=st.none() | texts,
    colour=colours,
    attributes=st.dictionaries(texts, texts, max_size=2),
    extra=extras,
)
runs = st.lists(
    st.tuples(st.floats(-1e6, 0), st.floats(-1e6, 0), st.floats(1, 1e6), st.floats(1, 1e6)),
    min_size=1,
    max_size=3,
).map(as_runs)
decisions = st.builds(
    Decision,
    kind=texts,
    verdict=st.sampled_from(Verdict),
    runs=runs,
    group=st.none() | texts,
    note=texts,
    score=st.none() | st.floats(0, 1),
    id=st.sampled_from("abcd"),
)
sets = st.builds(
    AnnotationSet.of,
    st.lists(annotations, max_size=8),
    st.lists(groups, max_size=3),
    extras,
    st.lists(decisions, max_size=3),
)


def same(one: AnnotationSet, other: AnnotationSet) -> bool:
    """Whether two sets agree to the last bit, their order included."""
    return exactly(one) == exactly(other)


def exactly(annotations: AnnotationSet) -> bytes:
    decided = MappingProxyType(dict(sorted(annotations.decisions.items())))
    return as_bytes(whole_step("", replace(annotations, decisions=decided)))


@settings(deadline=None)
@given(sets, sets, st.text())
def test_a_step_leads_from_one_set_to_the_other(
    before: AnnotationSet, after: AnnotationSet, text: str
) -> None:
    # Edits never change the order of those that stay.
    both = [key for key in before.annotations if key in after.annotations]
    own = iter(both)
    order = [next(own) if key in before.annotations else key for key in after.annotations]
    kept = {key: after.annotations[key] for key in order}
    after = replace(after, annotations=MappingProxyType(kept))
    step = step_from(as_bytes(step_between(text, before, after)))
    assert step.text == text
    assert same(step.applied_to(before), after)


@pytest.mark.parametrize("place", [0, 8_191, 8_192, 8_193, 19_999])
def test_a_stretch_of_a_long_outline_is_found_wherever_it_is(place: int) -> None:
    points = np.random.default_rng(3).uniform(0, 1000, (20_000, 2))
    before = AnnotationSet.of([Annotation("A", Kind.POLYGON, as_points(points), id="a")])
    for changed in (
        np.concatenate([points[:place], points[place:] + np.eye(1, len(points) - place).T]),
        np.delete(points, place, axis=0),
        np.insert(points, place, (1.0, 2.0), axis=0),
    ):
        made = replace(before["a"], points=as_points(changed))
        after = before.with_changes({"a": made})
        step = step_between("Edit", before, after, ["a"])
        assert len(as_bytes(step)) < 300
        assert step_from(as_bytes(step)).applied_to(before) == after


def test_moving_one_vertex_of_a_million_takes_a_few_bytes() -> None:
    many = as_points(np.random.default_rng(1).uniform(0, 1e5, (1_000_000, 2)))
    moved = many.copy()
    moved[500_000] += 1
    before = AnnotationSet.of([Annotation("A", Kind.POLYGON, many, id="a")])
    after = AnnotationSet.of([Annotation("A", Kind.POLYGON, as_points(moved), id="a")])
    step = step_between("Move", before, after)
    assert len(as_bytes(step)) < 300
    assert same(step.applied_to(before), after)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_other_bytes_are_no_step(data: bytes) -> None:
    with pytest.raises(ValueError):
        step_from(data).applied_to(AnnotationSet.of())


def polygon(name: str, *corners: tuple[float, float]) -> Annotation:
    return Annotation(name, Kind.POLYGON, as_points(corners), "Tumor", id=name)


TRIANGLE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


def no_file(path: Path) -> AnnotationSet:
    raise AssertionError(f"{path} need not be read")


def stamp_of(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.stat().st_mtime_ns


def test_a_closed_journal_is_left_over_and_read(tmp_path: Path) -> None:
    origin = AnnotationSet.of([polygon("a", *TRIANGLE)], [Group("Tumor")])
    now = origin.with_changes({"b": polygon("b", *TRIANGLE), "a": None})
    journal = Journal(tmp_path, About("a.xml", (1, 2), "s.svs"), origin)
    journal.append(step_between("Edit", origin, now))
    assert leftovers(tmp_path) == ([], []), "it is in use"
    with pytest.raises(JournalError, match="in use"):
        read_leftover(journal.path, no_file)
    journal.close()
    (found,), damaged = leftovers(tmp_path)
    assert not damaged
    assert (found.about, found.edits) == (About("a.xml", (1, 2), "s.svs"), 1)
    recovered = read_leftover(found.journal, no_file)
    assert same(recovered, now)


def test_nothing_is_left_of_a_discarded_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new", About(), AnnotationSet.of())
    journal.append(step_between("Edit", AnnotationSet.of(), AnnotationSet.of([polygon("a")])))
    journal.discard()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_large_set_comes_from_its_file_until_it_is_kept(
    tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_AT_ONCE", 0)
    file = tmp_path / "markup.xml"
    file.write_bytes(sorted((real_data / "asap_xml").rglob("*.xml"))[0].read_bytes())
    origin = read_asap(file).annotations
    first = next(iter(origin))
    now = origin.with_changes({first.id: None, "new": polygon("new", *TRIANGLE)})
    journal = Journal(tmp_path, About(str(file), stamp_of(file)), origin)
    assert not journal.has_base
    journal.append(step_between("Edit", origin, now))
    journal.close()

    def read(path: Path) -> AnnotationSet:
        return read_asap(path).annotations

    recovered = read_leftover(journal.path, read)
    assert same(recovered, now)
    write_asap(now, file)  # what it begins from is the backup now
    assert same(read_leftover(journal.path, read), now)
    (tmp_path / "markup.xml.bak1").unlink()
    with pytest.raises(JournalError, match="no longer"):
        read_leftover(journal.path, read)


def test_a_large_set_comes_from_the_backup_where_a_link_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_AT_ONCE", 0)
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.xml"
    try:
        link.symlink_to(tmp_path / "far" / "a.xml")
    except OSError:
        pytest.skip("this system makes no links")
    write_asap(AnnotationSet.of([polygon("a", *TRIANGLE)], [Group("Tumor")]), link)
    origin = read_asap(link).annotations
    now = origin.with_changes({"b": polygon("b", *TRIANGLE)})
    journal = Journal(tmp_path, About(str(link), stamp_of(link)), origin)
    journal.append(step_between("Edit", origin, now))
    write_asap(now, link)
    journal.close()
    assert same(read_leftover(journal.path, lambda path: read_asap(path).annotations), now)


def test_a_kept_set_takes_the_place_of_its_edits(tmp_path: Path) -> None:
    states = [AnnotationSet.of()]
    journal = Journal(tmp_path, About(), states[0])
    for number in range(9):
        made = polygon(str(number), *TRIANGLE)
        states.append(states[-1].with_changes({made.id: made}))
        journal.append(step_between("Add", states[-2], states[-1]))
    before = journal.step_bytes
    journal.keep(states[6], 6)
    assert 0 < journal.step_bytes < before
    journal.close()
    recovered = read_leftover(journal.path, no_file)
    assert same(recovered, states[9])
    assert leftovers(tmp_path)[0][0].edits == 9


def test_an_older_whole_set_does_not_take_the_place_of_a_later_one(tmp_path: Path) -> None:
    empty = AnnotationSet.of()
    one = empty.with_changes({"a": polygon("a", *TRIANGLE)})
    two = one.with_changes({"b": polygon("b", *TRIANGLE)})
    journal = Journal(tmp_path, About(), empty)
    journal.append(step_between("Add", empty, one))
    journal.append(step_between("Add", one, two))
    journal.keep(two, 2)
    journal.keep(one, 1)  # begun first, in another thread
    journal.close()
    assert same(read_leftover(journal.path, no_file), two)


def test_a_journal_that_was_never_begun_is_passed_over(tmp_path: Path) -> None:
    connect(tmp_path / "x.journal").close()
    assert leftovers(tmp_path) == ([], [])
    with pytest.raises(JournalError, match="another window has taken it"):
        read_leftover(tmp_path / "y.journal", no_file)
    assert not (tmp_path / "y.journal").exists()


def test_a_damaged_journal_is_named_and_kept(tmp_path: Path) -> None:
    bad = tmp_path / "x.journal"
    bad.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    empty = tmp_path / "y.journal"
    sqlite3.connect(empty).executescript("CREATE TABLE other (x)").close()
    found, damaged = leftovers(tmp_path)
    assert not found
    assert sorted(str(error).split(":")[0] for error in damaged) == [str(bad), str(empty)]
    assert bad.exists()
    assert empty.exists()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE about SET told = CAST(X'ff' AS TEXT)",
        "UPDATE step SET at = 1e300",
        "UPDATE step SET at = 'noon'",
    ],
)
def test_a_journal_with_values_of_another_kind_hides_no_other(tmp_path: Path, damage: str) -> None:
    empty = AnnotationSet.of()
    one = empty.with_changes({"a": polygon("a", *TRIANGLE)})
    for name in ("sound", "bad"):
        journal = Journal(tmp_path / name, About(), empty)
        journal.append(step_between("Add", empty, one))
        journal.close()
    database = sqlite3.connect(journal.path)
    database.execute(damage)
    database.commit()
    database.close()
    journal.path.rename(tmp_path / "sound" / "z.journal")
    found, damaged = leftovers(tmp_path / "sound")
    assert (len(found), len(damaged)) == (1, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a matter of POSIX")
def test_a_full_disk_leaves_no_empty_journals(tmp_path: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        for _ in range(3):  # as with each edit that tries again
            with pytest.raises(JournalError, match="kept against a crash"):
                Journal(tmp_path, About(), AnnotationSet.of())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="kept against a crash"):
        Journal(tmp_path / "file" / "journals", About(), AnnotationSet.of())


EDITOR = """
import sys
from pathlib import Path
from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points
from slideviewer.annotations.journal import Journal, step_between
from slideviewer.annotations.journal.journal import About, connect
state = AnnotationSet.of()
journal = Journal(Path(sys.argv[1]), About(), state)
for number in range(100_000):
    key = f"id{number % 50}"
    known = state.annotations.get(key)
    points = as_points([(number, 1.0), (2.0, 3.0), (4.0, number)])
    gone = known is not None and number % 7 == 0
    after = state.with_changes(
        {key: None if gone else Annotation(f"A{number}", Kind.POLYGON, points, id=key)}
    )
    journal.append(step_between("Edit", state, after))
    state = after
    if number % 20 == 19:
        journal.keep(state, journal.seq)
    print(number, flush=True)
"""


def replayed(count: int) -> AnnotationSet:
    """What the editing process holds after so many edits."""
    state = AnnotationSet.of()
    for number in range(count):
        key = f"id{number % 50}"
        points = as_points([(number, 1.0), (2.0, 3.0), (4.0, number)])
        gone = key in state.annotations and number % 7 == 0
        made = Annotation(f"A{number}", Kind.POLYGON, points, id=key)
        state = state.with_changes({key: None if gone else made})
    return state


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("run", range(4))
def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path, run: int) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", EDITOR, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout is not None
    acknowledged = -1
    for _ in range(random.Random(run).randrange(5, 200)):
        acknowledged = int(owner.stdout.readline())
    owner.kill()
    rest = owner.stdout.read().split("\n")[:-1]
    owner.wait()
    acknowledged = int(rest[-1]) if rest else acknowledged
    (found,), damaged = leftovers(tmp_path)
    assert not damaged
    recovered = read_leftover(found.journal, no_file)
    # One more may have reached the disk before it was told.
    assert any(same(recovered, replayed(acknowledged + 1 + more)) for more in (0, 1))
