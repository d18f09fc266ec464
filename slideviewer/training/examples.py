"""Labelled pictures for tile models: one picture is one tile.

The split goes by the SHA-256 of each file's bytes, so copies of a picture can never stand on both
sides, and a picture keeps its side when others are added.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step, silent

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


_HEADER = ["picture", "class"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled tiles.

    Attributes
    ----------
    tiles : ndarray (n, patch, patch, 3), uint8, RGB
    labels : ndarray (n,), int64
        Index into `class_names`.
    hashes : tuple of str
        SHA-256 of each tile's source: the file's bytes, or the tile's own where there is no file.
    class_names : tuple of str
    copies : int
        Pictures left out since their file occurred already.
    """

    tiles: NDArray[np.uint8]
    labels: NDArray[np.int64]
    hashes: tuple[str, ...]
    class_names: tuple[str, ...]
    copies: int = field(default=0)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> dict[str, int]:
        """Tiles of each class."""
        numbers = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(count) for name, count in zip(self.class_names, numbers, strict=True)}

    def take(self, chosen: NDArray[np.bool_]) -> Examples:
        """The tiles that a mask of shape (n,) chooses."""
        hashes = tuple(name for name, keep in zip(self.hashes, chosen, strict=True) if keep)
        return Examples(self.tiles[chosen], self.labels[chosen], hashes, self.class_names)

    def joined(self, other: Examples) -> Examples:
        """These tiles followed by others of the same classes and size."""
        return Examples(
            np.concatenate([self.tiles, other.tiles]),
            np.concatenate([self.labels, other.labels]),
            self.hashes + other.hashes,
            self.class_names,
            self.copies + other.copies,
        )

    def buckets(self, count: int) -> NDArray[np.int64]:
        """The bucket, from 0 to count - 1, that each tile's hash falls into: shape (n,)."""
        values = [_unit(name) * count for name in self.hashes]
        return np.floor(values).astype(np.int64)

    def split(self, validation_fraction: float) -> tuple[Examples, Examples]:
        """Training and validation part, by hash.

        Raises
        ------
        TrainingError
            If a class is missing on either side.
        """
        held_out = np.array([_unit(name) < validation_fraction for name in self.hashes], bool)
        parts = self.take(~held_out), self.take(held_out)
        for part, role in zip(parts, ("training", "validation"), strict=True):
            for name, count in part.counts.items():
                if not count:
                    raise TrainingError(
                        f'No tile of class "{name}" fell to the {role} part.',
                        remedy="Give more pictures or another --validation-fraction.",
                    )
        return parts


def load_examples(
    source: Path,
    classes: Mapping[str, str],
    patch_size_pixels: int,
    progress: Progress = silent,
) -> Examples:
    """Read labelled pictures, each shrunk or enlarged to one tile.

    Parameters
    ----------
    source : Path
        A folder with one sub-folder a class, or a CSV list whose rows are ``picture,class
        folder``; paths in it are relative to the list. A first line ``picture,class`` is skipped.
    classes : mapping of str to str
        From sub-folder (or the list's second column) to class name, in the model's order. Two
        sub-folders may give one class.
    patch_size_pixels : int
    progress : Progress

    Raises
    ------
    TrainingError
        If the source or a picture cannot be read, a class has no picture, or one file stands in
        two classes.
    """
    names = tuple(dict.fromkeys(classes.values()))
    entries = list(_listed(source, classes) if source.is_file() else _in_folders(source, classes))
    tiles: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    seen: dict[str, tuple[str, Path]] = {}
    for index, (path, name) in enumerate(entries):
        progress(Step(index, len(entries), "Reading pictures", "pictures"))
        data = _bytes_of(path)
        digest = hashlib.sha256(data).hexdigest()
        earlier = seen.setdefault(digest, (name, path))
        if earlier[0] != name:
            raise TrainingError(
                f'The same picture is "{earlier[0]}" as {earlier[1]} and "{name}" here.',
                path=path,
                remedy="Keep it in one class only.",
            )
        if earlier[1] != path:
            continue
        tiles.append(_decode(data, path, patch_size_pixels))
        labels.append(names.index(name))
    missing = [name for index, name in enumerate(names) if index not in labels]
    if missing:
        raise TrainingError(f'There is no picture of class "{missing[0]}".', path=source)
    copies = len(entries) - len(tiles)
    return Examples(np.stack(tiles), np.array(labels, np.int64), tuple(seen), names, copies)


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
    return Examples(tiles, labels, hashes, tuple(class_names))


def _unit(digest: str) -> float:
    return int(digest[:13], 16) / 16**13


def _in_folders(source: Path, classes: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if not source.is_dir():
        raise TrainingError("There is no such folder of pictures.", path=source)
    for folder_name, class_name in classes.items():
        folder = source / folder_name
        if not folder.is_dir():
            found = ", ".join(sorted(p.name for p in source.iterdir() if p.is_dir())) or "none"
            raise TrainingError(
                f'It has no sub-folder "{folder_name}".',
                path=source,
                remedy=f"Its sub-folders are: {found}.",
            )
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in PICTURES and not path.name.startswith("."):
                yield path, class_name


def _listed(source: Path, classes: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    try:
        with source.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
        else:
            reason = "it is no text in UTF-8, or no CSV"
        raise TrainingError(
            f"The list cannot be read: {reason}.",
            path=source,
            remedy="Give a CSV with a line picture,class for each picture.",
        ) from error
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and [cell.strip().lower() for cell in row] == _HEADER):
            continue
        if len(row) != 2 or row[1].strip() not in classes:
            known = ", ".join(classes)
            raise TrainingError(
                f'Line {number} is "{",".join(row)}", not a picture and one of: {known}.',
                path=source,
                remedy="Mend that line, or name its class in --classes.",
            )
        yield source.parent / row[0].strip(), classes[row[1].strip()]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError(f"The picture cannot be read: {reason}.", path=path) from error


def _decode(data: bytes, path: Path, size: int) -> NDArray[np.uint8]:
    # OpenCV raises on an empty buffer where it returns None for any other that is no picture.
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise TrainingError("This is no picture that can be read.", path=path)
    height, width = picture.shape[:2]
    if height != width:
        raise TrainingError(
            f"The picture is {width} by {height} pixels, but a tile is square.", path=path
        )
    if height != size:
        way = cv2.INTER_AREA if height > size else cv2.INTER_CUBIC
        picture = cv2.resize(picture, (size, size), interpolation=way)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
