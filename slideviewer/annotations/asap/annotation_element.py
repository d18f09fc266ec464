"""One ``Annotation`` element as a value, with a notice for each oddity."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from slideviewer.annotations.asap.coordinates import NO_VERTICES, Row, Vertices, vertices_from
from slideviewer.annotations.asap.elements import (
    colour_of,
    fragment,
    nodes,
    tag_of,
    unknown_attributes,
)
from slideviewer.annotations.asap.kept import (
    ANNOTATION_ATTRIBUTES,
    COORDINATE_ATTRIBUTES,
    as_extra,
)
from slideviewer.annotations.asap.target import Document
from slideviewer.annotations.asap.text import UNGROUPED, decoded, decoded_group, pairs
from slideviewer.annotations.loaded import Notices, quoted
from slideviewer.annotations.model import DEFAULT_COLOUR, Annotation, Kind, kind_named


def read_annotation(
    element: Any, document: Document, before: list[str], groups: Container[str], notices: Notices
) -> Annotation:
    """Read one annotation.

    Parameters
    ----------
    element : lxml element
    document : Document
        Holds its vertices.
    before : list of str
        Comments in front of it, to be kept with it.
    groups : container of str
        The declared groups.
    notices : Notices
        Oddities are added here.
    """
    name = decoded(element.get("Name", ""))
    who = quoted(name)
    colour, colour_kept = colour_of(element, DEFAULT_COLOUR)
    if colour_kept:
        notices.add(
            f"The colour of {{who}} is not of the form #RRGGBB; {DEFAULT_COLOUR} is shown.", who
        )
    kept, vertices = _read_children(element, document, notices, who)
    _note_vertices(vertices, notices, who)
    kept["attributes"] = unknown_attributes(element, ANNOTATION_ATTRIBUTES)
    kept["before"] = before
    kept["colour"] = colour_kept
    return Annotation(
        name=name,
        kind=_kind(element.get("Type", ""), notices, who),
        points=vertices.points,
        group=_group(element.get("PartOfGroup"), groups, notices, who),
        colour=colour,
        extra=as_extra(kept),
    )


def _kind(text: str, notices: Notices, who: str) -> Kind | str:
    if not text:
        notices.add("No type is given for {who}.", who)
        return Kind.NONE
    kind = kind_named(decoded(text))
    if not isinstance(kind, Kind):
        notices.add("ASAP knows no such type, which is kept: {who}.", f"{quoted(kind)} of {who}")
    return kind


def _group(text: str | None, groups: Container[str], notices: Notices, who: str) -> str | None:
    if text == UNGROUPED:
        return None
    if not text and "" not in groups:
        notices.add("No group is named for {who}, where ASAP expects the word None.", who)
        return None
    return decoded_group(text or "")


def _read_children(
    element: Any, document: Document, notices: Notices, who: str
) -> tuple[dict[str, object], Vertices]:
    vertices, found = NO_VERTICES, False
    kept: dict[str, object] = {}
    head, tail = list[str](), list[str]()
    for node in nodes(element):
        if tag_of(node) == "Coordinates" and not found:
            found, vertices = True, document.vertices.get(node, NO_VERTICES)
            kept["coordinates_attributes"] = unknown_attributes(node)
            kept["coordinates"], aside = _read_coordinates(node, vertices)
            tail += aside
            continue
        (tail if found else head).append(fragment(node))
        if tag_of(node) == "Coordinates" and _has_places(node):
            notices.add("Only the first list of coordinates is shown, as in ASAP, of {who}.", who)
    kept["head"], kept["tail"] = head, tail
    kept["vertices"] = _carried(vertices)
    if kept["vertices"]:
        kept["vertex_count"] = len(vertices.points)
    return kept, vertices


def _read_coordinates(element: Any, vertices: Vertices) -> tuple[list[str], list[str]]:
    """The comments among the coordinates, and what must move out of ASAP's way.

    ASAP takes every element in there for a coordinate: an unknown one would become the first
    vertex at 0, 0. So those, and coordinates that are none, go to a second list after the first.
    """
    comments, aside = list[str](), list[str]()
    for node in nodes(element):
        if not tag_of(node):
            comments.append(fragment(node))
        elif tag_of(node) != "Coordinate":
            aside.append(fragment(node))
    for row, carrier in vertices.unreadable:
        aside.append(fragment(carrier) if carrier is not None else _coordinate(row))
    return comments, [f"<Coordinates>{''.join(aside)}</Coordinates>"] if aside else []


def _coordinate(row: Row) -> str:
    texts = zip(COORDINATE_ATTRIBUTES, row, strict=True)
    return f"<Coordinate{pairs({key: text for key, text in texts if text is not None})}/>"


def _carried(vertices: Vertices) -> list[dict[str, object]]:
    """What single vertices carry, with their places, by which they are known after an edit."""
    carried = []
    for index, carrier in vertices.carriers.items():
        attributes = unknown_attributes(carrier, COORDINATE_ATTRIBUTES)
        inside = [fragment(node) for node in nodes(carrier)]
        if attributes or inside:
            x, y = vertices.points[index].tolist()
            entry = {"index": index, "x": x, "y": y, "attributes": attributes, "children": inside}
            carried.append(entry)
    return carried


def _has_places(element: Any) -> bool:
    """Whether a list of coordinates holds one that is a place."""
    rows = [
        (it.get("Order"), it.get("X"), it.get("Y")) for it in element.iterchildren("Coordinate")
    ]
    return len(vertices_from(rows, {}).points) > 0


def _note_vertices(vertices: Vertices, notices: Notices, who: str) -> None:
    if vertices.unreadable:
        notices.add(
            "Coordinates that are no places are not shown, but kept apart in XML, of {who}.",
            who,
        )
    elif not len(vertices.points):
        notices.add("There are no coordinates in {who}.", who)
    if not vertices.is_numbered:
        notices.add(
            "The vertices are not numbered from 0 without gap; they keep the order of the file,"
            " in {who}.",
            who,
        )
    if vertices.has_commas:
        notices.add("Decimal commas were read as points in {who}.", who)
