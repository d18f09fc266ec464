"""What a training is made of: pictures, the split, augmentation, batches, baseline, calibration."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.errors import TrainingError
from slideviewer.training.augmentation import NONE, Augmentation, flip_and_turn
from slideviewer.training.baseline import baseline_probabilities, colour_histograms
from slideviewer.training.batches import BatchSource
from slideviewer.training.calibration import best_temperature
from slideviewer.training.drawn import FIRST_SEED, MEASURED_SEEDS, drawn_examples, seeds_for
from slideviewer.training.examples import Examples
from slideviewer.training.fit import FitSettings
from slideviewer.training.forest import Forest, statistics_of
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.parts import together, without_held_out
from slideviewer.training.tile_readers import ArrayTiles

CLASSES = {"normal": "Normal", "tumor": "Tumor"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("patches"), np.random.default_rng(0)
    for name, count in (("normal", 40), ("tumor", 20)):
        (folder / name).mkdir()
        for index in range(count):
            picture = rng.integers(0, 256, (24, 24, 3), np.uint8)
            cv2.imwrite(str(folder / name / f"{index}.png"), picture)
    return folder


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
    listed.write_text("\n".join(["Picture, class", *rows]))
    assert load_examples(listed, CLASSES, 16).counts == folders.counts
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
    other = BatchSource(examples.tiles, examples.labels, 2, replace(plain, seed=2))
    assert not np.array_equal(tiles, other.batch(0, 0)[0])
    mixed = BatchSource(examples.tiles, examples.labels, 2, replace(plain, mixup=0.4))
    np.testing.assert_allclose(mixed.batch(0, 0)[1].sum(axis=1), 1, rtol=1e-6)


def test_extra_tiles_are_drawn_by_their_share() -> None:
    tiles = np.zeros((20, 8, 8, 3), np.uint8)
    tiles[10:] = 255
    labels, extra = np.arange(20) % 2, np.arange(20) >= 10
    still = Augmentation(False, 0, 0, 0, 0, 0, 0, 0, 0, False)
    chosen = FitSettings(batch_size=200, mixup=0, extra_share=0.3, augmentation=still)
    drawn, _ = BatchSource(ArrayTiles(tiles, 8), labels, 2, chosen, extra).batch(0, 0)
    assert 0.2 < drawn.mean() / 255 < 0.4


def test_a_teacher_counts_for_its_share_and_not_for_extra_tiles() -> None:
    tiles = np.zeros((20, 8, 8, 3), np.uint8)
    tiles[10:] = 255
    labels, extra = np.arange(20) % 2, np.arange(20) >= 10
    chosen = FitSettings(batch_size=40, mixup=0, forest=0.25, augmentation=NONE)
    asked: list[np.ndarray] = []

    def teacher(shown: np.ndarray) -> np.ndarray:
        asked.append(shown)
        return np.tile(np.array([[0.5, 0.5]], np.float32), (len(shown), 1))

    source = BatchSource(ArrayTiles(tiles, 8), labels, 2, chosen, extra, teacher=teacher)
    drawn, targets = source.batch(0, 0)
    is_extra = drawn[:, 0, 0, 0] == 255
    assert is_extra.any() and not is_extra.all() and not asked[0].any()
    assert set(targets[is_extra].max(axis=1)) == {1.0}
    assert set(targets[~is_extra].max(axis=1)) == {0.875}


def test_a_forest_is_not_led_astray_by_a_wrong_label() -> None:
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 80, (40, 16, 16, 3), dtype=np.uint8)
    tiles[20:] += 120
    labels = np.arange(40) // 20
    labels[0] = 1
    found = [
        Forest.of(Examples(ArrayTiles(tiles, 16), labels, ("",) * 40, ("a", "b")), 1).answers(
            tiles[:3]
        )
        for _ in range(2)
    ]
    assert (found[0][:, 0] > 0.5).all() and found[0].dtype == np.float32
    np.testing.assert_array_equal(*found)
    table = np.stack([statistics_of(tile) for tile in tiles[20:]])
    lone = Forest(table, np.full(20, 1), 3, 1)
    np.testing.assert_array_equal(lone.answers(tiles[:2]), [[0, 1, 0], [0, 1, 0]])


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40))
def test_statistics_are_those_that_numpy_finds(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    tile = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = statistics_of(tile)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    red = tile[..., 0].ravel()
    quantiles = np.quantile(red, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98], method="inverted_cdf")
    np.testing.assert_allclose(found[:9], [*quantiles, red.mean(), red.std()], atol=1e-3)


def test_tiles_that_are_held_out_are_not_trained_on_as_extra_ones(
    data: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(data, elsewhere)
    for name in CLASSES:
        cv2.imwrite(str(elsewhere / name / "new.png"), np.full((24, 24, 3), len(name), np.uint8))
    training, validation = load_examples(data, CLASSES, 16).split(0.3)
    extra = load_examples(elsewhere, CLASSES, 16)
    left = without_held_out(extra, validation)
    assert left is not None and len(left) == len(extra) - len(validation) > 0
    everything, marked = together(training, left)
    assert not set(everything.hashes) & set(validation.hashes)
    assert marked.sum() == len(left)
    assert without_held_out(validation, validation) is None
    assert without_held_out(None, validation) is None


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
    assert max(MEASURED_SEEDS) < FIRST_SEED
    drawn = drawn_examples(20, ("Tumor", "Normal"), 0, 16, 2.0, seeds=range(1000, 1001))
    assert drawn.counts == {"Tumor": 20, "Normal": 20}
    with pytest.raises(TrainingError, match="3 classes"):
        drawn_examples(1, ("A", "B", "C"), 0, 16, 2.0)
