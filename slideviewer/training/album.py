"""Pictures of a training: a batch as the network sees it, and answers beside the truth."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.files import replacing
from slideviewer.inference.png import png_bytes
from slideviewer.training.batches import Batch
from slideviewer.training.diary import BATCH_FILE, EXAMPLES_FILE
from slideviewer.training.examples import Examples
from slideviewer.training.lettering import INK, shortened, write

MOST_TILES = 9
"""In a picture, which is small on the screen."""
SIDE = 112
"""Of a tile in a picture, in pixels."""
RIGHT, WRONG = (150, 150, 150), (213, 94, 0)
"""Frames; vermilion after Okabe and Ito (2008). The word under a tile says the same."""

Picture = NDArray[np.uint8]
"""Shape (height, width, 3), uint8, RGB."""

_ACROSS, _GAP, _LINE, _HEAD = 3, 8, 18, 26
_PAPER = 255


class TileAlbum:
    """Draws the pictures of a training of tiles into its folder, anew in each epoch.

    Parameters
    ----------
    folder : Path
    validation : Examples
        Some tiles of each class are shown, always the same.
    """

    def __init__(self, folder: Path, validation: Examples) -> None:
        self._folder, self._validation = folder, validation
        self._names = validation.class_names
        self._shown = spread(validation.labels, len(self._names), MOST_TILES)

    def show_batch(self, epoch: int, batch: Batch) -> None:
        """Draw the first batch of an epoch."""
        tiles, targets = batch[0][:MOST_TILES], batch[1][:MOST_TILES]
        captions = [self._mixture(target) for target in targets]
        words = f"Epoch {epoch}: tiles as the network sees them"
        put(self._folder / BATCH_FILE, sheet(tiles, captions, words))

    def show_answers(self, epoch: int, found: NDArray[np.float32]) -> None:
        """Draw what the network answers to held-out tiles after an epoch.

        Parameters
        ----------
        epoch : int
        found : ndarray (n, classes), float32
            To all of the validation part.
        """
        tiles = [self._validation.tiles.read(int(at)) for at in self._shown]
        captions, frames = [], []
        for at in self._shown:
            truth, likely = int(self._validation.labels[at]), int(found[at].argmax())
            share = f"{found[at, likely]:.2f}".lstrip("0")
            is_right = truth == likely
            says = f"found {share}" if is_right else f"but: {self._names[likely]} {share}"
            captions.append((self._names[truth], says))
            frames.append(RIGHT if is_right else WRONG)
        words = f"After epoch {epoch}: held-out tiles, the truth, and what is found"
        put(self._folder / EXAMPLES_FILE, sheet(tiles, captions, words, frames))

    def _mixture(self, target: NDArray[np.float32]) -> tuple[str, str]:
        """A class, or the two of which a tile is mixed with their shares."""
        order = np.argsort(-target)
        shares = [(self._names[at], float(target[at])) for at in order if target[at] >= 0.005]
        if len(shares) == 1:
            return shares[0][0], ""
        first, second = (f"{share * 100:.0f} % {name}" for name, share in shares[:2])
        return first, second


def spread(labels: NDArray[np.int64], classes: int, most: int) -> NDArray[np.int64]:
    """Places of tiles to show: of each class as many, spread over all of it.

    Parameters
    ----------
    labels : ndarray (n,), int64
    classes, most : int

    Returns
    -------
    ndarray (m,), int64
        At most `most`, but one of each class at least where it has any.
    """
    each = max(1, most // classes)
    chosen = []
    for label in range(classes):
        places = np.flatnonzero(labels == label)
        count = min(each, len(places))
        chosen.append(places[np.linspace(0, len(places) - 1, count).round().astype(int)])
    return np.concatenate(chosen)[:most].astype(np.int64)


def sheet(
    tiles: Sequence[Picture] | NDArray[np.uint8],
    captions: Sequence[tuple[str, str]],
    head: str,
    frames: Sequence[tuple[int, int, int]] = (),
) -> Picture:
    """Lay tiles out in rows, two lines of words under each.

    Parameters
    ----------
    tiles : sequence of ndarray (side, side, 3), uint8, RGB
    captions : sequence of (str, str)
    head : str
        Above all.
    frames : sequence of colours
        Around each tile; none where it is empty.
    """
    across = min(_ACROSS, max(1, len(tiles)))
    rows = -(-len(tiles) // across)
    wide, high = SIDE + _GAP, SIDE + 2 * _LINE + _GAP
    page = np.full((_HEAD + rows * high, _GAP + _ACROSS * wide, 3), _PAPER, np.uint8)
    write(page, shortened(head, page.shape[1] - 2 * _GAP), (_GAP, 18))
    for number, (tile, lines) in enumerate(zip(tiles, captions, strict=True)):
        left, top = _GAP + number % across * wide, _HEAD + number // across * high
        page[top : top + SIDE, left : left + SIDE] = scaled(tile, SIDE)
        frame = frames[number] if frames else None
        if frame is not None:
            corner = (left + SIDE - 1, top + SIDE - 1)
            cv2.rectangle(page, (left, top), corner, frame, 3 if frame == WRONG else 1)
        for line, words in enumerate(lines):
            colour = WRONG if line and frame == WRONG else INK
            foot = (left, top + SIDE + 14 + line * _LINE)
            write(page, shortened(words, SIDE), foot, colour)
    return page


def scaled(tile: Picture, side: int) -> Picture:
    """A square picture, or a mask, of another size as the eye wants it."""
    way = cv2.INTER_AREA if tile.shape[0] > side else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(np.ascontiguousarray(tile), (side, side), interpolation=way))


def put(path: Path, picture: Picture) -> None:
    """Write a picture whole; where that fails there is none, for the training matters more."""
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.write(png_bytes(picture))
