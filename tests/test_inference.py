"""Running a model over a slide: the plan, order, edges, resuming, cancelling, failing."""

import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tiny_model import write_tiny_package

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.errors import Cancelled, ModelError, PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference import predict
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.plan import Plan, make_plan
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.read_ahead import read_ahead
from slideviewer.inference.store import read_prediction
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, Spacing, UnknownSpacing, open_slide


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def loader(package: ModelPackage) -> ModelLoader:
    return ModelLoader(package)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    """A plain picture: pink tissue in white glass, 1000 x 700 pixels, of unknown spacing."""
    picture = np.full((700, 1000, 3), 255, np.uint8)
    noise = np.random.default_rng(3).integers(-20, 20, (700, 1000, 3))
    tissue = np.clip(np.array([190, 90, 160]) + noise, 0, 255)
    picture[200:, 300:] = tissue[200:, 300:]
    path = tmp_path_factory.mktemp("slide") / "pink.png"
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return open_slide(path)


class Reddish:
    """Answers with the mean red of a tile, and remembers how many it was asked for at once."""

    def __init__(self) -> None:
        self.batch_size = 8
        self.asked: list[int] = []

    def describe(self) -> dict[str, object]:
        return {"engine": "a test's own"}

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.asked.append(len(tiles))
        red = tiles[..., 0].mean(axis=(1, 2), dtype=np.float32) / 255
        return np.stack([1 - red, red], axis=1)


def test_a_real_model_over_a_real_slide(
    real_data: Path, package: ModelPackage, loader: ModelLoader, tmp_path: Path
) -> None:
    slide = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    steps: list[Step] = []
    batches: list[CellBatch] = []
    plans: list[Plan] = []
    prediction = predict_slide(
        slide,
        package,
        store=tmp_path,
        progress=steps.append,
        on_start=plans.append,
        on_batch=batches.append,
        loader=loader,
    )
    assert isinstance(slide.spacing, Spacing)
    assert prediction.grid.cell == pytest.approx(32 * 1.0 / slide.spacing.um_px)
    assert prediction.grid.extent.right >= slide.pyramid.width
    assert prediction.grid.extent.bottom >= slide.pyramid.height
    looked_at = ~np.isnan(prediction.target_probabilities)
    assert np.array_equal(looked_at, plans[0].tissue)
    assert 0 < looked_at.sum() < looked_at.size
    assert np.allclose(prediction.probabilities[looked_at].sum(axis=1), 1, atol=1e-5)
    assert sum(len(batch.rows) for batch in batches) == looked_at.sum()
    assert (steps[-1].done, steps[-1].total) == (looked_at.sum(), looked_at.sum())
    assert prediction.complete
    facts = prediction.provenance
    assert facts["version"] == __version__
    assert facts["research_use"] == RESEARCH_USE_ONLY
    assert facts["model"]["hash"] == package.hash
    assert facts["cells"]["predicted"] == looked_at.sum()
    stored = read_prediction(tmp_path)
    assert np.array_equal(stored.probabilities, prediction.probabilities, equal_nan=True)
    assert stored.provenance == prediction.provenance

    # Each cell is what the model says of that cell alone, read by hand at full resolution.
    row, column = (int(part[0]) for part in np.nonzero(looked_at))
    area = prediction.grid.rect(column, row)
    x, y = round(area.x), round(area.y)
    pixels = slide.read_region(0, x, y, round(area.right) - x, round(area.bottom) - y)
    tile = cv2.resize(pixels, (32, 32), interpolation=cv2.INTER_AREA)
    alone = loader.load().result().predict(tile[None])[0]
    assert np.abs(alone - prediction.probabilities[row, column]).max() < 0.05


