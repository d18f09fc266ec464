"""Aperio ImageScope's XML: told from ASAP's by its content, and read whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    Kind,
    Loaded,
    as_polygon,
    asap_attributes,
    format_in,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.imagescope import is_imagescope, read_imagescope
from slideviewer.annotations.rings import ellipse
from slideviewer.errors import AnnotationError

HEADERS = (
    '<RegionAttributeHeaders><AttributeHeader Id="9999" Name="Region" ColumnWidth="-1"/>'
    '<AttributeHeader Id="1" Name="Grade" ColumnWidth="-1"/></RegionAttributeHeaders>'
)
TRIANGLE = [(0, 0), (10.5, 0), (5, 9)]


def region(kind: int | str = 0, places: list = TRIANGLE, inside: str = "", **more: str) -> str:
    """A ``Region`` as ImageScope writes it."""
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in places)
    attributes = {"Id": "1", "Type": str(kind), "Text": "", "NegativeROA": "0"} | more
    written = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    return (
        f"<Region {written}><Attributes>{inside}</Attributes><Vertices>{vertices}</Vertices>"
        "</Region>"
    )


def layer(*regions: str, name: str = "Tumor", colour: int = 65280, values: str = "") -> str:
    """An ``Annotation``, which is a layer of regions."""
    return (
        f'<Annotation Id="1" Name="{name}" ReadOnly="0" Type="4" LineColor="{colour}">'
        f"<Attributes>{values}</Attributes><Regions>{HEADERS}{''.join(regions)}</Regions><Plots/>"
        "</Annotation>"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the tests of this module put their file."""
    return tmp_path / "markup.xml"


def load(file: Path, *layers: str) -> Loaded:
    """Write a file of these layers and read it, as any annotation file is read."""
    file.write_text(
        f'<?xml version="1.0"?>\n<Annotations MicronsPerPixel="0.25">{"".join(layers)}'
        "</Annotations>"
    )
    return read_annotations(file)


def test_layers_become_groups_and_regions_annotations(file: Path) -> None:
    grade = '<Attribute Name="1" Id="0" Value="3"/><Attribute Name="9999" Value=""/>'
    loaded = load(
        file,
        layer(region(Text="a note"), region(Id="7", inside=grade), colour=255),
        layer(region(), name="Stroma", colour=16711680),
    )
    assert loaded.notices == ()
    annotations = loaded.annotations
    assert {it.name: it.colour for it in annotations.groups.values()} == {
        "Tumor": "#FF0000",  # red is the lowest byte
        "Stroma": "#0000FF",
    }
    assert annotations.groups["Tumor"].attributes == {"MicronsPerPixel": "0.25"}
    assert [(it.name, it.group, it.colour) for it in annotations] == [
        ("a note", "Tumor", "#FF0000"),
        ("Region 7", "Tumor", "#FF0000"),
        ("Region 1", "Stroma", "#0000FF"),
    ]
    assert [asap_attributes(it) for it in annotations] == [{}, {"Grade": "3"}, {}]
    assert all(it.points.tolist() == [list(place) for place in TRIANGLE] for it in annotations)


@pytest.mark.parametrize(
    ("kind", "places", "expected", "count"),
    [
        (0, TRIANGLE, Kind.POLYGON, 3),
        (0, [*TRIANGLE, TRIANGLE[0]], Kind.POLYGON, 3),
        (0, TRIANGLE[:2], Kind.MEASUREMENT, 2),
        (0, TRIANGLE[:1], Kind.DOT, 1),
        (1, [(5, 20), (30, 20), (30, 40), (5, 40)], Kind.RECTANGLE, 4),
        (1, [(30, 40), (5, 20)], Kind.RECTANGLE, 4),
        (1, [(0, 10), (10, 0), (20, 10), (10, 20)], Kind.POLYGON, 4),  # turned
        (2, TRIANGLE, Kind.POLYGON, 3),
        (3, TRIANGLE[:2], Kind.MEASUREMENT, 2),
        (4, TRIANGLE[:2], Kind.MEASUREMENT, 2),
        (4, TRIANGLE, "LineString", 3),
        (9, TRIANGLE, Kind.POLYGON, 3),
        (0, [], Kind.POLYGON, 0),
    ],
)
def test_types_of_regions(
    file: Path, kind: int, places: list, expected: Kind | str, count: int
) -> None:
    (found,) = load(file, layer(region(kind, places))).annotations
    assert (found.kind, len(found.points)) == (expected, count)
    if expected == Kind.RECTANGLE:  # from the top left, as in ASAP
        assert found.points.tolist() == [[5, 20], [30, 20], [30, 40], [5, 40]]


@pytest.mark.parametrize(
    "places", [[(100, 200), (140, 260)], [(100, 200), (140, 200), (140, 260), (100, 260)]]
)
def test_an_ellipse_becomes_a_polygon_that_looks_like_it(file: Path, places: list) -> None:
    loaded = load(file, layer(region(2, places)))
    (found,) = loaded.annotations
    assert any("Ellipses" in notice for notice in loaded.notices)
    shape = as_polygon(found)
    assert shape.bounds == pytest.approx((100, 200, 140, 260), abs=0.3)
    assert shape.area == pytest.approx(np.pi * 20 * 30, rel=0.01)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 1e5), st.floats(0.1, 1e5))
def test_an_ellipse_is_true_to_a_quarter_of_a_pixel(radius_x: float, radius_y: float) -> None:
    points = ellipse(0, 0, radius_x, radius_y)
    angles = np.linspace(0, 2 * np.pi, 2880)
    drawn = np.column_stack([radius_x * np.cos(angles), radius_y * np.sin(angles)])
    allowed = 0.26 if max(radius_x, radius_y) < 20_000 else 1.2  # there are 720 corners at most
    assert shapely.Polygon(points).boundary.distance(shapely.points(drawn)).max() < allowed


