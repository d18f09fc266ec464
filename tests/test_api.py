"""Predicting from Python, as the guide shows it."""

import gc
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_model import write_tiny_package, write_tiny_segmentation

import slideviewer
from slideviewer import RESEARCH_USE_ONLY, Predict
from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, write_annotations
from slideviewer.annotations.asap import read_asap
from slideviewer.errors import ModelError, PredictionError
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.store import read_prediction
from slideviewer.paths import resources_folder

pytestmark = pytest.mark.usefixtures("kept_engines")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module")
def predict(model: Path) -> Predict:
    return Predict(model)


AREA = (1000, 1500, 1600, 2000)


def test_an_area_of_a_slide(predict: Predict, made_slide: Path, tmp_path: Path) -> None:
    found = predict.predict_slide(made_slide, area=AREA, store=tmp_path / "store")
    stored = read_prediction(tmp_path / "store")
    assert np.array_equal(found.probabilities, stored.probabilities, equal_nan=True)
    tiles = found.tiles
    assert tiles and set(tiles[0]) == {"x", "y", "width", "height", "score"}
    assert all(AREA[0] <= it["x"] < AREA[2] and AREA[1] <= it["y"] < AREA[3] for it in tiles)
    assert len(tiles) == (~np.isnan(found.probabilities[..., 0])).sum()
    assert found.heatmap.shape == (*found.probabilities.shape[:2], 4)


def test_xml_alone_and_on_top_of_the_specialists(
    predict: Predict, made_slide: Path, tmp_path: Path
) -> None:
    found = predict.predict_slide(made_slide, area=AREA)
    found.write_xml(tmp_path / "alone.xml", threshold=0.0)
    assert len(list(read_asap(tmp_path / "alone.xml").annotations)) == len(found.tiles)
    drawn = Annotation("mine", Kind.POLYGON, as_points([(0, 0), (9, 0), (9, 9)]))
    write_annotations(AnnotationSet.of([drawn]), tmp_path / "mine.xml")
    before = (tmp_path / "mine.xml").read_bytes()
    found.write_xml(tmp_path / "both.xml", threshold=0.0, on_top_of=tmp_path / "mine.xml")
    both = list(read_asap(tmp_path / "both.xml").annotations)
    assert (both[0].name, len(both)) == ("mine", 1 + len(found.tiles))
    assert (tmp_path / "mine.xml").read_bytes() == before
    assert RESEARCH_USE_ONLY in (tmp_path / "both.xml").read_text()


def test_everything_the_command_writes(predict: Predict, made_slide: Path, tmp_path: Path) -> None:
    found = predict.predict_slide(made_slide, area=AREA)
    paths = found.write(tmp_path, ["csv", "png"])
    assert [path.name for path in paths] == ["tiles.csv", "heatmap.png", "run.json"]
    assert all(region.group == "Prediction" for region in found.regions(0.0))


def test_a_picture_from_a_file_and_from_memory(predict: Predict, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "tile.png"), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    answer = predict.predict_image(pixels)
    assert list(answer) == ["Background", "Tumor"]
    assert sum(answer.values()) == pytest.approx(1, abs=1e-5)
    assert predict.predict_image(tmp_path / "tile.png") == pytest.approx(answer)
    with pytest.raises(PredictionError, match="uint8"):
        predict.predict_image(pixels.astype(np.float32))


def test_several_models_answer_together(model: Path, made_slide: Path, tmp_path: Path) -> None:
    other = write_tiny_package(tmp_path / "other", seed=2).folder
    found = Predict(model, other, turns="flips").predict_slide(made_slide, area=AREA)
    assert found.prediction.spread is not None


