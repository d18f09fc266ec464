"""How one slide lies on another: the arithmetic, finding it from points, keeping it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide, open_slide
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.alignment import AlignmentError, PointPair, align
from slideviewer.ui.views.alignment_store import MOST_KEPT, AlignmentStore
from slideviewer.ui.views.landmarks import Landmarks
from slideviewer.ui.views.similarity import Similarity, between, centred

places = st.floats(-1e5, 1e5)
turns = st.floats(0, 360, exclude_max=True)
similarities = st.builds(Similarity, st.floats(0.05, 20), turns, st.booleans(), places, places)
views = st.builds(
    Viewpoint, places, places, st.floats(1e-3, 32), st.just(800), st.just(600), turns, st.booleans()
)


def near(point: tuple[float, float], other: tuple[float, float], tolerance: float = 1e-4) -> bool:
    return math.dist(point, other) <= tolerance


def same_angle(angle: float, other: float, tolerance: float = 1e-6) -> bool:
    return abs((angle - other + 180) % 360 - 180) <= tolerance


@given(similarities, places, places)
def test_the_inverse_leads_back(lying: Similarity, x: float, y: float) -> None:
    assert near(lying.inverse.apply(*lying.apply(x, y)), (x, y), 1e-3)
    back = lying.then(lying.inverse)
    assert near(back.apply(x, y), (x, y), 1e-3)
    assert not back.mirrored


@given(similarities, similarities, places, places)
def test_one_after_the_other(one: Similarity, other: Similarity, x: float, y: float) -> None:
    assert near(one.then(other).apply(x, y), other.apply(*one.apply(x, y)), 1e-2)


@given(similarities, views, st.floats(0, 800), st.floats(0, 600))
def test_a_carried_view_shows_the_same_tissue_at_the_same_place(
    lying: Similarity, view: Viewpoint, x: float, y: float
) -> None:
    on_slide = view.to_slide(x, y)
    assert near(lying.carry(view).to_screen(*lying.apply(*on_slide)), (x, y), 1e-2)


@given(similarities, views)
def test_a_view_carried_there_and_back_is_the_same(lying: Similarity, view: Viewpoint) -> None:
    back = lying.inverse.carry(lying.carry(view))
    # A round trip rounds as the coordinates of both slides do.
    assert near((back.centre_x, back.centre_y), (view.centre_x, view.centre_y), 1e-3)
    assert back.scale == pytest.approx(view.scale, rel=1e-12)
    assert same_angle(back.rotation, view.rotation)
    assert back.mirrored == view.mirrored
    assert 0 <= back.rotation < 360


@given(views, views, st.floats(0.1, 10))
def test_what_is_shown_tells_how_the_slides_lie(
    view: Viewpoint, other: Viewpoint, scale: float
) -> None:
    carried = between(view, other, scale).carry(view)
    assert near((carried.centre_x, carried.centre_y), (other.centre_x, other.centre_y))
    assert same_angle(carried.rotation, other.rotation)
    assert carried.mirrored == other.mirrored
    assert carried.scale == pytest.approx(view.scale / scale)


def test_a_level_slide_stays_level() -> None:
    view = Viewpoint(100.0, 200.0, 0.5, 800, 600)
    assert Similarity(0.25, 0.0, False, 7.0, 9.0).carry(view).is_upright
    assert between(view, view, 1.0) == Similarity()
    assert centred(Similarity(2.0), (10, 20), (100, 100)).apply(10, 20) == (100, 100)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_no_slide_is_scaled_by_nonsense(bad: float) -> None:
    with pytest.raises(ValueError, match="similarity"):
        Similarity(bad)


def pairs_of(lying: Similarity, points: list[tuple[float, float]]) -> list[PointPair]:
    return [PointPair(x, y, *lying.apply(x, y)) for x, y in points]


spread_points = st.lists(
    st.tuples(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4)), min_size=2, max_size=6
)


@given(similarities, spread_points)
def test_points_that_fit_give_the_similarity_back(
    lying: Similarity, points: list[tuple[float, float]]
) -> None:
    shape = np.array(points) - np.mean(points, axis=0)
    assume(max(math.dist(a, b) for a in points for b in points) > 1100)
    spread = np.linalg.svd(shape, compute_uv=False)
    assume(spread[-1] > 0.1 * spread[0] or len(points) == 2)
    found = align(pairs_of(lying, points), mirrored=lying.mirrored)
    assert found.similarity.mirrored == lying.mirrored
    assert found.similarity.scale == pytest.approx(lying.scale, rel=1e-6)
    assert same_angle(found.similarity.rotation, lying.rotation, 1e-4)
    assert found.residual_px < 1e-3 * (1 + lying.scale)
    for x, y in points:
        assert near(found.similarity.apply(x, y), lying.apply(x, y), 1e-2 * (1 + lying.scale))


TRIANGLE = [(0.0, 0.0), (8000.0, 500.0), (1000.0, 6000.0), (7000.0, 7000.0)]


def test_imprecise_clicks_are_balanced_and_measured() -> None:
    lying = Similarity(0.5, 30.0, False, 1000.0, -200.0)
    off = [(12.0, -5.0), (-7.0, 9.0), (3.0, 3.0), (-8.0, -7.0)]
    clicked = [
        PointPair(pair.x, pair.y, pair.x_other + dx, pair.y_other + dy)
        for pair, (dx, dy) in zip(pairs_of(lying, TRIANGLE), off, strict=True)
    ]
    found = align(clicked)
    assert same_angle(found.similarity.rotation, 30.0, 0.3)
    assert found.similarity.scale == pytest.approx(0.5, rel=0.005)

    def root_mean_square(similarity: Similarity) -> float:
        ways = [
            math.dist(similarity.apply(pair.x, pair.y), (pair.x_other, pair.y_other))
            for pair in clicked
        ]
        return math.sqrt(sum(way**2 for way in ways) / len(ways))

    assert found.residual_px == pytest.approx(root_mean_square(found.similarity))
    assert found.residual_px <= root_mean_square(lying)
    best = found.similarity
    for nearby in (
        Similarity(best.scale * 1.001, best.rotation, False, best.shift_x, best.shift_y),
        Similarity(best.scale, best.rotation + 0.05, False, best.shift_x, best.shift_y),
        Similarity(best.scale, best.rotation, False, best.shift_x + 2, best.shift_y),
    ):
        assert root_mean_square(nearby) > found.residual_px


def test_three_points_tell_whether_a_slide_is_mirrored() -> None:
    for is_mirrored in (False, True):
        pairs = pairs_of(Similarity(1.0, 80.0, is_mirrored, 5.0, 6.0), TRIANGLE[:3])
        found = align(pairs, mirrored=not is_mirrored)
        assert found.similarity.mirrored == is_mirrored
        assert found.residual_px < 1e-6


def test_two_points_or_a_line_leave_it_to_the_user() -> None:
    line = [(0.0, 0.0), (1000.0, 1000.0), (3000.0, 3000.0)]
    for points in (TRIANGLE[:2], line):
        for is_mirrored in (False, True):
            found = align(pairs_of(Similarity(), points), mirrored=is_mirrored)
            assert found.similarity.mirrored == is_mirrored
            assert found.residual_px < 1e-6


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([PointPair(0, 0, 0, 0)], "at least 2"),
        ([PointPair(5, 5, 0, 0), PointPair(5, 5, 900, 900)], "too close"),
        ([PointPair(0, 0, 7, 7), PointPair(900, 900, 40, 7)], "too close"),
        ([PointPair(0, 0, math.nan, 7), PointPair(900, 900, 40, 7)], "finite"),
        (
            [
                PointPair(x, y, *other)
                for (x, y), other in zip(
                    [(0, 0), (1000, 0), (0, 1000), (1000, 1000)],
                    [(0, 0), (1000, 1000), (20, 0), (1000, 980)],
                    strict=True,
                )
            ],
            "contradict each other",
        ),
    ],
)
def test_useless_points_are_refused_in_words(pairs: list[PointPair], words: str) -> None:
    with pytest.raises(AlignmentError, match=words):
        align(pairs)


def test_landmarks_wait_for_the_other_side() -> None:
    marks = Landmarks()
    marks.add(1, 10, 10)
    assert marks.lagging_side == 0
    marks.add(1, 20, 20)  # clicked again: the first click was a mistake
    assert marks.points(1) == [(20, 20)]
    marks.add(0, 1, 1)
    assert marks.lagging_side is None
    assert marks.pairs == [PointPair(1, 1, 20, 20)]
    marks.add(0, 2, 2)
    assert marks.lagging_side == 1
    marks.undo()
    marks.undo()
    assert (marks.points(0), marks.points(1)) == ([], [(20, 20)])
    marks.undo()
    marks.undo()
    assert marks.count == 0


@given(st.lists(st.one_of(st.integers(0, 1), st.none())))
def test_landmarks_are_never_more_than_one_ahead(steps: list[int | None]) -> None:
    marks = Landmarks()
    for number, side in enumerate(steps):
        if side is None:
            marks.undo()
        else:
            marks.add(side, number, number)
        one, other = len(marks.points(0)), len(marks.points(1))
        assert abs(one - other) <= 1
        assert marks.count == one + other
        assert len(marks.pairs) == min(one, other)


@pytest.fixture
def slides(made_slide: Path, tmp_path: Path) -> tuple[Slide, Slide]:
    copy = tmp_path / "another.tif"
    copy.write_bytes(made_slide.read_bytes())
    return open_slide(made_slide), open_slide(copy)


LYING = Similarity(0.75, 33.0, True, 120.0, -45.5)


def test_an_alignment_is_found_again_from_either_side(
    slides: tuple[Slide, Slide], tmp_path: Path
) -> None:
    slide, other = slides
    path = tmp_path / "not yet there" / "alignments.json"
    store = AlignmentStore(path)
    assert store.find(slide, other) is None
    store.keep(slide, other, LYING)
    again = AlignmentStore(path)
    assert again.find(slide, other) == LYING
    back = again.find(other, slide)
    assert back is not None
    assert near(back.apply(*LYING.apply(500, 600)), (500, 600))
    again.keep(other, slide, Similarity())  # aligned anew, from the other side
    assert AlignmentStore(path).find(slide, other) == Similarity()
    again.forget(slide, other)
    assert AlignmentStore(path).find(slide, other) is None


def change(text: str, **values: Any) -> str:
    read = json.loads(text)
    read["alignments"][0]["lying"].update(values)
    return json.dumps(read)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:40],
        lambda text: "",
        lambda text: "[]",
        lambda text: change(text, scale=0),
        lambda text: change(text, scale=-2.0),
        lambda text: change(text, shift_x="NaN"),
        lambda text: change(text, rotation=None),
        lambda text: text.replace("shift_y", "shift_z"),
        lambda text: text.replace('"version":1', '"version":2').replace(
            '"version": 1', '"version": 2'
        ),
        lambda text: " " * (4 * 1024**2 + 1),
    ],
    ids=["cut", "empty", "list", "zero", "negative", "nan", "null", "missing", "newer", "huge"],
)
def test_a_damaged_file_is_set_aside_and_said_once(
    slides: tuple[Slide, Slide], tmp_path: Path, damage: Any
) -> None:
    slide, other = slides
    path = tmp_path / "alignments.json"
    AlignmentStore(path).keep(slide, other, LYING)
    damaged = damage(path.read_text())
    path.write_text(damaged)
    store = AlignmentStore(path)
    with pytest.raises(SlideviewerError, match="alignments\\.json"):
        store.find(slide, other)
    assert store.find(slide, other) is None
    store.keep(slide, other, LYING)
    assert AlignmentStore(path).find(slide, other) == LYING
    path.write_text("damaged again")
    with pytest.raises(SlideviewerError, match="damaged-2"):
        AlignmentStore(path).find(slide, other)
    assert (tmp_path / "alignments.damaged-1.json").read_text() == damaged


def test_a_file_that_cannot_be_read_now_is_not_written_over(
    slides: tuple[Slide, Slide], tmp_path: Path
) -> None:
    path = tmp_path / "alignments.json"
    path.mkdir()  # nobody, not even root, can read a folder as a file
    store = AlignmentStore(path)
    for _ in range(2):
        with pytest.raises(SlideviewerError, match="cannot be read"):
            store.find(*slides)
    with pytest.raises(SlideviewerError, match="cannot be read"):
        store.keep(*slides, LYING)
    path.rmdir()  # the drive is back
    store.keep(*slides, LYING)
    assert AlignmentStore(path).find(*slides) == LYING


def test_only_so_many_are_kept(slides: tuple[Slide, Slide], tmp_path: Path) -> None:
    slide, other = slides
    path = tmp_path / "alignments.json"
    AlignmentStore(path).keep(slide, other, LYING)
    read = json.loads(path.read_text())
    first = read["alignments"][0]
    read["alignments"] = [
        {**first, "slide": {**first["slide"], "path": f"/slides/{number}.tif"}}
        for number in range(MOST_KEPT)
    ]
    path.write_text(json.dumps(read))
    store = AlignmentStore(path)
    store.keep(slide, other, LYING)
    kept = json.loads(path.read_text())["alignments"]
    assert len(kept) == MOST_KEPT
    assert kept[0]["slide"]["path"] == "/slides/1.tif"
    assert store.find(slide, other) == LYING


def test_a_folder_that_cannot_be_written_is_said(
    slides: tuple[Slide, Slide], tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    store = AlignmentStore(blocked / "alignments.json")
    with pytest.raises(SlideviewerError, match="a file"):
        store.keep(*slides, LYING)
    assert store.find(*slides) == LYING  # used all the same
