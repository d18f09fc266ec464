"""The transform between slide and screen."""

import math

from hypothesis import given
from hypothesis import strategies as st

from slideviewer.geometry import Rect
from slideviewer.ui.viewpoint import LARGEST_SCALE, Viewpoint

places = st.floats(-1e5, 1e5)
scales = st.floats(1e-3, LARGEST_SCALE)
sides = st.integers(1, 4000)
views = st.builds(Viewpoint, places, places, scales, sides, sides)
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
