"""What stands beside the features of a file: groups, and annotations that have no place.

GeoJSON lets other programs add members to a collection. Ours is ``asap``, with the ``groups`` (also
those without members) and the annotations ``without_points``, which no geometry can hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slideviewer.annotations.asap.kept import asap_attributes
from slideviewer.annotations.geojson.colours import colour_noted
from slideviewer.annotations.geojson.note import with_noted_attributes
from slideviewer.annotations.model import (
    DEFAULT_COLOUR,
    DEFAULT_GROUP_COLOUR,
    Annotation,
    Group,
    Kind,
    as_points,
    kind_named,
)

MEMBER = "asap"


def member_for(groups: Iterable[Group], without_points: Sequence[Annotation]) -> dict[str, object]:
    """The member of a collection for groups and for annotations without vertices."""
    member: dict[str, object] = {
        "groups": [
            {
                "name": group.name,
                "parent": group.parent,
                "colour": group.colour,
                "attributes": dict(group.attributes),
            }
            for group in groups
        ]
    }
    if without_points:
        member["without_points"] = [
            {
                "name": it.name,
                "type": str(it.kind),
                "group": it.group,
                "colour": it.colour,
                "attributes": asap_attributes(it),
            }
            for it in without_points
        ]
    return member


def groups_in(member: object) -> list[Group]:
    """The groups of a collection's member."""
    return [
        Group(
            name=entry["name"],
            parent=_text(entry, "parent"),
            colour=colour_noted(entry.get("colour")) or DEFAULT_GROUP_COLOUR,
            attributes=_texts(entry.get("attributes")),
        )
        for entry in _entries(member, "groups")
    ]


def annotations_in(member: object) -> list[Annotation]:
    """The annotations without vertices of a collection's member."""
    return [
        with_noted_attributes(
            Annotation(
                name=entry["name"],
                kind=kind_named(_text(entry, "type") or Kind.NONE),
                points=as_points([]),
                group=_text(entry, "group"),
                colour=colour_noted(entry.get("colour")) or DEFAULT_COLOUR,
            ),
            entry.get("attributes"),
        )
        for entry in _entries(member, "without_points")
    ]


def _entries(member: object, key: str) -> list[Mapping[str, Any]]:
    entries = member.get(key) if isinstance(member, dict) else None
    found = entries if isinstance(entries, list) else []
    return [it for it in found if isinstance(it, dict) and isinstance(it.get("name"), str)]


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None


def _texts(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in pairs if isinstance(text, str)}
