"""The true classes of pictures: a table, or a folder with one sub-folder a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import children, listed
from slideviewer.evaluation.inputs.tables import read_table

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


@dataclass(frozen=True)
class TruePicture:
    """The class of a picture, its slide or patient where that is known, and where it lies."""

    class_name: str
    slide: str | None = None
    path: Path | None = None


def true_pictures(path: Path) -> dict[str, TruePicture]:
    """Read what pictures show, by their names without folders.

    A table has the columns ``picture`` (or ``file``) and ``class``, and may have ``slide`` or
    ``patient``. In a folder the names of sub-folders are classes.

    Raises
    ------
    EvaluationError
        Where it is neither, or a picture is there twice.
    """
    if path.is_dir():
        return _in_folder(path)
    table = read_table(path, has_header=True)
    picture, class_name = table.needed("picture", "file"), table.needed("class", "label")
    slide = table.index("slide", "patient")
    found: dict[str, TruePicture] = {}
    for row, cells in enumerate(table.rows):
        name = file_name(cells[picture])
        if name in found:
            raise table.fault(row, f'"{name}" is there twice.')
        found[name] = TruePicture(
            cells[class_name].strip(), None if slide is None else cells[slide].strip()
        )
    if not found:
        raise EvaluationError("names no picture.", path=path)
    return found


def classes_of(
    pictures: Mapping[str, TruePicture],
    class_names: tuple[str, ...],
    renamed: Mapping[str, str],
    path: Path,
) -> dict[str, str]:
    """The model's class for each class of the truth.

    Parameters
    ----------
    pictures : mapping of str to TruePicture
    class_names : tuple of str
        The model's.
    renamed : mapping of str to str
        What the user said; otherwise the names are the same but for capitals.
    path : Path
        Of the truth, for errors.

    Raises
    ------
    EvaluationError
        Where a class is unknown to the model.
    """
    known = {name.casefold(): name for name in class_names}
    found = {}
    for name in dict.fromkeys(it.class_name for it in pictures.values()):
        wanted = renamed.get(name, name)
        if wanted.casefold() not in known:
            raise EvaluationError(
                f'has the class "{name}", and the model knows {", ".join(class_names)}.',
                path=path,
                remedy=f'Say which it is with --classes "{name}={class_names[0]}".',
            )
        found[name] = known[wanted.casefold()]
    return found


def file_name(text: str) -> str:
    """A picture's name without folders, whichever way their names are parted."""
    return PurePosixPath(text.strip().replace("\\", "/")).name


def _in_folder(path: Path) -> dict[str, TruePicture]:
    found: dict[str, TruePicture] = {}
    for folder in (it for it in children(path) if it.is_dir()):
        for picture in children(folder):
            if picture.suffix.lower() not in PICTURE_SUFFIXES:
                continue
            other = found.get(picture.name)
            if other is not None:
                raise EvaluationError(
                    f'"{picture.name}" is in "{other.class_name}" and in "{folder.name}".',
                    path=path,
                    remedy="Give the truth as a table of picture,class.",
                )
            found[picture.name] = TruePicture(folder.name, None, picture)
    if not found:
        raise EvaluationError(
            "holds no sub-folders of pictures.",
            path=path,
            remedy="Name a folder with one sub-folder a class, or a table of picture,class.",
        )
    return found


def refuse_missing(names: list[str], path: Path) -> None:
    """Raise an `EvaluationError` where there are pictures without a true class."""
    if names:
        raise EvaluationError(
            f"does not say what {listed(names)} shows.",
            path=path,
            remedy="Add it, or predict without it.",
        )
