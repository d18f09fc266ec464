"""One model or several, each asked once or in several turns: their common answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.inference.cells import Tiles
from slideviewer.inference.loader import Classifier
from slideviewer.inference.nuclei.offsets import turned_back
from slideviewer.inference.options import Rule, Turns
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import ModelSpec

_TURNS: dict[Turns, tuple[tuple[int, bool], ...]] = {
    "none": ((0, False),),
    "flips": ((0, False), (0, True), (2, True)),
    "all": tuple((quarter, mirrored) for mirrored in (False, True) for quarter in range(4)),
}
"""Quarter turns, and whether mirrored left to right first."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What was said of some tiles.

    Attributes
    ----------
    probabilities : ndarray (count, classes), float32
        Of models that answer for every pixel (count, patch, patch, classes).
    spread : ndarray (count,), float32, or None
        Or (count, patch, patch).
        Standard deviation of the target's probability over models and turns: how far to trust the
        answer. None where each tile was looked at once.
    """

    probabilities: NDArray[np.float32]
    spread: NDArray[np.float32] | None = None

    @property
    def both(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and spread of what was looked at more than once."""
        assert self.spread is not None
        return self.probabilities, self.spread


class Ensemble:
    """Answers for tiles; see `Options` for how.

    Parameters
    ----------
    members : sequence of Classifier
        The first one leads: its class of interest and threshold hold.
    target : int
    threshold : float
    turns : str
    rule : str
    offsets : int, optional
        Of answers for pixels: the first of two classes that are offsets, across and down, and are
        turned with the tile.
    """

    def __init__(
        self,
        members: Sequence[Classifier],
        target: int,
        threshold: float,
        turns: Turns = "none",
        rule: Rule = "mean",
        offsets: int | None = None,
    ) -> None:
        self._members, self._turns, self._rule = tuple(members), _TURNS[turns], rule
        self._target, self._threshold, self._offsets = target, threshold, offsets

    @property
    def asks_again(self) -> bool:
        """Whether a tile is looked at more than once."""
        return len(self._members) > 1 or len(self._turns) > 1

    def answer(self, tiles: Sequence[Tiles]) -> Answer:
        """Give the common answer.

        Parameters
        ----------
        tiles : sequence of ndarray (count, patch, patch, 3), uint8, RGB
            The same places as each member sees them.
        """
        if not self.asks_again:
            return Answer(self._members[0].predict(tiles[0]))
        if self._rule == "confirm":
            return self._confirmed(tiles)
        pairs = zip(self._members, tiles, strict=True)
        return self._mean(vote for pair in pairs for vote in self._votes(*pair))

    def _confirmed(self, tiles: Sequence[Tiles]) -> Answer:
        answer, spread = self._mean(self._votes(self._members[0], tiles[0])).both
        for member, seen in zip(self._members[1:], tiles[1:], strict=True):
            doubtful = np.flatnonzero(answer[:, self._target] >= self._threshold)
            if not len(doubtful):
                break
            found, own = self._mean(self._votes(member, seen[doubtful])).both
            is_lower = found[:, self._target] < answer[doubtful, self._target]
            gap = np.abs(found[:, self._target] - answer[doubtful, self._target]) / 2
            spread[doubtful] = np.hypot(np.maximum(spread[doubtful], own), gap)
            answer[doubtful[is_lower]] = found[is_lower]
        return Answer(answer, spread)

    def _votes(self, member: Classifier, tiles: Tiles) -> Iterator[NDArray[np.float32]]:
        for quarter, is_mirrored in self._turns:
            turned = tiles[:, :, ::-1] if is_mirrored else tiles
            turned = np.rot90(turned, quarter, axes=(1, 2))
            answer = member.predict(np.ascontiguousarray(turned))
            if answer.ndim == 4:  # for each pixel: as the tile lies
                answer = np.rot90(answer, -quarter, axes=(1, 2))
                answer = answer[:, :, ::-1] if is_mirrored else answer
                answer = self._straight(answer, quarter, is_mirrored=is_mirrored)
            yield answer

    def _straight(
        self, answer: NDArray[np.float32], quarter: int, *, is_mirrored: bool
    ) -> NDArray[np.float32]:
        if self._offsets is None:
            return answer
        part = np.s_[..., self._offsets : self._offsets + 2]
        straight = answer.copy()
        straight[part] = turned_back(answer[part], quarter, is_mirrored=is_mirrored)
        return straight

    def _mean(self, votes: Iterable[NDArray[np.float32]]) -> Answer:
        """One after the other, for answers of pixels take much memory."""
        total: NDArray[np.float64] = np.zeros(())
        squares: NDArray[np.float64] = np.zeros(())
        count = 0
        for vote in votes:
            target = vote[..., self._target].astype(np.float64)
            total, squares, count = total + vote, squares + target**2, count + 1
        mean = total / count
        variance = squares / count - mean[..., self._target] ** 2
        spread = np.sqrt(np.maximum(variance, 0))
        return Answer(mean.astype(np.float32), spread.astype(np.float32))


def check_together(packages: Sequence[ModelPackage]) -> None:
    """Refuse models that cannot answer together.

    Raises
    ------
    PredictionError
    """
    first = packages[0].spec
    for package in packages[1:]:
        spec = package.spec
        if spec.task != first.task:
            raise PredictionError(
                f'"{spec.name}" is for {spec.task}, "{first.name}" for {first.task}.',
                remedy="Name models of one task.",
            )
        if spec.class_names != first.class_names or spec.target_class != first.target_class:
            raise PredictionError(
                f'"{spec.name}" knows the classes {", ".join(spec.class_names)}, '
                f'"{first.name}" {", ".join(first.class_names)}.',
                remedy="Models that answer together need the same classes in the same order.",
            )
        if spec.task != "tile-classification":
            _check_pixels(first, spec)


def _check_pixels(first: ModelSpec, spec: ModelSpec) -> None:
    """Refuse models whose answers do not lie on the same pixels, or mean something else."""
    sides = [f"{it.patch_size_pixels} px at {it.spacing_um_px:g} µm" for it in (spec, first)]
    if sides[0] != sides[1]:
        raise PredictionError(
            f'"{spec.name}" looks at tiles of {sides[0]}, "{first.name}" of {sides[1]}.',
            remedy="Models that answer for the same pixels need the same tiles.",
        )
    if spec.exclusive != first.exclusive:
        raise PredictionError(
            f'The classes of "{spec.name}" and "{first.name}" overlap in one and not in the other.',
            remedy="Name models that were trained on the same classes.",
        )
