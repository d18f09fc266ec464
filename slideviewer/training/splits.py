"""Splits by patient or slide: tiles of one never stand on both sides.

Origins that hold the same classes are parted alike, so that slides with tumour and slides without
are on both sides in like shares. Within such a kind their order is that of the hash of their
names: nothing is chosen by hand, and the same set is split the same way on every machine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError


def held_out_groups(
    origins: Sequence[str], labels: NDArray[np.int64], fraction: float
) -> NDArray[np.bool_]:
    """Choose whole origins for validation.

    Parameters
    ----------
    origins : sequence of str
        Of each tile.
    labels : ndarray (n,), int64
    fraction : float
        Share of the origins; of each kind with two or more at least one is held out, and at least
        one is not.

    Returns
    -------
    ndarray (n,), bool
    """
    chosen: set[str] = set()
    for names in _kinds(origins, labels):
        if len(names) > 1:
            count = min(len(names) - 1, max(1, round(len(names) * fraction)))
            chosen.update(names[:count])
    return np.array([origin in chosen for origin in origins], bool)


def folds_of_groups(
    origins: Sequence[str], labels: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Deal whole origins out to folds: the fold of each tile, shape (n,)."""
    ordered = [name for names in _kinds(origins, labels) for name in names]
    fold = {name: place % count for place, name in enumerate(ordered)}
    return np.array([fold[origin] for origin in origins], np.int64)


def origin_by_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that finds the patient in a file's name.

    Raises
    ------
    TrainingError
        If it is no regular expression.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise TrainingError(
            f'--split-pattern "{pattern}" is no regular expression: {error}.',
            remedy="For names such as patient_017_node_2.tif write patient_\\d+.",
        ) from error


def origin_in(name: str, pattern: re.Pattern[str]) -> str:
    """The patient in a name: the pattern's first group, or all of what it finds.

    Raises
    ------
    TrainingError
        If it is not found.
    """
    found = pattern.search(name)
    origin = found[found.re.groups and 1] if found else None
    if not origin:
        raise TrainingError(
            f'--split-pattern "{pattern.pattern}" finds nothing in "{name}".',
            remedy="Every name must tell its patient or slide.",
        )
    return origin


def _kinds(origins: Sequence[str], labels: NDArray[np.int64]) -> list[list[str]]:
    """Origins with the same classes together, in the order of their names' hashes."""
    classes: dict[str, set[int]] = {}
    for origin, label in zip(origins, labels.tolist(), strict=True):
        classes.setdefault(origin, set()).add(label)
    kinds: dict[tuple[int, ...], list[str]] = {}
    for origin, found in classes.items():
        kinds.setdefault(tuple(sorted(found)), []).append(origin)
    return [
        sorted(names, key=lambda it: hashlib.sha256(it.encode("utf-8", "replace")).hexdigest())
        for _, names in sorted(kinds.items())
    ]
