"""Which file is read and written how, by the end of its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations.asap import read_asap, write_asap
from slideviewer.annotations.geojson import read_geojson, write_geojson
from slideviewer.annotations.loaded import Loaded
from slideviewer.annotations.losses import lost_in_asap, lost_in_geojson
from slideviewer.annotations.model import AnnotationSet
from slideviewer.errors import AnnotationError


@dataclass(frozen=True)
class Format:
    """A kind of annotation file.

    Attributes
    ----------
    name : str
        For the user.
    suffixes : tuple of str
        In lower case, the usual one first.
    read, write : callable
    losses : callable
        Sentences on what a file of this format cannot hold of a set of annotations.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Loaded]
    write: Callable[[AnnotationSet, Path], None]
    losses: Callable[[AnnotationSet], tuple[str, ...]]


FORMATS = (
    Format("ASAP XML", (".xml",), read_asap, write_asap, lost_in_asap),
    Format(
        "QuPath GeoJSON",
        (".geojson", ".json", ".geojson.gz", ".json.gz"),
        read_geojson,
        write_geojson,
        lost_in_geojson,
    ),
)


_REMEDY = "Name a file in it."


def format_of(path: Path | str) -> Format:
    """The format that a file's name stands for.

    Raises
    ------
    AnnotationError
        It stands for none, or it is a folder.
    """
    if Path(path).is_dir():
        raise AnnotationError("is a folder, not an annotation file.", path=path, remedy=_REMEDY)
    name = Path(path).name.lower()
    for known in FORMATS:
        if name.endswith(known.suffixes):
            return known
    choices = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
    ending = Path(path).suffix
    raise AnnotationError(
        f'has the ending "{ending}", which no annotation format has.'
        if ending
        else "has no ending.",
        path=path,
        remedy=f"Choose one of {choices}.",
    )


def read_annotations(path: Path | str) -> Loaded:
    """Read an annotation file of any format.

    Raises
    ------
    AnnotationError
        The ending is unknown, or the file cannot be read as what it says it is.
    """
    return format_of(path).read(Path(path))


def write_annotations(annotations: AnnotationSet, path: Path | str) -> tuple[str, ...]:
    """Write an annotation file, in the format that its name stands for.

    Returns
    -------
    tuple of str
        For the user: a sentence on each kind of thing that the format cannot hold.

    Raises
    ------
    AnnotationError
        The ending is unknown, or the file cannot be written; the former one is untouched.
    """
    chosen = format_of(path)
    chosen.write(annotations, Path(path))
    return chosen.losses(annotations)
