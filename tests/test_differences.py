"""What became of a set of annotations."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, read_asap
from slideviewer.annotations.differences import differences, what_changed


def shape(name: str, x: float = 0, group: str | None = None) -> Annotation:
    return Annotation(name, Kind.POLYGON, as_points([(x, 0), (9, 0), (9, 9)]), group)


def test_it_says_what_was_done_in_words() -> None:
    a, b, c = shape("A"), shape("B"), shape("C", group="Tumor")
    before = AnnotationSet.of([a, b], [Group("Old"), Group("Kept")])
    moved = replace(b, points=as_points([(1, 0), (9, 0), (9, 9)]))
    after = AnnotationSet.of([moved, c], [Group("Tumor"), Group("Kept", colour="#000000")])
    found = differences(before, after)
    assert (found.added, found.removed, found.changed) == ((c,), (a,), ((b, moved),))
    assert found.summary == (
        "1 annotation added, 1 removed, 1 changed; 1 group added, 1 removed, 1 changed"
    )
    assert found.lines == (
        "+ Polygon C in Tumor",
        "- Polygon A",
        "~ Polygon B: moved",
        "+ group Tumor",
        "- group Old",
        "~ group Kept: colour #64FE2E → #000000",
    )


def test_all_that_can_change_is_named() -> None:
    one = shape("A")
    other = replace(
        one,
        name="B",
        kind=Kind.SPLINE,
        group="G",
        colour="#000000",
        points=one.points[:2],
        extra={"asap": {"attributes": {"score": "1"}}},
    )
    assert what_changed(one, other) == (
        "name A → B, type Polygon → Spline, group none → G, colour #F4FA58 → #000000, "
        "points 3 → 2, other properties"
    )


shapes = st.builds(shape, st.sampled_from("ABC"), st.integers(0, 3), st.sampled_from(["G", None]))


@given(st.lists(shapes, max_size=6), st.lists(shapes, max_size=6))
def test_nothing_is_forgotten_or_told_twice(one: list[Annotation], other: list[Annotation]) -> None:
    before, after = AnnotationSet.of(one), AnnotationSet.of(other)
    found = differences(before, after)
    told_old = [*found.removed, *(old for old, _ in found.changed)]
    told_new = [*found.added, *(new for _, new in found.changed)]
    assert len({it.id for it in told_old}) == len(told_old) <= len(before)
    assert len({it.id for it in told_new}) == len(told_new) <= len(after)
    assert len(before) - len(told_old) == len(after) - len(told_new), "the rest are the same"
    kept_old = sorted(_said(it) for it in before if it not in told_old)
    kept_new = sorted(_said(it) for it in after if it not in told_new)
    assert kept_old == kept_new
    assert bool(found) == bool(told_old or told_new)


def _said(it: Annotation) -> tuple[object, ...]:
    return it.name, it.group or "", it.points.tobytes()


def test_a_file_read_twice_has_no_differences(real_data: Path) -> None:
    path = sorted((real_data / "asap_xml").rglob("*.xml"))[0]
    one, other = read_asap(path).annotations, read_asap(path).annotations
    assert not differences(one, other)
    first = next(iter(other))
    moved = replace(first, points=as_points(first.points + 1))
    found = differences(one, other.with_changes({first.id: moved}))
    assert [what_changed(*pair) for pair in found.changed] == ["moved"]
    assert found.summary == "1 annotation changed"
