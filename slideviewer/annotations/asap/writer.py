"""Annotations as ASAP's XML: in ASAP's own layout, and nothing that it would not load whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from slideviewer.annotations.asap.kept import attributes, fragments, kept_of
from slideviewer.annotations.asap.rows import coordinate_rows
from slideviewer.annotations.asap.text import (
    encoded,
    encoded_group,
    encoded_key,
    number,
    pairs,
)
from slideviewer.annotations.grouping import with_declared, without_cycles
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Points
from slideviewer.annotations.saving import write_safely

_AT_ONCE = 20_000
"""Vertices of annotations that are written together."""


def write_asap(annotations: AnnotationSet, path: Path | str, backup: bool = True) -> None:
    """Write a file of ASAP's annotation XML, safely and with nothing lost.

    Every group in use is declared, groups that contain each other are set apart, and vertices
    that are no finite place stand where ASAP does not look.

    Parameters
    ----------
    annotations : AnnotationSet
    path : Path or str
    backup : bool
        Keep the former file as ``<name>.bak1``; see `write_safely`.

    Raises
    ------
    AnnotationError
        The file cannot be written; the former one is untouched.
    """

    def write(stream: BinaryIO) -> None:
        for text in _document(annotations):
            stream.write(text.encode())

    write_safely(path, write, backup)


def _document(annotations: AnnotationSet) -> Iterator[str]:
    kept = kept_of(annotations.extra)
    groups = with_declared(annotations.groups.values(), (a.group for a in annotations))
    groups, _ = without_cycles(groups)
    in_use = {annotation.group for annotation in annotations}
    in_use |= {group.parent for group in groups.values()}

    yield '<?xml version="1.0"?>\n'
    yield from _lines(fragments(kept, "prolog"), 0)
    yield f"<ASAP_Annotations{pairs(attributes(kept, 'root_attributes'))}>\n"
    yield from _lines(fragments(kept, "root_before"), 1)
    yield from _section("Annotations", "annotations", kept, _annotations(annotations))
    yield from _lines(fragments(kept, "root_between"), 1)
    yield from _section(
        "AnnotationGroups",
        "groups",
        kept,
        (part for group in groups.values() for part in _group(group, group.name in in_use)),
    )
    for tag, slot in (("Annotations", "annotations"), ("AnnotationGroups", "groups")):
        # A second section of the name: ASAP takes each element of the first for one it knows.
        unknown = _lines(fragments(kept, f"{slot}_unknown"), 2)
        yield from _element(tag, {}, unknown, 1, leave_out_empty=True)
    yield from _lines(fragments(kept, "root_after"), 1)
    yield "</ASAP_Annotations>\n"
    yield from _lines(fragments(kept, "epilog"), 0)


def _section(
    tag: str, slot: str, kept: Mapping[str, object], content: Iterable[str]
) -> Iterator[str]:
    def parts() -> Iterator[str]:
        yield from content
        yield from _lines(fragments(kept, f"{slot}_end"), 2)

    return _element(tag, attributes(kept, f"{slot}_attributes"), parts(), 1)


def _annotations(annotations: Iterable[Annotation]) -> Iterator[str]:
    """All of them; those without anything unusual many at a time."""
    plain: list[Annotation] = []
    waiting = 0
    for annotation in annotations:
        if len(annotation.points) and not kept_of(annotation.extra):
            plain.append(annotation)
            waiting += len(annotation.points)
            if waiting < _AT_ONCE:
                continue
            yield _plain_annotations(plain)
        else:
            yield _plain_annotations(plain)
            yield from _annotation(annotation)
        plain, waiting = [], 0
    yield _plain_annotations(plain)


def _plain_annotations(annotations: list[Annotation]) -> str:
    """Annotations that hold vertices, and nothing but what ASAP knows."""
    if not annotations:
        return ""
    points = np.concatenate([annotation.points for annotation in annotations])
    if not np.isfinite(points).all():
        return "".join(part for annotation in annotations for part in _annotation(annotation))
    rows = coordinate_rows(points, [len(annotation.points) for annotation in annotations])
    shared: dict[tuple[str, str | None, str], str] = {}
    parts: list[str] = []
    for annotation, lines in zip(annotations, rows, strict=True):
        key = (annotation.kind, annotation.group, annotation.colour)
        if key not in shared:
            shared[key] = pairs(_shared_properties(annotation, {}))
        name = pairs({"Name": encoded(annotation.name)})
        opening = f"\t\t<Annotation{name}{shared[key]}>\n\t\t\t<Coordinates>\n"
        parts += (opening, lines, "\t\t\t</Coordinates>\n\t\t</Annotation>\n")
    return "".join(parts)


def _shared_properties(annotation: Annotation, kept: Mapping[str, object]) -> dict[str, str]:
    """The attributes that ASAP knows, without the name."""
    return {
        "Type": encoded(str(annotation.kind)),
        "PartOfGroup": encoded_group(annotation.group),
        "Color": _colour(annotation.colour, kept),
    }


def _annotation(annotation: Annotation) -> Iterator[str]:
    kept = kept_of(annotation.extra)
    own = {"Name": encoded(annotation.name), **_shared_properties(annotation, kept)}

    def parts() -> Iterator[str]:
        yield from _lines(fragments(kept, "head"), 3)
        yield from _coordinates(annotation.points, kept)
        yield from _lines(fragments(kept, "tail"), 3)

    yield from _lines(fragments(kept, "before"), 2)
    yield from _element("Annotation", own | attributes(kept, "attributes"), parts(), 2)


def _coordinates(points: Points, kept: Mapping[str, object]) -> Iterator[str]:
    finite = np.isfinite(points).all(axis=1)
    carried = _carried(points, kept)

    def rows() -> Iterator[str]:
        yield from _lines(fragments(kept, "coordinates"), 4)
        if carried:
            for index, row in enumerate(_plain_rows(points[finite])):
                yield _with_carried(row, carried[index]) if index in carried else row
        else:
            yield from coordinate_rows(points[finite], [int(np.count_nonzero(finite))])

    found = attributes(kept, "coordinates_attributes")
    yield from _element("Coordinates", found, rows(), 3)
    if not finite.all():
        yield from _element("Coordinates", {}, _plain_rows(points[~finite]), 3)


def _plain_rows(points: Points) -> Iterator[str]:
    texts = map(number, points.ravel().tolist())
    for index, (x, y) in enumerate(zip(texts, texts, strict=True)):
        yield f'\t\t\t\t<Coordinate Order="{index}" X="{x}" Y="{y}" />\n'


def _carried(points: Points, kept: Mapping[str, object]) -> dict[int, Mapping[str, object]]:
    """What single vertices carry, by their index now: known by index, or after an edit by place."""
    entries = [entry for entry in _mappings(kept.get("vertices"))]
    if not entries or kept.get("vertex_count") == len(points):
        return {int(str(entry["index"])): entry for entry in entries}
    places: dict[tuple[float, ...], list[int]] = {}
    for index, place in enumerate(points.tolist()):
        places.setdefault(tuple(place), []).append(index)
    found = {}
    for entry in entries:
        indices = places.get((float(str(entry["x"])), float(str(entry["y"]))))
        if indices:
            found[indices.pop(0)] = entry
    return found


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [it for it in value if isinstance(it, Mapping)] if isinstance(value, list) else []


def _with_carried(row: str, entry: Mapping[str, object]) -> str:
    opened = row.removesuffix(" />\n") + pairs(attributes(entry, "attributes"))
    inside = "".join(fragments(entry, "children"))
    return f"{opened}>{inside}</Coordinate>\n" if inside else f"{opened} />\n"


def _group(group: Group, has_members: bool) -> Iterator[str]:
    kept = kept_of(group.extra)
    own = {
        "Name": encoded_group(group.name, has_members=has_members),
        "PartOfGroup": encoded_group(group.parent),
        "Color": _colour(group.colour, kept),
    }

    def values() -> Iterator[str]:
        for key, value in group.attributes.items():
            yield f"\t\t\t\t<Attribute{pairs({encoded_key(key): encoded(value)})} />\n"
        yield from _lines(fragments(kept, "attributes_children"), 4)

    def parts() -> Iterator[str]:
        yield from _lines(fragments(kept, "head"), 3)
        yield from _element("Attributes", attributes(kept, "attributes_attributes"), values(), 3)
        yield from _lines(fragments(kept, "tail"), 3)

    yield from _lines(fragments(kept, "before"), 2)
    yield from _element("Group", own | attributes(kept, "attributes"), parts(), 2)


def _colour(shown: str, kept: Mapping[str, object]) -> str:
    """The colour, or while it is unchanged what the file said in its place."""
    written = attributes(kept, "colour")
    return written["written"] if written.get("shown") == shown else encoded(shown)


def _element(
    tag: str,
    found: Mapping[str, str],
    content: Iterable[str],
    depth: int,
    leave_out_empty: bool = False,
) -> Iterator[str]:
    """An element around its content; closed in itself, or left out, where that is empty."""
    indent, is_open = "\t" * depth, False
    for text in filter(None, content):
        if not is_open:
            yield f"{indent}<{tag}{pairs(found)}>\n"
            is_open = True
        yield text
    if is_open:
        yield f"{indent}</{tag}>\n"
    elif not leave_out_empty:
        yield f"{indent}<{tag}{pairs(found)} />\n"


def _lines(texts: Iterable[str], depth: int) -> Iterator[str]:
    return ("\t" * depth + text + "\n" for text in texts)
