"""From marked pictures to packages that segment and find nuclei; broken off, killed, refused."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from marked_fixtures import drawn, save, write_dsb, write_folders
from typer.testing import CliRunner

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.app import app
from slideviewer.cli.train_segmentation import one_for_each
from slideviewer.cli.training_pixels import parse_network
from slideviewer.errors import Cancelled, ModelError, SlideviewerError, TrainingError
from slideviewer.inference.engines import openvino_engine
from slideviewer.inference.nuclei.store import Rules
from slideviewer.models.loading import load_model
from slideviewer.models.package import available_packages, open_package
from slideviewer.models.spec import ModelSpec
from slideviewer.paths import user_models_folder
from slideviewer.progress import Step, silent
from slideviewer.training.checkpoints import FitState
from slideviewer.training.nuclei import train as nuclei
from slideviewer.training.nuclei.targets import NucleiTargets
from slideviewer.training.nuclei.train import TRIED, train_nuclei
from slideviewer.training.pictures.cases import for_the_test
from slideviewer.training.pictures.data import PictureData, anything_marked
from slideviewer.training.pictures.marked import in_dsb_folders, in_folders
from slideviewer.training.segmentation.fitting import slow_precision
from slideviewer.training.segmentation.losses import LOSSES
from slideviewer.training.segmentation.options import TrainPixelsOptions, filters_for
from slideviewer.training.segmentation.train import train_pixels

PARTS = ["training", "validation", "test"]
SMALL = ["--tile", 64, "--filters", "8,8", "--batch-size", 4, "--spacing", 0.5]
SMALL += ["--learning-rate", 0.01, "--validation-fraction", 0.34]


def run(words: Sequence[object]) -> str:
    """Run a command in this process; what is wrong is raised."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def read(path: Path) -> np.ndarray:
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return np.asarray(found)


def history(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "training" / "history.csv").open(encoding="utf-8")))


def of_folders(folder: Path) -> list[object]:
    words: list[object] = ["train", "segmentation", "--images", folder / "Original"]
    for target in ("Discs", "First"):
        words += ["--masks", f"{target}={folder / target}"]
    return [*words, "--case-pattern", "^[0-9]+", *SMALL]


def options(out: Path, **changes: object) -> TrainPixelsOptions:
    chosen = TrainPixelsOptions(
        out=out,
        name="discs",
        spacing_um_px=0.5,
        tile_pixels=64,
        architecture_config={"filters": [8, 8], "dropout": 0.2},
        epochs=2,
        repeats=2,
        batch_size=4,
        learning_rate=0.01,
        validation_fraction=0.34,
    )
    return replace(chosen, **changes)  # type: ignore[arg-type]


def discs(folder: Path) -> PictureData:
    pictures = in_dsb_folders(folder)
    cases = {it.name: it.name for it in pictures}
    return PictureData(tuple(pictures), cases, "made discs", ("Disc",), anything_marked)


@pytest.fixture(scope="module")
def dsb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dsb(tmp_path_factory.mktemp("dsb"))


@pytest.mark.long
def test_two_targets_from_folders_to_masks(tmp_path: Path) -> None:
    folder, out = write_folders(tmp_path / "set"), tmp_path / "discs"
    words = [*of_folders(folder), "--name", "discs", "--out", out, "--epochs", 9, "--add"]
    words += ["--batch-size", 2, "--learning-rate", 0.02, "--augmentation", "flips"]
    said = run(words)
    assert "epoch 9 of 9" in said
    assert RESEARCH_USE_ONLY in said
    spec = open_package(out).spec
    assert (spec.class_names, spec.task, spec.exclusive) == (
        ("Discs", "First"),
        "segmentation",
        False,
    )
    figures = {metric.name: metric for metric in spec.metrics}
    assert figures["dice Discs"].value > 0.6
    assert figures["dice Discs"].unit == "pictures"
    card = open_package(out).read("CARD.md").decode()
    for word in (RESEARCH_USE_ONLY, "| validation | 1 | 2 |", "jaccard First", "seed", "Held out:"):
        assert word in card
    rows = history(out)
    assert [row["epoch"] for row in rows] == list("123456789")
    assert {"time", "seconds", "loss", "dice", "val_loss", "val_dice First"} <= rows[0].keys()
    assert "val_jaccard central 20 %" in rows[0]
    curves = cv2.imread(str(out / "training" / "curves.png"))
    assert curves is not None and (curves < 128).any()
    assert "Total params" in (out / "training" / "network.txt").read_text("utf-8")
    assert not list((out / "training").rglob("checkpoint*"))
    assert not (out / "training" / "cache").exists()
    assert "discs" in [found.name for found in available_packages()]
    assert (user_models_folder() / "discs" / "CARD.md").is_file()

    fresh, labels = drawn(50, (150, 90))
    save(tmp_path / "new" / "fresh.png", fresh)
    run(
        [
            "predict",
            tmp_path / "new",
            "--model",
            "discs",
            "--out",
            tmp_path / "found",
            "--engine",
            "keras",
        ]
    )
    mask = read(tmp_path / "found" / "fresh" / "mask_Discs.png")
    assert mask.shape == labels.shape
    both = ((mask > 0) & (labels > 0)).sum()
    assert 2 * both / ((mask > 0).sum() + (labels > 0).sum()) > 0.6

    with pytest.raises(TrainingError, match=r"holds a model package already.*--overwrite"):
        run([it for it in words if it != "--add"])
    installed = available_packages()
    words[words.index(out)] = tmp_path / "again"
    with pytest.raises(ModelError, match=r'"discs" is installed already.*--overwrite'):
        run(words)
    assert not (tmp_path / "again").exists() and available_packages() == installed


