"""What GeoJSON cannot say of an annotation of ASAP, noted as JSON text in QuPath's metadata.

QuPath keeps metadata, so that a file that went through it still gives back rectangles, splines,
measurements, holes and self-crossing outlines with their vertices, unless their shape was changed
there: the note holds only while what it describes looks like the geometry beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slideviewer.annotations.asap.kept import (
    ANNOTATION_ATTRIBUTES,
    asap_attributes,
    with_asap_attributes,
)
from slideviewer.annotations.geojson.colours import colour_from, colour_noted
from slideviewer.annotations.geojson.geometry import (
    NotAGeometryError,
    Part,
    parts_of,
    places,
)
from slideviewer.annotations.geojson.holes import hole_name
from slideviewer.annotations.geojson.shapes import (
    Shape,
    agree,
    geometry_of,
    rounded,
    shape_from,
    shape_of,
)
from slideviewer.annotations.model import DEFAULT_COLOUR, Annotation, Kind, Points, kind_named

KEY = "ASAP"
"""The key of the note in ``properties.metadata``."""

_AREAS = (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE)


def note_for(annotation: Annotation, shape: Shape, holes: Sequence[Annotation]) -> str:
    """The note on an annotation.

    Parameters
    ----------
    annotation : Annotation
    shape : Shape
        As exported.
    holes : sequence of Annotation
        Those left out of the shape.
    """
    parts = parts_of(geometry_of(shape))
    as_drawn = [annotation.points, *(hole.points for hole in holes)]
    exported = [parts[0].points, *parts[0].holes]
    is_plain = (
        len(parts) == 1
        and len(exported) == len(as_drawn)
        and all(map(_same, as_drawn, exported))
        and not any(_needs_vertices(it) for it in (annotation, *holes))
    )
    note = _described(annotation, not is_plain)
    if annotation.group == "":
        note["group"] = ""  # which QuPath takes for no class
    if holes:
        note["holes"] = [{"name": hole.name, **_described(hole, not is_plain)} for hole in holes]
    return json.dumps(note)


def noted(text: object) -> Mapping[str, object]:
    """The content of a note; empty where it is none."""
    try:
        note = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def pieces_by(
    note: Mapping[str, object], parts: Sequence[Part], template: Annotation
) -> tuple[Annotation, list[Annotation]] | None:
    """The annotation that a note describes and its holes; None where it does not fit (any more).

    Parameters
    ----------
    note : mapping
    parts : sequence of Part
        What was read of the geometry.
    template : Annotation
        Gives all but kind, vertices and what else the note says.
    """
    hole_notes = [it for it in _list(note.get("holes")) if isinstance(it, dict)]
    try:
        if "vertices" in note:
            shell = _drawn(note, places(note["vertices"]), template)
            holes = [_drawn_hole(it, places(it.get("vertices")), shell) for it in hole_notes]
            told, seen = shape_of(shell, holes), shape_from(parts)
            fits = told is not None and seen is not None and agree(told, seen)
            return (shell, holes) if fits else None
    except NotAGeometryError:
        return None
    part = parts[0]
    kind = _kind(note)
    is_area = part.kind in _AREAS
    fits_kind = kind in (Kind.POLYGON, Kind.RECTANGLE) if is_area else True
    if kind == Kind.RECTANGLE and len(part.points) != 4:
        fits_kind = False
    if len(parts) > 1 or len(part.holes) != len(hole_notes) or not fits_kind:
        return None
    shell = _drawn(note, part.points, template)
    pairs = zip(hole_notes, part.holes, strict=True)
    return shell, [_drawn_hole(it, points, shell) for it, points in pairs]


def colour_by(note: Mapping[str, object], shown: str | None, of_class: str | None) -> str:
    """An annotation's colour: as noted, unless another was given to it since.

    Parameters
    ----------
    note : mapping
    shown : str or None
        The colour that the feature itself has.
    of_class : str or None
        That of its classification.
    """
    colour = colour_noted(note.get("colour"))
    if colour is not None and shown in (None, colour_from(colour)):
        return colour
    return shown or of_class or DEFAULT_COLOUR


def with_noted_attributes(annotation: Annotation, noted: object) -> Annotation:
    """An annotation with the attributes of ASAP's XML that were noted of it, as far as they are."""
    pairs = noted.items() if isinstance(noted, dict) else ()
    texts = {
        key: value
        for key, value in pairs
        if isinstance(value, str) and key not in ANNOTATION_ATTRIBUTES
    }
    return with_asap_attributes(annotation, texts) if texts else annotation


def _described(annotation: Annotation, with_vertices: bool) -> dict[str, object]:
    note: dict[str, object] = {"type": str(annotation.kind), "colour": annotation.colour}
    if with_vertices:
        note["vertices"] = rounded(annotation.points).tolist()
    if asap_attributes(annotation):
        note["attributes"] = asap_attributes(annotation)
    return note


def _drawn(note: Mapping[str, object], points: Points, template: Annotation) -> Annotation:
    annotation = replace(template, kind=_kind(note), points=points)
    return with_noted_attributes(annotation, note.get("attributes"))


def _drawn_hole(note: Mapping[str, object], points: Points, shell: Annotation) -> Annotation:
    name = note.get("name")
    template = Annotation(
        name=name if isinstance(name, str) else hole_name(shell.name),
        kind=Kind.POLYGON,
        points=points,
        colour=colour_noted(note.get("colour")) or shell.colour,
    )
    return _drawn(note, points, template)


def _kind(note: Mapping[str, object]) -> Kind | str:
    kind = note.get("type")
    return kind_named(kind) if isinstance(kind, str) else Kind.POLYGON


def _needs_vertices(annotation: Annotation) -> bool:
    """Whether the kind cannot be told from the corners alone."""
    if annotation.kind == Kind.RECTANGLE:
        return len(annotation.points) != 4
    return annotation.kind == Kind.SPLINE


def _same(points: Points, exported: Points) -> bool:
    return np.array_equal(rounded(points), exported)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
