"""Segmenting slides: cover, seams, places, order, resuming, damage."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mask_fixtures import (
    Brightness,
    Vignetted,
    all_of,
    everywhere,
    files_of,
    segmented,
    waves,
    write_picture,
    write_slide,
)
from tiny_model import write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import Cancelled, PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.segmentation import asking
from slideviewer.inference.segmentation.chunks import CHUNK_PX
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskBlock
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import TissueMask

WIDTH, HEIGHT = 1300, 900


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "tiny", patch=64)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("slide") / "waves.png"
    return open_slide(write_picture(path, waves(WIDTH, HEIGHT)))


def test_the_answers_of_tiles_become_one_without_a_seam(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    found = all_of(segmented(slide, package, tmp_path))
    expected = waves(WIDTH, HEIGHT)[..., :2] / 255
    assert np.abs(found - expected).max() < 1e-3, "every pixel at its place, the edges too"


def test_what_a_model_says_near_a_tiles_border_hardly_counts(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    found = all_of(segmented(slide, package, tmp_path, Vignetted()))
    expected = waves(WIDTH, HEIGHT)[..., :2] / 255
    # Where only the last tile of a row or column reaches, there is none to outweigh it.
    away = slice(2, -8)
    assert np.abs(found - expected)[away, away].max() < 2e-3


def test_a_region_is_a_part_of_the_whole(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    whole = segmented(slide, package, tmp_path / "whole", spacing=0.7)
    region = Rect(301.5, 200.25, 500, 411)
    part = segmented(slide, package, tmp_path / "part", spacing=0.7, region=region)
    frame = part.frame
    left = round((frame.x - whole.frame.x) / frame.scale)
    top = round((frame.y - whole.frame.y) / frame.scale)
    same = whole.read(0, left, top, frame.width, frame.height)
    assert np.array_equal(all_of(part), same)
    assert part.frame.extent.x <= region.x
    assert part.frame.extent.right >= region.right


def test_what_was_not_scanned_is_left_out(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    # As a MIRAX slide says of itself.
    scanned = open_slide(slide.path)
    scanned.bounds = Rect(101, 57, 640, 550)  # type: ignore[misc]
    prediction = segmented(scanned, package, tmp_path / "scanned")
    assert prediction.frame == MaskFrame(101, 57, 1.0, 640, 550)
    expected = waves(WIDTH, HEIGHT)[57 : 57 + 550, 101 : 101 + 640, :2] / 255
    assert np.abs(all_of(prediction) - expected).max() < 1e-3
    beyond = segmented(scanned, package, tmp_path / "beyond", region=Rect(50, 20, 300, 200))
    assert beyond.frame == MaskFrame(50, 20, 1.0, 300, 200)


@pytest.mark.parametrize("spacing", [0.5, 0.37, 1.0, 1.6])
def test_the_same_tissue_at_another_spacing_gives_the_same_map(
    package: ModelPackage, tmp_path: Path, spacing: float
) -> None:
    import cv2

    pixels = waves(1000, 800)
    reference = open_slide(write_slide(tmp_path / "one.tif", pixels, 1.0))
    size = round(1000 / spacing), round(800 / spacing)
    way = cv2.INTER_CUBIC if spacing < 1 else cv2.INTER_AREA
    scan = open_slide(
        write_slide(tmp_path / "other.tif", cv2.resize(pixels, size, interpolation=way), spacing)
    )
    one = segmented(reference, package, tmp_path / "a", spacing=None)
    other = segmented(scan, package, tmp_path / "b", spacing=None)
    height, width = (min(one.frame.height, other.frame.height), 990)
    difference = one.read(0, 0, 0, width, height).astype(np.float32) - other.read(
        0, 0, 0, width, height
    )
    assert np.abs(difference)[4:-4, 4:-4].max() < 0.05
    assert np.abs(difference).mean() < 0.01


def test_neither_order_nor_threads_nor_cache_nor_interruption_changes_a_byte(
    slide: Slide, package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a real network, many tiles and chunks.
    loader = ModelLoader(package)
    options = {"spacing": 1.0, "tissue": everywhere(slide), "loader": loader}
    predict_mask(slide, package, store=tmp_path / "plain", **options)
    expected = files_of(tmp_path / "plain")
    assert len(expected) > 8

    view = Rect(900, 600, 50, 50)
    monkeypatch.setattr(asking, "READERS", 5)
    predict_mask(slide, package, store=tmp_path / "view", first=view, cache_bytes=1, **options)
    assert files_of(tmp_path / "view") == expected

    for at in (3, 200):

        def until(step: Step, at: int = at) -> None:
            if step.unit == "tiles" and step.done > at:
                raise Cancelled

        store = tmp_path / f"cut{at}"
        with pytest.raises(Cancelled):
            predict_mask(slide, package, store=store, progress=until, **options)
        assert not read_mask_prediction(store).complete
        told: list[MaskBlock] = []
        found = predict_mask(slide, package, store=store, on_block=told.append, **options)
        assert found.complete
        assert len(told) == 6, "what was there is told, too"
        assert files_of(store) == expected


_KILLED = """
import sys, os
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from mask_fixtures import segmented
from slideviewer.models.package import open_package
from slideviewer.slide import open_slide
slide = open_slide(Path(sys.argv[3]))
def on_block(block):
    print("block", flush=True)
