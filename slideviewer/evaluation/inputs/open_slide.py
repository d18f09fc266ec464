"""The one slide that is open: its prediction and its markup as values, not as files.

What is measured of them is what the commands measure of the files that are written of them, to
the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from slideviewer.annotations.frame import SlideFrame
from slideviewer.evaluation.inputs.cases import case_name
from slideviewer.evaluation.inputs.labelled_tiles import ReadTiles, TruthOptions, marked
from slideviewer.evaluation.inputs.marked_pairs import MarkedPairs, PairOptions
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.evaluation.inputs.open_truth import OpenTruth, markup_on
from slideviewer.evaluation.inputs.points import check_whole, not_reached_notes, points_of
from slideviewer.evaluation.inputs.predicted_tiles import tiles_of
from slideviewer.evaluation.inputs.run_facts import not_reached, part_of
from slideviewer.evaluation.inputs.true_lesions import Ground, LesionOptions, marked_lesions
from slideviewer.evaluation.lesions import MACRO_FROM_UM, Lesions, SlideFindings, findings
from slideviewer.inference.prediction import Prediction


@dataclass(frozen=True, eq=False)
class FoundLesions:
    """The lesions of a slide, and what was found of them.

    Attributes
    ----------
    findings : SlideFindings
    boxes : ndarray (regions, 4), float64
        Left, top, right and bottom of each region of the truth, in level-0 pixels.
    axes_um : ndarray (regions,), float64
        The major axis of each.
    is_itc : ndarray (regions,), bool
    best : ndarray (regions,), float64
        The highest probability of any point on it; 0 where it was missed.
    notes : tuple of str
        What the reader should know.
    """

    findings: SlideFindings
    boxes: NDArray[np.float64]
    axes_um: NDArray[np.float64]
    is_itc: NDArray[np.bool_]
    best: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def size(self, index: int) -> str:
        """The size of a region, as tables have it."""
        if self.is_itc[index]:
            return "ITC"
        return "macro" if self.axes_um[index] >= MACRO_FROM_UM else "micro"


def tiles_on(prediction: Prediction, markup: Markup, truth: OpenTruth) -> ReadTiles:
    """The tiles of a prediction with their true classes; errors as of `marked`."""
    target = prediction.class_names[prediction.target]
    options = TruthOptions(target=target, groups=truth.groups(target), rest=truth.rest)
    name = slide_name(prediction.provenance, markup)
    return marked(
        {name: tiles_of(prediction, markup.path)}, {name: markup}, prediction.target, options
    )


def lesions_on(prediction: Prediction, markup: Markup, truth: OpenTruth) -> FoundLesions:
    """The lesions of the markup, and which of them the points of a prediction lie on.

    Raises
    ------
    EvaluationError
        Where the markup is of another slide, which group marks lesions is not known, nobody knows
        how large pixels are, or the model was to look at a part of the slide only.
    """
    provenance = prediction.provenance
    name = slide_name(provenance, markup)
    check_whole(name, part_of(provenance, is_complete=prediction.complete), markup.path)
    ground = Ground(prediction.slide_size, prediction.spacing_um_px)
    options = LesionOptions(() if truth.group is None else (truth.group,))
    lesions = marked_lesions(markup, ground, options)
    points = points_of(prediction)
    found = findings(name, points, lesions)
    best = np.zeros(len(lesions))
    best[~lesions.is_itc], best[lesions.is_itc] = found.lesions, found.itc_best
    notes = not_reached_notes({name: not_reached(provenance)})
    return FoundLesions(found, _boxes(lesions), lesions.axes_um, lesions.is_itc, best, notes)


def pairs_on(mine: Markup, other: Markup, frame: SlideFrame) -> MarkedPairs:
    """The markup of an open slide beside another one's; errors as of `MarkedPairs`."""
    own = markup_on(mine.annotations, frame, mine.path)
    size = frame.width_px, frame.height_px
    options = PairOptions(size=size, spacing_um_px=own.spacing_um_px)
    return MarkedPairs({case_name(frame.name): (own, other)}, options)


def slide_name(provenance: Mapping[str, object], markup: Markup) -> str:
    """What the slide of a prediction is called in reports; after its markup where nobody knows."""
    slide = provenance.get("slide")
    name = slide.get("name") if isinstance(slide, Mapping) else None
    return case_name(name if isinstance(name, str) else markup.path)


def _boxes(lesions: Lesions) -> NDArray[np.float64]:
    rows = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in (it for it in ndimage.find_objects(lesions.labels) if it is not None)
    ]
    corners = np.array(rows, np.float64).reshape(-1, 4) + ([lesions.left, lesions.top] * 2)
    boxes: NDArray[np.float64] = corners * lesions.scale
    return boxes
