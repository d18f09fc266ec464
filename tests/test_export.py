"""Exports of a prediction, read back by other means."""

import csv
import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from lxml import etree

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations.asap import asap_attributes, read_asap
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.errors import PredictionError
from slideviewer.inference.export import FORMATS, Export, write_outputs
from slideviewer.inference.export_asap import with_squares
from slideviewer.inference.forms import known_forms
from slideviewer.inference.grid import Grid
from slideviewer.inference.heatmap import heatmap
from slideviewer.inference.prediction import Prediction


@pytest.fixture
def prediction() -> Prediction:
    tumour = np.full((4, 3), np.nan, np.float32)
    tumour[0] = [0.0, 0.5, 1.0]
    tumour[2, 1] = 0.9
    return Prediction(
        Grid(100.5, 20, 299, 3, 4),
        ("Back, ground", "Tumor"),
        np.stack([1 - tumour, tumour], axis=2),
        target=1,
        threshold=0.5,
        provenance={"model": {"hash": "f" * 64}, "slide": {"name": "a.svs"}},
        complete=False,
        skipped=((2, 3, "damaged"),),
    )


def test_tiles_are_in_wsinfers_columns(prediction: Prediction, tmp_path: Path) -> None:
    write_outputs(Export(prediction, 0.5), tmp_path, ["csv"])
    rows = list(csv.reader((tmp_path / "tiles.csv").read_text().splitlines()))
    assert rows[0] == ["minx", "miny", "width", "height", "prob_Back, ground", "prob_Tumor"]
    assert rows[1] == ["100.5", "20", "299", "299", "1.0", "0.0"]
    assert rows[4][:4] == ["399.5", "618", "299", "299"]
    assert len(rows) == 1 + 4


@settings(max_examples=20, deadline=None)
@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(0, 1, width=32) | st.just(float("nan")),
    ),
    st.floats(0.1, 5000),
)
def test_any_probability_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, tumour: np.ndarray, cell: float
) -> None:
    rows, columns = tumour.shape
    made = Prediction(
        Grid(-7.25, 3.5, cell, columns, rows),
        ("Normal", "Tumor"),
        np.stack([1 - tumour, tumour], axis=2),
        1,
        0.5,
        provenance={"slide": {"name": "any.svs", "width": 4000, "height": 3000}},
    )
    folder = tmp_path_factory.mktemp("out")
    write_outputs(Export(made, 0.5), folder, list(FORMATS))
    found = np.full_like(tumour, np.nan)
    for line in csv.DictReader((folder / "tiles.csv").open()):
        column = round((float(line["minx"]) + 7.25) / cell)
        row = round((float(line["miny"]) - 3.5) / cell)
        found[row, column] = np.float32(line["prob_Tumor"])
    assert np.array_equal(found, tumour, equal_nan=True)
    features = json.loads((folder / "prediction.geojson").read_text())["features"]
    assert len(features) == np.isfinite(tumour).sum()
    positive = [f for f in features if "classification" in f["properties"]]
    squares = read_asap(folder / "prediction.xml").annotations
    assert len(positive) == len(squares) == (tumour >= 0.5).sum()


def test_squares_are_what_readers_of_such_files_expect(
    prediction: Prediction, tmp_path: Path
) -> None:
    write_outputs(Export(prediction, 0.5), tmp_path, ["xml"])
    tree = etree.parse(str(tmp_path / "prediction.xml"))
    squares = tree.findall("Annotations/Annotation")
    assert [s.get("Name") for s in squares] == ["0_(0.5000)", "1_(1.0000)", "2_(0.9000)"]
    first = squares[0]
    assert dict(first.attrib) == {
        "Name": "0_(0.5000)",
        "Type": "Polygon",
        "PartOfGroup": "Prediction",
        "Color": "#FF0000",
        "label": "Tumor",
        "score": "0.5",
    }
    corners = [(float(c.get("X")), float(c.get("Y"))) for c in first.iter("Coordinate")]
    assert corners == [(399.5, 20), (698.5, 20), (698.5, 319), (399.5, 319)]
    (group,) = tree.findall("AnnotationGroups/Group")
    assert (group.get("Name"), group.get("PartOfGroup"), group.get("Color")) == (
        "Prediction",
        "None",
        "#FF0000",
    )
    assert RESEARCH_USE_ONLY in (tmp_path / "prediction.xml").read_text()
    assert len(with_squares(prediction, 0.95)) == 1


def test_squares_go_on_top_of_the_specialists_markup(
    prediction: Prediction, tmp_path: Path
) -> None:
    markup = AnnotationSet.of(
        [Annotation("mine", Kind.SPLINE, as_points([(0, 0), (9.25, 0), (5, 5)]), "Tumor")],
        [Group("Tumor", colour="#00FF00")],
    )
    write_outputs(Export(prediction, 0.9, markup), tmp_path, ["xml"])
    loaded = read_asap(tmp_path / "prediction.xml")
    assert not loaded.notices
    mine, *squares = loaded.annotations
    assert (mine.name, mine.kind, mine.group) == ("mine", Kind.SPLINE, "Tumor")
    assert np.array_equal(mine.points, [(0, 0), (9.25, 0), (5, 5)])
    assert [asap_attributes(s)["label"] for s in squares] == ["Tumor", "Tumor"]
    assert list(loaded.annotations.groups) == ["Tumor", "Prediction"]
    again = with_squares(prediction, 0.9, loaded.annotations)
    assert len(again) == 5
    assert list(again.groups) == ["Tumor", "Prediction"]


