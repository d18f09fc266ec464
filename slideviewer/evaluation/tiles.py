"""How well tiles are classified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.calibration import BINS, FOLDS, Bins, Calibration, held_out_temperatures
from slideviewer.evaluation.classification import decide
from slideviewer.evaluation.confusion import (
    accuracy,
    balanced_accuracy,
    class_scores,
    confusions_by_slide,
    f1,
    jaccard,
)
from slideviewer.evaluation.curves import precision_recall, reliability, roc
from slideviewer.evaluation.report import Cell, Confusion, Curve, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import Measure, scored

MOST_WORST = 12


@dataclass(frozen=True, eq=False)
class LabelledTiles:
    """Tiles whose class is known, with what a model says of them.

    Attributes
    ----------
    probabilities : ndarray (n, classes), float32
    labels : ndarray (n,), int64
        Index into `class_names`.
    class_names : tuple of str
    target : int
        Index of the class of interest.
    slides : ndarray (n,), int64
        Index into `slide_names`.
    slide_names : tuple of str
        One name where nobody knows of which slide a tile is.
    names : tuple of str
        Of each tile that is a picture; empty where `rects` says where tiles lie.
    rects : ndarray (n, 4), float64, or None
        x, y, width and height on the slide, in level-0 pixels.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    target: int
    slides: NDArray[np.int64]
    slide_names: tuple[str, ...]
    names: tuple[str, ...] = ()
    rects: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        count = len(self.labels)
        if not count or self.probabilities.shape != (count, len(self.class_names)):
            raise ValueError(f"{self.probabilities.shape} probabilities for {count} labels")
        if len(self.slides) != count or (self.rects is not None and len(self.rects) != count):
            raise ValueError(f"{len(self.slides)} slides of {count} tiles")


@dataclass(frozen=True)
class _Measured:
    """Adds up scores, each with its interval by slide."""

    scores: list[Score]
    resampling: Resampling
    units: int

    def add(
        self,
        name: str,
        measure: Measure,
        variant: str,
        of: str = "",
        count: int | None = None,
    ) -> None:
        self.scores.append(
            scored(name, measure, variant, self.units, self.resampling, of=of, count=count)
        )


class TileEvaluation:
    """Tiles that may be compared at one threshold after the other.

    What no threshold changes, such as the AUC, is measured once.

    Parameters
    ----------
    tiles : LabelledTiles
    resampling : Resampling
        By slide.
    notes : sequence of str
        What else the reader should know.
    """

    def __init__(
        self,
        tiles: LabelledTiles,
        resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
        notes: Sequence[str] = (),
    ) -> None:
        self.tiles, self._resampling = tiles, resampling
        target, units, count = tiles.target, len(tiles.slide_names), len(tiles.labels)
        of = tiles.class_names[target]
        truth, chances = tiles.labels == target, tiles.probabilities[:, target]
        self._areas = AucBySlide.of(truth, chances, tiles.slides, units)
        ranked = _Measured([], resampling, units)
        ranked.add(
            "roc_auc", self._areas.area, "against all others, by ranks, ties half", of, count
        )
        ranked.scores.append(_average_precision(truth, chances, of))
        calibration = Calibration.of(truth, chances, tiles.slides, units)
        calibrated = _Measured([], resampling, units)
        binned = f"probability of {of}, {BINS} bins of equal width, mean distance by count"
        # No interval: resampled with replacement it comes out too large, for bins get emptier.
        error = calibration.bins().error
        calibrated.scores.append(
            Score("expected_calibration_error", error, binned, of, count=count)
        )
        squared = f"mean of (probability of {of} - truth)²"
        calibrated.add("brier", calibration.brier, squared, of, count)
        lines, told = {"as predicted": calibration.bins()}, [*notes, *_notes(tiles)]
        if len(np.unique(tiles.slides % FOLDS)) == FOLDS:
            _add_scaled(calibrated, tiles, truth, lines, told)
        self._ranked, self._calibrated = ranked.scores, calibrated.scores
        self._curves, self._told = _curves(truth, chances, of, lines), tuple(told)

    def at(self, threshold: float) -> Report:
        """Compare predicted with true classes.

        Parameters
        ----------
        threshold : float
            A tile counts as the target from this probability on, else as its likeliest other
            class.
        """
        tiles, target, units = self.tiles, self.tiles.target, len(self.tiles.slide_names)
        predicted = decide(tiles.probabilities, target, threshold)
        matrices = confusions_by_slide(
            tiles.labels, predicted, tiles.slides, len(tiles.class_names), units
        )
        at = f"at {threshold:g} for {tiles.class_names[target]}, else the likeliest other class"
        total = matrices.sum(axis=0)
        return Report(
            task="tiles",
            resampled=self._resampling.words("slide", units),
            scores=(*self._ranked, *self._scores_at(matrices, at), *self._calibrated),
            curves=self._curves,
            confusions=(
                Confusion(f"Tiles, {at}", tiles.class_names, tuple(map(tuple, total.tolist()))),
            ),
            tables=(_by_slide(tiles, self._areas, matrices),) if units > 1 else (),
            worst=_worst(tiles, predicted),
            notes=self._told,
        )

    def _scores_at(self, matrices: NDArray[np.int64], at: str) -> list[Score]:
        """What follows from the counts by slide, true and predicted class."""
        tiles, target, count = self.tiles, self.tiles.target, len(self.tiles.labels)
        found = _Measured([], self._resampling, len(matrices))
        of = tiles.class_names[target]

        def matrix(weights: Weights) -> NDArray[np.int64]:
            summed: NDArray[np.int64] = np.tensordot(weights, matrices, 1)
            return summed

        found.add("accuracy", lambda w: accuracy(matrix(w)), at, count=count)
        found.add(
            "balanced_accuracy",
            lambda w: balanced_accuracy(matrix(w)),
            f"mean recall of the classes that are there, {at}",
            count=count,
        )
        found.add("f1", lambda w: f1(matrix(w), target), at, of, count)
        of_tiles = f"of whole tiles, {at}"
        found.add("dice", lambda w: f1(matrix(w), target), of_tiles, of, count)
        found.add("jaccard", lambda w: jaccard(matrix(w), target), of_tiles, of, count)
        found.scores.extend(class_scores(matrices.sum(axis=0), tiles.class_names, at))
        return found.scores


