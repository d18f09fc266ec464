"""Masks and nuclei by several models, in turns, within a time limit, of given tissue."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mask_fixtures import Brightness, all_of, everywhere, files_of, segmented, waves, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer.errors import Cancelled, PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference import clock
from slideviewer.inference.cells import Tiles
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.options import Options
from slideviewer.inference.record import MIXED
from slideviewer.inference.segmentation.prediction import MaskBlock
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue_colours import TissueParameters

WIDTH, HEIGHT = 1060, 540


class Dark(Brightness):
    """Another opinion: half as much of the second class, and the first by the tile's top row."""

    def predict(self, tiles: Tiles) -> np.ndarray:
        answers = super().predict(tiles)
        answers[..., 1] /= 2
        return answers


class Sloping(Brightness):
    """Is surer the further right in a tile: nothing that a tile that is turned back would keep."""

    def predict(self, tiles: Tiles) -> np.ndarray:
        answers = super().predict(tiles)
        across = np.linspace(-0.1, 0.1, tiles.shape[2], dtype=np.float32)
        return answers + across[None, None, :, None]


class Other(Brightness):
    """The same by another engine."""

    def describe(self) -> dict[str, object]:
        return {"engine": "another"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "tiny", patch=64)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "second", patch=64, seed=2)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("slide") / "waves.png"
    return open_slide(write_picture(path, waves(WIDTH, HEIGHT)))


EXPECTED = waves(WIDTH, HEIGHT)[..., :2] / 255


