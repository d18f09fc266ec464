"""Counts of true and predicted classes, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.report import Score

Matrix = NDArray[np.int64]
"""Counts by true class (rows) and predicted class (columns)."""


def confusions_by_slide(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    slides: NDArray[np.int64],
    classes: int,
    count: int,
) -> Matrix:
    """Count by slide.

    Returns
    -------
    ndarray (count, classes, classes), int64
    """
    place = (slides * classes + labels) * classes + predicted
    counts = np.bincount(place, minlength=count * classes * classes)
    return counts.reshape(count, classes, classes).astype(np.int64)


def accuracy(matrix: Matrix) -> float | None:
    """The share that is right."""
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else None


def balanced_accuracy(matrix: Matrix) -> float | None:
    """The mean recall of the classes that are there."""
    true = matrix.sum(axis=1)
    is_there = true > 0
    return float((np.diag(matrix)[is_there] / true[is_there]).mean()) if is_there.any() else None


def f1(matrix: Matrix, index: int) -> float | None:
    """The harmonic mean of a class's precision and recall; the same as its Dice coefficient."""
    both = matrix[index].sum() + matrix[:, index].sum()
    return float(2 * matrix[index, index] / both) if both else None


def jaccard(matrix: Matrix, index: int) -> float | None:
    """What is of a class and predicted so, by what is either."""
    either = matrix[index].sum() + matrix[:, index].sum() - matrix[index, index]
    return float(matrix[index, index] / either) if either else None


def precision(matrix: Matrix, index: int) -> float | None:
    """The share of what is predicted as a class that is of it."""
    predicted = matrix[:, index].sum()
    return float(matrix[index, index] / predicted) if predicted else None


def recall(matrix: Matrix, index: int) -> float | None:
    """The share of a class that is predicted so."""
    true = matrix[index].sum()
    return float(matrix[index, index] / true) if true else None


def class_scores(matrix: Matrix, names: tuple[str, ...], variant: str) -> Iterator[Score]:
    """Precision, recall and F1 of each class."""
    for index, name in enumerate(names):
        count = int(matrix[index].sum())
        for measure in (precision, recall, f1):
            value = measure(matrix, index)
            yield Score(f"class_{measure.__name__}", value, variant, name, count=count)