segmented(slide, open_package(Path(sys.argv[4])), Path(sys.argv[1]), on_block=on_block)
print("all", flush=True)
"""


@pytest.mark.parametrize("blocks", [1, 4])
def test_a_killed_run_goes_on_to_the_same_bytes(
    slide: Slide, package: ModelPackage, tmp_path: Path, blocks: int
) -> None:
    segmented(slide, package, tmp_path / "whole")
    store = tmp_path / "killed"
    run = subprocess.Popen(
        [
            *(sys.executable, "-c", _KILLED, str(store), str(Path(__file__).parent)),
            *(str(slide.path), str(package.folder)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout is not None
    for _ in range(blocks):
        assert run.stdout.readline() == "block\n"
    run.kill()
    run.wait()
    found = segmented(slide, package, store)
    assert found.complete
    assert files_of(store) == files_of(tmp_path / "whole")


def test_a_damaged_or_half_written_chunk_is_predicted_again(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    segmented(slide, package, tmp_path)
    expected = files_of(tmp_path)
    chunks = tmp_path / ARRAY_FOLDER / "0" / "c" / "0"
    spoilt = [chunks / "0" / "0", chunks / "1" / "2"]
    spoilt[0].write_bytes(spoilt[0].read_bytes()[:-100])
    data = bytearray(spoilt[1].read_bytes())
    data[len(data) // 2] ^= 8
    spoilt[1].write_bytes(data)
    (chunks / "0" / "1.0123.partial").write_bytes(b"half")
    (tmp_path / ARRAY_FOLDER / "1" / "c" / "0" / "0" / "1").write_bytes(b"spoilt")
    (tmp_path / ARRAY_FOLDER / "2" / "c" / "0" / "0" / "0").unlink()
    found = read_mask_prediction(tmp_path).read(0, 0, 0, WIDTH, HEIGHT)
    assert np.isnan(found[:CHUNK_PX, :CHUNK_PX]).all()
    assert not np.isnan(found[:CHUNK_PX, CHUNK_PX : 2 * CHUNK_PX]).any()
    model = Brightness()
    segmented(slide, package, tmp_path, model)
    assert files_of(tmp_path) == expected
    assert sum(model.asked) < 2 * 20**2, "the others were not predicted again"


def test_coarser_levels_are_means_of_what_was_looked_at(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    mask = np.zeros((9, 13), np.bool_)
    mask[:, :5] = True
    mask[8, 12] = True
    tissue = TissueMask(mask, slide.pyramid.extent, None)
    prediction = segmented(slide, package, tmp_path, tissue=tissue)
    assert prediction.level_count == 3
    looked_at = ~np.isnan(all_of(prediction)[..., 0])
    assert looked_at[:, :500].all()
    assert not looked_at[:500, 1100:].any()
    fine = all_of(prediction).astype(np.float64)
    for level in (1, 2):
        rows, columns = fine.shape[0] + fine.shape[0] % 2, fine.shape[1] + fine.shape[1] % 2
        even = np.full((rows, columns, 2), np.nan)
        even[: fine.shape[0], : fine.shape[1]] = fine
        with np.errstate(all="ignore"):
            fours = even.reshape(rows // 2, 2, columns // 2, 2, 2)
            fine = np.nansum(fours, (1, 3)) / (~np.isnan(fours)).sum((1, 3))
        found = all_of(prediction, level)
        assert np.array_equal(np.isnan(found), np.isnan(fine))
        assert np.nanmax(np.abs(found - fine)) < 2e-3
    beyond = prediction.read(0, -5, -5, 10, 10)
    assert np.isnan(beyond[:5]).all()
    assert not np.isnan(beyond[5:, 5:]).any()


def test_the_store_is_ome_zarr_with_levels(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    import zarr

    segmented(slide, package, tmp_path, spacing=0.5, region=Rect(100, 100, 1100, 700))
    group = zarr.open_group(tmp_path / ARRAY_FOLDER, mode="r")
    assert group.attrs["research_use"] == RESEARCH_USE_ONLY
    (scales,) = group.attrs["ome"]["multiscales"]
    assert [it["path"] for it in scales["datasets"]] == ["0", "1"]
    assert [axis["name"] for axis in scales["axes"]] == ["c", "y", "x"]
    for level, dataset in enumerate(scales["datasets"]):
        scale, shift = dataset["coordinateTransformations"]
        side = 2 * 2**level
        assert scale["scale"] == [1.0, side * 0.5, side * 0.5]
        assert shift["translation"][1] == (100 + (side - 1) / 2) * 0.5
        assert group[str(level)].dtype == np.float16


def test_chunks_in_view_come_first(slide: Slide, package: ModelPackage, tmp_path: Path) -> None:
    told: list[MaskBlock] = []
    view = Rect(1030, 600, 200, 200)
    segmented(slide, package, tmp_path, first=view, on_block=told.append)
    assert (told[0].x, told[0].y) == (1024, 512)
    assert len(told) == 6


def test_only_chunks_with_tissue_and_batches_of_one_size(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    mask = np.zeros((9, 13), np.bool_)
    mask[0, 0] = True
    model = Brightness()
    steps: list[Step] = []
    prediction = segmented(
        slide,
        package,
        tmp_path,
        model,
        tissue=TissueMask(mask, slide.pyramid.extent, None),
        progress=steps.append,
    )
    assert set(model.asked) == {32}
    looked_at = ~np.isnan(all_of(prediction)[..., 0])
    assert looked_at[:CHUNK_PX, :CHUNK_PX].all()
    assert looked_at.sum() == CHUNK_PX**2
    assert steps[-1].done == steps[-1].total == 16**2
    assert prediction.provenance["chunks"] == {
        "grid": 6,
        "tissue": 1,
        "predicted": 1,
        "not_reached": 0,
    }


def test_damage_costs_the_tiles_that_meet_it_and_is_tried_again(
    package: ModelPackage, tmp_path: Path
) -> None:
    import tifffile

    path = write_slide(tmp_path / "slide.tif", waves(1200, 900))
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        start, count = page.dataoffsets[6], page.databytecounts[6]  # column 1, row 1 of 256 px
    whole = path.read_bytes()
    data = bytearray(whole)
    data[start : start + count] = bytes(count)
    path.write_bytes(data)
    slide = open_slide(path)
    found = segmented(slide, package, tmp_path / "store")
    assert not found.complete
    assert found.skipped
    spoilt = Rect(256, 256, 256, 256)
    for x, y, width, height, reason in found.skipped:
        assert found.frame.rect(x, y, width, height).intersects(spoilt)
        assert reason
    unknown = np.isnan(all_of(found)[..., 0])
    assert unknown[256 + 32 : 480, 256 + 32 : 480].all()
    assert not unknown[:256].any(), "no tile that is whole was left out"
    assert not unknown[:, 512:].any()
    assert read_mask_prediction(tmp_path / "store").skipped == found.skipped
    model = Brightness()
    again = segmented(slide, package, tmp_path / "store", model)
    assert again.skipped == found.skipped
    with pytest.raises(PredictionError, match="None of its"):
        segmented(slide, package, tmp_path / "none", region=Rect(330, 330, 60, 60))


def test_another_prediction_in_the_folder_is_refused_or_replaced(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    segmented(slide, package, tmp_path)
    for changes, words in (
        ({"spacing": 0.9}, "another spacing"),
        ({"region": Rect(0, 0, 300, 300)}, "another region"),
        ({"overlap": 0.25}, "another overlap"),
    ):
        with pytest.raises(PredictionError, match=words):
            segmented(slide, package, tmp_path, **changes)
    found = segmented(slide, package, tmp_path, overlap=0.25, replace=True)
    assert found.provenance["overlap"] == 0.25
    (tmp_path / "prediction.json").write_text('{"format": "slideviewer-prediction"}')
    with pytest.raises(PredictionError, match=r"another task.*--overwrite") as caught:
        segmented(slide, package, tmp_path)
    assert "elete" not in str(caught.value), "what is whole is not to be deleted"
    (tmp_path / "prediction.json").write_text('{"format": 3}')
    with pytest.raises(PredictionError, match="cannot be understood"):
        segmented(slide, package, tmp_path)


def test_classes_that_exclude_each_other_share_no_pixel(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    prediction = segmented(slide, package, tmp_path)
    probabilities = np.array([[[0.2, 0.8], [0.55, 0.45], [0.6, 0.4], [np.nan, np.nan]]], np.float16)
    overlapping = prediction.positive(probabilities, 0.45)
    assert overlapping.tolist() == [[[False, True], [True, True], [True, False], [False, False]]]
    alone = replace(prediction, exclusive=True).positive(probabilities, 0.45)
    assert alone.tolist() == [[[False, True], [False, True], [True, False], [False, False]]]
