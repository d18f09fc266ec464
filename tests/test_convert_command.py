"""`slideviewer convert`: what it says of what is lost, and what it reads of a broken file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.cli import main
from slideviewer.cli.conversion import bare_name

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
    for given, words in ((tmp_path, "a folder is needed"), ("", "empty path")):
        code, (line,) = convert(given, tmp_path / "o.geojson")
        assert code == 2
        assert words in line


TRIANGLE = [(10, 20), (300, 20), (200, 400)]
NDPA = """<annotations><ndpviewstate id="1"><title>t</title><coordformat>nanometers</coordformat>
<annotation type="pin" color="#ff0000"><x>12538720</x><y>-96063</y></annotation></ndpviewstate>
</annotations>"""
IMAGESCOPE = """<Annotations MicronsPerPixel="0.25"><Annotation Id="1" Name="Tumor"><Regions>
<Region Id="1" Type="0"><Vertices><Vertex X="1" Y="2"/><Vertex X="30" Y="2"/><Vertex X="9" Y="9"/>
</Vertices></Region></Regions></Annotation></Annotations>"""


def sources_in(folder: Path, real_data: Path) -> dict[str, Path]:
    """One small file of each format that is read, and the slide that one of them needs."""
    folder.mkdir()
    shutil.copy(real_data / "slides" / "test3-DAPI-2-(387).ndpi", folder / "d.ndpi")
    found = {name: folder / name for name in ("a.xml", "b.geojson.gz", "c.xml", "d.ndpi.ndpa")}
    found["e.json"] = folder / "e.json"
    drawn = AnnotationSet.of([Annotation("n", Kind.POLYGON, as_points(TRIANGLE), "Tumor")])
    write_annotations(drawn, found["a.xml"])
    write_annotations(drawn, found["b.geojson.gz"])
    found["c.xml"].write_text(IMAGESCOPE)
    found["d.ndpi.ndpa"].write_text(NDPA)
    found["e.json"].write_text(json.dumps({"positive": [{"name": "p", "vertices": TRIANGLE}]}))
    return found


@pytest.mark.parametrize("ending", [".xml", ".geojson", ".json.gz", ".csv", ".tif", ".png"])
def test_every_format_becomes_every_other(
    convert: Convert, real_data: Path, tmp_path: Path, ending: str
) -> None:
    sources = sources_in(tmp_path / "in", real_data)
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    for name, source in sources.items():
        target = tmp_path / f"{name}{ending}"
        if ending in (".tif", ".png"):
            code, lines = convert(source, target, "--size", "512,512")
        else:
            code, lines = convert(source, target)
        assert code == 0, lines
        if ending == ".csv":
            assert len(target.read_text().splitlines()) == 2
        elif ending in (".tif", ".png"):
            back = tmp_path / f"{name}{ending}.back.xml"
            code, lines = convert(target, back)
            assert code == 0, lines
            is_area = name != "d.ndpi.ndpa"  # that one holds a pin
            assert len(read_annotations(back).annotations) == is_area
        else:
            assert len(read_annotations(target).annotations) == 1
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_a_folder_is_converted_and_what_fails_stops_nothing_else(
    convert: Convert, real_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out" / "deep"
    sources_in(folder, real_data)
    (folder / "broken.xml").write_text("<ASAP_Annotations>")
    (folder / "z.slideviewer.json").write_text("{}")
    (folder / "._a.xml").write_bytes(b"\0\5\x16\7Mac OS X")  # which macOS leaves on other disks
    code, lines = convert(folder, out, "--to", "geojson")
    assert code == 2
    failures = [line for line in lines if "broken.xml" in line]
    assert len(failures) == 1 and "cut off or damaged" in failures[0]
    assert sorted(it.name for it in out.iterdir()) == [f"{stem}.geojson" for stem in "abcde"]
    assert [line for line in lines if "._a" in line] == []
    (folder / "broken.xml").unlink()
    assert convert(folder, out, "--to", ".geojson")[0] == 0
    assert convert(folder, out / "xml", "--from", ".xml", "--to", ".csv")[0] == 0
    assert sorted(it.name for it in (out / "xml").iterdir()) == ["a.csv", "c.csv"]


def test_two_files_never_become_one(convert: Convert, tmp_path: Path) -> None:
    for name in ("a.xml", "a.geojson"):
        write_annotations(AnnotationSet.of(), tmp_path / name)
    code, lines = convert(tmp_path, tmp_path / "out", "--to", ".csv")
    assert code == 2
    assert [line for line in lines if "as a.geojson does" in line and "a.xml" in line]
    code, lines = convert(tmp_path, tmp_path, "--to", ".xml")
    assert code == 2 and len([line for line in lines if "files to be read" in line]) == 2


def test_what_is_read_and_slides_are_never_overwritten(
    convert: Convert, made_slide: Path, tmp_path: Path
) -> None:
    source, slide = tmp_path / "a.xml", tmp_path / "a.tif"
    write_annotations(AnnotationSet.of(), source)
    shutil.copy(made_slide, slide)
    before = slide.read_bytes()
    for target, words in ((source, "file to be read"), (slide, "slide itself")):
        code, (line,) = convert(source, target)
        assert code == 2 and words in line
    other = tmp_path / "b.tif"
    shutil.copy(made_slide, other)
    code, (line,) = convert(source, other, "--slide", slide)
    assert code == 2 and "never overwritten" in line
    assert slide.read_bytes() == other.read_bytes() == before


def test_a_table_in_micrometres_needs_a_spacing(convert: Convert, tmp_path: Path) -> None:
    source, target = tmp_path / "a.xml", tmp_path / "a.csv"
    drawn = [Annotation("n", Kind.RECTANGLE, as_points([(0, 0), (100, 0), (100, 50), (0, 50)]))]
    write_annotations(AnnotationSet.of(drawn), source)
    assert convert(source, target) == (0, [])
    assert "µm" not in target.read_text()
    assert convert(source, target, "--spacing", "0.5") == (0, [])
    header, row = (line.split(",") for line in target.read_text().splitlines())
    assert row[header.index("Area (µm²)")] == "1250"
    for spacing in ("0", "-1", "nan", "x"):
        code, (line,) = convert(source, target, f"--spacing={spacing}")
        assert code == 2 and "--spacing" in line


def test_ndpa_without_its_slide_says_what_to_do(convert: Convert, tmp_path: Path) -> None:
    source = tmp_path / "case.ndpi.ndpa"
    source.write_text(NDPA)
    code, (line,) = convert(source, tmp_path / "o.xml")
    assert code == 2 and "--slide" in line


def test_options_for_folders_are_for_folders(convert: Convert, tmp_path: Path) -> None:
    write_annotations(AnnotationSet.of(), tmp_path / "a.xml")
    code, (line,) = convert(tmp_path / "a.xml", tmp_path / "b.xml", "--to", ".xml")
    assert code == 2 and "for folders" in line
    (tmp_path / "empty").mkdir()
    code, (line,) = convert(tmp_path / "empty", tmp_path / "out")
    assert code == 2 and "holds no annotation files" in line


def test_names_without_their_endings() -> None:
    for name, bare in (
        ("a.xml", "a"),
        ("a.geojson.gz", "a"),
        ("case.ndpi.ndpa", "case"),
        ("a.b.ome.tif.geojson", "a.b"),
        (".xml", ".xml"),
        ("mask.tif", "mask"),
    ):
        assert bare_name(Path("x") / name) == bare
