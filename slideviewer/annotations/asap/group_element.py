"""One ``Group`` element as a value, and many of one name as one."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from slideviewer.annotations.asap.elements import (
    colour_of,
    fragment,
    merged,
    nodes,
    tag_of,
    unknown_attributes,
)
from slideviewer.annotations.asap.kept import GROUP_ATTRIBUTES, as_extra, kept_of
from slideviewer.annotations.asap.text import UNGROUPED, decoded, decoded_group, decoded_key
from slideviewer.annotations.loaded import Notices, quoted
from slideviewer.annotations.model import DEFAULT_GROUP_COLOUR, Group


def group_name(element: Any) -> str:
    """The name of a ``Group`` element."""
    return decoded_group(element.get("Name", ""))


def read_group(element: Any, before: list[str], groups: Container[str], notices: Notices) -> Group:
    """Read one group.

    Parameters
    ----------
    element : lxml element
    before : list of str
        Comments in front of it, to be kept with it.
    groups : container of str
        The names of all declared groups.
    notices : Notices
        Oddities are added here.
    """
    name = group_name(element)
    colour, colour_kept = colour_of(element, DEFAULT_GROUP_COLOUR)
    if colour_kept:
        notices.add(
            f"The colour of the group {{who}} is not of the form #RRGGBB;"
            f" {DEFAULT_GROUP_COLOUR} is shown.",
            quoted(name),
        )
    parent = element.get("PartOfGroup", UNGROUPED)
    is_inner = parent != UNGROUPED and (parent != "" or "" in groups)
    values, kept = _read_children(element)
    kept["attributes"] = unknown_attributes(element, GROUP_ATTRIBUTES)
    kept["before"] = before
    kept["colour"] = colour_kept
    return Group(
        name=name,
        parent=decoded_group(parent) if is_inner else None,
        colour=colour,
        attributes=values,
        extra=as_extra(kept),
    )


def merged_group(first: Group, second: Group) -> Group:
    """Two declarations of one group as one; where they differ the later one counts, as in ASAP."""
    return replace(
        second,
        parent=second.parent if second.parent is not None else first.parent,
        attributes={**first.attributes, **second.attributes},
        extra=as_extra(merged(kept_of(first.extra), kept_of(second.extra))),
    )


def _read_children(element: Any) -> tuple[dict[str, str], dict[str, object]]:
    values, found = dict[str, str](), False
    head, tail, inside = list[str](), list[str](), list[str]()
    kept: dict[str, object] = {}
    for node in nodes(element):
        if tag_of(node) != "Attributes" or found:
            (tail if found else head).append(fragment(node))
            continue
        found = True
        kept["attributes_attributes"] = unknown_attributes(node)
        for child in nodes(node):
            if _is_plain_attribute(child):
                for key, value in child.attrib.items():
                    values[decoded_key(key)] = decoded(value)
            else:
                inside.append(fragment(child))
    return values, {**kept, "head": head, "tail": tail, "attributes_children": inside}


def _is_plain_attribute(node: Any) -> bool:
    return (
        tag_of(node) == "Attribute"
        and len(node) == 0
        and not (node.text and node.text.strip())
        and bool(node.attrib)
        and not any(key.startswith("{") for key in node.attrib)
    )
