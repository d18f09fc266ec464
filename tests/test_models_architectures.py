"""The networks that packages may name, and the tasks they are for."""

from pathlib import Path

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer.errors import ModelError
from slideviewer.models import ModelSpec, TileClassifier, load_model
from slideviewer.models.architectures import ARCHITECTURES, build_network
from slideviewer.models.loading import apply_temperature, fill_weights, pack_weights

QUICK_BASES = ("tile-mobilenet-v3-small", "unet")


@pytest.mark.parametrize("name", QUICK_BASES)
def test_weights_fit_a_network_built_again_in_the_same_process(name: str) -> None:
    first, second = (build_network(name, {}, patch_size_pixels=32, num_classes=2) for _ in range(2))
    fill_weights(first, pack_weights(first))
    fill_weights(second, pack_weights(first))
    tiles = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(first.predict_on_batch(tiles), second.predict_on_batch(tiles))


def test_each_architecture_says_what_it_is() -> None:
    assert all(architecture.title for architecture in ARCHITECTURES.values())


@pytest.mark.parametrize(
    ("name", "patch", "words"),
    [("tile-inception-v3", 64, "75 pixels or more"), ("unet", 40, "cannot be halved 4 times")],
)
def test_tiles_that_do_not_go_through_are_refused(name: str, patch: int, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build_network(name, {}, patch_size_pixels=patch, num_classes=2)


def test_a_small_network_may_see_how_its_features_are_spread() -> None:
    config = {"stem": 4, "widths": [8], "depths": [1], "pooling": "statistics"}
    network = build_network("tile-small", config, patch_size_pixels=32, num_classes=2)
    names = ("stage0_block0_a_relu", "stage0_spread", "head_relu", "last_spread")
    probe = keras.Model(network.input, [network.get_layer(it).output for it in names])
    tiles = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    first, spread, last, ended = (np.asarray(it) for it in probe.predict_on_batch(tiles))
    places = (1, 2)
    wanted = np.hstack([first.mean(places), first.var(places)])
    np.testing.assert_allclose(spread, wanted, rtol=1e-4, atol=1e-5)
    wanted = np.hstack([last.mean(places), last.var(places), last.max(places)])
    np.testing.assert_allclose(ended, wanted, rtol=1e-4, atol=1e-5)
    assert network.get_layer("pool").output.shape[-1] == 2 * 4 + 3 * 8


def test_overlapping_targets_have_probabilities_of_their_own(tmp_path: Path) -> None:
    package = write_tiny_segmentation(tmp_path / "lung", patch=32)
    tiles = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    answers = TileClassifier(package).predict(tiles)
    assert answers.shape == (3, 32, 32, 2)
    sums = answers.sum(axis=-1)
    assert sums.min() < 0.99 or sums.max() > 1.01


def test_a_network_that_answers_otherwise_than_the_task_is_refused(tmp_path: Path) -> None:
    package = write_tiny_package(tmp_path / "tiles")
    wrong = package.spec.model_copy(update={"task": "segmentation"})
    (package.folder / "config.json").write_bytes(wrong.to_json())
    with pytest.raises(ModelError, match="needs"):
        load_model(type(package)(package.folder, wrong, package.hash))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exclusive": False}, "a tile is of one class"),
        ({"task": "nuclei", "class_names": ("A", "Tumor", "C", "D")}, "two classes"),
        ({"task": "nuclei", "class_names": ("A", "Tumor", "C")}, "Across and Down"),
        ({"centre_size_pixels": 64}, "not above patch_size_pixels"),
        ({"task": "segmentation", "centre_size_pixels": 16}, "for tile models"),
        ({"class_names": ("Tumor",)}, "excludes nothing"),
    ],
)
def test_specifications_that_make_no_sense_are_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        write_tiny_package(tmp_path / "wrong", **changes)


def test_the_centre_of_a_tile_is_what_its_answer_stands_for(tmp_path: Path) -> None:
    spec: ModelSpec = write_tiny_package(
        tmp_path / "centre", spacing_um_px=0.5, centre_size_pixels=16
    ).spec
    assert (spec.cell_um, spec.patch_um) == (8, 16)


def test_overlapping_targets_are_calibrated_each_by_itself() -> None:
    given = np.array([[0.9, 0.2], [0.5, 0.99]], np.float32)
    logits = np.log(given) - np.log1p(-given)
    expected = 1 / (1 + np.exp(-logits / 2))
    found = apply_temperature(given, 2.0, exclusive=False)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("rate", "weights"), [(0.5, 1_962_901), (1, 7_847_205), (2, 31_380_037)])
def test_the_published_u_net_for_nuclei_has_as_many_weights(rate: float, weights: int) -> None:
    filters = [int(width * rate) for width in (32, 64, 128, 256, 512)]
    shape = {"filters": filters, "last_channels": 2}
    network = build_network("unet", shape, patch_size_pixels=256, num_classes=1, exclusive=False)
    assert network.count_params() == weights


def test_the_published_u_net_for_lungs_has_as_many_weights() -> None:
    filters = [64, 96, 128, 192, 256, 256, 256, 256]
    shape = {"filters": filters, "convolutions": 1, "convolutions_up": 2, "last_channels": 64}
    shape |= {"activation": "elu"}
    network = build_network("unet", shape, patch_size_pixels=512, num_classes=1, exclusive=False)
    assert network.count_params() == 9_977_569
