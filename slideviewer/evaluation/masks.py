"""How well regions are segmented: Dice and Jaccard of each class, areas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.label_pairs import Pairs
from slideviewer.evaluation.report import Cell, Confusion, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import dice_of, jaccard_of, mean_of_known, scored

MOST_WORST = 8
BACKGROUND = "background"


@dataclass(frozen=True)
class Overlap:
    """Pixels of one class in one picture: predicted, true, and both at once."""

    predicted: int
    true: int
    both: int

    @property
    def is_empty(self) -> bool:
        """Whether the class is neither there nor predicted."""
        return not self.predicted and not self.true

    @property
    def dice(self) -> float:
        """Twice the overlap by the sum of both (Dice 1945); not a number where both are empty."""
        total = self.predicted + self.true
        return 2 * self.both / total if total else math.nan

    @property
    def jaccard(self) -> float:
        """The overlap by the union (Jaccard 1912); not a number where both are empty."""
        union = self.predicted + self.true - self.both
        return self.both / union if union else math.nan


@dataclass(frozen=True)
class MaskCase:
    """A picture, or a slide.

    Attributes
    ----------
    name : str
    overlaps : tuple of Overlap
        Of each class.
    pixels : int
        Of the picture.
    pixel_um2 : float or None
        Area of a pixel, where that is known.
    confusion : tuple of tuple of int or None
        Pixels by true (rows) and predicted class, background first; None where classes overlap.
    """

    name: str
    overlaps: tuple[Overlap, ...]
    pixels: int
    pixel_um2: float | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None


def case_of(
    name: str,
    pairs: Pairs,
    predicted: Mapping[int, int],
    truth: Mapping[int, int],
    classes: int,
    pixel_um2: float | None = None,
) -> MaskCase:
    """Make a case of classes that exclude each other.

    Parameters
    ----------
    name : str
    pairs : mapping of (int, int) to int
        Pixels by predicted and true label.
    predicted, truth : mapping of int to int
        The class, from 1, of a label; all others are background.
    classes : int
    pixel_um2 : float, optional
    """
    matrix = np.zeros((classes + 1, classes + 1), np.int64)
    for (said, true), count in pairs.items():
        matrix[truth.get(true, 0), predicted.get(said, 0)] += count
    overlaps = tuple(
        Overlap(int(matrix[:, it].sum()), int(matrix[it].sum()), int(matrix[it, it]))
        for it in range(1, classes + 1)
    )
    rows = tuple(map(tuple, matrix.tolist()))
    return MaskCase(name, overlaps, int(matrix.sum()), pixel_um2, rows)


def evaluate_masks(
    cases: Sequence[MaskCase],
    class_names: Sequence[str],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
) -> Report:
    """Compare masks.

    Parameters
    ----------
    cases : sequence of MaskCase
    class_names : sequence of str
    resampling : Resampling
        By case.
    notes : sequence of str
    """
    scores: list[Score] = []
    for number, name in enumerate(class_names):
        scores.extend(_scores([it.overlaps[number] for it in cases], name, resampling))
    empty = sum(all(it.is_empty for it in case.overlaps) for case in cases)
    told = list(notes)
    if empty:
        told.append(f"In {empty} of {len(cases)} cases nothing is there and nothing is predicted.")
    if len(cases) < 2:
        told.append("There are no intervals: there is one case only.")
    return Report(
        task="segmentation",
        resampled=resampling.words("case", len(cases)),
        scores=tuple(scores),
        confusions=_confusions(cases, class_names),
        tables=(_by_case(cases, class_names),),
        worst=_worst(cases, class_names),
        notes=tuple(told),
    )


def _scores(overlaps: Sequence[Overlap], name: str, resampling: Resampling) -> list[Score]:
    units = len(overlaps)
    sums = np.array([(it.predicted, it.true, it.both) for it in overlaps], np.int64).reshape(-1, 3)
    dice, jaccard = (
        np.array([getattr(it, measure) for it in overlaps]) for measure in ("dice", "jaccard")
    )
    known = int(np.isfinite(dice).sum())
    each = "mean over cases; those where the class is neither there nor predicted are left out"
    together = "of the pixels of all cases together"
    found = [
        scored(measure, of, variant, units, resampling, of=name, count=count)
        for measure, variant, count, of in (
            ("dice", each, known, partial(mean_of_known, dice)),
            ("jaccard", each, known, partial(mean_of_known, jaccard)),
            ("dice", together, units, partial(dice_of, sums)),
            ("jaccard", together, units, partial(jaccard_of, sums)),
        )
    ]
    left_out = "neither there nor predicted, so Dice and Jaccard are no numbers"
    found.append(Score("cases_left_out", units - known, left_out, name, count=units))
    return found


def _confusions(cases: Sequence[MaskCase], class_names: Sequence[str]) -> tuple[Confusion, ...]:
    matrices = [it.confusion for it in cases if it.confusion is not None]
    if len(class_names) < 2 or len(matrices) != len(cases):
        return ()
    summed = np.sum(np.array(matrices, np.int64), axis=0)
    counts = tuple(map(tuple, summed.tolist()))
    return (Confusion("Pixels of all cases", (BACKGROUND, *class_names), counts),)


def _by_case(cases: Sequence[MaskCase], class_names: Sequence[str]) -> Table:
    has_um2 = any(it.pixel_um2 is not None for it in cases)
    areas = ("predicted µm²", "true µm²") if has_um2 else ()
    columns = ("case", "class", "Dice", "Jaccard", "predicted px", "true px", *areas)
    rows = []
    for case in cases:
        for name, it in zip(class_names, case.overlaps, strict=True):
            row: list[Cell] = [case.name, name, _known(it.dice), _known(it.jaccard)]
            row += [it.predicted, it.true]
            if has_um2:
                um2 = case.pixel_um2
                row += [None if um2 is None else px * um2 for px in (it.predicted, it.true)]
            rows.append(tuple(row))
    return Table("By case", columns, tuple(rows))


def _worst(cases: Sequence[MaskCase], class_names: Sequence[str]) -> tuple[Worst, ...]:
    """The cases of the lowest Dice of any class."""
    found = []
    for case in cases:
        known = [
            (it.dice, name)
            for name, it in zip(class_names, case.overlaps, strict=True)
            if not it.is_empty
        ]
        if known and min(known)[0] < 1:
            dice, name = min(known)
            found.append((dice, Worst(case.name, f"Dice of {name} {dice:.3f}", of=name)))
    return tuple(worst for _, worst in sorted(found, key=lambda it: it[0])[:MOST_WORST])


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
