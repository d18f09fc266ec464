"""A mask is the same wherever one begins to look: regions, scanned parts, cut-out pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mask_fixtures import Brightness, Vignetted, all_of, segmented, waves, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer.geometry import Rect
from slideviewer.inference.cells import Tiles
from slideviewer.inference.engines.choosing import load_classifier
from slideviewer.inference.loader import Classifier
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.models.package import ModelPackage
from slideviewer.slide import Slide, open_slide

WIDTH, HEIGHT, PATCH = 1100, 800, 64
SCANNED = Rect(101, 57, 640, 550)
"""What a MIRAX slide says of itself: its content begins somewhere, and ends before the slide."""


class Blurred(Brightness):
    """What a network does that halves nothing: each pixel and those around, 0 beyond the tile."""

    def predict(self, tiles: Tiles) -> np.ndarray:
        answers = super().predict(tiles)
        return np.stack([cv2.blur(it, (7, 7), borderType=cv2.BORDER_CONSTANT) for it in answers])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "tiny", patch=PATCH)


@pytest.fixture(scope="module")
def network(package: ModelPackage) -> Classifier:
    """A U-Net that halves once."""
    return load_classifier(package, "keras")


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("slide") / "waves.png"
    return open_slide(write_picture(path, waves(WIDTH, HEIGHT)))


@pytest.fixture(scope="module")
def scanned(slide: Slide) -> Slide:
    of_a_part = open_slide(slide.path)
    of_a_part.bounds = SCANNED  # type: ignore[misc]
    return of_a_part


@pytest.fixture(scope="module")
def by_network(
    slide: Slide,
    package: ModelPackage,
    network: Classifier,
    tmp_path_factory: pytest.TempPathFactory,
) -> MaskPrediction:
    return segmented(slide, package, tmp_path_factory.mktemp("whole"), network)


@pytest.mark.parametrize("at", [(256, 128), (32, 96), (30, 18), (102, 58), (254, 2)])
def test_a_slide_and_a_picture_cut_out_of_it_agree(
    slide: Slide,
    package: ModelPackage,
    network: Classifier,
    by_network: MaskPrediction,
    tmp_path: Path,
    at: tuple[int, int],
) -> None:
    part = slide.read_region(0, *at, 700, 640)
    picture = open_slide(write_picture(tmp_path / "part.png", part))
    alone = all_of(segmented(picture, package, tmp_path / "alone", network))
    same = by_network.read(0, *at, 700, 640).astype(np.float32)
    away = slice(PATCH, -PATCH)
    assert np.abs(same - alone)[away, away].max() < 1e-3
    assert np.ptp(same) > 0.02, "the network says something"


@pytest.mark.parametrize("at", [(1, 1), (37, 51), (101, 57), (32, 15)])
def test_at_any_offset_where_a_network_minds_none(
    slide: Slide, package: ModelPackage, tmp_path: Path, at: tuple[int, int]
) -> None:
    whole = segmented(slide, package, tmp_path / "whole", Blurred())
    part = slide.read_region(0, *at, 600, 500)
    picture = open_slide(write_picture(tmp_path / "part.png", part))
    alone = all_of(segmented(picture, package, tmp_path / "alone", Blurred()))
    same = whole.read(0, *at, 600, 500).astype(np.float32)
    away = slice(PATCH, -PATCH)
    assert np.abs(same - alone)[away, away].max() < 1e-3


def test_the_scanned_part_gives_what_it_gives_alone(
    scanned: Slide, package: ModelPackage, network: Classifier, tmp_path: Path
) -> None:
    x, y, width, height = (int(it) for it in (SCANNED.x, SCANNED.y, SCANNED.width, SCANNED.height))
    picture = write_picture(tmp_path / "part.png", scanned.read_region(0, x, y, width, height))
    alone = segmented(open_slide(picture), package, tmp_path / "alone", network)
    found = segmented(scanned, package, tmp_path / "scanned", network)
    assert np.abs(all_of(found).astype(np.float32) - all_of(alone)).max() < 1e-3, "borders, too"


@pytest.mark.parametrize(
    "region",
    [
        Rect(301.5, 200.25, 300, 211),
        Rect(103, 59, 33, 500),
        Rect(50, 20, 500, 400),  # over the border of what was scanned
        Rect(0, 0, 1100, 800),
        Rect(333.3, 90.1, 700, 650),
    ],
)
@pytest.mark.parametrize("spacing", [1.0, 0.7])
def test_a_region_of_a_slide_that_begins_somewhere_is_a_part_of_the_whole(
    scanned: Slide, package: ModelPackage, tmp_path: Path, region: Rect, spacing: float
) -> None:
    whole = segmented(scanned, package, tmp_path / "whole", Vignetted(), spacing=spacing)
    part = segmented(
        scanned, package, tmp_path / "part", Vignetted(), spacing=spacing, region=region
    )
    shift = [
        (there - here) / whole.frame.scale
        for there, here in ((part.frame.x, whole.frame.x), (part.frame.y, whole.frame.y))
    ]
    left, top = map(round, shift)
    assert shift == pytest.approx([left, top], abs=1e-6), "pixels lie on one lattice"
    frame = part.frame
    same, found = whole.read(0, left, top, frame.width, frame.height), all_of(part)
    rows, columns = np.arange(frame.height) + top, np.arange(frame.width) + left
    # Beyond the border, and a tile from it, a region over the border sees more.
    margin = 0 if SCANNED.intersection(region) == region else PATCH
    down = (rows >= margin) & (rows < whole.frame.height - margin)
    across = (columns >= margin) & (columns < whole.frame.width - margin)
    inner = np.ix_(down, across)
    assert found[inner].size
    assert np.array_equal(found[inner], same[inner])
