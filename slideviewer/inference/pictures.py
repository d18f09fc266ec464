"""Classify pictures that are one tile each."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.saving import keep_former
from slideviewer.errors import PredictionError, SlideError
from slideviewer.files import replacing_text
from slideviewer.inference.files import told_to_user
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.provenance import model_facts, now, product_facts
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.read_ahead import read_ahead, result_of
from slideviewer.inference.resample import resample
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import Slide, open_slide

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
    """

    path: Path
    probabilities: NDArray[np.float32] | None
    problem: str = ""


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

    def read(path: Path) -> tuple[Path, NDArray[np.uint8] | None, str]:
        try:
            return path, _read_tile(path, patch), ""
        except SlideError as error:
            return path, None, str(error)

    parts = read_ahead(paths, read, threads=2, ahead=2 * _BATCH, waiting=tell)
    try:
        while batch := list(islice(parts, _BATCH)):
            tiles = [(path, tile) for path, tile, _ in batch if tile is not None]
            for path, _, problem in batch:
                if problem:
                    found[path] = PictureResult(path, None, problem)
            if tiles:
                model = result_of(loader.load(), tell)
                answers = model.predict(np.stack([tile for _, tile in tiles]))
                for (path, _), answer in zip(tiles, answers, strict=True):
                    found[path] = PictureResult(path, answer)
            tell()
    finally:
        parts.close()
    return tuple(found[path] for path in paths)


def refuse_other_pictures(paths: Sequence[Path], package: ModelPackage, folder: Path) -> None:
    """Make sure that a folder holds no list of other pictures or of another model's answers.

    Raises
    ------
    PredictionError
        It does, or does not say of what.
    """
    if not (folder / PICTURES_FILE).exists():
        return
    try:
        former = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        former = None
    former = former if isinstance(former, dict) else {}
    model = former.get("model")
    is_same_model = isinstance(model, dict) and model.get("hash") == package.hash
    is_same_list = former.get("inputs") == _inputs(paths)
    if is_same_model and is_same_list:
        return
    raise PredictionError(
        "This is the list of another model's answers."
        if is_same_list
        else "This is the list of other pictures.",
        path=folder / PICTURES_FILE,
        remedy="Name another folder with --out, or replace it with --overwrite.",
    )


def write_pictures(
    results: Sequence[PictureResult], package: ModelPackage, folder: Path
) -> list[Path]:
    """Write `PICTURES_FILE` (``file,prob_<class>…``) and `RUN_FILE`.

    Former ones with another content are kept as ``<name>.bak``.

    Raises
    ------
    PredictionError
        If the folder cannot be written.
    """
    counts = Counter(result.path.name for result in results)
    # The bare name where it tells which picture is meant, else the path as the user gave it.
    names = {
        r.path: r.path.name if counts[r.path.name] == 1 else r.path.as_posix() for r in results
    }
    content = {
        **product_facts(),
        "model": model_facts(package),
        "finished": now(),
        "inputs": _inputs([result.path for result in results]),
        "pictures": sum(result.probabilities is not None for result in results),
        "skipped": [
            {"file": names[result.path], "reason": result.problem}
            for result in results
            if result.probabilities is None
        ],
        "files": [PICTURES_FILE],
    }

    def write_list(path: Path) -> None:
        with replacing_text(path) as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["file", *(f"prob_{name}" for name in package.spec.class_names)])
            for result in results:
                if result.probabilities is not None:
                    rows.writerow([names[result.path], *map(str, result.probabilities)])

    def write_run(path: Path) -> None:
        with replacing_text(path) as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write("\n")

    with told_to_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if keep_former(folder / PICTURES_FILE, write_list):
            keep_former(folder / RUN_FILE, write_run)
        else:
            write_run(folder / RUN_FILE)
    return [folder / PICTURES_FILE, folder / RUN_FILE]


def _inputs(paths: Sequence[Path]) -> list[str]:
    """What tells one list of pictures from another; their order does not."""
    return sorted(str(path.resolve()) for path in paths)


def _read_tile(path: Path, patch: int) -> NDArray[np.uint8]:
    slide = open_slide(path)
    try:
        width, height = slide.pyramid.width, slide.pyramid.height
        if not is_tile_picture(slide):
            raise SlideError(
                f"A {slide.vendor} of {width} x {height} pixels is no picture of one tile.",
                path=path,
                remedy="Give slides by their name, or in a folder of their own.",
            )
        return resample(
            slide.read_region(0, 0, 0, width, height), 0, 0, width, height, patch, patch
        )
    finally:
        slide.close()
