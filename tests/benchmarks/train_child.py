"""One measurement of training, in a process of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import keras
import numpy as np
import openslide

from benchmarks import child
from benchmarks.train_systems import SYSTEMS
from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, write_asap
from slideviewer.models.architectures import build_network
from slideviewer.training import FitSettings, TrainTilesOptions, train_tiles
from slideviewer.training.batches import Batch, BatchSource
from slideviewer.training.fit import compile_network
from slideviewer.training.gathering import Gathered, gather
from slideviewer.training.history import EpochRow
from slideviewer.training.options import SlideOptions
from slideviewer.training.place_rules import LabelRule

PATCH, SPACING_UM_PX, BATCH, STEPS = 128, 0.486, 16, 24
READERS = min(8, os.cpu_count() or 1)
"""As many threads as a training has."""
_TARGET, _OTHER = "Tumor", "Normal"


def main() -> None:
    """Measure what is asked for."""
    told = child.settings()
    what: dict[str, Callable[[dict[str, Any]], dict[str, object]]] = {
        "feed": _feed,
        "memory": _memory,
        "epochs": _epochs,
        "bits": _bits,
    }
    child.answer({**what[told["what"]](told), "device": _device()})


def _device() -> str:
    found = keras.distribution.list_devices()
    return found[0].split(":")[0] if found else "cpu"


def _feed(told: dict[str, Any]) -> dict[str, object]:
    """Feeding, taking, both, and a plain loop, in turns."""
    slide = child.path_of(told, "slide")
    speeds: dict[str, list[float]] = {
        name: [] for name in ("fed", "taken", "together", "plain", "first")
    }
    with TemporaryDirectory(prefix="slideviewer-bench-") as folder:
        data = _marked(slide, Path(folder))
        network = _network(told["architecture"], PATCH, 2)
        for run in range(1 + told["runs"]):
            options = _options(data, Path(folder) / f"package-{run}")
            began = time.perf_counter()
            gathered = gather(options)
            source = _source(gathered, options.fit)
            network.fit(_Batches(lambda at, s=source: s.batch(0, at), STEPS), verbose=0)
            looked = time.perf_counter() - began
            if run == 0:  # traced, and all files warm
                _plain(network, slide, gathered)
                continue
            speeds["first"].append(STEPS * BATCH / looked)
            with ThreadPoolExecutor(READERS) as pool:
                speeds["fed"].append(
                    _speed(
                        lambda s=source, p=pool: list(p.map(lambda at: s.batch(1, at), _steps()))
                    )
                )
            ready = source.batch(1, 0)
            for name, batch_of in (
                ("taken", lambda _, r=ready: r),
                ("together", lambda at, s=source: s.batch(1, at)),
            ):
                feed = _Batches(batch_of, STEPS)
                speeds[name].append(_speed(lambda f=feed: network.fit(f, verbose=0)))
            speeds["plain"].append(_speed(lambda g=gathered: _plain(network, slide, g)))
    tiles = len(gathered.examples)
    return {**speeds, "tiles": tiles, "batch": BATCH}


def _steps() -> range:
    return range(STEPS)


def _speed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return STEPS * BATCH / (time.perf_counter() - began)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """A feed as a training has it."""

    def __init__(self, batch_of: Callable[[int], Batch], count: int) -> None:
        super().__init__(workers=READERS, max_queue_size=16)
        self._batch_of, self._count = batch_of, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Batch:
        return self._batch_of(index)


def _plain(network: keras.Model, path: Path, gathered: Gathered) -> None:
    """What one would write: read the next tiles with OpenSlide, and fit on them."""
    sample = gathered.sample
    assert sample is not None
    rng = np.random.default_rng(0)
    with closing(openslide.OpenSlide(path)) as slide:
        spacing = float(slide.properties[openslide.PROPERTY_NAME_MPP_X])
        side = round(PATCH * SPACING_UM_PX / spacing)
        width, height = slide.dimensions

        def batches() -> Iterator[Batch]:
            while True:
                tiles = []
                for _ in range(BATCH):
                    x, y = int(rng.integers(width - side)), int(rng.integers(height - side))
                    region = np.asarray(slide.read_region((x, y), 0, (side, side)).convert("RGB"))
                    tiles.append(cv2.resize(region, (PATCH, PATCH), interpolation=cv2.INTER_AREA))
                labels = np.arange(BATCH) % 2
                yield np.stack(tiles), np.eye(2, dtype=np.float32)[labels]

        network.fit(batches(), steps_per_epoch=STEPS, verbose=0)


def _network(architecture: str, patch: int, classes: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    network = build_network(
        architecture, {}, patch_size_pixels=patch, num_classes=classes, exclusive=True
    )
    compile_network(network, FitSettings(), 1000)
    return network


def _marked(slide: Path, folder: Path) -> Path:
    """A folder with a slide of which the left half is marked."""
    data = folder / "slides"
    data.mkdir()
    (data / "made.svs").symlink_to(slide)
    with closing(openslide.OpenSlide(slide)) as opened:
        width, height = opened.dimensions
    corners = [(0, 0), (width // 2, 0), (width // 2, height), (0, height)]
    shape = Annotation("left", Kind.POLYGON, as_points(corners), _TARGET)
    write_asap(AnnotationSet.of([shape], [Group(_TARGET)]), data / "made.xml")
    return data


def _options(data: Path, out: Path) -> TrainTilesOptions:
    return TrainTilesOptions(
        data=data,
        out=out,
        name="bench",
        classes={"rest": _OTHER, _TARGET: _TARGET},
        target=_TARGET,
        patch_size_pixels=PATCH,
        spacing_um_px=SPACING_UM_PX,
        slides=SlideOptions(rule=LabelRule(1, 0.5), few=0, least_tissue=0.0),
        fit=FitSettings(batch_size=BATCH),
    )


def _source(gathered: Gathered, settings: FitSettings) -> BatchSource:
    examples = gathered.examples
    return BatchSource(
        examples.tiles, examples.labels, len(examples.class_names), settings, None, examples.groups
    )


def _memory(told: dict[str, Any]) -> dict[str, object]:
    """The whole of a training on a set in `.npz`, of one epoch."""
    count, patch = told["tiles"], 96
    with TemporaryDirectory(prefix="slideviewer-bench-") as folder:
        data = Path(folder) / "set.npz"
        _write_tiles(data, count, patch)
        _network(told["architecture"], patch, 2)
        with _watched() as seen:
            before = seen()
            train_tiles(
                TrainTilesOptions(
                    data=data,
                    out=Path(folder) / "package",
                    name="bench",
                    classes={"0": _OTHER, "1": _TARGET},
                    target=_TARGET,
                    patch_size_pixels=patch,
                    spacing_um_px=0.5,
                    fit=FitSettings(epochs=1, batch_size=BATCH),
                )
            )
            peak = seen()
    size = count * patch * patch * 3 / 1e6
    return {"set_mb": size, "before_mb": before, "peak_mb": peak}


def _write_tiles(path: Path, count: int, patch: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    with TemporaryDirectory(prefix="slideviewer-bench-") as folder:
        shape = (count, patch, patch, 3)
        data = np.lib.format.open_memmap(
            Path(folder) / "data.npy", mode="w+", dtype=np.uint8, shape=shape
        )
        for start in range(0, count, 100):
            some = labels[start : start + 100, None, None, None]
            noise = rng.integers(0, 120, (len(some), patch, patch, 3))
            data[start : start + 100] = noise + 60 * some
        np.savez(path, data=data, labels=labels)
        del data


@contextmanager
def _watched() -> Iterator[Callable[[], float]]:
    """The most memory of its own that this process had so far, in MB, looked at all the time."""
    most, ended = [_own_mb()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], _own_mb())

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        ended.set()
        thread.join()


def _own_mb() -> float:
    """Anonymous memory in MB; not-a-number where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return float("nan")
    found = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
    return int(found[0]) * 1024 / 1e6 if found else float("nan")


