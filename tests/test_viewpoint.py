"""The transform between slide and screen."""

import math

from hypothesis import given
from hypothesis import strategies as st

from slideviewer.geometry import Rect
from slideviewer.ui.viewpoint import LARGEST_SCALE, Viewpoint

places = st.floats(-1e5, 1e5)
scales = st.floats(1e-3, LARGEST_SCALE)
sides = st.integers(1, 4000)
turns = st.one_of(st.sampled_from([0.0, 90.0, 180.0, 270.0]), st.floats(0, 359.9))
views = st.builds(Viewpoint, places, places, scales, sides, sides, turns, st.booleans())
screen = st.floats(-4000, 4000)


@given(views, screen, screen)
def test_to_the_slide_and_back_is_the_same_place(view: Viewpoint, x: float, y: float) -> None:
    back = view.to_screen(*view.to_slide(x, y))
    assert math.isclose(back[0], x, abs_tol=1e-3)
    assert math.isclose(back[1], y, abs_tol=1e-3)


@given(views, scales, screen, screen)
def test_zooming_keeps_the_point_under_the_mouse(
    view: Viewpoint, scale: float, x: float, y: float
) -> None:
    before, after = view.to_slide(x, y), view.zoomed(scale, x, y).to_slide(x, y)
    assert math.isclose(before[0], after[0], rel_tol=1e-6, abs_tol=1e-3)
    assert math.isclose(before[1], after[1], rel_tol=1e-6, abs_tol=1e-3)


@given(views, screen, screen)
def test_panning_moves_the_slide_with_the_mouse(view: Viewpoint, dx: float, dy: float) -> None:
    grabbed = view.to_slide(100, 100)
    x, y = view.panned(dx, dy).to_screen(*grabbed)
    assert math.isclose(x, 100 + dx, abs_tol=1e-2)
    assert math.isclose(y, 100 + dy, abs_tol=1e-2)


@given(views, st.builds(Rect, places, places, st.floats(1, 1e5), st.floats(1, 1e5)))
def test_a_fitted_rectangle_is_all_in_view(view: Viewpoint, rect: Rect) -> None:
    fitted = view.fitted(rect)
    if fitted.scale < LARGEST_SCALE:
        seen = fitted.visible.grown(1e-3)
        assert seen.contains(rect.x, rect.y)
        assert seen.contains(rect.right, rect.bottom)


@given(views)
def test_the_slide_is_never_lost_from_view(view: Viewpoint) -> None:
    extent = Rect(0, 0, 20000, 10000)
    assert view.kept_on(extent).visible.intersects(extent)


@given(views, screen, screen)
def test_the_affine_numbers_say_the_same(view: Viewpoint, x: float, y: float) -> None:
    a = view.affine
    expected = view.to_screen(x, y)
    shown = (a.xx * x + a.yx * y + a.dx, a.xy * x + a.yy * y + a.dy)
    assert math.isclose(shown[0], expected[0], rel_tol=1e-9, abs_tol=1e-3)
    assert math.isclose(shown[1], expected[1], rel_tol=1e-9, abs_tol=1e-3)


@given(views, turns, screen, screen)
def test_turning_keeps_the_point_under_the_mouse(
    view: Viewpoint, turn: float, x: float, y: float
) -> None:
    before, after = view.to_slide(x, y), view.turned(turn, x, y).to_slide(x, y)
    assert math.isclose(before[0], after[0], rel_tol=1e-6, abs_tol=1e-2)
    assert math.isclose(before[1], after[1], rel_tol=1e-6, abs_tol=1e-2)


@given(views, screen, screen)
def test_flipping_mirrors_the_screen_and_twice_changes_nothing(
    view: Viewpoint, x: float, y: float
) -> None:
    at = view.to_slide(x, y)
    across = view.flipped_across().to_screen(*at)
    assert math.isclose(across[0], view.width - x, abs_tol=1e-2)
    assert math.isclose(across[1], y, abs_tol=1e-2)
    down = view.flipped_down().to_screen(*at)
    assert math.isclose(down[0], x, abs_tol=1e-2)
    assert math.isclose(down[1], view.height - y, abs_tol=1e-2)
    twice = view.flipped_across().flipped_across()
    assert twice.mirrored == view.mirrored
    assert math.isclose(math.cos(math.radians(twice.rotation - view.rotation)), 1, abs_tol=1e-9)


@given(views, screen, screen, screen, screen)
def test_what_a_part_of_the_screen_shows_lies_in_its_rectangle(
    view: Viewpoint, x: float, y: float, right: float, down: float
) -> None:
    part = view.seen_through(x, y, abs(right), abs(down)).grown(1e-2 / view.scale + 1e-3)
    for share_x, share_y in ((0, 0), (1, 1), (0.5, 0.25)):
        assert part.contains(*view.to_slide(x + share_x * abs(right), y + share_y * abs(down)))


@given(views, st.floats(-500, 500), st.floats(-500, 500))
def test_the_shift_between_two_views_is_how_far_the_picture_moved(
    view: Viewpoint, dx: float, dy: float
) -> None:
    shift = view.panned(dx, dy).shift_from(view)
    assert shift is not None
    assert math.isclose(shift[0], dx, abs_tol=1e-2)
    assert math.isclose(shift[1], dy, abs_tol=1e-2)
