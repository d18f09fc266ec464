"""Which annotations are listed and in which order, kept by what changed."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.ui.annotation_order import RowOrder
from slideviewer.ui.annotation_rows import UNGROUPED, Filter, KeysOf, natural
from slideviewer.ui.row_runs import Moves

KEYS: list[KeysOf | None] = [
    None,
    lambda annotations: [natural(each.name) for each in annotations],
    lambda annotations: [float(len(each.points)) for each in annotations],
    lambda annotations: [each.group for each in annotations],
]

FILTERS = [Filter(), Filter("a"), Filter(kind="Polygon"), Filter(group="G"), Filter(group="")]


def made(name: str, group: str | None = None, points: int = 1, each: str = "") -> Annotation:
    kind = Kind.DOT if points == 1 else Kind.POLYGON
    return Annotation(name, kind, as_points([(0, 0)] * points), group, id=each or name)


GROUPS = [Group("G"), Group("inner", "G"), Group("other")]
ALL_IDS = {f"i{n}" for n in range(8)}
ids = st.sampled_from(sorted(ALL_IDS))
some = st.builds(
    made,
    st.sampled_from(["a", "A 9", "a 10", "b"]),
    st.sampled_from([None, "G", "inner", "other"]),
    st.integers(1, 3),
    ids,
)
edits = st.lists(st.dictionaries(ids, st.none() | some, max_size=4), max_size=6)


def moved(rows: list[str], moves: Moves | None, new: list[str]) -> list[str]:
    """The rows after some have gone and others have come, as a view is told of them."""
    if moves is None:
        return rows
    left = [each for row, each in enumerate(rows) if row not in moves.goings]
    for row in moves.comings:
        left.insert(row, new[row])
    return left


@settings(deadline=None)
@given(
    st.lists(some),
    edits,
    st.sampled_from(range(len(KEYS))),
    st.sampled_from(FILTERS),
    st.booleans(),
)
def test_rows_kept_by_what_changed_are_those_arranged_anew(
    begin: list[Annotation],
    steps: list[dict[str, Annotation | None]],
    key: int,
    wanted: Filter,
    is_reversed: bool,
) -> None:
    annotations = AnnotationSet.of(begin, GROUPS)
    kept = RowOrder()
    kept.arrange(annotations, wanted, KEYS[key], is_reversed=is_reversed)

    def follow(annotations: AnnotationSet, changed: Iterable[str]) -> None:
        former = kept.rows
        moves = kept.update(annotations, changed)
        anew = RowOrder()
        anew.arrange(annotations, wanted, KEYS[key], is_reversed=is_reversed)
        assert kept.rows == anew.rows == moved(former, moves, anew.rows)
        assert [kept.row_of(each) for each in anew.rows] == list(range(len(anew.rows)))
        assert not any(kept.row_of(each) for each in ALL_IDS - {*anew.rows})

    for step in steps:
        changes = {
            each: replace(annotation, id=each) if annotation is not None else None
            for each, annotation in step.items()
        }
        before, annotations = annotations, annotations.with_changes(changes)
        follow(annotations, changes)
        follow(before, changes)  # taken back: what was removed stands where it stood
        follow(annotations, changes)
        fits = wanted.chooser(annotations)
        assert set(kept.rows) == {it.id for it in annotations if fits(it)}


def test_many_at_once_are_sorted_as_one_by_one() -> None:
    annotations = AnnotationSet.of(made(f"n{n}", points=1 + n % 7) for n in range(2000))
    kept, anew = RowOrder(), RowOrder()
    kept.arrange(annotations, Filter(), KEYS[2])
    changes = {f"n{n}": made(f"n{n}", points=1 + n % 5) for n in range(0, 2000, 2)}
    annotations = annotations.with_changes(changes)
    kept.update(annotations, changes)
    anew.arrange(annotations, Filter(), KEYS[2])
    assert kept.rows == anew.rows


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["Annotation 10", "annotation 9", "Annotation 1", "Zone", "alpha"]
    sorted_names = sorted(names, key=natural)
    assert sorted_names == ["alpha", "Annotation 1", "annotation 9", "Annotation 10", "Zone"]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_what_has_nothing_to_sort_by_comes_last(is_reversed: bool) -> None:
    annotations = AnnotationSet.of([made("x"), made("y", "G"), made("z", "other")], GROUPS)
    order = RowOrder()
    order.arrange(annotations, Filter(), KEYS[3], is_reversed=is_reversed)
    assert order.rows == (["z", "y", "x"] if is_reversed else ["y", "z", "x"])


def test_a_filter_wants_all_words_and_the_groups_inside_a_group() -> None:
    annotations = AnnotationSet.of(
        [made("big nest", "inner"), made("small nest", "G"), made("nest"), made("big", "other")],
        GROUPS,
    )

    def found(wanted: Filter) -> list[str]:
        return [it.name for it in annotations if wanted.chooser(annotations)(it)]

    assert found(Filter("NEST big")) == ["big nest"]
    assert found(Filter(group="G")) == ["big nest", "small nest"]
    assert found(Filter(group="inner")) == ["big nest"]
    assert found(Filter(group=UNGROUPED)) == ["nest"]
    assert found(Filter("nest", "Dot", "G")) == ["big nest", "small nest"]
    assert found(Filter(kind="Polygon")) == []
    assert Filter("  ").wants_all and not Filter(group=UNGROUPED).wants_all