def _epochs(told: dict[str, Any]) -> dict[str, object]:
    """An epoch of a system's example; the first one, which is traced, does not count."""
    seconds: list[float] = []

    def on_epoch(row: EpochRow) -> None:
        seconds.append(row.seconds)

    data = Path(told["data"]) if told["data"] else None
    with TemporaryDirectory(prefix="slideviewer-bench-") as folder:
        train = SYSTEMS[told["system"]].train
        package, seen, words = train(Path(folder), data, told["epochs"], told["quick"], on_epoch)
        spec = package.spec
        network = build_network(
            spec.architecture,
            spec.architecture_config,
            patch_size_pixels=spec.patch_size_pixels,
            num_classes=spec.num_classes,
            exclusive=spec.exclusive,
        )
    return {"seconds": seconds[1:], "seen": seen, "of": words, "weights": network.count_params()}


def _bits(told: dict[str, Any]) -> dict[str, object]:
    """How fast a network takes batches, in one precision."""
    keras.mixed_precision.set_global_policy(told["precision"])
    rng, patch = np.random.default_rng(0), told["patch"]
    tiles = rng.integers(0, 256, (BATCH, patch, patch, 3), np.uint8)
    if told["network"] == "unet":
        network = build_network(
            "unet",
            {"filters": [16, 32, 64]},
            patch_size_pixels=patch,
            num_classes=1,
            exclusive=False,
        )
        network.compile("adam", "binary_crossentropy", jit_compile=False)
        targets = rng.integers(0, 2, (BATCH, patch, patch, 1)).astype(np.float32)
    else:
        network = _network(told["network"], patch, 2)
        targets = np.eye(2, dtype=np.float32)[np.arange(BATCH) % 2]
    feed = _Batches(lambda _: (tiles, targets), STEPS)
    network.fit(feed, verbose=0)
    return {"taken": _speed(lambda: network.fit(feed, verbose=0))}


if __name__ == "__main__":
    main()