def test_a_real_specialists_file_is_kept_whole(
    prediction: Prediction, real_data: Path, tmp_path: Path
) -> None:
    source = sorted((real_data / "asap_xml" / "camelyon16").glob("*.xml"))[0]
    markup = read_asap(source).annotations
    write_outputs(Export(prediction, 0.5, markup), tmp_path, ["xml"])
    found = list(read_asap(tmp_path / "prediction.xml").annotations)
    assert len(found) == len(markup) + 3
    for before, after in zip(markup, found, strict=False):
        assert (before.name, before.kind, before.group) == (after.name, after.kind, after.group)
        assert np.array_equal(before.points, after.points)


def test_geojson_is_what_qupath_reads(prediction: Prediction, tmp_path: Path) -> None:
    write_outputs(Export(prediction, 0.5), tmp_path, ["geojson"])
    content = json.loads((tmp_path / "prediction.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    assert content["research_use"] == RESEARCH_USE_ONLY
    assert len(content["features"]) == 4
    for feature in content["features"]:
        assert feature["properties"]["objectType"] == "tile"
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) == 5
    classified = [f["properties"].get("classification") for f in content["features"]]
    assert classified == [None, *[{"name": "Tumor", "color": [255, 0, 0]}] * 3]
    measured = content["features"][3]["properties"]["measurements"]
    assert measured == {"prob_Back, ground": 0.1, "prob_Tumor": 0.9}


def test_the_heat_map_has_a_pixel_a_cell(prediction: Prediction, tmp_path: Path) -> None:
    write_outputs(Export(prediction, 0.5), tmp_path, ["png"])
    data = (tmp_path / "heatmap.png").read_bytes()
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    found = cv2.cvtColor(found, cv2.COLOR_BGRA2RGBA)
    assert np.array_equal(found, heatmap(prediction))
    assert found.shape == (4, 3, 4)
    assert found[0, 2].tolist() == [255, 0, 0, 255]
    assert found[0, 1].tolist() == [255, 0, 0, 128]
    assert found[1, 1].tolist() == [0, 0, 0, 0]
    assert _png_texts(data) == {"Comment": RESEARCH_USE_ONLY}


def _png_texts(data: bytes) -> dict[str, str]:
    texts, at = {}, 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        if body[:4] == b"tEXt":
            key, _, value = body[4:].partition(b"\0")
            texts[key.decode()] = value.decode("latin-1")
        at += 12 + length
    return texts


def test_the_run_is_written_down(prediction: Prediction, tmp_path: Path) -> None:
    paths = write_outputs(Export(prediction, 0.9), tmp_path, ["csv", "png"], {"note": "x"})
    assert [path.name for path in paths] == ["tiles.csv", "heatmap.png", "run.json"]
    run = json.loads(paths[-1].read_text())
    assert run["research_use"] == RESEARCH_USE_ONLY
    assert run["version"] == __version__
    assert run["model"] == {"hash": "f" * 64}
    assert run["threshold"] == 0.9
    assert run["positive_cells"] == 2
    assert run["complete"] is False
    assert run["skipped"] == [{"column": 2, "row": 3, "reason": "damaged"}]
    assert run["files"] == ["tiles.csv", "heatmap.png"]
    assert run["note"] == "x"
    assert not list(tmp_path.glob(".*")), "nothing is left beside"


def test_an_unknown_format_and_an_impossible_folder_are_told(
    prediction: Prediction, tmp_path: Path
) -> None:
    with pytest.raises(PredictionError, match=r"doc.*csv, xml, geojson, png"):
        known_forms(FORMATS, ["csv", "doc"])
    with pytest.raises(PredictionError, match="No format"):
        known_forms(FORMATS, [])
    (tmp_path / "file").write_text("")
    with pytest.raises(PredictionError, match="cannot be written"):
        write_outputs(Export(prediction, 0.5), tmp_path / "file" / "x", ["csv"])


def test_forms_of_a_former_run_are_kept(prediction: Prediction, tmp_path: Path) -> None:
    told: list[object] = []

    def write(threshold: float, formats: list[str]) -> None:
        write_outputs(Export(prediction, threshold), tmp_path, formats, on_kept=told.append)

    write(0.5, ["csv", "xml"])
    write(0.5, ["csv", "xml"])
    assert not told, "the same bytes are no other version"
    former = (tmp_path / "prediction.xml").read_bytes()
    run = json.loads((tmp_path / "run.json").read_text())
    write(0.95, ["xml", "png"])
    assert told == [["tiles.csv", "prediction.xml"]]
    assert (tmp_path / "prediction.xml.bak").read_bytes() == former
    assert json.loads((tmp_path / "run.json.bak").read_text())["threshold"] == run["threshold"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "heatmap.png",
        "prediction.xml",
        "prediction.xml.bak",
        "run.json",
        "run.json.bak",
        "tiles.csv.bak",
    ]
