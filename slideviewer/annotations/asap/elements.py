"""Looking at the elements of a parsed tree: unknown attributes, pieces to be kept, colours."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from lxml import etree

from slideviewer.annotations.asap.text import as_comment

_COLOUR = re.compile("#[0-9A-Fa-f]{6}")
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


def unknown_attributes(element: Any, known: Container[str] = ()) -> dict[str, str]:
    """The attributes of an element beyond the known ones, by the names they have in the file.

    Name spaces declared on the element are among them, so that the names stay valid.
    """
    found: dict[str, str] = {}
    if element.nsmap:
        parent = element.getparent()
        around = parent.nsmap if parent is not None else {}
        found = {
            f"xmlns:{prefix}" if prefix else "xmlns": uri
            for prefix, uri in element.nsmap.items()
            if around.get(prefix) != uri
        }
    for key, value in element.attrib.items():
        if key not in known:
            found[_name_in_file(element, key)] = value
    return found


def nodes(element: Any) -> Iterator[Any]:
    """The content of an element in order: elements, comments, and text as comments (of type str).

    Text means more than the spaces of the layout. Between elements it has no place, and ASAP
    takes it for an element that it does not understand.
    """
    if element.text and not element.text.isspace():
        yield as_comment(element.text.strip())
    for child in element:
        yield child
        if child.tail and not child.tail.isspace():
            yield as_comment(child.tail.strip())


def tag_of(node: Any) -> str:
    """The tag of an element among `nodes`; empty for a comment or processing instruction."""
    tag = getattr(node, "tag", None)
    return tag if isinstance(tag, str) else ""


def fragment(node: Any) -> str:
    """The XML text of one of `nodes`."""
    if isinstance(node, str):
        return node
    return str(etree.tostring(node, encoding="unicode", with_tail=False))


def colour_of(element: Any, default: str) -> tuple[str, dict[str, str]]:
    """An element's colour to be shown, and what the file said where that is no ``#RRGGBB``."""
    written = element.get("Color", "")
    if not written:
        return default, {}
    if _COLOUR.fullmatch(written):
        return written, {}
    return default, {"written": written, "shown": default}


def merged(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, object]:
    """Two kept mappings as one: lists joined, mappings united, of single values the second."""
    result = dict(first)
    for slot, value in second.items():
        known = result.get(slot)
        if isinstance(known, list) and isinstance(value, list):
            result[slot] = known + value
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            result[slot] = {**known, **value}
        else:
            result[slot] = value
    return result


def _name_in_file(element: Any, key: str) -> str:
    if not key.startswith("{"):
        return key
    uri, name = key[1:].split("}", 1)
    if uri == _XML_NAMESPACE:
        return f"xml:{name}"
    return next(f"{prefix}:{name}" for prefix, it in element.nsmap.items() if it == uri and prefix)
