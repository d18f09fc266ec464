"""Random changes to a picture and what is marked in it, alike for both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.inference.nuclei import offsets
from slideviewer.training.augmentation import Augmentation, flip_and_turn, parse_strength
from slideviewer.training.eosin import draw_fibres

Pixels = NDArray[np.uint8]

_IN_PLACE = {"flips": False, "rotation_degrees": 0.0, "scale": 0.0, "shift": 0.0}
_UNCHANGED = Augmentation(
    **_IN_PLACE,  # type: ignore[arg-type]
    stain=0.0,
    stain_offset=0.0,
    brightness=0.0,
    contrast=0.0,
    blur_pixels=0.0,
    jpeg=False,
)


@dataclass(frozen=True)
class PairAugmentation:
    """How strongly pictures and their masks are changed; each value is the largest change.

    Attributes
    ----------
    flips : bool
        Flips and quarter turns.
    rotation_degrees : float
    scale : float
        Share of the size: .1 means 90 to 110 %.
    shift : float
        Share of the side.
    eosin : float
        Share of the pictures that fibres of eosin are drawn into, faint where the first mask is.
    colour : Augmentation
        What is done to the picture alone; nothing in it moves anything.
    """

    flips: bool = True
    rotation_degrees: float = 15.0
    scale: float = 0.2
    shift: float = 0.1
    eosin: float = 0.0
    colour: Augmentation = field(default=_UNCHANGED)

    def apply(
        self, picture: Pixels, targets: Pixels, rng: np.random.Generator, masks: int | None = None
    ) -> tuple[Pixels, Pixels]:
        """Change a picture and its targets at random.

        Parameters
        ----------
        picture : ndarray (side, side, 3), uint8, RGB
        targets : ndarray (side, side, targets), uint8
            Masks, 0 or 1, and so afterwards. What is moved in from beyond the border is a
            reflection, of the picture and of the masks. Offsets, across and down, are turned with
            the picture, and unknown there; see `slideviewer.inference.nuclei.offsets`.
        rng : numpy Generator
            The only source of chance: the same state gives the same pair.
        masks : int, optional
            How many of the targets, the first, are masks; all by default.
        """
        masks = targets.shape[2] if masks is None else masks
        if self.flips:
            orientation = int(rng.integers(8))
            picture, targets = (flip_and_turn(it, orientation) for it in (picture, targets))
            targets = _turned(targets, masks, _WAYS[orientation])
        if self.rotation_degrees or self.scale or self.shift:
            matrix = self._matrix(picture.shape[1], picture.shape[0], rng)
            picture = _moved(picture, matrix, cv2.INTER_LINEAR)
            targets = _moved(targets, matrix, cv2.INTER_NEAREST)
            if masks < targets.shape[2]:
                targets[_beyond(matrix, targets.shape), masks:] = offsets.UNKNOWN
                targets = _turned(targets, masks, matrix[:, :2])
        if self.eosin and rng.random() < self.eosin:
            picture = draw_fibres(picture, targets[..., 0], rng)
        if self.colour != _UNCHANGED:
            picture = self.colour.apply(picture, rng)
        return picture, targets

    def _matrix(self, width: int, height: int, rng: np.random.Generator) -> NDArray[np.float64]:
        angle = rng.uniform(-self.rotation_degrees, self.rotation_degrees)
        factor = math.exp(rng.uniform(-1, 1) * math.log1p(self.scale))
        centre = (width - 1) / 2, (height - 1) / 2
        matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle, factor), np.float64)
        matrix[:, 2] += rng.uniform(-self.shift, self.shift, 2) * (width, height)
        return matrix


def _way(orientation: int) -> NDArray[np.float64]:
    """What a flip or quarter turn makes of a step across, and of one down."""
    places = np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1]]], np.uint8)  # x and y
    turned = flip_and_turn(places, orientation).astype(np.float64)
    return np.stack([turned[0, 1] - turned[0, 0], turned[1, 0] - turned[0, 0]])


_WAYS = tuple(_way(orientation) for orientation in range(8))


def _turned(targets: Pixels, masks: int, way: NDArray[np.float64]) -> Pixels:
    """Turn the offsets that follow the masks."""
    if masks == targets.shape[2]:
        return targets
    return np.concatenate([targets[..., :masks], offsets.moved(targets[..., masks:], way)], axis=2)


def _beyond(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels of a picture that was moved were none of it before."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    places = np.stack([columns, rows, np.ones_like(rows)], axis=2)
    came = np.rint(places @ cv2.invertAffineTransform(matrix).T)
    within = (came >= 0) & (came < (shape[1], shape[0]))
    return np.asarray(~within.all(axis=2))


def _moved(array: Pixels, matrix: NDArray[np.float64], how: int) -> Pixels:
    height, width, channels = array.shape
    moved = cv2.warpAffine(
        array, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, np.uint8).reshape(height, width, channels)


AUGMENTATIONS: Mapping[str, PairAugmentation] = MappingProxyType(
    {
        "none": PairAugmentation(flips=False, rotation_degrees=0.0, scale=0.0, shift=0.0),
        "flips": PairAugmentation(rotation_degrees=0.0, scale=0.0, shift=0.0),
        "light": PairAugmentation(
            colour=Augmentation(
                **_IN_PLACE,  # type: ignore[arg-type]
                stain=0.0,
                stain_offset=0.0,
                brightness=0.05,
                contrast=0.2,
                blur_pixels=0.0,
                jpeg=False,
            )
        ),
        "stains": PairAugmentation(colour=Augmentation(**_IN_PLACE)),  # type: ignore[arg-type]
    }
)
"""By name: nothing; flips and quarter turns; moved, and other brightness and contrast; moved, and
other stains besides, for haematoxylin and eosin."""

_OWN = frozenset(it.name for it in fields(PairAugmentation)) - {"colour"}
_OF_COLOUR = frozenset(it.name for it in fields(Augmentation)) - _OWN - {"shear"}


def parse_pair_augmentation(text: str) -> PairAugmentation:
    """Read a name of `AUGMENTATIONS`, with single strengths after it: ``stains,scale=0.4``.

    Raises
    ------
    TrainingError
        If a name or a value is none.
    """
    first, *others = [part.strip() for part in text.split(",")]
    found = AUGMENTATIONS.get(first)
    if found is None:
        raise TrainingError(
            f'The augmentation "{first}" is unknown.',
            remedy=f"Known are: {', '.join(AUGMENTATIONS)}; after it strengths, such as"
            " stains,scale=0.4.",
        )
    for part in others:
        name, _, value = part.partition("=")
        if name in _OWN:
            own: dict[str, Any] = {name: parse_strength(name, value, getattr(found, name))}
            found = replace(found, **own)
        elif name in _OF_COLOUR:
            colour = found.colour
            strength: dict[str, Any] = {name: parse_strength(name, value, getattr(colour, name))}
            found = replace(found, colour=replace(colour, **strength))
        else:
            raise TrainingError(
                f'There is no strength "{part}" of augmentation.',
                remedy=f"Known are {', '.join(sorted(_OWN | _OF_COLOUR))}.",
            )
    return found
