"""Scores of whole slides that a model was not trained on, and how well they tell them apart."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slideviewer.errors import SlideviewerError
from slideviewer.evaluation.classification import classification_report
from slideviewer.inference.features import heatmap_features
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.predict import predict_slide
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import open_slide
from slideviewer.training.label_map import class_names, label_map
from slideviewer.training.place_rules import PlaceRules
from slideviewer.training.slide_list import MarkedSlide
from slideviewer.training.slide_tiles import TileSize


@dataclass(frozen=True)
class SlideScores:
    """What a model says of slides.

    Attributes
    ----------
    features : mapping of str to mapping
        As `slideviewer.inference.scores.write_scores` takes them, by slide.
    has_target : mapping of str to bool
        Whether the specialist marked the target there.
    """

    features: Mapping[str, Mapping[str, float]]
    has_target: Mapping[str, bool]

    @property
    def words(self) -> str:
        """How well scores tell slides with the target from others."""
        names = list(self.features)
        scores = np.array([self.features[name]["max"] for name in names], np.float32)
        truth = np.array([self.has_target[name] for name in names], bool)
        counts = f"{len(names)} held-out slides, {int(truth.sum())} of them with the target"
        if not truth.any() or truth.all():
            return f"{counts}: slides of both kinds are needed to say how well scores tell them."
        report = classification_report(
            np.stack([1 - scores, scores], axis=1),
            truth.astype(np.int64),
            class_names=("without", "with"),
            target=1,
            threshold=0.5,
            variant="slide score",
        )
        return (
            f"{counts}: the highest probability on each tells them with a ROC AUC of"
            f" {report.roc_auc} (95 % interval from a bootstrap by slide)."
        )


def score_slides(
    package: ModelPackage,
    slides: Sequence[MarkedSlide],
    rules: PlaceRules,
    progress: Progress = silent,
    on_notice: Callable[[str], None] = lambda _: None,
) -> SlideScores:
    """Predict slides and take their scores; one that cannot be read is told of and left out.

    Parameters
    ----------
    package : ModelPackage
    slides : sequence of MarkedSlide
    rules : PlaceRules
        Which of what is marked is the target.
    progress : Progress
    on_notice : callable
    """
    loader = ModelLoader(package, engine="keras")
    size = TileSize(package.spec.patch_size_pixels, package.spec.spacing_um_px)
    target = class_names(rules.classes).index(rules.target)
    features: dict[str, Mapping[str, float]] = {}
    truth: dict[str, bool] = {}
    for slide in slides:
        name = slide.path.stem

        def named(step: Step, name: str = name) -> None:
            progress(replace(step, text=f"{name}: {step.text}"))

        try:
            with (
                closing(open_slide(slide.path)) as opened,
                tempfile.TemporaryDirectory(prefix="slideviewer-") as passing,
            ):
                side, _ = size.on(opened, slide)
                whole = opened.pyramid.width, opened.pyramid.height
                labels = label_map(slide, whole, side, rules.classes).labels
                has_target = bool((labels == target + 1).any())
                found = predict_slide(
                    opened,
                    package,
                    store=Path(passing) / "store",
                    spacing=slide.spacing_um_px,
                    progress=named,
                    loader=loader,
                )
        except SlideviewerError as error:
            on_notice(f"{name} has no score: {error}")
            continue
        features[name], truth[name] = heatmap_features(found), has_target
    return SlideScores(features, truth)
