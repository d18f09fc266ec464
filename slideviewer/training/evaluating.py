"""Measure a finished tile model on labelled tiles, without training anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.errors import TrainingError
from slideviewer.evaluation.classification import ClassificationReport
from slideviewer.files import replacing_text
from slideviewer.models.loading import apply_temperature, load_model
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, silent
from slideviewer.training.card import figures_of, table_of
from slideviewer.training.checkpoints import told_of_disk
from slideviewer.training.examples import Examples
from slideviewer.training.gathering import gather
from slideviewer.training.label_map import class_names
from slideviewer.training.measuring import Judge, answers
from slideviewer.training.options import TrainTilesOptions

REPORT_FILE, REPORT_TEXT = "report.json", "REPORT.md"


@dataclass(frozen=True)
class Measured:
    """What a model is worth on a set.

    Attributes
    ----------
    package : ModelPackage
    report : ClassificationReport
    """

    package: ModelPackage
    report: ClassificationReport

    def write(self, folder: Path) -> None:
        """Write the report as JSON and as text.

        Raises
        ------
        TrainingError
            If it cannot be written.
        """
        facts = {
            "note": RESEARCH_USE_ONLY,
            "product": f"slideviewer {__version__}",
            "model": self.package.spec.name,
            "model_hash": self.package.hash,
            **self.report.as_json(),
        }
        text = [
            f"# {self.package.spec.title} on {self.report.data}",
            "",
            f"**{RESEARCH_USE_ONLY}**",
            "",
            f"Model {self.package.spec.name}, {self.package.hash}.",
            "",
            *figures_of([self.report], []),
            *table_of(self.report),
        ]
        with told_of_disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with replacing_text(folder / REPORT_FILE) as stream:
                stream.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
            with replacing_text(folder / REPORT_TEXT) as stream:
                stream.write("\n".join(text) + "\n")


def evaluate_tiles(
    package: ModelPackage,
    options: TrainTilesOptions,
    fraction: float = 1.0,
    progress: Progress = silent,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Measure a model on a set, or on a share of it drawn within each class.

    Parameters
    ----------
    package : ModelPackage
    options : TrainTilesOptions
        Where the tiles are and of which classes; of the others nothing counts.
    fraction : float
        Of the tiles, above 0 and at most 1.
    progress : Progress
    on_notice : callable

    Raises
    ------
    TrainingError
        If the set or its classes do not serve.
    ModelError
        If the package is refused.
    """
    spec = package.spec
    if spec.task != "tile-classification":
        raise TrainingError(f'"{spec.name}" is for {spec.task}, and this measures models of tiles.')
    if not 0 < fraction <= 1:
        raise TrainingError(f"--fraction is above 0 and at most 1, not {fraction:g}.")
    if class_names(options.classes) != spec.class_names:
        raise TrainingError(
            f"The classes {', '.join(class_names(options.classes))} are not the model's, in their"
            f" order: {', '.join(spec.class_names)}.",
            remedy="Name them so in --classes.",
        )
    network = load_model(package)
    examples = gather(options, progress, on_notice).examples
    part = _share(examples, fraction, options.fit.seed)
    found = apply_temperature(answers(network, part, progress), spec.temperature)
    judge = Judge(spec.target, spec.threshold, options.title_of_data)
    share = "all tiles" if fraction == 1 else f"{fraction:.0%} of the tiles of each class"
    return Measured(package, judge.report(found, part, f"measured on {share}"))


def _share(examples: Examples, fraction: float, seed: int) -> Examples:
    """Part of the tiles of each class, at least one."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(examples), bool)
    for label in range(len(examples.class_names)):
        places = np.flatnonzero(examples.labels == label)
        count = max(1, round(len(places) * fraction))
        chosen[rng.permutation(places)[:count]] = True
    return examples.take(chosen)
