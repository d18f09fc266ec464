"""Engines: they agree, prove themselves, are tried and remembered, and make do with less memory."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer.errors import ModelError
from slideviewer.inference.engines import openvino_engine, trial
from slideviewer.inference.engines.choosing import choose, engines, load_classifier
from slideviewer.inference.engines.converted import converted
from slideviewer.inference.engines.engine import gpus_allowed, threads_allowed
from slideviewer.inference.engines.keras_engine import Keras, Reference
from slideviewer.inference.engines.memory import Choice, occasion_now, recall, remember
from slideviewer.inference.engines.openvino_engine import OpenVino
from slideviewer.inference.loader import ModelLoader
from slideviewer.models import ModelPackage, TileClassifier, write_package
from slideviewer.models.arrays import pack_arrays, unpack_arrays
from slideviewer.models.network import KerasNetwork, OutOfMemory, Way
from slideviewer.models.spec import GOLDEN, WEIGHTS
from slideviewer.paths import converted_models_folder, engines_file

KERAS = Way("Keras")
NUCLEI = {"task": "nuclei", "exclusive": True, "class_names": ("Inside", "Border")}


def make(folder: Path, kind: str = "tiles", seed: int = 1, **changes: object) -> ModelPackage:
    if kind == "tiles":
        return write_tiny_package(folder / f"tiles-{seed}", seed=seed, **changes)
    changes = {**NUCLEI, "target_class": "Inside", **changes} if kind == "nuclei" else changes
    return write_tiny_segmentation(folder / kind, **changes)


def some_tiles(count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 32, 32, 3), np.uint8)


def kept_file(package: ModelPackage) -> Path:
    return converted_models_folder() / f"{package.hash}.openvino"


_CONVERTED: dict[str, bytes] = {}


def put_converted(package: ModelPackage) -> None:
    """Put a package's converted network where it is kept; it is made once for all tests."""
    if package.hash not in _CONVERTED:
        converted(package, Reference().network)
        _CONVERTED[package.hash] = kept_file(package).read_bytes()
    kept_file(package).parent.mkdir(parents=True, exist_ok=True)
    kept_file(package).write_bytes(_CONVERTED[package.hash])


@pytest.mark.parametrize("kind", ["tiles", "segmentation", "nuclei"])
def test_every_engine_answers_as_the_reference(tmp_path: Path, kind: str) -> None:
    package = make(tmp_path, kind)
    tiles = some_tiles(5)
    *others, reference = (engine for engine in engines(1) if engine.is_available())
    assert reference.way == KERAS
    expected = reference.load(package).predict(tiles)
    assert expected.shape == (5, *package.spec.answer_shape)
    assert "OpenVINO on the CPU in float32" in {str(engine.way) for engine in others}
    for engine in others:
        found = engine.load(package).predict(tiles)
        assert (found.shape, found.dtype) == (expected.shape, np.float32)
        reduced = engine.way.is_reduced
        allowed = package.spec.reduced_tolerance if reduced else package.spec.golden_tolerance
        np.testing.assert_allclose(found, expected, atol=allowed, err_msg=str(engine.way))


def test_keras_in_mixed_precision_proves_itself_and_leaves_no_trace(tmp_path: Path) -> None:
    import keras

    package, tiles = make(tmp_path), some_tiles(3)
    former = keras.config.dtype_policy().name
    reference = Reference().network
    mixed = Keras(Way("Keras", "CPU", "float16"), reference).load(package)
    full = Keras(KERAS, reference).load(package)
    assert keras.config.dtype_policy().name == former
    difference = np.abs(mixed.predict(tiles) - full.predict(tiles)).max()
    assert 0 < difference < package.spec.reduced_tolerance


def as_if_converted_from(other: ModelPackage, package: ModelPackage) -> None:
    """Keep another package's network under a package's name, as whole as its own."""
    put_converted(other)
    head, body = kept_file(other).read_bytes().split(b"\n", 1)
    facts = json.loads(head) | {"package": package.hash}
    kept_file(package).write_bytes(json.dumps(facts).encode() + b"\n" + body)


