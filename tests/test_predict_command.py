"""`slideviewer predict`, as it is typed."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_model import write_tiny_package

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli import main
from slideviewer.inference.store import read_prediction

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_package(tmp_path_factory.mktemp("models") / "tiny").folder)


class NoWindow:
    """The window, which no prediction needs."""


@pytest.fixture
def run(model: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command into tmp_path/out; gives exit code, standard output and error."""

    def go(*words: object, out: Path = tmp_path / "out", use: str = model) -> tuple[int, str, str]:
        capfd.readouterr()
        arguments = ["predict", *map(str, words), "--model", use, "--out", str(out)]
        code = main(arguments, NoWindow())  # type: ignore[arg-type]
        written = capfd.readouterr()
        return code, written.out, written.err

    return go


@pytest.fixture
def small_svs(real_data: Path) -> Path:
    return real_data / "slides" / "CMU-1-Small-Region.svs"


def test_a_slide_gives_all_outputs(run: Run, small_svs: Path, tmp_path: Path) -> None:
    code, out, err = run(small_svs)
    assert (code, err) == (0, "")
    assert RESEARCH_USE_ONLY in out
    folder = tmp_path / "out" / "CMU-1-Small-Region"
    assert sorted(path.name for path in folder.iterdir()) == [
        "heatmap.png",
        "prediction.geojson",
        "prediction.xml",
        "run.json",
        "store",
        "tiles.csv",
    ]
    stored = read_prediction(folder / "store")
    looked_at = int((~np.isnan(stored.target_probabilities)).sum())
    assert len((folder / "tiles.csv").read_text().splitlines()) == looked_at + 1
    run_file = json.loads((folder / "run.json").read_text())
    assert run_file["cells"]["predicted"] == looked_at
    assert run_file["research_use"] == RESEARCH_USE_ONLY

    code, _, err = run(small_svs, "--region", "1100,1500,500.5,400", "--formats", "csv")
    assert code == 2
    assert "another region" in err
    code, _, _ = run(
        small_svs, "--region", "1100,1500,500.5,400", "--formats", "csv", "--overwrite"
    )
    assert code == 0
    lines = list(csv.DictReader((folder / "tiles.csv").open()))
    assert min(float(line["minx"]) for line in lines) >= 1100
    assert max(float(line["minx"]) for line in lines) < 1600.5


def test_a_threshold_decides_the_squares(run: Run, small_svs: Path, tmp_path: Path) -> None:
    xml = tmp_path / "out" / "CMU-1-Small-Region" / "prediction.xml"
    run(small_svs, "--threshold", "0", "--formats", "xml")
    every = xml.read_text().count("<Annotation ")
    run(small_svs, "--threshold", "1", "--formats", "xml")
    assert every > xml.read_text().count("<Annotation ")


def test_a_slide_without_spacing_needs_one(run: Run, real_data: Path, tmp_path: Path) -> None:
    slide = real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs"
    code, _, err = run(slide)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "--spacing" in err
    assert str(slide) in err
    code, _, err = run(slide, "--spacing", "0.25", "--region", "0,0,2000,2000")
    assert (code, err) == (0, "")
    assert json.loads((tmp_path / "out" / slide.stem / "run.json").read_text())["level"] == 1


@pytest.mark.parametrize("name", ["unopenable.tiff", "unreadable.svs", "broken.svs", "none.svs"])
def test_every_broken_file_is_one_clear_line(run: Run, real_data: Path, name: str) -> None:
    code, _, err = run(real_data / "slides" / name, "--spacing", "0.5")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert name in err


def test_one_that_fails_does_not_stop_the_rest(
    run: Run, real_data: Path, small_svs: Path, tmp_path: Path
) -> None:
    broken = real_data / "slides" / "broken.svs"
    code, out, err = run(
        broken,
        small_svs,
        tmp_path / "none.svs",
        "--region",
        "1100,1500,300,300",
        "--formats",
        "csv",
    )
    assert code == 2
    assert len(err.splitlines()) == 2
    assert "CMU-1-Small-Region" in out
    assert (tmp_path / "out" / "CMU-1-Small-Region" / "tiles.csv").exists()


