"""What can be done with a prediction, by what it is of: tiles, pixels or nuclei."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import shapely

from slideviewer.annotations import Annotation, AnnotationSet, Group, Points, as_points
from slideviewer.evaluation.accepting import outlines_at
from slideviewer.geometry import Rect
from slideviewer.inference.export import FORMATS, Export, write_outputs
from slideviewer.inference.messages import Finished
from slideviewer.inference.nuclei.export import (
    GROUP as NUCLEI_GROUP,
)
from slideviewer.inference.nuclei.export import (
    NUCLEI_FORMATS,
    NucleiExport,
    nuclei_in,
    write_nuclei_outputs,
)
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.prediction_group import COLOUR, GROUP
from slideviewer.inference.region_annotations import region_annotations
from slideviewer.inference.segmentation.annotations import LEAST_AREA_UM2, class_annotations
from slideviewer.inference.segmentation.export import (
    MASK_FORMATS,
    MaskExport,
    write_mask_outputs,
)
from slideviewer.inference.segmentation.overlay import TARGET_COLOUR, colours_for
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.stored import Stored
from slideviewer.models.spec import Task
from slideviewer.progress import Progress
from slideviewer.slide import open_slide
from slideviewer.ui import prediction_words, words
from slideviewer.ui.predicted.nuclei_parts import NucleiParts

MOST_ACCEPTED_PX = 1 << 22
"""Somebody waits for the region under the mouse: a large one is outlined at a coarser level."""


@dataclass(frozen=True)
class Outlining:
    """Which annotations are wanted of a prediction.

    Attributes
    ----------
    threshold : float
    smallest_um2 : float
        Smaller regions are left out.
    tolerance_um : float
        How far an outline may lie beside the exact one.
    within : Rect or None
        Only what meets this; level-0 pixels.
    group : str or None
    class_name : str
        Empty where there is nothing to choose.
    """

    threshold: float
    smallest_um2: float
    tolerance_um: float
    within: Rect | None
    group: str | None
    class_name: str = ""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a prediction is written with.

    Attributes
    ----------
    slide : Path
    threshold : float
    annotations : AnnotationSet
        The markup that outlines are put behind.
    folder : Path
    """

    slide: Path
    threshold: float
    annotations: AnnotationSet
    folder: Path


class Kind(Protocol):
    """What can be done with a prediction of one kind."""

    @property
    def has_shapes(self) -> bool:
        """Whether outlines follow from a threshold, an area and a tolerance."""

    @property
    def smallest_um2(self) -> float:
        """The area below which regions are proposed to be left out."""

    @property
    def tolerance_um(self) -> float:
        """How closely regions are proposed to be outlined."""

    def knows_size(self, prediction: Any) -> bool:
        """Whether it is known how large pixels are, and so areas and tolerances."""

    def groups(self, prediction: Any) -> Mapping[str, str]:
        """The groups that annotations are proposed to be put in: colours by names.

        Where there are several, each is one of the classes to choose from.
        """

    def annotations(self, prediction: Any, how: Outlining, progress: Progress) -> AnnotationSet:
        """Make annotations of a prediction; slow."""

    def told(self, many: int) -> str:
        """So many of what annotations are made of, in words."""

    def outlines_at(self, prediction: Any, threshold: float, x: float, y: float) -> list[Points]:
        """What was predicted at a level-0 point as outlines; nothing where there is none."""

    def write(self, prediction: Any, wanted: Wanted, progress: Progress) -> None:
        """Write a prediction in every form that there is of it; slow."""

    def finished(self, reply: Finished, prediction: Any) -> str:
        """What came out of a run; the prediction is None where it cannot be read."""


class TileKind:
    """Tiles."""

    has_shapes = True
    smallest_um2, tolerance_um = 0.0, 10.0

    def knows_size(self, prediction: Prediction) -> bool:
        return prediction.spacing_um_px is not None

    def groups(self, prediction: Prediction) -> Mapping[str, str]:
        return {GROUP: COLOUR}

    def annotations(
        self, prediction: Prediction, how: Outlining, progress: Progress
    ) -> AnnotationSet:
        made = region_annotations(
            prediction,
            how.threshold,
            least_area_um2=how.smallest_um2,
            tolerance_um=how.tolerance_um,
            within=how.within,
            group=how.group,
        )
        return _in_group(made, how.group, COLOUR)

    def told(self, many: int) -> str:
        return "1 region" if many == 1 else f"{words.whole(many)} regions"

    def outlines_at(
        self, prediction: Prediction, threshold: float, x: float, y: float
    ) -> list[Points]:
        return outlines_at(prediction, threshold, x, y)

    def write(self, prediction: Prediction, wanted: Wanted, progress: Progress) -> None:
        with closing(open_slide(wanted.slide)) as slide:
            export = Export(prediction, wanted.threshold, wanted.annotations, slide)
            write_outputs(export, wanted.folder, list(FORMATS))

    def finished(self, reply: Finished, prediction: Prediction | None) -> str:
        return prediction_words.finished(reply, prediction)