def test_an_engine_that_misses_the_sample_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    package, other = make(tmp_path), make(tmp_path, seed=2)
    as_if_converted_from(other, package)
    classifier = load_classifier(package)
    facts = classifier.describe()
    assert (facts["engine"], facts["device"], facts["precision"]) == ("Keras", "CPU", "float32")
    assert any(
        "OpenVINO on the CPU in float32 is not used. The model misses its own golden sample" in told
        for told in classifier.notices
    )
    with pytest.raises(ModelError, match="OpenVINO on the CPU in float32 is not used"):
        load_classifier(package, "openvino")


def test_an_engine_may_miss_the_sample_no_further_than_the_package_allows(tmp_path: Path) -> None:
    package = make(tmp_path, reduced_tolerance=1e-12)
    mixed = Keras(Way("Keras", "CPU", "float16"), Reference().network)
    with pytest.raises(ModelError, match="golden sample"):
        mixed.load(package)
    classifier = choose(package, "keras", 1, [mixed, *engines(1)[-1:]])
    assert classifier.describe()["precision"] == "float32"
    assert "Keras on the CPU in float16 is not used" in classifier.notices[0]


def test_what_engine_computes_is_the_users_choice(tmp_path: Path) -> None:
    package = make(tmp_path)
    put_converted(package)
    for wanted, title in (("keras", "Keras"), ("openvino", "OpenVINO")):
        classifier = ModelLoader(package, engine=wanted, threads=1).load().result()
        assert isinstance(classifier, TileClassifier)
        assert classifier.describe()["engine"] == title
        assert classifier.describe()["batch_size"] == classifier.batch_size
    with pytest.raises(ModelError, match=r'no engine "cuda".*auto, keras, openvino'):
        load_classifier(package, "cuda")


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which OpenVINO cannot be imported."""
    openvino_engine._capabilities.cache_clear()
    monkeypatch.setitem(sys.modules, "openvino", None)
    yield
    openvino_engine._capabilities.cache_clear()


def test_an_engine_that_is_not_installed_is_told_of_in_words(
    tmp_path: Path, without_openvino: None
) -> None:
    package = make(tmp_path)
    with pytest.raises(ModelError, match='"openvino" is not installed, or does not run'):
        load_classifier(package, "openvino")
    classifier = load_classifier(package)
    assert (classifier.describe()["engine"], classifier.notices) == ("Keras", [])


def test_a_device_that_is_not_there_is_not_available() -> None:
    assert not OpenVino(Way("OpenVINO", "NPU", "float16"), 1, Reference().network).is_available()


def test_the_models_used_last_stay_converted(tmp_path: Path) -> None:
    package = make(tmp_path)
    put_converted(package)
    os.utime(kept_file(package), (1, 1))
    others = [kept_file(package).with_name(f"{number}.openvino") for number in range(16)]
    for number, other in enumerate(others):
        other.write_bytes(b"another")
        os.utime(other, (number + 2, number + 2))
    converted(package, ask)  # used again, it is the newest
    newcomer = make(tmp_path, seed=2)
    converted(newcomer, Reference().network)
    left = {path.name for path in converted_models_folder().iterdir()}
    assert len(left) == 16
    assert {kept_file(package).name, kept_file(newcomer).name, others[-1].name} <= left
    assert others[0].name not in left


class Asked(Exception):
    """The network was asked for, so it would be converted anew."""


def ask(package: ModelPackage) -> None:
    raise Asked


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"sha256", b"sha257", 1),
        lambda data: data.replace(b'"keras": "', b'"keras": "0', 1),
        lambda data: b"[" * 5000,
        lambda data: b"3\n",
        lambda data: b"",
    ],
    ids=["a bit", "cut off", "head", "of another version", "nested", "number", "empty"],
)
def test_a_damaged_converted_model_is_refused(tmp_path: Path, damage) -> None:
    package = make(tmp_path)
    put_converted(package)
    whole = kept_file(package).read_bytes()
    assert len(converted(package, ask).xml) > 1000
    kept_file(package).write_bytes(damage(whole))
    with pytest.raises(Asked):
        converted(package, ask)


def test_a_damaged_converted_model_is_made_again(tmp_path: Path) -> None:
    package = make(tmp_path)
    put_converted(package)
    wanted = OpenVino(Way("OpenVINO"), 1, Reference().network)
    expected = wanted.load(package).predict(some_tiles(2))
    kept_file(package).write_bytes(kept_file(package).read_bytes()[:-1] + b"?")
    np.testing.assert_allclose(wanted.load(package).predict(some_tiles(2)), expected, atol=1e-6)
    assert len(converted(package, ask).weights) > 1000


def test_a_cache_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    package = make(tmp_path)
    converted_models_folder().parent.mkdir(parents=True)
    converted_models_folder().write_text("a file where the folder should be")
    engines_file().mkdir()
    assert load_classifier(package, "openvino").describe()["engine"] == "OpenVINO"


_LOAD = """
import sys
import numpy as np
from slideviewer.inference.loader import ModelLoader
from slideviewer.models import open_package