def test_a_folder_of_slides_and_a_folder_of_markup(
    run: Run, real_data: Path, small_svs: Path, tmp_path: Path
) -> None:
    scans, markup = tmp_path / "scans", tmp_path / "markup"
    scans.mkdir()
    markup.mkdir()
    for name in ("one.svs", "zwei 😐.svs"):
        shutil.copy(small_svs, scans / name)
    source = sorted((real_data / "asap_xml" / "camelyon17").glob("*.xml"))[0]
    shutil.copy(source, markup / "one.xml")
    code, _, err = run(
        scans, "--annotations", markup, "--region", "1100,1500,400,400", "--formats", "xml",
        "--threshold", "0",
    )  # fmt: skip
    assert code == 0
    assert "zwei 😐" in err, "told that it has no markup"
    with_markup = (tmp_path / "out" / "one" / "prediction.xml").read_text()
    alone = (tmp_path / "out" / "zwei 😐" / "prediction.xml").read_text()
    added = source.read_text().count("<Annotation ")
    assert with_markup.count("<Annotation ") == alone.count("<Annotation ") + added
    assert '<Group Name="Prediction"' in with_markup


def test_a_folder_of_pictures_is_a_line_each(run: Run, real_data: Path, tmp_path: Path) -> None:
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    for source in sorted((real_data / "crc9").glob("*.tif"))[:4]:
        shutil.copy(source, tiles)
    cv2.imwrite(str(tiles / "wide.png"), np.full((40, 300, 3), 120, np.uint8))
    code, out, err = run(tiles)
    assert (code, err) == (0, "")
    assert RESEARCH_USE_ONLY in out
    lines = list(csv.DictReader((tmp_path / "out" / "images.csv").open()))
    assert [line["file"] for line in lines] == sorted(path.name for path in tiles.iterdir())
    for line in lines:
        assert float(line["prob_Background"]) + float(line["prob_Tumor"]) == pytest.approx(1)

    (tiles / "bad.png").write_bytes((tiles / "wide.png").read_bytes()[:60])
    code, out, err = run(tiles)
    assert (code, out) == (2, "")
    assert "--overwrite" in err, "this would replace the list of other pictures"
    code, out, err = run(tiles, "--overwrite")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "bad.png" in err
    assert "5 of 6" in out
    assert len((tmp_path / "out" / "images.csv").read_text().splitlines()) == 6
    run_file = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run_file["pictures"] == 5
    (skipped,) = run_file["skipped"]
    assert skipped["file"] == "bad.png"
    assert skipped["reason"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--region", "1,2,3"], "four numbers"),
        (["--region", "a,2,3,4"], '"a"'),
        (["--region", "0,0,0,5"], "above 0"),
        (["--region", "nan,0,5,5"], "nan"),
        (["--region", "900000,0,5,5"], "covers nothing"),
        (["--spacing", "x"], '"x"'),
        (["--spacing", "0"], "µm per pixel"),
        (["--threshold", "2"], "from 0 to 1"),
        (["--formats", "csv,doc"], '"doc"'),
        (["--formats", ","], "No format"),
        (["--annotations", "nowhere.xml"], "nowhere.xml"),
    ],
)
def test_a_bad_option_is_one_clear_line(
    run: Run, small_svs: Path, words: list[str], told: str
) -> None:
    code, _, err = run(small_svs, *words)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert told in err
    assert "Traceback" not in err


def test_an_unknown_model_and_a_bad_folder_are_one_clear_line(
    run: Run, small_svs: Path, tmp_path: Path
) -> None:
    code, _, err = run(small_svs, use="no-such-model")
    assert code == 2
    assert "no-such-model" in err
    assert len(err.splitlines()) == 1
    (tmp_path / "file").write_text("")
    code, _, err = run(small_svs, out=tmp_path / "file" / "out")
    assert code == 2
    assert len(err.splitlines()) == 1
    code, _, err = run(tmp_path)
    assert code == 2
    assert "no slide or picture" in err


