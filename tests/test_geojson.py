"""QuPath's GeoJSON: every spelling is read, and what is written QuPath takes whole."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    DEFAULT_COLOUR,
    DEFAULT_GROUP_COLOUR,
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Loaded,
    area,
    as_points,
    as_polygon,
    asap_attributes,
    json_file,
    read_annotations,
    read_geojson,
    with_asap_attributes,
    write_annotations,
    write_asap,
    write_geojson,
)
from slideviewer.errors import AnnotationError

RING = [[0, 0], [100, 0], [90, 100], [0, 100], [0, 0]]
HOLE = [[20, 20], [20, 40], [40, 40], [40, 20], [20, 20]]
Read = Callable[[Any], Loaded]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes JSON to a file and reads that."""

    def read_json(content: Any) -> Loaded:
        (tmp_path / "in.geojson").write_text(json.dumps(content))
        return read_geojson(tmp_path / "in.geojson")

    return read_json


def feature(kind: str = "Polygon", coordinates: Any = (RING,), **properties: Any) -> dict[str, Any]:
    """A feature as QuPath writes it."""
    return {
        "type": "Feature",
        "id": "3a36a32e-8bd2-4d3c-b82f-0d8a8d6d4f4b",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"objectType": "annotation", **properties},
    }


def written(annotations: AnnotationSet, folder: Path) -> dict[str, Any]:
    """The JSON of a set, checked against what QuPath insists on."""
    write_geojson(annotations, folder / "out.geojson", backup=False)
    content = json.loads((folder / "out.geojson").read_text())
    assert_qupath_takes(content)
    return content


def assert_qupath_takes(content: dict[str, Any]) -> None:
    """Assert what QuPath's reader needs; one shape that is not valid costs it the whole file."""
    assert content["type"] == "FeatureCollection"
    identities = [it["id"] for it in content["features"]]
    assert len(set(identities)) == len(identities)
    for it in content["features"]:
        assert it["type"] == "Feature"
        properties, geometry = it["properties"], it["geometry"]
        assert isinstance(properties.get("name", ""), str)
        assert all(isinstance(value, str) for value in properties["metadata"].values())
        if "classification" in properties:
            assert len(properties["classification"]["color"]) == 3
        shape = shapely.geometry.shape(geometry)
        assert not shape.is_empty
        if "Polygon" not in geometry["type"]:
            continue
        assert shape.is_valid
        polygons = [geometry["coordinates"]]
        if geometry["type"] == "MultiPolygon":
            (polygons,) = polygons
            assert len(polygons) > 1
        for ring in (ring for polygon in polygons for ring in polygon):
            assert ring[0] == ring[-1] and len(ring) >= 4
            assert all(value == round(value, 2) for place in ring for value in place)


def content(annotation: Annotation) -> tuple[object, ...]:
    """All of an annotation but its identity and exact places."""
    return (
        annotation.name,
        str(annotation.kind),
        annotation.group,
        annotation.colour,
        len(annotation.points),
        asap_attributes(annotation),
    )


def assert_same(first: AnnotationSet, second: AnnotationSet) -> None:
    """Assert that two sets are the same but for order and a hundredth of a pixel."""
    ours = sorted(first, key=lambda it: repr((content(it), it.points.round(1).tolist())))
    theirs = sorted(second, key=lambda it: repr((content(it), it.points.round(1).tolist())))
    assert [content(it) for it in ours] == [content(it) for it in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert np.abs(our.points - their.points).max(initial=0) <= 0.01
    for name, group in first.groups.items():
        found = second.groups[name]
        assert (found.parent, found.colour) == (group.parent, group.colour)
        assert found.attributes == group.attributes


@pytest.mark.parametrize(
    "wrap",
    [
        lambda it: {"type": "FeatureCollection", "features": [it]},
        lambda it: [it],
        lambda it: it,
        lambda it: it["geometry"],
    ],
)
def test_all_forms_of_a_file(read: Read, wrap: Callable[[Any], Any]) -> None:
    loaded = read(wrap(feature()))
    (found,) = loaded.annotations
    assert loaded.notices == ()
    assert (found.kind, found.points.tolist()) == (Kind.POLYGON, RING[:-1])
    assert (found.name, found.group, found.colour) == ("Annotation 0", None, DEFAULT_COLOUR)


@pytest.mark.parametrize("ending", [".geojson.gz", ".json.gz", ".geojson"])
def test_packed_files_are_known_by_their_content(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps([feature()]).encode()))
    assert len(read_annotations(path).annotations) == 1


