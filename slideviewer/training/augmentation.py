"""Random changes to a training tile that leave its class alone.

The stain jitter moves haematoxylin and eosin apart in optical-density space, after Tellez et al.
2018 (doi:10.1109/TMI.2018.2820199), with the stain vectors of Ruifrok and Johnston 2001
(Anal Quant Cytol Histol 23:291-299).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError

Tile = NDArray[np.uint8]

# Rows: haematoxylin, eosin, residual; columns: red, green, blue (Ruifrok and Johnston 2001).
_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])
_UNMIX = np.linalg.inv(_STAINS)
_TURNS = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
_MOST_CHANNELS = 4
"""OpenCV turns pictures of no more; it is eight times as fast as NumPy."""
_OPTICAL_DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1.0) / 256.0)


@dataclass(frozen=True)
class Augmentation:
    """How strongly tiles are changed; each value is the largest change, 0 for none.

    Attributes
    ----------
    flips : bool
        Flips and quarter turns, which cost no sharpness.
    rotation_degrees : float
    scale : float
        Share of the size: .1 means 90 to 110 %.
    shear : float
        Tangent of the angle by which one side leans.
    shift : float
        Share of the tile's side.
    stain : float
        Share by which each stain's strength varies.
    stain_offset : float
        Optical density added to or taken from each stain.
    brightness : float
        Share of the full range (255).
    contrast : float
        Share by which values are spread about their mean.
    blur_pixels : float
        Sigma of a Gaussian blur given to one tile in five.
    jpeg : bool
        Whether one tile in five is compressed at quality 40 to 90.
    """

    flips: bool = True
    rotation_degrees: float = 15.0
    scale: float = 0.2
    shift: float = 0.1
    stain: float = 0.25
    stain_offset: float = 0.08
    brightness: float = 0.05
    contrast: float = 0.2
    blur_pixels: float = 1.0
    jpeg: bool = True
    shear: float = 0.0

    def apply(self, tile: Tile, rng: np.random.Generator) -> Tile:
        """Change one tile at random.

        Parameters
        ----------
        tile : ndarray (height, width, 3), uint8, RGB
        rng : numpy Generator
            The only source of chance: the same state gives the same tile.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB
        """
        if self.flips:
            tile = flip_and_turn(tile, int(rng.integers(8)))
        tile = self._move(tile, rng)
        tile = self._stain(tile, rng)
        if self.blur_pixels and rng.random() < 0.2:
            sigma = float(rng.uniform(0.2, max(0.2, self.blur_pixels)))
            tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), sigma), np.uint8)
        if self.jpeg and rng.random() < 0.2:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 91))]
            _, encoded = cv2.imencode(".jpg", tile, quality)
            tile = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
        return tile

    def _move(self, tile: Tile, rng: np.random.Generator) -> Tile:
        if not (self.rotation_degrees or self.scale or self.shift or self.shear):
            return tile
        height, width = tile.shape[:2]
        angle = rng.uniform(-self.rotation_degrees, self.rotation_degrees)
        factor = math.exp(rng.uniform(-1, 1) * math.log1p(self.scale))
        centre = ((width - 1) / 2, (height - 1) / 2)
        matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle, factor), np.float64)
        matrix[:, 2] += rng.uniform(-self.shift, self.shift, 2) * (width, height)
        if self.shear:
            lean = rng.uniform(-self.shear, self.shear)
            matrix[:, 1] += lean * matrix[:, 0]
            matrix[:, 2] -= lean * centre[1] * matrix[:, 0]
        moved = cv2.warpAffine(
            tile, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        return np.asarray(moved, np.uint8)

    def _stain(self, tile: Tile, rng: np.random.Generator) -> Tile:
        strength = 1 + rng.uniform(-self.stain, self.stain, 3)
        offset = rng.uniform(-self.stain_offset, self.stain_offset, 3)
        # Unmixing, jitter and mixing are all linear in optical density: one matrix does all three.
        matrix = (_UNMIX @ np.diag(strength) @ _STAINS).T
        # Its sign is turned here: what is wanted is the exponential of the negative density.
        affine = -np.column_stack([matrix, offset @ _STAINS]).astype(np.float32)
        values = np.asarray(cv2.transform(optical_density(tile), affine), np.float32)
        cv2.exp(values, values)
        values *= 256.0
        values -= 1.0
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        mean = float(values.mean())
        bias = mean * (1 - gain) + 255 * rng.uniform(-self.brightness, self.brightness)
        values *= gain
        values += bias
        np.rint(values, out=values)
        return np.clip(values, 0, 255, out=values).astype(np.uint8)


NONE = Augmentation(False, 0, 0, 0, 0, 0, 0, 0, 0, False)
"""Tiles are taken as they are."""

NAMED = {
    "strong": Augmentation(),
    "none": NONE,
    "flips": replace(NONE, flips=True),
    "geometry": replace(NONE, flips=True, scale=0.2, shift=0.2, shear=0.2),
    "light": replace(NONE, flips=True, rotation_degrees=36, brightness=0.1, contrast=0.1),
}
"""Those with a name: all that is here; none; flips and quarter turns; these with zoom, shift and
shear; these with rotation, brightness and contrast."""


def parse_augmentation(text: str) -> Augmentation:
    """Read a name of `NAMED`, single strengths after it, or both: ``light,shear=0.2,jpeg=no``.

    Raises
    ------
    TrainingError
        If a name or a value is none.
    """
    first, *others = [part.strip() for part in text.split(",")]
    found = NAMED.get(first)
    if found is None:
        found, others = NAMED["strong"], [first, *others]
    for part in others:
        name, _, value = part.partition("=")
        if name not in _FIELDS:
            raise TrainingError(
                f'There is no augmentation "{part}".',
                remedy=f"Known are {', '.join(NAMED)}, and of strengths {', '.join(_FIELDS)}.",
            )
        changes: dict[str, Any] = {name: parse_strength(name, value, getattr(NONE, name))}
        found = replace(found, **changes)
    return found


def parse_strength(name: str, text: str, like: float | bool) -> float | bool:
    """Read the strength of a change: a number, or yes or no, like another one of it.

    Raises
    ------
    TrainingError
        If it is none.
    """
    if isinstance(like, bool):
        if text not in ("yes", "no"):
            raise TrainingError(f'"{name}" is yes or no, not "{text}".')
        return text == "yes"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 180:
        raise TrainingError(f'"{name}" needs a strength from 0, not "{text}".')
    return value


_FIELDS = tuple(field.name for field in fields(Augmentation))


def optical_density(tile: Tile) -> NDArray[np.float32]:
    """How much each channel was darkened: minus the logarithm of its share of white, float32."""
    return np.asarray(cv2.LUT(tile, _OPTICAL_DENSITY), np.float32)


def unmixed(density: NDArray[np.float32]) -> NDArray[np.float32]:
    """Haematoxylin, eosin and the rest (height, width, 3) of an optical density, float32."""
    return np.asarray(cv2.transform(density, _UNMIX.T.astype(np.float32)), np.float32)


def flip_and_turn(tile: Tile, orientation: int) -> Tile:
    """One of the eight flips and quarter turns of a square tile.

    Parameters
    ----------
    tile : ndarray (side, side, channels), uint8
    orientation : int
        0 to 7; 0 changes nothing.
    """
    if tile.shape[2] > _MOST_CHANNELS:
        turned = np.rot90(tile, orientation % 4)
        return np.ascontiguousarray(turned[:, ::-1] if orientation >= 4 else turned)
    turn = _TURNS[orientation % 4]
    found = tile if turn is None else np.asarray(cv2.rotate(tile, turn), np.uint8)
    if orientation >= 4:
        found = np.asarray(cv2.flip(found, 1), np.uint8)
    return found.reshape(tile.shape)  # OpenCV drops a lone channel
