"""From labelled pictures to a package that answers."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.models import app as models_app
from slideviewer.cli.train import app as train_app
from slideviewer.cli.train import parse_classes, parse_config
from slideviewer.errors import Cancelled, ModelError, TrainingError
from slideviewer.evaluation.classification import roc_auc
from slideviewer.models import TileClassifier, open_package
from slideviewer.progress import Step
from slideviewer.training import FitSettings, TrainTilesOptions, train_tiles
from slideviewer.training.augmentation import Augmentation, flip_and_turn
from slideviewer.training.baseline import baseline_probabilities, colour_histograms
from slideviewer.training.calibration import best_temperature
from slideviewer.training.drawn import FIRST_SEED, drawn_examples, seeds_for
from slideviewer.training.examples import load_examples
from slideviewer.training.fit import BatchSource

CLASSES = {"normal": "Normal", "tumor": "Tumor"}
NETWORK: dict[str, object] = {"stem": 4, "widths": [8], "depths": [1]}


def picture(rng: np.random.Generator, dotted: bool, size: int = 32) -> np.ndarray:
    ground = np.full((size, size, 3), (210, 180, 220), np.uint8)
    if dotted:
        for x, y in rng.integers(4, size - 4, (6, 2)).tolist():
            cv2.circle(ground, (x, y), 3, (130, 60, 90), -1)
    return np.clip(ground + rng.normal(0, 4, ground.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("patches"), np.random.default_rng(0)
    for name, count in (("normal", 40), ("tumor", 20)):
        (folder / name).mkdir()
        for index in range(count):
            path = folder / name / f"{index}.png"
            cv2.imwrite(str(path), picture(rng, name == "tumor"))
    return folder


def options(data: Path, out: Path) -> TrainTilesOptions:
    fit = FitSettings(epochs=12, batch_size=8, learning_rate=1e-2, ema=0.8, mixup=0.0)
    return TrainTilesOptions(
        data=data,
        out=out,
        name="dots",
        classes=CLASSES,
        target="Tumor",
        patch_size_pixels=16,
        spacing_um_px=0.5,
        architecture_config=NETWORK,
        fit=fit,
    )


def test_a_model_learns_and_is_written_with_its_card(data: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    package = train_tiles(replace(options(data, tmp_path / "dots"), folds=2), steps.append)
    assert open_package(tmp_path / "dots").hash == package.hash
    assert package.spec.class_names == ("Normal", "Tumor")
    variants = {metric.variant for metric in package.spec.metrics if metric.name == "roc_auc"}
    assert variants == {"held out by file hash", "out of fold, 2 folds by file hash"}
    card = package.read("CARD.md").decode()
    for text in (RESEARCH_USE_ONLY, "colour alone", "ROC AUC", "training", "validation", "seed"):
        assert text in card
    fitting = [step for step in steps if "Training" in step.text]
    assert fitting[-1].done == fitting[-1].total
    rng = np.random.default_rng(7)
    fresh = [cv2.resize(picture(rng, index % 2 == 1), (16, 16)) for index in range(20)]
    answers = TileClassifier(package).predict(np.stack(fresh)[..., ::-1].copy())
    area = roc_auc(np.arange(20) % 2 == 1, answers[:, 1])
    assert area is not None and area > 0.9


def test_the_same_seed_gives_the_same_model(data: Path, tmp_path: Path) -> None:
    chosen = options(data, tmp_path / "a")
    chosen = replace(chosen, fit=replace(chosen.fit, epochs=1))
    first = train_tiles(chosen)
    second = train_tiles(replace(chosen, out=tmp_path / "b"))
    third = train_tiles(replace(chosen, out=tmp_path / "c", fit=replace(chosen.fit, seed=2)))
    assert first.hash == second.hash != third.hash


def test_cancelling_writes_nothing(data: Path, tmp_path: Path) -> None:
    def cancel(step: Step) -> None:
        if "Training" in step.text:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_tiles(options(data, tmp_path / "dots"), cancel)
    assert not (tmp_path / "dots").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": "Fat"}, "Fat"),
        ({"classes": {"normal": "Normal"}, "target": "Normal"}, "two classes"),
        ({"classes": CLASSES | {"gland": "Gland"}}, 'no sub-folder "gland"'),
        ({"name": "No Good"}, "No Good"),
        ({"validation_fraction": 0.0}, "fraction"),
        ({"folds": 1}, "2 folds"),
        ({"validation_fraction": 0.001}, "validation part"),
        ({"data": Path("nowhere")}, "nowhere"),
    ],
)
def test_options_that_cannot_serve(
    data: Path, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(TrainingError, match=reason):
        train_tiles(replace(options(data, tmp_path / "out"), **changes))  # type: ignore[arg-type]


def test_an_occupied_folder_is_refused_before_the_training(data: Path) -> None:
    with pytest.raises(ModelError, match="no model package"):
        train_tiles(options(data, data))


def test_copies_count_once_and_contradictions_are_refused(data: Path, tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / name).mkdir()
    source = data / "tumor" / "0.png"
    for name in ("a.png", "b.png"):
        (tmp_path / "tumor" / name).write_bytes(source.read_bytes())
    normal = tmp_path / "normal" / "a.png"
    normal.write_bytes((data / "normal" / "0.png").read_bytes())
    examples = load_examples(tmp_path, CLASSES, 16)
    assert examples.counts == {"Normal": 1, "Tumor": 1} and examples.copies == 1
    normal.write_bytes(source.read_bytes())
    with pytest.raises(TrainingError, match="same picture"):
        load_examples(tmp_path, CLASSES, 16)


def test_a_list_reads_like_the_folders(data: Path, tmp_path: Path) -> None:
    rows = [f"{path},{path.parent.name}" for path in sorted(data.glob("*/*.png"))]
    listed = tmp_path / "list.csv"
    listed.write_text("\n".join(rows))
    folders = load_examples(data, CLASSES, 16)
    examples = load_examples(listed, CLASSES, 16)
    assert examples.counts == folders.counts == {"Normal": 40, "Tumor": 20}
    assert set(examples.hashes) == set(folders.hashes)
    listed.write_text("a.png,gland")
    with pytest.raises(TrainingError, match="Line 1"):
        load_examples(listed, CLASSES, 16)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no picture"), (b"nothing", "no picture"), (b"wide", "square")],
)
def test_pictures_that_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    for name in CLASSES:
        (tmp_path / name).mkdir()
    if content == b"wide":
        content = cv2.imencode(".png", np.zeros((8, 16, 3), np.uint8))[1].tobytes()
    (tmp_path / "normal" / "a.png").write_bytes(content)
    with pytest.raises(TrainingError, match=reason):
        load_examples(tmp_path, CLASSES, 16)


def test_the_split_is_whole_and_stable(data: Path) -> None:
    examples = load_examples(data, CLASSES, 16)
    training, validation = examples.split(0.3)
    assert len(training) + len(validation) == len(examples)
    assert not set(training.hashes) & set(validation.hashes)
    # Whoever is held out at a small fraction stays so at a larger one.
    assert set(validation.hashes) <= set(examples.split(0.5)[1].hashes)
    buckets = examples.buckets(4)
    assert buckets.min() >= 0 and buckets.max() <= 3


def test_batches_are_balanced_and_repeatable(data: Path) -> None:
    examples = load_examples(data, CLASSES, 16)
    plain = FitSettings(batch_size=8, mixup=0.0)
    source = BatchSource(examples.tiles, examples.labels, 2, plain)
    tiles, targets = source.batch(0, 0)
    assert tiles.shape == (8, 16, 16, 3) and tiles.dtype == np.uint8
    assert targets.sum(axis=0).tolist() == [4, 4]
    np.testing.assert_array_equal(tiles, source.batch(0, 0)[0])
    assert not np.array_equal(tiles, source.batch(1, 0)[0])
    mixed = BatchSource(examples.tiles, examples.labels, 2, replace(plain, mixup=0.4))
    np.testing.assert_allclose(mixed.batch(0, 0)[1].sum(axis=1), 1, rtol=1e-6)


def test_extra_tiles_are_drawn_by_their_share() -> None:
    tiles = np.zeros((20, 8, 8, 3), np.uint8)
    tiles[10:] = 255
    labels, extra = np.arange(20) % 2, np.arange(20) >= 10
    still = Augmentation(False, 0, 0, 0, 0, 0, 0, 0, 0, False)
    chosen = FitSettings(batch_size=200, mixup=0, extra_share=0.3, augmentation=still)
    drawn, _ = BatchSource(tiles, labels, 2, chosen, extra).batch(0, 0)
    assert 0.2 < drawn.mean() / 255 < 0.4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(8, 40))
def test_augmented_tiles_keep_shape_and_type(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    tile = rng.integers(0, 256, (size, size, 3), np.uint8)
    changed = Augmentation().apply(tile, rng)
    assert changed.shape == tile.shape and changed.dtype == np.uint8


def test_no_augmentation_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    tile = rng.integers(0, 256, (16, 16, 3), np.uint8)
    still = Augmentation(False, 0, 0, 0, 0, 0, 0, 0, 0, False)
    np.testing.assert_array_equal(still.apply(tile, rng), tile)
    turned = [flip_and_turn(tile, orientation) for orientation in range(8)]
    assert len({view.tobytes() for view in turned}) == 8


def test_colours_alone_tell_what_colours_tell() -> None:
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 120, (20, 8, 8, 3), np.uint8)
    labels = np.arange(20) % 2
    tiles[labels == 1] += 100
    shares = colour_histograms(tiles)
    assert shares.shape == (20, 48)
    np.testing.assert_allclose(shares.reshape(20, 3, 16).sum(axis=2), 1, rtol=1e-5)
    assert (baseline_probabilities(tiles, labels, tiles).argmax(axis=1) == labels).all()


def test_temperature_sobers_and_sharpens() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    too_sure = np.array([[0.99, 0.01]] * 2 + [[0.01, 0.99]] * 3 + [[0.99, 0.01]], np.float32)
    too_shy = np.array([[0.6, 0.4]] * 3 + [[0.4, 0.6]] * 3, np.float32)
    assert best_temperature(too_sure, labels) > 1.5
    assert best_temperature(too_shy, labels) < 0.5


def test_drawn_tiles_come_from_their_own_seeds() -> None:
    assert list(seeds_for(41)) == [FIRST_SEED, FIRST_SEED + 1, FIRST_SEED + 2]
    drawn = drawn_examples(20, ("Tumor", "Normal"), 0, 16, 2.0, seeds=range(1000, 1001))
    assert drawn.counts == {"Tumor": 20, "Normal": 20}
    with pytest.raises(TrainingError, match="3 classes"):
        drawn_examples(1, ("A", "B", "C"), 0, 16, 2.0)


def test_command_line_words() -> None:
    assert parse_classes("normal=Normal, tumor=Tumor") == CLASSES
    assert parse_config('{"stem": 4}') == {"stem": 4}
    for text in ("normal", "normal=", "a=A,a=B", ""):
        with pytest.raises(TrainingError, match="--classes"):
            parse_classes(text)
    for text in ("{", "[1]"):
        with pytest.raises(TrainingError, match="JSON"):
            parse_config(text)


def test_training_and_showing_on_the_command_line(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "dots"
    words = ["tiles", "--data", data, "--out", out, "--name", "dots", "--epochs", 1]
    words += ["--classes", "normal=Normal,tumor=Tumor", "--target", "Tumor", "--patch-size", 16]
    words += ["--spacing", 0.5, "--architecture-config", json.dumps(NETWORK)]
    result = CliRunner().invoke(train_app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert RESEARCH_USE_ONLY in result.output and "roc_auc" in result.output
    shown = CliRunner().invoke(models_app, ["show", str(out)])
    assert shown.exit_code == 0 and RESEARCH_USE_ONLY in shown.output
    described = json.loads(CliRunner().invoke(models_app, ["show", str(out), "--json"]).output)
    assert described["spec"]["name"] == "dots" and described["origin"] == "path"
    listed = json.loads(CliRunner().invoke(models_app, ["list", "--json"]).output)
    assert isinstance(listed, list)
    assert RESEARCH_USE_ONLY in CliRunner().invoke(models_app, ["list"]).output
