"""The bundled model does what its card says."""

from pathlib import Path

import numpy as np
import pytest

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.evaluation.classification import decide, roc_auc
from slideviewer.models import ModelPackage, TileClassifier, open_package
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.tile_readers import each_of


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return open_package("tumour-camelyon")


@pytest.fixture(scope="module")
def classifier(package: ModelPackage) -> TileClassifier:
    return TileClassifier(package)


def test_the_card_speaks_plainly(package: ModelPackage) -> None:
    card = package.read("CARD.md").decode()
    for text in (RESEARCH_USE_ONLY, "Camelyon16", "CC0", "colour alone", "out of fold"):
        assert text in card
    assert package.spec.class_names == ("Normal", "Tumor")
    assert package.spec.target_class == "Tumor"


def test_held_out_tiles_score_as_stated(
    package: ModelPackage, classifier: TileClassifier, real_data: Path
) -> None:
    spec, classes = package.spec, {"normal": "Normal", "tumor": "Tumor"}
    examples = load_examples(real_data / "camelyon_patches", classes, spec.patch_size_pixels)
    _, held_out = examples.split(0.2)
    answers = classifier.predict(np.stack([*each_of(held_out.tiles)]))
    stated = next(metric for metric in spec.metrics if metric.name == "roc_auc")
    assert roc_auc(held_out.labels == spec.target, answers[:, spec.target]) == pytest.approx(
        stated.value, abs=5e-3
    )
    assert stated.count == len(held_out)


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (243, 242, 240), (0, 0, 0), (40, 80, 200), (40, 160, 80)]
)
def test_glass_and_pen_are_normal(
    package: ModelPackage, classifier: TileClassifier, colour: tuple[int, int, int]
) -> None:
    size = package.spec.patch_size_pixels
    tile = np.full((1, size, size, 3), colour, np.uint8)
    answer = classifier.predict(tile)
    assert decide(answer, package.spec.target, package.spec.threshold).tolist() == [0]
