"""What the colour of a pixel and of its surroundings alone can tell of its targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.tiling import Answers
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.segmentation.measuring import THRESHOLD

BASELINE = "colour of each pixel and around it, logistic regression"

_PIXELS_OF_A_PICTURE = 2000
_MOST_PIXELS = 100_000
_AROUND = 4.0
"""Sigma of what counts as around a pixel, in pixels."""
_STEPS = np.linspace(0.05, 0.95, 19)


class ColourBaseline:
    """A logistic regression for each mask, with the threshold of its best Dice.

    Parameters
    ----------
    cache : PixelCache
    numbers : sequence of int
        Pictures of the training part: of each some random pixels are learnt from.
    seed : int
    """

    def __init__(self, cache: PixelCache, numbers: Sequence[int], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        each = max(1, min(_PIXELS_OF_A_PICTURE, _MOST_PIXELS // max(1, len(numbers))))
        found, marked = [], []
        for number in numbers:
            pixels, targets = cache.whole(number)
            places = rng.integers(pixels.shape[0] * pixels.shape[1], size=each)
            found.append(_features(pixels)[places])
            marked.append(targets.reshape(-1, cache.masks)[places] > 0)
        features, truth = np.concatenate(found), np.concatenate(marked)
        self._fits = [_fitted(features, truth[:, target]) for target in range(cache.masks)]

    def answers(self, cache: PixelCache, numbers: Sequence[int]) -> Iterator[tuple[int, Answers]]:
        """Answer for whole pictures.

        Yields
        ------
        int, ndarray (height, width, targets), float32
            Each picture's number; the threshold of every target is 0.5.
        """
        for number in numbers:
            pixels, _ = cache.whole(number)
            features = _features(pixels)
            each = [_shifted(_probabilities(fit, features), at) for fit, at in self._fits]
            yield number, np.stack(each, axis=-1).reshape(*pixels.shape[:2], -1)


def _features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours in and around each pixel, and their products: shape (pixels, 27), float32."""
    near = pixels.astype(np.float32) / 255 - 0.5
    both = np.concatenate([near, cv2.GaussianBlur(near, (0, 0), _AROUND)], axis=-1).reshape(-1, 6)
    products = [both[:, i] * both[:, j] for i in range(6) for j in range(i, 6)]
    return np.concatenate([both, np.stack(products, axis=-1)], axis=-1)


def _fitted(features: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[Any, float]:
    """A regression, and its threshold; None where the pixels that were drawn are all of a kind."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if truth.all() or not truth.any():
        return None, THRESHOLD
    fit = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    fit.fit(features, truth)
    probabilities = _probabilities(fit, features)
    dices = [
        2
        * (truth & (probabilities >= step)).sum()
        / max(1, truth.sum() + (probabilities >= step).sum())
        for step in _STEPS
    ]
    return fit, float(_STEPS[int(np.argmax(dices))])


def _probabilities(fit: Any, features: NDArray[np.float32]) -> NDArray[np.float32]:
    if fit is None:
        return np.zeros(len(features), np.float32)
    return np.asarray(fit.predict_proba(features)[:, 1], np.float32)


def _shifted(probabilities: NDArray[np.float32], at: float) -> NDArray[np.float32]:
    """Move a threshold to one half: below it and above it probabilities keep their order."""
    below = probabilities * np.float32(THRESHOLD / at)
    above = 1 - (1 - probabilities) * np.float32((1 - THRESHOLD) / (1 - at))
    return np.where(probabilities < at, below, above).astype(np.float32)
