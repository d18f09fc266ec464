"""Nuclei on disk: a file for each block of a mask, written whole or not at all, and resumable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import ModelError, PredictionError
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.files import told_to_user
from slideviewer.inference.nuclei.block import NucleiBlock
from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.store_files import NUCLEI_FOLDER
from slideviewer.models.arrays import pack_arrays, unpack_arrays

FOLDER, RULES_FILE = NUCLEI_FOLDER, "rules.json"

LARGEST_NUCLEUS_UM = 40.0
"""Far more than a nucleus measures; blocks overlap by twice that on each side, so that whoever
finds a nucleus sees all of it and of those that it touches."""


class Rules(BaseModel):
    """What decides which nuclei are found in a mask.

    Attributes
    ----------
    threshold : float
        From which a pixel is of a nucleus.
    smallest_px : float
        Nuclei of fewer pixels of the mask are left out.
    margin_px : int
        How far a block sees beyond itself.
    inside, border : int
        The classes that say so.
    offsets : int or None
        The first of two classes, across and down, that lead to the middle of a nucleus. With them
        the border is not looked at.
    mask : str
        The mask that they are found in, by all that decides what is in it: nuclei of another one
        that lay here before lie elsewhere.
    """

    format: Literal["slideviewer-nuclei"] = "slideviewer-nuclei"
    version: Literal[1] = 1
    research_use: str = RESEARCH_USE_ONLY
    threshold: float
    smallest_px: float
    margin_px: int
    inside: int
    border: int
    offsets: int | None = None
    mask: str = ""


class NucleiStore:
    """The nuclei of a mask, in a folder within the mask's.

    Parameters
    ----------
    store : Path
        That of the mask.
    rules : Rules
        Nuclei that a former run found by other rules are dropped: the mask is still there.
    """

    def __init__(self, store: Path, rules: Rules) -> None:
        self.folder = store / FOLDER
        with told_to_user(self.folder):
            if _rules_in(self.folder) != rules:
                if self.folder.exists():
                    shutil.rmtree(self.folder)
                self.folder.mkdir(parents=True)
                with replacing_text(self.folder / RULES_FILE) as file:
                    json.dump(rules.model_dump(), file, indent=1)
            for part in self.folder.glob(".saving-*.tmp"):  # a killed run's
                part.unlink(missing_ok=True)

    def read(self, block: NucleiBlock) -> Nuclei | None:
        """The nuclei of a block; None where they are not there, or damaged."""
        return _read(self._file(block))

    def write(self, block: NucleiBlock, nuclei: Nuclei) -> None:
        """Keep the nuclei of a block, on disk before this returns.

        Raises
        ------
        PredictionError
            Where the disk refuses.
        """
        columns = {name: getattr(nuclei, name) for name in Nuclei.__dataclass_fields__}
        columns["vertices"] = nuclei.vertices.astype(np.float32)
        with told_to_user(self.folder), replacing(self._file(block)) as file:
            file.write(pack_arrays(columns))

    def forget(self, block: NucleiBlock) -> None:
        """Drop the nuclei of a block."""
        with told_to_user(self.folder):
            self._file(block).unlink(missing_ok=True)

    def _file(self, block: NucleiBlock) -> Path:
        return _file_of(self.folder, block)


def stored_nuclei(store: Path) -> Iterator[Nuclei]:
    """The nuclei of a mask's store, block by block from the top left.

    Raises
    ------
    PredictionError
        Where the folder holds none.
    """
    yield from (nuclei for _, nuclei in stored_blocks(store))


def stored_blocks(store: Path) -> Iterator[tuple[NucleiBlock, Nuclei]]:
    """The same with the block that they are in.

    Raises
    ------
    PredictionError
        Where the folder holds none.
    """
    stored_rules(store)
    files = (path for path in (store / FOLDER).glob("*_*.npz"))
    for path in sorted(files, key=lambda path: tuple(map(int, path.stem.split("_")))):
        nuclei = _read(path)
        if nuclei is not None:
            row, column = map(int, path.stem.split("_"))
            yield NucleiBlock(column, row), nuclei


def nuclei_of_block(store: Path, block: NucleiBlock) -> Nuclei:
    """The nuclei of one block of a mask's store; none where they are not there, or damaged."""
    return _read(_file_of(store / FOLDER, block)) or Nuclei.none()


def stored_rules(store: Path) -> Rules:
    """By which rules the nuclei of a mask's store were found.

    Raises
    ------
    PredictionError
        Where the folder holds none.
    """
    rules = _rules_in(store / FOLDER)
    if rules is None:
        raise PredictionError("This folder holds no nuclei.", path=store)
    return rules


def _file_of(folder: Path, block: NucleiBlock) -> Path:
    return folder / f"{block.row}_{block.column}.npz"


def _rules_in(folder: Path) -> Rules | None:
    try:
        return Rules.model_validate_json((folder / RULES_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _read(path: Path) -> Nuclei | None:
    try:
        columns = unpack_arrays(path.read_bytes())
    except (OSError, ModelError):
        return None
    names = Nuclei.__dataclass_fields__
    if columns.keys() != names.keys() or any(it.dtype != np.float32 for it in columns.values()):
        return None
    vertices = columns["vertices"].astype(np.int64)
    count = len(vertices)
    fits = len(columns["points"]) == vertices.sum() and all(
        len(columns[name]) == count for name in names if name != "points"
    )
    return Nuclei(**{**columns, "vertices": vertices}) if fits else None  # type: ignore[arg-type]
