"""What ASAP's XML may hold beyond our values, kept under ``extra["asap"]`` to be written back.

Plain dicts, lists, strings and numbers throughout, so that it survives JSON; never changed in
place. XML is kept as fragments: the text of one element, comment or processing instruction.

=========== ====================================================================================
value       slots
=========== ====================================================================================
Annotation  attributes; before (comments in front of it); head and tail (children before and after
            Coordinates); coordinates_attributes; coordinates (comments inside); vertices and
            vertex_count (what single vertices carry); colour (text that is no ``#RRGGBB``)
Group       attributes; before; head and tail (around Attributes); attributes_attributes;
            attributes_children; colour
set         prolog, epilog (outside the root); root_attributes; root_before, root_between,
            root_after (around the sections); and for each section ``annotations`` and ``groups``:
            ``_attributes``, ``_end`` (comments), ``_unknown`` (elements)
=========== ====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from slideviewer.annotations.asap.text import decoded, decoded_key, encoded, encoded_key
from slideviewer.annotations.model import Annotation

SLOT = "asap"

ANNOTATION_ATTRIBUTES = ("Name", "Type", "PartOfGroup", "Color")
GROUP_ATTRIBUTES = ("Name", "PartOfGroup", "Color")
COORDINATE_ATTRIBUTES = ("Order", "X", "Y")
"""The attributes that ASAP knows, in its order."""


def kept_of(extra: Mapping[str, object]) -> Mapping[str, object]:
    """What was kept of ASAP's XML; empty where the value came from elsewhere."""
    kept = extra.get(SLOT)
    return kept if isinstance(kept, Mapping) else {}


def as_extra(kept: Mapping[str, object]) -> dict[str, object]:
    """An ``extra`` that holds the slots that are not empty; itself empty where all are."""
    filled = {slot: value for slot, value in kept.items() if value}
    return {SLOT: filled} if filled else {}


def fragments(kept: Mapping[str, object], slot: str) -> list[str]:
    """The pieces of XML in a slot."""
    found = kept.get(slot)
    return list(found) if isinstance(found, Sequence) and not isinstance(found, str) else []


def attributes(kept: Mapping[str, object], slot: str) -> dict[str, str]:
    """The XML attributes in a slot, by their names in the file."""
    found = kept.get(slot)
    return dict(found) if isinstance(found, Mapping) else {}


def asap_attributes(annotation: Annotation) -> dict[str, str]:
    """The attributes that an annotation carries in ASAP's XML beyond the four that ASAP knows."""
    found = attributes(kept_of(annotation.extra), "attributes")
    return {decoded_key(name): decoded(value) for name, value in found.items()}


def with_asap_attributes(annotation: Annotation, values: Mapping[str, str]) -> Annotation:
    """An annotation that carries more attributes in ASAP's XML, such as ``label`` and ``score``.

    Parameters
    ----------
    annotation : Annotation
    values : mapping of str to str
        Added to those it has, or replacing them.

    Raises
    ------
    ValueError
        A key is one of ASAP's own four.
    """
    _check_free(values)
    kept = kept_of(annotation.extra)
    new = {encoded_key(key): encoded(value) for key, value in values.items()}
    merged = {**kept, "attributes": {**attributes(kept, "attributes"), **new}}
    return replace(annotation, extra={**annotation.extra, **as_extra(merged)})


def with_only_asap_attributes(annotation: Annotation, values: Mapping[str, str]) -> Annotation:
    """An annotation that carries these attributes in ASAP's XML beyond ASAP's four, and no others.

    Raises
    ------
    ValueError
        A key is one of ASAP's own four.
    """
    _check_free(values)
    kept = kept_of(annotation.extra)
    names = {decoded_key(name): name for name in attributes(kept, "attributes")}
    own = {names.get(key) or encoded_key(key): encoded(value) for key, value in values.items()}
    others = {slot: value for slot, value in annotation.extra.items() if slot != SLOT}
    return replace(annotation, extra={**others, **as_extra({**kept, "attributes": own})})


def _check_free(keys: Iterable[str]) -> None:
    taken = [key for key in keys if key in ANNOTATION_ATTRIBUTES]
    if taken:
        raise ValueError(f"{taken[0]!r} is one of ASAP's own attributes: change the annotation.")