class MaskKind:
    """Pixels."""

    has_shapes = True
    smallest_um2, tolerance_um = LEAST_AREA_UM2, 1.0

    def knows_size(self, prediction: MaskPrediction) -> bool:
        return prediction.spacing_um_px is not None

    def groups(self, prediction: MaskPrediction) -> Mapping[str, str]:
        names, target = prediction.class_names, prediction.target
        colours = dict(zip(names, colours_for(names, target), strict=True))
        others = [] if prediction.exclusive else [it for it in names if it != names[target]]
        return {name: colours[name] for name in (names[target], *others)}

    def annotations(
        self, prediction: MaskPrediction, how: Outlining, progress: Progress
    ) -> AnnotationSet:
        return class_annotations(
            prediction,
            prediction.class_names.index(how.class_name),
            threshold=how.threshold,
            least_area_um2=how.smallest_um2,
            tolerance_um=how.tolerance_um,
            within=how.within,
            group=how.group,
            progress=progress,
        )

    def told(self, many: int) -> str:
        return "1 region" if many == 1 else f"{words.whole(many)} regions"

    def outlines_at(
        self, prediction: MaskPrediction, threshold: float, x: float, y: float
    ) -> list[Points]:
        pixel = prediction.frame.scale
        here = Rect(x - pixel / 2, y - pixel / 2, pixel, pixel)
        made = class_annotations(
            prediction,
            prediction.target,
            threshold=threshold,
            least_area_um2=0.0,
            within=here,
            most_px=MOST_ACCEPTED_PX,
        )
        point = shapely.Point(x, y)
        return [it.points for it in made if shapely.Polygon(it.points).buffer(0).contains(point)][
            :1
        ]

    def write(self, prediction: MaskPrediction, wanted: Wanted, progress: Progress) -> None:
        with closing(open_slide(wanted.slide)) as slide:
            export = MaskExport(
                prediction, slide, wanted.threshold, wanted.annotations, progress=progress
            )
            write_mask_outputs(export, wanted.folder, list(MASK_FORMATS))

    def finished(self, reply: Finished, prediction: MaskPrediction | None) -> str:
        return prediction_words.mask_finished(reply, prediction)


class NucleiKind:
    """Nuclei."""

    has_shapes = False
    smallest_um2, tolerance_um = 0.0, 0.0

    def knows_size(self, prediction: NucleiPrediction) -> bool:
        return prediction.mask.spacing_um_px is not None

    def groups(self, prediction: NucleiPrediction) -> Mapping[str, str]:
        return {NUCLEI_GROUP: TARGET_COLOUR}

    def annotations(
        self, prediction: NucleiPrediction, how: Outlining, progress: Progress
    ) -> AnnotationSet:
        made = nuclei_in(prediction, how.within, how.group, progress)
        return _in_group(made, how.group, TARGET_COLOUR)

    def told(self, many: int) -> str:
        return "1 nucleus" if many == 1 else f"{words.whole(many)} nuclei"

    def outlines_at(
        self, prediction: NucleiPrediction, threshold: float, x: float, y: float
    ) -> list[Points]:
        parts = NucleiParts(prediction.mask.frame, prediction.store)
        found = parts.nucleus_at(x, y)
        return [] if found is None else [as_points(found.outline)]

    def write(self, prediction: NucleiPrediction, wanted: Wanted, progress: Progress) -> None:
        export = NucleiExport(prediction, wanted.annotations)
        write_nuclei_outputs(export, wanted.folder, list(NUCLEI_FORMATS))

    def finished(self, reply: Finished, prediction: NucleiPrediction | None) -> str:
        return prediction_words.nuclei_finished(
            reply, None if prediction is None else prediction.mask
        )


KINDS: Mapping[Task, Kind] = MappingProxyType(
    {"tile-classification": TileKind(), "segmentation": MaskKind(), "nuclei": NucleiKind()}
)


def _in_group(made: list[Annotation], group: str | None, colour: str) -> AnnotationSet:
    return AnnotationSet.of(made, [] if group is None else [Group(group, colour=colour)])


def task_of(prediction: Stored) -> Task:
    """The task of the model that a prediction is by."""
    match prediction:
        case Prediction():
            return "tile-classification"
        case MaskPrediction():
            return "segmentation"
        case _:
            return "nuclei"


def kind_of(prediction: Stored) -> Kind:
    """What can be done with a prediction."""
    return KINDS[task_of(prediction)]
