"""`slideviewer info`."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import typer
from typer.testing import CliRunner

from slideviewer.cli.info import info
from slideviewer.errors import SlideError


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(info)
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_json_holds_what_is_known(real_data: Path) -> None:
    path = real_data / "slides" / "CMU-1-Small-Region.svs"
    facts = json.loads(run(str(path), "--json"))
    assert facts["path"] == str(path)
    assert facts["vendor"] == "aperio"
    assert (facts["width"], facts["height"]) == (2220, 2967)
    assert facts["levels"] == [{"width": 2220, "height": 2967, "downsample": 1.0}]
    assert facts["spacing_um_px"] == {"x": 0.499, "y": 0.499}
    assert facts["spacing_unknown_because"] is None
    assert facts["magnification"] == pytest.approx(20.04, abs=0.01)
    assert facts["bounds"] == {"x": 0, "y": 0, "width": 2220, "height": 2967}
    assert set(facts["associated_images"]) == {"label", "macro", "thumbnail"}
    assert facts["properties"]["aperio.MPP"] == "0.4990"


def test_json_says_why_the_spacing_is_unknown(real_data: Path) -> None:
    facts = json.loads(run(str(real_data / "slides" / "valid_tiff.tif"), "--json"))
    assert facts["spacing_um_px"] is None
    assert facts["magnification"] is None
    assert "1000 µm" in facts["spacing_unknown_because"]


def test_the_table_shows_levels_bounds_and_spacing(real_data: Path) -> None:
    words = " ".join(run(str(real_data / "slides" / "no_dzi.tif")).split())
    assert "Size 3,072 x 3,968 px" in words
    assert "Spacing 0.9724 x 0.9724 µm/px" in words
    assert "Magnification about 10.3x" in words
    assert "3,072 x 3,456 px from (0, 512)" in words
    assert "Level 3 384 x 496 px, downsample 8" in words
    unknown = " ".join(run(str(real_data / "slides" / "valid_tiff.tif")).split())
    assert "Spacing unknown: the file states 1000 µm" in unknown
    assert "Magnification" not in unknown


def test_channels_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "stained.ome.tif"
    planes = np.zeros((2, 300, 300), np.uint16)
    planes[0, :150], planes[1, 10] = 812, 60_000
    header = {"axes": "CYX", "Channel": {"Name": ["DAPI", "[red]CD8"], "Color": [65535, -16776961]}}
    tifffile.imwrite(path, planes, tile=(64, 64), ome=True, metadata=header)
    assert json.loads(run(str(path), "--json"))["channels"] == [
        {"name": "DAPI", "colour": "#0000ff", "lowest": 0, "highest": 812},
        {"name": "[red]CD8", "colour": "#ff0000", "lowest": 0, "highest": 60_000},
    ]
    words = " ".join(run(str(path)).split())
    assert "Channel 1 DAPI, #0000ff, shown from 0 to 812" in words
    assert "Channel 2 [red]CD8, #ff0000, shown from 0 to 60000" in words


def test_a_slide_in_colours_has_no_channels(real_data: Path) -> None:
    path = str(real_data / "slides" / "no_dzi.tif")
    assert json.loads(run(path, "--json"))["channels"] == []
    assert "Channel" not in run(path)


def test_a_name_is_never_taken_for_markup(real_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "[bold]😐.svs"
    path.write_bytes((real_data / "slides" / "😐.svs").read_bytes())
    assert "[bold]😐.svs" in "".join(run(str(path)).split())


def test_what_is_no_slide_is_an_error_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match="no such file"):
        run(str(tmp_path / "absent.svs"))
