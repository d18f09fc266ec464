"""Trainings that are broken off and go on: what is on the disk, and what people see of it."""

import csv
import errno
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.errors import Cancelled, TrainingError
from slideviewer.models.architectures import build_network
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.augmentation import Augmentation
from slideviewer.training.checkpoints import CHECKPOINT_FILE, Checkpoints, FitState, told_of_disk
from slideviewer.training.curves import draw_curves
from slideviewer.training.event_file import EVENT_FILE, EventFile
from slideviewer.training.history import HISTORY_FILE, EpochRow, write_history
from slideviewer.training.pair_augmentation import (
    AUGMENTATIONS,
    PairAugmentation,
    parse_pair_augmentation,
)
from slideviewer.training.resumable import Patience, fit_resumably

IDENTITY = {"data": "noise", "rate": 0.01}
NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
VALUES = st.floats(-1e3, 1e3, width=32)
ROWS = st.builds(
    EpochRow,
    st.integers(1, 3),
    st.integers(1, 300),
    st.just("2026-01-02T03:04:05+00:00"),
    st.floats(0, 1e4),
    st.dictionaries(NAMES, VALUES, max_size=4),
)


class Noise(keras.utils.PyDataset):  # type: ignore[misc]
    """Four batches whose targets can be learnt."""

    def __init__(self, epoch: int, rate: float = 1.0) -> None:
        super().__init__(workers=2, max_queue_size=4)
        self._epoch, self._rate = epoch, rate

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self._epoch, index])
        tiles = rng.integers(0, 256, (2, 16, 16, 3), np.uint8)
        return tiles, (tiles[..., :1] > 127) * np.float32(self._rate)


def compiled(*, average: bool = False) -> keras.Model:
    keras.utils.set_random_seed(1)
    shape: Mapping[str, Any] = {"filters": [4, 4], "dropout": 0.3}
    network = build_network("unet", shape, patch_size_pixels=16, num_classes=1, exclusive=False)
    optimizer = keras.optimizers.Adam(0.01, use_ema=average, ema_momentum=0.5)
    optimizer.build(network.trainable_variables)
    network.compile(optimizer, "binary_crossentropy", jit_compile=False)
    return network


def weights_of(network: keras.Model) -> list[np.ndarray]:
    return [np.array(it.numpy()) for it in network.weights]


def fitted(
    folder: Path,
    epochs: int = 3,
    progress: Progress = silent,
    *,
    average: bool = False,
    validate: Callable[[], Mapping[str, float]] | None = None,
    patience: Patience = Patience(),  # noqa: B008
) -> tuple[FitState, list[np.ndarray]]:
    network = compiled(average=average)
    state = fit_resumably(
        network,
        Noise,
        epochs,
        Checkpoints(folder, IDENTITY),
        validate=validate,
        patience=patience,
        progress=progress,
    )
    return state, weights_of(network)


def cancel_at(batch: int) -> Progress:
    def progress(step: Step) -> None:
        if step.done == batch:
            raise Cancelled

    return progress


