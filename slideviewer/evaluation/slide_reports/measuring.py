"""How well prediction and markup of one slide agree: the measures of `slideviewer evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.masks import UNGROUPED_WORD
from slideviewer.errors import SlideviewerError
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.evaluation.inputs.labelled_tiles import TruthOptions, marked
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.evaluation.inputs.predicted_tiles import tiles_of
from slideviewer.evaluation.label_pairs import pairs_of
from slideviewer.evaluation.masks import case_of, evaluate_masks
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.slide_reports.values import ReportOptions
from slideviewer.evaluation.tiles import evaluate_tiles
from slideviewer.inference.prediction import Prediction

_MARKED_FROM = 0.5
_NO_INTERVALS = Resampling(0)


def overlap(opinions: Opinions, target: str, threshold: float) -> Report:
    """Dice and Jaccard of what is predicted and marked, cell by cell."""
    predicted = np.nan_to_num(opinions.scores, nan=0.0) >= np.float32(threshold)
    has_looked = ~np.isnan(opinions.scores)
    pairs = pairs_of(
        (predicted & has_looked).astype(np.uint8),
        (opinions.marked >= _MARKED_FROM).astype(np.uint8),
    )
    case = case_of("slide", pairs, {1: 1}, {1: 1}, 1, opinions.cell_um2)
    told = (
        f"Dice and Jaccard are of cells of {opinions.grid.cell:.4g} × {opinions.grid.cell:.4g} "
        "level-0 pixels; a cell is marked where half of it is. Where the model did not look, "
        "nothing is predicted.",
    )
    return evaluate_masks([case], (target,), _NO_INTERVALS, told)


def tile_scores(
    prediction: Prediction,
    markup: AnnotationSet,
    annotations: Path | None,
    options: ReportOptions,
    threshold: float,
) -> Report:
    """AUC, accuracy and the others of a tile model's answers.

    Raises
    ------
    SlideviewerError
        Where the markup's groups stand for no class, or it is of another slide.
    """
    target = prediction.class_names[prediction.target]
    tiles = tiles_of(prediction)
    drawn = Markup(annotations or Path("annotations"), markup, (), None, None)
    named = {UNGROUPED_WORD if it is None else it: target for it in options.groups or ()}
    if drawn.groups == (UNGROUPED_WORD,):
        named = named or {UNGROUPED_WORD: target}  # nothing else can be meant
    read = marked({"slide": tiles}, {"slide": drawn}, prediction.target, TruthOptions(groups=named))
    return evaluate_tiles(read.tiles, threshold, _NO_INTERVALS, read.notes)


def measures_of(
    prediction: Prediction,
    is_of_tiles: bool,
    opinions: Opinions,
    markup: AnnotationSet,
    annotations: Path | None,
    options: ReportOptions,
    threshold: float,
) -> tuple[tuple[Report, ...], Sequence[str]]:
    """All measures, and sentences on those that could not be taken."""
    target = prediction.class_names[prediction.target]
    found, notes = [overlap(opinions, target, threshold)], []
    if is_of_tiles:
        try:
            found.append(tile_scores(prediction, markup, annotations, options, threshold))
        except SlideviewerError as error:
            notes.append(f"Tiles are not scored. {error}")
    return tuple(found), notes
