"""How well nuclei are found one by one: the score of the Data Science Bowl 2018, and more.

Caicedo et al. 2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl"
(Nature Methods 16:1247).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.label_pairs import Pairs
from slideviewer.evaluation.report import Cell, Curve, Line, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import Measure, dice_of, mean_of_known, scored

THRESHOLDS_IN_20 = tuple(range(10, 20))
""".50, .55 … .95, in twentieths: whole numbers, so that no rounding decides."""
MOST_WORST = 8
VARIANT = (
    "dsb2018: TP/(TP+FP+FN), mean over IoU above .50, .55 … .95, then over pictures; a picture "
    "without nuclei is 1 where none is found, else 0"
)


@dataclass(frozen=True, eq=False)
class NucleiCase:
    """One picture.

    Attributes
    ----------
    name : str
    predicted, true : int
        How many nuclei are found, and there.
    matches : tuple of int
        At each of `THRESHOLDS_IN_20`, how many of them belong together.
    overlap : tuple of int
        Pixels of nuclei: predicted, true, both.
    mean_iou : float or None
        Of the nuclei that belong together at .5; None where none do.
    """

    name: str
    predicted: int
    true: int
    matches: tuple[int, ...]
    overlap: tuple[int, int, int]
    mean_iou: float | None

    @property
    def precisions(self) -> tuple[float, ...]:
        """TP/(TP+FP+FN) at each threshold."""
        if not self.predicted + self.true:
            return (1.0,) * len(self.matches)
        return tuple(it / (self.predicted + self.true - it) for it in self.matches)

    @property
    def score(self) -> float:
        """Their mean."""
        return sum(self.precisions) / len(self.precisions)


def nuclei_case(name: str, pairs: Pairs) -> NucleiCase:
    """Match the nuclei of a picture.

    Two belong together where their intersection is more than a share, of a half or above, of
    their union. Nuclei do not overlap, so no nucleus can have two such partners.

    Parameters
    ----------
    name : str
    pairs : mapping of (int, int) to int
        Pixels by predicted and true nucleus, 0 being none.
    """
    predicted, true = _areas(pairs, 0), _areas(pairs, 1)
    both = np.array(
        [(a, b, count) for (a, b), count in pairs.items() if a and b], np.int64
    ).reshape(-1, 3)
    shared = both[:, 2]
    unions = np.array([predicted[a] + true[b] for a, b in both[:, :2].tolist()], np.int64) - shared
    matches = tuple(int((20 * shared > it * unions).sum()) for it in THRESHOLDS_IN_20)
    is_match = 2 * shared > unions
    ious = shared[is_match] / unions[is_match]
    return NucleiCase(
        name,
        len(predicted),
        len(true),
        matches,
        (sum(predicted.values()), sum(true.values()), int(shared.sum())),
        float(ious.mean()) if len(ious) else None,
    )


def evaluate_nuclei(
    cases: Sequence[NucleiCase],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
) -> Report:
    """Compare nuclei.

    Parameters
    ----------
    cases : sequence of NucleiCase
    resampling : Resampling
        By picture.
    """
    units = len(cases)
    each = np.array([it.precisions for it in cases]).reshape(units, -1)
    counts = np.array([(it.predicted, it.true, it.matches[0]) for it in cases], np.int64)
    pixels = np.array([it.overlap for it in cases], np.int64)
    means = each.mean(axis=1)
    at_half = "TP/(TP+FP+FN) at IoU above .50, mean over pictures"
    at_most = "TP/(TP+FP+FN) at IoU above .75, mean over pictures"
    together = "of the nuclei of all pictures together, at IoU above .50"
    measures: tuple[tuple[str, str, Measure], ...] = (
        ("mean_average_precision", VARIANT, partial(mean_of_known, means)),
        ("average_precision_50", at_half, partial(mean_of_known, each[:, 0])),
        ("average_precision_75", at_most, partial(mean_of_known, each[:, 5])),
        ("f1", together, partial(dice_of, counts)),
        ("precision", together, lambda w: _share(w @ counts, 0)),
        ("recall", together, lambda w: _share(w @ counts, 1)),
        ("dice", "pixels of nuclei of all pictures together", partial(dice_of, pixels)),
    )
    scores = [scored(name, measure, how, units, resampling) for name, how, measure in measures]
    for name, column in (("nuclei_predicted", 0), ("nuclei_true", 1)):
        scores.append(Score(name, int(counts[:, column].sum()), "of all pictures", count=units))
    return Report(
        task="nuclei",
        resampled=resampling.words("picture", units),
        scores=tuple(scores),
        curves=(_curve(each),),
        tables=(_by_picture(cases),),
        worst=_worst(cases),
        notes=_notes(cases),
    )


def _areas(pairs: Pairs, side: int) -> dict[int, int]:
    areas: dict[int, int] = {}
    for pair, count in pairs.items():
        if pair[side]:
            areas[pair[side]] = areas.get(pair[side], 0) + count
    return areas


def _share(sums: NDArray[np.int64], side: int) -> float | None:
    return float(sums[2] / sums[side]) if sums[side] else None


def _curve(each: NDArray[np.float64]) -> Curve:
    x = tuple(it / 20 for it in THRESHOLDS_IN_20)
    line = Line("", x, tuple(each.mean(axis=0).tolist()), "line and dots")
    title = "Precision by how exact a nucleus must be"
    return Curve("precision_by_iou", title, "IoU above", "TP/(TP+FP+FN), mean", (line,))


def _by_picture(cases: Sequence[NucleiCase]) -> Table:
    columns = ("picture", "predicted", "true", "matched at .5", "score", "mean IoU of matches")
    rows: list[tuple[Cell, ...]] = [
        (it.name, it.predicted, it.true, it.matches[0], it.score, it.mean_iou) for it in cases
    ]
    return Table("By picture", columns, tuple(rows))


def _worst(cases: Sequence[NucleiCase]) -> tuple[Worst, ...]:
    found = sorted((it for it in cases if it.score < 1), key=lambda it: it.score)
    return tuple(
        Worst(
            it.name,
            f"score {it.score:.3f}: {it.matches[0]} of {it.true} nuclei found, "
            f"{it.predicted - it.matches[0]} that are none",
        )
        for it in found[:MOST_WORST]
    )


def _notes(cases: Sequence[NucleiCase]) -> tuple[str, ...]:
    notes = []
    bare = [it for it in cases if not it.true]
    if bare:
        found = sum(bool(it.predicted) for it in bare)
        notes.append(
            f"{len(bare)} of {len(cases)} pictures have no nuclei; in {found} of them some were "
            f"found, which scores 0, and the other {len(bare) - found} score 1."
        )
    if len(cases) < 2:
        notes.append("There are no intervals: there is one picture only.")
    return tuple(notes)
