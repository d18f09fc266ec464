"""Curves over all thresholds: ROC, precision against recall, reliability."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slideviewer.evaluation.calibration import Bins
from slideviewer.evaluation.report import Curve, Line, Style

MOST_POINTS = 400
"""A curve of a million tiles is drawn with so many points: no screen shows more."""


def roc(truth: NDArray[np.bool_], scores: NDArray[np.floating], of: str) -> Curve | None:
    """The ROC curve; None where only one class is there."""
    from sklearn.metrics import roc_curve  # late: a second that no other command should wait for

    if truth.all() or not truth.any():
        return None
    false, true, thresholds = roc_curve(truth, scores)
    title, x, y = f"ROC, {of}", "false positive rate", "true positive rate"
    drawn = line("", false, true, thresholds=thresholds)
    return Curve("roc", title, x, y, (drawn,), has_diagonal=True)


def precision_recall(
    truth: NDArray[np.bool_], scores: NDArray[np.floating], of: str
) -> Curve | None:
    """Precision against recall; None where nothing is positive."""
    from sklearn.metrics import precision_recall_curve

    if not truth.any():
        return None
    precision, recall, found = precision_recall_curve(truth, scores, drop_intermediate=True)
    thresholds = np.append(found, np.inf)[::-1]  # its first point is that of no tile at all
    drawn = line("", recall[::-1], precision[::-1], "steps", thresholds)
    return Curve("pr", f"Precision and recall, {of}", "recall", "precision", (drawn,))


def reliability(lines: dict[str, Bins], of: str) -> Curve:
    """How often what is predicted with a probability is true; a line each."""
    drawn = tuple(
        line(label, bins.mean, bins.frequency, style="line and dots")
        for label, bins in lines.items()
    )
    title, x, y = f"Reliability, {of}", "mean probability of a bin", "share that is true"
    return Curve("reliability", title, x, y, drawn, has_diagonal=True)


def line(
    label: str,
    x: ArrayLike,
    y: ArrayLike,
    style: Style = "line",
    thresholds: ArrayLike | None = None,
) -> Line:
    """A line of no more than `MOST_POINTS`; the first and the last one stay.

    Parameters
    ----------
    label : str
    x, y : array_like (n,)
    style : str
    thresholds : array_like (n,), optional
        Of each point; infinite where nothing counts.
    """
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    at = None if thresholds is None else np.asarray(thresholds, np.float64)
    if len(across) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(across) - 1, MOST_POINTS).round().astype(int))
        across, up = across[kept], up[kept]
        at = None if at is None else at[kept]
    known = () if at is None else tuple(None if math.isinf(it) else it for it in at.tolist())
    return Line(label, tuple(across.tolist()), tuple(up.tolist()), style, known)
