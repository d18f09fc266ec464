"""Annotations as QuPath's GeoJSON."""

from __future__ import annotations

import gzip
import json
import math
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from shapely.geometry import MultiPolygon, Polygon

from slideviewer.annotations.geojson.classes import classification_for
from slideviewer.annotations.geojson.collection import MEMBER, member_for
from slideviewer.annotations.geojson.colours import rgb_of
from slideviewer.annotations.geojson.feature import SLOT
from slideviewer.annotations.geojson.holes import holes_by_owner
from slideviewer.annotations.geojson.note import KEY, note_for
from slideviewer.annotations.geojson.shapes import Shape, geometry_of, shape_of
from slideviewer.annotations.grouping import with_declared
from slideviewer.annotations.model import DEFAULT_COLOUR, Annotation, AnnotationSet, Group
from slideviewer.annotations.saving import write_safely

_ELLIPSE = "isEllipse"
_ELLIPSE_DEVIATION = 0.02
"""QuPath draws an ellipse as a polygon; its area is that much smaller at the most."""


def write_geojson(annotations: AnnotationSet, path: Path | str, backup: bool = True) -> None:
    """Write a file of QuPath's GeoJSON, packed by gzip where the name ends in ``.gz``.

    Rings are closed, shapes valid, coordinates rounded to two decimals; splines are written as
    they are drawn, annotations of an exclusion group as the holes that they are. What GeoJSON
    cannot say is noted beside, so that reading the file gives the same annotations.

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
        if Path(path).suffix.lower() != ".gz":
            stream.writelines(_document(annotations))
            return
        with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
            packed.writelines(_document(annotations))

    write_safely(path, write, backup)


def _document(annotations: AnnotationSet) -> Iterator[bytes]:
    groups = with_declared(annotations.groups.values(), (a.group for a in annotations))
    kept = _kept(annotations.extra)
    without_points: list[Annotation] = []
    before = b'{"type": "FeatureCollection", "features": [\n'
    for feature in (*_features(annotations, groups, without_points), *kept.get("features", ())):
        yield before + _json(feature)
        before = b",\n"
    if before != b",\n":
        yield before
    members = {**kept.get("members", {}), MEMBER: member_for(groups.values(), without_points)}
    for key, value in members.items():
        yield b"\n], " if key == next(iter(members)) else b", "
        yield _json(key) + b": " + _json(value)
    yield b"}\n"


def _features(
    annotations: AnnotationSet, groups: Mapping[str, Group], without_points: list[Annotation]
) -> Iterator[dict[str, object]]:
    """Each annotation as a feature; those without vertices are added to the list instead."""
    holes = holes_by_owner(annotations)
    shapes = {it.id: shape_of(it, holes.get(it.id, ())) for it in annotations}
    for owner in list(holes):  # of a shape that is all holes nothing would be seen
        if not isinstance(shapes[owner], Polygon | MultiPolygon):
            del holes[owner]
            shapes[owner] = shape_of(annotations[owner])
    owned = {hole.id for found in holes.values() for hole in found}
    identities: set[str] = set()
    for annotation in annotations:
        shape = shapes[annotation.id]
        if shape is None:
            without_points.append(annotation)
        elif annotation.id not in owned:
            note = note_for(annotation, shape, holes.get(annotation.id, ()))
            yield _feature(annotation, shape, note, groups, identities)


def _feature(
    annotation: Annotation,
    shape: Shape,
    note: str,
    groups: Mapping[str, Group],
    identities: set[str],
) -> dict[str, object]:
    kept = _kept(annotation.extra)
    geometry = {**geometry_of(shape), **kept.get("geometry", {})}
    if geometry.get(_ELLIPSE) and not _is_ellipse(shape):
        del geometry[_ELLIPSE]
    own = dict(kept.get("properties", {}))
    properties: dict[str, object] = {"objectType": own.pop("objectType", "annotation")}
    if annotation.name != kept.get("unnamed"):
        properties["name"] = annotation.name
    # Nobody chose the default colour; left out, QuPath shows that of the class, as ASAP does.
    rgb, is_chosen = rgb_of(annotation.colour), annotation.colour != kept.get("uncoloured")
    if annotation.group is not None and annotation.colour == DEFAULT_COLOUR:
        is_chosen = False
    if rgb is not None and is_chosen:
        properties["color"] = rgb
    if annotation.group is not None:
        properties["classification"] = classification_for(annotation.group, groups)
    metadata = {**own.pop("metadata", {}), KEY: note}
    return {
        "type": "Feature",
        "id": _identity(annotation, kept, identities),
        "geometry": geometry,
        **kept.get("members", {}),
        "properties": {**properties, **own, "metadata": metadata},
    }


def _identity(annotation: Annotation, kept: Mapping[str, Any], taken: set[str]) -> str:
    """The feature's id: the one it came with, else one made of ours; never one twice."""
    identity = kept.get("id")
    if not isinstance(identity, str) or identity in taken:
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, annotation.id))
    taken.add(identity)
    return identity


def _is_ellipse(shape: Shape) -> bool:
    """Whether the shape still fills its bounds as an ellipse does."""
    left, top, right, bottom = shape.bounds
    whole = math.pi / 4 * (right - left) * (bottom - top)
    return bool(abs(shape.area - whole) <= _ELLIPSE_DEVIATION * whole)


def _kept(extra: Mapping[str, object]) -> Mapping[str, Any]:
    kept = extra.get(SLOT)
    return kept if isinstance(kept, Mapping) else {}


def _json(value: object) -> bytes:
    return json.dumps(value).encode("ascii")
