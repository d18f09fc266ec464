"""Trainings from slides to a package, by the commands a user types; killed, and gone on with."""

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from marked_fixtures import write_dsb
from marked_slides import NETWORK, options, write_cases
from typer.testing import CliRunner

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.train import app
from slideviewer.errors import ModelError, TrainingError
from slideviewer.models import ModelPackage, load_model, open_package
from slideviewer.training import FitSettings, train_tiles
from slideviewer.training.describe import specify
from slideviewer.training.fit import compile_network
from slideviewer.training.start import check_start, freeze, parent_of, started_network

QUIET = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("cases"))


def words(data: Path, out: Path, *more: object) -> list[str]:
    typed = ["tiles", "--data", data, "--classes", "rest=Normal,Tumor=Tumor", "--target", "Tumor"]
    typed += ["--rule", "fraction:0.5", "--few", 0, "--patch-size", 32, "--spacing", 2.0]
    typed += ["--name", "nests", "--out", out, "--mixup", 0, "--batch", 8]
    typed += ["--validation-fraction", 0.25, "--architecture-config", json.dumps(NETWORK), *more]
    return [str(word) for word in typed]


def run(*typed: str) -> str:
    result = CliRunner().invoke(app, list(typed))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def epochs_of(folder: Path) -> list[str]:
    with (folder / "training" / "history.csv").open(newline="") as stream:
        return [row["epoch"] for row in csv.DictReader(stream)]


def weights_of(package: ModelPackage) -> bytes:
    return package.read("weights.npz")


@pytest.mark.long
def test_killed_at_any_moment_it_goes_on_to_the_same_package(cases: Path, tmp_path: Path) -> None:
    epochs = 8
    whole = run(*words(cases, tmp_path / "whole", "--epochs", epochs))
    assert f"epoch {epochs}: accuracy" in whole and "val_roc_auc" in whole
    cut = tmp_path / "cut"
    command = [sys.executable, "-m", "slideviewer", "train"]
    command += words(cases, cut, "--epochs", epochs)
    process = subprocess.Popen(
        command, env=QUIET, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    history = cut / "training" / "history.csv"
    deadline = time.monotonic() + 100
    while not history.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(float(np.random.default_rng().uniform(0, 0.3)))  # any moment will do
    process.kill()
    _, said = process.communicate()
    assert not (cut / "config.json").exists(), said.decode()
    done = len(epochs_of(cut))
    assert 1 <= done < epochs
    with pytest.raises(TrainingError, match='another "epochs": 8, and not 7'):
        run(*words(cases, cut, "--epochs", epochs - 1))
    said_again = run(*words(cases, cut, "--epochs", epochs))
    assert "goes on from its last epoch" in said_again
    assert f"epoch {done}: " in said_again
    assert epochs_of(cut) == [str(number + 1) for number in range(epochs)]
    package = open_package(cut)
    load_model(package)
    assert weights_of(package) == weights_of(open_package(tmp_path / "whole"))
    shown = {"history.csv", "curves.png", "progress.jsonl", "batch.png", "examples.png"}
    assert {it.name for it in (cut / "training").iterdir()} == shown


def test_rounds_scores_and_measuring_by_the_commands(cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "nests"
    more = ["--epochs", 3, "--hard-negative-rounds", 1, "--hard-negative-epochs", 1]
    more += ["--slide-scores", "--split-pattern", r"patient_\d+", "--patience", 5]
    more += ["--hard-negatives", 4, "--tiles-per-slide", 12, "--ratio", "2:1"]
    more += ["--learning-rate", 0.02, "--class-weights", "balanced", "--schedule", "constant"]
    said = run(*words(cases, out, *more))
    assert RESEARCH_USE_ONLY in said
    card = (out / "CARD.md").read_text()
    for text in (
        "held out by patient",
        "in 1 rounds",
        "held-out slides, 1 of them with the target",
        "the class that covers 50% of it or more",
        "those of the best validation loss, patience 5 epochs",
        "chosen on the validation part, so all figures",
        "2:1",
    ):
        assert text in card, text
    assert "Pictures are split by file" not in card
    rows = (out / "scores.csv").read_text().splitlines()
    assert len(rows) == 1 and rows[0].startswith("patient_")
    report = tmp_path / "report"
    typed = ["evaluate", str(out), "--data", str(cases), "--classes", "rest=Normal,Tumor=Tumor"]
    said = run(*typed, "--rule", "fraction:0.5", "--fraction", "0.5", "--out", str(report))
    assert "balanced accuracy" in said and RESEARCH_USE_ONLY in said
    facts = json.loads((report / "report.json").read_text())
    assert facts["model_hash"] == open_package(out).hash
    assert RESEARCH_USE_ONLY in (report / "REPORT.md").read_text()
    with pytest.raises(TrainingError, match="are not the model's"):
        run("evaluate", str(out), "--data", str(cases), "--classes", "Tumor=Tumor,rest=Normal")


def test_a_package_is_a_start_for_other_classes_too(cases: Path, tmp_path: Path) -> None:
    first = train_tiles(options(cases, tmp_path / "first", fit=FitSettings(epochs=1)))
    chosen = options(cases, tmp_path / "more", weights=str(tmp_path / "first"))
    assert parent_of(chosen) == first
    spec = specify(chosen, parent=first)
    assert spec.parent == first.hash and "begun from nests" in spec.trained_on
    three = started_network(chosen, 3, first)
    kept = {it.path: np.array(it.numpy()) for it in three.weights}
    with np.load(first.folder / "weights.npz") as ours:
        np.testing.assert_array_equal(kept["stem/kernel"], ours["stem/kernel"])
    assert kept["probabilities/kernel"].shape[1] == 3
    wider = replace(chosen, architecture_config=NETWORK | {"stem": 8})
    with pytest.raises(TrainingError, match="do not fit"):
        started_network(wider, 2, first)


def test_a_frozen_base_stays_as_it_is(tmp_path: Path) -> None:
    chosen = options(
        tmp_path,
        tmp_path / "out",
        architecture="tile-mobilenet-v3-small",
        architecture_config={"batch_norm": True, "dense": [8]},
        fit=FitSettings(trained="head"),
    )
    network = started_network(chosen, 2, None)
    compile_network(network, chosen.fit, 10)
    network.run_eagerly = True  # for one step it is quicker
    before = {it.path: np.array(it.numpy()) for it in network.weights}
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    network.train_on_batch(tiles, np.eye(2, dtype=np.float32)[[0, 1, 0, 1]])
    changed = {it.path for it in network.weights if (it.numpy() != before[it.path]).any()}
    assert changed and not any(path.startswith("base") for path in changed)
    freeze(network, "head")
    network.get_layer("base").trainable = True
    freeze(network, "100")
    inner = network.get_layer("base").layers
    assert not any(layer.trainable for layer in inner[:100]) and inner[100].trainable
    with pytest.raises(TrainingError, match="no layer 1000"):
        freeze(network, "1000")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fit": FitSettings(trained="head")}, "no base that could stay"),
        ({"weights": "imagenet"}, "no ImageNet weights for tile-small"),
        ({"architecture": "tile-densenet121", "fit": FitSettings(trained="top")}, "--train is all"),
    ],
)
def test_starts_that_are_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        check_start(options(tmp_path, tmp_path / "out", **changes))


