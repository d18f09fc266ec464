"""What a review says of a slide's tiles: their class, and how it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.findings.footprint import Footprint
from slideviewer.evaluation.inputs.marked_tiles import classes_of_tiles
from slideviewer.inference.grid import Grid

UNKNOWN, LEFT_OUT = -1, -2
"""In place of a class: nobody said anything; or what was said contradicts itself or was put off."""


class Source(IntEnum):
    """How the class of a tile is known."""

    DRAWN = 1
    """It lies in markup, or on a slide that was said to hold nothing."""
    ACCEPTED = 2
    """The reader agreed with the model."""
    REJECTED = 3
    """The reader corrected the model."""

    @property
    def words(self) -> str:
        """For the user."""
        return self.name.lower()


@dataclass(frozen=True)
class Meaning:
    """What groups and verdicts stand for.

    Attributes
    ----------
    labels : mapping of (str or None) to int
        1 + the index of the class that a group stands for.
    target, rest : int
        Index of the class of interest, and of what is none of it.
    """

    labels: Mapping[str | None, int]
    target: int
    rest: int

    def of(self, decision: Decision) -> int:
        """The class of a region that was decided on; `UNKNOWN` where the verdict tells none."""
        try:
            side = FindingKind[decision.kind.upper()].side
        except KeyError:
            return UNKNOWN
        match decision.verdict:
            case Verdict.ACCEPTED:
                return self.rest if side == 1 else self.target
            case Verdict.REJECTED:
                return self.target if side == 1 else self.rest
            case Verdict.RELABELLED:
                return self.labels.get(decision.group, UNKNOWN + 1) - 1
        return UNKNOWN


@dataclass(frozen=True, eq=False)
class Lessons:
    """What is known of the cells of a slide.

    Attributes
    ----------
    labels : ndarray (rows, columns), int16
        Index of the class, `UNKNOWN` or `LEFT_OUT`.
    sources : ndarray (rows, columns), uint8
        A `Source` where the class is known, else 0.
    contradictions : int
        Cells that a verdict says are the target, and that are not marked so.
    """

    labels: NDArray[np.int16]
    sources: NDArray[np.uint8]
    contradictions: int

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which cells have a class: shape (rows, columns)."""
        return np.asarray(self.labels >= 0)

    def counts(self, classes: int) -> NDArray[np.int64]:
        """Cells by source (drawn, accepted, rejected) and class: shape (3, classes)."""
        found = np.zeros((len(Source), classes), np.int64)
        for source in Source:
            own = self.labels[(self.sources == source) & self.known]
            found[source - 1] = np.bincount(own, minlength=classes)
        return found


def lessons_on(
    grid: Grid,
    tissue: NDArray[np.bool_],
    markup: AnnotationSet,
    meaning: Meaning,
    *,
    is_normal: bool = False,
) -> Lessons:
    """Read what markup and verdicts say of a grid's cells.

    A cell is of a class where its centre half meets markup of it, as `slideviewer evaluate tiles`
    has it. Elsewhere a decided region that covers its middle says what it is: accepting and
    rejecting either changed the markup or left it as it is, so a region that is not marked was
    looked at and is none of the target. Of two verdicts the later one counts.

    Parameters
    ----------
    grid : Grid
    tissue : ndarray (rows, columns), bool
        Cells that a model looks at; nothing is learnt from others.
    markup : AnnotationSet
        With its decisions.
    meaning : Meaning
    is_normal : bool
        Whether all that is not marked or decided is known to be the rest.
    """
    drawn = classes_of_tiles(markup, meaning.labels, _rects(grid), UNKNOWN)
    drawn = drawn.reshape(grid.rows, grid.columns).astype(np.int16)
    decided = np.full(drawn.shape, UNKNOWN, np.int16)
    verdicts = np.zeros(drawn.shape, np.uint8)
    for decision in sorted(markup.decisions.values(), key=lambda it: it.at):
        kind = FindingKind.__members__.get(decision.kind.upper())
        if kind is None:
            continue
        rows, columns = Footprint(kind, decision.runs).cells(grid)
        label = meaning.of(decision)
        decided[rows, columns] = LEFT_OUT if label == UNKNOWN else label
        is_agreed = decision.verdict == Verdict.ACCEPTED
        verdicts[rows, columns] = Source.ACCEPTED if is_agreed else Source.REJECTED
    labels = np.where(drawn == UNKNOWN, decided, drawn)
    # Said to be the target, and not marked so: the markup was changed since.
    contradicts = (drawn == UNKNOWN) & (decided >= 0) & (decided != meaning.rest)
    labels[contradicts] = LEFT_OUT
    labels[(decided == LEFT_OUT) & (drawn == UNKNOWN)] = LEFT_OUT
    if is_normal:
        labels[labels == UNKNOWN] = meaning.rest
    labels[~tissue] = UNKNOWN
    sources = np.where(labels == decided, verdicts, np.uint8(Source.DRAWN))
    sources[labels < 0] = 0
    return Lessons(labels, sources.astype(np.uint8), int((contradicts & tissue).sum()))


def _rects(grid: Grid) -> NDArray[np.float64]:
    """x, y, width and height of all cells, row by row: shape (rows * columns, 4)."""
    rows, columns = np.mgrid[: grid.rows, : grid.columns].reshape(2, -1)
    return rects_of(grid, columns, rows)


def rects_of(
    grid: Grid, columns: NDArray[np.integer], rows: NDArray[np.integer]
) -> NDArray[np.float64]:
    """x, y, width and height of some cells, in level-0 pixels: shape (n, 4)."""
    corners = np.stack([grid.x + columns * grid.cell, grid.y + rows * grid.cell], axis=1)
    return np.concatenate([corners, np.full(corners.shape, grid.cell)], axis=1)