def test_packed_files_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson.gz"
    write_annotations(AnnotationSet.of([Annotation("a", Kind.DOT, as_points([(1, 2)]))]), path)
    assert json.loads(gzip.decompress(path.read_bytes()))["type"] == "FeatureCollection"
    assert [it.kind for it in read_annotations(path).annotations] == [Kind.DOT]


@pytest.mark.parametrize(
    ("kind", "coordinates", "expected"),
    [
        ("Polygon", [[[0, 0], [10, 0], [10, 5], [0, 5], [0, 0]]], [(Kind.RECTANGLE, 4)]),
        ("Polygon", [[[0, 5], [0, 0], [10, 0], [10, 5]]], [(Kind.RECTANGLE, 4)]),
        ("Polygon", [[[0, 0, 7], [10, 0, 7], [9, 5, 7], [0, 0, 7]]], [(Kind.POLYGON, 3)]),
        ("LineString", [[1, 2], [3, 4]], [(Kind.MEASUREMENT, 2)]),
        ("LineString", [[1, 2], [3, 4], [5, 6]], [("LineString", 3)]),
        ("MultiLineString", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [(Kind.MEASUREMENT, 2)] * 2),
        ("Point", [1, 2], [(Kind.DOT, 1)]),
        ("MultiPoint", [[1, 2], [3, 4], [5, 6]], [(Kind.POINT_SET, 3)]),
        (
            "MultiPolygon",
            [[RING], [[[500, 0], [600, 0], [600, 60]]]],
            [(Kind.POLYGON, 4), (Kind.POLYGON, 3)],
        ),
    ],
)
def test_geometries(read: Read, kind: str, coordinates: Any, expected: list) -> None:
    loaded = read([feature(kind, coordinates, name="n")])
    assert [(it.kind, len(it.points)) for it in loaded.annotations] == expected
    assert {it.name for it in loaded.annotations} == {"n"}
    if expected[0][0] == Kind.RECTANGLE:  # in ASAP's order, from the top left
        found = next(iter(loaded.annotations)).points.tolist()
        assert found == [[0, 0], [10, 0], [10, 5], [0, 5]]


def test_a_collection_of_geometries(read: Read) -> None:
    one = feature("Point", [1, 2])
    one["geometry"] = {
        "type": "GeometryCollection",
        "geometries": [one["geometry"], feature()["geometry"]],
    }
    assert [it.kind for it in read([one]).annotations] == [Kind.DOT, Kind.POLYGON]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ([200, 0, 16], "#C80010"),
        ([200, 0, 16, 128], "#C80010"),
        (-3670000, "#C80010"),
        (0xC80010, "#C80010"),
        ("#c80010", "#C80010"),
        ([1, 2], None),
        ("red", None),
        (None, None),
        (True, None),
    ],
)
def test_colours(read: Read, colour: Any, expected: str | None) -> None:
    (found,) = read([feature(color=colour)]).annotations
    assert found.colour == (expected or DEFAULT_COLOUR)


@pytest.mark.parametrize(
    ("classification", "groups"),
    [
        ({"name": "Tumor", "color": [200, 0, 0]}, {"Tumor": None}),
        ({"name": "Tumor", "colorRGB": -3670016}, {"Tumor": None}),
        ("Tumor", {"Tumor": None}),
        (
            {"names": ["Tumor", "Positive"], "color": [200, 0, 0]},
            {"Tumor": None, "Tumor: Positive": "Tumor"},
        ),
        (
            {"name": "Positive", "colorRGB": -3670016, "parentClass": {"name": "Tumor"}},
            {"Tumor": None, "Tumor: Positive": "Tumor"},
        ),
        ({}, {}),
        (None, {}),
        (7, {}),
    ],
)
def test_classifications(
    read: Read, tmp_path: Path, classification: Any, groups: dict[str, str | None]
) -> None:
    annotations = read([feature(classification=classification)]).annotations
    assert {it.name: it.parent for it in annotations.groups.values()} == groups
    (found,) = annotations
    assert found.group == (list(groups) or [None])[-1]
    if isinstance(classification, dict) and classification:
        assert found.colour == annotations.groups[found.group].colour == "#C80000"
    (again,) = written(annotations, tmp_path)["features"]
    if found.group == "Tumor: Positive":
        assert again["properties"]["classification"]["names"] == ["Tumor", "Positive"]
    elif found.group:
        assert again["properties"]["classification"]["name"] == "Tumor"
    else:
        assert "classification" not in again["properties"]


