"""Packages of random weights, and the slide that they look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.made_slide import SPACING_UM_PX, make_large_slide


@dataclass(frozen=True)
class Made:
    """A network to measure, and the tiles it gets: pixel for pixel those of level 0.

    Attributes
    ----------
    name : str
        As the tables show it.
    architecture : str
        One of `slideviewer.models.architectures.ARCHITECTURES`.
    patch : int
        Side of a tile in pixels.
    blocks : int
        Side of the slide, in blocks of 1,024 px.
    across : int
        Tiles along each side: of tile networks so many, edge to edge, from the slide's top left; a
        U-Net's cover all of the slide, and each half of the one before.
    goal : float
        How many times as fast as the others we want to be.
    """

    name: str
    architecture: str
    patch: int
    blocks: int
    across: int
    goal: float

    @property
    def segments(self) -> bool:
        """Whether it answers for each pixel."""
        return self.architecture == "unet"


INCEPTION = Made("InceptionV3", "tile-inception-v3", 299, 6, 12, 2.5)
MOBILE = Made("MobileNetV3 (large)", "tile-mobilenet-v3-large", 224, 6, 24, 4.0)
RESNET = Made("ResNet50V2", "tile-resnet50-v2", 224, 6, 16, 1.0)
UNET = Made("U-Net (32 to 512)", "unet", 512, 2, 7, 3.0)

ALL = {made.architecture: made for made in (INCEPTION, MOBILE, RESNET, UNET)}

_RECIPE = 1
"""Changes whenever the same arguments make another file."""


def made_slide(folder: Path, blocks: int) -> Path:
    """A small slide in Aperio's layout, all of which is looked at; made at the first call."""
    path = folder / f"tissue-{_RECIPE}-{blocks}.svs"
    return path if path.exists() else make_large_slide(path, blocks)


def write_made_package(made: Made, folder: Path) -> Path:
    """Write a network's package with the product's own code; it takes Keras.

    Parameters
    ----------
    made : Made
    folder : Path
        Where the package's folder is made.
    """
    from tiny_model import write_tiny_package, write_tiny_segmentation

    write = write_tiny_segmentation if made.segments else write_tiny_package
    kind = {"exclusive": True} if made.segments else {}
    package = write(
        folder / made.architecture,
        patch=made.patch,
        spacing_um_px=SPACING_UM_PX,
        architecture=made.architecture,
        architecture_config={},
        title=made.name,
        **kind,
    )
    return package.folder
