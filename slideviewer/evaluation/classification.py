"""Exact figures of a tile classifier, as one frozen report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; None where the data cannot tell (a class is absent)."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "not defined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; None where nothing of it was there or predicted."""

    name: str
    count: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class ClassificationReport:
    """What a classifier got right on labelled tiles.

    Attributes
    ----------
    variant : str
        How it was measured.
    data : str
        The data set it was measured on.
    class_names : tuple of str
    target_class : str
    threshold : float
        A tile counts as the target from this probability on, else as its likeliest other class.
    count : int
        Tiles.
    roc_auc : Figure
        Target against all others.
    accuracy, balanced_accuracy, f1 : Figure
        At the threshold; F1 is the target's.
    classes : tuple of ClassScore
    confusion : tuple of tuple of int
        Rows are true classes, columns predicted ones.
    """

    variant: str
    data: str
    class_names: tuple[str, ...]
    target_class: str
    threshold: float
    count: int
    roc_auc: Figure
    accuracy: Figure
    balanced_accuracy: Figure
    f1: Figure
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return asdict(self)


def classification_report(
    probabilities: Probabilities,
    labels: Labels,
    *,
    class_names: tuple[str, ...],
    target: int,
    threshold: float,
    variant: str,
    data: str = "",
    resamples: int = 1000,
    seed: int = 0,
    groups: Labels | None = None,
) -> ClassificationReport:
    """Compare probabilities with true classes.

    Intervals are percentiles 2.5 and 97.5 of a bootstrap within each class, so that every
    resample has the classes in the same numbers. Where tiles are of several slides or patients,
    whole ones are drawn instead: tiles of one are alike, and drawing them one by one would make
    the intervals too narrow.

    Parameters
    ----------
    probabilities : ndarray (n, classes), float32
    labels : ndarray (n,), int64
    class_names : tuple of str
    target : int
        Index of the class of interest.
    threshold : float
    variant, data : str
        How and on what it was measured.
    resamples : int
        0 leaves the intervals out.
    seed : int
    groups : ndarray (n,), int64, optional
        The number of each tile's slide or patient.

    Raises
    ------
    ValueError
        If shapes disagree or there is no tile.
    """
    classes = len(class_names)
    if not len(labels) or probabilities.shape != (len(labels), classes):
        raise ValueError(f"{probabilities.shape} probabilities for {len(labels)} labels")
    predicted = decide(probabilities, target, threshold)
    confusion = confusion_matrix(labels, predicted, classes)
    truth, scores = labels == target, probabilities[:, target]
    draws = list(
        _resamples(labels, classes, resamples, seed)
        if groups is None
        else _resampled_groups(groups, resamples, seed)
    )
    matrices = [confusion_matrix(labels[draw], predicted[draw], classes) for draw in draws]

    def from_matrix(measure: Callable[[NDArray[np.int64]], float | None]) -> Figure:
        return _figure(measure(confusion), (measure(matrix) for matrix in matrices))

    return ClassificationReport(
        variant=variant,
        data=data,
        class_names=class_names,
        target_class=class_names[target],
        threshold=threshold,
        count=len(labels),
        roc_auc=_figure(roc_auc(truth, scores), (roc_auc(truth[d], scores[d]) for d in draws)),
        accuracy=from_matrix(lambda m: float(np.trace(m) / m.sum())),
        balanced_accuracy=from_matrix(_balanced_accuracy),
        f1=from_matrix(lambda m: _score(m, target)[2]),
        classes=tuple(
            ClassScore(name, int(confusion[index].sum()), *_score(confusion, index))
            for index, name in enumerate(class_names)
        ),
        confusion=tuple(tuple(int(value) for value in row) for row in confusion),
    )


def decide(probabilities: Probabilities, target: int, threshold: float) -> Labels:
    """The class of each tile: the target from its threshold on, else the likeliest other."""
    others = probabilities.copy()
    others[:, target] = -1
    likeliest = others.argmax(axis=1)
    return np.where(probabilities[:, target] >= threshold, target, likeliest).astype(np.int64)


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Count tiles by true class (rows) and predicted class (columns)."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def roc_auc(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> float | None:
    """Area under the ROC curve, or None where only one class is present.

    By ranks (Mann and Whitney 1947): the share of pairs that stand in the right order, ties
    counting half. Fast enough to be resampled a thousand times.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[places]
    surplus = ranks[truth].sum() - positives * (positives + 1) / 2
    return float(surplus / (positives * negatives))


def best_threshold(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """The threshold of the highest balanced accuracy; of several, the middle of their span.

    Raises
    ------
    ValueError
        If only one class is present.
    """
    if truth.all() or not truth.any():
        raise ValueError("a threshold needs tiles of both classes")
    values = np.unique(scores)
    edges = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])
    hits = np.array([(scores[truth] >= edge).mean() for edge in edges])
    rejections = np.array([(scores[~truth] < edge).mean() for edge in edges])
    total = hits + rejections
    best = edges[total >= total.max() - 1e-12]
    return float((best[0] + best[-1]) / 2) if _one_run(total) else float(best[len(best) // 2])


def _one_run(total: NDArray[np.float64]) -> bool:
    places = np.flatnonzero(total >= total.max() - 1e-12)
    return bool(places[-1] - places[0] == len(places) - 1)


def _resamples(labels: Labels, classes: int, count: int, seed: int) -> Iterator[Labels]:
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(labels == index) for index in range(classes)]
    for _ in range(count):
        yield np.concatenate([rng.choice(m, len(m)) for m in of_class if len(m)])


def _resampled_groups(groups: Labels, count: int, seed: int) -> Iterator[Labels]:
    """Resamples of whole groups."""
    rng = np.random.default_rng(seed)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    for _ in range(count):
        yield np.concatenate([members[at] for at in rng.integers(len(members), size=len(members))])


def _figure(value: float | None, drawn: Iterable[float | None]) -> Figure:
    known = [draw for draw in drawn if draw is not None]
    if value is None or not known:
        return Figure(value)
    low, high = np.percentile(known, [2.5, 97.5])
    return Figure(value, float(low), float(high))


def _balanced_accuracy(matrix: NDArray[np.int64]) -> float:
    present = matrix.sum(axis=1) > 0
    return float((np.diag(matrix)[present] / matrix[present].sum(axis=1)).mean())


def _score(
    matrix: NDArray[np.int64], index: int
) -> tuple[float | None, float | None, float | None]:
    hits, true, predicted = matrix[index, index], matrix[index].sum(), matrix[:, index].sum()
    precision = float(hits / predicted) if predicted else None
    recall = float(hits / true) if true else None
    f1 = float(2 * hits / (true + predicted)) if true + predicted else None
    return precision, recall, f1
