"""Slides and models whose masks are known beforehand."""

from pathlib import Path

import cv2
import numpy as np

from slideviewer.inference.cells import Tiles
from slideviewer.inference.loader import Classifier, ModelLoader
from slideviewer.inference.nuclei.instances import Instances
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.models.package import ModelPackage
from slideviewer.slide import Slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.slide.writing import write_pyramid


class Brightness:
    """Answers for each pixel with its own red and green: seams and shifts would be seen."""

    def __init__(self, batch_size: int = 4) -> None:
        self.batch_size = batch_size
        self.asked: list[int] = []

    def describe(self) -> dict[str, object]:
        return {"engine": "a test's own"}

    def predict(self, tiles: Tiles) -> np.ndarray:
        self.asked.append(len(tiles))
        return tiles[..., :2].astype(np.float32) / 255


class Vignetted(Brightness):
    """The same, but worse the nearer the border of a tile, as real networks are."""

    def predict(self, tiles: Tiles) -> np.ndarray:
        answers = super().predict(tiles)
        side = tiles.shape[1]
        away = np.minimum(np.arange(side), np.arange(side)[::-1])
        border = np.minimum.outer(away, away) < 2
        answers[:, border] = 1 - answers[:, border]
        return answers


def waves(width: int, height: int, seed: int = 3) -> np.ndarray:
    """A smooth coloured picture, nowhere white, and no two places alike: (height, width, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 200, (max(2, height // 24), max(2, width // 24), 3), np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 20, 210).astype(np.uint8)


def write_picture(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return path


def write_slide(path: Path, pixels: np.ndarray, spacing_um_px: float | None = 1.0) -> Path:
    size = pixels.shape[1], pixels.shape[0]
    write_pyramid(path, size, [pixels], spacing_um_px, quality=98)
    return path


def everywhere(slide: Slide) -> TissueMask:
    return TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None)


def segmented(
    slide: Slide,
    package: ModelPackage,
    store: Path,
    model: Classifier | None = None,
    **options: object,
) -> MaskPrediction:
    loader = ModelLoader(package, model or Brightness())
    given = {"spacing": 1.0, "tissue": everywhere(slide), "loader": loader, **options}
    return predict_mask(slide, package, store=store, **given)  # type: ignore[arg-type]


def all_of(prediction: MaskPrediction, level: int = 0) -> np.ndarray:
    frame = prediction.frame_at(level)
    return prediction.read(level, 0, 0, frame.width, frame.height)


def files_of(store: Path) -> dict[str, bytes]:
    folder = store / ARRAY_FOLDER
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def assert_alike_far_from_the_cut(whole: Instances, part: Instances, at: tuple[int, int]) -> None:
    """Compare nuclei of a picture with those of what lies right of and below a place of it.

    Those that begin at least two nuclei away from the cut must be the same.
    """
    x, y = at
    expected, found = (
        {tuple(first): (labels == 1 + number).nonzero() for number, first in enumerate(firsts)}
        for labels, firsts in (
            (whole.labels[y:, x:], whole.first - (x, y)),
            (part.labels, part.first),
        )
    )
    inner = {first for first in expected if min(first) >= 80}
    assert inner == {first for first in found if min(first) >= 80}
    for first in inner:
        assert np.array_equal(expected[first], found[first])
