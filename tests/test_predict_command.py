"""`slideviewer predict`, as it is typed."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.cli import main
from slideviewer.inference.store import read_prediction

pytestmark = pytest.mark.usefixtures("kept_engines")

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
        "CMU-1-Small-Region_likelihood_map.tif",
        "areas.xlsx",
        "classes.tif",
        "heatmap.png",
        "lesions.csv",
        "overlay.png",
        "prediction.geojson",
        "prediction.xml",
        "regions.xml",
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

    assert run(small_svs)[0] == 0
    again = json.loads((folder / "run.json").read_text())
    assert again["computed_by"] == run_file["computed_by"] != [], "who computed it is not forgotten"

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


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.geojson", "CMU-1-Small-Region.svs.png"])
def test_markup_may_be_of_any_format_and_a_mask(
    run: Run, small_svs: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "markup").mkdir()
    if name.endswith(".png"):
        mask = np.zeros((300, 222), np.uint8)
        mask[100:200, 50:150] = 1
        cv2.imwrite(str(tmp_path / "markup" / name), mask)
    else:
        drawn = Annotation("mine", Kind.POLYGON, as_points([(0, 0), (90, 0), (90, 90)]))
        write_annotations(AnnotationSet.of([drawn]), tmp_path / "markup" / name)
    part = ("--region", "1100,1500,300,200", "--formats", "xml")
    code, _, err = run(small_svs, *part, "--annotations", tmp_path / "markup", "--threshold", "1")
    assert code == 0
    assert "has no markup" not in err
    found = read_annotations(tmp_path / "out" / "CMU-1-Small-Region" / "prediction.xml")
    assert len(found.annotations) == 1


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


def test_each_slide_has_a_line_of_scores(run: Run, small_svs: Path, tmp_path: Path) -> None:
    again = tmp_path / "slides" / "again.svs"
    again.parent.mkdir()
    shutil.copy(small_svs, again)
    region = ("--region", "1100,1500,500,400", "--formats", "csv")
    code, _, _ = run(small_svs, again, *region, "--score-columns", "max,mean,regions_50")
    assert code == 0
    rows = list(csv.reader((tmp_path / "out" / "scores.csv").open()))
    assert [row[0] for row in rows] == ["CMU-1-Small-Region", "again"]
    assert rows[0][1:] == rows[1][1:]
    stored = read_prediction(tmp_path / "out" / "again" / "store")
    assert float(rows[0][1]) == pytest.approx(np.nanmax(stored.target_probabilities), rel=1e-4)
    code, _, err = run(small_svs, *region, "--score-columns", "best")
    assert code == 2
    assert "target_share_90" in err


def test_several_models_and_turns(run: Run, small_svs: Path, tmp_path: Path) -> None:
    other = write_tiny_package(tmp_path / "other", seed=2).folder
    code, _, err = run(
        small_svs, "--region", "1100,1500,500,400", "--formats", "csv",
        "--model", other, "--turns", "flips", "--stride", "16",
    )  # fmt: skip
    assert (code, err) == (0, "")
    stored = read_prediction(tmp_path / "out" / "CMU-1-Small-Region" / "store")
    assert stored.spread is not None
    assert stored.provenance["stride_pixels"] == 16
    run_file = json.loads((tmp_path / "out" / "CMU-1-Small-Region" / "run.json").read_text())
    assert [it["hash"] for it in run_file["others"]] != [run_file["model"]["hash"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--turns", "twice"), "none, flips, all"),
        (("--combine", "vote"), "mean, confirm"),
        (("--stride", "99"), "1 to 32"),
        (("--time-limit", "0"), "above 0"),
        (("--time-limit", "soon"), "needs a number"),
        (("--tissue", "colour=1"), "lowest_saturation"),
        (("--tissue", "leave_out_pen=perhaps"), "yes, no"),
        (("--tissue", "margin_um=-1"), "above 0"),
    ],
)
def test_options_that_make_no_sense(
    run: Run, small_svs: Path, words: tuple[str, str], told: str
) -> None:
    code, _, err = run(small_svs, *words)
    assert code == 2
    assert told in err


def test_ctrl_c_is_answered_in_words(
    run: Run, small_svs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("slideviewer.cli.predicting_tiles.write_outputs", pressed)
    code, _, err = run(small_svs, "--region", "1100,1500,300,300")
    assert code == 130
    assert "The same command again goes on" in err


def test_no_time_at_all_is_not_called_glass(run: Run, small_svs: Path) -> None:
    code, out, err = run(small_svs, "--time-limit", "0.000001", "--formats", "csv")
    assert code == 0
    assert "no tissue" not in out
    assert "before any" in out
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--turns", "all"),
        ("--stride", "8"),
        ("--time-limit", "60"),
        ("--tissue", "leave_out_pen=no"),
        ("--annotations", "MARKUP"),
        ("--formats", "csv,regions"),
    ],
)
def test_what_is_for_slides_is_not_ignored_for_pictures(
    run: Run, tmp_path: Path, words: tuple[str, str]
) -> None:
    cv2.imwrite(str(tmp_path / "tile.png"), np.full((40, 40, 3), 120, np.uint8))
    option, value = words
    (tmp_path / "markup").mkdir()
    code, _, err = run(tmp_path / "tile.png", option, value.replace("MARKUP", str(tmp_path)))
    assert code == 2
    assert option in err
    assert len(err.splitlines()) == 1


def test_tissue_is_found_as_told(run: Run, small_svs: Path, tmp_path: Path) -> None:
    region = ("--region", "1100,1500,500,400", "--formats", "csv")
    code, _, _ = run(small_svs, *region, "--tissue", "lowest_saturation=5,leave_out_pen=no")
    assert code == 0
    found = json.loads((tmp_path / "out" / "CMU-1-Small-Region" / "run.json").read_text())["tissue"]
    assert (found["lowest_saturation"], found["leave_out_pen"]) == (5, False)
    code, _, err = run(small_svs, *region)
    assert code == 2
    assert "another way to tell tissue" in err, "cells that are glass now would stay in the results"


@pytest.fixture(scope="module")
def lung(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_segmentation(tmp_path_factory.mktemp("models") / "lung").folder)


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "nuclei"
    classes = {"class_names": ("Inside", "Border"), "target_class": "Inside"}
    return str(write_tiny_segmentation(folder, task="nuclei", **classes).folder)


REGION = ("--region", "1100,1500,500,400")


def test_a_model_of_pixels_writes_masks_and_areas(
    run: Run, small_svs: Path, lung: str, tmp_path: Path
) -> None:
    code, out, err = run(small_svs, *REGION, use=lung)
    assert (code, err) == (0, "")
    assert "Parenchyma" in out and RESEARCH_USE_ONLY in out
    folder = tmp_path / "out" / "CMU-1-Small-Region"
    assert sorted(path.name for path in folder.iterdir()) == [
        "areas.csv",
        "areas.xlsx",
        "overlay.png",
        "prediction.geojson",
        "prediction.xml",
        "run.json",
        "store",
    ]
    assert "computed_by" in json.loads((folder / "run.json").read_text())


def test_a_model_of_nuclei_writes_a_line_for_each(
    run: Run, small_svs: Path, nuclei: str, tmp_path: Path
) -> None:
    code, out, err = run(small_svs, *REGION, "--formats", "csv", use=nuclei)
    assert (code, err) == (0, "")
    rows = list(csv.reader((tmp_path / "out" / "CMU-1-Small-Region" / "nuclei.csv").open()))
    assert f"{len(rows) - 1} nuclei" in out


def test_a_folder_of_large_pictures(run: Run, lung: str, nuclei: str, tmp_path: Path) -> None:
    folder = tmp_path / "fields"
    folder.mkdir()
    for name in ("one.png", "two.png"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (90, 2100, 3), np.uint8)
        cv2.imwrite(str(folder / name), pixels)
    code, out, _ = run(folder, use=lung)
    assert code == 0
    assert "2 of 2 pictures segmented" in out
    mask = cv2.imread(str(tmp_path / "out" / "one" / "mask_Parenchyma.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (90, 2100)
    code, out, _ = run(folder, use=nuclei, out=tmp_path / "nuclei")
    assert code == 0
    labels = cv2.imread(str(tmp_path / "nuclei" / "one" / "labels.png"), cv2.IMREAD_UNCHANGED)
    assert (labels.shape, labels.dtype) == ((90, 2100), np.uint16)


def test_options_for_tiles_are_refused_for_pixels(
    run: Run, small_svs: Path, lung: str, tmp_path: Path
) -> None:
    for words in (("--combine", "mean"), ("--stride", "8"), ("--score-columns", "max")):
        code, _, err = run(small_svs, *words, use=lung)
        assert code == 2
        assert "is for models of tiles" in err
    code, _, err = run(small_svs, "--formats", "lesions", use=lung)
    assert code == 2
    assert "xlsx" in err
    (tmp_path / "fields").mkdir()
    cv2.imwrite(str(tmp_path / "fields" / "one.png"), np.full((40, 40, 3), 120, np.uint8))
    for words in (("--time-limit", "9"), ("--tissue", "leave_out_pen=no"), ("--formats", "xml")):
        code, _, err = run(tmp_path / "fields", *words, use=lung)
        assert code == 2
        assert f"{words[0]}" in err and "is for slides" in err


def test_pixels_by_several_models_in_turns_within_a_time(
    run: Run, small_svs: Path, lung: str, nuclei: str, tmp_path: Path
) -> None:
    part = ("--region", "1100,1500,300,200", "--formats", "csv")
    other = write_tiny_segmentation(tmp_path / "other", seed=3).folder
    words = ("--model", other, "--turns", "flips", "--time-limit", "1000")
    code, out, err = run(small_svs, *part, *words, use=lung)
    assert (code, err) == (0, "")
    folder = tmp_path / "out" / "CMU-1-Small-Region"
    facts = json.loads((folder / "run.json").read_text("utf-8"))
    assert (facts["turns"], facts["time_limit_s"]) == ("flips", 1000)
    assert [it["name"] for it in facts["others"]] == ["lung"]
    code, _, err = run(small_svs, *part, use=lung)
    assert code == 2
    assert "other turns" in err and "--overwrite" in err
    code, out, err = run(small_svs, *part, "--time-limit", "0.000001", "--overwrite", use=lung)
    assert code == 0
    assert "before anything" in out and "no tissue" not in out
    code, out, err = run(small_svs, *part, "--turns", "all", use=nuclei, out=tmp_path / "nuclei")
    assert (code, err) == (0, "")
    assert "nuclei. Results" in out


def test_a_folder_of_tiles_has_areas_and_overlays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tiles").mkdir()
    for name, side in (("one.png", 40), ("two.png", 64)):
        pixels = np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "tiles" / name), pixels)
    code, _, err = run(tmp_path / "tiles", "--threshold", "0")
    assert (code, err) == (0, "")
    out = tmp_path / "out"
    assert not (out / "overlays").exists(), "not one for each of thousands, unless asked for"
    rows = list(openpyxl.load_workbook(out / "areas.xlsx")["Per picture"].values)
    assert rows[1][:3] == ("file", "width", "height")
    assert rows[2][:7] == ("one.png", 40, 40, 0, 0, None, 1600)
    assert json.loads((out / "run.json").read_text("utf-8"))["threshold"] == 0
    words = ("--threshold", "1", "--formats", "xlsx,overlay")
    code, _, err = run(tmp_path / "tiles", *words)
    assert (code, err) == (0, "")
    rows = list(openpyxl.load_workbook(out / "areas.xlsx")["Per picture"].values)
    assert rows[3][:7] == ("two.png", 64, 64, 4096, 100, None, 0)
    assert (out / "areas.xlsx.bak").exists()
    for name in ("one.png.png", "two.png.png"):
        assert RESEARCH_USE_ONLY.encode() in (out / "overlays" / name).read_bytes()
