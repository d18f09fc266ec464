"""Segmentations and nuclei of slides in other programs' forms, read back."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
import shapely
from mask_fixtures import Brightness, write_picture, write_slide
from test_nuclei import drawn_nuclei
from tiny_model import write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.asap import read_asap
from slideviewer.annotations.geojson import read_geojson
from slideviewer.annotations.model import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.errors import PredictionError
from slideviewer.inference.forms import known_forms
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.export import (
    NUCLEI_FORMATS,
    NucleiExport,
    write_nuclei_outputs,
)
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.segmentation.export import (
    MASK_FORMATS,
    MaskExport,
    write_mask_outputs,
)
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import TissueMask

SPACING = 0.5


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    """Red squares with a hole and a green one that lies over an edge of one."""
    pixels = np.zeros((700, 900, 3), np.uint8)
    pixels[100:400, 150:450, 0] = 230
    pixels[200:240, 200:260, 0] = 0
    pixels[500:504, 600:604, 0] = 230  # a speck of 4 µm²
    pixels[300:600, 400:700, 1] = 230
    path = tmp_path_factory.mktemp("slide") / "squares.png"
    return open_slide(write_picture(path, pixels))


@pytest.fixture(scope="module")
def export(slide: Slide, tmp_path_factory: pytest.TempPathFactory) -> MaskExport:
    folder = tmp_path_factory.mktemp("models")
    package = write_tiny_segmentation(folder / "tiny", patch=64, spacing_um_px=SPACING)
    prediction = predict_mask(
        slide,
        package,
        store=folder / "store",
        spacing=SPACING,
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Brightness()),
    )
    return MaskExport(prediction, slide, 0.5)


def test_all_forms_of_a_mask(export: MaskExport, tmp_path: Path) -> None:
    paths = write_mask_outputs(export, tmp_path, list(MASK_FORMATS), {"note": "x"})
    assert [path.name for path in paths] == [
        "areas.csv",
        "areas.xlsx",
        "prediction.xml",
        "prediction.geojson",
        "overlay.png",
        "run.json",
    ]
    red, green = 300 * 300 - 40 * 60 + 16, 300 * 300
    (row,) = csv.DictReader((tmp_path / "areas.csv").open(encoding="utf-8"))
    assert int(row["Parenchyma pixels"]) == red
    assert int(row["Inflammation pixels"]) == green
    assert float(row["Inflammation µm²"]) == green * SPACING**2
    sheet = openpyxl.load_workbook(tmp_path / "areas.xlsx")["Per picture"]
    assert [*sheet.values][2][3] == red
    run = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert run["research_use"] == RESEARCH_USE_ONLY
    assert run["areas"] == {"Parenchyma": red, "Inflammation": green}
    assert run["note"] == "x"
    assert run["complete"]
    overlay = (tmp_path / "overlay.png").read_bytes()
    assert RESEARCH_USE_ONLY.encode() in overlay
    picture = cv2.imdecode(np.frombuffer(overlay, np.uint8), cv2.IMREAD_COLOR)
    assert picture[550, 650, 2] > picture[650, 850, 2] + 50, "the class of interest is red"

    for loaded in (
        read_asap(tmp_path / "prediction.xml"),
        read_geojson(tmp_path / "prediction.geojson"),
    ):
        annotations = loaded.annotations
        assert annotations.groups["Inflammation"].colour.upper() == "#FF0000"
        shapes = {shape.group: shape for shape in annotations}
        assert len(annotations) == 2, "the speck is too small"
        area = shapely.Polygon(shapes["Parenchyma"].points).area
        assert area == pytest.approx(red - 16, rel=0.01)
        left, top, right, bottom = shapely.Polygon(shapes["Inflammation"].points).bounds
        assert (left, top, right, bottom) == pytest.approx((400, 300, 700, 600), abs=1)
    assert RESEARCH_USE_ONLY in (tmp_path / "prediction.xml").read_text("utf-8")
    assert json.loads((tmp_path / "prediction.geojson").read_text())["research_use"]

    first = {path.name: path.read_bytes() for path in paths}
    write_mask_outputs(export, tmp_path, list(MASK_FORMATS), {"note": "x"})
    assert {path.name: path.read_bytes() for path in paths} == first, "the same in every run"
    told: list[str] = []
    other = MaskExport(export.prediction, export.slide, 0.95)
    write_mask_outputs(other, tmp_path, ["csv"], on_kept=told.extend)
    assert set(told) == set(first) - {"run.json"}
    assert (tmp_path / "areas.csv.bak").read_bytes() == first["areas.csv"]


def test_the_specialists_markup_stays_in_front(export: MaskExport, tmp_path: Path) -> None:
    drawn = Annotation("mine", Kind.DOT, as_points([(5, 6)]), "Inflammation", "#0000FF")
    markup = AnnotationSet.of([drawn], [Group("Inflammation", colour="#0000FF")])
    together = MaskExport(export.prediction, export.slide, 0.5, markup)
    write_mask_outputs(together, tmp_path, ["xml"])
    found = read_asap(tmp_path / "prediction.xml").annotations
    assert next(shape.name for shape in found) == "mine"
    assert found.groups["Inflammation"].colour.upper() == "#0000FF"
    assert len(found) == 3


def test_a_part_of_a_slide_is_outlined_in_its_place(
    slide: Slide, export: MaskExport, tmp_path: Path
) -> None:
    from slideviewer.geometry import Rect

    package = write_tiny_segmentation(tmp_path / "tiny", patch=64, spacing_um_px=0.8)
    prediction = predict_mask(
        slide,
        package,
        store=tmp_path / "store",
        spacing=SPACING,
        region=Rect(350, 250, 400, 400),
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Brightness()),
    )
    outlines = MaskExport(prediction, slide, 0.5).outlines
    (square,) = [shape for shape in outlines if shape.group == "Inflammation"]
    bounds = shapely.Polygon(square.points).bounds
    assert bounds == pytest.approx((400, 300, 700, 600), abs=1.7)


def test_formats_are_checked() -> None:
    assert known_forms(MASK_FORMATS, ["xml", "csv", "xml"]) == ["xml", "csv"]
    for wrong in (["csv", "doc"], []):
        with pytest.raises(PredictionError, match="format"):
            known_forms(NUCLEI_FORMATS, wrong)


def test_all_forms_of_nuclei(tmp_path: Path) -> None:
    package = write_tiny_segmentation(
        tmp_path / "nuclei",
        patch=64,
        spacing_um_px=SPACING,
        task="nuclei",
        class_names=("Inside", "Border"),
        target_class="Inside",
    )
    picture = drawn_nuclei(500, 400, 60, 4)
    slide = open_slide(write_slide(tmp_path / "slide.tif", picture, SPACING))
    prediction = predict_nuclei(
        slide,
        package,
        store=tmp_path / "store",
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Brightness()),
    )
    out = tmp_path / "out"
    write_nuclei_outputs(NucleiExport(prediction), out, list(NUCLEI_FORMATS))
    rows = list(csv.DictReader((out / "nuclei.csv").open(encoding="utf-8")))
    run = json.loads((out / "run.json").read_text("utf-8"))
    assert run["nuclei"] == len(rows) > 20
    detections = json.loads((out / "prediction.geojson").read_text())
    assert detections["research_use"] == RESEARCH_USE_ONLY
    annotations = read_asap(out / "prediction.xml").annotations
    assert annotations.groups["Nuclei"].colour.upper() == "#FF0000"
    assert len(detections["features"]) == len(annotations) == len(rows)
    for row, feature, shape in zip(rows, detections["features"], annotations, strict=True):
        assert feature["properties"]["objectType"] == "detection"
        ring = shapely.Polygon(feature["geometry"]["coordinates"][0])
        assert ring.is_valid
        assert (
            ring.contains(shapely.Point(float(row["x"]), float(row["y"])))
            or float(row["roundness"]) < 0.7
        )
        area_um2 = float(row["area_um2"])
        assert area_um2 == pytest.approx(float(row["area_px"]) * SPACING**2, abs=1e-2)
        assert ring.area * SPACING**2 == pytest.approx(area_um2, rel=0.25, abs=4)
        assert feature["properties"]["measurements"]["area_um2"] == area_um2
        assert shapely.Polygon(shape.points).area == pytest.approx(ring.area, rel=0.01)
