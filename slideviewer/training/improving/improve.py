"""Correct a model from a review: learn, measure, and write a new version unless it is worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.classification import best_threshold
from slideviewer.models.loading import apply_temperature
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.calibration import best_temperature
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.fitting import Fitted, Tiles, fit_best
from slideviewer.training.improving.judging import Judgement
from slideviewer.training.improving.lessons import Source
from slideviewer.training.improving.material import gather
from slideviewer.training.improving.measuring import Answering, measure_slides
from slideviewer.training.improving.memory import memory_in, memory_of_data
from slideviewer.training.improving.options import ImproveOptions, check
from slideviewer.training.improving.reviewed import find_reviewed, locked_away
from slideviewer.training.improving.writing import Facts, write_version


@dataclass(frozen=True, eq=False)
class Improvement:
    """What came of it.

    Attributes
    ----------
    parent : ModelPackage
    package : ModelPackage or None
        The new version; None where it would have been worse, and nothing was written.
    judgement : Judgement
    counts : mapping of str to ndarray (3, classes), int64
        By training slide: tiles by source (drawn, accepted, rejected) and class.
    held_out : tuple of str
        Names of the slides that were locked away.
    remembers : str
        What was replayed, in words.
    tiles : int
        How many were learnt from, replayed ones included.
    read : int
        How many tiles were read and embedded; the others were known.
    seconds_fitting, seconds : float
        For the head alone, and for everything.
    """

    parent: ModelPackage
    package: ModelPackage | None
    judgement: Judgement
    counts: Mapping[str, NDArray[np.int64]]
    held_out: tuple[str, ...]
    remembers: str
    tiles: int
    read: int
    seconds_fitting: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names, package = self.parent.spec.class_names, self.package
        return {
            "parent": {"name": self.parent.spec.name, "hash": self.parent.hash},
            "package": None
            if package is None
            else {
                "name": package.spec.name,
                "title": package.spec.title,
                "folder": str(package.folder),
                "hash": package.hash,
            },
            "judgement": self.judgement.as_json(),
            "learnt_from": {
                name: {
                    source.words: dict(zip(names, map(int, row), strict=True))
                    for source, row in zip(Source, rows, strict=True)
                }
                for name, rows in self.counts.items()
            },
            "held_out": list(self.held_out),
            "remembers": self.remembers,
            "tiles": self.tiles,
            "tiles_read": self.read,
            "seconds_fitting": round(self.seconds_fitting, 3),
            "seconds": round(self.seconds, 3),
        }


def improve(
    options: ImproveOptions,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
) -> Improvement:
    """Fit a package's head anew on a review, and write it as a version of its own if it is better.

    All layers below the head stay as they are. Held-out slides are not opened before the head is
    fitted. Where it turns out worse, nothing is written.

    Parameters
    ----------
    options : ImproveOptions
    progress : Progress
        Called while tiles are looked at.
    on_notice : callable, optional
        Told each sentence that the user should hear.

    Raises
    ------
    TrainingError
        If the options or the review do not serve.
    ModelError
        If the model is refused, or the new one cannot be written.
    SlideError, AnnotationError, PredictionError, EvaluationError
        If a slide or its markup cannot be read.
    Cancelled
        Whatever `progress` raises; nothing is written then.
    """
    began, tell = time.perf_counter(), on_notice or (lambda _: None)
    check(options)
    parent = open_package(options.model)
    embedder = Embedder(parent)
    head = embedder.weights.head
    remembered = memory_in(parent, len(head.kernel))
    locked = locked_away(find_reviewed(options), options, frozenset(remembered.slides))
    progress(Step(0, 0, "Reading the review"))
    memory = remembered.without({it.hash for it in locked.training})
    if options.replay is not None:
        given = memory_of_data(options.replay, embedder, options.seed, progress, tell)
        memory = memory.joined(given)
    material = gather(locked, embedder, memory, options, progress, tell)
    progress(Step(0, 0, "Fitting"))
    clock = time.perf_counter()
    fitted = fit_best(head, material.tiles)
    found = _calibrated(fitted, material.tiles, parent)
    seconds_fitting = time.perf_counter() - clock
    former = Answering(head, parent.spec.temperature, parent.spec.threshold)
    sides = former, found
    if locked.held_out:
        judgement = measure_slides(
            locked.held_out, sides, embedder, options, locked.how, progress, tell
        )
    else:
        was_learnt = any(it.hash in remembered.slides for it in locked.training)
        judgement = material.measured(sides, parent, was_learnt=was_learnt)
    package = None
    if not judgement.is_worse:
        progress(Step(0, 0, "Writing the new version"))
        facts = Facts(
            options=options,
            learnt=material.learnt,
            judgement=judgement,
            memory=material.kept,
            remembers=material.memory.source,
            strength=fitted.strength,
        )
        package = write_version(embedder, found, facts)
    return Improvement(
        parent,
        package,
        judgement,
        material.learnt.counts,
        tuple(it.name for it in locked.held_out),
        material.memory.source,
        len(material.tiles),
        embedder.read,
        seconds_fitting,
        time.perf_counter() - began,
    )


def _calibrated(fitted: Fitted, tiles: Tiles, parent: ModelPackage) -> Answering:
    """Fit calibration and threshold on what heads said of tiles that they had not seen."""
    target = parent.spec.target
    temperature = best_temperature(fitted.left_out, tiles.labels)
    chances = apply_temperature(fitted.left_out, temperature)[:, target]
    is_target = tiles.labels == target
    threshold = parent.spec.threshold
    if is_target.any() and not is_target.all():
        threshold = round(best_threshold(is_target, chances), 4)
    return Answering(fitted.head.as_stored(), temperature, threshold)
