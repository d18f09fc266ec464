"""A segmented slide in which all is known, with markup beside it."""

from contextlib import closing
from pathlib import Path

import numpy as np
from evaluation_fixtures import square
from mask_fixtures import Brightness, everywhere, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, write_annotations
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.slide import open_slide

SPACING = 0.5


def make_segmented(folder: Path) -> Path:
    """Write a slide with a red square that has a hole, and a green one that lies over its edge.

    Beside it, what a model says of it, in ``results``, and markup that is not quite the same.
    """
    pixels = np.zeros((700, 900, 3), np.uint8)
    pixels[100:400, 150:450, 0] = 230
    pixels[200:240, 200:260, 0] = 0
    pixels[300:600, 400:700, 1] = 230
    package = write_tiny_segmentation(folder / "tiny", patch=64, spacing_um_px=SPACING)
    with closing(open_slide(write_picture(folder / "squares.png", pixels))) as slide:
        predict_mask(
            slide,
            package,
            store=folder / "results" / "squares" / "store",
            spacing=SPACING,
            tissue=everywhere(slide),
            loader=ModelLoader(package, Brightness()),
        )
    (folder / "markup").mkdir()
    shapes = [
        Annotation("red", Kind.POLYGON, square(150, 100, 450, 400), "Parenchyma"),
        Annotation("green", Kind.POLYGON, square(400, 300, 600, 600), "Inflammation"),
    ]
    groups = [Group("Parenchyma"), Group("Inflammation")]
    write_annotations(AnnotationSet.of(shapes, groups), folder / "markup" / "squares.xml")
    return folder
