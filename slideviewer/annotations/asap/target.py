"""What lxml calls while it parses ASAP's XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from slideviewer.annotations.asap.coordinates import Row, Vertices, vertices_from
from slideviewer.annotations.asap.plain import MARKER, NotPlainError
from slideviewer.annotations.asap.text import as_comment, in_comment, possible
from slideviewer.annotations.model import Annotation
from slideviewer.annotations.xml_file import (
    DEEPEST,
    MOST_ATTRIBUTES,
    brief,
    has_doctype,
    too_much,
)
from slideviewer.errors import AnnotationError

ROOT = "ASAP_Annotations"
SECTIONS = ("Annotations", "AnnotationGroups")

_ANNOTATION_PATH = [ROOT, "Annotations", "Annotation"]
_DEPTHS = {"Annotations": 1, "AnnotationGroups": 1, "Annotation": 2, "Group": 2}
"""How many elements lie around those that a damaged file may fail to close."""
_MOST_ELEMENTS = 4_000_000
"""Beside coordinates; they are what takes memory. A million annotations have two million."""


@dataclass
class Document:
    """A parsed file.

    Attributes
    ----------
    root : lxml element or None
        Without its coordinates; None where nothing could be read.
    vertices : dict of lxml element to Vertices
        What stood in the first ``Coordinates`` of each annotation.
    outside : pair of lists of str
        Comments and processing instructions before and after the root.
    unfinished : lxml element or None
        The annotation in whose middle the file breaks off; only where it is being recovered.
    damage : str
        Where and how a recovered file is damaged; else empty.
    runs : list of lists of Annotation
        Those that were taken out before; an ``Annotation`` with a marker stands for each list.
    """

    root: Any
    vertices: dict[Any, Vertices]
    outside: tuple[list[str], list[str]]
    unfinished: Any = None
    damage: str = ""
    runs: list[list[Annotation]] = field(default_factory=list)


class Target:
    """Builds a `Document`: a tree, but for the coordinates, which become arrays at once.

    Parameters
    ----------
    path : Path
        For messages.
    recovering : bool
        Whether the file may be damaged: elements may be left open or closed twice.
    has_markers : bool
        Whether annotations were taken out before, and have left markers.
    """

    def __init__(self, path: Path, recovering: bool, has_markers: bool = False) -> None:
        self._path, self._recovering, self._has_markers = path, recovering, has_markers
        self._builder = etree.TreeBuilder()
        self._document = Document(None, {}, ([], []))
        self._open: list[str] = []
        self._elements = 0
        self._annotation: Any = None
        self._has_vertices = False
        self._rows: list[Row] | None = None
        self._carriers: dict[int, Any] = {}
        self._coordinate: tuple[Mapping[str, str], Mapping[str, str]] | None = None

    def start(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str, str]) -> None:
        """An element begins."""
        if self._recovering:
            tag = _plain(tag)
            attrib = {_plain(key): possible(value) for key, value in attrib.items()}
        if self._rows is not None and tag == "Coordinate" and len(self._open) == 4:
            row = (attrib.get("Order"), attrib.get("X"), attrib.get("Y"))
            self._rows.append(row)
            self._coordinate = attrib, nsmap
            if len(attrib) != 3 or None in row:
                self._build_coordinate()
            return
        self._build_coordinate()
        if self._recovering and tag in _DEPTHS and set(self._open[1:2]) <= set(SECTIONS):
            self._close_to(_DEPTHS[tag])
        self._check(tag, attrib)
        element = self._build(tag, attrib, nsmap)
        self._open.append(tag)
        if len(self._open) == 1:
            self._document.root = element
        elif self._has_markers and MARKER in attrib and self._open != _ANNOTATION_PATH:
            raise NotPlainError
        elif self._open == _ANNOTATION_PATH:
            self._annotation, self._has_vertices = element, False
        elif self._open == [*_ANNOTATION_PATH, "Coordinates"] and not self._has_vertices:
            self._rows, self._carriers, self._has_vertices = [], {}, True

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._recovering:
            tag = _plain(tag)
        if self._coordinate is not None:
            self._coordinate = None
        elif self._open and self._open[-1] == tag:
            self._end()
        # Else it was closed already, when the next annotation of a damaged file began.

    def data(self, text: str) -> None:
        """Text; the spaces between coordinates are not worth keeping."""
        if self._rows is not None and text.isspace():
            return
        if self._open:
            self._build_coordinate()
            self._builder.data(possible(text) if self._recovering else text)

    def comment(self, text: str) -> None:
        """A comment; that of a damaged file may hold what none may."""
        if self._open:
            self._build_coordinate()
            self._builder.comment(in_comment(text))
        else:
            self._outside().append(as_comment(text))

    def pi(self, target: str, text: str | None = None) -> None:
        """A processing instruction; in a damaged file also a misplaced XML declaration."""
        if target.lower() == "xml" or ":" in target:
            return
        if self._open:
            self._build_coordinate()
            self._builder.pi(target, text)
        else:
            self._outside().append(f"<?{target} {text}?>" if text else f"<?{target}?>")

    def doctype(self, *_: object) -> None:
        """A document type declaration, the door to entities and to files elsewhere."""
        raise has_doctype(self._path)

    def close(self) -> Document:
        """Give what was built; lxml calls this at the end and after an error."""
        if self._open:
            if self._rows and (self._coordinate is not None or self._open[-1] == "Coordinate"):
                self._rows.pop()  # the tag in whose middle the file breaks off
                self._carriers.pop(len(self._rows), None)
            self._coordinate = None
            if self._open[:3] == _ANNOTATION_PATH:
                self._document.unfinished = self._annotation
            self._close_to(0)
        return self._document

    def _build(self, tag: str, attrib: Mapping[str, str], nsmap: Mapping[str, str]) -> Any:
        # A name space without a prefix comes with the prefix "", and has to go on with None.
        namespaces = {prefix or None: uri for prefix, uri in nsmap.items()}
        return self._builder.start(tag, dict(attrib), namespaces)

    def _build_coordinate(self) -> None:
        """Put the open coordinate into the tree: it carries more than order and place."""
        if self._coordinate is not None and self._rows is not None:
            attributes, namespaces = self._coordinate
            self._check("Coordinate", attributes)
            element = self._build("Coordinate", attributes, namespaces)
            self._open.append("Coordinate")
            self._carriers[len(self._rows) - 1] = element
            self._coordinate = None

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._end()

    def _end(self) -> None:
        element = self._builder.end(self._open.pop())
        if self._rows is not None and len(self._open) == 3:
            self._document.vertices[element] = vertices_from(self._rows, self._carriers)
            self._rows = None

    def _outside(self) -> list[str]:
        return self._document.outside[self._document.root is not None]

    def _check(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise too_much(self._path, f"{_MOST_ELEMENTS} elements beside coordinates")
        if len(self._open) >= DEEPEST:
            raise too_much(self._path, f"{DEEPEST} elements inside each other")
        if len(attrib) > MOST_ATTRIBUTES:
            raise too_much(self._path, f"{MOST_ATTRIBUTES} attributes on one element")
        if not self._open and tag != ROOT:
            raise AnnotationError(
                f"is no ASAP annotation file: its root element is <{brief(tag)}>, not <{ROOT}>.",
                path=self._path,
                remedy="Choose another file.",
            )
        if tag == "Regions" and self._open == _ANNOTATION_PATH:
            raise AnnotationError(
                "is an Aperio ImageScope file, not one of ASAP.",
                path=self._path,
                remedy="Open it as it is, or take an earlier copy: only ASAP's can be recovered.",
            )


def _plain(name: str) -> str:
    """A name without colons: those that no name space explains are damage."""
    return name if name.startswith("{") else name.replace(":", "")
