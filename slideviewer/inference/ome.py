"""The metadata by which other programs place a prediction over its slide (OME-Zarr 0.5)."""

from __future__ import annotations

from collections.abc import Sequence

from slideviewer.inference.grid import Grid


def multiscales(
    grid: Grid,
    class_names: Sequence[str],
    target: int,
    spacing_um_px: float | None,
    levels: int = 1,
) -> dict[str, object]:
    """Make the ``ome`` attribute of a group whose arrays ``0``, ``1`` … have the axes c, y, x.

    Pixel centres of the slide's level 0 are at whole numbers times the spacing, as is usual for
    OME-Zarr, so the centre of the first cell is the translation.

    Parameters
    ----------
    grid : Grid
    class_names : sequence of str
        One a channel.
    target : int
        The channel shown at first.
    spacing_um_px : float or None
        Micrometres per level-0 pixel; None leaves the axes in level-0 pixels, without a unit.
    levels : int
        How many arrays there are, each with half the sides of the one before.

    References
    ----------
    OME-NGFF 0.5, sections "axes", "multiscales" and "omero":
    https://ngff.openmicroscopy.org/0.5/
    """
    factor = 1.0 if spacing_um_px is None else float(spacing_um_px)
    unit = {} if spacing_um_px is None else {"unit": "micrometer"}

    def dataset(level: int) -> dict[str, object]:
        cell = grid.cell * 2**level
        half = (cell - 1) / 2
        place = [0.0, (grid.y + half) * factor, (grid.x + half) * factor]
        return {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1.0, cell * factor, cell * factor]},
                {"type": "translation", "translation": place},
            ],
        }

    return {
        "version": "0.5",
        "multiscales": [
            {
                "name": "probabilities",
                "axes": [
                    {"name": "c", "type": "channel"},
                    {"name": "y", "type": "space", **unit},
                    {"name": "x", "type": "space", **unit},
                ],
                "datasets": [dataset(level) for level in range(levels)],
            }
        ],
        "omero": {
            "channels": [
                {
                    "label": name,
                    "color": "FF0000" if index == target else "FFFFFF",
                    "active": index == target,
                    "window": {"min": 0.0, "max": 1.0, "start": 0.0, "end": 1.0},
                }
                for index, name in enumerate(class_names)
            ]
        },
    }