@pytest.mark.parametrize(("average", "breaks"), [(False, (2, 6)), (True, (6,))])
def test_broken_off_it_goes_on_to_the_very_same_weights(
    tmp_path: Path, average: bool, breaks: tuple[int, ...]
) -> None:
    steps: list[Step] = []
    whole, expected = fitted(tmp_path / "whole", progress=steps.append, average=average)
    assert [row.epoch for row in whole.rows] == [1, 2, 3]
    assert [step.done for step in steps] == list(range(1, 13))
    assert "epoch 3 of 3, loss 0." in steps[-1].text
    for batch in breaks:  # before the first epoch ends, and later
        with pytest.raises(Cancelled):
            fitted(tmp_path / "cut", progress=cancel_at(batch), average=average)
    state, found = fitted(tmp_path / "cut", average=average)
    assert [row.values for row in state.rows] == [row.values for row in whole.rows]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again, found = fitted(tmp_path / "cut", average=average)  # nothing is left to do
    assert again.rows == state.rows
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_best_weights_are_kept_and_patience_ends(tmp_path: Path) -> None:
    marks = iter([0.5, 0.7, 0.6, 0.7])
    patience = Patience("val_dice", 2)
    state, found = fitted(
        tmp_path, 9, validate=lambda: {"val_dice": next(marks)}, patience=patience
    )
    assert (state.epochs, state.best_epoch, state.best_value) == (4, 2, 0.7)
    assert state.is_finished
    for ours, best in zip(found, state.best_weights, strict=True):
        np.testing.assert_array_equal(ours, best)
    again, kept = fitted(tmp_path, 9, validate=dict, patience=patience)
    assert again.rows == state.rows
    np.testing.assert_array_equal(kept[0], found[0])


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    network = compiled()
    Checkpoints(tmp_path, IDENTITY).save(network, FitState())
    with pytest.raises(TrainingError, match=r'another "rate": 0\.01, and not 0\.5'):
        Checkpoints(tmp_path, IDENTITY | {"rate": 0.5}).load(network)
    with pytest.raises(TrainingError, match='another "extra": null'):
        Checkpoints(tmp_path, IDENTITY | {"extra": 1}).load(network)
    Checkpoints(tmp_path, IDENTITY).discard_another()
    assert Checkpoints(tmp_path, IDENTITY).load(network).epochs == 0
    assert (tmp_path / CHECKPOINT_FILE).exists()
    Checkpoints(tmp_path, IDENTITY | {"extra": 1}).discard_another()
    assert not (tmp_path / CHECKPOINT_FILE).exists()


def test_a_damaged_checkpoint_is_told_of(tmp_path: Path) -> None:
    network = compiled()
    checkpoints = Checkpoints(tmp_path, IDENTITY)
    checkpoints.save(network, FitState())
    path = tmp_path / CHECKPOINT_FILE
    data = path.read_bytes()
    middle = len(data) // 2
    bits = data[middle : middle + 1].translate(bytes(byte ^ 255 for byte in range(256)))
    cut = [data[: int(share * len(data))] for share in (0, 1e-3, 0.5, 0.99)]
    for damaged in [*cut, b"\x93NUMPY" + data, data[:middle] + bits + data[middle + 1 :]]:
        path.write_bytes(damaged)
        with pytest.raises(TrainingError, match="damaged"):
            checkpoints.load(network)
    path.write_bytes(data)
    assert checkpoints.load(network).epochs == 0


