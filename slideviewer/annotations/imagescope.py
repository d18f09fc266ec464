"""Aperio ImageScope's annotation XML, read.

A file is a list of layers (``Annotation``), each with ``Attributes`` and ``Regions``; a region has
``Vertices`` in level-0 pixels. Layers become groups, negative regions the holes of their layer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from slideviewer.annotations.asap import with_asap_attributes
from slideviewer.annotations.asap.kept import ANNOTATION_ATTRIBUTES
from slideviewer.annotations.geojson.geometry import OPEN_LINE, is_upright_rectangle
from slideviewer.annotations.geojson.holes import hole_group
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import (
    DEFAULT_GROUP_COLOUR,
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Points,
    are_places,
    as_points,
)
from slideviewer.annotations.numbers import number_in
from slideviewer.annotations.rings import ellipse, opened, rectangle
from slideviewer.annotations.xml_file import read_elements

_LAYER = ["Annotations", "Annotation"]
_REGION = [*_LAYER, "Regions", "Region"]
_FREEHAND, _RECTANGLE, _ELLIPSE = "0", "1", "2"
_LINES = ("3", "4", "5")
"""Arrows, rulers and pointers, as the field ``Type`` of a region numbers them."""

_COMMENT = r"<!--(?>.*?-->)"
_IN_HEAD = re.compile(
    rf"\s*(?:(?:<\?[^>]*\?>|{_COMMENT})\s*)*<Annotations(?=[\s/>])(?P<attributes>[^>]*>?)",
    re.DOTALL,
)
_UNTOLD = re.compile(rf"{_COMMENT}|<!--.*", re.DOTALL)
"""Comments, and one that the beginning of a file cuts off."""
_TELLING = re.compile("<(?P<tag>Regions|Region|Vertices|Coordinates|Coordinate)[\\s/>]")


def is_imagescope(start: str) -> bool:
    """Whether the beginning of an XML file is ImageScope's.

    Its root has the same name as a section of ASAP's, which stands alone in some files.
    """
    root = _IN_HEAD.match(start)
    if root is None:
        return False
    if "MicronsPerPixel" in root["attributes"]:
        return True
    first = _TELLING.search(_UNTOLD.sub("", start[root.end() :]))
    return first is not None and not first["tag"].startswith("Coordinate")


def read_imagescope(path: Path | str) -> Loaded:
    """Read a file of Aperio ImageScope.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Loaded
        Ellipses become polygons, rulers and arrows measurements; what was typed at a region is
        its name.

    Raises
    ------
    AnnotationError
        The file cannot be read, is cut off or damaged, is hostile, or something else.
    """
    reader = _Reader()
    read_elements(Path(path), reader, "Annotations", "Aperio ImageScope")
    return reader.loaded()


@dataclass
class _Region:
    """A region as far as it was read."""

    attributes: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    places: list[tuple[str | None, str | None]] = field(default_factory=list)


class _Reader:
    """Collects layers and regions as their elements come."""

    def __init__(self) -> None:
        self._notices = Notices()
        self._annotations: list[Annotation] = []
        self._groups: dict[str, Group] = {}
        self._alike: dict[str, int] = defaultdict(lambda: 1)  # layers of a name so far
        self._layer: Mapping[str, str] = {}
        self._layer_values: dict[str, str] = {}
        self._headers: dict[str, str] = {}
        self._regions: list[_Region] = []
        self._spacing = ""

    def start(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if list(path) == ["Annotations"]:
            self._spacing = attributes.get("MicronsPerPixel", "")
        elif list(path) == _LAYER:
            self._layer, self._layer_values = dict(attributes), {}
            self._headers, self._regions = {}, []
        elif list(path) == [*_LAYER, "Attributes", "Attribute"]:
            self._layer_values[attributes.get("Name", "")] = attributes.get("Value", "")
        elif list(path) == [*_LAYER, "Regions", "RegionAttributeHeaders", "AttributeHeader"]:
            self._headers[attributes.get("Id", "")] = attributes.get("Name", "")
        elif list(path) == _REGION:
            self._regions.append(_Region(dict(attributes)))
        elif list(path) == [*_REGION, "Attributes", "Attribute"]:
            self._regions[-1].values[attributes.get("Name", "")] = attributes.get("Value", "")
        elif list(path) == [*_REGION, "Vertices", "Vertex"]:
            self._regions[-1].places.append((attributes.get("X"), attributes.get("Y")))

    def end(self, path: Sequence[str], text: str) -> None:
        """An element ends: a layer's name is known only then."""
        if list(path) == _LAYER:
            group = self._declared()
            for number, region in enumerate(self._regions):
                self._annotations.append(self._annotation(region, number, group))

    def loaded(self) -> Loaded:
        """All that was read."""
        annotations = AnnotationSet.of(self._annotations, self._groups.values())
        return Loaded(annotations, self._notices.texts())

    def _declared(self) -> Group:
        """The group of the layer that ends."""
        number = self._layer.get("Id", str(len(self._groups) + 1))
        values = {key: value for key, value in self._layer_values.items() if key and value}
        wanted = self._layer.get("Name") or values.get("Description") or f"Layer {number}"
        name = wanted
        while name in self._groups:
            self._alike[wanted] += 1
            name = f"{wanted} ({self._alike[wanted]})"
        if name != wanted:
            self._notices.add("Layers of one name were numbered: {who}.", quoted(name))
        if self._spacing:
            values["MicronsPerPixel"] = self._spacing
        colour = _colour(self._layer.get("LineColor"))
        group = Group(name, colour=colour or DEFAULT_GROUP_COLOUR, attributes=values)
        self._groups[name] = group
        return group

    def _annotation(self, region: _Region, number: int, group: Group) -> Annotation:
        written = region.attributes.get("Text", "").strip()
        name = written or f"Region {region.attributes.get('Id', number + 1)}"
        points = self._points(region, quoted(name))
        kind, points = self._shape(region.attributes.get("Type", _FREEHAND), points, quoted(name))
        if region.attributes.get("NegativeROA") == "1":
            inside = hole_group(group)
            self._groups.setdefault(inside.name, inside)
            group = inside
            self._notices.add(
                "Negative regions became annotations of a group: {who}.", quoted(name)
            )
        values = {
            key: value
            for key, value in (
                (self._headers.get(name) or name, value) for name, value in region.values.items()
            )
            if key and value and key not in ANNOTATION_ATTRIBUTES
        }
        return with_asap_attributes(
            Annotation(name, kind, points, group.name, group.colour), values
        )

    def _points(self, region: _Region, who: str) -> Points:
        found, has_commas = list[tuple[float, float]](), False
        for x_text, y_text in region.places:
            (x, x_comma), (y, y_comma) = number_in(x_text), number_in(y_text)
            has_commas = has_commas or x_comma or y_comma
            found.append((np.nan if x is None else x, np.nan if y is None else y))
        points = as_points(found)
        is_place = are_places(points)
        if not is_place.all():
            self._notices.add("Vertices that are no places are left out of {who}.", who)
        if not is_place.any():
            self._notices.add("There are no vertices in {who}.", who)
        if has_commas:
            self._notices.add("Decimal commas were read as points in {who}.", who)
        return as_points(points[is_place])

    def _shape(self, stated: str, points: Points, who: str) -> tuple[Kind | str, Points]:
        """The kind and vertices of a region of a type, as ASAP has them."""
        ring = opened(points)
        if stated in _LINES and len(points) > 1:
            self._notices.add("Rulers and arrows became measurements: {who}.", who)
            return (Kind.MEASUREMENT if len(points) == 2 else OPEN_LINE), points
        if len(points) == 1:
            return Kind.DOT, points
        is_box = len(ring) == 2 or is_upright_rectangle(ring)
        if stated == _RECTANGLE and is_box:
            return Kind.RECTANGLE, rectangle(ring)
        if stated == _ELLIPSE and is_box:
            self._notices.add("Ellipses, which ASAP does not know, became polygons: {who}.", who)
            (left, top), (right, bottom) = ring.min(axis=0), ring.max(axis=0)
            middle = (left + right) / 2, (top + bottom) / 2
            return Kind.POLYGON, ellipse(*middle, (right - left) / 2, (bottom - top) / 2)
        if len(ring) == 2:
            return Kind.MEASUREMENT, points
        if stated not in (_FREEHAND, _RECTANGLE, _ELLIPSE):
            self._notices.add("Regions of a type that is not known became polygons: {who}.", who)
        return Kind.POLYGON, ring


def _colour(text: str | None) -> str | None:
    """A ``LineColor`` as ``#RRGGBB``: a decimal number whose lowest byte is red."""
    try:
        value = int(text or "")
    except ValueError:
        return None
    return f"#{value & 0xFF:02X}{value >> 8 & 0xFF:02X}{value >> 16 & 0xFF:02X}"
