"""The demo, smaller than life, with everything it promises."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.__main__ import _Window
from slideviewer.annotations import read_annotations
from slideviewer.cli import main
from slideviewer.slide import open_slide

FILES = {"slide.tif", "annotations.xml", "prediction.xml", "tiles.csv", "corrected.xml"}


def test_the_demo_leaves_all_it_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    arguments = ["demo", "--no-window", "--out", str(out), "--size", "8192,6144"]
    assert main(arguments, _Window()) == 0
    assert {*FILES, "overlay.png", "run.json"} <= {path.name for path in out.iterdir()}
    said = capsys.readouterr().out
    assert RESEARCH_USE_ONLY in said
    assert " s " in said

    slide = open_slide(out / "slide.tif")
    assert (slide.pyramid.width, slide.pyramid.height) == (8192, 6144)
    slide.close()
    markup = read_annotations(out / "annotations.xml").annotations
    corrected = read_annotations(out / "corrected.xml").annotations
    assert len(corrected) > len(markup)
    with (out / "tiles.csv").open() as file:
        tiles = list(csv.DictReader(file))
    assert {"minx", "miny", "width", "height", "prob_Normal", "prob_Tumor"} == set(tiles[0])
    assert RESEARCH_USE_ONLY in json.loads((out / "run.json").read_text())["research_use"]

    picture = cv2.imread(str(out / "overlay.png")).astype(int)
    blue, green, red = np.moveaxis(picture, 2, 0)
    assert ((blue > 180) & (red < 90) & (green < 130)).sum() > 300  # outlines
    assert ((red > 200) & (green < 120) & (blue < 150)).sum() > 300  # cells over tissue


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert main(["demo", "--no-window", "--out", str(blocked / "demo")], _Window()) == 2
    said = capsys.readouterr().err
    assert str(blocked) in said
    assert said.count("\n") == 1
