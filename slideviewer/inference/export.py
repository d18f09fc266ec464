"""Write a prediction in the forms that other programs read: `DIR/<slide>/`, one file a form."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.model import AnnotationSet
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.cell_areas import cell_areas, cell_overlay
from slideviewer.inference.export_asap import write_asap_squares
from slideviewer.inference.forms import Form, write_forms
from slideviewer.inference.heatmap import heatmap_png
from slideviewer.inference.lesions import write_lesions
from slideviewer.inference.maps import write_class_mask, write_likelihood_map
from slideviewer.inference.png import png_bytes
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import product_facts
from slideviewer.inference.region_export import write_regions
from slideviewer.inference.segmentation.sheets import AREAS_XLSX, PictureAreas, write_areas_xlsx
from slideviewer.slide.slide import Slide


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
    slide : Slide or None
        Open, for the overlay; without it there is none.
    """

    prediction: Prediction
    threshold: float
    annotations: AnnotationSet | None = None
    slide: Slide | None = None

    @cached_property
    def areas(self) -> PictureAreas:
        """How much is of which class, in all and in each tile."""
        return cell_areas(self.prediction, self.slide_name, self.threshold)

    @property
    def slide_name(self) -> str:
        """What the slide's file is called."""
        slide = self.prediction.provenance.get("slide")
        name = slide.get("name") if isinstance(slide, Mapping) else None
        return name if isinstance(name, str) else "slide"


def write_outputs(
    export: Export,
    folder: Path,
    formats: Sequence[str],
    facts: Mapping[str, object] | None = None,
    on_kept: Callable[[Sequence[str]], None] | None = None,
) -> list[Path]:
    """Write the forms asked for and, always, ``run.json``; see `forms.write_forms`.

    Parameters
    ----------
    export : Export
    folder : Path
    formats : sequence of str
        Keys of `FORMATS`.
    facts : mapping, optional
        Added to ``run.json``: plain JSON values.
    on_kept : callable, optional
    """
    if export.slide is None:
        formats = [name for name in formats if name != "overlay"]
    content = run_facts(export) | dict(facts or {})
    stem = Path(export.slide_name).stem
    return write_forms(FORMATS, export, folder, formats, content, on_kept, slide=stem)


def write_tiles_csv(export: Export, path: Path) -> None:
    """Write a line for each cell the model looked at, with the columns of WSInfer's results.

    ``minx,miny,width,height`` in level-0 pixels, then ``prob_<class>`` for each class. The
    research-use line is in ``run.json``, for no comment is allowed here.
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


def run_facts(export: Export) -> dict[str, object]:
    """What was run, on what, with what outcome."""
    prediction = export.prediction
    return {
        **product_facts(),
        **prediction.provenance,
        "threshold": export.threshold,
        "target_class": prediction.class_names[prediction.target],
        "cell_px": prediction.grid.cell,
        "columns": prediction.grid.columns,
        "rows": prediction.grid.rows,
        "positive_cells": int(prediction.positive_cells(export.threshold).sum()),
        "complete": prediction.complete,
        "skipped": [
            {"column": column, "row": row, "reason": reason}
            for column, row, reason in prediction.skipped
        ],
    }


def _write_heatmap(export: Export, path: Path) -> None:
    with replacing(path) as file:
        file.write(heatmap_png(export.prediction))


def _write_asap(export: Export, path: Path) -> None:
    write_asap_squares(export.prediction, export.threshold, path, export.annotations)


def _write_regions(export: Export, path: Path) -> None:
    write_regions(export.prediction, export.threshold, path, export.annotations)


def _write_map(export: Export, path: Path) -> None:
    write_likelihood_map(export.prediction, path)


def _write_mask(export: Export, path: Path) -> None:
    write_class_mask(export.prediction, export.threshold, path)


def _write_lesions(export: Export, path: Path) -> None:
    write_lesions(export.prediction, path)


def _write_areas(export: Export, path: Path) -> None:
    write_areas_xlsx([export.areas], export.prediction.class_names, path)


def _write_overlay(export: Export, path: Path) -> None:
    assert export.slide is not None
    picture = cell_overlay(export.slide, export.prediction, export.areas.areas, export.threshold)
    with replacing(path) as file:
        file.write(png_bytes(picture))


FORMATS: Mapping[str, Form[Export]] = MappingProxyType(
    {
        "csv": Form("tiles.csv", "a line for each tile", write_tiles_csv),
        "xml": Form("prediction.xml", "for ASAP", _write_asap),
        "geojson": Form("prediction.geojson", "for QuPath", write_geojson),
        "png": Form("heatmap.png", "one pixel a tile", _write_heatmap),
        "regions": Form("regions.xml", "tiles merged into regions, for ASAP", _write_regions),
        "map": Form("{slide}_likelihood_map.tif", "a pyramid that lies on the slide", _write_map),
        "mask": Form("classes.tif", "a pyramid of class labels", _write_mask),
        "lesions": Form("lesions.csv", "points: probability,x,y", _write_lesions),
        "xlsx": Form(AREAS_XLSX, "areas as a spreadsheet", _write_areas),
        "overlay": Form("overlay.png", "painted over the slide", _write_overlay),
    }
)


def _looked_at(prediction: Prediction) -> Iterator[tuple[int, int]]:
    rows, columns = np.nonzero(~np.isnan(prediction.target_probabilities))
    return zip(columns.tolist(), rows.tolist(), strict=True)


def _pixels(value: float) -> str:
    """Write a coordinate to a thousandth of a pixel; whole ones without a point."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
