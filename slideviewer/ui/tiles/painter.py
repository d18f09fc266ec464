"""Painting tiles: the sharp ones that are there, over coarser ones where they are not."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.slide import Pyramid, TileKey
from slideviewer.ui.painting import draw_picture, share_of, snapped
from slideviewer.ui.viewpoint import Viewpoint

Pictures = Callable[[TileKey], QImage | None]
"""Gives a tile's picture where it is there."""


def paint_tiles(
    painter: QPainter, view: Viewpoint, part: Rect, pyramid: Pyramid, level: int, get: Pictures
) -> list[TileKey]:
    """Paint what is there of a level, and coarser levels under what is not.

    Parameters
    ----------
    painter : QPainter
        In screen pixels.
    view : Viewpoint
    part : Rect
        The level-0 rectangle that needs painting.
    pyramid : Pyramid
    level : int
        The level that the screen can show.
    get : callable

    Returns
    -------
    list of TileKey
        The tiles of the level that are not there.
    """
    there: list[tuple[TileKey, QImage]] = []
    missing: list[TileKey] = []
    for key in pyramid.tiles_in(part, level):
        image = get(key)
        if image is None:
            missing.append(key)
        else:
            there.append((key, image))
    if missing:
        rects = [pyramid.tile_rect(key) for key in missing]
        hole = Rect.from_corners(
            min(rect.x for rect in rects),
            min(rect.y for rect in rects),
            max(rect.right for rect in rects),
            max(rect.bottom for rect in rects),
        ).intersection(part)
        _paint_coarser(painter, view, hole, pyramid, level, get)
    if view.is_upright:
        _paint_upright(painter, view, pyramid, there)
    else:
        for key, image in there:
            draw_picture(painter, view, pyramid.tile_rect(key), image, QRectF(image.rect()))
    return missing


def _paint_coarser(
    painter: QPainter, view: Viewpoint, hole: Rect, pyramid: Pyramid, level: int, get: Pictures
) -> None:
    """Fill a hole from the nearest level that is all there, and what is there of finer ones."""
    levels: list[list[tuple[TileKey, QImage]]] = []
    for coarser in range(level + 1, len(pyramid.levels)):
        keys = pyramid.tiles_in(hole, coarser)
        found = [(key, image) for key in keys if (image := get(key)) is not None]
        levels.append(found)
        if len(found) == len(keys):
            break
    for found in reversed(levels):
        for key, image in found:
            whole = pyramid.tile_rect(key)
            # Only the share in the hole: far beyond the screen, painting loses precision.
            shown = whole.intersection(hole)
            draw_picture(painter, view, shown, image, share_of(image, whole, shown))


def _paint_upright(
    painter: QPainter, view: Viewpoint, pyramid: Pyramid, tiles: list[tuple[TileKey, QImage]]
) -> None:
    """Paint tiles of one level; the edges are worked out once a column and row, for speed."""
    ratio = painter.device().devicePixelRatioF()
    across: dict[int, tuple[float, float]] = {}
    down: dict[int, tuple[float, float]] = {}
    for key, image in tiles:
        if key.column not in across or key.row not in down:
            edges = snapped(view, pyramid.tile_rect(key), ratio)
            across[key.column] = edges.x(), edges.width()
            down[key.row] = edges.y(), edges.height()
        x, width = across[key.column]
        y, height = down[key.row]
        painter.drawImage(QRectF(x, y, width, height), image)
