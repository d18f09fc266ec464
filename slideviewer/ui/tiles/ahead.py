"""Which tiles will probably be wanted next."""

from __future__ import annotations

from slideviewer.geometry import Rect
from slideviewer.slide import Pyramid, TileKey
from slideviewer.ui.viewpoint import Viewpoint

AHEAD_SCREENS = 0.75
"""How far along the movement tiles are fetched, in screens."""

FINER_SHARE = 0.5
"""The middle part of the view, by its sides, whose finer tiles are fetched."""

MOST_TILES = 160
"""Of a guess, more would only push out of memory what was really looked at."""


def tiles_ahead(pyramid: Pyramid, view: Viewpoint, former: Viewpoint, level: int) -> list[TileKey]:
    """Guess tiles to fetch in idle time, the likeliest first.

    While the view moves: those that it moves towards. While it rests: a margin around it, then
    one level coarser and one finer.

    Parameters
    ----------
    pyramid : Pyramid
    view, former : Viewpoint
        What is shown, and what was shown before.
    level : int
        The level that the view shows.
    """
    seen = view.visible
    dx, dy = view.centre_x - former.centre_x, view.centre_y - former.centre_y
    guesses: list[TileKey] = []
    if view.scale == former.scale and (dx or dy):
        reach = max(abs(dx), abs(dy))
        shift_x = dx / reach * seen.width * AHEAD_SCREENS
        shift_y = dy / reach * seen.height * AHEAD_SCREENS
        guesses += pyramid.tiles_in(_moved(seen, shift_x, shift_y), level)
    else:
        side = pyramid.tile_size * pyramid.levels[level].downsample
        guesses += pyramid.tiles_in(seen.grown(side), level)
    if level + 1 < len(pyramid.levels):
        guesses += pyramid.tiles_in(seen.grown(max(seen.width, seen.height) / 2), level + 1)
    if level > 0:
        inset = (1 - FINER_SHARE) / 2
        middle = Rect(
            seen.x + inset * seen.width,
            seen.y + inset * seen.height,
            FINER_SHARE * seen.width,
            FINER_SHARE * seen.height,
        )
        guesses += pyramid.tiles_in(middle, level - 1)
    return list(dict.fromkeys(guesses))[:MOST_TILES]


def _moved(rect: Rect, dx: float, dy: float) -> Rect:
    return Rect(rect.x + dx, rect.y + dy, rect.width, rect.height)
