"""Write a prediction in the forms that other programs read: `DIR/<slide>/`, one file a form."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.model import AnnotationSet
from slideviewer.annotations.saving import backup_of, keep_former
from slideviewer.errors import PredictionError
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.export_asap import write_asap_squares
from slideviewer.inference.files import told_to_user
from slideviewer.inference.heatmap import heatmap_png
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import product_facts

RUN_FILE = "run.json"


@dataclass(frozen=True, eq=False)
class Export:
    """What is written, and how.

    Attributes
    ----------
    prediction : Prediction
    threshold : float
        The probability from which a cell counts as the target.
    annotations : AnnotationSet or None
        The specialist's markup that the predicted squares are put on top of.
    """

    prediction: Prediction
    threshold: float
    annotations: AnnotationSet | None = None


@dataclass(frozen=True)
class Format:
    """One form of output.

    Attributes
    ----------
    file : str
        Its name in the slide's folder.
    title : str
        What it is, for the user.
    write : callable
        Of an `Export` and a path.
    """

    file: str
    title: str
    write: Callable[[Export, Path], None]


def write_outputs(
    export: Export,
    folder: Path,
    formats: Sequence[str],
    facts: Mapping[str, object] | None = None,
    on_kept: Callable[[Sequence[str]], None] | None = None,
) -> list[Path]:
    """Write the forms asked for and, always, `RUN_FILE`.

    Forms of a former run that differ, or are not written now and would lie beside another run's
    `RUN_FILE`, are kept as ``<name>.bak``, and then its `RUN_FILE` is too.

    Parameters
    ----------
    export : Export
    folder : Path
        Made where it does not exist.
    formats : sequence of str
        Keys of `FORMATS`.
    facts : mapping, optional
        Added to `RUN_FILE`: plain JSON values.
    on_kept : callable, optional
        Told the names of the forms of a former run that were kept, where there are any.

    Returns
    -------
    list of Path
        The files, `RUN_FILE` last.

    Raises
    ------
    PredictionError
        If one cannot be written.
    """
    paths = [folder / FORMATS[name].file for name in formats]
    run_file = folder / RUN_FILE
    kept: list[str] = []
    with told_to_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for form in FORMATS.values():
            path = folder / form.file
            if path in paths:
                is_kept = keep_former(path, partial(form.write, export))
            elif is_kept := path.is_file():
                path.replace(backup_of(path))
            if is_kept:
                kept.append(form.file)
        run_facts = {**(facts or {}), "files": [path.name for path in paths]}
        if kept:
            keep_former(run_file, lambda path: write_run(export, path, run_facts))
        else:
            write_run(export, run_file, run_facts)
    if kept and on_kept is not None:
        on_kept(kept)
    return [*paths, run_file]


def write_tiles_csv(export: Export, path: Path) -> None:
    """Write a line for each cell the model looked at, with the columns of WSInfer's results.

    ``minx,miny,width,height`` in level-0 pixels, then ``prob_<class>`` for each class. The
    research-use line is in `RUN_FILE`, for no comment is allowed here.
    """
    prediction = export.prediction
    with replacing_text(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(
            ["minx", "miny", "width", "height", *(f"prob_{n}" for n in prediction.class_names)]
        )
        for column, row in _looked_at(prediction):
            cell = prediction.grid.rect(column, row)
            place = (_pixels(v) for v in (cell.x, cell.y, cell.width, cell.height))
            rows.writerow([*place, *(str(p) for p in prediction.probabilities[row, column])])


def write_geojson(export: Export, path: Path) -> None:
    """Write a QuPath ``tile`` for each cell looked at, classified where it counts as the target."""
    prediction = export.prediction
    positive = prediction.positive_cells(export.threshold)
    target = prediction.class_names[prediction.target]
    head = {"type": "FeatureCollection", "research_use": RESEARCH_USE_ONLY}
    with replacing_text(path) as file:
        file.write(json.dumps(head)[:-1] + ', "features": [')
        for count, (column, row) in enumerate(_looked_at(prediction)):
            cell = prediction.grid.rect(column, row)
            left, top, right, bottom = (
                round(v, 2) for v in (cell.x, cell.y, cell.right, cell.bottom)
            )
            ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
            values = prediction.probabilities[row, column]
            properties: dict[str, object] = {
                "objectType": "tile",
                "measurements": {
                    f"prob_{name}": round(float(value), 6)
                    for name, value in zip(prediction.class_names, values, strict=True)
                },
            }
            if positive[row, column]:
                properties["classification"] = {"name": target, "color": [255, 0, 0]}
            feature = {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": properties,
            }
            file.write((",\n" if count else "\n") + json.dumps(feature, ensure_ascii=False))
        file.write("\n]}\n")


def write_run(export: Export, path: Path, facts: Mapping[str, object]) -> None:
    """Write what was run, on what, with what outcome."""
    prediction = export.prediction
    positive = prediction.positive_cells(export.threshold)
    content = {
        **product_facts(),
        **prediction.provenance,
        "threshold": export.threshold,
        "target_class": prediction.class_names[prediction.target],
        "cell_px": prediction.grid.cell,
        "columns": prediction.grid.columns,
        "rows": prediction.grid.rows,
        "positive_cells": int(positive.sum()),
        "complete": prediction.complete,
        "skipped": [
            {"column": column, "row": row, "reason": reason}
            for column, row, reason in prediction.skipped
        ],
        **facts,
    }
    with replacing_text(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _write_heatmap(export: Export, path: Path) -> None:
    with replacing(path) as file:
        file.write(heatmap_png(export.prediction))


def _write_asap(export: Export, path: Path) -> None:
    write_asap_squares(export.prediction, export.threshold, path, export.annotations)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format("tiles.csv", "a line for each tile", write_tiles_csv),
        "xml": Format("prediction.xml", "for ASAP", _write_asap),
        "geojson": Format("prediction.geojson", "for QuPath", write_geojson),
        "png": Format("heatmap.png", "one pixel a tile", _write_heatmap),
    }
)


def known_formats(names: Sequence[str]) -> list[str]:
    """Check the names of formats.

    Raises
    ------
    PredictionError
        If one is unknown, or none is named.
    """
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise PredictionError(
            f'There is no output format "{unknown[0]}".' if unknown else "No format is named.",
            remedy=f"Known are: {', '.join(FORMATS)}.",
        )
    return list(dict.fromkeys(names))


def _looked_at(prediction: Prediction) -> Iterator[tuple[int, int]]:
    rows, columns = np.nonzero(~np.isnan(prediction.target_probabilities))
    return zip(columns.tolist(), rows.tolist(), strict=True)


def _pixels(value: float) -> str:
    """Write a coordinate to a thousandth of a pixel; whole ones without a point."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