model = ModelLoader(open_package(sys.argv[1]), engine="openvino", threads=1).load().result()
model.predict(np.zeros((3, 32, 32, 3), np.uint8))
strangers = ("keras", "tensorflow", "openvino_telemetry")
print(model.describe()["engine"], *(name for name in strangers if sys.modules.get(name)))
"""


def test_a_converted_model_is_loaded_without_keras_and_nobody_is_told(tmp_path: Path) -> None:
    package = make(tmp_path)
    put_converted(package)
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(package.folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home), "CI": ""},
    )
    assert done.stdout == "OpenVINO\n"
    assert not list(home.iterdir()), "OpenVINO keeps there what names the user to its makers"


def test_nothing_of_an_engine_is_imported_before_a_model_is_loaded() -> None:
    code = (
        "import sys, slideviewer.inference.loader, slideviewer.inference.worker;"
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'openvino')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_choice_is_remembered_for_its_occasion_alone(tmp_path: Path) -> None:
    package = make(tmp_path)
    put_converted(package)
    occasion = occasion_now(package.hash, "auto", 1)
    remember(engines_file(), occasion, Choice(way=str(KERAS), batch_size=4, tiles_per_s=9))
    facts = load_classifier(package, "auto", 1).describe()
    assert (facts["engine"], facts["batch_size"]) == ("Keras", 4)
    newer = occasion.model_copy(update={"versions": {"keras": "99"}})
    assert recall(engines_file(), newer) is None
    load_classifier(package, "openvino", 1)
    found = recall(engines_file(), occasion_now(package.hash, "openvino", 1))
    assert found is not None and found.way.startswith("OpenVINO")
    assert recall(engines_file(), occasion) is not None, "one choice does not push out another"


def test_a_damaged_memory_is_a_forgotten_one(tmp_path: Path) -> None:
    occasion = occasion_now("0" * 64, "auto", 1)
    choice = Choice(way=str(KERAS), batch_size=4, tiles_per_s=9)
    remember(engines_file(), occasion, choice)
    whole = engines_file().read_bytes()
    for damaged in (b"", whole[:-9], whole.replace(b": 4", b": 0"), b"[" * 9999, b"\xff", b"{}"):
        engines_file().write_bytes(damaged)
        assert recall(engines_file(), occasion) is None
        remember(engines_file(), occasion, choice)
        assert recall(engines_file(), occasion) == choice


def test_what_was_remembered_and_fails_is_chosen_anew(tmp_path: Path) -> None:
    package, other = make(tmp_path), make(tmp_path, seed=2)
    as_if_converted_from(other, package)
    occasion = occasion_now(package.hash, "auto", 1)
    remember(
        engines_file(),
        occasion,
        Choice(way="OpenVINO on the CPU in float32", batch_size=4, tiles_per_s=9),
    )
    assert load_classifier(package, "auto", 1).describe()["engine"] == "Keras"
    found = recall(engines_file(), occasion)
    assert found is not None and found.way == str(KERAS)


class Narrow:
    """A network for few tiles at once: more of them raise what TensorFlow raises."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[int] = []

    def predict_on_batch(self, tiles: np.ndarray) -> np.ndarray:
        import tensorflow

        self.asked.append(len(tiles))
        if len(tiles) > self.most:
            raise tensorflow.errors.ResourceExhaustedError(None, None, "OOM when allocating")
        red = tiles[..., 0].mean(axis=(1, 2), dtype=np.float32) / 255
        return np.stack([1 - red, red], axis=1)


