"""Train a network that tells nuclei apart, and write it as a model package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.finding import instances_by
from slideviewer.inference.nuclei.predict import rules_for
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import Metric
from slideviewer.progress import Progress, silent
from slideviewer.training.checkpoints import FitState
from slideviewer.training.nuclei.scores import Matches, interval, matches, score
from slideviewer.training.pictures.data import PictureData
from slideviewer.training.segmentation.card import Extra
from slideviewer.training.segmentation.describe import specify, variant_of
from slideviewer.training.segmentation.options import TrainPixelsOptions
from slideviewer.training.segmentation.train import train_pixels

TRIED = tuple(round(0.3 + 0.05 * step, 2) for step in range(9))
"""Thresholds from which the validation part chooses."""


def train_nuclei(
    options: TrainPixelsOptions,
    data: PictureData,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
    on_epoch: Callable[[FitState], None] | None = None,
) -> ModelPackage:
    """Train as `train_pixels` does, and measure the nuclei that come out one by one.

    Where there is a test part, the threshold is the one of `TRIED` that finds most on the
    validation part.

    Parameters
    ----------
    options : TrainPixelsOptions
        Their task is set to "nuclei".
    data : PictureData
        Of instances, whose `marks` are those of `slideviewer.training.nuclei.targets`.
    progress, on_notice, on_epoch
        As in `train_pixels`.

    Raises
    ------
    TrainingError, ModelError, SlideError
        As `train_pixels`.
    """
    options = replace(options, task="nuclei")
    title = options.data_name or data.title
    rules = rules_for(specify(options, data.targets, title))
    by_name = {picture.name: picture for picture in data.pictures}
    variant = variant_of(options)

    def matched(name: str, answers: NDArray[np.float32], threshold: float) -> Matches:
        instances = instances_by(rules.model_copy(update={"threshold": threshold}), answers)
        _, labels = data.read(by_name[name])
        return matches(labels[..., 0], instances.labels)

    def best_threshold(answered: Iterable[tuple[str, NDArray[np.float32]]]) -> float:
        tried: dict[float, list[Matches]] = {threshold: [] for threshold in TRIED}
        for name, answers in answered:
            for threshold, found in tried.items():
                found.append(matched(name, answers, threshold))
        return max(TRIED, key=lambda it: score(tried[it]))

    def extra(threshold: float) -> Extra:
        found: list[Matches] = []

        def look(name: str, answers: NDArray[np.float32]) -> None:
            found.append(matched(name, answers, threshold))

        return Extra(look, lambda: metrics(found))

    def metrics(found: list[Matches]) -> list[Metric]:
        return [
            _metric("mean precision of nuclei, IoU .50 to .95", title, variant, found, None),
            _metric("precision of nuclei, IoU .50", title, variant, found, 0.5),
        ]

    return train_pixels(options, data, progress, on_notice, on_epoch, extra, best_threshold)


def _metric(
    name: str, data: str, variant: str, found: list[Matches], threshold: float | None
) -> Metric:
    low, high = interval(found, threshold)
    return Metric(
        name=name,
        variant=variant,
        data=data,
        value=round(score(found, threshold), 4),
        low=round(low, 4),
        high=round(high, 4),
        count=len(found),
        unit="pictures",
    )
