"""Hamamatsu's NDPA annotations, read.

Places are nanometres from the middle of the glass, so that only the slide, which says where on the
glass its picture lies, turns them into pixels:
``px = (nm - offset_nm) / (spacing_um_px * 1000) + size_px / 2``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from slideviewer.annotations.asap import with_asap_attributes
from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.geojson.geometry import OPEN_LINE, is_upright_rectangle
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import (
    DEFAULT_COLOUR,
    FARTHEST_PX,
    Annotation,
    AnnotationSet,
    Kind,
    Points,
    are_places,
    as_points,
)
from slideviewer.annotations.numbers import number_in
from slideviewer.annotations.rings import ellipse, opened, rectangle
from slideviewer.annotations.xml_file import read_elements
from slideviewer.errors import AnnotationError

SUFFIX = ".ndpa"
"""Added by NDP.view to the whole name of the slide: ``case.ndpi.ndpa``."""

_VIEW = ["annotations", "ndpviewstate"]
_SHAPE = [*_VIEW, "annotation"]
_POINT = [*_SHAPE, "pointlist", "point"]
_NANOMETRES = "nanometers"


def read_ndpa(path: Path | str, frame: SlideFrame | None = None) -> Loaded:
    """Read a file of NDP.view.

    Parameters
    ----------
    path : Path or str
    frame : SlideFrame, optional
        Its slide, without which the places mean nothing.

    Returns
    -------
    Loaded
        Circles become polygons, arrows measurements; titles are the names.

    Raises
    ------
    AnnotationError
        The slide is missing, is none of Hamamatsu's or of unknown spacing, or the file cannot be
        read, is cut off or damaged, is hostile, or something else.
    """
    path = Path(path)
    reader = _Reader()
    read_elements(path, reader, "annotations", "Hamamatsu's NDP.view")
    glass = _Glass.of(frame, path)
    notices = Notices()
    annotations = [
        _annotation(view, number, glass, path, notices) for number, view in enumerate(reader.views)
    ]
    _note_slide(annotations, glass.frame, path, notices)
    return Loaded(AnnotationSet.of(annotations), notices.texts())


@dataclass
class _View:
    """One view state as far as it was read: texts by their tags, and the points of its shape."""

    texts: dict[str, str] = field(default_factory=dict)
    shape: dict[str, str] = field(default_factory=dict)
    places: list[dict[str, str]] = field(default_factory=list)


class _Reader:
    """Collects view states as their elements come."""

    def __init__(self) -> None:
        self.views: list[_View] = []

    def start(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if list(path) == _VIEW:
            self.views.append(_View())
        elif list(path) == _SHAPE:
            self.views[-1].shape |= {f"@{key}": value for key, value in attributes.items()}
        elif list(path) == _POINT:
            self.views[-1].places.append({})

    def end(self, path: Sequence[str], text: str) -> None:
        """An element ends."""
        around, tag = list(path[:-1]), path[-1]
        if around == _VIEW:
            self.views[-1].texts[tag] = text
        elif around == _SHAPE:
            self.views[-1].shape[tag] = text
        elif around == _POINT:
            self.views[-1].places[-1][tag] = text


@dataclass(frozen=True)
class _Glass:
    """Turns nanometres on the glass into pixels of the slide."""

    frame: SlideFrame
    offset_nm: tuple[float, float]
    spacing_nm_px: tuple[float, float]

    @classmethod
    def of(cls, frame: SlideFrame | None, path: Path) -> _Glass:
        """Take what the slide says; AnnotationError where it does not say enough."""
        if frame is None:
            raise AnnotationError(
                "gives places in nanometres on the glass, which only its slide turns into pixels.",
                path=path,
                remedy="Open the slide first; on the command line name it with --slide.",
            )
        if frame.offset_nm is None:
            raise AnnotationError(
                f"belongs to a slide of Hamamatsu's, and {frame.name} does not say where on the"
                " glass it was scanned (hamamatsu.XOffsetFromSlideCentre).",
                path=path,
                remedy="Open the .ndpi or .vms slide that it was drawn on.",
            )
        if frame.spacing_um_px is None:
            raise AnnotationError(
                f"gives places in nanometres, and {frame.name} does not say how large its pixels"
                " are.",
                path=path,
                remedy="On the command line give --spacing in µm per pixel.",
            )
        x_um_px, y_um_px = frame.spacing_um_px
        return cls(frame, frame.offset_nm, (x_um_px * 1000, y_um_px * 1000))

    def pixels(self, places_nm: Points) -> Points:
        """Places on the glass as places on the slide."""
        size = np.array([self.frame.width_px, self.frame.height_px])
        from_middle = (places_nm - np.array(self.offset_nm)) / np.array(self.spacing_nm_px)
        return as_points(from_middle + size / 2)


def _annotation(
    view: _View, number: int, glass: _Glass, path: Path, notices: Notices
) -> Annotation:
    unit = view.texts.get("coordformat", "") or _NANOMETRES
    if unit.lower() != _NANOMETRES:
        raise AnnotationError(
            f'gives places in "{unit[:40]}", and only nanometers are understood.', path=path
        )
    name = view.texts.get("title") or f"Annotation {number}"
    kind, points = _shape(view, glass, quoted(name), notices)
    if not len(points):
        notices.add("There are no readable places in {who}.", quoted(name))
    colour = view.shape.get("@color", "")
    is_colour = len(colour) == 7 and colour[0] == "#" and _is_hex(colour[1:])
    details = view.texts.get("details", "")
    annotation = Annotation(name, kind, points, colour=colour if is_colour else DEFAULT_COLOUR)
    return with_asap_attributes(annotation, {"details": details}) if details else annotation


def _shape(view: _View, glass: _Glass, who: str, notices: Notices) -> tuple[Kind | str, Points]:
    """The kind and vertices of a shape, as ASAP has them."""
    stated = view.shape.get("@type", "").lower()
    if stated in ("linearmeasure", "pointer"):
        ends = [(view.shape.get(f"x{n}"), view.shape.get(f"y{n}")) for n in (1, 2)]
        if stated == "pointer":
            notices.add("Arrows became measurements: {who}.", who)
        return Kind.MEASUREMENT, glass.pixels(_places(ends, who, notices))
    if stated == "circle":
        return _circle(view, glass, who, notices)
    if not view.places and "x" in view.shape:
        if stated != "pin":
            notices.add("Shapes of a type that is not known became dots: {who}.", who)
        here = [(view.shape.get("x"), view.shape.get("y"))]
        return Kind.DOT, glass.pixels(_places(here, who, notices))
    places = [(it.get("x"), it.get("y")) for it in view.places]
    points = glass.pixels(_places(places, who, notices))
    if stated != "freehand":
        notices.add("Shapes of a type that is not known became outlines: {who}.", who)
    if view.shape.get("closed", "1") == "0" and view.shape.get("specialtype") != "rectangle":
        return (Kind.MEASUREMENT if len(points) == 2 else OPEN_LINE), points
    ring = opened(points)
    if view.shape.get("specialtype") == "rectangle" and is_upright_rectangle(ring):
        return Kind.RECTANGLE, rectangle(ring)
    return Kind.POLYGON, ring


def _circle(view: _View, glass: _Glass, who: str, notices: Notices) -> tuple[Kind | str, Points]:
    middle = _places([(view.shape.get("x"), view.shape.get("y"))], who, notices)
    radius_nm, _ = number_in(view.shape.get("radius"))
    if not len(middle) or radius_nm is None or not 0 < radius_nm < FARTHEST_PX:
        notices.add("Circles without a readable radius became dots: {who}.", who)
        return Kind.DOT, glass.pixels(middle)
    notices.add("Circles, which ASAP does not know, became polygons: {who}.", who)
    x, y = glass.pixels(middle)[0].tolist()
    x_nm_px, y_nm_px = glass.spacing_nm_px
    return Kind.POLYGON, ellipse(x, y, radius_nm / x_nm_px, radius_nm / y_nm_px)


def _places(texts: Sequence[tuple[str | None, str | None]], who: str, notices: Notices) -> Points:
    numbers = [number_in(text)[0] for place in texts for text in place]
    points = as_points([np.nan if it is None else it for it in numbers])
    is_place = are_places(points)
    if not is_place.all():
        notices.add("Vertices that are no places are left out of {who}.", who)
    return as_points(points[is_place])


def _note_slide(
    annotations: Sequence[Annotation], frame: SlideFrame, path: Path, notices: Notices
) -> None:
    """Tell where the file seems to belong to another slide."""
    own_name = path.name[: -len(SUFFIX)] if path.name.lower().endswith(SUFFIX) else ""
    if own_name and own_name.lower() != frame.name.lower():
        notices.add(f"By its name this file belongs to {own_name}, not to {frame.name}.")
    bounds = [it.bounds for it in annotations if it.bounds is not None]
    if bounds and not any(
        it.right >= 0 and it.bottom >= 0 and it.x <= frame.width_px and it.y <= frame.height_px
        for it in bounds
    ):
        notices.add(f"All of it lies outside {frame.name}: it may belong to another slide.")


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)