def evaluate_tiles(
    tiles: LabelledTiles,
    threshold: float,
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
) -> Report:
    """Compare predicted with true classes at one threshold; see `TileEvaluation`."""
    return TileEvaluation(tiles, resampling, notes).at(threshold)


def _add_scaled(
    found: _Measured,
    tiles: LabelledTiles,
    truth: NDArray[np.bool_],
    lines: dict[str, Bins],
    notes: list[str],
) -> None:
    """Add what becomes of the calibration where a temperature is fitted on other slides."""
    units, of = len(tiles.slide_names), tiles.class_names[tiles.target]
    scaled, temperatures = held_out_temperatures(tiles.probabilities, tiles.labels, tiles.slides)
    after = Calibration.of(truth, scaled[:, tiles.target], tiles.slides, units)
    how = f"after temperature scaling on held-out slides ({FOLDS} folds)"
    binned = f"{how}, probability of {of}, {BINS} bins of equal width"
    count = len(truth)
    error = after.bins().error
    found.scores.append(Score("expected_calibration_error", error, binned, of, count=count))
    found.add("brier", after.brier, f"{how}, mean of (probability of {of} - truth)²", of, count)
    lines["temperature of held-out slides"] = after.bins()
    words = " and ".join(f"{value:.3g}" for value in temperatures)
    notes.append(f"The temperatures fitted on the slides of the other fold are {words}.")


def _average_precision(truth: NDArray[np.bool_], chances: NDArray[np.floating], of: str) -> Score:
    from sklearn.metrics import average_precision_score  # late: it takes a second

    value = float(average_precision_score(truth, chances)) if truth.any() else None
    variant = "sum of precision over steps of recall, not interpolated"
    return Score("average_precision", value, variant, of, count=len(truth))


def _curves(
    truth: NDArray[np.bool_], chances: NDArray[np.floating], of: str, lines: dict[str, Bins]
) -> tuple[Curve, ...]:
    drawn = (roc(truth, chances, of), precision_recall(truth, chances, of), reliability(lines, of))
    return tuple(curve for curve in drawn if curve is not None)


def _by_slide(tiles: LabelledTiles, areas: AucBySlide, matrices: NDArray[np.int64]) -> Table:
    of = tiles.class_names[tiles.target]
    rows: list[tuple[Cell, ...]] = []
    for number, name in enumerate(tiles.slide_names):
        alone = np.zeros(len(tiles.slide_names), np.int64)
        alone[number] = 1
        own = matrices[number]
        true = int(own[tiles.target].sum())
        rows.append((name, int(own.sum()), true, accuracy(own), areas.area(alone)))
    return Table(
        "By slide", ("slide", "tiles", f"of them {of}", "accuracy", "ROC AUC"), tuple(rows)
    )


def _worst(tiles: LabelledTiles, predicted: NDArray[np.int64]) -> tuple[Worst, ...]:
    """The tiles whose true class was thought least likely, of those that are wrong."""
    wrong = np.flatnonzero(predicted != tiles.labels)
    chances = tiles.probabilities[wrong, tiles.labels[wrong]]
    found = []
    for index in wrong[np.argsort(chances, kind="stable")[:MOST_WORST]].tolist():
        true, said = (tiles.class_names[it[index]] for it in (tiles.labels, predicted))
        chance = tiles.probabilities[index, tiles.labels[index]]
        place = None
        if tiles.rects is not None:
            x, y, width, height = tiles.rects[index].tolist()
            place = (x, y, width, height)
        case = tiles.names[index] if tiles.names else tiles.slide_names[tiles.slides[index]]
        found.append(Worst(case, f"{true}, predicted {said} ({true} {chance:.3f})", place))
    return tuple(found)


def _notes(tiles: LabelledTiles) -> list[str]:
    missing = [
        name for number, name in enumerate(tiles.class_names) if not (tiles.labels == number).any()
    ]
    notes = [f"No tile is truly {name}." for name in missing]
    if len(tiles.slide_names) < 2:
        notes.append(
            "There are no intervals: they are taken by slide, and of these tiles not more than "
            "one slide is known."
        )
    return notes
