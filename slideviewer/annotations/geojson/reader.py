"""From a GeoJSON file to annotations and groups, with a notice for each oddity."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from slideviewer.annotations.geojson.collection import MEMBER, annotations_in, groups_in
from slideviewer.annotations.geojson.feature import SLOT, read_feature, with_children
from slideviewer.annotations.geojson.geometry import OPEN_LINE, NotAGeometryError
from slideviewer.annotations.grouping import with_declared, without_cycles
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import Annotation, AnnotationSet
from slideviewer.errors import AnnotationError

LARGEST_BYTES = 1 << 30
"""Larger files are refused, and so are packed ones that unpack to more."""

_GZIP = b"\x1f\x8b"

_EARLIER = "Take an earlier copy of it."
_ANOTHER = "Choose another file."


def read_geojson(path: Path | str) -> Loaded:
    """Read a file of QuPath's GeoJSON, packed by gzip or not.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Loaded
        Holes become annotations of an exclusion group, the pieces of a MultiPolygon annotations of
        their own. What cannot be read is kept and written back to GeoJSON.

    Raises
    ------
    AnnotationError
        The file cannot be read, is no JSON, or no GeoJSON.
    """
    path = Path(path)
    content = _content(path)
    features, members = _features(content, path)
    notices = Notices()
    annotations, unread = list[Annotation](), list[Any]()
    groups = {group.name: group for group in groups_in(members.get(MEMBER))}
    for number, feature in enumerate(with_children(features)):
        try:
            found = read_feature(feature, number)
        except NotAGeometryError:
            unread.append(feature)
            notices.add(
                "Objects without a readable shape are not shown, and kept in GeoJSON alone: {who}.",
                f"number {number + 1}",
            )
            continue
        annotations += found.annotations
        for group in found.groups:
            groups.setdefault(group.name, group)
        _note(found.annotations, found.holes, notices)
    annotations += annotations_in(members.get(MEMBER))
    declared = with_declared(groups.values(), (annotation.group for annotation in annotations))
    declared, _ = without_cycles(declared)
    kept = {
        "members": {key: value for key, value in members.items() if key != MEMBER},
        "features": unread,
    }
    extra = {SLOT: kept} if any(kept.values()) else {}
    return Loaded(AnnotationSet.of(annotations, declared.values(), extra), notices.texts())


def _note(annotations: tuple[Annotation, ...], holes: int, notices: Notices) -> None:
    name = quoted(annotations[0].name)
    if holes:
        notices.add("Holes, which ASAP does not know, became annotations of a group: {who}.", name)
    if len(annotations) - holes > 1:
        notices.add("Shapes of several pieces became several annotations: {who}.", name)
    if any(annotation.kind == OPEN_LINE for annotation in annotations):
        notices.add("Open lines, which ASAP does not know, keep a type of their own: {who}.", name)


def _content(path: Path) -> Any:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
        if data.startswith(_GZIP):
            with gzip.open(path) as unpacked:
                data = unpacked.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "what gzip packed is cut off or damaged"
        raise AnnotationError(
            f"cannot be read: {reason}.", path=path, remedy="Check its name and that it is whole."
        ) from error
    if len(data) > LARGEST_BYTES:
        limit = f"{LARGEST_BYTES >> 20} MiB"
        raise AnnotationError(
            f"is larger than {limit}, the most that is read.", path=path, remedy="Split it."
        )
    if not data.strip():
        raise AnnotationError("is empty.", path=path, remedy=_EARLIER)
    try:
        return json.loads(data)
    except RecursionError as error:
        raise AnnotationError(
            "is nested deeper than any annotation file.", path=path, remedy=_ANOTHER
        ) from error
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f"is no JSON: it cannot be read on from line {error.lineno}, column {error.colno}.",
            path=path,
            remedy=f"It may be cut off or damaged. {_EARLIER}",
        ) from error
    except UnicodeDecodeError as error:
        raise AnnotationError("is no JSON: it is no text.", path=path, remedy=_ANOTHER) from error
    except ValueError as error:  # Python's limit to the digits of an integer
        raise AnnotationError(
            "is no JSON of annotations: it has a number of thousands of digits.",
            path=path,
            remedy=_EARLIER,
        ) from error


def _features(content: Any, path: Path) -> tuple[list[Any], dict[str, Any]]:
    """The features of any form of file, and the other members of a collection."""
    if isinstance(content, list):
        return content, {}
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection" and isinstance(content.get("features"), list):
        others = {key: it for key, it in content.items() if key not in ("type", "features")}
        return content["features"], others
    if kind == "Feature":
        return [content], {}
    if isinstance(content, dict) and ("coordinates" in content or "geometries" in content):
        return [{"type": "Feature", "geometry": content}], {}
    raise AnnotationError(
        f"is JSON, but no GeoJSON: {_why_not(content)}.", path=path, remedy=_ANOTHER
    )


def _why_not(content: Any) -> str:
    if not isinstance(content, dict):
        return "it holds neither an object nor a list"
    kind = content.get("type")
    if kind == "FeatureCollection":
        return 'its "features" are no list' if "features" in content else 'it has no "features"'
    if isinstance(kind, str):
        return f"nothing of the type {quoted(kind)} is known"
    return 'it does not say its "type"'
