"""From labelled pictures to a package that answers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from marked_fixtures import write_dsb
from tiny_model import write_tiny_package
from typer.testing import CliRunner

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.models import app as models_app
from slideviewer.cli.train import app as train_app
from slideviewer.cli.training_pixels import refuse_taken, say_package
from slideviewer.cli.training_words import parse_classes, parse_config
from slideviewer.errors import Cancelled, ModelError, TrainingError
from slideviewer.evaluation.classification import roc_auc
from slideviewer.evaluation.model_card import read_card_data
from slideviewer.models import TileClassifier, open_package
from slideviewer.models.install import add_package
from slideviewer.paths import user_models_folder
from slideviewer.progress import Step
from slideviewer.training import FitSettings, TrainTilesOptions, train_tiles
from slideviewer.training.start import SEEN, limits_of_start

CLASSES = {"normal": "Normal", "tumor": "Tumor"}
RATES = (0.0, -1e-3, 1.5, float("nan"), float("inf"))
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
    fit = FitSettings(epochs=8, batch_size=8, learning_rate=2e-2, ema=0.7, mixup=0.0)
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


def test_cancelling_writes_nothing(data: Path, tmp_path: Path) -> None:
    def cancel(step: Step) -> None:
        if "Training" in step.text:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_tiles(options(data, tmp_path / "dots"), cancel)
    assert not (tmp_path / "dots" / "config.json").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": "Fat"}, "Fat"),
        ({"classes": {"normal": "Normal"}, "target": "Normal"}, "two classes"),
        ({"classes": CLASSES | {"gland": "Gland"}}, 'no sub-folder "gland"'),
        ({"name": "No Good"}, "No Good.*lower-case letters"),
        ({"validation_fraction": 0.0}, "fraction"),
        ({"folds": 1}, "2 folds"),
        ({"folds": 21}, "at most 20"),
        *(({"fit": FitSettings(learning_rate=rate)}, "learning rate") for rate in RATES),
        ({"validation_fraction": 0.001}, "validation part"),
        ({"data": Path("nowhere")}, "nowhere"),
    ],
)
def test_options_that_cannot_serve(
    data: Path, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(TrainingError, match=reason):
        train_tiles(replace(options(data, tmp_path / "out"), **changes))  # type: ignore[arg-type]


def test_more_folds_than_pictures_are_refused_up_front(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name, count in (("normal", 8), ("tumor", 4)):
        (tmp_path / name).mkdir()
        for index in range(count):
            cv2.imwrite(str(tmp_path / name / f"{index}.png"), picture(rng, False))
    steps: list[Step] = []
    with pytest.raises(TrainingError, match=r'5 folds are more than the 4 .*"Tumor"'):
        train_tiles(replace(options(tmp_path, tmp_path / "out"), folds=5), steps.append)
    assert not any("Training" in step.text for step in steps)


def test_an_occupied_folder_is_refused_before_the_training(data: Path) -> None:
    with pytest.raises(ModelError, match="no model package"):
        train_tiles(options(data, data))


def test_command_line_words() -> None:
    assert parse_classes("normal=Normal, tumor=Tumor") == CLASSES
    assert parse_config('{"stem": 4}') == {"stem": 4}
    for text in ("normal", "normal=", "a=A,a=B", ""):
        with pytest.raises(TrainingError, match="--classes"):
            parse_classes(text)
    for text in ("{", "[1]", "1" * 5000):
        with pytest.raises(TrainingError, match="JSON"):
            parse_config(text)


def test_the_command_line_trains_the_same_model_and_shows_it(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "dots"
    out.mkdir()
    (out / "config.json").write_text("{}")
    chosen = replace(options(data, out), fit=FitSettings(epochs=1))
    with pytest.raises(TrainingError, match="--overwrite"):
        train_tiles(chosen)
    package = train_tiles(replace(chosen, overwrite=True))
    assert open_package(out).hash == package.hash

    words = ["tiles", "--data", data, "--out", out, "--name", "dots", "--epochs", 1]
    words += ["--classes", "normal=Normal,tumor=Tumor", "--target", "Tumor", "--patch-size", 16]
    words += ["--spacing", 0.5, "--architecture-config", json.dumps(NETWORK), "--overwrite"]
    result = CliRunner().invoke(train_app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert RESEARCH_USE_ONLY in result.output and "roc_auc" in result.output
    assert 'tiles of class "Tumor" are held out: the figures mean little' in result.output
    assert "the figures mean little" in (out / "CARD.md").read_text()
    shown = CliRunner().invoke(models_app, ["show", str(out)])
    assert shown.exit_code == 0 and RESEARCH_USE_ONLY in shown.output
    assert open_package(out).hash == package.hash  # the same words and seed give the same
    assert package.hash in shown.output
    described = json.loads(CliRunner().invoke(models_app, ["show", str(out), "--json"]).output)
    assert described["spec"]["name"] == "dots" and described["origin"] == "path"
    listed = json.loads(CliRunner().invoke(models_app, ["list", "--json"]).output)
    assert isinstance(listed, list)
    assert RESEARCH_USE_ONLY in CliRunner().invoke(models_app, ["list"]).output


@pytest.mark.parametrize("task", ["tiles", "segmentation", "nuclei"])
def test_a_name_that_is_taken_is_refused_before_anything_is_trained(
    task: str, tmp_path: Path, user_folder: Path
) -> None:
    package = add_package(write_tiny_package(tmp_path / "tiny").folder)
    write_dsb(tmp_path / "dsb")
    name = package.spec.name
    words: list[object] = [task, "--name", name, "--out", tmp_path / "out", "--spacing", 0.5]
    if task == "tiles":
        words += ["--data", tmp_path / "dsb", "--classes", "a=A,b=B", "--target", "A"]
        words += ["--patch-size", 16]
    else:
        words += ["--dsb", tmp_path / "dsb"]
    found = CliRunner().invoke(train_app, [*map(str, words), "--add"])
    assert isinstance(found.exception, ModelError), found.output
    assert "installed already" in str(found.exception) and "--overwrite" in str(found.exception)
    assert not (tmp_path / "out").exists() and open_package(name).hash == package.hash
    refuse_taken(name, add=True, overwrite=True)
    refuse_taken(name, add=False, overwrite=False)


def test_what_was_trained_replaces_an_installed_model_only_where_that_is_wished(
    tmp_path: Path, user_folder: Path
) -> None:
    package = write_tiny_package(tmp_path / "tiny")
    installed = add_package(package.folder)
    with pytest.raises(ModelError, match="installed already"):
        say_package(package, add=True, overwrite=False)
    say_package(package, add=True, overwrite=True)
    assert open_package(package.spec.name).hash == installed.hash


@pytest.mark.long
def test_a_start_that_may_know_what_is_held_out_is_told_of(data: Path, tmp_path: Path) -> None:
    short = FitSettings(epochs=1, batch_size=16, mixup=0.0)
    first = train_tiles(replace(options(data, tmp_path / "first"), fit=short))

    said: list[str] = []

    def told(name: str, start: str, folder: Path, *extra: Path) -> tuple[list[str], str]:
        said.clear()
        chosen = options(folder, tmp_path / name)
        chosen = replace(chosen, weights=start, fit=short, extra_data=extra)
        package = train_tiles(chosen, on_notice=said.append)
        card = read_card_data(package)
        assert card is not None
        return [it for it in said if SEEN in it], " ".join(card.limits)

    words, limits = told("same", str(first.folder), data)
    assert not words and SEEN not in limits
    grown = tmp_path / "grown"
    shutil.copytree(data, grown)
    for index in range(20):
        rng = np.random.default_rng(100 + index)
        cv2.imwrite(str(grown / "tumor" / f"new{index}.png"), picture(rng, True))
    words, limits = told("other", str(first.folder), grown)
    assert len(words) == 1 and '"dots"' in words[0] and SEEN in limits
    # Whoever starts from that one on the same tiles has it from it.
    words, limits = told("again", str(tmp_path / "other"), grown, data)
    assert len(words) == 1 and SEEN in limits
    assert any("tiles of --extra-data are left out" in it for it in said)


def test_a_start_that_tells_nothing_of_what_was_held_out_is_told_of(tmp_path: Path) -> None:
    parent = write_tiny_package(tmp_path / "tiny")
    (told,) = limits_of_start(parent, ["a"])
    assert SEEN in told and parent.spec.name in told
    assert limits_of_start(None, ["a"]) == ()


def test_a_model_like_one_of_the_wsinfer_zoo(data: Path, tmp_path: Path) -> None:
    like = tmp_path / "zoo.json"
    zoo = {
        "spec_version": "1.0",
        "architecture": "resnet34",
        "num_classes": 2,
        "class_names": ["normal", "tumor"],
        "patch_size_pixels": 32,
        "spacing_um_px": 0.25,
        "transform": [{"name": "Resize", "arguments": {"size": 16}}, {"name": "ToTensor"}],
    }
    like.write_text(json.dumps(zoo))
    words = ["tiles", "--data", data, "--out", tmp_path / "dots", "--name", "dots", "--epochs", 1]
    words += ["--target", "tumor", "--architecture-config", json.dumps(NETWORK)]
    result = CliRunner().invoke(train_app, [str(word) for word in [*words, "--like", like]])
    assert result.exit_code == 0, result.output
    spec = open_package(tmp_path / "dots").spec
    assert spec.class_names == ("normal", "tumor")
    assert (spec.patch_size_pixels, spec.spacing_um_px) == (16, 0.5)
    result = CliRunner().invoke(train_app, [str(word) for word in words])
    assert isinstance(result.exception, TrainingError)
    assert "--like" in str(result.exception)


def test_a_list_of_models_names_them_whole(user_folder: Path, tmp_path: Path) -> None:
    name = "a-name-of-a-model-that-is-rather-long-48-characters"
    package = write_tiny_package(user_models_folder() / name)
    (package.folder / "golden.npz").write_bytes(b"damaged")
    said = CliRunner().invoke(models_app, ["list"]).output
    assert name in said
    assert "golden.npz" in said
