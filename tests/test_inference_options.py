"""Strides, centres, turns, several models, time limits: what is read, and what comes of it."""

import json
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import write_tiny_package

from slideviewer.errors import Cancelled, PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference import clock, predict
from slideviewer.inference.areas import Way, read_area
from slideviewer.inference.cells import CellReader, TileView
from slideviewer.inference.ensemble import Ensemble
from slideviewer.inference.grid import Grid
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.options import Options
from slideviewer.inference.order import coarse_to_fine
from slideviewer.inference.plan import make_plan
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.inference.record import MIXED, RECORD_FILE
from slideviewer.inference.store import read_prediction
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.inference.tissue_file import TISSUE_FILE
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import TissueMask


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    """A picture full of tissue, 900 x 700 pixels, reddest at the right."""
    noise = np.random.default_rng(5).integers(-15, 15, (700, 900, 3))
    along = np.linspace(0, 80, 900)[None, :, None]
    pixels = np.clip(np.array([90, 40, 110]) + along * [1, 0, 0] + noise, 0, 255)
    path = tmp_path_factory.mktemp("slide") / "red.png"
    cv2.imwrite(str(path), cv2.cvtColor(pixels.astype(np.uint8), cv2.COLOR_RGB2BGR))
    return open_slide(path)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[ModelPackage]:
    folder = tmp_path_factory.mktemp("models")
    return [
        write_tiny_package(folder / "one"),
        write_tiny_package(folder / "two", seed=2),
        write_tiny_package(folder / "wide", patch=64, spacing_um_px=1.0),
        write_tiny_package(folder / "centre", centre_size_pixels=16),
        write_tiny_package(folder / "other", class_names=("Background", "Tumor", "Lymph")),
    ]


class Red:
    """Answers with the mean red of a part of a tile."""

    def __init__(self, part: tuple[slice, slice] = (slice(None), slice(None))) -> None:
        self.batch_size, self.part = 16, part
        self.asked = 0

    def describe(self) -> dict[str, object]:
        return {"engine": "a test's own"}

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.asked += len(tiles)
        red = tiles[:, *self.part, 0].mean(axis=(1, 2), dtype=np.float32) / 255
        return np.stack([1 - red, red], axis=1)


class Doubtful(Red):
    """Thinks little of everything."""

    def describe(self) -> dict[str, object]:
        return {"engine": "a test's own"}

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.asked += len(tiles)
        return np.tile(np.array([[0.9, 0.1]], np.float32), (len(tiles), 1))


LEFT = (slice(None), slice(0, 16))


def run(slide: Slide, loaders: list[ModelLoader], folder: Path, **more: object) -> Prediction:
    first, *others = loaders
    return predict_slide(
        slide, first.package, store=folder, spacing=1.0, loader=first, others=others, **more
    )