def test_one_model_for_each_target(tmp_path: Path) -> None:
    folder = write_folders(tmp_path, 2)
    masks = {"Discs": folder / "Discs", "The first!": folder / "First"}
    pictures = in_folders(folder / "Original", masks)
    cases = {it.name: it.name for it in pictures}
    data = PictureData(tuple(pictures), cases, "made", tuple(masks), anything_marked)
    discs_alone, first_alone = one_for_each(options(tmp_path / "out"), data)
    assert discs_alone[0].out == tmp_path / "out" / "discs"
    assert (first_alone[0].name, first_alone[1].targets) == ("discs-the-first", ("The first!",))
    _, _, _, targets = next(first_alone[1].items(silent))
    np.testing.assert_array_equal(targets[..., 0] > 0, drawn(0)[1] == 1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("marking", "names"),
    [
        ([], ("Inside", "Border")),
        (["--rim", 0.4], ("Nucleus", "Rim")),
        (["--offsets", "--network", "batch_norm=yes"], ("Nucleus", "Across", "Down")),
    ],
    ids=["border", "rim", "offsets"],
)
def test_nuclei_from_their_masks_to_their_numbers(
    dsb: Path, tmp_path: Path, marking: list[object], names: tuple[str, ...]
) -> None:
    out = tmp_path / "model"
    words = ["train", "nuclei", "--dsb", dsb, "--name", "mine", "--out", out, *marking, *SMALL]
    said = run(
        [*words, "--epochs", 26, "--patience", 0, "--augmentation", "flips", "--filters", "8,16"]
    )
    assert "mean precision of nuclei" in said
    spec = open_package(out).spec
    assert (spec.task, spec.class_names) == ("nuclei", names)
    fresh, _ = drawn(51)
    save(tmp_path / "new" / "fresh.png", fresh)
    run(
        [
            "predict",
            tmp_path / "new",
            "--model",
            out,
            "--out",
            tmp_path / "found",
            "--engine",
            "keras",
        ]
    )
    labels = read(tmp_path / "found" / "fresh" / "labels.png")
    assert labels.shape == fresh.shape[:2]
    assert labels.max() >= 2


def test_with_offsets_the_epoch_of_the_smallest_loss_is_kept(dsb: Path, tmp_path: Path) -> None:
    targets, plain = NucleiTargets.of_offsets(), discs(dsb)
    data = replace(
        plain,
        targets=targets.names,
        marks=targets.marks,
        marking=targets.words,
        offsets=targets.offsets,
    )
    states: list[FitState] = []
    begun = options(tmp_path / "out", epochs=5, repeats=1, learning_rate=0.05, patience=0)
    package = train_nuclei(begun, data, on_epoch=states.append)
    losses = [row.values["val_loss"] for row in states[-1].rows]
    assert states[-1].best_epoch == 1 + int(np.argmin(losses))
    assert package.spec.class_names == ("Nucleus", "Across", "Down")
    assert package.spec.reduced_tolerance < ModelSpec.model_fields["reduced_tolerance"].default
    card = package.read("CARD.md").decode()
    for words in ("Targets: Nucleus. ", "- learnt: offsets to the middle", "| tiles | Nucleus |\n"):
        assert words in card
    assert {it.name.split()[0] for it in package.spec.metrics} == {
        *("dice", "jaccard", "mean", "precision")
    }


