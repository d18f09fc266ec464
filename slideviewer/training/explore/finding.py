"""Which slides and pictures a set holds, of which class, patient and part each is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from slideviewer.errors import TrainingError
from slideviewer.slide import KNOWN_SUFFIXES
from slideviewer.training.labelled_pictures import PICTURES, read_table
from slideviewer.training.slide_list import find_slides, is_slide_list, markup_of, names_a_mask
from slideviewer.training.splits import origin_by_pattern, origin_in

_MOST_DEEP = 4
_REMEDY = "Name a folder of slides or pictures, or a CSV list of them."


@dataclass(frozen=True)
class Item:
    """A slide or picture of a set.

    Attributes
    ----------
    path : Path
    class_name : str
        Its sub-folder, or what a list says; empty where there is none.
    markup : Path or None
        Annotations, or a mask.
    masks : tuple of Path
        One mask an object, as in the sets of the Data Science Bowl 2018.
    patient, part : str
        As far as known.
    """

    path: Path
    class_name: str = ""
    markup: Path | None = None
    masks: tuple[Path, ...] = ()
    patient: str = ""
    part: str = ""


def find_items(source: Path, markup: Path | None = None, pattern: str = "") -> tuple[Item, ...]:
    """Find what a set holds.

    Parameters
    ----------
    source : Path
        A folder of slides or pictures, also in sub-folders, whose names are then classes; folders
        ``<id>/images`` and ``<id>/masks``; or a CSV whose first line names columns: ``slide`` or
        ``picture``, and of ``class``, ``markup``, ``patient``, ``split`` what is known.
    markup : Path, optional
        As in `slideviewer.training.slide_list.find_slides`.
    pattern : str
        A regular expression that finds the patient in a file's name.

    Raises
    ------
    TrainingError
        If there is nothing of the kind.
    """
    if source.is_file():
        found = list(_listed(source, markup))
    elif source.is_dir():
        found = list(_in_folder(source, markup))
    else:
        raise TrainingError("There is no such set.", path=source, remedy=_REMEDY)
    if not found:
        raise TrainingError("It holds no slide and no picture.", path=source, remedy=_REMEDY)
    if pattern:
        finder = origin_by_pattern(pattern)
        found = [replace(it, patient=origin_in(it.path.name, finder)) for it in found]
    return tuple(found)


def _in_folder(source: Path, markup: Path | None) -> Iterator[Item]:
    cases = sorted(path.parent for path in source.glob("*/images") if path.is_dir())
    if cases:
        for case in cases:
            masks = tuple(sorted(it for it in (case / "masks").glob("*") if _is_picture(it)))
            for path in sorted((case / "images").iterdir()):
                if _is_picture(path):
                    yield Item(path, masks=masks)
        return
    if any(_is_known(path) for path in source.iterdir()):
        for slide in find_slides(source, markup):
            yield Item(slide.path, markup=slide.markup)
    yield from _below(source, "", 0)


def _below(folder: Path, class_name: str, depth: int) -> Iterator[Item]:
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    stems = {path.stem for path in paths}
    for path in paths:
        if names_a_mask(path, stems):
            continue
        if path.is_dir() and depth < _MOST_DEEP:
            yield from _below(path, f"{class_name}/{path.name}".lstrip("/"), depth + 1)
        elif depth and _is_known(path):
            markup = markup_of(path, folder)
            yield Item(path, class_name, markup)


def _listed(source: Path, markup: Path | None) -> Iterator[Item]:
    if source.suffix.lower() != ".csv":
        raise TrainingError("This is no set.", path=source, remedy=_REMEDY)
    if is_slide_list(source):
        for slide in find_slides(source, markup):
            patient = slide.origin if slide.origin != slide.name else ""
            yield Item(slide.path, "", slide.markup, (), patient, slide.part)
        return
    rows = read_table(source, _REMEDY)
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "picture" not in head:
        head, rows = ["picture", "class"], [[], *rows]
    for row in rows[1:]:
        cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
        if cells.get("picture"):
            yield Item(
                source.parent / cells["picture"],
                cells.get("class", ""),
                patient=cells.get("patient", ""),
                part=cells.get("split", ""),
            )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def _is_known(path: Path) -> bool:
    name = path.name.lower()
    return _is_picture(path) or (name.endswith(KNOWN_SUFFIXES) and path.is_file())
