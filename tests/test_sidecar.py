"""What lies beside the XML: the slide, holes, authors and times; hostile content costs nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    SlideFrame,
    as_points,
    is_annotation_file,
    read_annotations,
    read_asap,
    read_geojson,
    write_asap,
    write_geojson,
)
from slideviewer.annotations.sidecar import (
    Mark,
    Sidecar,
    digest_of,
    identity_of,
    mismatches,
    read_sidecar,
    sidecar_of,
    write_sidecar,
)
from slideviewer.annotations.sidecar import file as sidecar_file
from slideviewer.errors import AnnotationError

FRAME = SlideFrame("case.svs", 4000, 3000, (0.25, 0.2501))
FIRST = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
LATER = FIRST + timedelta(days=1)
SQUARE = as_points([(10, 20), (30.5, 20), (30.5, 40.25), (10, 40.25)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An annotation file."""
    return tmp_path / "case.one.xml"


def shape(name: str, shift: float = 0, group: str | None = None) -> Annotation:
    """A square."""
    return Annotation(name, Kind.POLYGON, as_points(SQUARE + shift), group)


def saved(
    annotations: AnnotationSet, path: Path, known: Sidecar, author: str, now: datetime
) -> Sidecar:
    """What is known after saving both files."""
    write_asap(annotations, path)
    return write_sidecar(annotations, path, known, FRAME, author, now)


def reread(path: Path) -> tuple[AnnotationSet, Sidecar]:
    """Both files read again."""
    annotations = read_asap(path).annotations
    return annotations, read_sidecar(path, annotations)


def test_it_lies_beside_and_is_no_annotation_file(path: Path) -> None:
    assert sidecar_of(path).name == "case.one.slideviewer.json"
    assert not is_annotation_file(sidecar_of(path))
    assert is_annotation_file(path)
    saved(AnnotationSet.of([shape("a")]), path, Sidecar(), "me", FIRST)
    with pytest.raises(AnnotationError, match="belongs to an annotation file") as refused:
        read_annotations(sidecar_of(path))
    assert ".xml" in refused.value.remedy


def test_without_one_all_is_unknown_and_nothing_is_told(path: Path) -> None:
    write_asap(AnnotationSet.of([shape("a")]), path)
    annotations, known = reread(path)
    (found,) = annotations
    assert known.slide is None and known.notices == ()
    assert known.marks == {found.id: Mark(digest_of(found))}


def test_authors_and_times_survive_and_follow_the_shape(path: Path) -> None:
    known = saved(AnnotationSet.of([shape("a"), shape("b", 9)]), path, Sidecar(), "Ada", FIRST)
    annotations, read = reread(path)
    first, second = annotations
    assert read.slide == identity_of(FRAME) == known.slide
    assert [read.marks[it.id].author for it in annotations] == ["Ada", "Ada"]
    assert [read.marks[it.id].created for it in annotations] == [FIRST, FIRST]

    moved = replace(second, points=as_points(second.points + 5))
    new = shape("c", 50)
    edited = annotations.with_changes({second.id: moved, new.id: new})
    known = saved(edited, path, read, "Bob", LATER)
    again, read = reread(path)
    marks = [read.marks[it.id] for it in again]
    assert [(it.author, it.created, it.changed_by, it.changed) for it in marks] == [
        ("Ada", FIRST, "", None),
        ("Ada", FIRST, "Bob", LATER),
        ("Bob", LATER, "", None),
    ]
    assert [known.marks[it.id] for it in edited] == marks
    # Saved once more without an edit, nobody has changed anything.
    saved(again, path, read, "Eve", LATER + timedelta(days=1))
    annotations, read = reread(path)
    assert [read.marks[it.id] for it in annotations] == marks
    assert annotations[next(iter(annotations)).id].points.tolist() == first.points.tolist()


def test_what_was_drawn_before_there_was_a_sidecar_has_no_author(path: Path) -> None:
    write_asap(AnnotationSet.of([shape("old")]), path)
    annotations, known = reread(path)
    new = shape("new", 50)
    saved(annotations.with_changes({new.id: new}), path, known, "Ada", FIRST)
    annotations, known = reread(path)
    assert [known.marks[it.id].author for it in annotations] == ["", "Ada"]


