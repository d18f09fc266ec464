"""What a trained network's package says of it, and the sample it must reproduce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pydantic import ValidationError

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import TrainingError
from slideviewer.models.architectures import full_config
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.spec import Metric, ModelSpec, first_fault
from slideviewer.models.spec_tasks import OFFSETS
from slideviewer.training.segmentation.measuring import THRESHOLD, Agreement, interval
from slideviewer.training.segmentation.options import TrainPixelsOptions
from slideviewer.training.segmentation.parts import Part

if TYPE_CHECKING:
    import keras

HELD_OUT = "pictures held out by case, whole, tiles merged"
TESTED = "pictures of the test part, by case, whole, tiles merged"

BY_PICTURE = "by picture; pictures of one case are alike, so the true uncertainty is larger"

_GUESSES = (
    "It knows the scanners, stains and tissue it was trained on; elsewhere its probabilities are"
    " guesses."
)
_FLATTERED = (
    "The epoch was chosen by its figures on the held-out part, which are slightly flattered so."
)
_UNSEEN = "Nothing was chosen by the test part, on which the figures were taken."

_GOLDEN_TILES = 2

_MISSED, _MISSED_OFFSET = 0.05, 0.01
"""How far an engine that computes in fewer bits may miss an answer. Of an offset, a hundredth is
more than a pixel."""


@dataclass(frozen=True)
class CardFacts:
    """What a card says beside the specification.

    Attributes
    ----------
    parts : sequence of Part
    tiles : mapping of str to int
        Tiles of each part by its name.
    settings : mapping of str to str
        How it was trained.
    limits : sequence of str
    baseline : str
        What it is compared with.
    baseline_metrics : sequence of Metric
        That one's figures.
    """

    parts: Sequence[Part]
    tiles: Mapping[str, int]
    settings: Mapping[str, str]
    limits: Sequence[str]
    baseline: str = ""
    baseline_metrics: Sequence[Metric] = ()


def specify(
    options: TrainPixelsOptions,
    targets: Sequence[str],
    title_of_data: str,
    metrics: Sequence[Metric] = (),
    threshold: float = THRESHOLD,
) -> ModelSpec:
    """Make the specification of a trained network.

    Raises
    ------
    TrainingError
        If an option does not fit in one.
    ModelError
        If the network's configuration is not one.
    """
    try:
        return ModelSpec(
            architecture="unet",
            num_classes=len(targets),
            class_names=tuple(targets),
            patch_size_pixels=options.tile_pixels,
            spacing_um_px=options.spacing_um_px,
            name=options.name,
            title=options.title or options.name,
            task=options.task,
            exclusive=False,
            licence=options.licence,
            intended_use=options.intended_use,
            trained_on=f"{title_of_data}, all but {_left_out(options)}.",
            metrics=tuple(metrics),
            target_class=targets[0],
            threshold=threshold,
            reduced_tolerance=_MISSED_OFFSET if tuple(targets[1:]) == OFFSETS else _MISSED,
            architecture_config=full_config("unet", options.architecture_config),
        )
    except ValidationError as error:
        raise TrainingError(
            f"No package can be described so: {first_fault(error)}.",
            remedy="Change that option.",
        ) from error


def variant_of(options: TrainPixelsOptions) -> str:
    """On what the figures of a training are taken, in words."""
    return TESTED if options.test_fraction else HELD_OUT


def limits_of(options: TrainPixelsOptions) -> tuple[str, ...]:
    """Sentences on what a network's figures do not say."""
    return _GUESSES, _UNSEEN if options.test_fraction else _FLATTERED


def metrics_of(
    targets: Sequence[str],
    agreements: Sequence[Sequence[Agreement]],
    data: str,
    variant: str = HELD_OUT,
) -> list[Metric]:
    """Dice and Jaccard of each target over all pictures measured on together.

    Parameters
    ----------
    targets : sequence of str
    agreements : sequence of sequence of Agreement
        Of each picture, one a target.
    data, variant : str
    """
    found = []
    for number, target in enumerate(targets):
        each = [agreement[number] for agreement in agreements]
        total = sum(each, Agreement())
        for word in ("dice", "jaccard"):
            low, high = interval(each, word)
            found.append(
                Metric(
                    name=f"{word} {target}",
                    variant=variant,
                    data=data,
                    value=round(float(getattr(total, word)), 4),
                    low=round(low, 4),
                    high=round(high, 4),
                    count=len(each),
                    unit="pictures",
                )
            )
    return found