def test_a_part_for_the_test_chooses_nothing_and_gives_the_figures(
    dsb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = 0.35
    assert best in TRIED

    compare = nuclei.matches

    def found_at(rules: Rules, answers: object) -> object:
        return SimpleNamespace(labels=rules.threshold)

    def matched_at_the_best_alone(marked: np.ndarray, threshold: float) -> nuclei.Matches:
        return compare(marked, marked if threshold == best else np.zeros_like(marked))

    monkeypatch.setattr(nuclei, "instances_by", found_at)
    monkeypatch.setattr(nuclei, "matches", matched_at_the_best_alone)
    out = tmp_path / "model"
    words = ["train", "nuclei", "--dsb", dsb, "--name", "mine", "--out", out, *SMALL]
    words += ["--epochs", 2, "--test-fraction", 0.5, "--schedule", "cosine", "--rim", 0.4]
    assert "of the test part" in run(words)
    package = open_package(out)
    assert package.spec.class_names == ("Nucleus", "Rim")
    assert package.spec.threshold == best
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in package.read("CARD.md").decode().splitlines()
    ]
    cases = {row[1]: int(row[2]) for row in rows if len(row) > 2 and row[1] in PARTS}
    assert list(cases) == PARTS
    names = [it.name for it in in_dsb_folders(dsb)]
    assert cases["test"] == len(for_the_test(names, 0.5))
    assert sum(cases.values()) == len(names)
    assert {metric.count for metric in package.spec.metrics} == {cases["test"]}


@pytest.mark.long
def test_what_is_trained_in_sixteen_bits_is_a_model_of_thirty_two(
    dsb: Path, tmp_path: Path
) -> None:
    begun = options(tmp_path / "out", precision="bfloat16", repeats=1, epochs=1)
    told: list[str] = []
    # It verifies what it wrote, in float32.
    package = train_pixels(begun, discs(dsb), on_notice=told.append)
    assert any("imitates" in it for it in told) == bool(slow_precision(begun))
    assert {it.compute_dtype for it in load_model(package).layers} == {"float32"}
    assert "- precision: bfloat16" in package.read("CARD.md").decode()
    import keras

    assert keras.config.dtype_policy().name == "float32"
    plain = options(tmp_path / "out")
    assert "precision" not in plain.identity()
    with pytest.raises(TrainingError, match='precision "half" is unknown'):
        train_pixels(replace(plain, precision="half"), discs(dsb))


@pytest.mark.parametrize(
    ("can", "is_told"), [(("FP32", "INT8"), True), (("FP32", "BF16"), False), ((), False)]
)
def test_a_processor_that_would_take_longer_in_sixteen_bits_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can: tuple[str, ...], is_told: bool
) -> None:
    import keras

    monkeypatch.setattr(openvino_engine, "_capabilities", lambda device: can)
    monkeypatch.setattr(openvino_engine, "find_spec", lambda name: name)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: [])
    assert bool(slow_precision(options(tmp_path, precision="bfloat16"))) == is_told
    assert not slow_precision(options(tmp_path))
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: ["gpu:0"])
    assert not slow_precision(options(tmp_path, precision="bfloat16"))


def test_a_rate_that_falls_by_the_last_epoch_takes_no_more_epochs(
    dsb: Path, tmp_path: Path
) -> None:
    """With more of them, all that was done would have been done otherwise."""
    begun = options(tmp_path / "out", schedule="cosine", repeats=1)

    def cancel(step: Step) -> None:
        if "epoch 2" in step.text:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_pixels(begun, discs(dsb), cancel)
    with pytest.raises(TrainingError, match='another "epochs": 2, and not 3'):
        train_pixels(replace(begun, epochs=3), discs(dsb))


@pytest.mark.long
def test_broken_off_and_gone_on_with_it_makes_the_same_model(dsb: Path, tmp_path: Path) -> None:
    whole = train_pixels(options(tmp_path / "whole"), discs(dsb))
    cut = options(tmp_path / "cut")

    def cancel(step: Step) -> None:
        if "Repeat 2 of 2: Training, epoch 2" in step.text:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_pixels(cut, discs(dsb), cancel)
    assert [(row["repeat"], row["epoch"]) for row in history(cut.out)] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
    ]
    with pytest.raises(TrainingError, match=r'another "loss": "bce\+dice", and not "dice"'):
        train_pixels(replace(cut, loss="dice"), discs(dsb))
    told: list[str] = []
    package = train_pixels(cut, discs(dsb), on_notice=told.append)
    assert told[1:] == ["Goes on after repeat 1, epoch 2.", "Goes on after repeat 2, epoch 1."]
    assert [row["repeat"] for row in history(cut.out)] == list("1122")
    assert package.hash == whole.hash


