"""One GeoJSON feature as annotations, and what is kept of it to be written back.

What is kept stands under ``extra["geojson"]``, in JSON's own types: ``id``; ``members`` of the
feature, ``geometry`` members and ``properties`` that have no other place; ``unnamed`` (the name
that was made up for a feature without one) and ``uncoloured`` (likewise the colour).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slideviewer.annotations.geojson.classes import class_of, groups_for
from slideviewer.annotations.geojson.colours import colour_from
from slideviewer.annotations.geojson.geometry import NotAGeometryError, Part, parts_of
from slideviewer.annotations.geojson.holes import hole_group, hole_name
from slideviewer.annotations.geojson.note import KEY, colour_by, noted, pieces_by
from slideviewer.annotations.model import Annotation, Group, Kind, Points, as_points
from slideviewer.annotations.rings import rectangle

SLOT = "geojson"

_OLD_TYPES = {
    "PathAnnotationObject": "annotation",
    "PathDetectionObject": "detection",
    "PathTileObject": "tile",
    "PathCellObject": "cell",
    "TMACoreObject": "tmaCore",
    "PathRootObject": "root",
    "tma_core": "tmaCore",
}
"""Object types as QuPath 0.2 wrote them, some of them in place of the id, and as it does now."""

_CHILDREN = ("childObjects", "children")
_TYPES = ("objectType", "object_type", "type")
_OWN_PROPERTIES = ("name", "color", "classification", "metadata", *_CHILDREN, *_TYPES)
_OWN_MEMBERS = ("type", "id", "geometry", "properties")


@dataclass(frozen=True)
class FeatureContent:
    """What a feature gives.

    Attributes
    ----------
    annotations : tuple of Annotation
        Each piece of its geometry, and after it the holes of the piece.
    groups : tuple of Group
        Of its class and its holes, outer ones first.
    coloured : Group or None
        That of its class, where the feature says which colour the class has; the colours of the
        others are guessed.
    holes : int
        How many of the annotations are holes.
    """

    annotations: tuple[Annotation, ...]
    groups: tuple[Group, ...]
    coloured: Group | None
    holes: int


def read_feature(feature: Any, number: int) -> FeatureContent:
    """Read one feature.

    Parameters
    ----------
    feature : object
        Whatever stands in its place.
    number : int
        Names it where it has no name, as ASAP does.

    Raises
    ------
    NotAGeometryError
        It is no feature, or its geometry cannot be read.
    """
    if not isinstance(feature, dict):
        raise NotAGeometryError
    parts = parts_of(feature.get("geometry"))
    properties = _mapping(feature.get("properties"))
    note = noted(_mapping(properties.get("metadata")).get(KEY))
    names, class_colour = class_of(properties.get("classification"))
    groups = groups_for(names, class_colour)
    if not groups and note.get("group") == "":
        groups = [Group("")]
    coloured = groups[-1] if class_colour is not None and groups else None
    name = properties.get("name")
    shown = colour_from(properties.get("color"))
    colour = colour_by(note, shown, class_colour)
    kept = _kept(feature, properties, number)
    if shown is None:
        kept["uncoloured"] = colour
    template = Annotation(
        name=name if isinstance(name, str) else f"Annotation {number}",
        kind=Kind.POLYGON,
        points=as_points([]),
        group=groups[-1].name if groups else None,
        colour=colour,
        extra={SLOT: kept},
    )
    pieces = (pieces_by(note, parts, template) if note else None,)
    found = [it for it in pieces if it] or [_piece(part, template) for part in parts]
    annotations, holes = list[Annotation](), 0
    for index, (shell, shell_holes) in enumerate(found):
        annotations.append(shell if index == 0 else _further(shell))
        inside = hole_group(groups[-1] if groups else None)
        annotations += [replace(hole, group=inside.name) for hole in shell_holes]
        groups += [inside] if shell_holes and holes == 0 else []
        holes += len(shell_holes)
    return FeatureContent(tuple(annotations), tuple(groups), coloured, holes)


def with_children(features: list[Any]) -> Iterator[Any]:
    """Features and, after each, those inside it, which QuPath nests where asked to."""
    waiting = features[::-1]
    while waiting:
        feature = waiting.pop()
        properties = _mapping(_mapping(feature).get("properties"))
        inside = [it for key in _CHILDREN for it in _list(properties.get(key))]
        waiting += inside[::-1]
        if inside:
            own = {key: value for key, value in properties.items() if key not in _CHILDREN}
            feature = {**feature, "properties": own}
        yield feature


def _piece(part: Part, template: Annotation) -> tuple[Annotation, list[Annotation]]:
    points = rectangle(part.points) if part.kind == Kind.RECTANGLE else part.points
    holes = [_hole(ring, template) for ring in part.holes]
    return replace(template, kind=part.kind, points=points), holes


def _hole(ring: Points, template: Annotation) -> Annotation:
    return Annotation(hole_name(template.name), Kind.POLYGON, ring, colour=template.colour)


def _further(piece: Annotation) -> Annotation:
    """A further piece of one feature: another annotation, which must not bear the same id."""
    kept = _mapping(piece.extra.get(SLOT))
    own = {key: value for key, value in kept.items() if key != "id"}
    fresh = Annotation(piece.name, piece.kind, piece.points, piece.group, piece.colour)
    return replace(fresh, extra={**piece.extra, SLOT: own})


def _kept(
    feature: Mapping[str, Any], properties: Mapping[str, Any], number: int
) -> dict[str, object]:
    identity = feature.get("id")
    geometry = _mapping(feature.get("geometry"))
    own = {key: value for key, value in properties.items() if key not in _OWN_PROPERTIES}
    types = [properties[key] for key in _TYPES if isinstance(properties.get(key), str)]
    if isinstance(identity, str) and identity in _OLD_TYPES:
        types, identity = [*types, identity], None
    if types:
        own["objectType"] = _OLD_TYPES.get(types[0], types[0])
    if isinstance(own.get("measurements"), list):  # as before QuPath 0.4
        pairs = [it for it in own["measurements"] if isinstance(it, dict) and "name" in it]
        own["measurements"] = {str(it["name"]): it.get("value") for it in pairs}
    metadata = {
        key: value for key, value in _mapping(properties.get("metadata")).items() if key != KEY
    }
    kept = {
        "id": identity,
        "members": {key: value for key, value in feature.items() if key not in _OWN_MEMBERS},
        "geometry": {
            key: value
            for key, value in geometry.items()
            if key not in ("type", "coordinates", "geometries")
        },
        "properties": {**own, **({"metadata": metadata} if metadata else {})},
        "unnamed": None if isinstance(properties.get("name"), str) else f"Annotation {number}",
    }
    return {key: value for key, value in kept.items() if value}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
