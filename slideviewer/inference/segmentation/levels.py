"""The stored levels of a mask: a finest one, and coarser ones that follow from it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.inference.grid import Grid
from slideviewer.inference.ome import multiscales
from slideviewer.inference.segmentation.chunks import CHUNK_PX, Chunk, chunks_in
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.prediction import MaskProbabilities

DAMAGE = (OSError, ValueError, RuntimeError)
"""What reading a chunk raises that was cut off or spoilt."""

_ZSTD_LEVEL = 1


def frames_of(frame: MaskFrame) -> list[MaskFrame]:
    """The frames of all levels, the finest first; the last one is a single chunk."""
    frames = [frame]
    while max(frames[-1].width, frames[-1].height) > CHUNK_PX:
        frames.append(frames[-1].halved)
    return frames


class StoredLevels:
    """The arrays of a mask, opened for reading or for writing.

    Parameters
    ----------
    folder : Path
        That of the OME-Zarr group.
    frame : MaskFrame
        Of the finest level.
    channels : int
        The classes, and where it has one the spread.
    mode : str
        "r", or "r+" to write.

    Attributes
    ----------
    is_current : bool
        Whether coarser levels hold all that the finest does, as far as is known.

    Raises
    ------
    ValueError
        Where the arrays are not those of such a mask.
    OSError, KeyError, TypeError
        Where they cannot be opened.
    """

    def __init__(self, folder: Path, frame: MaskFrame, channels: int, mode: str = "r") -> None:
        import zarr  # late: it takes longer to import than all the rest of a window's start

        self.frames = frames_of(frame)
        self.channels = channels
        self.is_current = False
        self._folder = folder
        self._arrays: list[Any] = []
        for level, at in enumerate(self.frames):
            array = zarr.open_array(folder / str(level), mode=mode)
            expected = channels, at.height, at.width
            if array.shape != expected or array.dtype != np.float16:
                raise ValueError(f"level {level} is {array.dtype} {array.shape}, not {expected}")
            if array.chunks != (channels, CHUNK_PX, CHUNK_PX):
                raise ValueError(f"level {level} has chunks of {array.chunks}")
            self._arrays.append(array)

    @staticmethod
    def create(
        folder: Path,
        frame: MaskFrame,
        channels: list[str],
        target: int,
        spacing_um_px: float | None,
    ) -> None:
        """Make empty arrays in a new folder (OME-Zarr 0.5)."""
        import zarr
        from zarr.codecs import ZstdCodec

        frames = frames_of(frame)
        grid = Grid(frame.x, frame.y, frame.scale, frame.width, frame.height)
        ome: Any = multiscales(grid, channels, target, spacing_um_px, levels=len(frames))
        group = zarr.open_group(folder, mode="w", zarr_format=3)
        group.attrs.update({"ome": ome, "research_use": RESEARCH_USE_ONLY})
        for level, at in enumerate(frames):
            group.create_array(
                str(level),
                shape=(len(channels), at.height, at.width),
                chunks=(len(channels), CHUNK_PX, CHUNK_PX),
                dtype="float16",
                fill_value=float("nan"),
                dimension_names=("c", "y", "x"),
                # With its checksum, so that a spoilt chunk is known as one.
                compressors=ZstdCodec(level=_ZSTD_LEVEL, checksum=True),
            )

    @property
    def level_count(self) -> int:
        """How many resolutions there are."""
        return len(self.frames)

    def read(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> MaskProbabilities:
        """See `MaskPrediction.read`; a chunk that is damaged counts as not looked at.

        What a coarser level lacks after a run that was killed is made of finer ones.
        """
        if level == 0 or self.is_current:
            return self._read_stored(level, x_level, y_level, width, height)
        found = np.full((height, width, self.channels), np.nan, np.float16)
        for chunk in chunks_in(self.frames[level], (x_level, y_level, width, height)):
            x, y, across, down = chunk.box
            left, right = max(x, x_level), min(x + across, x_level + width)
            top, bottom = max(y, y_level), min(y + down, y_level + height)
            place = slice(top - y_level, bottom - y_level), slice(left - x_level, right - x_level)
            found[place] = self.read_chunk(level, chunk)[top - y : bottom - y, left - x : right - x]
        return found

    def read_chunk(self, level: int, chunk: Chunk, *, afresh: bool = False) -> MaskProbabilities:
        """See `MaskPixels.read_chunk`."""
        is_stored = self.file_of(level, chunk).exists()
        if level == 0 or ((is_stored or self.is_current) and not afresh):
            return self._read_stored(level, *chunk.box)
        x, y, width, height = chunk.box
        finer = np.full((2 * height, 2 * width, self.channels), np.nan, np.float16)
        below = self.frames[level - 1]
        for part in chunks_in(below, (2 * x, 2 * y, 2 * width, 2 * height)):
            left, top, across, down = part.box
            place = (
                slice(top - 2 * y, top - 2 * y + down),
                slice(left - 2 * x, left - 2 * x + across),
            )
            finer[place] = self.read_chunk(level - 1, part, afresh=afresh)
        return halved(finer)

    def write(self, level: int, chunk: Chunk, probabilities: MaskProbabilities) -> None:
        """Keep a chunk, whole or not at all."""
        x, y, width, height = chunk.box
        part = probabilities.transpose(2, 0, 1)
        self._arrays[level][:, y : y + height, x : x + width] = part

    def make(self, level: int, chunk: Chunk) -> None:
        """Make a chunk of a coarser level anew from the four that it covers."""
        self.drop(level, chunk)  # it may be damaged
        x, y, width, height = chunk.box
        finer = self._read_stored(level - 1, 2 * x, 2 * y, 2 * width, 2 * height)
        self.write(level, chunk, halved(finer))

    def drop(self, level: int, chunk: Chunk) -> None:
        """Take a chunk away, if it is there."""
        self.file_of(level, chunk).unlink(missing_ok=True)

    def is_sound(self, level: int, chunk: Chunk) -> bool:
        """Whether a chunk is stored, and can be read."""
        x, y, width, height = chunk.box
        try:
            self._arrays[level][:, y : y + height, x : x + width]
        except DAMAGE:
            return False
        return self.file_of(level, chunk).exists()

    def file_of(self, level: int, chunk: Chunk) -> Path:
        """Where a chunk is stored, if it is (Zarr 3, "default" chunk keys)."""
        return self._folder / str(level) / "c" / "0" / str(chunk.row) / str(chunk.column)

    def tidy(self, *, coarser_too: bool) -> None:
        """Take away what a killed run left half written, and coarser levels that may be stale."""
        for part in self._folder.rglob("*.partial"):
            part.unlink(missing_ok=True)
        if coarser_too:
            for level in range(1, self.level_count):
                shutil.rmtree(self._folder / str(level) / "c", ignore_errors=True)

    def _read_stored(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> MaskProbabilities:
        found = np.full((height, width, self.channels), np.nan, np.float16)
        for chunk in chunks_in(self.frames[level], (x_level, y_level, width, height)):
            if not self.file_of(level, chunk).exists():
                continue
            x, y, across, down = chunk.box
            left, right = max(x, x_level), min(x + across, x_level + width)
            top, bottom = max(y, y_level), min(y + down, y_level + height)
            try:
                part = np.asarray(self._arrays[level][:, top:bottom, left:right])
            except DAMAGE:
                continue
            place = slice(top - y_level, bottom - y_level), slice(left - x_level, right - x_level)
            found[place] = part.transpose(1, 2, 0)
        return found


def halved(finer: MaskProbabilities) -> MaskProbabilities:
    """Average two by two pixels, of those the ones that are known.

    Parameters
    ----------
    finer : ndarray (2 * height, 2 * width, classes), float16

    Returns
    -------
    ndarray (height, width, classes), float16
        NaN where none of the four is known.
    """
    # In float32: numpy computes in float16 by a long way round.
    fours = [finer[row::2, column::2].astype(np.float32) for row in range(2) for column in range(2)]
    known = [~np.isnan(part) for part in fours]
    total = np.zeros_like(fours[0])
    for part, is_known in zip(fours, known, strict=True):
        total += part if is_known.all() else np.where(is_known, part, 0)
    count = np.asarray(np.sum(known, axis=0), np.float32)
    count[count == 0] = np.nan
    return np.asarray(total / count, np.float16)
