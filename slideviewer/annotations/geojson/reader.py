"""From a GeoJSON file to annotations and groups, with a notice for each oddity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slideviewer.annotations.geojson.collection import MEMBER, annotations_in, groups_in
from slideviewer.annotations.geojson.feature import SLOT, read_feature, with_children
from slideviewer.annotations.geojson.geometry import OPEN_LINE, NotAGeometryError
from slideviewer.annotations.grouping import with_declared, without_cycles
from slideviewer.annotations.json_file import ANOTHER, read_json
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import Annotation, AnnotationSet
from slideviewer.errors import AnnotationError


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
    content = read_json(path)
    features, members = _features(content, path)
    notices = Notices()
    annotations, unread = list[Annotation](), list[Any]()
    groups = {group.name: group for group in groups_in(members.get(MEMBER))}
    guessed = set[str]()  # groups whose colour no feature has given yet
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
            if group.name not in groups:
                guessed.add(group.name)
            if group is found.coloured and group.name in guessed:
                guessed.discard(group.name)
                groups[group.name] = group
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
        f"is JSON, but no GeoJSON: {_why_not(content)}.", path=path, remedy=ANOTHER
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
