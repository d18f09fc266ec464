"""The parts of a set: what is trained on, what is held out, and what is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slideviewer.errors import TrainingError
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.pictures.cases import for_the_test, held_out

FEW_CASES = 5
"""Of fewer held-out cases, one that is judged otherwise moves a figure by more than a fifth."""


@dataclass(frozen=True)
class Part:
    """Some pictures of a set.

    Attributes
    ----------
    name : str
    pictures : tuple of int
        Their numbers in the cache.
    cases : tuple of str
    shares : tuple of float
        Of all pixels, those of each mask.
    """

    name: str
    pictures: tuple[int, ...]
    cases: tuple[str, ...]
    shares: tuple[float, ...]


def split(
    cache: PixelCache,
    targets: Sequence[str],
    fraction: float,
    seed: int,
    test_fraction: float = 0.0,
) -> tuple[Part, ...]:
    """Part a set by its cases: training, validation and, where a share is for it, test.

    Raises
    ------
    TrainingError
        If a target is nowhere or everywhere in a part: nothing could be learnt of it, or measured.
    """
    cases = [it.case for it in cache.pictures]
    test = for_the_test(cases, test_fraction) if test_fraction else frozenset()
    validation = held_out([case for case in cases if case not in test], fraction, seed)
    side = {case: "test" if case in test else "validation" for case in test | validation}
    parts = []
    for name in ("training", "validation", "test")[: 3 if test_fraction else 2]:
        numbers = [at for at, case in enumerate(cases) if side.get(case, "training") == name]
        part = _part(cache, name, numbers)
        for target, share in zip(targets, part.shares, strict=True):
            if not 0 < share < 1:
                amount = "no pixel" if share == 0 else "every pixel"
                raise TrainingError(
                    f'In the {name} part {amount} is "{target}": nothing tells it from the rest.',
                    remedy="Give more pictures, another --seed or another --validation-fraction.",
                )
        parts.append(part)
    return tuple(parts)


def few_held_out(measured: Part) -> tuple[str, ...]:
    """A sentence where figures on the part that is measured on mean little."""
    count = len(measured.cases)
    if count >= FEW_CASES:
        return ()
    are = "case is" if count == 1 else "cases are"
    return (f"Only {count} {are} held out: the figures mean little.",)


def _part(cache: PixelCache, name: str, numbers: Sequence[int]) -> Part:
    marked, pixels = np.zeros(cache.masks, np.int64), 0
    for number in numbers:
        _, targets = cache.whole(number)
        marked += targets.sum(axis=(0, 1), dtype=np.int64)
        pixels += targets.shape[0] * targets.shape[1]
    cases = sorted({cache.pictures[number].case for number in numbers})
    return Part(name, tuple(numbers), tuple(cases), tuple((marked / max(1, pixels)).tolist()))
