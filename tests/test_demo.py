"""The demo, smaller than life, with everything it promises."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.__main__ import _Window
from slideviewer.annotations import read_annotations, write_annotations
from slideviewer.cli import main
from slideviewer.cli.demo import make_demo
from slideviewer.errors import SlideError
from slideviewer.progress import silent
from slideviewer.slide import open_slide

pytestmark = pytest.mark.usefixtures("kept_engines")

FILES = {"slide.tif", "annotations.xml", "prediction.xml", "tiles.csv", "corrected.xml"}


def test_the_demo_leaves_all_it_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    arguments = ["demo", "--no-window", "--out", str(out), "--size", "4096,3072", "--seed", "3"]
    assert main(arguments, _Window()) == 0
    assert {*FILES, "overlay.png", "run.json"} <= {path.name for path in out.iterdir()}
    said = capsys.readouterr().out
    assert RESEARCH_USE_ONLY in said
    assert " s " in said

    slide = open_slide(out / "slide.tif")
    assert (slide.pyramid.width, slide.pyramid.height) == (4096, 3072)
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


def test_a_second_demo_reuses_the_slide_and_keeps_what_was_corrected(tmp_path: Path) -> None:
    size = (1024, 1024)
    first = make_demo(tmp_path, 5, silent, size)
    drawn = (tmp_path / "slide.tif").stat().st_mtime_ns
    corrected = first.markup.with_changes(dict.fromkeys(list(first.markup.annotations)[:1]))
    write_annotations(corrected, tmp_path / "annotations.xml")
    again = make_demo(tmp_path, 5, silent, size)
    assert len(again.markup) == len(first.markup) - 1
    assert (again.nests, again.missed) == (first.nests, first.missed)
    assert (tmp_path / "slide.tif").stat().st_mtime_ns == drawn
    with pytest.raises(SlideError, match="another folder"):
        make_demo(tmp_path, 6, silent, size)


def test_a_folder_with_somebodys_slide_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "slide.tif").write_bytes(b"precious")
    with pytest.raises(SlideError, match=r"slide\.tif"):
        make_demo(tmp_path, 5, silent, (1024, 1024))
    assert (tmp_path / "slide.tif").read_bytes() == b"precious"
