"""Small examples of the five systems that the product replaces, with their own networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from slideviewer.models.package import ModelPackage
from slideviewer.training import FitSettings, TrainTilesOptions, train_tiles
from slideviewer.training.augmentation import NAMED
from slideviewer.training.history import EpochRow
from slideviewer.training.nuclei.targets import TARGETS, inside_and_border
from slideviewer.training.nuclei.train import train_nuclei
from slideviewer.training.pictures.data import PictureData, anything_marked
from slideviewer.training.pictures.marked import in_folders, labelled
from slideviewer.training.segmentation.options import TrainPixelsOptions, filters_for
from slideviewer.training.segmentation.train import train_pixels

OnEpoch = Callable[[EpochRow], None]
LUNG_FILTERS = [64, 96, 128, 192, 256, 256, 256, 256]


@dataclass(frozen=True)
class System:
    """One of the systems.

    Attributes
    ----------
    title : str
    train : callable
        From a folder to work in, the public test files (or None), epochs, whether it is to be
        quick, and what is told of each epoch, to a package, the tiles of an epoch, and what it was
        trained on in words.
    """

    title: str
    train: Callable[[Path, Path | None, int, bool, OnEpoch], tuple[ModelPackage, int, str]]


def _of_tiles(
    architecture: str, patch: int, classes: int, trained: str, batch: int, augmentation: str
) -> Callable[[Path, Path | None, int, bool, OnEpoch], tuple[ModelPackage, int, str]]:
    def train(
        work: Path, _: Path | None, epochs: int, quick: bool, on_epoch: OnEpoch
    ) -> tuple[ModelPackage, int, str]:
        seen = 2 * batch if quick else 8 * batch
        names = [f"class{number}" for number in range(classes)]
        _write_set(work / "set.npz", 12 * classes, patch, classes)
        package = train_tiles(
            TrainTilesOptions(
                data=work / "set.npz",
                out=work / "package",
                name="example",
                classes={str(number): name for number, name in enumerate(names)},
                target=names[-1],
                patch_size_pixels=patch,
                spacing_um_px=0.5,
                architecture=architecture,
                fit=FitSettings(
                    epochs=epochs,
                    batch_size=batch,
                    epoch_tiles=seen,
                    mixup=0.0,
                    trained=trained,
                    augmentation=NAMED[augmentation],
                ),
            ),
            on_epoch=on_epoch,
        )
        what = "all of it" if trained == "all" else "its head"
        words = f"{architecture}, {what} trained; drawn tiles of {patch} px, {classes} classes"
        return package, seen, words

    return train


def _write_set(path: Path, count: int, patch: int, classes: int) -> None:
    """Tiles that differ by their colour, so that there is something to learn."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % classes
    base = rng.integers(60, 200, (classes, 1, 1, 3))[labels]
    data = np.clip(base + rng.integers(-50, 50, (count, patch, patch, 3)), 0, 255)
    np.savez(path, data=data.astype(np.uint8), labels=labels)


def _nuclei(
    work: Path, data: Path | None, epochs: int, quick: bool, on_epoch: OnEpoch
) -> tuple[ModelPackage, int, str]:
    source = _discs(work / "pictures", 8) if data is None else data / "nuclei" / "colour"
    pictures = labelled(source)[: 6 if quick else 12]
    options = TrainPixelsOptions(
        out=work / "package",
        name="example",
        spacing_um_px=0.5,
        tile_pixels=128 if quick else 256,
        architecture_config={"filters": filters_for(5, channel_rate=0.5)},
        epochs=epochs,
        batch_size=2,
    )
    examples = PictureData(
        tuple(pictures),
        {it.name: it.name for it in pictures},
        "nuclei",
        TARGETS,
        lambda labels: inside_and_border(labels, 2),
    )
    seen = _Seen(on_epoch)
    package = train_nuclei(options, examples, on_epoch=lambda state: seen(state.rows[-1]))
    tiles = seen.tiles(package)
    kind = "drawn discs" if data is None else "nuclei/colour"
    return package, tiles, f"U-Net of 16 to 256 channels; {kind}, tiles of {options.tile_pixels} px"


def _lung(
    work: Path, data: Path | None, epochs: int, quick: bool, on_epoch: OnEpoch
) -> tuple[ModelPackage, int, str]:
    if data is None:
        source = _discs(work / "pictures", 4)
        pictures = labelled(source)
        targets: tuple[str, ...] = ("Disc",)
    else:
        masks = {name: data / "lung" / name for name in ("Parenchyma", "SevereInflammation")}
        pictures = in_folders(data / "lung" / "Original", masks)[:5]
        targets = tuple(masks)
    filters = LUNG_FILTERS[:4] if quick else LUNG_FILTERS
    options = TrainPixelsOptions(
        out=work / "package",
        name="example",
        spacing_um_px=2.6,
        tile_pixels=128 if quick else 256,
        architecture_config={"filters": filters, "activation": "elu"},
        epochs=epochs,
        batch_size=2,
        validation_fraction=0.4,
    )
    cases = {it.name: it.name for it in pictures}
    scale = 0.25 if quick else 0.5
    examples = PictureData(tuple(pictures), cases, "lung", targets, anything_marked, scale)
    seen = _Seen(on_epoch)
    package = train_pixels(options, examples, on_epoch=lambda state: seen(state.rows[-1]))
    side = options.tile_pixels
    words = f"U-Net of {len(filters)} levels, {filters[0]} to {filters[-1]} channels"
    return package, seen.tiles(package), f"{words}; tiles of {side} px at {scale:g} of the size"


class _Seen:
    """Hands epochs on; how many tiles one sees stands in the card of the package."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self._on_epoch = on_epoch

    def __call__(self, row: EpochRow) -> None:
        self._on_epoch(row)

    @staticmethod
    def tiles(package: ModelPackage) -> int:
        from slideviewer.evaluation.model_card import read_card_data

        data = read_card_data(package)
        assert data is not None
        training = data.parts[0].amounts[data.columns.index("tiles") - 1]
        return int(training.replace(",", ""))


def _discs(folder: Path, count: int) -> Path:
    """Pictures of dark discs with their labels beside."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        picture = np.full((512, 512, 3), (220, 200, 225), np.uint8)
        labels = np.zeros((512, 512), np.uint16)
        for index, (x, y) in enumerate(rng.integers(20, 492, (40, 2)).tolist(), start=1):
            cv2.circle(picture, (x, y), 12, (140, 70, 90), -1)
            cv2.circle(labels, (x, y), 12, index, -1)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        cv2.imwrite(str(folder / f"{number}_labels.png"), labels)
    return folder


SYSTEMS = {
    "slides": System(
        "1. Tumour on slides", _of_tiles("tile-inception-v3", 224, 2, "head", 16, "geometry")
    ),
    "nuclei": System("2. Nuclei", _nuclei),
    "lung": System("3. Tissue targets", _lung),
    "types": System("4. Tissue types", _of_tiles("tile-resnet50-v2", 224, 9, "head", 16, "light")),
    "help": System("5. Metastasis, small FCN", _of_tiles("tile-fcn", 256, 2, "all", 16, "light")),
}