def test_one_markup_cannot_belong_to_two_slides(run: Run, small_svs: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<ASAP_Annotations/>")
    code, _, err = run(small_svs, tmp_path / "b.svs", "--annotations", tmp_path / "a.xml")
    assert code == 2
    assert "2 slides" in err


def test_a_list_of_pictures_gives_way_to_itself_alone(
    run: Run, real_data: Path, tmp_path: Path
) -> None:
    first, second = sorted((real_data / "crc9").glob("*.tif"))[:2]
    listed = tmp_path / "out" / "images.csv"
    assert run(first)[0] == run(first)[0] == 0
    content = listed.read_bytes()
    code, out, err = run(second)
    assert (code, out) == (2, "")
    assert str(listed) in err
    other = write_tiny_package(tmp_path / "other", seed=2)
    assert run(first, use=str(other.folder))[0] == 2
    assert listed.read_bytes() == content
    assert run(second, "--overwrite")[0] == 0
    assert second.name in listed.read_text()
    assert (tmp_path / "out" / "images.csv.bak").read_bytes() == content


def test_nothing_is_left_where_nothing_was_predicted(
    run: Run, real_data: Path, tmp_path: Path
) -> None:
    broken = real_data / "slides" / "broken.svs"
    assert run(broken, out=tmp_path / "a" / "b")[:2] == (2, "")
    assert not (tmp_path / "a").exists()
    (tmp_path / "kept").mkdir()
    (tmp_path / "bad.png").write_bytes(b"bad")
    run(tmp_path / "bad.png", out=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize("empty", ["input", "out", "model", "annotations"])
def test_nothing_at_all_is_no_path(
    run: Run, small_svs: Path, model: str, empty: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = {"input": str(small_svs), "out": "out", "model": model, "annotations": "a.xml"}
    words[empty] = ""
    options = [part for key in ("out", "model", "annotations") for part in (f"--{key}", words[key])]
    assert main(["predict", words["input"], *options], NoWindow()) == 2  # type: ignore[arg-type]
    err = capfd.readouterr().err
    assert "empty" in err.lower()
    assert len(err.splitlines()) == 1


def test_what_is_doubtful_is_told_and_recorded(run: Run, real_data: Path, tmp_path: Path) -> None:
    dark = real_data / "slides" / "test3-DAPI-2-(387).ndpi"
    (tmp_path / "far.xml").write_text(
        '<ASAP_Annotations><Annotations><Annotation Name="a" Type="Dot" PartOfGroup="None"'
        ' Color="#F4FA58"><Coordinates><Coordinate Order="0" X="900000" Y="5"/></Coordinates>'
        '</Annotation><Annotation Name="b" Type="Dot" PartOfGroup="None" Color="#F4FA58">'
        '<Coordinates><Coordinate Order="0" X="5" Y="5"/></Coordinates></Annotation>'
        "</Annotations><AnnotationGroups/></ASAP_Annotations>"
    )
    code, _, err = run(
        dark, "--annotations", tmp_path / "far.xml", "--spacing", "0.5", "--formats", "CSV"
    )
    assert code == 0
    folder = tmp_path / "out" / dark.stem
    told = json.loads((folder / "run.json").read_text())["notices"]
    assert [line.removeprefix(f"slideviewer: {dark}: ") for line in err.splitlines()] == told
    spacing, light, markup = told
    assert "0.2282" in spacing and "0.5" in spacing
    assert "fluorescence" in light
    assert markup.startswith("1 of 2 shapes")


def test_former_files_are_kept_and_told_of(run: Run, small_svs: Path, tmp_path: Path) -> None:
    region = ("--region", "1100,1500,300,300")
    run(small_svs, *region, "--formats", "csv,xml", "--threshold", "0")
    code, _, err = run(small_svs, *region, "--formats", "xml", "--threshold", "1")
    assert code == 0
    assert len(err.splitlines()) == 1
    assert "tiles.csv, prediction.xml" in err
    assert (tmp_path / "out" / small_svs.stem / "prediction.xml.bak").exists()
