"""What masks and nuclei are painted from: numbers, tables, parts, and the cache that keeps them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from mask_fixtures import Brightness, waves, write_picture
from pytestqt.qtbot import QtBot
from tiny_model import write_colour_nuclei, write_tiny_segmentation

from slideviewer.errors import Cancelled
from slideviewer.geometry import Rect
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.messages import Finished, MaskPart, MaskStarted
from slideviewer.inference.nuclei.predict import NucleiPrediction, predict_nuclei
from slideviewer.inference.segmentation.annotations import class_annotations
from slideviewer.inference.segmentation.chunks import CHUNK_PX, Chunk
from slideviewer.inference.segmentation.coarse import coarse_steps, from_coarse
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.levels import halved
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import (
    MaskBlock,
    MaskPrediction,
    positive_pixels,
)
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.progress import Step
from slideviewer.slide import Spacing, open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.ui import prediction_words
from slideviewer.ui.predicted.mask_overlay import MaskOverlay
from slideviewer.ui.predicted.mask_parts import Counts, LiveMask, LiveParts, StoredParts, counted
from slideviewer.ui.predicted.mask_steps import MaskSteps
from slideviewer.ui.predicted.nuclei_parts import COVERAGE, LINE, NucleiParts, read_places
from slideviewer.ui.predicted.parts import PART_PX, Kept, PartCache, PartGrid, PartKey

WIDTH, HEIGHT = 2300, 1500
SPAN = (0.5, 1.0)


def predicted(folder: Path, stop_after: int | None = None) -> list[MaskBlock]:
    """Segment a wavy picture into a store, perhaps not all of it; what was told of it."""
    package = write_tiny_segmentation(folder / "model", patch=64)
    slide = open_slide(write_picture(folder / "waves.png", waves(WIDTH, HEIGHT)))
    told: list[MaskBlock] = []

    def until(_: Step) -> None:
        if stop_after is not None and len(told) >= stop_after:
            raise Cancelled

    predict_mask(
        slide,
        package,
        store=folder / "store",
        spacing=1.0,
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Brightness()),
        on_block=told.append,
        progress=until,
    )
    return told


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[MaskBlock]]:
    folder = tmp_path_factory.mktemp("predicted")
    return folder / "store", predicted(folder)


@pytest.fixture
def mask(blocks: tuple[Path, list[MaskBlock]]) -> MaskPrediction:
    return read_mask_prediction(blocks[0])


@given(
    st.integers(2, 5),
    st.booleans(),
    st.floats(0.01, 1),
    st.integers(0, 99),
    st.sets(st.integers(0, 4)),
)
def test_what_is_painted_is_what_counts_as_a_class(
    classes: int, exclusive: bool, threshold: float, seed: int, hidden: set[int]
) -> None:
    dice = np.random.default_rng(seed)
    values = dice.random((6, 7, classes)).astype(np.float16)
    values[dice.random((6, 7)) < 0.2] = np.nan
    target = seed % classes
    shown = tuple(index for index in range(classes) if index not in hidden)
    how = MaskSteps(classes, target, exclusive, shown)
    steps = how.of(values)
    colours = [f"#{index + 1:02x}0000" for index in range(classes)]
    front = how.front(threshold, SPAN, "red", 1.0)[steps[0]]
    behind = how.behind(colours, threshold, SPAN, 1.0)[steps[1]]
    positive = positive_pixels(values, threshold, target if exclusive else None)
    edge = np.abs(values.astype(np.float32) - threshold).min(axis=-1) < 1 / 2000  # of one step
    is_target = positive[..., target] & (target in shown)
    assert ((front != 0) == is_target)[~edge].all()
    others = [index for index in shown if index != target]
    is_other = positive[..., others].any(axis=-1) & ~positive[..., target]
    painted = (behind != 0) & (front == 0) & ~positive[..., target]
    assert (painted == is_other)[~edge].all()
    assert not (behind[np.isnan(values[..., 0])]).any()


def test_among_others_that_overlap_the_most_probable_is_seen() -> None:
    how = MaskSteps(3, 0, False, (0, 1, 2))
    steps = how.of(np.array([[[0.1, 0.7, 0.9], [0.1, 0.9, 0.7], [0.6, 0.9, 0.7]]], np.float16))
    colours = ["#ff0000", "#0000ff", "#00ff00"]
    blue, green = (0x0000FF, 0x00FF00)
    found = how.behind(colours, 0.5, (0.0, 0.1), 1.0)[steps[1]][0] & 0xFFFFFF
    assert found.tolist()[:2] == [green, blue]
    front = how.front(0.5, SPAN, "red", 1.0)[steps[0]][0]
    assert [bool(it) for it in front] == [False, False, True]


@given(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(-3, 7), st.floats(0.2, 5))
def test_parts_cover_a_frame_once(width: int, height: int, level: int, scale: float) -> None:
    grid = PartGrid(MaskFrame(10, 20, scale, width, height), finest=-3)
    level = min(max(level, grid.coarsest - 4), grid.coarsest)  # else there are too many of them
    keys = list(grid.keys_in(grid.frame.extent, level))
    assert len(set(keys)) == len(keys)
    covered = sum(grid.box(key)[2] * grid.box(key)[3] for key in keys)
    assert covered == np.prod(grid.size(level))
    assert len(list(grid.keys_in(grid.frame.extent, grid.coarsest))) == 1
    for key in keys[:20]:
        around = grid.rect(key.coarser) if level < grid.coarsest else grid.frame.extent
        rect = grid.rect(key)
        assert around.x <= rect.x + 1e-6 and rect.right <= around.right + grid.pixel(level + 1)


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    part = np.zeros((2, PART_PX, PART_PX), np.uint16)
    cache = PartCache(3 * part.nbytes + 300_000)
    keys = [PartKey(0, column, 0) for column in range(5)]
    for key in keys[:3]:
        cache.add(key, Kept(part, 0))
    assert cache.get(keys[0]) is not None
    for key in keys[3:]:
        cache.add(key, Kept(part, 0))
    assert [cache.get(key) is not None for key in keys] == [True, False, False, True, True]
    assert cache.size_bytes <= cache.limit_bytes
    cache.clear()
    assert cache.size_bytes == 0 and not cache.keys


def test_a_small_chunk_has_the_means_of_the_stored_levels(
    blocks: tuple[Path, list[MaskBlock]], mask: MaskPrediction
) -> None:
    for block in blocks[1]:
        whole = np.full((CHUNK_PX, CHUNK_PX, 2), np.nan, np.float16)
        height, width, _ = block.probabilities.shape
        whole[:height, :width] = block.probabilities
        expected = halved(halved(halved(whole)))
        found = from_coarse(coarse_steps(block.probabilities))
        assert np.array_equal(np.isnan(found), np.isnan(expected))
        assert np.nanmax(np.abs(found - expected)) <= 0.5 / 254 + 1e-3


def test_a_mask_that_grows_looks_like_the_one_that_is_stored(
    blocks: tuple[Path, list[MaskBlock]], mask: MaskPrediction
) -> None:
    store, told = blocks
    live = LiveMask(MaskStarted(1, mask.frame, mask.class_names, 1, 0.5, False), store)
    for block in told:
        place = block.x // CHUNK_PX, block.y // CHUNK_PX
        live.add(MaskPart(1, *place, coarse_steps(block.probabilities)))
    how = MaskSteps(2, 1, False, (0, 1))
    growing, stored = LiveParts(live, how), StoredParts(mask, how)
    assert growing.make(PartKey(0, 0, 0)) is None, "its store is not open yet"
    live.stored = mask
    for level in range(mask.level_count):
        for key in stored.grid.keys_in(mask.frame.extent, level):
            found, expected = growing.make(key), stored.make(key)
            assert found is not None and expected is not None
            assert found.shape == expected.shape
            # In steps of a probability; from memory it has 254 of them.
            difference = np.abs(found[0].astype(int) - expected[0].astype(int))
            assert difference.max() <= (0 if level == 0 else 24)
    counts = Counts.none(2, 3)
    for steps in live.coarse.values():
        counts.add(steps)
    exact = counted(mask)
    for threshold in (0.2, 0.5):
        positive, total = counts.share(1, threshold)
        assert positive / total == pytest.approx(
            exact.share(1, threshold)[0] / exact.share(1, threshold)[1], abs=0.02
        )


def test_what_coarser_levels_lack_after_a_kill_is_made_of_finer_ones(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        predicted(tmp_path, stop_after=6)
    store = tmp_path / "store"
    whole = read_mask_prediction(store)
    frame = whole.frame_at(2)
    key = Chunk.of(frame, 0, 0)
    expected = whole.read_chunk(2, key)
    assert not np.isnan(expected).all()
    # As a killed run leaves it: no coarser levels, and the record says so.
    assert '"levels_current": false' in (store / "prediction.json").read_text()
    for level in ("1", "2", "3"):
        for path in (store / ARRAY_FOLDER / level / "c").rglob("*"):
            if path.is_file():
                os.unlink(path)
    killed = read_mask_prediction(store)
    assert np.array_equal(killed.read(2, *key.box), expected, equal_nan=True)
    assert np.array_equal(killed.read_chunk(2, key), expected, equal_nan=True)


def test_regions_in_view_are_those_of_the_whole(mask: MaskPrediction) -> None:
    options = {"threshold": 0.55, "least_area_um2": 50.0, "tolerance_um": 0.0}
    whole = list(class_annotations(mask, 1, **options))  # type: ignore[arg-type]
    assert len(whole) > 10

    def shape(points: np.ndarray) -> tuple[object, ...]:
        first = min(range(len(points)), key=lambda at: tuple(points[at]))
        return tuple(map(tuple, np.roll(points, -first, axis=0).tolist()))

    def meets(points: np.ndarray, view: Rect) -> bool:
        seen = shapely.box(view.x, view.y, view.right, view.bottom)
        return bool(shapely.Polygon(points).buffer(0).intersection(seen).area > 0.5)

    # Across an edge of a region, which then has to be followed far beyond it, and of several.
    x, y = np.floor(whole[0].points[0]).tolist()
    for view in (Rect(x - 2, y - 2, 4, 4), Rect(x - 300, y - 200, 600, 400)):
        part = list(class_annotations(mask, 1, within=view, group="Here", **options))  # type: ignore[arg-type]
        expected = {shape(it.points) for it in whole if meets(it.points, view)}
        assert 0 < len(expected) < len(whole)
        assert {shape(it.points) for it in part} == expected
        assert {it.group for it in part} == {"Here"}
    assert len(class_annotations(mask, 1, within=Rect(-500, -500, 20, 20))) == 0


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory: pytest.TempPathFactory) -> NucleiPrediction:
    from test_nuclei import drawn_nuclei

    folder = tmp_path_factory.mktemp("nuclei")
    package = write_colour_nuclei(folder / "model", spacing_um_px=1.0)
    slide = open_slide(write_picture(folder / "nuclei.png", drawn_nuclei(2200, 1300, 900, 5)))
    return predict_nuclei(
        slide,
        package,
        store=folder / "store",
        spacing=1.0,
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Brightness()),
    )


def test_nuclei_are_drawn_where_they_are(nuclei: NucleiPrediction) -> None:
    parts = NucleiParts(nuclei.mask.frame, nuclei.store)
    assert parts.make(PartKey(0, 0, 0)) is None, "nothing is known yet"
    parts.put(read_places(nuclei.store))
    every = list(nuclei.parts())
    assert parts.count == sum(len(it) for it in every) > 500
    near, far = np.zeros((1300, 2200)), parts.far_level
    for key in parts.grid.keys_in(nuclei.mask.frame.extent, 0):
        steps = parts.make(key)
        assert steps is not None and steps.max() < COVERAGE
        x, y, width, height = parts.grid.box(key)
        near[y : y + height, x : x + width] = steps[0] >= LINE
    area = sum(float(part.pixels.sum()) for part in every)
    assert near.sum() == pytest.approx(area, rel=0.1)
    for part in every:
        columns, rows = part.centres.astype(int).T
        assert near[rows, columns].mean() > 0.95, "also of those on the seams of parts"
    assert far > 0
    covered = 0.0
    for key in parts.grid.keys_in(nuclei.mask.frame.extent, far + 1):
        steps = parts.make(key)
        assert steps is not None
        assert ((steps == 0) | (steps >= COVERAGE)).all()
        covered += float(np.maximum(steps.astype(int) - COVERAGE, 0).sum()) / 255
    assert covered * 4 ** (far + 1) == pytest.approx(area, rel=0.15)


def test_a_point_is_in_the_nucleus_around_it(nuclei: NucleiPrediction) -> None:
    parts = NucleiParts(nuclei.mask.frame, nuclei.store)
    part = next(iter(nuclei.parts()))
    index = int(np.argmax(part.roundness * (part.pixels > 100)))
    x, y = part.centres[index].tolist()
    found = parts.nucleus_at(x, y)
    assert found is not None
    assert found.area_px2 == part.pixels[index]
    said = found.lines(Spacing(0.5, 0.5))
    assert said[0] == f"Nucleus of {part.pixels[index] / 4:.1f} µm²"
    assert said[1] == f"Roundness {part.roundness[index]:.2f}"
    assert len(said) == 4 and said[2].startswith("Haematoxylin") and said[3].startswith("Eosin")
    assert parts.nucleus_at(-50, -50) is None


def test_a_store_that_is_gone_is_told_and_not_measured_for_ever(
    qtbot: QtBot, tmp_path: Path, mask: MaskPrediction
) -> None:
    overlay = MaskOverlay()
    started = MaskStarted(1, mask.frame, mask.class_names, 1, 0.5, False)
    overlay.show_prediction(LiveMask(started, tmp_path / "gone"))
    qtbot.waitUntil(lambda: "prediction.json is missing" in overlay.summary)
    overlay.show_prediction(mask)
    assert overlay.summary == "Measuring areas …"
    qtbot.waitUntil(lambda: "of what was looked at" in overlay.summary)
    for name in mask.class_names:
        overlay.show_class(name, False)
    assert overlay.summary == "No class is painted."
    overlay.clear()
    assert overlay.summary.startswith("No prediction yet.")


def test_what_was_not_reached_is_told(mask: MaskPrediction) -> None:
    reply = Finished(1, Path("store"), 1000, 250, (), 61.0)
    said = prediction_words.mask_finished(reply, mask)
    assert said.startswith("Inflammation covers 25 %, 0.00025 mm², of what was looked at (1:01).")
    assert "not looked at" not in said
    ended = replace(mask, provenance={**mask.provenance, "chunks": {"not_reached": 3}})
    assert "3 parts with tissue were not looked at." in prediction_words.mask_finished(reply, ended)
    assert "3 parts with tissue" in prediction_words.nuclei_finished(reply, ended)
    nothing = replace(reply, predicted=0, positive=0)
    assert prediction_words.mask_finished(nothing).startswith("Nothing was looked at.")
