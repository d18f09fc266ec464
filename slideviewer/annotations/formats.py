"""Which file is read and written how: by its ending, and where two share one by its content."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations.asap import read_asap, write_asap
from slideviewer.annotations.camelyon_json import is_camelyon_json, read_camelyon_json
from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.geojson import read_geojson, write_geojson
from slideviewer.annotations.imagescope import is_imagescope, read_imagescope
from slideviewer.annotations.json_file import unpacked_start
from slideviewer.annotations.loaded import Loaded
from slideviewer.annotations.losses import lost_in_asap, lost_in_geojson
from slideviewer.annotations.model import AnnotationSet
from slideviewer.annotations.ndpa import SUFFIX as NDPA_SUFFIX
from slideviewer.annotations.ndpa import read_ndpa
from slideviewer.annotations.sidecar import SIDECAR_SUFFIX
from slideviewer.errors import AnnotationError

_HEAD_BYTES = 1 << 16
"""So much of a file is looked at to tell two formats of one ending apart."""


@dataclass(frozen=True)
class Format:
    """A kind of annotation file.

    Attributes
    ----------
    name : str
        For the user.
    suffixes : tuple of str
        In lower case, the usual one first.
    read : callable
        Takes the file and, where it is known, its slide.
    write : callable or None
        None where it can only be read.
    losses : callable
        Sentences on what a file of this format cannot hold of a set of annotations.
    begins : callable
        Whether the first bytes of a file, unpacked, are of this format; asked only where another
        one has the same ending.
    needs_slide : bool
        Whether its places mean nothing without the slide.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, SlideFrame | None], Loaded]
    write: Callable[[AnnotationSet, Path], None] | None = None
    losses: Callable[[AnnotationSet], tuple[str, ...]] = lambda _: ()
    begins: Callable[[bytes], bool] = lambda _: False
    needs_slide: bool = False


_JSON_SUFFIXES = (".json", ".json.gz")

FORMATS = (
    Format("ASAP XML", (".xml",), lambda path, _: read_asap(path), write_asap, lost_in_asap),
    Format(
        "QuPath GeoJSON",
        (".geojson", ".json", ".geojson.gz", ".json.gz"),
        lambda path, _: read_geojson(path),
        write_geojson,
        lost_in_geojson,
    ),
    Format(
        "Aperio ImageScope XML",
        (".xml",),
        lambda path, _: read_imagescope(path),
        begins=lambda start: is_imagescope(_text(start)),
    ),
    Format(
        "Camelyon16 JSON",
        _JSON_SUFFIXES,
        lambda path, _: read_camelyon_json(path),
        begins=is_camelyon_json,
    ),
    Format("Hamamatsu NDPA", (NDPA_SUFFIX,), read_ndpa, needs_slide=True),
)
"""Those that share an ending with an earlier one are told by how their files begin."""

READ_SUFFIXES = tuple(dict.fromkeys(suffix for known in FORMATS for suffix in known.suffixes))
"""What the names of annotation files end in."""


def is_annotation_file(path: Path | str) -> bool:
    """Whether a file's name is that of an annotation file."""
    name = Path(path).name.lower()
    return name.endswith(READ_SUFFIXES) and not name.endswith(SIDECAR_SUFFIX)


def format_of(path: Path | str) -> Format:
    """The format that a file's name stands for, the first of those that share its ending.

    Raises
    ------
    AnnotationError
        It stands for none, or it is a folder.
    """
    return _formats_of(path)[0]


def format_in(path: Path | str) -> Format:
    """The format that a file is in, by its name and its content.

    Raises
    ------
    AnnotationError
        Its ending is unknown, it is a folder, or it is what lies beside an annotation file.
    """
    first, *others = _formats_of(path)
    if others:
        start = unpacked_start(Path(path), _HEAD_BYTES)
        return next((known for known in others if known.begins(start)), first)
    return first


def read_annotations(path: Path | str, frame: SlideFrame | None = None) -> Loaded:
    """Read an annotation file of any format.

    Parameters
    ----------
    path : Path or str
    frame : SlideFrame, optional
        Its slide; needed by formats whose places are not pixels.

    Raises
    ------
    AnnotationError
        The ending is unknown, or the file cannot be read as what it says it is.
    """
    return format_in(path).read(Path(path), frame)


def write_annotations(annotations: AnnotationSet, path: Path | str) -> tuple[str, ...]:
    """Write an annotation file, in the format that its name stands for.

    Returns
    -------
    tuple of str
        For the user: a sentence on each kind of thing that the format cannot hold.

    Raises
    ------
    AnnotationError
        The ending is unknown or that of a format which is only read, or the file cannot be
        written; the former one is untouched.
    """
    chosen = format_of(path)
    if chosen.write is None:
        raise AnnotationError(
            f"is {chosen.name} by its name, which can only be read.",
            path=path,
            remedy=f"Choose one of {_choices(written=True)}.",
        )
    chosen.write(annotations, Path(path))
    return chosen.losses(annotations)


def _formats_of(path: Path | str) -> list[Format]:
    name = Path(path).name.lower()
    if os.path.isdir(path):  # unlike Path's, never an error of the system
        raise AnnotationError(
            "is a folder, not an annotation file.", path=path, remedy="Name a file in it."
        )
    if name.endswith(SIDECAR_SUFFIX):
        raise AnnotationError(
            "holds what belongs to an annotation file, not the annotations.",
            path=path,
            remedy="Choose the .xml file of the same name.",
        )
    found = [known for known in FORMATS if name.endswith(known.suffixes)]
    if found:
        return found
    ending = Path(path).suffix
    raise AnnotationError(
        f'has the ending "{ending}", which no annotation format has.'
        if ending
        else "has no ending.",
        path=path,
        remedy=f"Choose one of {_choices(written=False)}.",
    )


def _choices(written: bool) -> str:
    formats = [known for known in FORMATS if known.write is not None or not written]
    return ", ".join(dict.fromkeys(suffix for known in formats for suffix in known.suffixes))


def _text(start: bytes) -> str:
    """The beginning of an XML file as text; what of it is no ASCII does not matter."""
    is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    return start.decode("utf-16" if is_wide else "latin-1", "replace").lstrip("ï»¿")
