"""`slideviewer convert`: what it says of what is lost, and what it reads of a broken file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from slideviewer.annotations import read_annotations
from slideviewer.cli import main

Convert = Callable[..., tuple[int, list[str]]]

ASAP = """<!-- mine --><ASAP_Annotations><Annotations>
<Annotation Name="a" Type="Polygon" PartOfGroup="None" Color="#F4FA58"><Odd/><Coordinates>
<Coordinate Order="0" X="1" Y="1"/><Coordinate Order="1" X="9" Y="1"/>
<Coordinate Order="2" X="9" Y="9"/><Coordinate Order="3" X="oops" Y="2"/>
</Coordinates></Annotation></Annotations><AnnotationGroups/></ASAP_Annotations>"""


class NoWindow:
    """The window, which nothing here needs."""


@pytest.fixture
def convert(capfd: pytest.CaptureFixture[str]) -> Convert:
    """Run the command; gives the exit code and the lines on standard error."""

    def go(*words: object) -> tuple[int, list[str]]:
        capfd.readouterr()
        code = main(["convert", *map(str, words)], NoWindow())  # type: ignore[arg-type]
        return code, capfd.readouterr().err.splitlines()

    return go


def test_to_xml_what_it_cannot_hold_is_told(convert: Convert, tmp_path: Path) -> None:
    source, target = tmp_path / "a.geojson", tmp_path / "a.xml"
    empty = {"type": "GeometryCollection", "geometries": []}
    properties = {
        "name": "p",
        "objectType": "annotation",
        "isLocked": True,
        "measurements": {"area": 1},
        "metadata": {"who": "me"},
    }
    features = [
        {"type": "Feature", "geometry": {**empty, "geometries": [empty]}, "properties": {}},
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "properties": properties,
        },
    ]
    source.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    code, lines = convert(source, target)
    assert code == 0
    assert lines[0].startswith(f"slideviewer: {source}: Objects without a readable shape")
    lost = [line.removeprefix(f"slideviewer: {target}: ASAP XML cannot hold ") for line in lines]
    assert lost[1:] == [
        "1 object without a readable shape, left out.",
        "'isLocked', left out of 'p'.",
        "'measurements', left out of 'p'.",
        "'metadata', left out of 'p'.",
    ]
    assert convert(source, tmp_path / "b.geojson") == (0, lines[:1]), "where nothing is lost"
    assert json.loads((tmp_path / "b.geojson").read_text())["features"][-1] == features[0]


@pytest.mark.parametrize("geometries", [[], [{"type": "GeometryCollection", "geometries": []}]])
def test_a_geometry_without_parts_has_no_readable_shape(
    convert: Convert, tmp_path: Path, geometries: list[object]
) -> None:
    source = tmp_path / "gc.json"
    source.write_text(json.dumps({"type": "GeometryCollection", "geometries": geometries}))
    code, lines = convert(source, tmp_path / "o.xml")
    assert code == 0
    assert "without a readable shape" in lines[0]


def test_to_geojson_what_it_cannot_hold_is_told(convert: Convert, tmp_path: Path) -> None:
    source, target = tmp_path / "a.xml", tmp_path / "a.geojson"
    source.write_text(ASAP)
    code, lines = convert(source, target)
    assert code == 0
    lost = [line for line in lines if str(target) in line]
    assert lost == [
        f"slideviewer: {target}: GeoJSON cannot hold {words}"
        for words in (
            "comments, left out of the file as a whole.",
            "the element <Odd>, left out of 'a'.",
            "coordinates that are not shown, left out of 'a'.",
        )
    ]
    assert all(line.startswith(f"slideviewer: {tmp_path}") for line in lines)
    assert not any(
        str(tmp_path / "b.xml") in line for line in convert(source, tmp_path / "b.xml")[1]
    )


def test_real_files_lose_nothing_on_the_way(
    convert: Convert, real_data: Path, tmp_path: Path
) -> None:
    for source in sorted((real_data / "asap_xml").rglob("*.xml"))[:6]:
        there, back = tmp_path / "a.geojson", tmp_path / "b.xml"
        _, lines = convert(source, there)
        assert not [line for line in lines if "cannot hold" in line]
        assert convert(there, back) == (0, [])


def test_a_broken_file_is_read_into_another(
    convert: Convert, real_data: Path, tmp_path: Path
) -> None:
    whole = real_data / "asap_xml" / "camelyon17" / "patient_004_node_4.xml"
    content = whole.read_bytes()
    broken, target = tmp_path / "broken.xml", tmp_path / "readable.xml"
    broken.write_bytes(content[: len(content) // 2])
    code, lines = convert(broken, target)
    assert code == 2 and not target.exists()
    assert "slideviewer convert --recover IN OUT" in lines[0]
    link = tmp_path / "link.xml"
    link.symlink_to(broken)
    for itself in (broken, link):
        code, lines = convert("--recover", broken, itself)
        assert code == 2 and len(lines) == 1
        assert broken.read_bytes() == content[: len(content) // 2]
    code, lines = convert("--recover", broken, target)
    assert code == 0
    assert lines[0].startswith(f"slideviewer: {broken}: The file is damaged")
    assert len(read_annotations(target).annotations) > 0
    (tmp_path / "a.geojson").write_text("{")
    code, lines = convert("--recover", tmp_path / "a.geojson", target)
    assert code == 2 and "only ASAP XML" in lines[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b";\xcc0 x", "does not begin as text"), (b"word", 'begins with "word"'), (b"", "is empty")],
)
def test_what_is_no_xml_is_told_in_words(
    convert: Convert, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "a.xml").write_bytes(content)
    code, (line,) = convert(tmp_path / "a.xml", tmp_path / "o.geojson")
    assert code == 2
    assert words in line and "b'" not in line


def test_a_folder_and_nothing_are_no_files(convert: Convert, tmp_path: Path) -> None:
    for given, words in ((tmp_path, "is a folder"), ("", "empty path")):
        code, (line,) = convert(given, tmp_path / "o.geojson")
        assert code == 2
        assert words in line