def test_without_a_network_it_is_said_where_weights_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    chosen = options(
        tmp_path,
        tmp_path / "out",
        architecture="tile-mobilenet-v3-small",
        architecture_config={},
        weights="imagenet",
    )
    with pytest.raises(ModelError, match=r"cannot be had: .*\.h5.* put it into"):
        started_network(chosen, 2, None)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_any_other_back_end_that_is_installed_trains_a_step(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    program = """
import numpy as np
from slideviewer.models.architectures import build_network
from slideviewer.training.checkpoints import Checkpoints
from slideviewer.training.examples import examples_from_tiles
from slideviewer.training.fit import FitSettings, fit_network
tiles = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
examples = examples_from_tiles({"a": tiles, "b": 255 - tiles}, ("a", "b"))
config = {"stem": 4, "widths": [8], "depths": [1]}
network = build_network("tile-small", config, patch_size_pixels=16, num_classes=2)
before = [np.array(it) for it in network.get_weights()]
import sys, pathlib, keras
fit = FitSettings(epochs=1, batch_size=8)
kept = Checkpoints(pathlib.Path(sys.argv[1]), {})
state = fit_network(network, examples, fit, kept, validation=examples)
assert np.isfinite(state.rows[0].values["loss"]) and "val_loss" in state.rows[0].values
assert any((a != b).any() for a, b in zip(before, network.get_weights()))
print(keras.backend.backend())
"""
    with_backend = QUIET | {"KERAS_BACKEND": backend}
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=with_backend,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip().endswith(backend)


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("task", ["tiles", "segmentation", "nuclei"])
def test_what_another_back_end_trained_answers_here(
    backend: str, task: str, cases: Path, tmp_path: Path
) -> None:
    pytest.importorskip(backend)
    out = tmp_path / "out"
    typed = words(cases, out, "--tiles-per-slide", 16, "--epochs", 1)
    if task != "tiles":
        typed = [task, "--dsb", str(write_dsb(tmp_path / "dsb")), "--out", str(out)]
        typed += ["--name", "nests", "--spacing", "0.5", "--tile", "32", "--filters", "8,16"]
        typed += ["--epochs", "1", "--validation-fraction", "0.34"]
    ended = subprocess.run(
        [sys.executable, "-m", "slideviewer", "train", *typed],
        env=QUIET | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    load_model(open_package(out))  # which compares its answers with those that came along