def test_a_class_has_its_own_colour_whatever_is_derived_from_it(read: Read, tmp_path: Path) -> None:
    classes = [
        {"names": ["Tumor", "Positive"], "color": [200, 0, 0]},
        "Stroma",
        {"name": "Tumor", "color": [0, 0, 200]},
        {"name": "Stroma", "color": [0, 99, 0]},
        {"name": "Tumor", "color": [1, 1, 1]},
    ]
    annotations = read([feature(classification=it) for it in classes]).annotations
    assert {name: group.colour for name, group in annotations.groups.items()} == {
        "Tumor": "#0000C8",
        "Tumor: Positive": "#C80000",
        "Stroma": "#006300",
    }
    again = [it["properties"] for it in written(annotations, tmp_path)["features"]][:3]
    assert [it["classification"]["color"] for it in again] == [[200, 0, 0], [0, 99, 0], [0, 0, 200]]


@pytest.mark.parametrize(
    "classification",
    [
        {"names": ["Tumor"] * 5_000},
        {"name": ": ".join(["Tumor"] * 5_000)},
        ": ".join(["Tumor"] * 5_000),
    ],
)
def test_a_class_derived_from_endless_others_takes_little(
    read: Read, tmp_path: Path, classification: Any
) -> None:
    annotations = read([feature(classification=classification)]).annotations
    assert len(annotations.groups) <= 16
    (name,) = (it.group for it in annotations)
    assert name == ": ".join(["Tumor"] * 5_000)
    written(annotations, tmp_path)
    (again,) = read_geojson(tmp_path / "out.geojson").annotations
    assert again.group == name


def test_groups_in_endless_others_are_written(tmp_path: Path) -> None:
    names = [": ".join(["a"] * count) for count in range(1, 1500)]
    groups = [Group(name, parent) for name, parent in zip(names, [None, *names], strict=False)]
    annotations = AnnotationSet.of(
        [Annotation("x", Kind.DOT, as_points([(1, 2)]), names[-1])], groups
    )
    (one,) = written(annotations, tmp_path)["features"]
    assert one["properties"]["classification"]["names"] == ["a"] * 1499


@pytest.mark.parametrize("identity", [[1], {"a": 1}, 7, None, True])
def test_an_identity_of_any_kind(read: Read, tmp_path: Path, identity: Any) -> None:
    (again,) = written(read([feature() | {"id": identity}]).annotations, tmp_path)["features"]
    assert isinstance(again["id"], str)


@pytest.mark.parametrize("key", ["objectType", "object_type", "type"])
@pytest.mark.parametrize(("value", "expected"), [("tile", "tile"), ("PathCellObject", "cell")])
def test_object_types(read: Read, tmp_path: Path, key: str, value: str, expected: str) -> None:
    one = feature()
    one["properties"] = {key: value}
    (again,) = written(read([one]).annotations, tmp_path)["features"]
    assert again["properties"]["objectType"] == expected
    assert key == "objectType" or key not in again["properties"]


def test_the_old_place_of_the_object_type(read: Read, tmp_path: Path) -> None:
    (again,) = written(
        read([{**feature(), "id": "PathDetectionObject", "properties": {}}]).annotations, tmp_path
    )["features"]
    assert again["properties"]["objectType"] == "detection"
    assert again["id"] != "PathDetectionObject"


def test_what_we_have_no_use_for_is_written_back(read: Read, tmp_path: Path) -> None:
    one = feature(
        objectType="cell",
        name="n",
        isLocked=True,
        measurements={"Area": 7.5, "odd": None},
        metadata={"key": "value"},
        custom=[1, {"a": 2}],
    )
    one |= {"nucleusGeometry": {"type": "Point", "coordinates": [1, 2]}, "bbox": [0, 0, 1, 1]}
    one["geometry"]["plane"] = {"c": -1, "z": 2, "t": 0}
    broken = [feature("Polygon", [[[0, 0], [1, None]]]), feature("Curve", []), {"type": "Feature"}]
    collection = {"type": "FeatureCollection", "features": [one, *broken], "crs": {"x": 1}}
    loaded = read(collection)
    assert len(loaded.annotations) == 1 and len(loaded.notices) == 1
    write_geojson(loaded.annotations, tmp_path / "out.geojson")
    again = json.loads((tmp_path / "out.geojson").read_text())
    assert again["crs"] == {"x": 1} and again["features"][1:] == broken
    found = again["features"][0]
    del found["properties"]["metadata"]["ASAP"]
    assert found == json.loads(json.dumps(one))


