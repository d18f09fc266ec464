"""Labelled tiles of one set, and their parts that never mix.

A set is split by the hash of each tile's origin: the patient, the slide or, where nobody knows
either, the picture's own bytes. So copies of a picture, and tiles of one slide, can never stand on
both sides, and a picture keeps its side when others are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.training.splits import folds_of_groups, held_out_groups
from slideviewer.training.tile_readers import (
    ArrayTiles,
    ChosenTiles,
    JoinedTiles,
    TileReader,
)

BY_FILE = "file hash"
"""What a set is split by where nobody knows which tiles belong together."""
BY_USER = "the column split"
"""What it is split by where the user said of each slide to which part it belongs."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled tiles.

    Attributes
    ----------
    tiles : TileReader
    labels : ndarray (n,), int64
        Index into `class_names`.
    hashes : tuple of str
        SHA-256 of each tile's source: the file's bytes, the tile's own where there is no file, or
        its place on a slide.
    class_names : tuple of str
    copies : int
        Pictures left out since their file occurred already.
    origins : tuple of str
        The patient or slide that each tile is of; empty where nobody knows.
    split_by : str
        What the set is split by, in words.
    parts : tuple of str
        "training" or "validation" for each tile where the user said so; else empty.
    """

    tiles: TileReader
    labels: NDArray[np.int64]
    hashes: tuple[str, ...]
    class_names: tuple[str, ...]
    copies: int = field(default=0)
    origins: tuple[str, ...] = ()
    split_by: str = BY_FILE
    parts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> dict[str, int]:
        """Tiles of each class."""
        numbers = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(count) for name, count in zip(self.class_names, numbers, strict=True)}

    @property
    def groups(self) -> NDArray[np.int64]:
        """A number for each tile, the same for those of one origin: shape (n,); 0 without any."""
        if not self.origins:
            return np.zeros(len(self), np.int64)
        return np.unique(np.array(self.origins), return_inverse=True)[1].astype(np.int64)

    def take(self, chosen: NDArray[np.bool_]) -> Examples:
        """The tiles that a mask of shape (n,) chooses."""
        places = np.flatnonzero(chosen)

        def some(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[place] for place in places) if values else ()

        return replace(
            self,
            tiles=ChosenTiles(self.tiles, places),
            labels=self.labels[places],
            hashes=some(self.hashes),
            copies=0,
            origins=some(self.origins),
            parts=some(self.parts),
        )

    def joined(self, other: Examples) -> Examples:
        """These tiles followed by others of the same classes and size."""
        origins: tuple[str, ...] = ()
        if self.origins or other.origins:
            origins = _origins(self) + _origins(other)
        return Examples(
            JoinedTiles([self.tiles, other.tiles]),
            np.concatenate([self.labels, other.labels]),
            self.hashes + other.hashes,
            self.class_names,
            self.copies + other.copies,
            origins,
            self.split_by,
        )

    def buckets(self, count: int) -> NDArray[np.int64]:
        """The bucket, from 0 to count - 1, that each tile falls into by its origin: shape (n,)."""
        if self.origins:
            return folds_of_groups(self.origins, self.labels, count)
        values = [_unit(name) * count for name in self.hashes]
        return np.floor(values).astype(np.int64)

    def split(self, validation_fraction: float) -> tuple[Examples, Examples]:
        """Training and validation part: as the user said, else by origin, else by hash.

        Raises
        ------
        TrainingError
            If a class is missing on either side.
        """
        if self.parts:
            held_out = np.array([part == "validation" for part in self.parts], bool)
        elif self.origins:
            held_out = held_out_groups(self.origins, self.labels, validation_fraction)
        else:
            held_out = np.array([_unit(name) < validation_fraction for name in self.hashes], bool)
        training = (
            np.array([part == "training" for part in self.parts]) if self.parts else ~held_out
        )
        parts = self.take(training), self.take(held_out)
        for part, role in zip(parts, ("training", "validation"), strict=True):
            for name, count in part.counts.items():
                if not count:
                    raise TrainingError(
                        f'No tile of class "{name}" fell to the {role} part'
                        f" (split by {self.split_by}).",
                        remedy="Give more pictures or slides, or another --validation-fraction.",
                    )
        return parts


def examples_from_tiles(
    tiles_of_class: Mapping[str, NDArray[np.uint8]], class_names: Sequence[str]
) -> Examples:
    """Tiles that are in memory already, such as drawn ones, with hashes of their own pixels."""
    tiles = np.concatenate([tiles_of_class[name] for name in class_names])
    counts = [len(tiles_of_class[name]) for name in class_names]
    labels = np.repeat(np.arange(len(class_names), dtype=np.int64), counts)
    hashes = tuple(
        hashlib.sha256(np.ascontiguousarray(tile).tobytes()).hexdigest() for tile in tiles
    )
    return Examples(ArrayTiles(tiles, tiles.shape[1]), labels, hashes, tuple(class_names))


def hash_of(text: str) -> str:
    """SHA-256 of a name."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _origins(examples: Examples) -> tuple[str, ...]:
    """Those that are known, else one that stands for all."""
    return examples.origins or ("",) * len(examples)


def _unit(digest: str) -> float:
    return int(digest[:13], 16) / 16**13
