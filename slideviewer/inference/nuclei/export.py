"""Write the nuclei of a slide in the forms that other programs read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.asap import write_asap
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.files import replacing_text
from slideviewer.geometry import Rect
from slideviewer.inference.forms import Form, write_forms
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.nuclei.tables import COLUMNS, NUCLEI_FILE, rows_of, write_table
from slideviewer.inference.predicted_markup import source_of, with_outlines, with_steady_ids
from slideviewer.inference.provenance import product_facts
from slideviewer.inference.segmentation.overlay import TARGET_COLOUR
from slideviewer.inference.segmentation.prediction import outcome_facts
from slideviewer.progress import Progress, Step, silent

GROUP = "Nuclei"
"""The group that all nuclei are in, so that ASAP shows and hides them as one."""


@dataclass(frozen=True, eq=False)
class NucleiExport:
    """What is written.

    Attributes
    ----------
    prediction : NucleiPrediction
    annotations : AnnotationSet or None
        The specialist's markup that outlines are put behind.
    """

    prediction: NucleiPrediction
    annotations: AnnotationSet | None = None

    @property
    def spacing_um_px(self) -> float | None:
        """Micrometres per level-0 pixel."""
        found = self.prediction.mask.provenance.get("spacing_um_px")
        return float(found) if isinstance(found, int | float) else None

    def rows(self) -> Iterator[list[str]]:
        """The rows of `COLUMNS`, one a nucleus."""
        return rows_of(self.prediction.parts(), self.prediction.mask.frame, self.spacing_um_px)

    def outlines(self) -> Iterator[NDArray[np.float64]]:
        """The outline of each nucleus, in level-0 pixels."""
        for nuclei in self.prediction.parts():
            yield from nuclei.outlines(self.prediction.mask.frame)


def nuclei_annotations(export: NucleiExport) -> AnnotationSet:
    """Outline each nucleus behind the markup, in the declared group `GROUP`, in red."""
    shapes = [
        Annotation(f"Nucleus {number}", Kind.POLYGON, as_points(ring), GROUP, TARGET_COLOUR)
        for number, ring in enumerate(export.outlines(), 1)
    ]
    shapes = with_steady_ids(shapes, source_of(export.prediction.mask.provenance))
    return with_outlines(export.annotations, shapes, [Group(GROUP, colour=TARGET_COLOUR)])


def nuclei_in(
    prediction: NucleiPrediction,
    within: Rect | None = None,
    group: str | None = GROUP,
    progress: Progress = silent,
) -> list[Annotation]:
    """Outline nuclei for the window.

    Parameters
    ----------
    prediction : NucleiPrediction
    within : Rect, optional
        Only those whose middle lies in it; level-0 pixels.
    group : str or None
        That they are put in; whoever adds them declares it.
    progress : Progress
    """
    frame = prediction.mask.frame
    made: list[Annotation] = []
    for nuclei in prediction.parts():
        progress(Step(0, 0, "Outlining nuclei"))
        centres = nuclei.centres_level_0(frame)
        wanted: NDArray[np.bool_] = np.ones(len(nuclei), np.bool_)
        if within is not None:
            corner, end = (within.x, within.y), (within.right, within.bottom)
            wanted = np.all((centres >= corner) & (centres < end), axis=1)
            if not wanted.any():
                continue
        for ring, is_wanted in zip(nuclei.outlines(frame), wanted.tolist(), strict=True):
            if is_wanted:
                name = f"Nucleus {len(made) + 1}"
                made.append(Annotation(name, Kind.POLYGON, as_points(ring), group, TARGET_COLOUR))
    return made


def write_nuclei_outputs(
    export: NucleiExport,
    folder: Path,
    formats: Sequence[str],
    facts: Mapping[str, object] | None = None,
    on_kept: Callable[[Sequence[str]], None] | None = None,
) -> list[Path]:
    """Write the forms asked for and, always, ``run.json``; see `forms.write_forms`.

    Parameters
    ----------
    export : NucleiExport
    folder : Path
    formats : sequence of str
        Keys of `NUCLEI_FORMATS`.
    facts : mapping, optional
        Added to ``run.json``: plain JSON values.
    on_kept : callable, optional
    """
    mask = export.prediction.mask
    content = {
        **product_facts(),
        **mask.provenance,
        "nuclei": sum(len(part) for part in export.prediction.parts()),
        "rules": export.prediction.rules.model_dump(exclude={"research_use", "mask"}),
        **outcome_facts(mask),
        **(facts or {}),
    }
    return write_forms(NUCLEI_FORMATS, export, folder, formats, content, on_kept)


def _write_csv(export: NucleiExport, path: Path) -> None:
    write_table(path, COLUMNS, export.rows())


def _write_asap(export: NucleiExport, path: Path) -> None:
    # No backup: a prediction can be made again, and the markup in it is a copy.
    write_asap(nuclei_annotations(export), path, backup=False)


def _write_geojson(export: NucleiExport, path: Path) -> None:
    """Write a QuPath ``detection`` for each nucleus, with its measurements."""
    head = {"type": "FeatureCollection", "research_use": RESEARCH_USE_ONLY}
    with replacing_text(path) as file:
        file.write(json.dumps(head)[:-1] + ', "features": [')
        for row, outline in zip(export.rows(), export.outlines(), strict=True):
            ring = np.round([*outline, outline[0]], 2).tolist()
            measured = {
                name: float(value)
                for name, value in zip(COLUMNS[3:], row[3:], strict=True)
                if value
            }
            feature = {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {
                    "objectType": "detection",
                    "classification": {"name": "Nucleus", "color": [255, 0, 0]},
                    "measurements": measured,
                },
            }
            is_first = row[0] == "1"
            file.write(("\n" if is_first else ",\n") + json.dumps(feature, ensure_ascii=False))
        file.write("\n]}\n")


NUCLEI_FORMATS: Mapping[str, Form[NucleiExport]] = MappingProxyType(
    {
        "csv": Form(NUCLEI_FILE, "a line for each nucleus", _write_csv),
        "xml": Form("prediction.xml", "for ASAP", _write_asap),
        "geojson": Form("prediction.geojson", "for QuPath", _write_geojson),
    }
)
