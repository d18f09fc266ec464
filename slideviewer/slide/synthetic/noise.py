"""Random numbers that belong to a place: hashes of coordinates and textures without edges."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from threading import RLock
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Plane = NDArray[np.float32]
"""Numbers over an area: shape (height, width) or (height, width, channels)."""

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def made_once(make: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Keep what a function made, also where several threads ask for it at the same moment."""
    kept, lock = cache(make), RLock()

    @wraps(make)
    def ask(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        with lock:
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # hashable, as cache demands

    return ask


def uniform(seed: int, x: ArrayLike, y: ArrayLike, purpose: int) -> NDArray[np.float64]:
    """One random number in [0, 1) for each place, the same whenever it is asked for.

    Parameters
    ----------
    seed : int
    x, y : array_like of int
        The places.
    purpose : int
        Another purpose gives another number at the same place.

    Notes
    -----
    The finaliser of SplitMix64 (Steele et al., OOPSLA 2014) over a linear mix of the inputs.
    """
    with np.errstate(over="ignore"):
        z = np.asarray(x).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = z + np.asarray(y).astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        z = z + np.uint64((seed * 0x165667B19E3779F9 + purpose * 0x27D4EB2F165667C5) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.asarray((z >> np.uint64(11)).astype(np.float64) / float(2**53))


@made_once
def smooth_texture(size: int, finest: float, coarsest: float, number: int) -> Plane:
    """A square of noise that repeats without an edge, of mean 0 and standard deviation 1.

    Parameters
    ----------
    size : int
        Its side, and so its period, in pixels.
    finest, coarsest : float
        The wavelengths in it, in pixels; amplitude grows with the wavelength.
    number : int
        Another number gives another texture.
    """
    white = np.random.default_rng([number, size]).standard_normal((size, size), dtype=np.float32)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1
    passed = np.exp(-((frequency * finest) ** 2)) * (1 - np.exp(-((frequency * coarsest) ** 2)))
    spectrum = np.fft.rfft2(white) * passed / frequency
    spectrum[0, 0] = 0
    texture = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    texture /= texture.std()
    texture.setflags(write=False)
    return texture


def periodic_crop(texture: Plane, x: int, y: int, width: int, height: int) -> Plane:
    """Cut a rectangle out of a texture that goes on for ever.

    Parameters
    ----------
    texture : ndarray (period, period) or (period, period, channels), float32
    x, y, width, height : int
        The rectangle; it may lie anywhere and be larger than the period.
    """
    rows = np.arange(y, y + height) % texture.shape[0]
    left = x % texture.shape[1]
    if left + width <= texture.shape[1]:
        return np.asarray(texture[:, left : left + width][rows])
    columns = np.arange(x, x + width) % texture.shape[1]
    return np.asarray(np.take(texture[rows], columns, axis=1))
