"""Pictures of a training of pixels: what is marked in blue outlines, what is found in red."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.training.album import Picture, put, scaled
from slideviewer.training.diary import BATCH_FILE, EXAMPLES_FILE
from slideviewer.training.lettering import INK, shortened, write
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.segmentation.tiles import Batch, Square

MARKED, FOUND = (28, 79, 208), (214, 39, 40)
"""Blue outlines and red areas, as in the window."""
_HALO = (255, 255, 255)
"""Around an outline, which would not be seen on dark tissue."""

MOST_SQUARES, MOST_TARGETS = 4, 3
SIDE = 152
"""Of a square in a picture, in pixels."""
_LOOKED_AT = 200
"""Squares among which those to show are looked for."""
_STRENGTH = 0.55
_GAP, _HEAD = 8, 26


class PixelAlbum:
    """Draws the pictures of a training of pixels into its folder, anew in each epoch.

    Parameters
    ----------
    folder : Path
    cache : PixelCache
    squares : sequence of Square
        The validation part's; some in which something is marked are shown, always the same.
    names : sequence of str
        Of the masks.
    side : int
        Of a square.
    """

    def __init__(
        self,
        folder: Path,
        cache: PixelCache,
        squares: Sequence[Square],
        names: Sequence[str],
        side: int,
    ) -> None:
        self._folder, self._names = folder, tuple(names)[:MOST_TARGETS]
        shown = _worth_showing(cache, squares, side)
        self._places = {place: number for number, place in enumerate(shown)}
        self._rows: list[list[Picture]] = [[] for _ in shown]

    def show_batch(self, epoch: int, batch: Batch) -> None:
        """Draw the first squares of an epoch, with what is marked in them."""
        pixels, targets = batch[0][:MOST_SQUARES], batch[1][:MOST_SQUARES]
        rows = []
        for square, marked in zip(pixels, targets, strict=True):
            row = [scaled(square, SIDE)]
            row += [_outlined(square, marked[..., it]) for it in range(len(self._names))]
            rows.append(row)
        words = f"Epoch {epoch}: as the network sees it"
        put(self._folder / BATCH_FILE, _page(rows, (words, *self._named("marked"))))

    def look(
        self,
        start: int,
        pixels: NDArray[np.uint8],
        targets: NDArray[np.uint8],
        answers: NDArray[np.float32],
    ) -> None:
        """Take what is to be shown out of a batch of answers to the validation part.

        Parameters
        ----------
        start : int
            Number of its first square among all.
        pixels : ndarray (n, side, side, 3), uint8, RGB
        targets : ndarray (n, side, side, targets), uint8
            Masks, 0 or 1, and whatever follows them.
        answers : ndarray (n, side, side, targets), float32
            Probabilities, and whatever follows them.
        """
        for at, square in enumerate(pixels):
            row = self._places.get(start + at)
            if row is None:
                continue
            pictures = [scaled(square, SIDE)]
            for it in range(len(self._names)):
                red = _filled(square, answers[at, ..., it])
                pictures.append(_outlined(red, targets[at, ..., it]))
            self._rows[row] = pictures

    def show_answers(self, epoch: int) -> None:
        """Draw what `look` took."""
        rows = [row for row in self._rows if row]
        if rows:
            words = (f"After epoch {epoch}, held out", *self._named("marked, found"))
            put(self._folder / EXAMPLES_FILE, _page(rows, words))

    def _named(self, words: str) -> list[str]:
        return [f"{name}: {words}" for name in self._names]


def _worth_showing(cache: PixelCache, squares: Sequence[Square], side: int) -> list[int]:
    """Numbers of squares, those in which something is marked before others."""
    some = _evenly(range(len(squares)), _LOOKED_AT)
    marked = [it for it in some if cache.read(*squares[it], side)[1][..., : cache.masks].any()]
    shown = _evenly(marked, MOST_SQUARES)
    others = [it for it in some if it not in marked]
    return shown + _evenly(others, MOST_SQUARES - len(shown))


def _evenly(numbers: Sequence[int], most: int) -> list[int]:
    """So many of some numbers at most, spread over all of them."""
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round()
    return [numbers[int(it)] for it in places]


def _outlined(square: Picture, marked: NDArray[np.generic]) -> Picture:
    """A square at the size it is shown in, what is marked in it outlined."""
    picture = scaled(square, SIDE)
    mask = scaled((np.asarray(marked) > 0).astype(np.uint8), SIDE)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for colour, thick in ((_HALO, 4), (MARKED, 2)):
        cv2.drawContours(picture, outlines, -1, colour, thick, cv2.LINE_AA)
    return picture


def _filled(square: Picture, answer: NDArray[np.float32]) -> Picture:
    """A square with what is found in red, the more of it the likelier."""
    share = (np.clip(answer, 0, 1) * _STRENGTH)[..., None]
    mixed = square * (1 - share) + np.array(FOUND, np.float32) * share
    return np.asarray(np.rint(mixed), np.uint8)


def _page(rows: Sequence[Sequence[Picture]], heads: Sequence[str]) -> Picture:
    wide = SIDE + _GAP
    across = max(2, len(heads))
    page = np.full((_HEAD + len(rows) * wide, _GAP + across * wide, 3), 255, np.uint8)
    for column, words in enumerate(heads):
        colour = MARKED if column else INK
        write(page, shortened(words, SIDE), (_GAP + column * wide, 18), colour)
    for line, row in enumerate(rows):
        for column, picture in enumerate(row):
            left, top = _GAP + column * wide, _HEAD + line * wide
            page[top : top + SIDE, left : left + SIDE] = picture
    return page
