"""Whether the corrected model may take its parent's place: before and after on what neither saw.

Both are scored by what `slideviewer evaluate tiles` scores with. How far a score changes is drawn
again over whole slides, both models on the same ones each time, so that what is common to them
does not blur the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.classification import decide
from slideviewer.evaluation.confusion import balanced_accuracy, confusions_by_slide, f1
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.tiles import LabelledTiles, evaluate_tiles

DECIDING = ("roc_auc", "balanced_accuracy")
"""The scores that must not fall."""
LARGEST_FALL = 0.05
"""More is never taken for noise: of two or three slides almost any change is within it."""
RULE = (
    "A corrected model is not used where its ROC AUC or balanced accuracy on the held-out tiles"
    " falls so that the 95 % interval of the change lies below 0, or by more than"
    f" {LARGEST_FALL:g}."
)

_NAMES = {
    "roc_auc": "ROC AUC",
    "balanced_accuracy": "Balanced accuracy",
    "f1": "Dice at the threshold",
}


@dataclass(frozen=True)
class Change:
    """One score before and after.

    Attributes
    ----------
    name : str
        As in the reports of `slideviewer evaluate tiles`; ``f1`` is Dice of the target.
    before, after : float or None
        None where the tiles cannot tell, as with a class alone.
    low, high : float or None
        95 % interval of the change.
    """

    name: str
    before: float | None
    after: float | None
    low: float | None = None
    high: float | None = None

    @property
    def title(self) -> str:
        """For people."""
        return _NAMES[self.name]

    @property
    def by(self) -> float | None:
        """How far it rose."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def is_fall(self) -> bool:
        """Whether it is worse by more than noise."""
        by = self.by
        if by is None or by >= 0:
            return False
        return by < -LARGEST_FALL or (self.high is not None and self.high < 0)


@dataclass(frozen=True)
class Judgement:
    """How a corrected model compares with its parent.

    Attributes
    ----------
    changes : tuple of Change
        ROC AUC, balanced accuracy and Dice.
    measured_on : str
        In words.
    resampled : str
        By what the intervals were drawn; empty where there are none.
    weakness : str
        Why not to believe it too much; empty where nothing is to be said.
    false_positives, false_negatives : tuple of int
        Tiles wrongly taken for the target, and missed: before and after.
    before, after : Report
        In full.
    """

    changes: tuple[Change, ...]
    measured_on: str
    resampled: str
    weakness: str
    false_positives: tuple[int, int]
    false_negatives: tuple[int, int]
    before: Report
    after: Report

    @property
    def falls(self) -> tuple[Change, ...]:
        """What is worse, and decides."""
        return tuple(it for it in self.changes if it.name in DECIDING and it.is_fall)

    @property
    def is_worse(self) -> bool:
        """Whether the parent is to stay."""
        return bool(self.falls)

    @property
    def is_judged(self) -> bool:
        """Whether the held-out tiles can tell all that decides."""
        return all(it.by is not None for it in self.changes if it.name in DECIDING)

    @property
    def words(self) -> str:
        """What came of it, in a sentence."""
        if self.is_worse:
            told = ", ".join(f"{it.title} by {-(it.by or 0):.3f}" for it in self.falls)
            return f"It is worse, and is not used: {told} less than before."
        if not self.is_judged:
            told = " and ".join(
                it.title for it in self.changes if it.name in DECIDING and it.by is None
            )
            return (
                f"Cannot be judged: the held-out tiles are of one class, so that {told} cannot be"
                " told. Hold out a slide with both."
            )
        risen = [it for it in self.changes if it.low is not None and it.low > 0]
        if risen:
            told = ", ".join(f"{it.title} by {it.by or 0:.3f}" for it in risen)
            return f"It is better beyond chance: {told} more than before."
        return "It is not worse; what changed is within what chance does."

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "changes": [{**asdict(it), "title": it.title} for it in self.changes],
            "measured_on": self.measured_on,
            "resampled": self.resampled,
            "weakness": self.weakness,
            "false_positives": list(self.false_positives),
            "false_negatives": list(self.false_negatives),
            "is_worse": self.is_worse,
            "is_judged": self.is_judged,
            "words": self.words,
            "rule": RULE,
        }


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn again as a whole.

    Attributes
    ----------
    numbers : ndarray (n,), int64
        Of each tile, from 0.
    count : int
    name : str
        "slide" or "square".
    """

    numbers: NDArray[np.int64]
    count: int
    name: str


def judge(
    before: LabelledTiles,
    after: LabelledTiles,
    thresholds: tuple[float, float],
    units: Units,
    measured_on: str,
    weakness: str = "",
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
) -> Judgement:
    """Compare two models' answers to the same tiles.

    Parameters
    ----------
    before, after : LabelledTiles
    thresholds : tuple of float
        Each model's own.
    units : Units
    measured_on, weakness
        As in `Judgement`.
    resampling : Resampling
    """
    sides = (before, after)
    truth, target = before.labels == before.target, before.target
    areas = [
        AucBySlide.of(truth, it.probabilities[:, target], units.numbers, units.count)
        for it in sides
    ]
    predicted = [
        decide(it.probabilities, target, at) for it, at in zip(sides, thresholds, strict=True)
    ]
    matrices = [
        confusions_by_slide(before.labels, it, units.numbers, len(before.class_names), units.count)
        for it in predicted
    ]

    def of_matrix(
        measure: Callable[[NDArray[np.int64]], float | None], side: int, weights: Weights
    ) -> float | None:
        return measure(np.tensordot(weights, matrices[side], 1))

    measures: dict[str, Callable[[int, Weights], float | None]] = {
        "roc_auc": lambda side, weights: areas[side].area(weights),
        "balanced_accuracy": lambda side, weights: of_matrix(balanced_accuracy, side, weights),
        "f1": lambda side, weights: of_matrix(lambda it: f1(it, target), side, weights),
    }
    wrong = [(it == target) & ~truth for it in predicted]
    missed = [(it != target) & truth for it in predicted]
    return Judgement(
        tuple(_change(name, measure, units, resampling) for name, measure in measures.items()),
        measured_on,
        resampling.words(units.name, units.count),
        weakness,
        (int(wrong[0].sum()), int(wrong[1].sum())),
        (int(missed[0].sum()), int(missed[1].sum())),
        *(evaluate_tiles(it, at, resampling) for it, at in zip(sides, thresholds, strict=True)),
    )


def _change(
    name: str,
    measure: Callable[[int, Weights], float | None],
    units: Units,
    resampling: Resampling,
) -> Change:
    whole = np.ones(units.count, np.int64)

    def difference(weights: Weights) -> float | None:
        values = measure(0, weights), measure(1, weights)
        return None if None in values else values[1] - values[0]  # type: ignore[operator]

    low, high = resampling.interval(difference, units.count)
    return Change(name, measure(0, whole), measure(1, whole), low, high)
