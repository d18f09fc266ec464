"""How far two annotators agree: Cohen's kappa, and Dice of each group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.masks import BACKGROUND, MaskCase
from slideviewer.evaluation.report import Cell, Confusion, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import dice_of, mean_of_known, scored

MOST_WORST = 8


def kappa(
    matrix: NDArray[np.int64], weights: Literal["none", "quadratic"] = "none"
) -> float | None:
    """Cohen's kappa of counts (Cohen 1960, 1968).

    Parameters
    ----------
    matrix : ndarray (classes, classes), int64
        By the first one's class (rows) and the second one's.
    weights : str
        "quadratic": a disagreement weighs by the square of how far apart the classes are.

    Returns
    -------
    float or None
        None where chance alone would agree: both use one and the same class.
    """
    classes = len(matrix)
    total = float(matrix.sum())
    if not total:
        return None
    place = np.arange(classes)
    apart = place[:, None] - place[None, :]
    weight = apart.astype(np.float64) ** 2 if weights == "quadratic" else (apart != 0) * 1.0
    shares = matrix.astype(np.float64) / total
    by_chance = float((weight * np.outer(shares.sum(axis=1), shares.sum(axis=0))).sum())
    return 1.0 - float((weight * shares).sum()) / by_chance if by_chance else None


def evaluate_agreement(
    cases: Sequence[MaskCase],
    group_names: Sequence[str],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
) -> Report:
    """Compare two annotators' markup.

    Parameters
    ----------
    cases : sequence of MaskCase
        Slides: what the first drew is called true there, what the second drew predicted.
    group_names : sequence of str
    resampling : Resampling
        By slide.
    notes : sequence of str
    """
    units = len(cases)
    matrices = np.array([it.confusion for it in cases], np.int64)
    scores = [_kappa(matrices, resampling)]
    for number, name in enumerate(group_names):
        sums = np.array(
            [(o.predicted, o.true, o.both) for o in (it.overlaps[number] for it in cases)], np.int64
        )
        dices = np.array([it.overlaps[number].dice for it in cases])
        known = int(np.isfinite(dices).sum())
        both = "pixels of all slides together"
        each = "mean over slides; those where neither marked it are left out"
        for variant, count, measure in (
            (both, units, partial(dice_of, sums)),
            (each, known, partial(mean_of_known, dices)),
        ):
            scores.append(scored("dice", measure, variant, units, resampling, of=name, count=count))
    counts = tuple(map(tuple, matrices.sum(axis=0).tolist()))
    told = [*notes, *(["There are no intervals: there is one slide only."] if units < 2 else [])]
    return Report(
        task="annotations",
        resampled=resampling.words("slide", units),
        scores=tuple(scores),
        confusions=(Confusion("Pixels", (BACKGROUND, *group_names), counts, "first", "second"),),
        tables=(_by_slide(cases, group_names),),
        worst=_worst(cases, group_names),
        notes=tuple(told),
    )


def _kappa(matrices: NDArray[np.int64], resampling: Resampling) -> Score:
    def measure(weights: Weights) -> float | None:
        return kappa(np.tensordot(weights, matrices, 1))

    variant = "Cohen's, over the pixels of all slides; what is in no group is a class too"
    count = int(matrices.sum())
    return scored("kappa", measure, variant, len(matrices), resampling, count=count)


def _by_slide(cases: Sequence[MaskCase], group_names: Sequence[str]) -> Table:
    has_um2 = any(it.pixel_um2 is not None for it in cases)
    areas = ("first µm²", "second µm²") if has_um2 else ()
    rows = []
    for case in cases:
        for name, it in zip(group_names, case.overlaps, strict=True):
            dice = it.dice if math.isfinite(it.dice) else None
            row: list[Cell] = [case.name, name, dice, it.true, it.predicted]
            if has_um2:
                um2 = case.pixel_um2
                row += [None if um2 is None else px * um2 for px in (it.true, it.predicted)]
            rows.append(tuple(row))
    columns = ("slide", "group", "Dice", "first px", "second px", *areas)
    return Table("By slide", columns, tuple(rows))


def _worst(cases: Sequence[MaskCase], group_names: Sequence[str]) -> tuple[Worst, ...]:
    found = [
        (it.dice, Worst(case.name, f"Dice of {name} {it.dice:.3f}", of=name))
        for case in cases
        for name, it in zip(group_names, case.overlaps, strict=True)
        if not it.is_empty and it.dice < 1
    ]
    return tuple(worst for _, worst in sorted(found, key=lambda it: it[0])[:MOST_WORST])