def test_the_spacing_must_be_known_or_given(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    assert isinstance(slide.spacing, UnknownSpacing)
    with pytest.raises(PredictionError, match="--spacing") as caught:
        predict_slide(slide, package, store=tmp_path)
    assert str(slide.path) in str(caught.value)
    assert slide.spacing.reason in str(caught.value)
    assert make_plan(slide, package, spacing=0.5).grid.cell == 64
    for wrong in (0.0, -1.0, 1e9, float("nan")):
        with pytest.raises(PredictionError, match="µm per pixel"):
            make_plan(slide, package, spacing=wrong)


def test_a_given_spacing_comes_before_the_slides_own(
    real_data: Path, package: ModelPackage
) -> None:
    slide = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    plan = make_plan(slide, package, spacing=0.25)
    assert plan.grid.cell == 128
    assert plan.provenance["spacing_source"] == "user"


def test_a_region_is_cut_at_the_slide_and_refused_beside_it(
    slide: Slide, package: ModelPackage
) -> None:
    plan = make_plan(slide, package, spacing=1.0, region=Rect(900.5, -50, 500, 120))
    assert (plan.grid.x, plan.grid.y) == (900.5, 0)
    assert (plan.grid.columns, plan.grid.rows) == (4, 3)
    with pytest.raises(PredictionError, match="1000 x 700"):
        make_plan(slide, package, spacing=1.0, region=Rect(1000, 0, 10, 10))


def test_too_many_cells_are_refused(slide: Slide, package: ModelPackage) -> None:
    with pytest.raises(PredictionError, match="too many"):
        make_plan(slide, package, spacing=100.0)


def test_glass_is_left_out_and_the_tissues_edge_is_not(slide: Slide, package: ModelPackage) -> None:
    plan = make_plan(slide, package, spacing=1.0)
    assert plan.tissue[7:, 10:].all()
    assert not plan.tissue[:5, :].any()
    assert not plan.tissue[:, :8].any()


def test_cells_in_view_come_first_and_batches_grow(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    model = Reddish()
    cells: list[tuple[int, int]] = []
    view = Rect(600, 400, 100, 90)

    def seen(batch: CellBatch) -> None:
        cells.extend(zip(batch.columns.tolist(), batch.rows.tolist(), strict=True))

    prediction = predict_slide(
        slide,
        package,
        store=tmp_path,
        spacing=1.0,
        first=view,
        on_batch=seen,
        loader=ModelLoader(package, model),
    )
    in_view = [view.intersects(prediction.grid.rect(*cell)) for cell in cells]
    assert in_view == sorted(in_view, reverse=True)
    assert sum(in_view) == 16
    assert max(model.asked) > model.asked[0]
    inside = prediction.target_probabilities[8:21, 11:31]
    assert np.abs(inside - 190 / 255).max() < 0.02


def test_a_slow_model_is_asked_for_less_at_once(
    slide: Slide, package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Reddish()
    model.batch_size = 128
    # A clock of its own, by which every tile takes the model eight milliseconds.
    clock = SimpleNamespace(monotonic=lambda: 0.008 * sum(model.asked))
    monkeypatch.setattr(predict, "time", clock)
    predict_slide(slide, package, store=tmp_path, spacing=1.0, loader=ModelLoader(package, model))
    assert model.batch_size < 128


def test_cancelling_keeps_what_was_done_and_the_next_run_goes_on(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    def until_half(step: Step) -> None:
        if step.unit == "tiles" and step.done * 2 > step.total:
            raise Cancelled

    with pytest.raises(Cancelled):
        predict_slide(
            slide,
            package,
            store=tmp_path,
            spacing=1.0,
            progress=until_half,
            loader=ModelLoader(package, Reddish()),
        )
    half = read_prediction(tmp_path)
    done = int((~np.isnan(half.target_probabilities)).sum())
    assert not half.complete
    assert done > 0

    model, told = Reddish(), []
    whole = predict_slide(
        slide,
        package,
        store=tmp_path,
        spacing=1.0,
        on_batch=lambda batch: told.append(len(batch.rows)),
        loader=ModelLoader(package, model),
    )
    total = int((~np.isnan(whole.target_probabilities)).sum())
    assert whole.complete
    assert told[0] == done, "what was there is told first"
    assert sum(told) == total
    assert sum(model.asked) == total - done

    class NotAsked:
        batch_size = 1

        def describe(self) -> dict[str, object]:
            return {"engine": "a test's own"}

        def predict(self, tiles: np.ndarray) -> np.ndarray:
            raise AssertionError("all is done")

    predict_slide(
        slide, package, store=tmp_path, spacing=1.0, loader=ModelLoader(package, NotAsked())
    )


def test_cancelling_while_the_model_loads(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    class NeverReady(ModelLoader):
        def load(self):  # type: ignore[no-untyped-def]
            from concurrent.futures import Future

            return Future()

    def cancel(step: Step) -> None:
        if step.text == "Loading the model":
            raise Cancelled

    with pytest.raises(Cancelled):
        predict_slide(
            slide,
            package,
            store=tmp_path,
            spacing=1.0,
            progress=cancel,
            loader=NeverReady(package),
        )
    assert not read_prediction(tmp_path).complete


def test_a_damaged_slide_is_predicted_around_the_damage(
    real_data: Path, package: ModelPackage, tmp_path: Path
) -> None:
    from test_inference_cells import damaged_slide

    slide = open_slide(damaged_slide(real_data, tmp_path))
    prediction = predict_slide(
        slide,
        package,
        store=tmp_path / "store",
        region=Rect(0, 960, 480, 480),
        loader=ModelLoader(package, Reddish()),
    )
    assert prediction.skipped
    assert not prediction.complete
    for column, row, reason in prediction.skipped:
        assert prediction.grid.rect(column, row).intersects(Rect(0, 1200, 240, 240))
        assert np.isnan(prediction.target_probabilities[row, column])
        assert reason
    assert read_prediction(tmp_path / "store").skipped == prediction.skipped
    with pytest.raises(PredictionError, match="None of its"):
        predict_slide(
            slide,
            package,
            store=tmp_path / "none",
            region=Rect(70, 1270, 90, 90),
            loader=ModelLoader(package, Reddish()),
        )


def test_a_model_that_gives_no_numbers_is_told(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    class Broken(Reddish):
        def describe(self) -> dict[str, object]:
            return {"engine": "a test's own"}

        def predict(self, tiles: np.ndarray) -> np.ndarray:
            return np.full((len(tiles), 2), np.nan, np.float32)

    with pytest.raises(PredictionError, match="no numbers"):
        predict_slide(
            slide, package, store=tmp_path, spacing=1.0, loader=ModelLoader(package, Broken())
        )


def test_a_model_that_cannot_be_loaded_is_told(slide: Slide, tmp_path: Path) -> None:
    package = write_tiny_package(tmp_path / "spoilt")
    (tmp_path / "spoilt" / "weights.npz").write_bytes(b"spoilt")
    with pytest.raises(ModelError, match="weights"):
        predict_slide(slide, package, store=tmp_path / "store", spacing=1.0)


def test_an_empty_slide_has_nothing_to_predict(package: ModelPackage, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "white.png"), np.full((300, 300, 3), 255, np.uint8))
    prediction = predict_slide(
        open_slide(tmp_path / "white.png"), package, store=tmp_path / "store", spacing=1.0
    )
    assert prediction.complete
    assert np.isnan(prediction.probabilities).all()


def test_reading_ahead_keeps_the_order_and_the_bound() -> None:
    running: list[int] = []
    odd_ones = [threading.Event() for _ in range(25)]

    def read(number: int) -> int:
        running.append(number)
        if number % 2:
            odd_ones[number // 2].set()
        else:  # an even one is always overtaken by the odd one behind it
            assert odd_ones[number // 2].wait(60)
        return number

    results = read_ahead(range(50), read, threads=4, ahead=6, waiting=lambda: None)
    for number, result in enumerate(results):
        assert result == number
        assert len(running) <= number + 7

    def fails(number: int) -> int:
        if number == 3:
            raise PredictionError("three")
        return number

    found = []
    with pytest.raises(PredictionError, match="three"):
        for result in read_ahead(range(9), fails, threads=2, ahead=4, waiting=lambda: None):
            found.append(result)
    assert found == [0, 1, 2]
