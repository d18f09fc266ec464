"""What is written of pictures that are one tile each: a table, areas, overlays."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.saving import backup_of, keep_former
from slideviewer.errors import SlideError
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.files import told_to_user
from slideviewer.inference.pictures import PICTURES_FILE, RUN_FILE, PictureResult, inputs_of
from slideviewer.inference.png import png_bytes
from slideviewer.inference.provenance import model_facts, now, product_facts
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.inference.segmentation.overlay import colours_for, with_legend, with_masks
from slideviewer.inference.segmentation.sheets import (
    AREAS_XLSX,
    PictureAreas,
    TileAreas,
    write_areas_xlsx,
)
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import ModelSpec
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import open_slide

PICTURE_FORMATS = ("csv", "xlsx", "overlay")
"""Those of the formats of slides that pictures have, too; `PICTURES_FILE` is always written."""
DEFAULT_FORMATS = ("csv", "xlsx")
"""Not an overlay for each of thousands."""

OVERLAYS = "overlays"
"""The folder of overlays, each with the name of its picture and ``.png`` behind."""


def write_pictures(
    results: Sequence[PictureResult],
    package: ModelPackage,
    folder: Path,
    threshold: float | None = None,
    formats: Sequence[str] | None = None,
    progress: Progress = silent,
) -> list[Path]:
    """Write `PICTURES_FILE` (``file,prob_<class>…``), other formats, and `RUN_FILE`.

    Former ones with another content are kept as ``<name>.bak``.

    Parameters
    ----------
    results : sequence of PictureResult
    package : ModelPackage
    folder : Path
    threshold : float, optional
        The probability from which a picture counts as the target, in areas and overlays; the
        model's own by default.
    formats : sequence of str, optional
        Of `PICTURE_FORMATS`; `DEFAULT_FORMATS` by default.
    progress : Progress

    Returns
    -------
    list of Path
        The files, `RUN_FILE` last; overlays are not among them.

    Raises
    ------
    PredictionError
        If the folder cannot be written.
    """
    formats = DEFAULT_FORMATS if formats is None else formats
    spec = package.spec
    limit = spec.threshold if threshold is None else threshold
    names = _names(results)
    areas = list(_areas(results, spec, limit, names))
    writers = {PICTURES_FILE: partial(_write_list, results, spec, names)}
    if "xlsx" in formats:
        writers[AREAS_XLSX] = partial(write_areas_xlsx, areas, spec.class_names)
    content = {
        **product_facts(),
        "model": model_facts(package),
        "finished": now(),
        "threshold": limit,
        "inputs": inputs_of([result.path for result in results]),
        "pictures": len(areas),
        "skipped": [
            {"file": names[result.path], "reason": result.problem}
            for result in results
            if result.probabilities is None
        ],
        "files": [*writers, *([OVERLAYS] if "overlay" in formats else [])],
    }
    with told_to_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
        is_kept = [keep_former(folder / name, write) for name, write in writers.items()]
        if AREAS_XLSX not in writers and (folder / AREAS_XLSX).is_file():
            (folder / AREAS_XLSX).replace(backup_of(folder / AREAS_XLSX))
            is_kept.append(True)
        if "overlay" in formats:
            _write_overlays(results, areas, spec, limit, folder / OVERLAYS, progress)
        if any(is_kept):
            keep_former(folder / RUN_FILE, partial(_write_run, content))
        else:
            _write_run(content, folder / RUN_FILE)
    return [*(folder / name for name in writers), folder / RUN_FILE]


def class_of(probabilities: NDArray[np.float32], target: int, threshold: float) -> int:
    """The class that counts: the target where it is likely enough, else the likeliest other."""
    if probabilities[target] >= threshold:
        return target
    others = probabilities.copy()
    others[target] = -1
    return int(others.argmax())


def _names(results: Sequence[PictureResult]) -> dict[Path, str]:
    """The bare name where it tells which picture is meant, else the path as the user gave it."""
    counts = Counter(result.path.name for result in results)
    return {r.path: r.path.name if counts[r.path.name] == 1 else r.path.as_posix() for r in results}


def _areas(
    results: Sequence[PictureResult], spec: ModelSpec, threshold: float, names: Mapping[Path, str]
) -> Iterator[PictureAreas]:
    for result in results:
        if result.probabilities is None:
            continue
        index = class_of(result.probabilities, spec.target, threshold)
        width, height = result.size
        pixels = tuple(
            width * height if number == index else 0 for number in range(spec.num_classes)
        )
        areas = Areas(spec.class_names, pixels, width * height, result.pixel_um2)
        tile = TileAreas(0, 0, width, height, areas)
        yield PictureAreas(names[result.path], width, height, areas, (tile,))


def _write_list(
    results: Sequence[PictureResult], spec: ModelSpec, names: Mapping[Path, str], path: Path
) -> None:
    with replacing_text(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", *(f"prob_{name}" for name in spec.class_names)])
        for result in results:
            if result.probabilities is not None:
                rows.writerow([names[result.path], *map(str, result.probabilities)])


def _write_run(content: Mapping[str, object], path: Path) -> None:
    with replacing_text(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _write_overlays(
    results: Sequence[PictureResult],
    areas: Sequence[PictureAreas],
    spec: ModelSpec,
    threshold: float,
    folder: Path,
    progress: Progress,
) -> None:
    """Paint each picture in the colour of its class, with probabilities below."""
    folder.mkdir(exist_ok=True)
    colours = colours_for(spec.class_names, spec.target)
    read = [result for result in results if result.probabilities is not None]
    counts = Counter(result.path.name.casefold() for result in read)
    for number, (result, found) in enumerate(zip(read, areas, strict=True)):
        progress(Step(number, len(read), "Painting pictures", "pictures"))
        probabilities = result.probabilities
        assert probabilities is not None
        index = class_of(probabilities, spec.target, threshold)
        try:
            with closing(open_slide(result.path)) as slide:
                pixels = slide.read_region(0, 0, 0, *result.size)
        except SlideError:
            continue  # it could be read a moment ago, and its answer is in the table
        everywhere = np.ones((*pixels.shape[:2], 1), np.bool_)
        lines: list[tuple[str, str | None]] = [
            (f"{name}: {probability:.3f}", colours[at])
            for at, (name, probability) in enumerate(
                zip(spec.class_names, probabilities.tolist(), strict=True)
            )
        ]
        lines.append((f"Counts as {found.areas.line(index)}", None))
        picture = with_legend(with_masks(pixels, everywhere, [colours[index]]), lines)
        alone = counts[result.path.name.casefold()] == 1
        name = f"{result.path.name}.png" if alone else f"{number + 1}_{result.path.name}.png"
        with replacing(folder / name) as file:
            file.write(png_bytes(picture))
