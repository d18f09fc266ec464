"""Labelled pixels from any source: masks, maps of probabilities, markup painted as it is read.

A mask of a slide does not fit into memory, so all of them are read part by part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.slide import open_slide
from slideviewer.slide.masks import MaskFile, open_mask
from slideviewer.slide.slide import Slide, Spacing

Pixels = NDArray[Any]
"""Labels: shape (height, width), of whole numbers; 0 is background."""

_LONGEST_NOTE = 1_000_000
_BAND_ROWS = 512


class LabelSource(Protocol):
    """What labels are read from.

    Attributes
    ----------
    path : Path
    width, height : int
        In its own pixels.
    block : tuple of int
        Width and height of what is best read at a time.
    size : tuple of int or None
        Width and height of the slide in level-0 pixels, where that is known.
    classes : mapping of int to str
        The names of labels, where the source says so.
    """

    path: Path
    width: int
    height: int
    block: tuple[int, int]
    size: tuple[int, int] | None
    classes: Mapping[int, str]

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """Read labels; the region must lie within."""

    def close(self) -> None:
        """Let go of the file."""


class FileLabels:
    """A mask file; see `LabelSource`."""

    def __init__(self, path: Path, level: int = 0) -> None:
        self._mask: MaskFile = open_mask(path, level)
        self.path = path
        self.width, self.height = self._mask.width, self._mask.height
        self.block = self._mask.block
        self.sizes = self._mask.sizes
        note, other = self._mask.note, _map_note(path)
        self.classes: Mapping[int, str] = {}
        self.size: tuple[int, int] | None = None
        if note is not None:
            self.size = note.size
            self.classes = {label: name or "None" for label, name in note.groups.items()}
        elif other is not None:
            self.size, self.classes = other.size, other.classes

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """See `LabelSource`."""
        return self._mask.read(x, y, width, height)

    def close(self) -> None:
        """See `LabelSource`."""
        self._mask.close()


class ChanceLabels:
    """A map of probabilities: label 1 from a threshold on; see `LabelSource`."""

    def __init__(self, path: Path, threshold: float) -> None:
        self._slide: Slide = open_slide(path)
        self.path = path
        self._threshold = np.float32(threshold)
        self.width, self.height = self._slide.pyramid.width, self._slide.pyramid.height
        self.block = (4096, _BAND_ROWS)
        note = _map_note(path)
        self.size = note.size if note is not None else None
        self.classes: Mapping[int, str] = {}
        if note is not None and note.target:
            self.classes = {1: note.target}

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """See `LabelSource`."""
        values = self._slide.read_channels(0, x, y, width, height)[..., 0]
        return (values >= self._threshold).astype(np.uint8)

    def close(self) -> None:
        """See `LabelSource`."""
        self._slide.close()


class GreyLabels:
    """A picture in colours as its greys, for masks that were saved as JPEG; see `LabelSource`."""

    def __init__(self, path: Path) -> None:
        self._slide: Slide = open_slide(path)
        self.path = path
        self.width, self.height = self._slide.pyramid.width, self._slide.pyramid.height
        self.block = (4096, _BAND_ROWS)
        self.size: tuple[int, int] | None = None
        self.classes: Mapping[int, str] = {}

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """See `LabelSource`."""
        return cv2.cvtColor(self._slide.read_region(0, x, y, width, height), cv2.COLOR_RGB2GRAY)

    def close(self) -> None:
        """See `LabelSource`."""
        self._slide.close()


class PaintedLabels:
    """Markup painted on a grid; the band asked for last is kept; see `LabelSource`."""

    def __init__(
        self, markup: Markup, labels: Labels, classes: Mapping[int, str], grid: MaskGrid
    ) -> None:
        self.path = markup.path
        self.width, self.height = grid.width, grid.height
        self.block = (4096, _BAND_ROWS)
        self.size = markup.size
        self.classes = classes
        self._painting = MaskPainting(markup.annotations, labels, grid)
        self._band: tuple[tuple[int, int], Pixels] | None = None

    def read(self, x: int, y: int, width: int, height: int) -> Pixels:
        """See `LabelSource`."""
        if self._band is None or self._band[0] != (y, height):
            tiles = [*self._painting.tiles(y, height, self.block[0])]
            self._band = ((y, height), np.concatenate(tiles, axis=1))
        return self._band[1][:, x : x + width]

    def close(self) -> None:
        """See `LabelSource`."""
        self._band = None


@dataclass(frozen=True)
class _MapNote:
    """What a map of this program says of itself."""

    size: tuple[int, int] | None
    classes: Mapping[int, str]
    target: str


def open_labels(
    path: Path, threshold: float | None = None, *, is_grey: bool = False
) -> LabelSource:
    """Open a mask, or a map of probabilities where a threshold is given for one.

    Parameters
    ----------
    path : Path
    threshold : float, optional
    is_grey : bool
        Whether a JPEG may have colours, of which the grey counts.

    Raises
    ------
    SlideviewerError
        Where it cannot be read, or is a map and there is no threshold.
    """
    if is_chance_map(path):
        if threshold is None:
            raise EvaluationError(
                "is a map of probabilities, and of labels of the truth none is needed.", path=path
            )
        return ChanceLabels(path, threshold)
    if is_grey and path.suffix.lower() in (".jpg", ".jpeg"):
        return GreyLabels(path)
    return FileLabels(path)


def is_chance_map(path: Path) -> bool:
    """Whether a file holds fractions, such as a likelihood map.

    Raises
    ------
    SlideError
        Where it cannot be opened.
    """
    if path.suffix.lower() not in (".tif", ".tiff"):
        return False
    with closing(open_slide(path)) as slide:
        if not slide.channels:
            return False
        return slide.read_channels(0, 0, 0, 1, 1).dtype.kind == "f"


def facts_of_slide(path: Path) -> tuple[tuple[int, int], float | None]:
    """The size of a slide in level-0 pixels, and its µm per pixel where it says so."""
    with closing(open_slide(path)) as slide:
        spacing = slide.spacing
        um_px = spacing.um_px if isinstance(spacing, Spacing) else None
        return (slide.pyramid.width, slide.pyramid.height), um_px


def _map_note(path: Path) -> _MapNote | None:
    """What `slideviewer predict` wrote into a map of it; None for other files."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None
    with closing(open_slide(path)) as slide:
        text = str(slide.properties.get("tiff.ImageDescription", ""))
    if not text.startswith("{") or len(text) > _LONGEST_NOTE:
        return None
    try:
        note = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(note, dict) or not str(note.get("kind", "")).startswith("slideviewer"):
        return None
    size, labels, target = note.get("size"), note.get("labels"), note.get("target")
    classes = {}
    if isinstance(labels, dict):
        classes = {v: k for k, v in labels.items() if isinstance(v, int) and isinstance(k, str)}
    known = None
    if isinstance(size, list) and len(size) == 2 and all(isinstance(it, int) for it in size):
        known = size[0], size[1]
    return _MapNote(known, classes, target if isinstance(target, str) else "")
