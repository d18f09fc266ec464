"""How good the prediction of the slide that is open is, at one threshold after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.classification import decide
from slideviewer.evaluation.detection import AT_THRESHOLD, evaluate_lesions
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.evaluation.inputs.mask_cases import MaskOptions
from slideviewer.evaluation.inputs.open_slide import (
    FoundLesions,
    lesions_on,
    slide_name,
    tiles_on,
)
from slideviewer.evaluation.inputs.open_truth import OpenTruth
from slideviewer.evaluation.inputs.stored_masks import MarkedMasks
from slideviewer.evaluation.masks import evaluate_masks
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.tiles import LabelledTiles, TileEvaluation
from slideviewer.inference.cell_areas import class_areas
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.progress import Progress, silent

NO_POINTS = (
    "Lesions are counted by the points of a tile model; a segmentation gives none. Its pixels are "
    "measured instead."
)


@dataclass(frozen=True, eq=False)
class SaidTiles:
    """The tiles of a slide, and what the model says of each at a threshold.

    Attributes
    ----------
    tiles : LabelledTiles
    said : ndarray (n,), int64
        Indices of classes.
    """

    tiles: LabelledTiles
    said: NDArray[np.int64]

    def behind(self, true: int, said: int) -> NDArray[np.float64]:
        """The tiles that a cell of the confusion matrix counts, the least likely truth first.

        Parameters
        ----------
        true, said : int
            Indices of classes.

        Returns
        -------
        ndarray (n, 4), float64
            x, y, width and height in level-0 pixels.
        """
        tiles = self.tiles
        assert tiles.rects is not None  # tiles of a slide lie somewhere
        found = np.flatnonzero((tiles.labels == true) & (self.said == said))
        order = np.argsort(tiles.probabilities[found, true], kind="stable")
        return tiles.rects[found[order]]


@dataclass(frozen=True, eq=False)
class Measured:
    """What is known at a threshold.

    Attributes
    ----------
    threshold : float
    target : str
        The class of interest.
    report : Report
        What `slideviewer evaluate tiles`, or of masks `segmentation`, says.
    areas : Areas
        Of each class, and of all that the model looked at.
    said : SaidTiles or None
        None of masks.
    lesions : Report or None
        What `slideviewer evaluate lesions` says; None where it cannot be told.
    no_lesions : str
        Why not, for the user.
    found : FoundLesions or None
        The lesions themselves.
    notices : tuple of str
        What is odd about the markup.
    """

    threshold: float
    target: str
    report: Report
    areas: Areas
    said: SaidTiles | None = None
    lesions: Report | None = None
    no_lesions: str = ""
    found: FoundLesions | None = None
    notices: tuple[str, ...] = field(default=())

    @property
    def places(self) -> Mapping[str, tuple[float, float]]:
        """Where the threshold stands on the curves, by their names; x and y."""
        found = {}
        if self.said is not None:
            matrix = np.array(self.report.confusions[0].counts)
            target = self.said.tiles.target
            others = np.arange(len(matrix)) != target
            true, false = matrix[target, target], matrix[others, target].sum()
            positives, negatives = matrix[target].sum(), matrix[others].sum()
            if positives and negatives:
                found["roc"] = float(false / negatives), float(true / positives)
            if positives and true + false:
                found["pr"] = float(true / positives), float(true / (true + false))
        if self.lesions is not None:
            sensitivity, false_positives = (
                self.lesions.score(name, variant=AT_THRESHOLD).value
                for name in ("sensitivity", "false_positives")
            )
            if sensitivity is not None and false_positives is not None:
                found["froc"] = false_positives, sensitivity
        return found


class Measures(Protocol):
    """Prediction and markup laid on each other, once for all thresholds."""

    def at(self, threshold: float) -> Measured:
        """Measure at a threshold."""


class TileMeasures:
    """A prediction of tiles against markup; see `Measures`.

    Parameters
    ----------
    prediction : Prediction
    markup : Markup
    truth : OpenTruth

    Raises
    ------
    EvaluationError
        Where they do not belong together, or what the markup stands for is not known.
    """

    def __init__(self, prediction: Prediction, markup: Markup, truth: OpenTruth) -> None:
        read = tiles_on(prediction, markup, truth)
        self._prediction = prediction
        self._tiles = TileEvaluation(read.tiles, notes=read.notes)
        self._notices = tuple(it for lines in read.notices.values() for it in lines)
        self._found: FoundLesions | None = None
        self._no_lesions = ""
        try:
            self._found = lesions_on(prediction, markup, truth)
        except EvaluationError as error:
            self._no_lesions = error.problem

    def at(self, threshold: float) -> Measured:
        """See `Measures`."""
        tiles, found, lesions = self._tiles.tiles, self._found, None
        if found is not None:
            lesions = evaluate_lesions([found.findings], notes=found.notes, threshold=threshold)
        said = decide(tiles.probabilities, tiles.target, threshold)
        return Measured(
            threshold,
            tiles.class_names[tiles.target],
            self._tiles.at(threshold),
            class_areas(self._prediction, threshold),
            SaidTiles(tiles, said),
            lesions,
            self._no_lesions,
            found,
            self._notices,
        )


class MaskMeasures:
    """A segmentation against markup; see `Measures`. All its pixels are read once.

    Parameters
    ----------
    prediction : MaskPrediction
    markup : Markup
    truth : OpenTruth
    progress : Progress

    Raises
    ------
    SlideviewerError
        Where they do not belong together, or the store cannot be read.
    """

    def __init__(
        self, prediction: MaskPrediction, markup: Markup, truth: OpenTruth, progress: Progress
    ) -> None:
        target = prediction.class_names[prediction.target]
        name = slide_name(prediction.provenance, markup)
        options = MaskOptions(groups=truth.groups(target))
        marked = MarkedMasks({name: (markup.path, prediction)}, {name: markup}, options)
        self._mask, self._target = marked.masks[name], target
        self._class_names, self._notes = marked.class_names, marked.notes
        self._counts = self._mask.counts(self._class_names, progress)

    def at(self, threshold: float) -> Measured:
        """See `Measures`."""
        case = self._mask.case(self._counts, self._class_names, threshold)
        report = evaluate_masks([case], self._class_names, notes=self._notes)
        areas = self._counts.areas(threshold)
        return Measured(threshold, self._target, report, areas, no_lesions=NO_POINTS)


def measures_of(
    prediction: Prediction | MaskPrediction,
    markup: Markup,
    truth: OpenTruth,
    progress: Progress = silent,
) -> Measures:
    """Lay a prediction of whatever kind on markup; errors as of the kinds."""
    if isinstance(prediction, Prediction):
        return TileMeasures(prediction, markup, truth)
    return MaskMeasures(prediction, markup, truth, progress)