def test_what_is_wrong_is_said_at_once(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        Predict("no-such-model")
    with pytest.raises(ModelError):
        Predict()
    segmentation = write_tiny_segmentation(tmp_path / "lung").folder
    with pytest.raises(PredictionError, match="Name models of one task"):
        Predict(model, segmentation)
    with pytest.raises(PredictionError, match="is for models of tiles"):
        Predict(segmentation, stride_pixels=8)
    with pytest.raises(PredictionError, match="from 0 to 1"):
        Predict(model).predict_slide("x.svs", threshold=1.5)
    with pytest.raises(PredictionError, match="1 to 32"):
        Predict(model, stride_pixels=500)
    with pytest.raises(AttributeError, match="Foresee"):
        slideviewer.Foresee  # noqa: B018 - it is asked for to fail


@pytest.mark.parametrize("area", [(500, 500, 100, 600), (0, 0, 0, 10), (0, 0, 10, float("nan"))])
def test_an_area_of_no_size_is_refused(
    predict: Predict, made_slide: Path, area: tuple[float, ...]
) -> None:
    with pytest.raises(PredictionError, match="of no size"):
        predict.predict_slide(made_slide, area=area)


def test_a_picture_of_no_size_is_refused(predict: Predict) -> None:
    with pytest.raises(PredictionError, match="must be uint8"):
        predict.predict_image(np.zeros((0, 5, 3), np.uint8))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models for pixels, as the guide has them."""
    folder = tmp_path_factory.mktemp("guide")
    write_tiny_segmentation(folder / "models" / "lung")
    classes = {"class_names": ("Inside", "Border"), "target_class": "Inside"}
    write_tiny_segmentation(folder / "models" / "nuclei", task="nuclei", **classes)
    return folder


def test_masks_of_a_slide_and_of_a_picture(models: Path, made_slide: Path, tmp_path: Path) -> None:
    segment = Predict(models / "models" / "lung", turns="flips")
    found = segment.predict_slide(made_slide, area=AREA, store=tmp_path / "store")
    stored = read_mask_prediction(tmp_path / "store")
    frame = stored.frame
    assert found.probabilities.shape == (frame.height, frame.width, 2)
    assert np.array_equal(
        found.probabilities, stored.read(0, 0, 0, frame.width, frame.height), equal_nan=True
    )
    assert found.uncertainty.shape == (frame.height, frame.width)
    areas = found.areas(threshold=0.3)
    assert [it["class"] for it in areas] == list(segment.class_names)
    assert [it["pixels"] for it in areas] == found.masks(0.3).sum(axis=(0, 1)).tolist()
    assert found.heatmap.shape == (frame.height, frame.width, 4)

    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "field.png"), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    field = segment.predict_image(pixels)
    assert field.probabilities.shape == (90, 120, 2)
    assert field.uncertainty.shape == (90, 120)
    from_file = segment.predict_image(tmp_path / "field.png")
    assert np.array_equal(from_file.probabilities, field.probabilities)
    assert field.areas[0]["um2"] is None, "nobody said how large its pixels are"
    finer = segment.predict_image(pixels, spacing_um_px=0.5)
    assert finer.probabilities.shape == (90, 120, 2)
    assert finer.areas[0]["um2"] == finer.areas[0]["pixels"] * 0.25


def test_what_passes_is_gone_with_the_answer(models: Path, made_slide: Path) -> None:
    found = Predict(models / "models" / "lung").predict_slide(made_slide, area=(0, 0, 300, 300))
    store = found.of.store.path
    assert store.exists()
    assert found.probabilities.shape[2] == 2, "it is read from there"
    del found
    gc.collect()
    assert not store.parent.exists()


def test_what_the_guide_shows(
    models: Path, made_slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(models / "models", "models")
    shutil.copy(made_slide, "slide.tif")
    rng = np.random.default_rng(0)
    for name, side in (("tile.png", 96), ("field.png", 140)):
        cv2.imwrite(name, rng.integers(0, 256, (side, side, 3), np.uint8))
    drawn = Annotation("mine", Kind.POLYGON, as_points([(0, 0), (9, 0), (9, 9)]))
    write_annotations(AnnotationSet.of([drawn]), Path("specialist.xml"))
    page = (resources_folder() / "help" / "python.md").read_text("utf-8")
    lines = [line[4:] for line in page.splitlines() if line.startswith("    ") or not line]
    names: dict[str, Any] = {}
    exec(compile("\n".join(lines), "python.md", "exec"), names)
    assert len(names["found"].tiles) > 0
    assert names["again"].uncertainty.shape == names["again"].probabilities.shape[:2]
    assert names["part"].shape == (100, 200, 2)
    assert names["field"].overlay.shape[2] == 3
    assert names["few"].labels.max() == len(names["few"].nuclei)
    assert len(names["cells"].nuclei) == len(names["cells"].outlines)
    written = {path.name for path in Path().rglob("*.*") if path.parent.name.startswith("results")}
    assert written == {"tiles.csv", "areas.xlsx", "overlay.png", "areas.csv", "run.json"}
    for name in ("tumour.xml", "both.xml", "masks.xml", "nuclei.xml"):
        assert RESEARCH_USE_ONLY in Path(name).read_text("utf-8")
    assert "mine" in Path("masks.xml").read_text("utf-8")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import slideviewer, sys; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "keras", "cv2", "PySide6"} & set(found)
