"""Masks: a pixel is painted where its centre lies inside, and outlines lead back to its label."""

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from numpy.typing import NDArray

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    as_polygon,
    outline,
)
from slideviewer.annotations.masks import (
    HoleStyle,
    Labels,
    MaskGrid,
    MaskPainting,
    Outlining,
    excludes,
    outlined,
    parse_labels,
    proposed_labels,
    trace,
)
from slideviewer.annotations.masks import tracing as tracing_module
from slideviewer.errors import AnnotationError, Cancelled
from slideviewer.progress import Step

SQUARE = [(1.0, 1.0), (6.0, 1.0), (6.0, 6.0), (1.0, 6.0)]
INNER = [(2.0, 2.0), (5.0, 2.0), (5.0, 5.0), (2.0, 5.0)]

places = st.one_of(
    st.integers(-4, 24).map(float), st.floats(-4, 24), st.integers(-8, 48).map(lambda n: n / 2)
)
outlines = st.lists(st.tuples(places, places), min_size=3, max_size=14)
grids = st.builds(
    MaskGrid,
    st.integers(1, 20),
    st.integers(1, 20),
    st.floats(0.5, 5),
    st.floats(0.5, 5),
)
labelled = np_st.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3)
)
block_sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))


def polygon(
    points: object, group: str | None = None, kind: Kind = Kind.POLYGON, name: str = "a"
) -> Annotation:
    return Annotation(name, kind, as_points(points), group)


def painted(
    annotations: AnnotationSet, labels: Labels, grid: MaskGrid, rows: int = 256
) -> NDArray[np.uint16]:
    return np.concatenate([*MaskPainting(annotations, labels, grid).bands(rows)])


def centres(grid: MaskGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    row, column = np.mgrid[: grid.height, : grid.width]
    return (column + 0.5) * grid.scale_x, (row + 0.5) * grid.scale_y


@settings(max_examples=200, deadline=None)
@given(outlines, st.sampled_from([Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE]), grids)
def test_a_pixel_is_painted_where_its_centre_lies_inside(
    points: list[tuple[float, float]], kind: Kind, grid: MaskGrid
) -> None:
    shape = polygon(points, kind=kind)
    x, y = centres(grid)
    area = as_polygon(shape)
    with np.errstate(all="ignore"):  # lengths of the smallest numbers there are
        on_the_line = shapely.distance(area.boundary, shapely.points(x, y)) < 1e-6
        on_the_line |= shapely.distance(_curve(shape), shapely.points(x, y)) < 1e-6
    found = painted(AnnotationSet.of([shape]), Labels({None: 1}), grid) == 1
    assert (found == shapely.contains_xy(area, x, y))[~on_the_line].all()


def _curve(shape: Annotation) -> shapely.Geometry:
    """Also what encloses nothing: there a repaired shape has no boundary to lie near to."""
    points = outline(shape)
    return shapely.LineString(np.concatenate([points, points[:1]]))


@settings(max_examples=40, deadline=None)
@given(st.lists(outlines, min_size=1, max_size=5), grids, st.integers(1, 9), st.integers(1, 9))
def test_tiles_of_any_size_make_the_same_mask(
    shapes: list[list[tuple[float, float]]], grid: MaskGrid, width: int, height: int
) -> None:
    drawn = AnnotationSet.of(
        (polygon(points, str(n)) for n, points in enumerate(shapes)),
        (Group(str(n)) for n in range(len(shapes))),
    )
    labels = proposed_labels(drawn)
    painting = MaskPainting(drawn, labels, grid)
    whole = painted(drawn, labels, grid)
    tiles = [
        np.concatenate([*painting.tiles(top, min(height, grid.height - top), width)], axis=1)
        for top in range(0, grid.height, height)
    ]
    assert (np.concatenate(tiles) == whole).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(places, places), min_size=4, max_size=12, unique=True), grids)
def test_neighbours_leave_no_gap_and_do_not_overlap(
    points: list[tuple[float, float]], grid: MaskGrid
) -> None:
    triangles = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(points)))
    if not len(triangles):
        return
    times = np.zeros((grid.height, grid.width), int)
    for triangle in triangles:
        drawn = AnnotationSet.of([polygon(triangle.exterior.coords[:-1])])
        times += painted(drawn, Labels({None: 1}), grid)
    assert times.max() <= 1
    x, y = centres(grid)
    around = shapely.MultiPoint(points).convex_hull
    well_inside = shapely.contains_xy(around, x, y)
    well_inside &= shapely.distance(around.boundary, shapely.points(x, y)) > 1e-6
    assert (times[well_inside] == 1).all()