def test_a_batch_too_large_for_the_gpu_is_halved(tmp_path: Path) -> None:
    package, tiles = make(tmp_path), some_tiles(9)
    narrow = Narrow(4)
    classifier = TileClassifier(package, 16, KerasNetwork(narrow, Way("Keras", "GPU")))
    answers = classifier.predict(tiles)
    np.testing.assert_allclose(answers, Narrow(9).predict_on_batch(tiles))
    assert narrow.asked == [16, 8, 4, 4, 1]
    assert classifier.notices == [
        "16 tiles at once do not fit into the memory of the GPU. Batches are of 8 now.",
        "8 tiles at once do not fit into the memory of the GPU. Batches are of 4 now.",
    ]
    classifier.batch_size = 64
    assert classifier.batch_size == 4, "nobody tries again what did not fit"
    classifier.batch_size = 2
    assert classifier.describe()["batch_size"] == 2


def test_a_gpu_too_small_for_a_tile_gives_way_to_the_cpu(tmp_path: Path) -> None:
    package, tiles = make(tmp_path), some_tiles(3)
    on_gpu = KerasNetwork(Narrow(0), Way("Keras", "GPU", "float16"))
    on_cpu = Keras(KERAS, Reference().network)
    classifier = TileClassifier(package, 2, on_gpu, fallback=lambda: on_cpu.load(package))
    answers = classifier.predict(tiles)
    np.testing.assert_allclose(answers, on_cpu.load(package).predict(tiles), atol=1e-5)
    assert classifier.describe()["device"] == "CPU"
    assert "It goes on with Keras on the CPU in float32." in classifier.notices[-1]
    classifier.batch_size = 64
    assert classifier.batch_size == 64, "another memory has room of its own"


def test_a_model_that_fits_nowhere_is_told_of_in_words(tmp_path: Path) -> None:
    classifier = TileClassifier(make(tmp_path), 2, KerasNetwork(Narrow(0), KERAS))
    with pytest.raises(OutOfMemory, match="One tile does not fit into the memory of the CPU"):
        classifier.predict(some_tiles(1))


@dataclasses.dataclass
class OnSmallGpu:
    """An engine on a graphics processor with room for so many tiles, until `most` is lowered."""

    network: Narrow
    name: ClassVar[str] = "keras"
    way: ClassVar[Way] = Way("Keras", "GPU", "float16")

    def is_available(self) -> bool:
        return True

    def load(self, package: ModelPackage) -> KerasNetwork:
        return KerasNetwork(self.network, self.way)


def test_the_engine_chosen_on_a_gpu_brings_its_fallback(tmp_path: Path) -> None:
    package, narrow = make(tmp_path), Narrow(8)
    on_cpu = Keras(KERAS, Reference().network)
    remember(
        engines_file(),
        occasion_now(package.hash, "keras", 1),
        Choice(way=str(OnSmallGpu(narrow).way), batch_size=8, tiles_per_s=900),
    )
    classifier = choose(package, "keras", 1, [OnSmallGpu(narrow), on_cpu])
    assert classifier.describe()["device"] == "GPU"
    narrow.most = 0  # another program took its memory
    answers = classifier.predict(some_tiles(1))
    np.testing.assert_allclose(answers, on_cpu.load(package).predict(some_tiles(1)), atol=1e-5)
    assert classifier.describe()["device"] == "CPU"


