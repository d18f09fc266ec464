"""What one format holds of an annotation file and another cannot: told before it is lost.

Each format keeps what it knows beyond our values in a slot of ``extra`` that only its own writer
looks at; what lies in the other slot is what a file of this format leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from slideviewer.annotations.asap.kept import attributes, fragments, kept_of
from slideviewer.annotations.geojson.feature import SLOT as GEOJSON
from slideviewer.annotations.loaded import Notices, quoted
from slideviewer.annotations.model import AnnotationSet

_TAG = re.compile(r"<([^\s/>!?]+)")

_FRAGMENTS = (
    *("before", "head", "tail", "coordinates", "attributes_children"),
    *("prolog", "epilog", "root_before", "root_between", "root_after"),
    *("annotations_end", "annotations_unknown", "groups_end", "groups_unknown"),
)
_ATTRIBUTES: Mapping[str, str] = {
    "coordinates_attributes": "attributes of a list of coordinates",
    "attributes_attributes": "attributes of a list of attributes",
    "root_attributes": "attributes of the file",
    "annotations_attributes": "attributes of the list of annotations",
    "groups_attributes": "attributes of the list of groups",
    "colour": "a colour that is not of the form #RRGGBB",
    "vertices": "what single vertices carry",
}
"""Slots of what is kept of ASAP's XML, in words; those of attributes are the same by any name."""


def lost_in_geojson(annotations: AnnotationSet) -> tuple[str, ...]:
    """Sentences on what QuPath's GeoJSON cannot hold of these annotations; empty for nothing."""
    notices = Notices()

    def note(extra: Mapping[str, object], who: str, attributes_too: bool = False) -> None:
        for words in dict.fromkeys(_asap_words(kept_of(extra), attributes_too)):
            notices.add(f"GeoJSON cannot hold {words}, left out of {{who}}.", who)

    note(annotations.extra, "the file as a whole")
    for group in annotations.groups.values():
        note(group.extra, f"the group {quoted(group.name)}", attributes_too=True)
    for annotation in annotations:
        note(annotation.extra, quoted(annotation.name))
    return notices.texts()


def lost_in_asap(annotations: AnnotationSet) -> tuple[str, ...]:
    """Sentences on what ASAP's XML cannot hold of these annotations; empty for nothing.

    The identities of QuPath's objects are not told of: they say nothing about the shapes.
    """
    notices = Notices()
    whole = _mapping(annotations.extra.get(GEOJSON))
    unread = whole.get("features") or ()
    if unread:
        objects = "1 object" if len(unread) == 1 else f"{len(unread)} objects"
        notices.add(f"ASAP XML cannot hold {objects} without a readable shape, left out.")
    for key in whole.get("members") or ():
        notices.add(f"ASAP XML cannot hold {quoted(key)}, left out of the file as a whole.")
    for annotation in annotations:
        for key in _geojson_keys(_mapping(annotation.extra.get(GEOJSON))):
            sentence = f"ASAP XML cannot hold {quoted(key)}, left out of {{who}}."
            notices.add(sentence, quoted(annotation.name))
    return notices.texts()


def _asap_words(kept: Mapping[str, object], attributes_too: bool) -> Iterator[str]:
    for slot in _FRAGMENTS:
        for piece in fragments(kept, slot):
            yield _named(piece)
    for slot, words in _ATTRIBUTES.items():
        if kept.get(slot):
            yield words
    if attributes_too:
        for key in attributes(kept, "attributes"):
            yield f"the attribute {quoted(key)}"


def _named(piece: str) -> str:
    tag = _TAG.match(piece)
    if tag is None:
        return "comments" if piece.startswith("<!--") else "processing instructions"
    if tag[1] == "Coordinates":
        return "coordinates that are not shown"
    return f"the element <{tag[1]}>"


def _geojson_keys(kept: Mapping[str, Any]) -> Iterator[str]:
    for slot in ("members", "geometry", "properties"):
        for key, value in _mapping(kept.get(slot)).items():
            if (key, value) != ("objectType", "annotation"):  # what every one is to ASAP
                yield key


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