def test_a_loss_that_is_no_number_stops_at_once(tmp_path: Path) -> None:
    steps: list[Step] = []
    network = compiled()
    with pytest.raises(TrainingError, match=r"diverged in epoch 1.*learning rate"):
        fit_resumably(
            network,
            lambda epoch: Noise(epoch, np.nan),
            3,
            Checkpoints(tmp_path, IDENTITY),
            progress=steps.append,
        )
    assert not steps
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_in_a_line(tmp_path: Path) -> None:
    with (
        pytest.raises(TrainingError, match=r"No space left.*Make room"),
        told_of_disk(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


@given(st.lists(ROWS, max_size=6))
def test_rows_come_back_from_json(rows: list[EpochRow]) -> None:
    assert [EpochRow.from_json(row.to_json()) for row in rows] == rows


def test_a_history_is_a_table(tmp_path: Path) -> None:
    rows = [
        EpochRow.ended_now(1, 1, 2.0, {"loss": 0.5}),
        EpochRow.ended_now(2, 1, 1.0, {"loss": 0.25, "val_dice": 0.75}),
    ]
    write_history(tmp_path / HISTORY_FILE, rows)
    found = list(csv.DictReader((tmp_path / HISTORY_FILE).open(encoding="utf-8")))
    assert [row["repeat"] for row in found] == ["1", "2"]
    assert [row["val_dice"] for row in found] == ["", "0.75"]
    assert found[0]["seconds"] == "2.000"
    assert found[0]["time"] == rows[0].time


def test_tensorboard_reads_the_log(tmp_path: Path) -> None:
    from tensorflow.compat.v1.train import summary_iterator

    rows = [EpochRow.ended_now(1, n, 1.0, {"loss": 1 / n, "val_dice": n / 200}) for n in (1, 150)]
    log = EventFile(tmp_path / EVENT_FILE, rows[:1])
    log.add(rows[1])
    version, *events = summary_iterator(str(tmp_path / EVENT_FILE))
    assert version.file_version == "brain.Event:2"
    assert [event.step for event in events] == [1, 150]
    assert [event.wall_time for event in events] == [row.timestamp for row in rows]
    found = {value.tag: value.simple_value for value in events[1].summary.value}
    single = {"training/loss": 1 / 150, "validation/dice": 0.75}
    assert found == {tag: struct.unpack("f", struct.pack("f", it))[0] for tag, it in single.items()}


@given(st.lists(ROWS, max_size=6))
def test_any_history_can_be_drawn(rows: list[EpochRow]) -> None:
    picture = draw_curves(rows, "For research")
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    names = {name.removeprefix("val_") for row in rows for name in row.values} or {"loss"}
    assert picture.shape[0] >= 280 * -(-len(names) // 3)


def test_strengths_follow_the_name_of_an_augmentation() -> None:
    assert parse_pair_augmentation("stains") == AUGMENTATIONS["stains"]
    found = parse_pair_augmentation("stains, scale=0.4,flips=no,stain=0.5")
    assert (found.scale, found.flips, found.colour.stain) == (0.4, False, 0.5)
    assert found.colour.stain_offset == AUGMENTATIONS["stains"].colour.stain_offset
    for text in ("", "scale=0.4", "stains,scale", "stains,shear=0.2", "stains,scale=much", "a,,"):
        with pytest.raises(TrainingError):
            parse_pair_augmentation(text)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(8, 70), st.integers(8, 70))
def test_fibres_of_eosin_take_green_and_are_faint_on_what_is_marked(
    seed: int, height: int, width: int
) -> None:
    glass = np.full((height, width, 3), 210, np.uint8)
    nowhere, everywhere = np.zeros((height, width, 2), np.uint8), np.ones((height, width, 2))
    fibrous = replace(AUGMENTATIONS["none"], eosin=1.0)

    def drawn(masks: np.ndarray, augmentation: PairAugmentation = fibrous) -> np.ndarray:
        masks = masks.astype(np.uint8)
        found, same = augmentation.apply(glass, masks, np.random.default_rng(seed))
        np.testing.assert_array_equal(same, masks)
        assert found.shape == glass.shape and found.dtype == np.uint8
        return found

    np.testing.assert_array_equal(drawn(nowhere), drawn(nowhere))
    np.testing.assert_array_equal(drawn(nowhere, replace(fibrous, eosin=0.0)), glass)
    assert (drawn(nowhere)[..., 0] >= drawn(nowhere)[..., 1]).all()
    assert (drawn(everywhere) >= drawn(nowhere)).all()


def test_fibres_are_seldom_missing() -> None:
    glass, nowhere = np.full((64, 64, 3), 210, np.uint8), np.zeros((64, 64, 1), np.uint8)
    fibrous = parse_pair_augmentation("none,eosin=1")
    greens = [
        fibrous.apply(glass, nowhere, np.random.default_rng(seed))[0][..., 1] for seed in range(20)
    ]
    assert sum(int(np.ptp(green)) > 20 for green in greens) >= 18


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_picture_and_its_masks_move_together(name: str) -> None:
    yes = np.zeros((32, 32, 2), np.uint8)
    yes[4:20, 6:16, 0] = 1
    yes[18:30, 18:28, 1] = 1
    picture = np.concatenate([yes * 255, np.zeros((32, 32, 1), np.uint8)], axis=2)
    found = set()
    for seed in range(8):
        moved, masks = AUGMENTATIONS[name].apply(picture, yes, np.random.default_rng(seed))
        again = AUGMENTATIONS[name].apply(picture, yes, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved, again[0])
        np.testing.assert_array_equal(masks, again[1])
        assert masks.shape == yes.shape
        assert set(np.unique(masks)) <= {0, 1}
        if AUGMENTATIONS[name].colour == AUGMENTATIONS["none"].colour:
            agree = ((moved[..., :2] > 127) == (masks > 0)).mean()
            assert agree > 0.97, "nearest and linear differ at edges alone"
        found.add(masks.tobytes())
    assert len(found) == (1 if name == "none" else len(found))
    assert name == "none" or len(found) > 3
    assert AUGMENTATIONS[name].colour == AUGMENTATIONS["none"].colour or isinstance(
        AUGMENTATIONS[name].colour, Augmentation
    )