class Broken:
    """A network on a device that does not work, which TensorFlow tells when it is used."""

    def __init__(self, *layers: object) -> None:
        import tensorflow

        raise tensorflow.errors.InternalError(None, None, "no kernel image is available")


def test_a_gpu_that_does_not_work_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, reference = make(tmp_path), Reference().network
    reference(package)
    monkeypatch.setattr("slideviewer.inference.engines.keras_engine.load_model", Broken)
    broken = Keras(Way("Keras", "CPU", "float16"), reference)
    classifier = choose(package, "keras", 1, [broken, Keras(KERAS, reference)])
    assert classifier.describe()["precision"] == "float32"
    assert "no kernel image is available" in classifier.notices[0]


def test_a_gpu_too_small_from_the_start_is_told_of(tmp_path: Path) -> None:
    on_cpu = Keras(KERAS, Reference().network)
    classifier = choose(make(tmp_path), "keras", 1, [OnSmallGpu(Narrow(0)), on_cpu])
    assert classifier.describe()["device"] == "CPU"
    assert "does not fit into the memory of the GPU" in classifier.notices[0]


def test_a_package_that_is_at_fault_is_refused_in_its_own_words(tmp_path: Path) -> None:
    package = make(tmp_path)
    wrong = dict(unpack_arrays(package.read(GOLDEN)))
    wrong["probabilities"] = wrong["probabilities"][:, ::-1].copy()
    files = {WEIGHTS: package.read(WEIGHTS), GOLDEN: pack_arrays(wrong)}
    swapped = write_package(tmp_path / "swapped", package.spec, files)
    with pytest.raises(ModelError, match=r"swapped: The model misses its own golden sample"):
        load_classifier(swapped)


class Clocked:
    """A network that takes so many seconds a batch and a tile, by a clock of its own."""

    way = KERAS

    def __init__(self, batch: float, tile: float, most: int = 10**6) -> None:
        self.now, self._batch, self._tile, self._most = 0.0, batch, tile, most

    def predict(self, batch: np.ndarray) -> np.ndarray:
        if len(batch) > self._most:
            raise OutOfMemory("too many")
        self.now += self._batch + self._tile * len(batch)
        return np.zeros((len(batch), 2), np.float32)


@pytest.mark.parametrize(
    ("network", "rate", "batch"),
    [
        (Clocked(0, 2.0), 0.5, 1),
        (Clocked(0, 0.02), 50, 8),
        (Clocked(0.02, 0.001), 8 / 0.028, 32),
        (Clocked(0, 1e-6), 1e6, 256),
        (Clocked(0, 0.001, most=8), 1000, 32),
    ],
    ids=["slow", "medium", "better in batches", "quick", "short of memory"],
)
def test_a_trial_is_short_and_finds_the_batch(
    monkeypatch: pytest.MonkeyPatch, network: Clocked, rate: float, batch: int
) -> None:
    monkeypatch.setattr(trial, "time", SimpleNamespace(perf_counter=lambda: network.now))
    found = trial.measure(network, some_tiles(1))
    assert found.tiles_per_s == pytest.approx(rate)
    assert found.batch_size == batch
    assert network.now < 2.1


def test_as_many_threads_as_the_process_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_allowed() == 3
    for odd in ("", "0", "-2", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", odd)
        assert 1 <= threads_allowed() <= (os.cpu_count() or 1)


def test_a_worker_that_stays_on_the_cpu_asks_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not gpus_allowed()
    devices = {engine.way.device for engine in engines(1) if engine.is_available()}
    assert devices == {"CPU"}
