"""What `predict` leaves in its stores is evaluated as it lies there."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_fixtures import BOXES, SIZE, markup, prediction
from mask_fixtures import Brightness
from segmented_fixtures import SPACING, make_segmented
from tiny_model import write_tiny_segmentation

from slideviewer.annotations import write_annotations
from slideviewer.cli import main
from slideviewer.geometry import Rect
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.store import PredictionStore
from slideviewer.slide import open_slide
from slideviewer.slide.tissue import TissueMask


def printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", *words, "--json"], None) == 0  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_segmented(tmp_path_factory.mktemp("segmented"))


def test_overlapping_classes_of_a_slide_are_measured_one_by_one(
    segmented: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hole was not marked; of the green square a third of the width was not."""
    page = tmp_path / "a.html"
    report = printed(
        ["segmentation", f"{segmented}/results", f"{segmented}/markup", "--html", str(page)], capsys
    )
    hole, side = 40 * 60, 300 * 300
    rows = {row[1]: row[2:] for row in report["tables"][0]["rows"]}
    dice, _, said, true, *um2 = rows["Parenchyma"]
    assert (said, true) == (side - hole, side)
    assert dice == pytest.approx(2 * (side - hole) / (2 * side - hole))
    assert um2 == [(side - hole) * SPACING**2, side * SPACING**2]
    assert rows["Inflammation"][1:4] == [2 / 3, side, side * 2 / 3]
    assert "data:image/png" in page.read_text("utf-8")


def test_a_slide_of_which_a_part_was_scanned_is_measured_where_it_lies(
    segmented: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "results" / "squares" / "store"
    package = write_tiny_segmentation(tmp_path / "tiny", patch=64, spacing_um_px=SPACING)
    with closing(open_slide(segmented / "squares.png")) as slide:
        slide.bounds = Rect(101, 57, 700, 600)  # as MIRAX says of itself
        given: dict[str, Any] = {
            "spacing": SPACING,
            "tissue": TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        }
        loader = ModelLoader(package, Brightness())
        predict_mask(slide, package, store=store, loader=loader, **given)
        part = tmp_path / "part" / "squares" / "store"
        region = Rect(150, 100, 300, 300)
        predict_mask(slide, package, store=part, loader=loader, region=region, **given)
    report = printed(["segmentation", f"{tmp_path}/results", f"{segmented}/markup"], capsys)
    rows = {row[1]: row[2:] for row in report["tables"][0]["rows"]}
    side = 300 * 300
    assert tuple(rows["Parenchyma"][2:4]) == (side - 40 * 60, side)
    assert rows["Inflammation"][1:4] == [2 / 3, side, side * 2 / 3]
    command = ["evaluate", "segmentation", f"{tmp_path}/part", f"{segmented}/markup"]
    assert main(command, None) == 2  # type: ignore[arg-type]
    assert "holds a part of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--groups", "Parenchyma=Fat"], 'There is no class "Fat"'),
        (["--classes", "Fat"], 'knows no class "Fat"'),
    ],
)
def test_classes_that_a_store_does_not_know(
    options: list[str], words: str, segmented: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "segmentation", f"{segmented}/results", f"{segmented}/markup"]
    assert main([*command, *options], None) == 2  # type: ignore[arg-type]
    said = capsys.readouterr()
    assert words in said.err and not said.out


def test_markup_beyond_the_stored_slide_is_refused(
    segmented: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_annotations(markup((800, 100, 1200, 400), "Parenchyma"), tmp_path / "other.xml")
    command = ["evaluate", "segmentation", f"{segmented}/results", f"{tmp_path}/other.xml"]
    assert main(command, None) == 2  # type: ignore[arg-type]
    assert "it is of another slide" in capsys.readouterr().err


def test_a_store_of_tiles_gives_the_numbers_of_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "markup").mkdir()
    for seed, (name, box) in enumerate(BOXES.items()):
        made = prediction(name, tmp_path, seed)
        folder = tmp_path / "stores" / name / "store"
        facts = {**made.provenance, "model": {"name": "made", "hash": "0"}}
        store = PredictionStore.open_or_create(
            folder, made.grid, made.class_names, facts, target=1, threshold=0.5
        )
        rows, columns = np.nonzero(~np.isnan(made.target_probabilities))
        store.write(
            CellBatch(
                columns.astype(np.int32), rows.astype(np.int32), made.probabilities[rows, columns]
            )
        )
        store.finish(complete=True)
        write_outputs(Export(made, 0.5), tmp_path / "tables" / name, ["csv"])
        write_annotations(markup(box), tmp_path / "markup" / f"{name}.xml")
    table, stored = (
        printed(["tiles", f"{tmp_path}/{it}", f"{tmp_path}/markup", "--resamples", "20"], capsys)
        for it in ("tables", "stores")
    )
    assert stored == table
    one = printed(["tiles", f"{tmp_path}/stores/a_01/store", f"{tmp_path}/markup/a_01.xml"], capsys)
    cells = SIZE[0] // 128 * (SIZE[1] // 128 - 1)
    assert one["tables"] == [] and one["scores"][0]["count"] == cells
