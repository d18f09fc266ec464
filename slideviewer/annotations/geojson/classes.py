"""QuPath's classifications and our groups.

A class may be derived from another ("Tumor: Positive"). It becomes a group of that whole name
inside the group of the class around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from slideviewer.annotations.geojson.colours import colour_from, rgb_of
from slideviewer.annotations.model import DEFAULT_GROUP_COLOUR, Group

_BETWEEN = ": "
_DEEPEST = 16
"""Classes derived from each other; what is left of a longer name stays together, since the names of
all that are around it grow with their square."""


def class_of(value: object) -> tuple[tuple[str, ...], str | None]:
    """The names of a classification, outermost first, and its colour.

    Parameters
    ----------
    value : object
        What ``properties.classification`` holds: an object with ``name`` or ``names`` and
        ``color`` (before QuPath 0.4: ``colorRGB`` and ``parentClass``), a string, or null.
    """
    if isinstance(value, str):
        return tuple(filter(None, value.split(_BETWEEN, _DEEPEST - 1))), None
    if not isinstance(value, dict):
        return (), None
    names = value.get("names")
    if not isinstance(names, list):
        names = [value.get("name")]
    found = tuple(name for name in names if isinstance(name, str) and name)
    around = value.get("parentClass")
    while isinstance(around, dict) and len(found) < _DEEPEST:
        if isinstance(around.get("name"), str):
            found = (around["name"], *found)
        around = around.get("parentClass")
    if len(found) > _DEEPEST:
        found = (*found[: _DEEPEST - 1], _BETWEEN.join(found[_DEEPEST - 1 :]))
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
    names: list[str] = []
    parent = groups[name].parent if name in groups else None
    # Each parent is shorter than its child here, so that this ends.
    while parent is not None and name.startswith(parent + _BETWEEN):
        names.append(name.removeprefix(parent + _BETWEEN))
        name, parent = parent, groups[parent].parent if parent in groups else None
    return (name, *reversed(names))
