"""Labelled pictures for tile models: one picture is one tile."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.examples import BY_FILE, Examples
from slideviewer.training.splits import origin_by_pattern, origin_in
from slideviewer.training.tile_readers import CachedTiles, PictureTiles, bytes_of, decode

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})

_HEADER = ("picture", "class")


class _Entry(NamedTuple):
    path: Path
    name: str
    origin: str


def load_examples(
    source: Path,
    classes: Mapping[str, str],
    patch_size_pixels: int,
    progress: Progress = silent,
    *,
    split_column: str = "",
    split_pattern: str = "",
) -> Examples:
    """Look through labelled pictures, each of them shrunk or enlarged to one tile when it is read.

    Parameters
    ----------
    source : Path
        A folder with one sub-folder a class, or a CSV list whose rows are ``picture,class
        folder``; paths in it are relative to the list. A first line ``picture,class`` is skipped,
        and may name further columns.
    classes : mapping of str to str
        From sub-folder (or the list's second column) to class name, in the model's order. Two
        sub-folders may give one class.
    patch_size_pixels : int
    progress : Progress
    split_column : str
        A column of the list that names the patient or slide of each picture.
    split_pattern : str
        In its place, a regular expression that finds it in each picture's name.

    Raises
    ------
    TrainingError
        If the source or a picture cannot be read, a class has no picture, one file stands in
        two classes, or the origin of a picture is not told.
    """
    names = tuple(dict.fromkeys(classes.values()))
    if source.is_file():
        entries = list(_listed(source, classes, split_column))
    elif split_column:
        raise TrainingError(
            "A folder of pictures has no columns.",
            path=source,
            remedy="Give --split-pattern in place of --split-column.",
        )
    else:
        entries = list(_in_folders(source, classes))
    if split_pattern:
        pattern = origin_by_pattern(split_pattern)
        entries = [it._replace(origin=origin_in(it.path.name, pattern)) for it in entries]
    seen: dict[str, _Entry] = {}
    for index, entry in enumerate(entries):
        progress(Step(index, len(entries), "Reading pictures", "pictures"))
        data = bytes_of(entry.path)
        digest = hashlib.sha256(data).hexdigest()
        earlier = seen.setdefault(digest, entry)
        if earlier.name != entry.name:
            raise TrainingError(
                f'The same picture is "{earlier.name}" as {earlier.path} and "{entry.name}" here.',
                path=entry.path,
                remedy="Keep it in one class only.",
            )
        if earlier is entry:
            decode(data, entry.path, patch_size_pixels)  # what cannot be read shows now
    kept = list(seen.values())
    labels = np.array([names.index(entry.name) for entry in kept], np.int64)
    missing = [name for index, name in enumerate(names) if index not in labels]
    if missing:
        raise TrainingError(f'There is no picture of class "{missing[0]}".', path=source)
    is_grouped = bool(split_column or split_pattern)
    return Examples(
        CachedTiles(PictureTiles([entry.path for entry in kept], patch_size_pixels)),
        labels,
        tuple(seen),
        names,
        len(entries) - len(kept),
        tuple(entry.origin for entry in kept) if is_grouped else (),
        f'column "{split_column}"' if split_column else (split_pattern and "name") or BY_FILE,
    )


def _in_folders(source: Path, classes: Mapping[str, str]) -> Iterator[_Entry]:
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
                yield _Entry(path, class_name, "")


def _listed(source: Path, classes: Mapping[str, str], split_column: str) -> Iterator[_Entry]:
    rows = read_table(source, "Give a CSV with a line picture,class for each picture.")
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    has_head = tuple(head[:2]) == _HEADER
    columns = len(head) if has_head else 2
    place = head.index(split_column.lower()) if split_column.lower() in head else None
    if split_column and (place is None or not has_head):
        raise no_column(split_column, head if has_head else [], source)
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and has_head):
            continue
        if len(row) != columns or row[1].strip() not in classes:
            known = ", ".join(classes)
            raise TrainingError(
                f'Line {number} is "{",".join(row)}", not a picture and one of: {known}.',
                path=source,
                remedy="Mend that line, or name its class in --classes.",
            )
        origin = row[place].strip() if place is not None else ""
        if place is not None and not origin:
            raise TrainingError(f'Line {number} has nothing in "{split_column}".', path=source)
        yield _Entry(source.parent / row[0].strip(), classes[row[1].strip()], origin)


def read_table(source: Path, remedy: str) -> list[list[str]]:
    """Read a CSV.

    Raises
    ------
    TrainingError
        If it cannot be read; with what to give in its place.
    """
    try:
        with source.open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
        else:
            reason = "it is no text in UTF-8, or no CSV"
        raise TrainingError(
            f"The list cannot be read: {reason}.", path=source, remedy=remedy
        ) from error


def no_column(name: str, head: list[str], source: Path) -> TrainingError:
    """Say that a list has not the column that it is to be split by."""
    return TrainingError(
        f'It has no column "{name}".',
        path=source,
        remedy=f"Its columns are: {', '.join(head)}." if head else "Its first line names columns.",
    )