@settings(max_examples=120, deadline=None)
@given(labelled, block_sizes)
def test_regions_are_valid_and_cover_their_label(
    mask: NDArray[np.uint8], block: tuple[int, int]
) -> None:
    height, width = mask.shape
    regions = trace((width, height), lambda x, y, w, h: mask[y : y + h, x : x + w], block=block)
    areas = np.zeros(4)
    for region in regions:
        shape = shapely.Polygon(region.outer, region.holes)
        assert shape.is_valid
        assert shape.area == region.area
        assert shapely.Polygon(region.outer).area == region.outer_area
        areas[region.label] += region.area
    assert (areas[1:] == np.bincount(mask.ravel(), minlength=4)[1:]).all()
    assert [it.outer_area for it in regions] == sorted(
        (it.outer_area for it in regions), reverse=True
    )


@settings(max_examples=120, deadline=None)
@given(labelled, block_sizes, st.sampled_from(HoleStyle), st.floats(0.5, 40), st.floats(0.5, 40))
def test_outlines_of_a_mask_paint_the_same_mask(
    mask: NDArray[np.uint8],
    block: tuple[int, int],
    holes: HoleStyle,
    scale_x: float,
    scale_y: float,
) -> None:
    height, width = mask.shape
    grid = MaskGrid(width, height, scale_x, scale_y)
    regions = trace((width, height), lambda x, y, w, h: mask[y : y + h, x : x + w], block=block)
    names = {1: "one", 2: "two", 3: None}
    drawn = outlined(regions, grid, Outlining(names, holes=holes))
    assert all(it.group in drawn.groups for it in drawn if it.group is not None)
    again = painted(drawn, Labels({"one": 1, "two": 2, None: 3, "Unclassified (hole)": 0}), grid)
    assert (again == mask).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(outlines, min_size=1, max_size=4), grids)
def test_polygons_to_a_mask_and_back_cover_the_same_pixels(
    shapes: list[list[tuple[float, float]]], grid: MaskGrid
) -> None:
    drawn = AnnotationSet.of(
        (polygon(points, str(n), Kind.SPLINE) for n, points in enumerate(shapes)),
        (Group(str(n)) for n in range(len(shapes))),
    )
    labels = proposed_labels(drawn)
    mask = painted(drawn, labels, grid)
    regions = trace((grid.width, grid.height), lambda x, y, w, h: mask[y : y + h, x : x + w])
    names = {label: group for group, label in labels.values.items()}
    back = outlined(regions, grid, Outlining(names))
    assert (painted(back, labels, grid) == mask).all()


def test_a_smoothed_outline_stays_near_and_needs_fewer_vertices() -> None:
    mask = (np.add.outer(np.arange(60), np.arange(60)) < 60).astype(np.uint8)  # a slanting edge
    regions = trace((60, 60), lambda x, y, w, h: mask[y : y + h, x : x + w])
    grid = MaskGrid(60, 60, 4, 4)
    (exact,) = outlined(regions, grid, Outlining())
    (smooth,) = outlined(regions, grid, Outlining(tolerance_px=3))
    assert len(exact.points) > 100
    assert len(smooth.points) < 8
    assert as_polygon(smooth).hausdorff_distance(as_polygon(exact)) <= 3.01
    assert as_polygon(smooth).area == pytest.approx(as_polygon(exact).area, rel=0.1)


