"""Any region of a level, laid together from its tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray


def lay_tiles(
    region: NDArray[Any],
    corner: tuple[int, int],
    level_size: tuple[int, int],
    tile_size: tuple[int, int],
    read_tile: Callable[[int, int], NDArray[Any]],
) -> tuple[slice, slice]:
    """Fill a region with the tiles that meet it; what lies beyond the level stays as it is.

    Parameters
    ----------
    region : ndarray (height, width, ...)
        Written to.
    corner : tuple of int
        Where the region's first pixel lies in the level: (x, y), negative ones too.
    level_size, tile_size : tuple of int
        (width, height) in pixels of the level.
    read_tile : callable
        Gives a tile by its column and row, (height, width, ...); in the last ones what lies
        beyond the level may be there or not.

    Returns
    -------
    tuple of slice
        The rows and columns of the region that lie within the level.
    """
    (x, y), (width, height) = corner, tile_size
    left, right = max(0, x), min(level_size[0], x + region.shape[1])
    top, bottom = max(0, y), min(level_size[1], y + region.shape[0])
    if left >= right or top >= bottom:
        return slice(0, 0), slice(0, 0)
    for row in range(top // height, -(-bottom // height)):
        from_y, to_y = max(top, row * height), min(bottom, (row + 1) * height)
        for column in range(left // width, -(-right // width)):
            from_x, to_x = max(left, column * width), min(right, (column + 1) * width)
            tile = read_tile(column, row)
            region[from_y - y : to_y - y, from_x - x : to_x - x] = tile[
                from_y - row * height : to_y - row * height,
                from_x - column * width : to_x - column * width,
            ]
    return slice(top - y, bottom - y), slice(left - x, right - x)
