"""Camelyon16's outlines as JSON, read: the form that the NCRF project made of the XML.

``{"positive": [{"name": …, "vertices": [[x, y], …]}, …], "negative": […]}`` in level-0 pixels.
Positive ones go into the group that Camelyon16's later files call ``Tumor``, negative ones, the
healthy tissue within, into ``_2``, as those files do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from slideviewer.annotations.geojson.geometry import NotAGeometryError, places
from slideviewer.annotations.json_file import ANOTHER, read_json
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.annotations.rings import opened
from slideviewer.errors import AnnotationError

GROUPS = {"positive": Group("Tumor"), "negative": Group("_2")}
"""The lists of a file and the groups that they become."""

_IN_HEAD = re.compile(rb'[^{}\[\]]*\{[^{}\[\]]*"(?:positive|negative)"\s*:\s*\[')


def is_camelyon_json(start: bytes) -> bool:
    """Whether the beginning of a JSON file is of this form."""
    return _IN_HEAD.match(start) is not None


def read_camelyon_json(path: Path | str) -> Loaded:
    """Read a file of Camelyon16's outlines as JSON.

    Parameters
    ----------
    path : Path or str

    Raises
    ------
    AnnotationError
        The file cannot be read, is no JSON, or is of another form.
    """
    path = Path(path)
    content = read_json(path)
    if not isinstance(content, dict) or not any(
        isinstance(content.get(key), list) for key in GROUPS
    ):
        raise AnnotationError(
            'is no JSON of Camelyon16: it has no list "positive" or "negative".',
            path=path,
            remedy=ANOTHER,
        )
    notices = Notices()
    annotations, groups = list[Annotation](), list[Group]()
    for key, group in GROUPS.items():
        entries = content.get(key)
        if not isinstance(entries, list):
            continue
        if entries:
            groups.append(group)
        annotations += [
            _annotation(entry, f"{key} {number}", group, notices)
            for number, entry in enumerate(entries, 1)
        ]
    others = [quoted(key) for key in content if key not in GROUPS]
    for key in others:
        notices.add("What is not known of a file of Camelyon16 is left out: {who}.", key)
    return Loaded(AnnotationSet.of(annotations, groups), notices.texts())


def _annotation(entry: Any, fallback: str, group: Group, notices: Notices) -> Annotation:
    known = entry if isinstance(entry, dict) else {}
    name = known.get("name")
    name = name if isinstance(name, str) else fallback
    try:
        points = opened(places(known.get("vertices")))
    except NotAGeometryError:
        notices.add("There are no readable vertices in {who}.", quoted(name))
        points = as_points([])
    return Annotation(name, Kind.POLYGON, points, group.name)