def test_shapes_alike_are_told_apart_by_their_order(path: Path) -> None:
    first, second = shape("a"), shape("a")
    known = saved(AnnotationSet.of([first]), path, Sidecar(), "Ada", FIRST)
    saved(AnnotationSet.of([first, second]), path, known, "Bob", LATER)
    annotations, known = reread(path)
    assert [known.marks[it.id].author for it in annotations] == ["Ada", "Bob"]


def test_a_file_changed_elsewhere_keeps_what_still_holds(path: Path) -> None:
    saved(AnnotationSet.of([shape("a"), shape("b", 9)]), path, Sidecar(), "Ada", FIRST)
    text = path.read_text()
    path.write_text(text.replace('X="19"', 'X="18"').replace('Name="a"', 'Name="renamed"'))
    annotations, known = reread(path)
    assert [known.marks[it.id].author for it in annotations] == ["Ada", ""]
    (notice,) = known.notices
    assert path.name in notice and "1 shape" in notice


def test_a_file_of_another_format_by_its_name_was_not_changed(path: Path) -> None:
    annotations = AnnotationSet.of([shape("a", 0.123456)])
    saved(annotations, path, Sidecar(), "Ada", FIRST)
    other = path.with_suffix(".geojson")
    write_geojson(annotations, other)
    known = read_sidecar(other, read_geojson(other).annotations)
    assert (known.slide, known.notices) == (identity_of(FRAME), ())


@pytest.mark.skipif(sys.platform != "linux", reason="only there may names be no text")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "b\udce9.xml"
    annotations = AnnotationSet.of([shape("half \ud83d")])
    write_asap(annotations, path)
    frame = replace(FRAME, name="b\udce9.svs")
    write_sidecar(annotations, path, Sidecar(), frame, "Ada", FIRST)
    _, known = reread(path)
    assert (known.slide, known.notices) == (identity_of(frame), ())
    assert [it.author for it in known.marks.values()] == ["Ada"]


def test_holes_are_noted(path: Path) -> None:
    outer = Annotation("o", Kind.POLYGON, as_points(SQUARE * 10), "T")
    annotations = AnnotationSet.of(
        [shape("free"), replace(outer), Annotation("h", Kind.POLYGON, SQUARE * 10 + 1, "T (hole)")],
        [Group("T"), Group("T (hole)", "T")],
    )
    hole = Annotation("h", Kind.POLYGON, as_points(SQUARE * 2 + 150), "T (hole)")
    annotations = AnnotationSet.of([*list(annotations)[:2], hole], annotations.groups.values())
    saved(annotations, path, Sidecar(), "", FIRST)
    entries = json.loads(sidecar_of(path).read_text())["annotations"]
    assert [it.get("hole_of") for it in entries] == [None, None, 1]
    assert "author" not in entries[0]


def test_numbers_that_xml_cannot_hold_cost_no_mark(path: Path) -> None:
    odd = Annotation(
        "a", Kind.POLYGON, as_points([(1 / 3, 2), (np.nan, 1), (-0.0, np.inf), (5, 6)])
    )
    saved(AnnotationSet.of([odd]), path, Sidecar(), "Ada", FIRST)
    annotations, known = reread(path)
    assert [known.marks[it.id].author for it in annotations] == ["Ada"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(allow_nan=False), st.floats()), max_size=5), st.text())
