"""Models of other makes: real files of each kind, refused unopened and with their own reason."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from slideviewer.errors import ModelError
from slideviewer.models import open_package
from slideviewer.models.install import add_package
from slideviewer.paths import user_models_folder


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def refusal(path: Path) -> str:
    """What is said of a file or folder, by whichever door it comes."""
    with pytest.raises(ModelError) as opened:
        open_package(path)
    with pytest.raises(ModelError) as added:
        add_package(path)
    assert str(opened.value) == str(added.value)
    assert list(user_models_folder().iterdir()) == []
    assert str(path) in str(opened.value) and opened.value.remedy
    return str(opened.value)


def write_keras(path: Path, *layers: object) -> Path:
    """Save a real Keras model in the format that the ending says."""
    import keras

    keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2)]).save(path)
    return path


def test_a_keras_archive_with_a_lambda_layer(tmp_path: Path) -> None:
    import keras

    path = write_keras(tmp_path / "a.keras", keras.layers.Lambda(lambda x: x * 2, name="twice"))
    assert 'the Lambda layer "twice"' in refusal(path)


def test_a_keras_archive_with_a_layer_of_one_s_own(tmp_path: Path) -> None:
    import keras

    @keras.saving.register_keras_serializable("lab")
    class Halve(keras.layers.Layer):
        def call(self, x: object) -> object:
            return x

    assert 'needs "lab>Halve"' in refusal(write_keras(tmp_path / "a.keras", Halve()))


def test_a_keras_archive_that_calls_a_function(tmp_path: Path) -> None:
    import keras

    @keras.saving.register_keras_serializable("lab")
    def bend(x: object) -> object:
        return x

    path = write_keras(tmp_path / "a.keras", keras.layers.Activation(bend))
    assert "bend" in refusal(path)


def test_a_keras_archive_of_nothing_but_keras_is_refused_all_the_same(tmp_path: Path) -> None:
    import keras

    said = refusal(write_keras(tmp_path / "a.keras", keras.layers.Dense(3, activation="relu")))
    assert "Keras archives are refused" in said and "This one" not in said


def test_a_keras_archive_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "a.keras").rename(tmp_path / "model.zip")
    assert "Keras archives are refused" in refusal(path)


def test_keras_weights_in_external_storage(tmp_path: Path) -> None:
    import h5py

    secret = tmp_path / "secret"
    secret.write_bytes(np.full(12, 7, np.float32).tobytes())
    path = write_keras(tmp_path / "a.keras")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    inner = tmp_path / "model.weights.h5"
    inner.write_bytes(parts["model.weights.h5"])
    with h5py.File(inner, "r+") as file:
        file.create_dataset("stolen", (12,), "<f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {"model.weights.h5": inner.read_bytes()}).items():
            archive.writestr(name, data)
    assert "external storage" in refusal(path)
    assert "external storage" in refusal(inner)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_whole_model_in_hdf5(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "a.h5")
    assert "Models in HDF5 are refused" in refusal(path)
    assert "Models in HDF5 are refused" in refusal(path.rename(tmp_path / "weights.npz"))


def test_a_saved_model(tmp_path: Path) -> None:
    import keras

    folder = tmp_path / "saved"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).export(folder, verbose=False)
    with pytest.raises(ModelError, match="SavedModels are refused"):
        open_package(folder)
    assert "SavedModels are refused" in refusal(folder / "saved_model.pb")


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "model.bin"
    path.write_bytes(pickle.dumps(Trap(trap)))
    assert "Pickles are refused" in refusal(path)
    assert "Pickles are refused" in refusal(path.rename(tmp_path / "model.joblib"))
    assert not trap.exists()


def test_a_pytorch_file(tmp_path: Path) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "torchscript_model.pt"
    with zipfile.ZipFile(path, "w") as archive:  # the layout of torch.save and torch.jit.save
        archive.writestr("model/data.pkl", pickle.dumps(Trap(trap)))
        archive.writestr("model/version", "3\n")
    assert "PyTorch files are refused" in refusal(path)
    assert "PyTorch files are refused" in refusal(path.rename(tmp_path / "model.zip"))
    assert not trap.exists()


@pytest.mark.parametrize(
    "description",
    [b"", b"{", b"[" * 100_000, b"null", b'{"class_name": 3, "config": []}', b"\xff" * 10],
)
def test_a_damaged_description_is_no_way_in(tmp_path: Path, description: bytes) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", description)
        archive.writestr("metadata.json", "{}")
    assert "Keras archives are refused" in refusal(path)


def test_a_configuration_of_the_wsinfer_zoo(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "spec_version": "1.0",
                "architecture": "resnet34",
                "num_classes": 2,
                "class_names": ["Other", "Tumor"],
                "patch_size_pixels": 350,
                "spacing_um_px": 0.25,
                "transform": [{"name": "Resize", "arguments": {"size": 224}}],
            }
        )
    )
    said = refusal(tmp_path / "config.json")
    assert "WSInfer" in said and "PyTorch" in said and "train tiles --like" in said
    assert "resnet34, classes Other, Tumor, tiles of 350 px at 0.25 µm/px" in said
    with pytest.raises(ModelError, match="torchscript_model"):
        add_package(tmp_path)
