"""QuPath's classifications and our groups.

A class may be derived from another ("Tumor: Positive"). It becomes a group of that whole name
inside the group of the class around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from slideviewer.annotations.geojson.colours import colour_from, rgb_of
from slideviewer.annotations.model import DEFAULT_GROUP_COLOUR, Group

_BETWEEN = ": "


def class_of(value: object) -> tuple[tuple[str, ...], str | None]:
    """The names of a classification, outermost first, and its colour.

    Parameters
    ----------
    value : object
        What ``properties.classification`` holds: an object with ``name`` or ``names`` and
        ``color`` (before QuPath 0.4: ``colorRGB`` and ``parentClass``), a string, or null.
    """
    if isinstance(value, str):
        return tuple(filter(None, value.split(_BETWEEN))), None
    if not isinstance(value, dict):
        return (), None
    names = value.get("names")
    if not isinstance(names, list):
        names = [value.get("name")]
    found = tuple(name for name in names if isinstance(name, str) and name)
    around, depth = value.get("parentClass"), 0
    while isinstance(around, dict) and depth < 16:
        if isinstance(around.get("name"), str):
            found = (around["name"], *found)
        around, depth = around.get("parentClass"), depth + 1
    return found, colour_from(value.get("color", value.get("colorRGB")))


def groups_for(names: tuple[str, ...], colour: str | None) -> list[Group]:
    """The group of a classification and those around it, outermost first."""
    groups: list[Group] = []
    for count in range(1, len(names) + 1):
        parent = groups[-1].name if groups else None
        name = _BETWEEN.join(names[:count])
        groups.append(Group(name, parent, colour or DEFAULT_GROUP_COLOUR))
    return groups


def classification_for(name: str, groups: Mapping[str, Group]) -> dict[str, object]:
    """The classification of a group's members; with its colour, without which QuPath refuses it."""
    group = groups.get(name, Group(name))
    names = list(_names(name, groups))
    rgb = rgb_of(group.colour) or rgb_of(DEFAULT_GROUP_COLOUR)
    return {**({"name": name} if len(names) == 1 else {"names": names}), "color": rgb}


def _names(name: str, groups: Mapping[str, Group]) -> tuple[str, ...]:
    parent = groups[name].parent if name in groups else None
    if parent is None or not name.startswith(parent + _BETWEEN):
        return (name,)
    # Each parent is shorter than its child here, so that this ends.
    return (*_names(parent, groups), name.removeprefix(parent + _BETWEEN))
