"""Tiles on their way from the slide through the models, in batches of one size."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from slideviewer.errors import SlideError
from slideviewer.inference.clock import Clock
from slideviewer.inference.ensemble import Answer
from slideviewer.inference.predict import READERS
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.read_ahead import read_ahead
from slideviewer.inference.segmentation.plan import MaskPlan
from slideviewer.inference.segmentation.tiling import Answers, Tile
from slideviewer.inference.team import Team
from slideviewer.progress import Progress, Step
from slideviewer.slide.slide import Pixels

_AHEAD = 32
"""Tiles that are read ahead, at most, where a batch is not larger."""


class Asking:
    """Reads tiles ahead of the models, and asks these.

    Parameters
    ----------
    plan : MaskPlan
    team : Team
    clock : Clock
    progress : Progress
    on_ready : callable
        Told once that the models are loaded, before they are asked.

    Attributes
    ----------
    predicted : int
        Tiles that were predicted.
    unread : dict of Tile to str
        Those that could not be read, and why.
    """

    def __init__(
        self,
        plan: MaskPlan,
        team: Team,
        clock: Clock,
        progress: Progress,
        on_ready: Callable[[], None],
    ) -> None:
        self.predicted = self._expected = 0
        self.unread: dict[Tile, str] = {}
        self._plan, self._team, self._clock = plan, team, clock
        self._progress, self._on_ready = progress, on_ready
        self._rate = RecentRate()

    def begin(self, expected: int) -> None:
        """Begin to load the models, which will be asked about so many tiles."""
        self._expected = expected
        self._team.begin()

    def about(self, tiles: Iterable[Tile]) -> Generator[tuple[Tile, Answers | None]]:
        """What the models say of tiles, in their order; None of those that cannot be read.

        The answers are part of a batch's: whoever keeps one copies it.

        Raises
        ------
        TimeUp
            Where there is no time for more.
        PredictionError, ModelError
        """
        size = self._plan.batch_size
        is_ready = False
        with closing(
            read_ahead(
                tiles,
                self._read,
                threads=READERS,
                ahead=max(_AHEAD, 2 * size),
                waiting=lambda: self._tell("Predicting"),
            )
        ) as parts:
            while batch := list(islice(parts, size)):
                pixels = [part.pixels for part in batch if part.pixels is not None]
                if pixels and not is_ready:
                    self._make_ready()
                    is_ready = True
                answers = iter(self._asked(pixels))
                self.predicted += len(pixels)
                self.unread |= {part.tile: part.problem for part in batch if part.pixels is None}
                self._tell("Predicting")
                for part in batch:
                    yield part.tile, None if part.pixels is None else next(answers)

    def _asked(self, pixels: list[Pixels]) -> Iterable[Answers]:
        if not pixels:
            return ()
        self._clock.check()
        # The last batch is filled up: each is computed in the same way.
        blank = [np.zeros_like(pixels[0])] * (self._plan.batch_size - len(pixels))
        answer = self._team.answer_all(np.stack([*pixels, *blank]))
        return _channels(answer)[: len(pixels)]

    def _make_ready(self) -> None:
        def waiting() -> None:
            self._tell("Loading the model")
            self._clock.check()

        self._team.wait(waiting)
        self._team.batch_size = self._plan.batch_size
        self._on_ready()
        self._rate.restart()

    def _read(self, tile: Tile) -> _Read:
        side = self._plan.tiling.patch
        try:
            return _Read(tile, self._plan.picture.read(tile.x, tile.y, side, side))
        except SlideError as error:
            return _Read(tile, None, error.problem)

    def _tell(self, text: str) -> None:
        done = self.predicted + len(self.unread)
        self._progress(Step(done, self._expected, text, "tiles", self._rate.at(done)))


def _channels(answer: Answer) -> Answers:
    """What is kept of each pixel: the classes, and how much answers differ, where that is known."""
    if answer.spread is None:
        return answer.probabilities
    return np.concatenate([answer.probabilities, answer.spread[..., None]], axis=-1)


@dataclass(frozen=True, eq=False)
class _Read:
    """A tile that was read, or why it was not."""

    tile: Tile
    pixels: Pixels | None
    problem: str = ""