@given(
    cell=st.floats(10, 60),
    patch=st.sampled_from([16, 32]),
    overlap=st.sampled_from([1.0, 2.0, 4.0]) | st.floats(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_a_tile_lies_around_the_middle_of_its_cell(
    slide: Slide, cell: float, patch: int, overlap: float
) -> None:
    grid = Grid(100.0, 120.0, cell, 4, 3)
    view = TileView(patch, cell * overlap)
    reader = CellReader(slide, grid, (view,))
    (block,) = reader.blocks(np.ones((3, 4), np.bool_))
    read = reader.read(block)
    for column, row, tile in zip(read.columns, read.rows, read.tiles[0], strict=True):
        x, y = grid.rect(int(column), int(row)).centre
        area = Rect(x - view.side / 2, y - view.side / 2, view.side, view.side)
        way = Way.settled(slide.pyramid, 0, [area], view.side / patch)
        alone = read_area(slide, way, area, patch, patch)
        inside = slide.pyramid.extent.grown(-3)
        if inside.contains(area.x, area.y) and inside.contains(area.right, area.bottom):
            assert np.abs(tile.astype(int) - alone).max() <= 16
            assert np.abs(tile.astype(int) - alone).mean() <= 2


def test_a_stride_makes_the_map_finer_and_a_centre_its_own_cells(
    slide: Slide, packages: list[ModelPackage]
) -> None:
    plain = make_plan(slide, packages[0], spacing=1.0)
    finer = make_plan(slide, packages[0], spacing=1.0, options=Options(stride_pixels=8))
    centre = make_plan(slide, packages[3], spacing=1.0)
    assert (plain.grid.cell, finer.grid.cell, centre.grid.cell) == (32, 8, 16)
    assert {it.reader.views for it in (plain, finer, centre)} == {(TileView(32, 32.0),)}
    assert finer.provenance["stride_pixels"] == 8
    assert "stride_pixels" not in plain.provenance
    for wrong in (0, 33):
        with pytest.raises(PredictionError, match="1 to 32"):
            make_plan(slide, packages[0], spacing=1.0, options=Options(stride_pixels=wrong))


@given(
    places=st.sets(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=200),
)
def test_coarse_to_fine_leaves_nothing_out(places: set[tuple[int, int]]) -> None:
    assert sorted(coarse_to_fine(sorted(places), lambda at: at)) == sorted(places)


def test_any_first_stretch_is_spread_over_the_whole() -> None:
    places = [(column, row) for row in range(32) for column in range(32)]
    order = coarse_to_fine(places, lambda at: at)
    for power in range(6):
        side = 32 >> power
        first = {(column // side, row // side) for column, row in order[: 4**power]}
        assert len(first) == 4**power


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_shares_of_a_lattice_are_those_of_its_cells(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    seed = data.draw(st.integers(0, 1000))
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    tissue = TissueMask(mask, Rect(0, 0, width * 10.0, height * 7.0), None)
    grid = Grid(
        data.draw(st.floats(-20, 40)), data.draw(st.floats(-20, 40)),
        data.draw(st.floats(1, 30)), 5, 4,
    )  # fmt: skip
    edges_x = grid.x + np.arange(6) * grid.cell
    edges_y = grid.y + np.arange(5) * grid.cell
    found = tissue.fractions(edges_x, edges_y)
    for row in range(4):
        for column in range(5):
            assert found[row, column] == pytest.approx(
                tissue.fraction(grid.rect(column, row)), abs=1e-6
            )


def test_several_models_answer_with_their_mean_and_their_spread(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    one, two = Red(), Red(LEFT)
    found = run(
        slide,
        [ModelLoader(packages[0], one), ModelLoader(packages[1], two)],
        tmp_path / "both",
    )
    alone = [
        run(slide, [ModelLoader(packages[0], each)], tmp_path / str(number))
        for number, each in enumerate((one, two))
    ]
    seen = np.stack([each.target_probabilities for each in alone])
    np.testing.assert_allclose(found.target_probabilities, seen.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.spread, seen.std(axis=0), atol=1e-6)
    assert alone[0].spread is None
    stored = read_prediction(tmp_path / "both")
    np.testing.assert_array_equal(stored.spread, found.spread)
    assert [it["name"] for it in stored.provenance["others"]] == ["two"]


def test_models_of_other_patches_see_the_same_places(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    one, wide = Red(), Red((slice(16, 48), slice(16, 48)))
    found = run(slide, [ModelLoader(packages[0], one), ModelLoader(packages[2], wide)], tmp_path)
    inner = found.spread[1:-2, 1:-2]
    assert np.nanmax(inner) < 0.01, "the middle of the wide tile is the narrow tile"


def test_what_is_not_confirmed_is_taken_back(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    first, second = Red(), Doubtful()
    found = run(
        slide,
        [ModelLoader(packages[0], first), ModelLoader(packages[1], second)],
        tmp_path / "confirmed",
        options=Options(rule="confirm"),
    )
    alone = run(slide, [ModelLoader(packages[0], Red())], tmp_path / "alone")
    positive = alone.positive_cells()
    assert 0 < second.asked == positive.sum() < positive.size
    np.testing.assert_allclose(found.target_probabilities[positive], 0.1)
    np.testing.assert_array_equal(
        found.target_probabilities[~positive], alone.target_probabilities[~positive]
    )


def test_in_all_turns_an_answer_knows_no_direction() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    ensemble = Ensemble([Red(LEFT)], 1, 0.5, "all")
    found = ensemble.answer([tiles])
    turned = ensemble.answer([np.rot90(tiles, 1, axes=(1, 2)).copy()])
    np.testing.assert_allclose(found.probabilities, turned.probabilities, atol=1e-6)
    whole = tiles[..., 0].mean(axis=(1, 2)) / 255
    np.testing.assert_allclose(found.probabilities[:, 1], whole, atol=1e-6)
    halves = np.stack(
        [tiles[:, *part, 0].mean(axis=(1, 2)) / 255 for part in
         ((slice(None), slice(0, 16)), (slice(None), slice(16, 32)),
          (slice(0, 16), slice(None)), (slice(16, 32), slice(None)))]
    )  # fmt: skip
    np.testing.assert_allclose(found.spread, halves.std(axis=0), atol=1e-5)


def test_models_that_do_not_go_together_are_refused(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    with pytest.raises(PredictionError, match="same classes"):
        run(slide, [ModelLoader(packages[0]), ModelLoader(packages[4])], tmp_path)


def test_a_time_limit_ends_with_a_coarse_map_that_says_so(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Red()
    # A clock of its own, by which every tile takes the model half a second.
    own = SimpleNamespace(monotonic=lambda: model.asked / 2)
    monkeypatch.setattr(predict, "time", own)
    monkeypatch.setattr(clock, "time", own)
    found = run(
        slide, [ModelLoader(packages[0], model)], tmp_path, options=Options(time_limit_s=180)
    )
    cells = found.provenance["cells"]
    assert not found.complete
    assert found.provenance["time_limit_s"] == 180
    assert 0 < cells["predicted"] < cells["tissue"]
    assert cells["not_reached"] == cells["tissue"] - cells["predicted"]
    looked_at = ~np.isnan(found.target_probabilities)
    quarters = (slice(0, 11), slice(11, None)), (slice(0, 14), slice(14, None))
    for rows in quarters[0]:
        for columns in quarters[1]:
            assert looked_at[rows, columns].any()
    rest = run(slide, [ModelLoader(packages[0], Red())], tmp_path)
    assert rest.complete
    assert rest.provenance["cells"]["not_reached"] == 0


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_time_limit_that_leaves_no_time_is_refused(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path, limit: float
) -> None:
    with pytest.raises(PredictionError, match="--time-limit"):
        run(
            slide,
            [ModelLoader(packages[0])],
            tmp_path,
            options=Options(time_limit_s=limit),
        )


def _arrays(folder: Path) -> dict[str, bytes]:
    root = folder / ARRAY_FOLDER
    return {str(it.relative_to(root)): it.read_bytes() for it in root.rglob("*") if it.is_file()}


def test_a_run_in_pieces_leaves_the_same_bytes(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    package, options = packages[0], Options(turns="flips")
    loader = ModelLoader(package)
    run(slide, [loader], tmp_path / "whole", options=options)
    for round_ in range(40):

        def stop(step: Step, after: int = 40 * (round_ + 1)) -> None:
            if step.text == "Predicting" and step.done >= after:
                raise Cancelled

        try:
            run(
                slide, [loader], tmp_path / "pieces",
                options=options, progress=stop, first=Rect(37 * round_ % 800, 300, 80, 80),
            )  # fmt: skip
        except Cancelled:
            continue
        break
    assert round_ > 3
    assert _arrays(tmp_path / "pieces") == _arrays(tmp_path / "whole")


def test_the_tissue_is_kept_beside_the_prediction(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    mask = np.zeros((7, 9), np.bool_)
    mask[2:5, 3:6] = True
    tissue = TissueMask(mask, slide.pyramid.extent, None)
    found = run(slide, [ModelLoader(packages[0], Red())], tmp_path, tissue=tissue)
    kept = cv2.imread(str(tmp_path / TISSUE_FILE), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(kept == 255, mask)
    assert 0 < (~np.isnan(found.target_probabilities)).sum() < found.target_probabilities.size / 2


def test_a_model_that_takes_longer_to_load_than_there_is_time_is_not_waited_for(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    class Slow(ModelLoader):
        def load(self) -> Future:
            return Future()  # never done

    found = run(slide, [Slow(packages[0])], tmp_path, options=Options(time_limit_s=0.3))
    assert not found.complete
    cells = found.provenance["cells"]
    assert cells["not_reached"] == cells["tissue"] > 0
    assert found.provenance["computed_by"] == []


def test_who_computes_is_known_from_the_first_batch_on(
    slide: Slide, packages: list[ModelPackage], tmp_path: Path
) -> None:
    class Other(Red):
        def describe(self) -> dict[str, object]:
            return {"engine": "another"}

    said: list[object] = []

    def look(batch: CellBatch) -> None:
        record = json.loads((tmp_path / RECORD_FILE).read_text("utf-8"))
        said.append(record["provenance"]["computed_by"])
        raise Cancelled

    many = {"options": Options(stride_pixels=8)}  # more than can wait to be written
    with pytest.raises(Cancelled):
        run(slide, [ModelLoader(packages[0], Red())], tmp_path, on_batch=look, **many)
    (first,) = said[0]
    assert first == Red().describe(), "a run that is killed has said so"
    again = run(slide, [ModelLoader(packages[0], Other())], tmp_path, **many)
    assert again.provenance["computed_by"] == [first, {"engine": "another"}]
    assert again.provenance[MIXED] is True
    alone = run(slide, [ModelLoader(packages[0], Red())], tmp_path / "alone")
    assert MIXED not in alone.provenance
