"""Areas and overlays of what tile models say: every pixel counts once, every cell at its place."""

from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mask_fixtures import write_picture

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.inference.cell_areas import cell_areas, cell_overlay
from slideviewer.inference.export import FORMATS, Export, write_outputs
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation import sheets
from slideviewer.slide import open_slide

THRESHOLD = 0.5


def made(scores: np.ndarray, cell: float, *, spacing: float | None, size: tuple[int, int]):
    """Three classes, of which the second is the target and the third wins where it is not."""
    rows, columns = scores.shape
    probabilities = np.stack([(1 - scores) * 0.2, scores, (1 - scores) * 0.8], axis=2)
    slide = {"name": "a.svs", "width": size[0], "height": size[1]}
    return Prediction(
        Grid(3.5, 7.25, cell, columns, rows),
        ("Normal", "Tumor", "Stroma"),
        probabilities.astype(np.float32),
        1,
        THRESHOLD,
        {"slide": slide, "spacing_um_px": spacing},
    )


@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    cell=st.floats(1.5, 90),
    spacing=st.none() | st.floats(0.1, 2),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_cells_share_out_the_pixels(
    rows: int, columns: int, cell: float, spacing: float | None, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((rows, columns))
    scores[rng.random((rows, columns)) < 0.3] = np.nan
    size = round(3.5 + columns * cell) - 1, round(7.25 + rows * cell) + 5
    prediction = made(scores, cell, spacing=spacing, size=size)
    found = cell_areas(prediction, "a.svs", THRESHOLD)
    painted = np.zeros((size[1], size[0]), int)
    for tile in found.tiles:
        painted[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
        assert sum(tile.areas.pixels) == tile.areas.total == tile.width * tile.height
    assert painted.max() <= 1, "no pixel counts twice"
    assert found.areas.total == painted.sum() == sum(found.areas.pixels)
    assert len(found.tiles) == (~np.isnan(scores)).sum()
    target = sum(tile.areas.total for tile in found.tiles if tile.areas.pixels[1])
    assert found.areas.pixels[1] == target
    assert found.areas.pixels[0] == 0, "the likeliest other class counts"
    assert found.areas.um2(1) == (None if spacing is None else target * spacing**2)


def test_a_slide_has_a_spreadsheet_and_an_overlay(tmp_path: Path) -> None:
    pixels = np.full((607, 803, 3), 180, np.uint8)
    slide = open_slide(write_picture(tmp_path / "grey.png", pixels))
    scores = np.full((6, 8), 0.1)
    scores[2, 3:5] = 0.9
    scores[0] = np.nan
    prediction = made(scores, 100.0, spacing=0.5, size=(803, 607))
    out = tmp_path / "out"
    export = Export(prediction, THRESHOLD, slide=slide)
    paths = write_outputs(export, out, ["xlsx", "overlay"])
    assert [path.name for path in paths] == ["areas.xlsx", "overlay.png", "run.json"]
    book = openpyxl.load_workbook(out / "areas.xlsx")
    (whole,) = [*book["Per picture"].values][2:]
    assert whole[:3] == ("a.svs", 803, 607)
    assert whole[6] == 20_000 and whole[8] == 5000, "pixels and µm² of the target"
    tiles = [*book["Per tile"].values][2:]
    assert len(tiles) == 40
    assert sum(row[9] for row in tiles) == 20_000
    overlay = cv2.cvtColor(cv2.imread(str(out / "overlay.png")), cv2.COLOR_BGR2RGB)
    assert overlay.shape[0] > 600
    # The picture begins with the grid, at 3.5, 7.25.
    assert overlay[250, 350, 0] > overlay[250, 350, 1] + 30, "red in the target's cell"
    assert np.all(overlay[50, 350] == 180), "clear where nobody looked"
    assert RESEARCH_USE_ONLY.encode() in (out / "overlay.png").read_bytes()
    # Who has no slide open gets the other forms.
    alone = write_outputs(Export(prediction, THRESHOLD), tmp_path / "alone", list(FORMATS))
    assert "overlay.png" not in [path.name for path in alone]


def test_of_two_classes_the_target_alone_is_painted(tmp_path: Path) -> None:
    slide = open_slide(write_picture(tmp_path / "grey.png", np.full((200, 300, 3), 180, np.uint8)))
    scores = np.array([[0.9, 0.1, 0.1]])
    grid = Grid(0, 0, 100.0, 3, 1)
    probabilities = np.stack([1 - scores, scores], axis=2).astype(np.float32)
    prediction = Prediction(grid, ("Normal", "Tumor"), probabilities, 1, THRESHOLD)
    areas = cell_areas(prediction, "a", THRESHOLD).areas
    picture = cell_overlay(slide, prediction, areas, THRESHOLD)
    assert np.all(picture[50, 150] == 180)
    assert picture[50, 50, 0] > 190


def test_a_sheet_ends_where_a_spreadsheet_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 8)
    prediction = made(np.full((3, 3), 0.7), 10.0, spacing=None, size=(90, 90))
    write_outputs(Export(prediction, THRESHOLD), tmp_path, ["xlsx"])
    rows = [*openpyxl.load_workbook(tmp_path / "areas.xlsx")["Per tile"].values]
    assert len(rows) == 8
    assert "left out" in rows[-1][0]
