"""What ImageJ writes into a TIFF file: hyperstacks, whose channels are planes in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.slide.channel_colours import Label
from slideviewer.slide.channels import Colour
from slideviewer.slide.ome import MAX_CHANNELS

_UM = {"micron": 1.0, "um": 1.0, "µm": 1.0, "\\u00B5m": 1.0, "mm": 1e3, "cm": 1e4, "inch": 25400.0}
"""Micrometres in ImageJ's words for units."""
_UNCOMPRESSED = 1


@dataclass(frozen=True)
class Hyperstack:
    """The channels of a stack at its first depth and time.

    Attributes
    ----------
    labels : tuple of Label
        One for each channel.
    planes : tuple of int
        Where each channel lies in the row of planes.
    notices : tuple of str
        What of the file is not shown, for the user.
    """

    labels: tuple[Label, ...]
    planes: tuple[int, ...]
    notices: tuple[str, ...]


def hyperstack(file: tifffile.TiffFile) -> Hyperstack | None:
    """Read ImageJ's header; None where there is none, or it tells of one channel alone."""
    header = file.imagej_metadata if file.is_imagej else None
    if not header or int(file.pages.first.samplesperpixel) != 1:
        return None
    counts = {
        "c": int(header.get("channels", 1)),
        "z": int(header.get("slices", 1)),
        "t": int(header.get("frames", 1)),
    }
    if not 1 < counts["c"] <= MAX_CHANNELS:
        return None
    order = str(header.get("order", "czt")).casefold()
    if sorted(order) != ["c", "t", "z"]:
        order = "czt"
    step = 1
    for axis in order[: order.index("c")]:
        step *= counts[axis]
    tables = header.get("LUTs", [])
    names = header.get("Labels", [])
    labels = [
        Label(
            str(names[number * step]) if number * step < len(names) else "",
            _brightest(tables[number]) if number < len(tables) else None,
        )
        for number in range(counts["c"])
    ]
    return Hyperstack(
        tuple(labels),
        tuple(number * step for number in range(counts["c"])),
        tuple(
            f"of {counts[axis]} {what} only the first is shown"
            for axis, what in (("z", "depths"), ("t", "times"))
            if counts[axis] > 1
        ),
    )


def _brightest(table: NDArray[Any]) -> Colour:
    red, green, blue = (int(part) for part in table[:, -1])
    return red, green, blue


def read_plane(file: tifffile.TiffFile, number: int) -> NDArray[Any]:
    """Read one plane: large stacks have a page for the first alone, and the rest right behind it.

    Raises
    ------
    EOFError
        Where the file ends before.
    """
    first = file.pages.first
    if number == 0 or len(file.pages) > 1:
        return np.asarray(file.pages[number].asarray())
    if first.dtype is None or int(first.compression) != _UNCOMPRESSED or not first.is_contiguous:
        raise EOFError
    place = first.dataoffsets[0] + number * first.nbytes
    if place + first.nbytes > file.filehandle.size:
        raise EOFError
    dtype = first.dtype.newbyteorder(file.byteorder)
    file.filehandle.seek(place)
    values = np.frombuffer(file.filehandle.read(first.nbytes), dtype)
    return values.reshape(first.shape).astype(first.dtype, copy=False)


def um_per_unit(file: tifffile.TiffFile) -> float | None:
    """Tell in how many micrometres the header counts; None where it does not say."""
    header = file.imagej_metadata if file.is_imagej else None
    return _UM.get(str(header.get("unit", ""))) if header else None
