"""Networks from packages: built by our own code, and proved on their own sample."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slideviewer.errors import ModelError
from slideviewer.models import ModelPackage, ModelSpec, TileClassifier, load_model, write_package
from slideviewer.models.architectures import build_network
from slideviewer.models.arrays import pack_arrays, unpack_arrays
from slideviewer.models.loading import apply_temperature, pack_weights
from slideviewer.models.package import available_packages

CONFIG: dict[str, object] = {"stem": 4, "widths": [4, 8], "depths": [1, 1]}
SIZE = 32


def make(
    folder: Path, *, weights: bytes | None = None, golden: bytes | None = None, **changes: object
) -> ModelPackage:
    network = build_network("tile-small", CONFIG, patch_size_pixels=SIZE, num_classes=2)
    packed = pack_weights(network)
    for variable in network.weights:
        variable.assign(unpack_arrays(packed)[variable.path].astype(np.float32))
    tiles = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)
    answers = np.asarray(network.predict_on_batch(tiles), np.float32)
    values: dict[str, object] = {
        "architecture": "tile-small",
        "architecture_config": CONFIG,
        "num_classes": 2,
        "class_names": ("Normal", "Tumor"),
        "patch_size_pixels": SIZE,
        "spacing_um_px": 0.5,
        "name": "small",
        "title": "Small",
        "licence": "CC0",
        "intended_use": "Tests.",
        "trained_on": "Nothing.",
        "target_class": "Tumor",
    }
    files = {
        "weights.npz": packed if weights is None else weights,
        "golden.npz": golden or pack_arrays({"tiles": tiles, "probabilities": answers}),
    }
    return write_package(folder, ModelSpec.model_validate(values | changes), files)


def tiles(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def test_a_package_loads_and_answers(tmp_path: Path) -> None:
    package = make(tmp_path / "small")
    network = load_model(package)
    answers = network.predict_on_batch(tiles(4))
    assert answers.shape == (4, 2)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


def test_answers_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    package = make(tmp_path / "small", temperature=2.0)
    some = tiles(7)
    whole = TileClassifier(package, batch_size=8).predict(some)
    split = TileClassifier(package, batch_size=3).predict(some)
    assert whole.shape == (7, 2) and whole.dtype == np.float32
    np.testing.assert_allclose(whole, split, atol=1e-5)
    assert TileClassifier(package).predict(some[:0]).shape == (0, 2)


def test_tiles_of_another_kind_are_refused(tmp_path: Path) -> None:
    classifier = TileClassifier(make(tmp_path / "small"))
    with pytest.raises(ValueError, match="uint8"):
        classifier.predict(tiles(1).astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="32, 32, 3"):
        classifier.predict(tiles(1)[:, :16])


def test_a_missed_golden_sample_is_refused(tmp_path: Path) -> None:
    wrong = np.array([[0.25, 0.75], [0.9, 0.1]], np.float32)
    package = make(
        tmp_path / "small", golden=pack_arrays({"tiles": tiles(2), "probabilities": wrong})
    )
    with pytest.raises(ModelError, match="misses its own golden sample"):
        load_model(package)


@pytest.mark.parametrize(
    "sample",
    [
        {"tiles": tiles(1)},
        {"tiles": tiles(1)[:, :8], "probabilities": np.zeros((1, 2), np.float32)},
        {"tiles": tiles(2), "probabilities": np.zeros((1, 2), np.float32)},
        {"tiles": tiles(0), "probabilities": np.zeros((0, 2), np.float32)},
    ],
)
def test_a_golden_sample_that_proves_nothing_is_refused(
    tmp_path: Path, sample: dict[str, np.ndarray]
) -> None:
    package = make(tmp_path / "small", golden=pack_arrays(sample))
    with pytest.raises(ModelError, match="golden sample has not"):
        load_model(package)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    package = make(tmp_path / "small", architecture_config=CONFIG | {"widths": [4, 16]})
    with pytest.raises(ModelError, match="do not fit"):
        load_model(package)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    network = build_network("tile-small", CONFIG, patch_size_pixels=SIZE, num_classes=2)
    arrays = dict(unpack_arrays(pack_weights(network)))
    arrays["stem/kernel"] = np.full_like(arrays["stem/kernel"], np.nan)
    with pytest.raises(ModelError, match="finite"):
        load_model(make(tmp_path / "small", weights=pack_arrays(arrays)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architecture": "unknown"}, "unknown"),
        ({"architecture_config": {"widths": [1_000_000]}}, "widths"),
        ({"architecture_config": {"code": "import os"}}, "code"),
        ({"architecture_config": {"widths": [8, 8], "depths": [1]}}, "as many"),
    ],
)
def test_networks_that_are_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        load_model(make(tmp_path / "small", **changes))


def test_temperature_keeps_the_order_and_the_sum() -> None:
    before = np.array([[0.9, 0.1], [0.5, 0.5], [1.0, 0.0]], np.float32)
    after = apply_temperature(before, 2.0)
    np.testing.assert_allclose(after.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(after[0], [0.75, 0.25], atol=1e-6)
    np.testing.assert_allclose(after[1], [0.5, 0.5])
    assert np.isfinite(after).all()
    assert apply_temperature(before, 1.0) is before


def test_bundled_models_reproduce_their_golden_samples() -> None:
    for found in available_packages():
        assert found.package is not None, found.error
        if found.package.origin == "bundled":
            load_model(found.package)


def test_importing_loads_no_keras() -> None:
    code = (
        "import sys, slideviewer.models, slideviewer.models.architectures, slideviewer.training;"
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
