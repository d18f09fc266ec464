"""Write a segmentation of a slide in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from slideviewer.annotations.asap import write_asap
from slideviewer.annotations.geojson import write_geojson
from slideviewer.annotations.model import AnnotationSet
from slideviewer.files import replacing
from slideviewer.inference.forms import Form, write_forms
from slideviewer.inference.png import png_bytes
from slideviewer.inference.provenance import product_facts
from slideviewer.inference.segmentation.annotations import LEAST_AREA_UM2, mask_annotations
from slideviewer.inference.segmentation.areas import Areas, areas_of
from slideviewer.inference.segmentation.overlay import slide_overlay
from slideviewer.inference.segmentation.prediction import MaskPrediction, outcome_facts
from slideviewer.inference.segmentation.sheets import (
    AREAS_CSV,
    AREAS_XLSX,
    PictureAreas,
    write_areas_csv,
    write_areas_xlsx,
)
from slideviewer.progress import Progress, silent
from slideviewer.slide.slide import Slide


@dataclass(frozen=True, eq=False)
class MaskExport:
    """What is written, and how.

    Attributes
    ----------
    prediction : MaskPrediction
    slide : Slide
        Open, for the overlay.
    threshold : float
        The probability from which a pixel counts as a class.
    annotations : AnnotationSet or None
        The specialist's markup that outlines are put behind.
    least_area_um2 : float
        Smaller regions are not outlined.
    progress : Progress
    """

    prediction: MaskPrediction
    slide: Slide
    threshold: float
    annotations: AnnotationSet | None = None
    least_area_um2: float = LEAST_AREA_UM2
    progress: Progress = silent

    @cached_property
    def areas(self) -> Areas:
        """How much is of which class."""
        return areas_of(self.prediction, self.threshold, self.progress)

    @cached_property
    def outlines(self) -> AnnotationSet:
        """The classes as annotations behind the markup."""
        return mask_annotations(
            self.prediction,
            self.annotations,
            threshold=self.threshold,
            least_area_um2=self.least_area_um2,
            progress=self.progress,
        )

    @property
    def row(self) -> PictureAreas:
        """The slide as a row of a table, in pixels of the mask."""
        frame = self.prediction.frame
        return PictureAreas(self.slide.path.name, frame.width, frame.height, self.areas)


def write_mask_outputs(
    export: MaskExport,
    folder: Path,
    formats: Sequence[str],
    facts: Mapping[str, object] | None = None,
    on_kept: Callable[[Sequence[str]], None] | None = None,
) -> list[Path]:
    """Write the forms asked for and, always, ``run.json``; see `forms.write_forms`.

    Parameters
    ----------
    export : MaskExport
    folder : Path
    formats : sequence of str
        Keys of `MASK_FORMATS`.
    facts : mapping, optional
        Added to ``run.json``: plain JSON values.
    on_kept : callable, optional
    """
    prediction, areas = export.prediction, export.areas
    frame = prediction.frame
    content = {
        **product_facts(),
        **prediction.provenance,
        "threshold": export.threshold,
        "target_class": prediction.class_names[prediction.target],
        "mask": {**vars(frame), "spacing_um_px": prediction.spacing_um_px},
        "areas": dict(zip(areas.class_names, areas.pixels, strict=True)),
        "pixels_looked_at": areas.total,
        **outcome_facts(prediction),
        **(facts or {}),
    }
    return write_forms(MASK_FORMATS, export, folder, formats, content, on_kept)


def _write_overlay(export: MaskExport, path: Path) -> None:
    picture = slide_overlay(export.slide, export.prediction, export.areas.lines(), export.threshold)
    with replacing(path) as file:
        file.write(png_bytes(picture))


def _write_csv(export: MaskExport, path: Path) -> None:
    write_areas_csv([export.row], export.prediction.class_names, path)


def _write_xlsx(export: MaskExport, path: Path) -> None:
    write_areas_xlsx([export.row], export.prediction.class_names, path)


def _write_asap(export: MaskExport, path: Path) -> None:
    # No backup: a prediction can be made again, and the markup in it is a copy.
    write_asap(export.outlines, path, backup=False)


def _write_geojson(export: MaskExport, path: Path) -> None:
    write_geojson(export.outlines, path, backup=False)


MASK_FORMATS: Mapping[str, Form[MaskExport]] = MappingProxyType(
    {
        "csv": Form(AREAS_CSV, "areas", _write_csv),
        "xlsx": Form(AREAS_XLSX, "areas as a spreadsheet", _write_xlsx),
        "xml": Form("prediction.xml", "for ASAP", _write_asap),
        "geojson": Form("prediction.geojson", "for QuPath", _write_geojson),
        "png": Form("overlay.png", "painted over the slide", _write_overlay),
    }
)