def settings_of(
    options: TrainPixelsOptions, weights: int, chosen: str, marking: str = ""
) -> dict[str, str]:
    """How a network was trained, for its card; and what it learnt, if its targets do not say."""
    config = ", ".join(
        f"{name} {value}"
        for name, value in full_config("unet", options.architecture_config).items()
    )
    learnt = {"learnt": marking} if marking else {}
    return learnt | {
        "network": f"U-Net, {weights:,} weights: {config}",
        "tiles": f"{options.tile_pixels} px, coverage {options.coverage:g}, flat ones left out",
        "loss": options.loss,
        "optimiser": f"Adam, {options.learning_rate:g}, {options.schedule}",
        "epochs": f"{options.epochs} at most, patience {options.patience}; {chosen}",
        "batch": str(options.batch_size),
        "precision": options.precision,
        "augmentation": options.augmentation,
        "seed": f"{options.seed}, {options.repeats} repeat{'s' * (options.repeats > 1)}",
    }


def write_card(spec: ModelSpec, facts: CardFacts) -> str:
    """Write the card in Markdown."""
    names = [name.replace("|", "/") for name in spec.proper_classes]
    return "\n".join(
        [
            f"# {spec.title}",
            "",
            f"**{RESEARCH_USE_ONLY}**",
            "",
            f"Task: {spec.task}. Targets: {', '.join(spec.proper_classes)}. A tile is"
            f" {spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px. Licence:"
            f" {spec.licence}.",
            "",
            "## For what",
            "",
            spec.intended_use,
            "",
            "## From what",
            "",
            spec.trained_on,
            "",
            f"| part | cases | pictures | tiles |{''.join(f' {name} |' for name in names)}",
            f"|{' --- |' * (4 + len(names))}",
            *(
                f"| {part.name} | {len(part.cases)} | {len(part.pictures)} |"
                f" {facts.tiles[part.name]:,} |"
                + "".join(f" {share:.2%} |" for share in part.shares)
                for part in facts.parts
            ),
            "",
            f"Held out: {_some(facts.parts[-1].cases)}.",
            "",
            "## How good",
            "",
            f"95 % intervals from a bootstrap {BY_PICTURE}.",
            "",
            *_figures("the network", spec.metrics),
            *_figures(facts.baseline, facts.baseline_metrics),
            "## Limits",
            "",
            *(f"- {limit}" for limit in facts.limits),
            "",
            "## How it was trained",
            "",
            *(f"- {name}: {value}" for name, value in facts.settings.items()),
            "",
        ]
    )


def golden_sample(network: keras.Model) -> bytes:
    """Pack made-up tiles and the network's answers to them; no training picture leaves with it."""
    side = network.input_shape[1]
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 256, (_GOLDEN_TILES, 8, 8, 3), np.uint8)
    tiles = np.stack([cv2.resize(it, (side, side), interpolation=cv2.INTER_CUBIC) for it in coarse])
    answers = np.concatenate([network.predict_on_batch(tile[None]) for tile in tiles])
    return pack_arrays(
        {"tiles": tiles.astype(np.uint8), "probabilities": answers.astype(np.float32)}
    )


def _left_out(options: TrainPixelsOptions) -> str:
    validation = f"the {options.validation_fraction:.0%} of cases held out"
    if not options.test_fraction:
        return validation
    return f"about {options.test_fraction:.0%} of cases for the test, and {validation} of the rest"


def _figures(of: str, metrics: Sequence[Metric]) -> list[str]:
    if not metrics:
        return []
    return [
        f"| figure of {of.replace('|', '/')} | value | interval | measured on |",
        "| --- | --- | --- | --- |",
        *(
            f"| {metric.name.replace('|', '/')} | {metric.value:.3f} |"
            f" {_interval(metric)} | {metric.count} {metric.unit}, {metric.variant} |"
            for metric in metrics
        ),
        "",
    ]


def _interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return ""
    return f"{metric.low:.3f} to {metric.high:.3f}"


def _some(names: Sequence[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