def test_small_regions_are_left_out_and_small_holes_closed() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:12, 2:12] = 1
    mask[5, 5] = 0
    mask[7:10, 7:10] = 0
    mask[15, 15:17] = 1

    def read(x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        return mask[y : y + height, x : x + width]

    assert [len(it.holes) for it in trace((20, 20), read)] == [2, 0]
    (region,) = trace((20, 20), read, smallest_px=3)
    assert [shapely.Polygon(hole).area for hole in region.holes] == [9]
    assert region.area == 91


def test_an_island_in_a_hole_belongs_to_itself() -> None:
    mask = np.ones((9, 9), np.uint8)
    mask[1:8, 1:8] = 0
    mask[2:7, 2:7] = 1
    mask[3:6, 3:6] = 0
    mask[4, 4] = 1
    regions = trace((9, 9), lambda x, y, w, h: mask[y : y + h, x : x + w], block=(2, 3))
    assert [(it.outer_area, it.area) for it in regions] == [(81, 32), (25, 16), (1, 1)]


def test_a_label_is_that_of_the_nearest_group_that_has_one() -> None:
    groups = (Group("Tumor"), Group("invasive", "Tumor"), Group("front", "invasive"), Group("x"))
    drawn = AnnotationSet.of([polygon(SQUARE, "front")], groups)
    assert Labels({"Tumor": 7}).of(drawn, "front") == 7
    assert Labels({"Tumor": 7, "invasive": 3}).of(drawn, "front") == 3
    assert Labels({"Tumor": 7, "front": 0}).of(drawn, "front") == 0
    assert Labels({"Tumor": 7}).of(drawn, "x") is None
    assert Labels({"Tumor": 7}).of(drawn, None) is None
    assert Labels({"gone": 2}).of(drawn, "gone") == 2, "a group that is not declared"
    assert painted(drawn, Labels({"Tumor": 7}), MaskGrid(8, 8)).sum() == 25 * 7


def test_what_encloses_nothing_is_not_painted() -> None:
    kinds = (Kind.DOT, Kind.POINT_SET, Kind.MEASUREMENT, Kind.NONE, "Ellipse")
    drawn = AnnotationSet.of(Annotation("a", kind, as_points(SQUARE)) for kind in kinds)
    assert not painted(drawn, Labels({None: 1}), MaskGrid(8, 8)).any()


@pytest.mark.parametrize("group", ["_2", "Tumor (hole)"])
def test_groups_that_exclude_paint_background(group: str) -> None:
    drawn = AnnotationSet.of(
        [polygon(SQUARE, "Tumor"), polygon(INNER, group)], [Group("Tumor"), Group(group)]
    )
    assert excludes(group)
    assert painted(drawn, Labels({"Tumor": 5}), MaskGrid(8, 8)).sum() == (25 - 9) * 5
    assert painted(drawn, Labels({"Tumor": 5, group: 2}), MaskGrid(8, 8)).sum() == 16 * 5 + 9 * 2


def test_a_hole_is_left_out_of_its_own_group_alone() -> None:
    """As in QuPath's files, where the shapes of one class lie in the holes of another."""
    groups = (Group("Stroma"), Group("Tumor"), Group("Tumor (hole)", "Tumor"))
    stroma, tumour = polygon(INNER, "Stroma"), polygon(SQUARE, "Tumor")
    hole = polygon(INNER, "Tumor (hole)")
    island = polygon([(3, 3), (4, 3), (4, 4), (3, 4)], "Tumor")
    grid = MaskGrid(8, 8)
    for shapes in ([stroma, tumour, hole], [tumour, stroma, hole], [tumour, hole, stroma]):
        drawn = AnnotationSet.of(shapes, groups)
        mask = painted(drawn, proposed_labels(drawn), grid)
        assert ((mask == 1).sum(), (mask == 2).sum()) == (9, 16)
    drawn = AnnotationSet.of([tumour, hole, island], groups)
    assert painted(drawn, proposed_labels(drawn), grid).sum() == 2 * (16 + 1)
    drawn = AnnotationSet.of([stroma, tumour, hole], groups)
    assert painted(drawn, Labels({"Stroma": 1}), grid).sum() == 9, "Tumor is not painted"
    assert painted(drawn, Labels({"Tumor": 1, "Tumor (hole)": 5}), grid).sum() == 16 + 9 * 5
    front = (*groups, Group("front", "Tumor"))
    drawn = AnnotationSet.of([polygon(SQUARE, "front"), hole], front)
    assert painted(drawn, proposed_labels(drawn), grid).sum() == 2 * 16


@settings(max_examples=60, deadline=None)
@given(labelled, st.permutations([1, 2, 3]), st.integers(1, 9))
def test_outlines_with_holes_paint_the_same_mask_in_any_order_of_groups(
    mask: NDArray[np.uint8], order: list[int], rows: int
) -> None:
    height, width = mask.shape
    regions = trace((width, height), lambda x, y, w, h: mask[y : y + h, x : x + w])
    regions.sort(key=lambda region: order.index(region.label))
    grid = MaskGrid(width, height)
    drawn = outlined(regions, grid, Outlining({1: "one", 2: "two", 3: None}))
    labels = Labels({"one": 1, "two": 2, None: 3})
    assert (painted(drawn, labels, grid, rows) == mask).all()
    painting = MaskPainting(drawn, labels, grid)
    tiles = [np.concatenate([*painting.tiles(top, 1, rows)], axis=1) for top in range(grid.height)]
    assert (np.concatenate(tiles) == mask).all()


def test_camelyon_exclusion_counts_wherever_it_stands() -> None:
    drawn = AnnotationSet.of(
        [polygon(INNER, "_2"), polygon(SQUARE, "_0")], [Group("_2"), Group("_0")]
    )
    labels = proposed_labels(drawn)
    assert labels.values == {"_2": 0, "_0": 1}
    assert painted(drawn, labels, MaskGrid(8, 8)).sum() == 16


def test_what_is_painted_later_lies_on_top() -> None:
    drawn = AnnotationSet.of([polygon(INNER, "a"), polygon(SQUARE, "b")], [Group("a"), Group("b")])
    values: dict[str | None, int] = {"a": 1, "b": 2}
    assert set(painted(drawn, Labels(values), MaskGrid(8, 8)).ravel()) == {0, 2}
    by_group = painted(drawn, Labels(values, ("b", "a")), MaskGrid(8, 8))
    assert (by_group == 1).sum() == 9 and (by_group == 2).sum() == 16


def test_labels_are_proposed_for_the_outermost_groups_and_the_ungrouped() -> None:
    groups = (
        *(Group("Tumor"), Group("_1"), Group("Stroma"), Group("dense", "Stroma")),
        *(Group("_2"), Group("Stroma (hole)", "Stroma")),
    )
    drawn = AnnotationSet.of([polygon(SQUARE)], groups)
    assert proposed_labels(drawn).values == {
        "Tumor": 1,
        "_1": 1,
        "Stroma": 2,
        "_2": 0,
        "Stroma (hole)": 0,
        None: 3,
    }
    assert None not in proposed_labels(AnnotationSet.of([], groups)).values


def test_labels_beyond_255_take_16_bits() -> None:
    drawn = AnnotationSet.of([polygon(SQUARE)])
    assert painted(drawn, Labels({None: 255}), MaskGrid(8, 8)).dtype == np.uint8
    deep = painted(drawn, Labels({None: 65535}), MaskGrid(8, 8))
    assert deep.dtype == np.uint16 and deep.max() == 65535


def test_painting_leaves_the_annotations_as_they_are() -> None:
    anticlockwise = as_points([*reversed(SQUARE)])
    shape = polygon(anticlockwise, kind=Kind.SPLINE)
    drawn = AnnotationSet.of([shape])
    copy = dataclasses.replace(shape, points=np.array(anticlockwise))
    painted(drawn, Labels({None: 1}), MaskGrid(8, 8, 0.5, 0.5))
    assert drawn[shape.id] is shape and shape == copy


def test_absurd_coordinates_paint_what_is_in_view() -> None:
    points = [(-1e300, 2.0), (1e300, 2.0), (1e300, 5.0), (-1e300, 5.0), (np.nan, np.inf)]
    with np.errstate(all="raise"):
        mask = painted(AnnotationSet.of([polygon(points)]), Labels({None: 1}), MaskGrid(8, 8))
    assert (mask[2:5] == 1).all() and mask.sum() == 24


def test_typed_labels() -> None:
    assert parse_labels(" Tumor=1, a = b=2 ,None=3").values == {"Tumor": 1, "a = b": 2, None: 3}
    for wrong in ("Tumor", "=3", "Tumor=one", "Tumor=-1", "Tumor=1.5", "Tumor=65536"):
        with pytest.raises(AnnotationError) as refused:
            parse_labels(wrong)
        assert wrong.split("=")[0] in str(refused.value)


def test_a_picture_is_no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 2**16, (300, 300), np.uint16)

    def read(x: int, y: int, width: int, height: int) -> NDArray[np.uint16]:
        return noise[y : y + height, x : x + width]

    with monkeypatch.context() as patch:
        patch.setattr(tracing_module, "MOST_RUNS", 10_000)
        with pytest.raises(AnnotationError, match="far more outlines"):
            trace((300, 300), read)
    with monkeypatch.context() as patch:
        patch.setattr(tracing_module, "MOST_LABELS", 1000)
        with pytest.raises(AnnotationError, match="more labels"):
            trace((300, 300), read)
    with pytest.raises(AnnotationError, match="too many"):
        trace((2**24, 5), read)


