"""Two numbers a pixel for a mask: how probable the class of interest is, and which other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.ui.palettes import PALEST, premultiplied
from slideviewer.ui.predicted.overlay import ramp
from slideviewer.ui.predicted.parts import Steps

MOST_STEPS = 4095
"""Of a probability, more than a threshold's slider has; fewer where there are so many classes that
16 bits hold no more."""


@dataclass(frozen=True)
class MaskSteps:
    """How the probabilities of a pixel become numbers, which tables give colours.

    The class of interest lies in front: the first number is its probability. What is seen where
    that does not reach the threshold is the most probable of the others that are painted, and that
    is the second number, with its probability. Of classes that exclude each other it is the most
    probable of all others, painted or not.

    Attributes
    ----------
    classes : int
    target : int
        The class of interest.
    exclusive : bool
    shown : tuple of int
        The classes that are painted.
    """

    classes: int
    target: int
    exclusive: bool
    shown: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Of a probability: 0 stands for a pixel that was not looked at, 1 for 0, and so on."""
        return min(MOST_STEPS, 65535 // self.classes - 1)

    @property
    def others(self) -> list[int]:
        """The classes that may lie behind the class of interest."""
        every = range(self.classes) if self.exclusive else self.shown
        return [index for index in every if index != self.target]

    def step_of(self, probability: float) -> int:
        """The step of a probability, as it was rounded when it was stored."""
        return int(self._steps_of(np.array([probability], np.float16).astype(np.float32))[0])

    def of(self, probabilities: NDArray[np.floating]) -> Steps:
        """The numbers of pixels.

        Parameters
        ----------
        probabilities : ndarray (height, width, classes)
            NaN where the model did not look.

        Returns
        -------
        ndarray (2, height, width), uint16
        """
        values = np.asarray(probabilities, np.float32)
        made = np.zeros((2, *values.shape[:2]), np.uint16)
        made[0] = self._steps_of(values[..., self.target])
        others = np.array(self.others, np.intp)
        if len(others):
            seen = values[..., others]
            best = seen.argmax(axis=-1)
            steps = self._steps_of(np.take_along_axis(seen, best[..., None], axis=-1)[..., 0])
            which = others[best].astype(np.uint16) * np.uint16(self.steps + 1)
            made[1] = np.where(steps == 0, np.uint16(0), which + steps)
        return made

    def front(
        self, threshold: float, span: tuple[float, float], palette: str, opacity: float
    ) -> NDArray[np.uint32]:
        """The colour of each first number; 0 where the second one decides.

        Parameters
        ----------
        threshold : float
        span : tuple of float
            The probabilities at the first and the last colour of the palette.
        palette : str
            A key of `slideviewer.ui.palettes.PALETTES`.
        opacity : float

        Returns
        -------
        ndarray (steps + 1,), uint32
            Premultiplied ARGB, as Qt paints it.
        """
        made = np.zeros(self.steps + 1, np.uint32)
        if self.target in self.shown:
            first, reds = self.step_of(threshold), ramp(palette, opacity)
            places = self._places(span)[first:]
            made[first:] = reds[np.rint(places * (len(reds) - 1)).astype(np.intp)]
        return made

    def behind(
        self, colours: Sequence[str], threshold: float, span: tuple[float, float], opacity: float
    ) -> NDArray[np.uint32]:
        """The colour of each second number.

        Parameters
        ----------
        colours : sequence of str
            ``#RRGGBB`` of each class.
        threshold, span, opacity
            As in `front`.

        Returns
        -------
        ndarray (classes * (steps + 1),), uint32
        """
        made = np.zeros((self.classes, self.steps + 1), np.uint32)
        first = 1 if self.exclusive else self.step_of(threshold)
        places = np.full(self.steps + 1, 0.5) if self.exclusive else self._places(span)
        for index in self.others:
            if index in self.shown:
                made[index, first:] = _faded(colours[index], places, opacity)[first:]
        return made.ravel()

    def _places(self, span: tuple[float, float]) -> NDArray[np.float64]:
        """Where the steps lie along a range of probabilities: 0 to 1."""
        low, high = span
        values = np.maximum(0, np.arange(self.steps + 1) - 1) / (self.steps - 1)
        return np.clip((values - low) / max(high - low, 1e-6), 0, 1)

    def _steps_of(self, probabilities: NDArray[np.float32]) -> NDArray[np.uint16]:
        known = ~np.isnan(probabilities)
        filled = np.clip(np.where(known, probabilities, 0), 0, 1)
        steps = 1 + np.rint(filled * (self.steps - 1))
        return np.where(known, steps, 0).astype(np.uint16)


def _faded(colour: str, places: NDArray[np.float64], opacity: float) -> NDArray[np.uint32]:
    """A colour along a range, as red is: paler at its beginning."""
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    rgba = np.empty((len(places), 4), np.float64)
    rgba[:, :3] = rgb
    rgba[:, 3] = 255 * opacity * (PALEST + (1 - PALEST) * places)
    return premultiplied(rgba)