@pytest.mark.long
def test_killed_at_any_moment_it_goes_on(dsb: Path, tmp_path: Path) -> None:
    """A real process is really killed: as it reads the pictures, and as it trains."""
    out, epochs = tmp_path / "killed", 40
    words = ["train", "segmentation", "--dsb", dsb, "--name", "discs", "--out", out, *SMALL]
    words += ["--epochs", epochs, "--patience", 0, "--filters", "4,4"]
    command = [sys.executable, "-m", "slideviewer", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    kept = out / "training"
    for sign in (kept / "cache" / "pixels.bin", kept / "history.csv"):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while process.poll() is None and not sign.exists():
            time.sleep(0.01)
        time.sleep(random.uniform(0, 1))
        process.kill()
        _, said = process.communicate()
        # Of so short a training nobody knows whether it was still to be killed.
        assert process.returncode in (0, -signal.SIGKILL), said.decode()
        assert sign.exists() or process.returncode == 0
    if not (out / "config.json").exists():
        assert 1 <= len(history(out)) <= epochs
        run(words)
    assert [int(row["epoch"]) for row in history(out)] == list(range(1, epochs + 1))
    run(["models", "verify", out])
    assert not list(out.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["--loss", "mse"], 'loss "mse" is unknown.*bce'),
        (["--augmentation", "wild"], 'augmentation "wild" is unknown'),
        (["--learning-rate", 2], "learning rate 2"),
        (["--validation-fraction", 1], "validation fraction 1"),
        (["--test-fraction", 1], "test fraction 1"),
        (["--test-fraction", 0.99], "would be for the test"),
        (["--schedule", "steps"], 'schedule "steps" is unknown'),
        (["--coverage", "nan"], "coverage of nan"),
        (["--repeats", 99], "99 repeats"),
        (["--name", "No Good"], "lower-case letters"),
        (["--filters", "8,x"], "--filters"),
        (["--filters", "", "--depth", 12], "depth of 12"),
        (["--filters", "", "--channel-rate", 0], "channel rate 0"),
        (["--filters", "8,8,8,8,8,8,8,8"], "cannot be halved 7 times"),
        (["--network", "kernel=4"], "kernel"),
        (["--network", "kernel"], "--network has"),
        (["--network", "batch_norm=yes,dropout=nan"], "dropout"),
        (["--case-pattern", "X"], "does not fit"),
        (["--targets", "a,b"], "of one kind"),
        (["--images", "."], "only one"),
    ],
)
def test_options_that_cannot_serve(
    dsb: Path, tmp_path: Path, changes: list[object], words: str
) -> None:
    given = ["train", "segmentation", "--dsb", dsb, "--name", "discs", "--out", tmp_path / "out"]
    with pytest.raises(SlideviewerError, match=words):
        run([*given, *SMALL, *changes])
    assert not (tmp_path / "out" / "config.json").exists()


def test_sets_that_cannot_serve(tmp_path: Path) -> None:
    folder = write_folders(tmp_path / "set")
    words = [*of_folders(folder), "--name", "discs", "--out", tmp_path / "out"]
    with pytest.raises(TrainingError, match="one case alone"):
        run([*words, "--case-pattern", "KO"])
    small = save(folder / "First" / "1_KO_3.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(TrainingError, match=r"1_KO_3\.png: .*8 x 8 pixels.*96 x 80"):
        run(words)
    for value, amount in ((0, "no pixel"), (255, "every pixel")):
        for path in (folder / "First").iterdir():
            save(path, np.full((80, 96), value, np.uint8))
        with pytest.raises(TrainingError, match=f'{amount} is "First"'):
            run(words)
    small.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(SlideviewerError, match="1_KO_3"):
        run(words)
    with pytest.raises(TrainingError, match="--masks"):
        run([*words, "--masks", "First"])


def test_a_disk_that_is_too_full_is_noticed_before_the_training(
    dsb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(TrainingError, match=r"0\.0 GB free.*may need 0\.1 GB"):
        train_pixels(options(tmp_path / "out"), discs(dsb))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_least_where_all_is_right(name: str) -> None:
    rng = np.random.default_rng(0)
    true = (rng.random((2, 8, 8, 2)) > 0.7).astype(np.float32)
    values = [float(LOSSES[name](true, abs(true - wrong))) for wrong in (0.01, 0.3, 0.7, 0.99)]
    assert values == sorted(values)
    assert 0 <= values[0] < 0.1


def test_settings_of_the_network_as_they_are_typed() -> None:
    assert parse_network("kernel=5, activation=elu,batch_norm=yes,dropout=0.2") == {
        "kernel": 5,
        "activation": "elu",
        "batch_norm": True,
        "dropout": 0.2,
    }
    assert parse_network("") == {}


def test_channels_of_the_published_network() -> None:
    assert filters_for(5, channel_rate=0.5) == [16, 32, 64, 128, 256]
    assert filters_for(5, channel_rate=2) == [64, 128, 256, 512, 1024]


def test_the_record_of_a_figure_names_what_was_counted() -> None:
    from slideviewer.models.spec import Metric

    metric = Metric(name="dice", variant="whole", data="made", value=0.5, count=3, unit="pictures")
    assert str(metric).endswith("3 pictures")
    assert Metric.model_validate_json(json.dumps(metric.model_dump(mode="json"))) == metric