def test_tracing_can_be_cancelled() -> None:
    def cancel(step: Step) -> None:
        if step.done >= 20:
            raise Cancelled

    read = []

    def block(x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        read.append(y)
        return np.ones((height, width), np.uint8)

    with pytest.raises(Cancelled):
        trace((100, 100), block, block=(50, 10), progress=cancel)
    assert max(read) == 10


@pytest.mark.parametrize(
    ("size", "mask_size", "scale"),
    [
        ((1001, 999), (251, 250), (4, 4)),  # rounded up
        ((1001, 999), (250, 249), (4, 4)),  # cut off
        ((1000, 1000), (300, 250), (1000 / 300, 4)),
        ((100, 100), (200, 200), (0.5, 0.5)),
    ],
)
def test_a_mask_is_fitted_to_its_slide(
    size: tuple[int, int], mask_size: tuple[int, int], scale: tuple[float, float]
) -> None:
    grid = MaskGrid.fitted(size, mask_size)
    assert (grid.width, grid.height) == mask_size
    assert (grid.scale_x, grid.scale_y) == pytest.approx(scale)


def test_a_mask_covers_all_of_its_slide() -> None:
    assert MaskGrid.covering(1001, 999, 4) == MaskGrid(251, 250, 4, 4)
    assert MaskGrid.covering(1000, 10, 1000 / 3) == MaskGrid(3, 1, 1000 / 3, 1000 / 3)
    assert MaskGrid(251, 250, 4, 4).halved == MaskGrid(126, 125, 8, 8)