def test_negative_regions_are_holes(file: Path, tmp_path: Path) -> None:
    square = [(0, 0), (100, 0), (100, 100), (0, 100)]
    hole = [(20, 20), (40, 20), (40, 40), (20, 40)]
    loaded = load(file, layer(region(0, square), region(0, hole, Id="2", NegativeROA="1")))
    assert [it.group for it in loaded.annotations] == ["Tumor", "Tumor (hole)"]
    assert loaded.annotations.groups["Tumor (hole)"].parent == "Tumor"
    assert any("Negative" in notice for notice in loaded.notices)
    write_annotations(loaded.annotations, tmp_path / "out.geojson")
    (one,) = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert shapely.geometry.shape(one["geometry"]).area == 100**2 - 20**2


def test_layers_of_one_name_and_of_none(file: Path) -> None:
    described = '<Attribute Name="Description" Id="0" Value="Lymphocytes"/>'
    loaded = load(
        file,
        layer(region()),
        layer(region(), colour=1),
        layer(region(), name="", values=described),
        layer(region(), name=""),
    )
    assert list(loaded.annotations.groups) == ["Tumor", "Tumor (2)", "Lymphocytes", "Layer 1"]
    assert [it.group for it in loaded.annotations] == list(loaded.annotations.groups)
    assert any("'Tumor (2)'" in notice for notice in loaded.notices)


def test_many_layers_of_one_name(file: Path) -> None:
    named = ["Tumor (3)", *["Tumor"] * 20_000]
    groups = load(file, *(f'<Annotation Name="{name}"/>' for name in named)).annotations.groups
    assert list(groups)[:4] == ["Tumor (3)", "Tumor", "Tumor (2)", "Tumor (4)"]
    assert list(groups)[-1] == "Tumor (20001)"


def test_odd_numbers_cost_nothing_else(file: Path) -> None:
    places = [("1,5", "2"), ("x", "3"), ("nan", "4"), ("5", "6"), ("7", "inf"), ("8", "9")]
    loaded = load(file, layer(region(0, places), region(Id="2")))
    first, second = loaded.annotations
    assert first.points.tolist() == [[1.5, 2], [5, 6], [8, 9]]
    assert len(second.points) == 3
    assert sorted(notice.split(" ")[0] for notice in loaded.notices) == ["Decimal", "Vertices"]


def test_what_was_read_survives_in_asaps_xml_and_geojson(file: Path, tmp_path: Path) -> None:
    shapes = [region(n, TRIANGLE if n != 4 else TRIANGLE[:2], Id=str(n)) for n in (0, 1, 4)]
    annotations = load(file, layer(*shapes)).annotations
    for name in ("out.xml", "out.geojson"):
        write_annotations(annotations, tmp_path / name)
        again = read_annotations(tmp_path / name).annotations
        assert [(it.name, it.kind, it.group) for it in again] == [
            (it.name, it.kind, it.group) for it in annotations
        ]
        for ours, theirs in zip(annotations, again, strict=True):
            np.testing.assert_allclose(ours.points, theirs.points, atol=0.01)


@pytest.mark.parametrize(
    ("content", "is_theirs"),
    [
        ('<Annotations MicronsPerPixel="0.5"/>', True),
        ('<?xml version="1.0"?><!-- a -- b --><Annotations><Annotation><Regions/>', True),
        ("<!-- <Coordinate/> -->\n<Annotations><Annotation><Attributes/><Regions>", True),
        ("<Annotations><Annotation Name='a'><Coordinates><Coordinate/>", False),
        ('<ASAP_Annotations MicronsPerPixel="1"><Annotations><Annotation><Regions/>', False),
        ("<Annotations/>", False),
        ("<Annotations>", False),
        ("", False),
        ("<!--" + "-" * 60_000, False),
        ("<?" * 30_000, False),
        ("<Annotations><a>" + "<!--" * 16_000, False),
        ("<Annotations>" + "<!-- <Coordinate/> -->" * 3_000 + "<Annotation><Regions>", True),
        ("<Annotations><!-- MicronsPerPixel --><Annotation Name='a'><Coordinates>", False),
        ("<AnnotationsOf MicronsPerPixel='1'><Annotation><Regions/>", False),
    ],
)
def test_the_two_formats_of_one_ending_are_told_apart(content: str, is_theirs: bool) -> None:
    assert is_imagescope(content) == is_theirs


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(file: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><Annotations MicronsPerPixel="0.5">'
    file.write_bytes((text + layer(region(Text="größe")) + "</Annotations>").encode(encoding))
    assert format_in(file).name == "Aperio ImageScope XML"
    assert [it.name for it in read_annotations(file).annotations] == ["größe"]


def test_many_vertices_load(file: Path) -> None:
    places = np.random.default_rng(1).uniform(0, 1e5, (100_000, 2)).round(2)
    (found,) = load(file, layer(region(0, places.tolist()))).annotations
    np.testing.assert_array_equal(found.points, places)


def test_other_files_are_refused_by_name(file: Path) -> None:
    for content, words in (
        ("<html/>", "root element is <html>"),
        ("<Annotations><Annotation>", "cut off or damaged"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><Annotations a="&e;"/>', "document type"),
        ("<Annotations>" + "<a>" * 300, "inside each other"),
        ("<Annotations><a>" + "x" * 2_000_000 + "</a></Annotations>", "characters in one text"),
    ):
        file.write_text(content)
        with pytest.raises(AnnotationError, match=words) as refused:
            read_imagescope(file)
        assert refused.value.path == file
