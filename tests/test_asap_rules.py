"""A reader that keeps to ASAP's own rules, written without our code, loads whatever we write."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_asap,
    write_asap,
)

TYPES = ("None", "Dot", "Polygon", "Spline", "PointSet", "Measurement", "Rectangle")


class RefusedError(Exception):
    """ASAP would refuse the file, lose something of it, or crash."""


@dataclass
class AsapGroup:
    """A group as ASAP holds it."""

    name: str
    colour: str
    parent: str | None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class AsapAnnotation:
    """An annotation as ASAP holds it."""

    name: str
    kind: str
    group: str | None
    colour: str
    points: np.ndarray


def load_as_asap(path: Path) -> tuple[list[AsapAnnotation], dict[str, AsapGroup]]:
    """Read a file by ASAP's rules; `RefusedError` where it would not take it whole.

    Its parser skips comments, and takes every element of a list (and text) for an entry of it.
    """
    root = ElementTree.parse(path).getroot()
    if root.tag != "ASAP_Annotations":
        raise RefusedError("no root")
    groups: dict[str, AsapGroup] = {}
    for element in _entries(root.find("AnnotationGroups")):
        name, parent = element.get("Name", ""), element.get("PartOfGroup", "")
        if name in groups:
            raise RefusedError(f"two groups {name!r}: the first is lost")
        group = AsapGroup(name, element.get("Color", ""), None if parent == "None" else parent)
        attributes = element.find("Attributes")
        if attributes is None:
            raise RefusedError("every group that ASAP writes has Attributes")
        for attribute in attributes:
            group.attributes |= attribute.attrib
        groups[name] = group
    for group in groups.values():
        chain = [group.name]
        while (parent := groups[chain[-1]].parent) is not None:
            if parent not in groups or parent in chain:
                raise RefusedError(f"parent {parent!r} undeclared or in a cycle")
            chain.append(parent)
    annotations = []
    for element in _entries(root.find("Annotations")):
        group_name = element.get("PartOfGroup", "")
        if group_name != "None" and group_name not in groups:
            raise RefusedError(f"undeclared group {group_name!r}: nothing is loaded")
        kind = element.get("Type", "")
        annotations.append(
            AsapAnnotation(
                name=element.get("Name", ""),
                kind=kind if kind in TYPES else "None",
                group=None if group_name == "None" else group_name,
                colour=element.get("Color") or "#F4FA58",
                points=_points(element.find("Coordinates")),
            )
        )
    return annotations, groups


def _entries(section: ElementTree.Element | None) -> list[ElementTree.Element]:
    if section is None:
        raise RefusedError("a section is missing")
    if any((text or "").strip() for text in (section.text, *(it.tail for it in section))):
        raise RefusedError("text among the entries is taken for one")
    return list(section)


def _points(coordinates: ElementTree.Element | None) -> np.ndarray:
    if coordinates is None:
        return np.zeros((0, 2), np.float32)
    points = np.zeros((len(coordinates.findall("Coordinate")), 2), np.float32)
    for element in _entries(coordinates):
        order = int(element.get("Order", "0"))
        if not 0 <= order < len(points):
            raise RefusedError(f"order {order} is outside the memory for {len(points)} points")
        with np.errstate(over="ignore"):
            points[order] = float(element.get("X", "0")), float(element.get("Y", "0"))
    return points


def assert_asap_loads(annotations: AnnotationSet, path: Path) -> None:
    """Assert that ASAP would hold all of a set that was written to a file."""
    loaded, groups = load_as_asap(path)
    assert [it.name for it in loaded] == [it.name for it in annotations]
    for theirs, ours in zip(loaded, annotations, strict=True):
        assert theirs.kind == (ours.kind if ours.kind in TYPES else "None")
        assert (theirs.group, theirs.colour) == (ours.group, ours.colour)
        np.testing.assert_array_equal(theirs.points, ours.points.astype(np.float32))
    assert set(groups) >= set(annotations.groups)
    for name, group in annotations.groups.items():
        assert (groups[name].parent, groups[name].colour) == (group.parent, group.colour)
        assert groups[name].attributes == group.attributes


def test_all_real_files_load_after_we_wrote_them(real_data: Path, tmp_path: Path) -> None:
    files = sorted((real_data / "asap_xml").rglob("*.xml"))
    assert len(files) == 25
    for file in files:
        annotations = read_asap(file).annotations
        write_asap(annotations, tmp_path / "out.xml", backup=False)
        assert_asap_loads(annotations, tmp_path / "out.xml")


def test_each_kind_and_nesting_loads(tmp_path: Path) -> None:
    square = as_points([(1, 2), (3.5, 2), (3.5, 4.25), (1, 4.25)])
    annotations = AnnotationSet.of(
        [Annotation(f"a {kind}", kind, square[:2], group="in") for kind in Kind],
        [Group("out", colour="#ff0000"), Group("in", "out", attributes={"b": "2", "a": "1"})],
    )
    write_asap(annotations, tmp_path / "out.xml")
    assert_asap_loads(annotations, tmp_path / "out.xml")


@pytest.mark.parametrize(
    "name", ["None", "", "a & <b> \"c\" 'd'", "größe 😀", "\n\t x  ", "_x0041_"]
)
def test_odd_names_load(tmp_path: Path, name: str) -> None:
    annotations = AnnotationSet.of(
        [Annotation(name, Kind.DOT, as_points([(1, 2)]), group="g")],
        [Group("g"), Group(name + "2", "g", attributes={"key": name})],
    )
    write_asap(annotations, tmp_path / "out.xml")
    assert_asap_loads(annotations, tmp_path / "out.xml")


def test_what_we_hold_wrongly_is_written_so_that_it_loads(tmp_path: Path) -> None:
    wrong = AnnotationSet.of(
        [
            Annotation("undeclared", Kind.DOT, as_points([(1, 2)]), group="nowhere"),
            Annotation(
                "nowhere", Kind.POLYGON, as_points([(0, 0), (np.nan, 1), (2, np.inf), (3, 3)])
            ),
            Annotation("without", Kind.POLYGON, as_points([])),
        ],
        [Group("a", "b"), Group("b", "a"), Group("c", "c"), Group("d", "elsewhere")],
    )
    write_asap(wrong, tmp_path / "out.xml")
    annotations, groups = load_as_asap(tmp_path / "out.xml")
    assert set(groups) == {"a", "b", "c", "d", "elsewhere", "nowhere"}
    assert [len(it.points) for it in annotations] == [1, 2, 0]


def test_unknown_elements_do_not_cost_asap_the_file(tmp_path: Path) -> None:
    file = tmp_path / "in.xml"
    file.write_text(
        '<ASAP_Annotations><Extra/><Annotations><Vendor a="1"/><!-- note -->'
        '<Annotation Name="n" Type="Polygon" PartOfGroup="None" Color="#000000"><Note>x</Note>'
        '<Coordinates><Control/><Coordinate Order="0" X="5" Y="6" Pressure="0.5"/></Coordinates>'
        "</Annotation>stray</Annotations><AnnotationGroups><Vendor/></AnnotationGroups>"
        "</ASAP_Annotations>"
    )
    annotations = read_asap(file).annotations
    write_asap(annotations, tmp_path / "out.xml")
    assert_asap_loads(annotations, tmp_path / "out.xml")
    text = (tmp_path / "out.xml").read_text()
    for kept in ('<Vendor a="1"/>', "<!-- note -->", "<Note>x</Note>", "<Control/>", "stray"):
        assert kept in text
