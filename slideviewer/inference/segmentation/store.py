"""A mask on disk: OME-Zarr beside a small JSON, written chunk by chunk and resumable.

A store is a folder of two parts: ``probabilities.ome.zarr`` (OME-Zarr 0.5 with levels, axes
c, y, x, NaN where the model did not look), which other programs open, and ``prediction.json``,
which says what the numbers are and how they came about. Where models or turns were asked together,
the last channel tells how much their answers for the target differ, at the mask's own resolution.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from slideviewer.errors import PredictionError
from slideviewer.inference.files import told_to_user
from slideviewer.inference.record import RECORD_FILE, left_by_former, misread, not_understood
from slideviewer.inference.segmentation.chunks import Chunk, chunk_grid
from slideviewer.inference.segmentation.coarsening import Coarsening, with_files
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.levels import StoredLevels
from slideviewer.inference.segmentation.plan import MOST_CHUNKS
from slideviewer.inference.segmentation.prediction import MaskPrediction, MaskProbabilities
from slideviewer.inference.segmentation.record import FrameRecord, MaskRecord
from slideviewer.inference.store_files import ARRAY_FOLDER, NUCLEI_FOLDER
from slideviewer.progress import Progress, Step, silent

Skipped = tuple[int, int, int, int, str]
"""A tile that could not be read: x, y, width, height in pixels of the frame, and why."""


class MaskStore:
    """A mask being written. What was written once survives the end of the process.

    Attributes
    ----------
    folder : Path
    frame : MaskFrame
    done : ndarray (rows, columns), bool
        The chunks that are there and whole; known once `former` has been gone through.
    """

    def __init__(
        self,
        folder: Path,
        record: MaskRecord,
        wanted: NDArray[np.bool_],
        *,
        levels_current: bool = False,
    ) -> None:
        self.folder = folder
        self.frame = record.as_frame()
        self.done = np.zeros(chunk_grid(self.frame), np.bool_)
        self._record, self._wanted = record, wanted
        self._levels = _open_levels(folder, record, mode="r+")
        self._levels.tidy(coarser_too=not levels_current)
        self._coarsening = Coarsening(self._levels, wanted, is_current=levels_current)
        self._levels_current = levels_current

    @property
    def class_names(self) -> list[str]:
        """Of the channels that are classes."""
        return self._record.class_names

    @property
    def channels(self) -> int:
        """How many numbers are kept of a pixel."""
        return len(self._record.channels)

    @classmethod
    def open_or_create(
        cls,
        folder: Path,
        frame: MaskFrame,
        class_names: Sequence[str],
        provenance: Mapping[str, object],
        wanted: NDArray[np.bool_],
        *,
        target: int,
        threshold: float,
        exclusive: bool,
        has_spread: bool = False,
        replace: bool = False,
    ) -> MaskStore:
        """Resume the store in a folder, or begin one.

        Parameters
        ----------
        folder : Path
            Made where it does not exist. A store there is resumed if it holds the same frame and
            classes, from the same model, slide, spacing and tiling.
        frame, class_names, target, threshold, exclusive
            As in `MaskPrediction`.
        provenance : mapping
            As in `MaskPrediction`; some of it decides whether a store is resumed (see `record`).
        wanted : ndarray (rows, columns), bool
            The chunks that are to be written.
        has_spread : bool
            Whether chunks tell how much answers differ.
        replace : bool
            Whether a store that was made otherwise, or is damaged, gives way to a new one
            instead of being refused.

        Raises
        ------
        PredictionError
            Where the folder holds another prediction, or cannot be written.
        """
        record = MaskRecord(
            frame=FrameRecord(**vars(frame)),
            class_names=list(class_names),
            target=target,
            threshold=threshold,
            exclusive=exclusive,
            has_spread=has_spread,
            provenance=dict(provenance),
        )
        with told_to_user(folder):
            former = left_by_former(
                folder, lambda: _read_whole(folder), record.differs_from, replace=replace
            )
            if former is not None:
                record.go_on_from(former)
                record.write(folder)
                return cls(folder, record, wanted, levels_current=former.levels_current)
            _create(folder, record)
        return cls(folder, record, wanted)

    def computing(self, ways: Sequence[Mapping[str, object]]) -> None:
        """Note how what comes now is computed; see `PredictionStore.computing`."""
        self._record.note_ways(ways)
        with told_to_user(self.folder):
            self._record.write(self.folder)

    def former(self) -> Iterator[tuple[Chunk, MaskProbabilities]]:
        """Go through the wanted chunks that a former run has done, with all channels.

        One that is damaged, or in which pixels are missing since a tile could not be read, is not.
        """
        for chunk in with_files(self._levels, self._wanted):
            probabilities = self._levels.read(0, *chunk.box)
            if np.isnan(probabilities).any():
                continue
            self._note(chunk, is_new=not self._levels_current)
            yield chunk, probabilities

    def write(self, chunk: Chunk, probabilities: MaskProbabilities) -> None:
        """Keep a newly predicted chunk, on disk before this returns.

        Parameters
        ----------
        chunk : Chunk
        probabilities : ndarray (height, width, channels), float16

        Raises
        ------
        PredictionError
            Where the disk refuses.
        """
        with told_to_user(self.folder):
            self._coarsening.changing(chunk.column, chunk.row)
            # Also where another one lies that is damaged: it must not be read to be replaced.
            self._levels.drop(0, chunk)
            self._levels.write(0, chunk, probabilities)
            self._note(chunk, is_new=True, is_whole=not np.isnan(probabilities).any())

    def finish(
        self,
        *,
        complete: bool,
        skipped: Sequence[Skipped] = (),
        ways: Sequence[Mapping[str, object]] = (),
        facts: Mapping[str, object] = MappingProxyType({}),
        progress: Progress | None = silent,
    ) -> MaskPrediction:
        """Note how the run ended, and return all that the store holds.

        Parameters
        ----------
        complete : bool
            Whether every chunk with tissue was predicted.
        skipped : sequence of (x, y, width, height, reason)
            Tiles that could not be read.
        ways : sequence of mapping
            As in `computing`, where anything was computed now.
        facts : mapping
            Added to the provenance: plain JSON values.
        progress : Progress or None
            Told while what coarser levels lack is made; None where there is no time for that.
            Readers then make it of finer levels, until a further run does.

        Raises
        ------
        Cancelled
            From `progress`; the store is as it should be nevertheless.
        PredictionError
            Where the disk refuses.
        """
        self._record.complete, self._record.skipped = complete, list(skipped)
        self._record.provenance |= facts
        self._record.note_ways(ways)
        with told_to_user(self.folder):
            try:
                if progress is not None:
                    coarsening = Step(0, 0, "Making coarser levels")
                    self._coarsening.finish(lambda: progress(coarsening))
                    self._record.levels_current = True
            finally:
                self._record.write(self.folder)
        return _prediction(self._record, self._levels)

    def _note(self, chunk: Chunk, *, is_new: bool, is_whole: bool = True) -> None:
        self.done[chunk.row, chunk.column] = is_whole
        self._coarsening.there(chunk.column, chunk.row, is_new=is_new)


def read_mask_prediction(folder: Path) -> MaskPrediction:
    """Open a store, finished or not.

    Raises
    ------
    PredictionError
        Where the folder holds no segmentation, or one that cannot be understood.
    """
    record = _read_record(folder)
    return _prediction(record, _open_levels(folder, record))


def _prediction(record: MaskRecord, levels: StoredLevels) -> MaskPrediction:
    levels.is_current = record.levels_current
    return MaskPrediction(
        frame=record.as_frame(),
        class_names=tuple(record.class_names),
        target=record.target,
        threshold=record.threshold,
        exclusive=record.exclusive,
        has_spread=record.has_spread,
        pixels=levels,
        provenance=MappingProxyType(record.provenance),
        complete=record.complete,
        skipped=tuple(record.skipped),
    )


def _read_whole(folder: Path) -> MaskRecord:
    """The record of a store whose arrays are there, too."""
    record = _read_record(folder)
    _open_levels(folder, record)
    return record


def _create(folder: Path, record: MaskRecord) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # The record goes first and comes last: a folder with a record always has its array.
    (folder / RECORD_FILE).unlink(missing_ok=True)
    for former in (folder / ARRAY_FOLDER, folder / NUCLEI_FOLDER):
        if former.exists():
            shutil.rmtree(former)
    spacing = record.provenance.get("spacing_um_px")
    spacing_um_px = float(spacing) if isinstance(spacing, int | float) else None
    StoredLevels.create(
        folder / ARRAY_FOLDER,
        record.as_frame(),
        record.channels,
        record.target,
        spacing_um_px,
    )
    record.write(folder)


def _read_record(folder: Path) -> MaskRecord:
    try:
        record = MaskRecord.model_validate_json((folder / RECORD_FILE).read_bytes())
    except FileNotFoundError as error:
        raise PredictionError(
            f"This is no prediction: {RECORD_FILE} is missing.", path=folder
        ) from error
    except ValidationError as error:
        raise misread(folder, error) from error
    except OSError as error:
        raise not_understood(folder / RECORD_FILE, str(error)) from error
    if record.target >= len(record.class_names):
        raise not_understood(folder, f"there is no class {record.target}")
    rows, columns = chunk_grid(record.as_frame())
    if rows * columns > MOST_CHUNKS:
        raise not_understood(folder, f"{rows} x {columns} parts are more than {MOST_CHUNKS}")
    return record


def _open_levels(folder: Path, record: MaskRecord, mode: str = "r") -> StoredLevels:
    try:
        return StoredLevels(folder / ARRAY_FOLDER, record.as_frame(), len(record.channels), mode)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise not_understood(folder / ARRAY_FOLDER, str(error)) from error