def test_several_models_answer_with_their_mean_and_their_spread(
    slide: Slide, package: ModelPackage, second: ModelPackage, tmp_path: Path
) -> None:
    told: list[MaskBlock] = []
    found = segmented(
        slide, package, tmp_path, others=[ModelLoader(second, Dark())], on_block=told.append
    )
    assert np.abs(all_of(found)[..., 0] - EXPECTED[..., 0]).max() < 1e-3
    assert np.abs(all_of(found)[..., 1] - EXPECTED[..., 1] * 0.75).max() < 1e-3
    assert found.provenance["others"][0]["name"] == "second"  # type: ignore[index]
    stored = read_mask_prediction(tmp_path)
    spread = stored.read_spread(0, 0, 0, WIDTH, HEIGHT)
    assert spread is not None
    assert np.abs(spread - EXPECTED[..., 1] / 4).max() < 1e-3, "of the target, at each pixel"
    for block in told:
        height, width = block.probabilities.shape[:2]
        part = stored.read_spread(0, block.x, block.y, width, height)
        assert block.probabilities.shape[2] == 2
        assert np.array_equal(block.spread, part)
    coarse = stored.read_spread(1, 0, 0, WIDTH // 2, HEIGHT // 2)
    assert coarse is not None
    fours = spread.astype(np.float32).reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
    assert np.abs(coarse - fours).max() < 1e-3
    alone = segmented(slide, package, tmp_path / "alone")
    assert alone.read_spread(0, 0, 0, 5, 5) is None


@pytest.mark.parametrize("turns", ["flips", "all"])
def test_turns_are_turned_back_and_take_out_what_depends_on_them(
    slide: Slide, package: ModelPackage, tmp_path: Path, turns: str
) -> None:
    options = Options(turns=turns)  # type: ignore[arg-type]
    same = segmented(slide, package, tmp_path / "same", Brightness(), options=options)
    assert np.abs(all_of(same) - EXPECTED).max() < 1e-3, "each pixel at its place again"
    none = same.read_spread(0, 0, 0, WIDTH, HEIGHT)
    assert none is not None and none.max() < 1e-3
    found = segmented(slide, package, tmp_path / "sloping", Sloping(), options=options)
    differs = found.read_spread(0, 0, 0, WIDTH, HEIGHT)
    assert differs is not None and differs.mean() > 0.005
    if turns == "all":
        assert np.abs(all_of(found) - EXPECTED).max() < 1e-3


def test_a_run_in_turns_that_was_cut_off_goes_on_to_the_same_bytes(
    slide: Slide, package: ModelPackage, second: ModelPackage, tmp_path: Path
) -> None:
    given = {
        "loader": ModelLoader(package, engine="keras"),
        "others": [ModelLoader(second, engine="keras")],
        "options": Options(turns="flips"),
        "region": Rect(0, 0, 540, 100),
    }
    segmented(slide, package, tmp_path / "whole", **given)

    def until(step: Step) -> None:
        if step.unit == "tiles" and step.done > 40:
            raise Cancelled

    with pytest.raises(Cancelled):
        segmented(slide, package, tmp_path / "cut", progress=until, **given)
    for changes, words in (
        ({"options": Options(turns="all")}, "other turns"),
        ({"others": []}, "other models"),
    ):
        with pytest.raises(PredictionError, match=words):
            segmented(slide, package, tmp_path / "cut", **{**given, **changes})
    # A limit of time is no other way to look.
    hurried = {**given, "options": Options(turns="flips", time_limit_s=1000)}
    assert segmented(slide, package, tmp_path / "cut", **hurried).complete
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


def test_models_that_do_not_go_together_are_refused(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    for changes, words in (
        ({"patch": 32}, "same tiles"),
        ({"spacing_um_px": 0.5}, "same tiles"),
        ({"exclusive": True}, "overlap in one"),
        ({"class_names": ("Parenchyma", "Necrosis"), "target_class": "Necrosis"}, "same classes"),
    ):
        folder = tmp_path / next(iter(changes)).split("_")[0]
        other = write_tiny_segmentation(folder, **{"patch": 64, **changes})
        with pytest.raises(PredictionError, match=words):
            segmented(slide, package, tmp_path, others=[ModelLoader(other, Dark())])
    for options in (Options(stride_pixels=8), Options(rule="confirm")):
        with pytest.raises(PredictionError, match="is for models of tiles"):
            segmented(slide, package, tmp_path, options=options)


def test_a_time_limit_ends_with_parts_from_all_over_that_say_so(
    slide: Slide, package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Brightness()
    # A clock of its own, by which every batch takes the model a second.
    own = SimpleNamespace(monotonic=lambda: float(len(model.asked)))
    monkeypatch.setattr(clock, "time", own)
    limit = Options(time_limit_s=14)
    told: list[MaskBlock] = []
    store = tmp_path / "store"
    found = segmented(slide, package, store, model, options=limit, on_block=told.append)
    assert not found.complete
    chunks = found.provenance["chunks"]
    assert isinstance(chunks, dict)
    assert 0 < chunks["predicted"] < 6
    assert chunks["not_reached"] == 6 - chunks["predicted"]
    assert len(told) == chunks["predicted"]
    assert [(it.x // 512, it.y // 512) for it in told][:2] == [(0, 0), (2, 0)], "far apart"
    assert segmented(slide, package, store).complete
    segmented(slide, package, tmp_path / "whole")
    assert files_of(store) == files_of(tmp_path / "whole")


def test_a_model_that_takes_longer_to_load_than_there_is_time_is_not_waited_for(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    from concurrent.futures import Future

    class Slow(ModelLoader):
        def load(self) -> Future:
            return Future()  # never done

    options = Options(time_limit_s=0.3)
    found = segmented(slide, package, tmp_path, loader=Slow(package), options=options)
    assert not found.complete
    assert found.provenance["chunks"]["not_reached"] == 6  # type: ignore[index]
    assert np.isnan(all_of(found)).all()


def test_tissue_is_found_as_told(slide: Slide, package: ModelPackage, tmp_path: Path) -> None:
    options = Options(tissue=TissueParameters(lowest_saturation=3))
    found = segmented(slide, package, tmp_path, options=options, tissue=None)
    assert found.provenance["tissue"]["lowest_saturation"] == 3  # type: ignore[index]
    with pytest.raises(PredictionError, match="another way to tell tissue"):
        segmented(slide, package, tmp_path, tissue=None)


def test_who_computes_is_known_from_the_first_chunk_on(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    said: list[object] = []

    def look(block: MaskBlock) -> None:
        record = json.loads((tmp_path / "prediction.json").read_text("utf-8"))
        said.append(record["provenance"]["computed_by"])
        raise Cancelled

    with pytest.raises(Cancelled):
        segmented(slide, package, tmp_path, on_block=look)
    assert said == [[{"engine": "a test's own"}]], "a run that is killed has said so"
    same = segmented(slide, package, tmp_path / "same")
    assert MIXED not in same.provenance
    found = segmented(slide, package, tmp_path, Other())
    assert found.provenance["computed_by"] == [{"engine": "a test's own"}, {"engine": "another"}]
    assert found.provenance[MIXED] is True
    assert segmented(slide, package, tmp_path, Other()).provenance[MIXED] is True


def test_a_pause_takes_none_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: now[0]))
    limited = clock.Clock(10)

    def paused(_: Step) -> None:
        now[0] += 60

    limited.apart_from(paused)(Step(0, 0))
    now[0] += 9
    assert not limited.is_up
    now[0] += 1
    assert limited.is_up


def test_what_lies_inside_annotations_goes_on_from_a_fluorescence_slide(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    found = replace(everywhere(slide), dark_field=True)
    segmented(slide, package, tmp_path, tissue=found)
    model = Brightness()
    segmented(slide, package, tmp_path, model, tissue=everywhere(slide))  # nobody says it is dark
    assert not model.asked


def test_nuclei_of_a_mask_made_otherwise_are_found_anew(slide: Slide, tmp_path: Path) -> None:
    package = write_tiny_segmentation(
        tmp_path / "nuclei",
        patch=64,
        task="nuclei",
        class_names=("Inside", "Border"),
        target_class="Inside",
    )

    def found_in(store: Path, **options: object) -> set[str]:
        given = {"spacing": 1.0, "tissue": everywhere(slide), **options}
        loader = ModelLoader(package, Brightness())
        predict_nuclei(slide, package, store=store, loader=loader, **given)  # type: ignore[arg-type]
        return {path.name for path in (store / "nuclei").iterdir()}

    whole = found_in(tmp_path / "store")
    assert len(whole) == 3
    turned = found_in(tmp_path / "turned", options=Options(turns="all"))
    assert turned == whole
    few = np.zeros((9, 13), np.bool_)
    few[0, 0] = True
    part = TissueParameters(lowest_saturation=3)
    tissue = type(everywhere(slide))(few, slide.pyramid.extent, None, parameters=part)
    left = found_in(tmp_path / "store", tissue=tissue, replace=True)
    assert left == {"rules.json", "0_0.npz"}, "of what is not looked at now nothing stays"
