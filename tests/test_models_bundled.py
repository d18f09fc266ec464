"""The bundled models do what their cards say."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from marked_fixtures import drawn

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.evaluation.classification import decide, roc_auc
from slideviewer.inference.nuclei.finding import instances_by
from slideviewer.inference.nuclei.predict import rules_for
from slideviewer.models import ModelPackage, TileClassifier, open_package
from slideviewer.models.loading import load_model
from slideviewer.progress import silent
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.nuclei.scores import matches, score
from slideviewer.training.nuclei.targets import NucleiTargets
from slideviewer.training.pictures.cache import cached
from slideviewer.training.pictures.cases import for_the_test
from slideviewer.training.pictures.data import PictureData
from slideviewer.training.pictures.marked import labelled
from slideviewer.training.segmentation.measuring import whole_pictures
from slideviewer.training.tile_readers import each_of

NUCLEI = "nuclei-fluorescence"
KINDS = {
    "nuclei-fluorescence": ("fluorescence", NucleiTargets.of_border()),
    "nuclei-colour": ("colour", NucleiTargets.of_offsets()),
}
TEST_FRACTION = 0.2
"""As in the command that made it."""


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


def test_discs_are_found_one_by_one() -> None:
    package = open_package(NUCLEI)
    assert RESEARCH_USE_ONLY in package.read("CARD.md").decode()
    side, rules = package.spec.patch_size_pixels, rules_for(package.spec)
    _, labels = drawn(3, (side, side))
    light = cv2.GaussianBlur((labels > 0).astype(np.float32), (0, 0), 2)
    picture = (15 + 120 * light[..., None]).repeat(3, axis=2).astype(np.uint8)
    answers = np.asarray(load_model(package).predict_on_batch(picture[None]))[0]
    found = instances_by(rules, answers)
    both = ((found.labels > 0) & (labels > 0)).sum()
    assert 2 * both / ((found.labels > 0).sum() + (labels > 0).sum()) > 0.8
    assert 2 <= len(found) <= 3  # two of the three overlap


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_nuclei_of_the_test_part_score_as_stated(
    name: str, real_data: Path, tmp_path: Path
) -> None:
    package, (folder, targets) = open_package(name), KINDS[name]
    rules = rules_for(package.spec)
    pictures = labelled(real_data / "nuclei" / folder)
    names = for_the_test([it.name for it in pictures], TEST_FRACTION)
    kept = tuple(it for it in pictures if it.name in names)
    cases = {it.name: it.name for it in kept}
    data = PictureData(
        kept, cases, "test part", targets.names, targets.marks, offsets=targets.offsets
    )
    cache = cached(tmp_path, data.identity(), len(targets.names), data.items(silent), data.masks)
    found = []
    for number, answers in whole_pictures(load_model(package), cache, range(len(kept)), 16, silent):
        instances = instances_by(rules, answers)
        found.append(matches(data.read(kept[number])[1][..., 0], instances.labels))
    stated = next(it for it in package.spec.metrics if it.name.startswith("mean precision"))
    assert stated.count == len(kept)
    assert score(found) == pytest.approx(stated.value, abs=5e-3)
