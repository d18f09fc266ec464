"""Classify pictures that are one tile each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError, SlideError
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.read_ahead import read_ahead, result_of
from slideviewer.inference.resample import resample
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.slide import Spacing

LARGEST_TILE_PX = 2048
"""A picture with a longer side is no tile."""

PLAIN_VENDORS = ("png", "jpeg", "bmp", "tiff")
"""What `slideviewer.slide.open_slide` calls pictures without a pyramid of their own."""

PICTURES_FILE = "images.csv"
"""A line for each picture."""
RUN_FILE = "run.json"

_BATCH = 32


@dataclass(frozen=True, eq=False)
class PictureResult:
    """What became of one picture.

    Attributes
    ----------
    path : Path
    probabilities : ndarray (classes,), float32, or None
        None where it could not be read.
    problem : str
        Why, for the user.
    size : tuple of int
        Width and height in its own pixels.
    pixel_um2 : float or None
        What one of them covers, where the picture says.
    """

    path: Path
    probabilities: NDArray[np.float32] | None
    problem: str = ""
    size: tuple[int, int] = (0, 0)
    pixel_um2: float | None = None


@dataclass(frozen=True, eq=False)
class TilePicture:
    """A picture as a model sees it.

    Attributes
    ----------
    tile : ndarray (patch, patch, 3), uint8, RGB
    size, pixel_um2
        As in `PictureResult`.
    """

    tile: NDArray[np.uint8]
    size: tuple[int, int]
    pixel_um2: float | None


def is_tile_picture(slide: Slide) -> bool:
    """Whether an open file is a plain picture, small enough to be one tile."""
    longest = max(slide.pyramid.width, slide.pyramid.height)
    return slide.vendor in PLAIN_VENDORS and longest <= LARGEST_TILE_PX


def predict_pictures(
    paths: Sequence[Path], loader: ModelLoader, progress: Progress = silent
) -> tuple[PictureResult, ...]:
    """Classify each picture as one tile, resized to the model's patch whatever its spacing.

    A picture that cannot be read is reported in its result and keeps nobody else from theirs.

    Parameters
    ----------
    paths : sequence of Path
    loader : ModelLoader
    progress : Progress
    """
    patch = loader.package.spec.patch_size_pixels
    found: dict[Path, PictureResult] = {}
    rate = RecentRate()

    def tell() -> None:
        done = len(found)
        progress(Step(done, len(paths), "Classifying pictures", "pictures", rate.at(done)))

    def read(path: Path) -> tuple[Path, TilePicture | None, str]:
        try:
            return path, read_picture(path, patch), ""
        except SlideError as error:
            return path, None, str(error)

    parts = read_ahead(paths, read, threads=2, ahead=2 * _BATCH, waiting=tell)
    try:
        while batch := list(islice(parts, _BATCH)):
            seen = [(path, picture) for path, picture, _ in batch if picture is not None]
            for path, _, problem in batch:
                if problem:
                    found[path] = PictureResult(path, None, problem)
            if seen:
                model = result_of(loader.load(), tell)
                answers = model.predict(np.stack([picture.tile for _, picture in seen]))
                for (path, it), answer in zip(seen, answers, strict=True):
                    found[path] = PictureResult(path, answer, "", it.size, it.pixel_um2)
            tell()
    finally:
        parts.close()
    return tuple(found[path] for path in paths)


def refuse_other_pictures(
    paths: Sequence[Path], package: ModelPackage, folder: Path, file: str = PICTURES_FILE
) -> None:
    """Make sure that a folder holds no list of other pictures or of another model's answers.

    Parameters
    ----------
    paths : sequence of Path
    package : ModelPackage
    folder : Path
    file : str
        What the list is called there.

    Raises
    ------
    PredictionError
        It does, or does not say of what.
    """
    if not (folder / file).exists():
        return
    try:
        former = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        former = None
    former = former if isinstance(former, dict) else {}
    model = former.get("model")
    is_same_model = isinstance(model, dict) and model.get("hash") == package.hash
    is_same_list = former.get("inputs") == inputs_of(paths)
    if is_same_model and is_same_list:
        return
    raise PredictionError(
        "This is the list of another model's answers."
        if is_same_list
        else "This is the list of other pictures.",
        path=folder / file,
        remedy="Name another folder with --out, or replace it with --overwrite.",
    )


def inputs_of(paths: Sequence[Path]) -> list[str]:
    """What tells one list of pictures from another; their order does not."""
    return sorted(str(path.resolve()) for path in paths)


def read_picture(path: Path, patch: int) -> TilePicture:
    """Read a picture of one tile at the size that a model wants.

    Raises
    ------
    SlideError
        Where it cannot be read, or is too large to be one tile.
    """
    slide = open_slide(path)
    try:
        width, height = slide.pyramid.width, slide.pyramid.height
        if not is_tile_picture(slide):
            raise SlideError(
                f"A {slide.vendor} of {width} x {height} pixels is no picture of one tile.",
                path=path,
                remedy="Give slides by their name, or in a folder of their own.",
            )
        pixels = slide.read_region(0, 0, 0, width, height)
        spacing = slide.spacing
        um2 = spacing.um_px**2 if isinstance(spacing, Spacing) else None
        tile = resample(pixels, 0, 0, width, height, patch, patch)
        return TilePicture(tile, (width, height), um2)
    finally:
        slide.close()
