"""Small slides with dark nests, what a specialist marked on them, and a network that sees dark."""

from pathlib import Path

import cv2
import keras
import numpy as np

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, write_asap
from slideviewer.slide.writing import write_pyramid
from slideviewer.training import FitSettings, TrainTilesOptions
from slideviewer.training.options import SlideOptions
from slideviewer.training.place_rules import LabelRule

SIDE, SPACING_UM_PX = 1024, 0.5
NEST = (256, 256, 512, 512)
"""Left, top, right and bottom of the marked nest; on tiles of 64 µm it is 2 by 2 of them."""
DECOY = (640, 640, 896, 896)
"""As dark, and marked by nobody."""
CLASSES = {"rest": "Normal", "Tumor": "Tumor"}
NETWORK: dict[str, object] = {"stem": 4, "widths": [8], "depths": [1]}


def write_slide(path: Path, *boxes: tuple[int, int, int, int], seed: int = 0) -> None:
    """Pink all over but for a margin of glass, with dark boxes in it."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), (240, 240, 240), np.float32)
    picture[64:-64, 64:-64] = (215, 150, 190)
    for left, top, right, bottom in boxes:
        picture[top:bottom, left:right] = (110, 60, 130)
    picture += cv2.resize(rng.normal(0, 9, (SIDE // 4, SIDE // 4, 3)), (SIDE, SIDE))
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    write_pyramid(path, (SIDE, SIDE), [pixels], SPACING_UM_PX)


def box(name: str, group: str | None, left: int, top: int, right: int, bottom: int) -> Annotation:
    """A rectangle as a specialist draws it."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return Annotation(name, Kind.POLYGON, as_points(corners), group)


def marks(*boxes: tuple[int, int, int, int], group: str = "Tumor") -> AnnotationSet:
    """Boxes marked as one group."""
    shapes = [box(f"A{number}", group, *it) for number, it in enumerate(boxes)]
    return AnnotationSet.of(shapes, [Group(group)])


def write_cases(folder: Path, count: int = 4) -> Path:
    """Slides of as many patients, each with a marked nest; all but the first have a decoy, too."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"patient_{number:02}_node.tif"
        write_slide(path, NEST, *([DECOY] if number else []), seed=number)
        write_asap(marks(NEST), path.with_suffix(".xml"))
    return folder


def options(data: Path, out: Path, **changes: object) -> TrainTilesOptions:
    """A quick training on such slides."""
    values: dict[str, object] = {
        "classes": CLASSES,
        "architecture_config": NETWORK,
        "validation_fraction": 0.25,
        "slides": SlideOptions(rule=LabelRule(1, 0.5), few=0),
        "fit": FitSettings(epochs=2, batch_size=8, mixup=0.0, ema=0.5),
        **changes,
    }
    return TrainTilesOptions(
        data=data,
        out=out,
        name="nests",
        target="Tumor",
        patch_size_pixels=32,
        spacing_um_px=2.0,
        **values,  # type: ignore[arg-type]
    )


def sees_dark(patch: int = 32) -> keras.Model:
    """A network that takes for the second class what is dark."""
    tiles = keras.Input((patch, patch, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(tiles)
    x = keras.layers.GlobalAveragePooling2D()(x)
    answer = keras.layers.Dense(2, activation="softmax")
    network = keras.Model(tiles, answer(x))
    answer.set_weights([np.array([[20.0, -20.0]] * 3), np.array([-36.0, 36.0])])
    return network