def test_measurements_of_old_files(read: Read, tmp_path: Path) -> None:
    old = [{"name": "Area", "value": 7.5}, {"name": "Length", "value": 2}, "odd"]
    (again,) = written(read([feature(measurements=old)]).annotations, tmp_path)["features"]
    assert again["properties"]["measurements"] == {"Area": 7.5, "Length": 2}


def test_nested_objects_are_all_read(read: Read) -> None:
    inner = feature(name="inner", children=[feature(name="innermost")])
    loaded = read([feature(name="outer", childObjects=[inner, feature(name="second")])])
    assert [it.name for it in loaded.annotations] == ["outer", "inner", "innermost", "second"]


def test_an_ellipse_stays_one_until_its_shape_is_changed(read: Read, tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.column_stack([50 * np.cos(angle), 20 * np.sin(angle)]).round(2) + 100
    one = feature("Polygon", [points.tolist()])
    one["geometry"]["isEllipse"] = True
    annotations = read([one]).annotations
    (found,) = annotations
    (again,) = written(annotations, tmp_path)["features"]
    assert again["geometry"]["isEllipse"] is True
    cut = annotations.with_changes({found.id: replace(found, points=as_points(points[:30]))})
    (again,) = written(cut, tmp_path)["features"]
    assert "isEllipse" not in again["geometry"]


def test_holes_become_an_exclusion_group_and_holes_again(read: Read, tmp_path: Path) -> None:
    tumor = {"name": "Tumor", "color": [200, 0, 0]}
    second = [[x + 300, y] for x, y in RING]
    loaded = read(
        [
            feature(coordinates=[RING, HOLE], name="a", classification=tumor),
            {**feature(coordinates=[second, [[x + 300, y] for x, y in HOLE]]), "id": "b"},
        ]
    )
    annotations = loaded.annotations
    assert [(it.name, it.group) for it in annotations] == [
        ("a", "Tumor"),
        ("a (hole)", "Tumor (hole)"),
        ("Annotation 1", None),
        ("Annotation 1 (hole)", "Unclassified (hole)"),
    ]
    assert annotations.groups["Tumor (hole)"].parent == "Tumor"
    assert annotations.groups["Unclassified (hole)"].parent is None
    assert any("Holes" in it and "'a'" in it for it in loaded.notices)

    write_asap(annotations, tmp_path / "a.xml")
    through_asap = read_annotations(tmp_path / "a.xml").annotations
    for it in (annotations, through_asap):
        again = written(it, tmp_path)["features"]
        assert [len(one["geometry"]["coordinates"]) for one in again] == [2, 2]
        assert shapely.geometry.shape(again[0]["geometry"]).area == area(next(iter(it))) - 400
        assert_same(it, read_geojson(tmp_path / "out.geojson").annotations)


def test_a_hole_belongs_to_the_smallest_shape_around_it(tmp_path: Path) -> None:
    def square(name: str, low: float, high: float, group: str) -> Annotation:
        corners = as_points([(low, low), (high, low), (high, high), (low, high)])
        return Annotation(name, Kind.POLYGON, corners, group)

    annotations = AnnotationSet.of(
        [
            square("far hole", 9000, 9010, "T (hole)"),
            square("large", 0, 1000, "T"),
            square("small", 100, 200, "T"),
            square("other class", 110, 190, "U"),
            square("hole", 120, 150, "T (hole)"),
            square("cuts the edge", 180, 205, "T (hole)"),
            square("covers all", 100, 200, "T (hole)"),
        ],
        [Group("T"), Group("U"), Group("T (hole)", "T")],
    )
    content = written(annotations, tmp_path)
    shapes = {it["properties"]["name"]: it["geometry"] for it in content["features"]}
    assert "hole" not in shapes and "far hole" in shapes
    assert "covers all" not in shapes and "cuts the edge" not in shapes
    assert shapely.geometry.shape(shapes["large"]).area == 1000**2 - 100**2
    assert shapely.geometry.shape(shapes["small"]).area == 100**2 - 30**2 - 20**2
    assert_same(annotations, read_geojson(tmp_path / "out.geojson").annotations)


def test_real_files_survive_the_way_through_geojson(real_data: Path, tmp_path: Path) -> None:
    for file in sorted((real_data / "asap_xml").rglob("*.xml")):
        first = read_annotations(file).annotations
        written(first, tmp_path)
        loaded = read_annotations(tmp_path / "out.geojson")
        assert loaded.notices == ()
        assert [it.name for it in loaded.annotations] == [it.name for it in first]
        assert_same(first, loaded.annotations)
        write_asap(loaded.annotations, tmp_path / "out.xml", backup=False)
        assert_same(first, read_annotations(tmp_path / "out.xml").annotations)


def example(kind: Kind | str, points: list) -> AnnotationSet:
    """A set of one annotation with all that an annotation of ASAP may carry."""
    one = Annotation("n & 1", kind, as_points(points), "in", "#0a0B0c")
    one = with_asap_attributes(one, {"label": "Tumor", "score": "0.99"})
    groups = [Group("out", colour="#aaBBcc", attributes={"k": "v"}), Group("in", "out")]
    return AnnotationSet.of([one], [*groups, Group("unused", colour="#123456")])


BOW = [(0, 0), (100, 100), (100, 0), (0, 100)]
SHAPES = {
    "rectangle": (Kind.RECTANGLE, [(10, 20), (30, 20), (30, 40), (10, 40)]),
    "rectangle from the bottom": (Kind.RECTANGLE, [(10, 40), (30, 40), (30, 20), (10, 20)]),
    "turned rectangle": (Kind.RECTANGLE, [(10, 10), (20, 20), (10, 30), (0, 20)]),
    "rectangle of five": (Kind.RECTANGLE, [(0, 0), (5, 0), (9, 4), (9, 9), (0, 9)]),
    "polygon that is a rectangle": (Kind.POLYGON, [(10, 40), (30, 40), (30, 20), (10, 20)]),
    "spline": (Kind.SPLINE, [(0, 0), (100, 10), (90, 80), (5, 70)]),
    "self-crossing polygon": (Kind.POLYGON, BOW),
    "self-crossing spline": (Kind.SPLINE, BOW),
    "closed by a repeat": (Kind.POLYGON, [(0, 0), (50, 0), (50, 50), (0, 0)]),
    "thirds": (Kind.POLYGON, [(1 / 3, 0), (200 / 3, 1 / 3), (50, 200 / 3)]),
    "measurement": (Kind.MEASUREMENT, [(1, 2), (300, 400)]),
    "measurement of three": (Kind.MEASUREMENT, [(1, 2), (300, 400), (5, 6)]),
    "dot": (Kind.DOT, [(1.005, 2)]),
    "dot of two": (Kind.DOT, [(1, 2), (3, 4)]),
    "points": (Kind.POINT_SET, [(1, 2), (3, 4), (3, 4)]),
    "one point": (Kind.POINT_SET, [(1, 2)]),
    "none": (Kind.NONE, [(1, 2), (3, 4), (9, 9)]),
    "unknown": ("Ellipse", [(1, 2), (3, 4), (9, 9)]),
    "flat polygon": (Kind.POLYGON, [(0, 0), (10, 0), (5, 0)]),
    "polygon of two": (Kind.POLYGON, [(0, 0), (10, 0)]),
    "polygon of one": (Kind.POLYGON, [(3, 3)]),
    "smaller than the grid": (Kind.POLYGON, [(0, 0), (0.001, 0), (0, 0.001)]),
    "polygon of none": (Kind.POLYGON, []),
    "absurdly far": (Kind.POLYGON, [(0, 0), (1e15, 0), (0, 1e15), (1e14, 5)]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_kind_of_asap_survives(tmp_path: Path, name: str) -> None:
    annotations = example(*SHAPES[name])
    written(annotations, tmp_path)
    read = read_geojson(tmp_path / "out.geojson")
    assert read.notices == ()
    assert_same(annotations, read.annotations)
    assert list(read.annotations.groups) == ["out", "in", "unused"]


def test_a_self_crossing_outline_is_repaired_without_losing_a_loop(tmp_path: Path) -> None:
    (found,) = written(example(Kind.POLYGON, BOW), tmp_path)["features"]
    assert found["geometry"]["type"] == "MultiPolygon"
    assert shapely.geometry.shape(found["geometry"]).area == 5000


def test_a_spline_is_written_as_it_is_drawn(tmp_path: Path) -> None:
    annotations = example(*SHAPES["spline"])
    (found,) = written(annotations, tmp_path)["features"]
    drawn = as_polygon(next(iter(annotations)))
    assert shapely.geometry.shape(found["geometry"]).symmetric_difference(drawn).area < 2


@pytest.mark.parametrize("name", ["spline", "self-crossing polygon", "rectangle"])
def test_a_note_holds_while_the_shape_is_the_same_and_no_longer(
    read: Read, tmp_path: Path, name: str
) -> None:
    annotations = example(*SHAPES[name])
    content = written(annotations, tmp_path)
    del content["asap"]  # as after a way through QuPath
    (one,) = content["features"]
    rings = one["geometry"]["coordinates"]
    if one["geometry"]["type"] == "MultiPolygon":
        one["geometry"]["coordinates"] = rings[::-1]
    elif name != "rectangle":
        (ring,) = rings
        one["geometry"]["coordinates"] = [[*ring[3:-1], *ring[:4]][::-1]]
    (found,) = read(content).annotations
    (original,) = annotations
    assert found.kind == original.kind
    np.testing.assert_array_equal(found.points, original.points)

    shape = shapely.geometry.shape(one["geometry"])
    moved = shapely.transform(shape, lambda corners: corners + np.array([25, 0]))
    one["geometry"] = json.loads(shapely.to_geojson(moved))
    one["properties"]["color"] = [255, 255, 0]
    changed = list(read(content).annotations)
    assert shapely.union_all([as_polygon(it) for it in changed]).symmetric_difference(
        moved
    ).area == pytest.approx(0, abs=1e-6)
    assert {it.colour for it in changed} == {"#FFFF00"}


def test_notes_that_are_none_do_no_harm(read: Read) -> None:
    notes = ["", "[]", "{", "7", '{"type": 7}', '{"type": "Spline", "vertices": "x"}', "[" * 9999]
    notes += [
        '{"type": "Spline", "vertices": [[1, null]]}',
        '{"vertices": []}',
        '{"holes": [1, {}]}',
    ]
    notes += ['{"type": "Polygon", "attributes": {"Name": "x", "a": 1}}', '{"holes": 7}']
    for note in notes:
        (found,) = read([feature(metadata={"ASAP": note})]).annotations
        assert found.kind == Kind.POLYGON and found.points.tolist() == RING[:-1]


def test_colours_that_are_none_are_not_taken_from_notes(tmp_path: Path) -> None:
    holes = [{"name": "h", "type": "Polygon", "colour": "#12"}]
    note = {"type": "Polygon", "colour": "red", "holes": holes}
    one = feature(coordinates=[RING, HOLE], metadata={"ASAP": json.dumps(note)})
    groups = [{"name": "g", "colour": "mine"}, {"name": "G", "colour": "#aBcDeF"}]
    entry = {"name": "x", "type": "Dot", "colour": 5}
    member = {"groups": groups, "without_points": [entry, entry | {"colour": '#1"><'}]}
    content = {"type": "FeatureCollection", "features": [one], "asap": member}
    (tmp_path / "a.geojson").write_text(json.dumps(content))
    annotations = read_geojson(tmp_path / "a.geojson").annotations
    assert [it.colour for it in annotations] == [DEFAULT_COLOUR] * 4
    assert annotations.groups["g"].colour == DEFAULT_GROUP_COLOUR
    assert annotations.groups["G"].colour == "#aBcDeF"


def test_the_class_gives_the_colour_unless_one_was_chosen(tmp_path: Path) -> None:
    dot = Annotation("a", Kind.DOT, as_points([(1, 2)]), "g")
    annotations = AnnotationSet.of(
        [
            dot,
            Annotation("b", Kind.DOT, dot.points, "g", "#010203"),
            replace(dot, group=None, id="c"),
        ],
        [Group("g", colour="#FF0000")],
    )
    first, second, third = written(annotations, tmp_path)["features"]
    assert "color" not in first["properties"]
    assert first["properties"]["classification"] == {"name": "g", "color": [255, 0, 0]}
    assert second["properties"]["color"] == [1, 2, 3]
    assert third["properties"]["color"] == [0xF4, 0xFA, 0x58]


def test_an_empty_set(tmp_path: Path) -> None:
    assert written(AnnotationSet.of(), tmp_path)["features"] == []
    assert len(read_geojson(tmp_path / "out.geojson").annotations) == 0
    for text in ("[]", '{"type": "FeatureCollection", "features": []}'):
        (tmp_path / "in.json").write_text(text)
        assert len(read_geojson(tmp_path / "in.json").annotations) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"is empty\. "),
        (b" \n", r"is empty\. "),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is no text"),
        (b'{"type": "FeatureCollection", "features": [', "line 1, column 44"),
        (b"[" * 200_000, "nested deeper"),
        (b"7", "no GeoJSON"),
        (b'{"positive": []}', 'does not say its "type"'),
        (b'{"type": "Topology"}', "type 'Topology'"),
        (b'{"type": "FeatureCollection", "features": 5}', '"features" are no list'),
        (b'{"type": "FeatureCollection"}', "no GeoJSON"),
        (b"\x1f\x8b broken", "cannot be read"),
        (gzip.compress(b"[]" * 1000, mtime=0)[:-12], "cannot be read"),
        (b"1" * 5000, "thousands of digits"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=words) as refused:
        read_annotations(path)
    assert refused.value.path == path
    assert refused.value.remedy
    assert not any(word in str(refused.value) for word in ("Expecting", "None", "sys.", "b'"))


def test_files_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(json_file, "LARGEST_BYTES", 10_000)
    for name, content in (("a.json", b" " * 10_001), ("b.json", gzip.compress(b" " * 10_001))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AnnotationError, match="larger"):
            read_annotations(tmp_path / name)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        7,
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [float("nan"), 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [float("inf"), 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [10**400, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [{}, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": {"a": 1}},
        {"type": "MultiPolygon", "coordinates": [7]},
        {"type": "Point", "coordinates": [1]},
        {"type": "GeometryCollection", "geometries": 7},
    ],
)
def test_unreadable_geometries_cost_nothing_else(read: Read, geometry: Any) -> None:
    odd = [{"type": "Feature", "geometry": geometry}, "odd", None]
    loaded = read([feature(name="good"), *odd])
    assert [it.name for it in loaded.annotations] == ["good"]
    assert any("number 2, number 3 and number 4" in it for it in loaded.notices)
    kept = loaded.annotations.extra["geojson"]
    assert repr(kept["features"]) == repr(odd)  # NaN is not even itself


places = st.tuples(st.floats(-1000, 1e5, width=32), st.floats(-1000, 1e5, width=32))
grid = st.tuples(st.integers(0, 8), st.integers(0, 8))
shapes = st.lists(places, max_size=8) | st.lists(grid, max_size=12)
names = st.text(max_size=5) | st.sampled_from(["Tumor", "Tumor: Positive", "Tumor (hole)", "None"])
random_annotations = st.builds(
    Annotation,
    name=names,
    kind=st.sampled_from([*Kind, "Ellipse"]),
    points=shapes.map(as_points),
    group=st.none() | names,
    colour=st.from_regex("#[0-9A-Fa-f]{6}", fullmatch=True),
)
random_groups = st.lists(st.builds(Group, names, st.none() | st.just("Tumor")), max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(random_annotations, max_size=4), random_groups)
def test_any_set_survives(tmp_path_factory: Any, drawn: list, groups: list) -> None:
    folder = tmp_path_factory.getbasetemp()
    groups = [it for it in groups if it.name != it.parent]
    annotations = AnnotationSet.of(drawn, groups)
    written(annotations, folder)
    assert_same(annotations, read_geojson(folder / "out.geojson").annotations)


KEYS = [
    "type",
    "id",
    "geometry",
    "coordinates",
    "geometries",
    "isEllipse",
    "properties",
    "features",
]
KEYS += [
    "name",
    "names",
    "color",
    "classification",
    "metadata",
    "ASAP",
    "measurements",
    "childObjects",
]
KEYS += ["asap", "groups", "without_points", "children", "parentClass", "colorRGB", "objectType"]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner
                | st.sampled_from(["Feature", "FeatureCollection", "Polygon", "Point", RING, HOLE]),
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_read_or_refused(tmp_path_factory: Any, anything: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.geojson"
    for it in (anything, [anything], {"type": "FeatureCollection", "features": [anything]}):
        path.write_text(json.dumps(it))
        try:
            loaded = read_geojson(path)
        except AnnotationError:
            continue
        write_geojson(loaded.annotations, path, backup=False)
        assert len(read_geojson(path).annotations) == len(loaded.annotations)
