"""Find nuclei in pictures: labels at their own size, overlays, and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from slideviewer.annotations.saving import keep_former
from slideviewer.errors import PredictionError, SlideError
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.in_picture import nuclei_in
from slideviewer.inference.nuclei.predict import SMALLEST_NUCLEUS_UM2, rules_for
from slideviewer.inference.nuclei.tables import (
    COLUMNS,
    NUCLEI_FILE,
    read_table,
    rows_of,
    write_table,
)
from slideviewer.inference.png import png_bytes
from slideviewer.inference.segmentation.open_picture import OpenPicture, PictureOptions
from slideviewer.inference.segmentation.picture_run import PictureRun, keep_bytes
from slideviewer.inference.segmentation.pictures import (
    OVERLAY_FILE,
    UNCERTAINTY_FILE,
    uncertainty_png,
)
from slideviewer.progress import Progress, silent

LABELS_FILE = "labels.png"
PICTURE_FORMATS = ("csv",)
"""Those of the formats of slides that pictures have, too."""
MOST_LABELS = 65_535
"""16 bits have no more."""


@dataclass(frozen=True, eq=False)
class NucleiPicture:
    """What became of one picture.

    Attributes
    ----------
    path : Path
    count : int or None
        Nuclei found; None where it could not be read.
    problem : str
        Why, for the user.
    """

    path: Path
    count: int | None
    problem: str = ""


def predict_nuclei_pictures(
    paths: Sequence[Path],
    loader: ModelLoader,
    out: Path,
    progress: Progress = silent,
    *,
    names: Mapping[Path, str] | None = None,
    options: PictureOptions = PictureOptions(),  # noqa: B008 - it never changes
    smallest_um2: float = SMALLEST_NUCLEUS_UM2,
) -> tuple[NucleiPicture, ...]:
    """Find the nuclei of each picture, and write them.

    In a folder for each: `LABELS_FILE` (16 bits, the number of the nucleus at each of the picture's
    own pixels), `NUCLEI_FILE`, `OVERLAY_FILE`, where it is known the uncertainty, and ``run.json``;
    for all together `NUCLEI_FILE` and ``run.json``. A picture that is done is not done again; one
    that cannot be read keeps nobody else from theirs.

    Parameters
    ----------
    paths, out, progress, names, options
        As in `slideviewer.inference.segmentation.pictures.predict_segmentation_pictures`.
    loader : ModelLoader
        Of a package of the task "nuclei".
    smallest_um2 : float
        Smaller nuclei are left out; of pictures of unknown spacing as if it were the model's.

    Raises
    ------
    PredictionError
        If two pictures would share a folder, the model is for something else, or results cannot be
        written.
    """
    spec = loader.package.spec
    if spec.task != "nuclei":
        raise PredictionError(f"The model {spec.name} is for {spec.task}, not for nuclei.")
    run = PictureRun(paths, loader, out, progress, names, options)
    files = [LABELS_FILE, NUCLEI_FILE, OVERLAY_FILE]
    found = list(
        run.each(
            [*files, UNCERTAINTY_FILE] if run.options.looks_again else files,
            partial(_former, smallest_um2),
            partial(_found, run, smallest_um2),
        )
    )
    rows = [[path.name, *row] for path, own, _ in found if own is not None for row in own]
    if any(own is not None for _, own, _ in found):
        run.write_summary(
            {NUCLEI_FILE: lambda path: write_table(path, ["file", *COLUMNS], rows)},
            {path: problem for path, own, problem in found if own is None},
        )
    return tuple(
        NucleiPicture(path, None if own is None else len(own), problem)
        for path, own, problem in found
    )


def _found(
    run: PictureRun, smallest_um2: float, picture: OpenPicture
) -> tuple[list[list[str]], Mapping[str, object]]:
    spec, folder = run.package.spec, picture.folder
    rules = rules_for(spec, run.options.threshold_for(run.package), smallest_um2)
    found = nuclei_in(picture, rules, spec.patch_size_pixels)
    if len(found.nuclei) > MOST_LABELS:
        raise SlideError(
            f"Its {len(found.nuclei)} nuclei are more than the {MOST_LABELS} that labels of 16 "
            "bits can tell apart.",
            path=picture.slide.path,
            remedy="Cut it into smaller pictures.",
        )
    um2 = picture.pixel_um2
    frame = picture.prediction.frame
    rows = list(rows_of([found.nuclei], frame, None if um2 is None else um2**0.5))
    keep_bytes(folder / LABELS_FILE, png_bytes(found.labels.astype(np.uint16)))
    keep_former(folder / NUCLEI_FILE, lambda path: write_table(path, COLUMNS, rows))
    keep_bytes(folder / OVERLAY_FILE, png_bytes(found.overlay))
    spread = picture.spread()
    if spread is not None:
        keep_bytes(folder / UNCERTAINTY_FILE, uncertainty_png(spread))
    facts = {
        "skipped": list(picture.prediction.skipped),
        "nuclei": len(found.nuclei),
        "smallest_um2": smallest_um2,
    }
    return rows, facts


def _former(smallest_um2: float, folder: Path, facts: Mapping[str, Any]) -> list[list[str]]:
    rows = read_table(folder / NUCLEI_FILE, COLUMNS)
    if facts["nuclei"] != len(rows) or facts["smallest_um2"] != smallest_um2:
        raise ValueError(f"{folder} holds other nuclei")
    return rows
