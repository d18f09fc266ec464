"""From ASAP's XML to annotations and groups, with a notice for each oddity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slideviewer.annotations.asap.annotation_element import read_annotation
from slideviewer.annotations.asap.elements import fragment, nodes, tag_of, unknown_attributes
from slideviewer.annotations.asap.group_element import group_name, merged_group, read_group
from slideviewer.annotations.asap.kept import as_extra
from slideviewer.annotations.asap.parsing import parse
from slideviewer.annotations.asap.plain import MARKER
from slideviewer.annotations.asap.target import SECTIONS, Document
from slideviewer.annotations.grouping import with_declared, without_cycles
from slideviewer.annotations.loaded import Loaded, Notices, quoted
from slideviewer.annotations.model import Annotation, AnnotationSet, Group
from slideviewer.annotations.xml_file import brief


def read_asap(path: Path | str) -> Loaded:
    """Read a file of ASAP's annotation XML; nothing in it is lost when it is written again.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Loaded
        With a notice for what ASAP would lose or refuse: groups used but not declared or declared
        twice, cycles of groups, unknown types, odd coordinates and the like.

    Raises
    ------
    AnnotationError
        The file cannot be read, is cut off or not well-formed (`recover_asap` reads what is
        there), is no annotation file of ASAP, or is hostile.
    """
    notices = Notices()
    return Loaded(read_document(parse(Path(path)), notices), notices.texts())


def read_document(document: Document, notices: Notices) -> AnnotationSet:
    """Read a parsed file; oddities are added to the notices."""
    annotation_sections, group_sections, kept = _read_root(document)
    groups = _read_groups(group_sections, kept, notices)
    annotations = _read_annotations(annotation_sections, document, groups, kept, notices)
    declared = with_declared(groups.values(), (annotation.group for annotation in annotations))
    for name in filter(lambda name: name not in groups, declared):
        notices.add(
            "Groups that were used but not declared, for which ASAP refuses the file, are"
            " declared: {who}.",
            quoted(name),
        )
    declared, loose = without_cycles(declared)
    for name in loose:
        notices.add("Groups that contained themselves now stand alone: {who}.", quoted(name))
    return AnnotationSet.of(annotations, declared.values(), as_extra(kept))


def _read_root(document: Document) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """The sections of either kind, and what else there is around them."""
    sections: dict[str, list[Any]] = {tag: [] for tag in SECTIONS}
    slots: tuple[list[str], list[str], list[str]] = ([], [], [])
    for node in nodes(document.root):
        if tag_of(node) in sections:
            sections[tag_of(node)].append(node)
        else:
            kinds_so_far = sum(map(bool, sections.values()))
            slots[kinds_so_far].append(fragment(node))
    kept = {
        "prolog": document.outside[0],
        "epilog": document.outside[1],
        "root_attributes": unknown_attributes(document.root),
        "root_before": slots[0],
        "root_between": slots[1],
        "root_after": slots[2],
    }
    return sections["Annotations"], sections["AnnotationGroups"], kept


def _read_groups(sections: list[Any], kept: dict[str, Any], notices: Notices) -> dict[str, Group]:
    names = {group_name(it) for section in sections for it in section.iterchildren("Group")}
    groups: dict[str, Group] = {}
    for element, before in _entries(sections, "Group", "groups", kept, notices):
        group = read_group(element, before, names, notices)
        if group.name in groups:
            notices.add("Groups declared twice were merged: {who}.", quoted(group.name))
            group = merged_group(groups[group.name], group)
        groups[group.name] = group
    return groups


def _read_annotations(
    sections: list[Any],
    document: Document,
    groups: dict[str, Group],
    kept: dict[str, Any],
    notices: Notices,
) -> list[Annotation]:
    annotations: list[Annotation] = []
    for element, before in _entries(sections, "Annotation", "annotations", kept, notices):
        if document.runs and element.get(MARKER) is not None:
            first, *others = document.runs[int(element.get(MARKER))]
            annotations += (replace(first, extra=as_extra({"before": before})), *others)
            continue
        annotation = read_annotation(element, document, before, groups, notices)
        annotations.append(annotation)
        if element is document.unfinished:
            notices.add(
                "The file breaks off in the middle of {who}, which is incomplete.",
                quoted(annotation.name),
            )
    return annotations


def _entries(
    sections: list[Any], tag: str, slot: str, kept: dict[str, Any], notices: Notices
) -> Iterable[tuple[Any, list[str]]]:
    """Each entry of the sections with the comments in front of it; what is no entry is kept.

    ASAP reads every element of the first section as an entry, so that an unknown one costs the
    whole file. Those are kept for a second section, at which ASAP does not look.
    """
    attributes, unknown, before = dict[str, str](), list[str](), list[str]()
    for number, section in enumerate(sections):
        attributes = {**unknown_attributes(section), **attributes}
        for node in nodes(section):
            if tag_of(node) == tag:
                if number > 0:
                    notices.add("ASAP would have read only the first list of several.")
                yield node, before
                before = []
            elif not tag_of(node):
                before.append(fragment(node))
            else:
                unknown.append(fragment(node))
                if number == 0:
                    notices.add(
                        "Unknown elements, for which ASAP refuses the file, are kept in XML in a"
                        " list of their own: {who}.",
                        f"<{brief(tag_of(node))}>",
                    )
    kept |= {f"{slot}_attributes": attributes, f"{slot}_end": before, f"{slot}_unknown": unknown}
