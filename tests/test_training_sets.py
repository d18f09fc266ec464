"""Sets of tiles in files: `.npz`, lists with patients; splits, ratios and words for them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer.errors import TrainingError
from slideviewer.training.augmentation import NONE, Augmentation, parse_augmentation
from slideviewer.training.batches import BatchSource, shares_of, weights_of
from slideviewer.training.fit import FitSettings
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.npz import load_npz
from slideviewer.training.splits import folds_of_groups, held_out_groups
from slideviewer.training.tile_readers import (
    ArrayTiles,
    CachedTiles,
    ChosenTiles,
    JoinedTiles,
    each_of,
)

CLASSES = {"0": "ADI", "1": "LYM", "8": "TUM"}
WORDS = st.text("equalownbcd:.0123-", max_size=9)


def noise(count: int, size: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_set_in_npz_is_mapped_and_not_read_whole(tmp_path: Path, is_packed: bool) -> None:
    data, labels = noise(12), np.array([0, 1, 8] * 4, np.int32)
    data[9] = data[0]  # a copy
    write = np.savez_compressed if is_packed else np.savez
    write(tmp_path / "set.npz", data=data, labels=labels)
    found = load_npz(tmp_path / "set.npz", CLASSES, 8, tmp_path / "work")
    assert found.counts == {"ADI": 3, "LYM": 4, "TUM": 4} and found.copies == 1
    assert found.tiles.read(1).shape == (8, 8, 3)
    assert any((tmp_path / "work").glob("*-data.npy"))
    some = load_npz(tmp_path / "set.npz", {"1": "LYM", "8": "TUM"}, 16, tmp_path / "work")
    np.testing.assert_array_equal(some.tiles.read(0), data[1])  # label 0 is left out


def test_groups_of_a_set_stay_together(tmp_path: Path) -> None:
    labels, groups = np.array(["0", "1"] * 20), np.repeat(np.arange(10), 4)
    np.savez(tmp_path / "set.npz", data=noise(40), labels=labels, groups=groups)
    found = load_npz(tmp_path / "set.npz", {"0": "A", "1": "B"}, 16, tmp_path / "work")
    training, validation = found.split(0.3)
    assert len(set(validation.origins)) == 3
    assert not set(training.origins) & set(validation.origins)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"data": noise(4)}, 'needs "data" and "labels"'),
        ({"data": noise(4), "labels": np.zeros(3, int)}, r'"labels" are int64 \(3,\)'),
        ({"data": noise(4)[..., 0], "labels": np.zeros(4, int)}, '"data" is uint8'),
        ({"data": noise(4).astype(float), "labels": np.zeros(4, int)}, '"data" is float64'),
        ({"data": noise(4), "labels": np.array([0, 1, 8, None])}, "no plain array"),
        ({"data": noise(4), "labels": np.zeros(4, int)}, 'no tile of class "LYM".*labels are: 0'),
        ({"data": noise(1).repeat(3, 0), "labels": np.array([0, 1, 8])}, "in two classes"),
    ],
)
def test_sets_that_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], reason: str) -> None:
    np.savez(tmp_path / "set.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=reason):
        load_npz(tmp_path / "set.npz", CLASSES, 16, tmp_path / "work")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=6))
def test_a_damaged_set_is_said_in_words(tmp_path: Path, place: int, damage: bytes) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, data=noise(3, 8), labels=np.array([0, 1, 8]))
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    try:
        assert len(load_npz(path, CLASSES, 8, tmp_path / f"work{place}")) == 3
    except TrainingError as error:
        assert "set.npz" in str(error)


def test_pictures_of_a_patient_stay_together(tmp_path: Path) -> None:
    rows = ["picture,class,patient"]
    for number in range(24):
        name = f"p{number // 4}_{number}.png"
        cv2.imwrite(str(tmp_path / name), noise(1, 16, number)[0])
        rows.append(f"{name},{'ab'[number % 2]},P{number // 4}")
    listed = tmp_path / "list.csv"
    listed.write_text("\n".join(rows))
    classes = {"a": "A", "b": "B"}
    for found in (
        load_examples(listed, classes, 16, split_column="patient"),
        load_examples(listed, classes, 16, split_pattern=r"^(p\d)_"),
    ):
        training, validation = found.split(0.3)
        assert len(set(validation.origins)) == 2
        assert not set(training.origins) & set(validation.origins)
    with pytest.raises(TrainingError, match='no column "slide"'):
        load_examples(listed, classes, 16, split_column="slide")
    with pytest.raises(TrainingError, match="has no columns"):
        load_examples(tmp_path, classes, 16, split_column="patient")
    listed.write_text("\n".join([*rows, "p0_0.png,a"]))
    with pytest.raises(TrainingError, match="Line 26"):
        load_examples(listed, classes, 16)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 2)), min_size=1),
    st.floats(0.01, 0.99),
    st.integers(2, 5),
)
def test_no_origin_is_on_both_sides(
    tiles: list[tuple[str, int]], fraction: float, folds: int
) -> None:
    origins = [origin for origin, _ in tiles]
    labels = np.array([label for _, label in tiles])
    held_out = held_out_groups(origins, labels, fraction)
    sides: dict[str, set[bool]] = {}
    kinds: dict[str, set[int]] = {}
    for origin, label, side in zip(origins, labels.tolist(), held_out.tolist(), strict=True):
        sides.setdefault(origin, set()).add(side)
        kinds.setdefault(origin, set()).add(label)
    assert all(len(found) == 1 for found in sides.values())
    for kind in {frozenset(found) for found in kinds.values()}:
        alike = [sides[origin] for origin, found in kinds.items() if found == kind]
        assert len(alike) == 1 or ({True} in alike and {False} in alike)
    fold = folds_of_groups(origins, labels, folds)
    assert all(len({f for o, f in zip(origins, fold, strict=True) if o == it}) == 1 for it in sides)


def test_readers_read_what_they_stand_for() -> None:
    tiles = ArrayTiles(noise(7), 16)
    chosen = ChosenTiles(tiles, np.array([6, 2, 2]))
    both = JoinedTiles([chosen, ArrayTiles(noise(0), 16), tiles])
    expected = np.concatenate([noise(7)[[6, 2, 2]], noise(7)])
    np.testing.assert_array_equal(np.stack([*each_of(both)]), expected)
    few = CachedTiles(both, most_bytes=2 * 16 * 16 * 3)
    order = [0, 9, 4, 0, 0, 9, 3]
    np.testing.assert_array_equal(np.stack([few.read(at) for at in order]), expected[order])
    assert len(few._kept) == 2


def test_classes_then_slides_then_tiles_are_drawn_alike() -> None:
    # One slide has 90 tiles of class 0, the other ten; class 1 has one tile.
    tiles = np.zeros((101, 8, 8, 3), np.uint8)
    tiles[90:] = 200
    labels, groups = np.arange(101) == 100, (np.arange(101) >= 90).astype(np.int64)
    for ratio, share in (("equal", 0.5), ("1:3", 0.75), ("own", 1 / 101)):
        chosen = FitSettings(batch_size=400, mixup=0.0, ratio=ratio, augmentation=NONE)
        source = BatchSource(ArrayTiles(tiles, 8), labels.astype(int), 2, chosen, groups=groups)
        drawn, targets = source.batch(0, 0)
        assert targets[:, 1].mean() == pytest.approx(share, abs=0.01)
        is_zero = targets[:, 0] == 1
        assert drawn[is_zero].mean() / 200 == pytest.approx(0.5, abs=0.12)
    weighed = FitSettings(batch_size=8, mixup=0.0, class_weights="balanced", augmentation=NONE)
    source = BatchSource(ArrayTiles(tiles, 8), labels.astype(int), 2, weighed)
    _, targets, weights = source.batch(0, 0)
    np.testing.assert_allclose(weights, np.where(targets[:, 1] == 1, 50.5, 0.505), rtol=1e-5)


@given(WORDS)
def test_ratios_and_weights_are_read_or_refused(text: str) -> None:
    for read in (shares_of, weights_of):
        try:
            found = read(text, [3, 5])
        except TrainingError as error:
            assert "1:" in str(error)
        else:
            assert found is None or (len(found) == 2 and (found > 0).all())


@given(st.text("lightsearnofp,=0.2-", max_size=20))
def test_augmentations_are_read_or_refused(text: str) -> None:
    try:
        found = parse_augmentation(text)
    except TrainingError:
        return
    changed = found.apply(noise(1)[0], np.random.default_rng(0))
    assert changed.shape == (16, 16, 3)


def test_augmentations_by_name_and_strength() -> None:
    assert parse_augmentation("strong") == Augmentation()
    found = parse_augmentation("none,shear=0.5,jpeg=yes")
    assert (found.shear, found.jpeg, found.stain) == (0.5, True, 0)
    assert parse_augmentation("stain=0.1") == Augmentation(stain=0.1)
    tile = noise(1, 32)[0]
    leaning = parse_augmentation("none,shear=0.5").apply(tile, np.random.default_rng(3))
    middle = slice(15, 17)
    assert not np.array_equal(leaning, tile)
    assert np.abs(leaning[middle, 8:24].astype(int) - tile[middle, 8:24]).mean() < 40