def test_a_shape_is_known_again_after_the_way_through_xml(
    tmp_path_factory: pytest.TempPathFactory, places: list, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "digest.xml"
    drawn = Annotation(name, Kind.SPLINE, as_points(places))
    write_asap(AnnotationSet.of([drawn]), path, backup=False)
    (read,) = read_asap(path).annotations
    assert digest_of(read) == digest_of(drawn)


def test_another_slide_is_told() -> None:
    known = identity_of(FRAME)
    assert mismatches(None, FRAME, "a.xml") == ()
    assert mismatches(known, FRAME, "a.xml") == ()
    renamed = replace(FRAME, name="moved.svs", spacing_um_px=(0.2505, 0.25))
    assert mismatches(known, renamed, "a.xml") == ()
    (size,) = mismatches(known, replace(FRAME, width_px=4001, name="b.svs"), "a.xml")
    assert "a.xml" in size and "4000 × 3000" in size and "4001 × 3000" in size and "b.svs" in size
    (spacing,) = mismatches(known, replace(FRAME, spacing_um_px=(0.5, 0.5)), "a.xml")
    assert "0.25" in spacing and "0.5" in spacing
    assert mismatches(known, replace(FRAME, spacing_um_px=None), "a.xml") == ()


def test_without_a_slide_what_was_known_of_it_stays(path: Path) -> None:
    annotations = AnnotationSet.of([shape("a")])
    known = saved(annotations, path, Sidecar(), "Ada", FIRST)
    write_sidecar(annotations, path, known, None, "Ada", LATER)
    assert reread(path)[1].slide == identity_of(FRAME)


GOOD = {
    "format": "slideviewer sidecar",
    "version": 1,
    "slide": {"name": "a", "width_px": 1, "height_px": 1, "spacing_um_px": None},
    "annotations": [],
}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        json.dumps(GOOD | {"version": 2}).encode(),
        json.dumps(GOOD | {"format": "other"}).encode(),
        json.dumps(GOOD | {"annotations": {"a": 1}}).encode(),
        json.dumps(GOOD | {"annotations": [{"digest": "x" * 65}]}).encode(),
        json.dumps(GOOD | {"annotations": [{"digest": "x", "author": "y" * 5000}]}).encode(),
        json.dumps(GOOD | {"slide": {"name": "a", "width_px": -1, "height_px": 1}}).encode(),
        json.dumps(GOOD | {"slide": {"name": "a", "width_px": 1e400, "height_px": 1}}).encode(),
        json.dumps(
            GOOD | {"slide": GOOD["slide"] | {"spacing_um_px": [float("nan"), 1]}}  # type: ignore
        ).encode(),
    ],
)
def test_a_hostile_one_is_a_notice_and_kept_when_another_is_written(
    path: Path, content: bytes
) -> None:
    annotations = AnnotationSet.of([shape("a")])
    write_asap(annotations, path)
    sidecar_of(path).write_bytes(content)
    annotations, known = reread(path)
    assert known.is_unreadable and known.slide is None and len(known.marks) == 1
    (notice,) = known.notices
    assert sidecar_of(path).name in notice and len(notice) < 500
    saved(annotations, path, known, "Ada", FIRST)
    kept = [it for it in path.parent.iterdir() if it.name.startswith(sidecar_of(path).name + ".b")]
    assert [it.read_bytes() for it in kept] == [content]
    assert not reread(path)[1].is_unreadable


def test_one_beyond_the_limit_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_file, "LARGEST_BYTES", 1000)
    write_asap(AnnotationSet.of(), path)
    sidecar_of(path).write_bytes(b" " * 1001)
    assert "larger" in reread(path)[1].notices[0]


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    write_asap(AnnotationSet.of([shape("a")]), path)
    sidecar_of(path).mkdir()
    annotations, known = reread(path)
    assert "cannot be used" in known.notices[0]
    with pytest.raises(AnnotationError, match="is a folder"):
        saved(annotations, path, known, "Ada", FIRST)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["format", "version", "slide", "annotations", "digest", "name"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(["version", "slide", "annotations", ""]),
)
def test_any_json_is_used_or_told(path: Path, value: object, place: str) -> None:
    annotations = AnnotationSet.of([shape("a")])
    sidecar_of(path).write_text(json.dumps(GOOD | {place: value} if place else value))
    known = read_sidecar(path, annotations)
    assert set(known.marks) == set(annotations.annotations)
    assert known.is_unreadable == any("cannot be used" in it for it in known.notices)
