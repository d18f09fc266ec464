"""Segment pictures: masks at their own size, overlays, and tables of areas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.png import png_bytes
from slideviewer.inference.segmentation.areas import Areas, areas_in
from slideviewer.inference.segmentation.open_picture import OpenPicture, PictureOptions
from slideviewer.inference.segmentation.overlay import colours_for, with_legend, with_masks
from slideviewer.inference.segmentation.picture_run import PictureRun, keep_bytes
from slideviewer.inference.segmentation.prediction import positive_pixels
from slideviewer.inference.segmentation.sheets import (
    AREAS_CSV,
    AREAS_XLSX,
    PictureAreas,
    TileAreas,
    write_areas_csv,
    write_areas_xlsx,
)
from slideviewer.inference.segmentation.tiling import Tiling
from slideviewer.progress import Progress, silent

OVERLAY_FILE = "overlay.png"
UNCERTAINTY_FILE = "uncertainty.png"
MOST_SPREAD = 0.5
"""The highest standard deviation of numbers from 0 to 1."""

PICTURE_FORMATS = ("csv", "xlsx", "png")
"""Those of the formats of slides that pictures have, too."""


@dataclass(frozen=True, eq=False)
class SegmentedPicture:
    """What became of one picture.

    Attributes
    ----------
    path : Path
    areas : PictureAreas or None
        None where it could not be read.
    problem : str
        Why, for the user.
    """

    path: Path
    areas: PictureAreas | None
    problem: str = ""


def mask_files(class_names: Sequence[str]) -> list[str]:
    """What the mask of each class is called: ``mask_<class>.png``."""
    plain = [re.sub(r"[^\w.-]+", "_", name) for name in class_names]
    folded = [name.casefold() for name in plain]
    return [
        f"mask_{name}.png" if folded.count(name.casefold()) == 1 else f"mask_{name}_{number}.png"
        for number, name in enumerate(plain, 1)
    ]


def predict_segmentation_pictures(
    paths: Sequence[Path],
    loader: ModelLoader,
    out: Path,
    progress: Progress = silent,
    *,
    names: Mapping[Path, str] | None = None,
    options: PictureOptions = PictureOptions(),  # noqa: B008 - it never changes
) -> tuple[SegmentedPicture, ...]:
    """Segment each picture, all of it, and write what was found.

    In a folder for each: ``mask_<class>.png`` (0 or 255, the picture's own size), `OVERLAY_FILE`,
    `UNCERTAINTY_FILE` where it is known, and ``run.json``; for all together `AREAS_CSV`,
    `AREAS_XLSX` and ``run.json``. A picture that is done is not done again, so that a run that was
    broken off goes on; one that cannot be read keeps nobody else from theirs.

    Parameters
    ----------
    paths : sequence of Path
    loader : ModelLoader
        Of a package of the task "segmentation".
    out : Path
    progress : Progress
        Cancelling leaves the pictures that are done.
    names : mapping of Path to str, optional
        What each picture's folder is called; its stem by default.
    options : PictureOptions

    Raises
    ------
    PredictionError
        If two pictures would share a folder, or results cannot be written.
    """
    run = PictureRun(paths, loader, out, progress, names, options)
    class_names = loader.package.spec.class_names
    files = [
        *mask_files(class_names),
        *([OVERLAY_FILE] if run.options.wants("png") else []),
        *([UNCERTAINTY_FILE] if run.options.looks_again else []),
    ]
    results = [
        SegmentedPicture(path, areas, problem)
        for path, areas, problem in run.each(files, _former, partial(_segmented, run))
    ]
    pictures = [it.areas for it in results if it.areas is not None]
    if pictures:
        writers = {
            "csv": (AREAS_CSV, partial(write_areas_csv, pictures, class_names)),
            "xlsx": (AREAS_XLSX, partial(write_areas_xlsx, pictures, class_names)),
        }
        run.write_summary(
            dict(writer for form, writer in writers.items() if run.options.wants(form)),
            {it.path: it.problem for it in results if it.areas is None},
        )
    return tuple(results)


def uncertainty_png(spread: NDArray[np.float32]) -> bytes:
    """How much answers differ as a grey picture: 0 is not at all, 255 is `MOST_SPREAD`."""
    grey = np.nan_to_num(spread, nan=0.0) / MOST_SPREAD * 255
    return png_bytes(np.round(np.clip(grey, 0, 255)).astype(np.uint8))


def _segmented(run: PictureRun, picture: OpenPicture) -> tuple[PictureAreas, Mapping[str, object]]:
    spec, prediction = run.package.spec, picture.prediction
    masks = positive_pixels(
        picture.probabilities(),
        run.options.threshold_for(run.package),
        spec.target if spec.exclusive else None,
    )
    names, folder = spec.class_names, picture.folder
    areas = areas_in(masks, names, pixel_um2=picture.pixel_um2)
    tiles = tuple(_tiles(picture, masks, run.options.overlap, spec.patch_size_pixels, names))
    for index, file in enumerate(mask_files(names)):
        keep_bytes(folder / file, png_bytes(masks[..., index].astype(np.uint8) * 255))
    if run.options.wants("png"):
        colours = colours_for(names, spec.target)
        painted = with_masks(picture.pixels(), masks, colours)
        legend = list(zip(areas.lines(), colours, strict=True))
        keep_bytes(folder / OVERLAY_FILE, png_bytes(with_legend(painted, legend)))
    spread = picture.spread()
    if spread is not None:
        keep_bytes(folder / UNCERTAINTY_FILE, uncertainty_png(spread))
    width, height = picture.size
    found = PictureAreas(picture.slide.path.name, width, height, areas, tiles)
    return found, {"skipped": list(prediction.skipped), "areas": _as_facts(found)}


def _tiles(
    picture: OpenPicture,
    masks: NDArray[np.bool_],
    overlap: float,
    patch: int,
    names: Sequence[str],
) -> list[TileAreas]:
    """What is in each of the tiles that the model looked at, in pixels of the picture."""
    frame, (width, height) = picture.prediction.frame, picture.size
    tiling = Tiling(frame.width, frame.height, patch, overlap)
    found = []
    for tile in tiling.meeting(0, 0, frame.width, frame.height):
        area = frame.rect(tile.x, tile.y, patch, patch)
        left, top = round(area.x), round(area.y)
        right, bottom = min(width, round(area.right)), min(height, round(area.bottom))
        part = areas_in(masks[top:bottom, left:right], names, pixel_um2=picture.pixel_um2)
        found.append(TileAreas(left, top, right - left, bottom - top, part))
    return found


def _as_facts(picture: PictureAreas) -> dict[str, object]:
    return {
        "file": picture.file,
        "width": picture.width,
        "height": picture.height,
        "classes": list(picture.areas.class_names),
        "pixel_um2": picture.areas.pixel_um2,
        "pixels": list(picture.areas.pixels),
        "tiles": [
            [tile.x, tile.y, tile.width, tile.height, *tile.areas.pixels] for tile in picture.tiles
        ],
    }


def _former(folder: Path, facts: Mapping[str, Any]) -> PictureAreas:
    """What a picture's `RUN_FILE` says of its areas."""
    said = facts["areas"]
    names, um2 = tuple(map(str, said["classes"])), said["pixel_um2"]
    width, height = int(said["width"]), int(said["height"])

    def areas(pixels: Sequence[Any], total: int) -> Areas:
        if len(pixels) != len(names):
            raise ValueError(f"{folder}: {len(pixels)} areas of {len(names)} classes")
        return Areas(names, tuple(map(int, pixels)), total, None if um2 is None else float(um2))

    tiles = tuple(
        TileAreas(x, y, across, down, areas(pixels, across * down))
        for x, y, across, down, *pixels in ([int(it) for it in tile] for tile in said["tiles"])
    )
    whole = areas(said["pixels"], width * height)
    return PictureAreas(str(said["file"]), width, height, whole, tiles)
