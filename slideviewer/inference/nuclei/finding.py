"""Nuclei one by one, found in whichever way a model answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.instances import Instances, instances_in
from slideviewer.inference.nuclei.store import Rules
from slideviewer.inference.nuclei.votes import instances_voted


def instances_by(
    rules: Rules, answers: NDArray[np.floating], at: tuple[int, int] = (0, 0)
) -> Instances:
    """Find the nuclei in answers.

    Parameters
    ----------
    rules : Rules
    answers : ndarray (height, width, classes)
        NaN where nobody looked.
    at : tuple of int
        x and y of the first pixel in the picture that this is a part of.
    """
    inside, known = answers[..., rules.inside], (rules.threshold, rules.smallest_px, at)
    if rules.offsets is None:
        return instances_in(inside, answers[..., rules.border], *known)
    return instances_voted(inside, answers[..., rules.offsets : rules.offsets + 2], *known)
