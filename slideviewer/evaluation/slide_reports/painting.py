"""Pictures of a report: the whole slide with what lies on it, and each finding."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, AnnotationSet, Kind, outline
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.findings.footprint import Runs
from slideviewer.geometry import Rect, round_length
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.overlay import with_masks
from slideviewer.slide import Pixels, Slide
from slideviewer.slide.reducing import block_edges

SLIDE_PX, FINDING_PX = 1400, 220
"""Longest side of the picture of a slide; side of that of a finding."""

PREDICTED_COLOUR, MARKED_COLOUR, DOUBT_COLOUR = "#E61E1E", "#2864FF", "#C88C00"
"""Red and blue as in the window."""

KIND_COLOURS = {
    FindingKind.PREDICTED: PREDICTED_COLOUR,
    FindingKind.BEYOND_MARKUP: PREDICTED_COLOUR,
    FindingKind.MARKED: MARKED_COLOUR,
    FindingKind.BEYOND_PREDICTION: MARKED_COLOUR,
    FindingKind.UNCERTAIN: DOUBT_COLOUR,
}

_ROOM = 0.35
"""Around a finding, as a part of its longer side."""
_LEAST_UM, _LEAST_PX = 200.0, 512.0
"""A picture shows at least so much of the slide."""
_INK, _PAPER = (20, 20, 20), (255, 255, 255)
_DIGITS = 4
_FONT, _WEIGHT = "sans", 500


@dataclass(frozen=True)
class Window:
    """What of level 0 a picture shows.

    Attributes
    ----------
    seen : Rect
        Level-0 pixels.
    width, height : int
        Of the picture.
    """

    seen: Rect
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels of the picture for one of level 0."""
        return self.width / self.seen.width

    def placed(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Level-0 points in the picture."""
        return (np.asarray(points, np.float64) - (self.seen.x, self.seen.y)) * self.scale


def slide_picture(
    slide: Slide,
    cells: Prediction | None,
    threshold: float,
    markup: AnnotationSet,
    numbered: Sequence[tuple[int, Rect]] = (),
    spacing_um_px: float | None = None,
) -> Pixels:
    """The whole slide: predicted cells red, markup blue, a scale bar, and numbers at findings.

    Parameters
    ----------
    slide : Slide
    cells : Prediction or None
    threshold : float
        The probability from which a cell is red.
    markup : AnnotationSet
    numbered : sequence of (number, Rect)
        Where numbers stand, level-0 pixels.
    spacing_um_px : float, optional
        Micrometres per level-0 pixel; without it there is no scale bar.

    Raises
    ------
    SlideError
        Where the slide cannot be read.
    """
    picture = np.ascontiguousarray(slide.thumbnail(SLIDE_PX))
    height, width = picture.shape[:2]
    window = Window(slide.pyramid.extent, width, height)
    if cells is not None:
        mask = _cells_in(cells, cells.positive_cells(threshold), window)
        picture = with_masks(picture, mask[..., None], [PREDICTED_COLOUR])
    _draw_markup(picture, markup, window, 2)
    for number, bounds in numbered:
        _write_number(picture, number, window.placed(np.array([bounds.centre]))[0])
    if spacing_um_px is not None:
        _draw_scale_bar(picture, spacing_um_px / window.scale)
    return picture


def finding_picture(
    slide: Slide, kind: FindingKind, runs: Runs, bounds: Rect, markup: AnnotationSet
) -> Pixels:
    """A finding with what is around it: its outline in its side's colour, markup thin.

    Parameters
    ----------
    slide : Slide
    kind : FindingKind
    runs : ndarray (count, 4), float64
        What it covers: see `Footprint`.
    bounds : Rect
    markup : AnnotationSet

    Returns
    -------
    ndarray (side, side, 3), uint8, RGB

    Raises
    ------
    SlideError
        Where the slide is damaged there.
    """
    um_px = getattr(slide.spacing, "um_px", None)
    least = _LEAST_PX if um_px is None else _LEAST_UM / um_px
    longest = max(slide.pyramid.width, slide.pyramid.height)
    side = min(max((1 + 2 * _ROOM) * max(bounds.width, bounds.height), least), 2 * longest)
    x, y = bounds.centre
    window = Window(Rect(x - side / 2, y - side / 2, side, side), FINDING_PX, FINDING_PX)
    picture = _read(slide, window)
    _draw_markup(picture, markup, window, 1)
    colour = _rgb(KIND_COLOURS[kind])
    parts, _ = cv2.findContours(_covered(runs, window), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, parts, -1, _PAPER, 4, cv2.LINE_AA)
    cv2.drawContours(picture, parts, -1, colour, 2, cv2.LINE_AA)
    return picture


def _read(slide: Slide, window: Window) -> Pixels:
    pyramid, seen = slide.pyramid, window.seen
    level = pyramid.level_for(seen.width / window.width)
    at = pyramid.levels[level]
    across, down = at.width / pyramid.width, at.height / pyramid.height
    left, top = math.floor(seen.x * across), math.floor(seen.y * down)
    columns = block_edges(window.width, max(1, round(seen.width * across)))
    rows = block_edges(window.height, max(1, round(seen.height * down)))
    picture = np.full((window.height, window.width, 3), 255, np.uint8)
    # Block by block: a slide without coarse levels is as large as it is.
    for (y, start_y), (y_end, end_y) in itertools.pairwise(rows):
        for (x, start_x), (x_end, end_x) in itertools.pairwise(columns):
            place = Rect(left + start_x, top + start_y, end_x - start_x, end_y - start_y)
            if not place.intersects(Rect(0, 0, at.width, at.height)):
                continue
            sides = end_x - start_x, end_y - start_y
            pixels = slide.read_region(level, left + start_x, top + start_y, *sides)
            size = x_end - x, y_end - y
            picture[y:y_end, x:x_end] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return picture


def _cells_in(cells: Prediction, positive: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
    """Which pixels of a picture lie in a cell that counts."""
    grid = cells.grid
    middles = [
        (start + (np.arange(count) + 0.5) / window.scale - origin) / grid.cell
        for start, count, origin in (
            (window.seen.x, window.width, grid.x),
            (window.seen.y, window.height, grid.y),
        )
    ]
    columns, rows = (np.floor(it).astype(np.int64) for it in middles)
    in_x, in_y = (columns >= 0) & (columns < grid.columns), (rows >= 0) & (rows < grid.rows)
    mask = np.zeros((window.height, window.width), np.bool_)
    mask[np.ix_(in_y, in_x)] = positive[np.ix_(rows[in_y], columns[in_x])]
    return mask


def _covered(runs: Runs, window: Window) -> NDArray[np.uint8]:
    """1 where rectangles of level 0 cover the picture."""
    mask = np.zeros((window.height, window.width), np.uint8)
    corners = np.concatenate([window.placed(runs[:, :2]), window.placed(runs[:, 2:])], axis=1)
    limits = np.clip(np.round(corners), -1, max(window.width, window.height) + 1).astype(int)
    for left, top, right, bottom in limits.tolist():
        mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 1
    return mask


def _draw_markup(picture: Pixels, markup: AnnotationSet, window: Window, thickness: int) -> None:
    seen = window.seen
    for annotation in markup:
        bounds = annotation.bounds
        if bounds is not None and seen.intersects(bounds.grown(1)):
            _draw(picture, annotation, window, thickness)


def _draw(picture: Pixels, annotation: Annotation, window: Window, thickness: int) -> None:
    points = window.placed(outline(annotation))
    points = points[np.isfinite(points).all(axis=1)]
    most = 1 << 20  # beyond it OpenCV's fixed point overflows
    fixed = np.round((np.clip(points, -most // 16, most // 16) - 0.5) * 2**_DIGITS)
    places = fixed.astype(np.int32)
    colour = _rgb(MARKED_COLOUR)
    if annotation.kind in (Kind.DOT, Kind.POINT_SET):
        for x, y in places.tolist():
            cv2.circle(picture, (x, y), 3 << _DIGITS, colour, -1, cv2.LINE_AA, _DIGITS)
    elif len(places):
        is_closed = annotation.kind != Kind.MEASUREMENT
        cv2.polylines(picture, [places], is_closed, colour, thickness, cv2.LINE_AA, _DIGITS)


def _write_number(picture: Pixels, number: int, at: NDArray[np.float64]) -> None:
    words, size = str(number), 14
    font = cv2.FontFace(_FONT)
    _, _, across, _ = cv2.getTextSize((0, 0), words, (0, 0), font, size, _WEIGHT)
    half = across // 2 + 4, size // 2 + 4
    height, width = picture.shape[:2]
    x = min(max(round(float(at[0])), half[0]), width - half[0] - 1)
    y = min(max(round(float(at[1])), half[1]), height - half[1] - 1)
    corners = (x - half[0], y - half[1]), (x + half[0], y + half[1])
    cv2.rectangle(picture, *corners, _PAPER, cv2.FILLED)
    cv2.rectangle(picture, *corners, _INK, 1)
    cv2.putText(picture, words, (x - across // 2, y + size // 2 - 2), _INK, font, size, _WEIGHT)


def _draw_scale_bar(picture: Pixels, um_px: float) -> None:
    """A bar of a round length at the bottom left, on a plate."""
    height, width = picture.shape[:2]
    length_um = round_length(max(width / 5, 24) * um_px)
    length = round(length_um / um_px)
    words = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
    font, size = cv2.FontFace(_FONT), 16
    _, _, across, _ = cv2.getTextSize((0, 0), words, (0, 0), font, size, _WEIGHT)
    left, base = 24, height - 24
    right = left + max(length, across)
    cv2.rectangle(picture, (left - 10, base - 34), (right + 10, base + 10), _PAPER, cv2.FILLED)
    middle = (left + right) // 2
    cv2.putText(picture, words, (middle - across // 2, base - 12), _INK, font, size, _WEIGHT)
    start = middle - length // 2
    cv2.line(picture, (start, base), (start + length, base), _INK, 3)
    for end in (start, start + length):
        cv2.line(picture, (end, base - 5), (end, base + 5), _INK, 2)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
