"""What network to train for pixels, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from slideviewer.errors import TrainingError
from slideviewer.training.pair_augmentation import parse_pair_augmentation
from slideviewer.training.segmentation.losses import LOSSES

MOST_REPEATS = 20
SCHEDULES = ("constant", "cosine")
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""What a network computes in while it is trained, and what Keras calls that."""


@dataclass(frozen=True)
class TrainPixelsOptions:
    """What to train, and where to.

    Attributes
    ----------
    out : Path
        The package's folder.
    name : str
        The package's name.
    spacing_um_px : float
        Of the pictures as the network sees them.
    task : str
    tile_pixels : int
        Side of what the network sees at once.
    coverage : float
        How closely tiles lie in pictures; see `slideviewer.training.segmentation.tiles.spread`.
    architecture_config : mapping
        Of `unet`.
    loss : str
        Of `LOSSES`.
    augmentation : str
        As `parse_pair_augmentation` reads it.
    epochs, batch_size, seed : int
        On a CPU the same seed and data give the same network.
    patience : int
        Epochs without a better Dice on the held-out part, or with offsets a smaller loss there,
        that end a training; 0 for none.
    repeats : int
        Trainings from other first weights, of which the best is kept.
    learning_rate : float
    schedule : str
        "constant"; or "cosine": the rate falls along a half cosine to nothing, after a short
        warm-up.
    precision : str
        "float32"; or "bfloat16": it is trained in sixteen bits, quicker where the processor or GPU
        has them, and everything measured and stored is of float32.
    validation_fraction : float
        Share of cases held out, by which the epoch is chosen.
    test_fraction : float
        Share of cases that nothing looks at before the network is finished, for its figures; 0
        for none, where those held out serve for both.
    workers : int
        Threads that make batches.
    title, licence, intended_use, data_name, data_licence : str
        For the specification and the card. Pictures of data under CC0, and of no other, go into
        the package as examples of what went wrong.
    baseline : str
        A package, trained on the same cases, that the card compares with; colour alone if empty.
    overwrite : bool
        Whether a package, or another training, that is already in `out` gives way.
    """

    out: Path
    name: str
    spacing_um_px: float
    task: Literal["segmentation", "nuclei"] = "segmentation"
    tile_pixels: int = 256
    coverage: float = 0.99
    architecture_config: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    loss: str = "bce+dice"
    augmentation: str = "light"
    epochs: int = 20
    batch_size: int = 8
    seed: int = 1
    patience: int = 10
    repeats: int = 1
    learning_rate: float = 1e-3
    schedule: str = "constant"
    precision: str = "float32"
    validation_fraction: float = 0.2
    test_fraction: float = 0.0
    workers: int = 2
    title: str = ""
    licence: str = "not stated"
    intended_use: str = "Research on pictures like those it was trained on."
    data_name: str = ""
    data_licence: str = ""
    baseline: str = ""
    overwrite: bool = False

    def identity(self) -> dict[str, object]:
        """What a training that goes on must have in common with the one that was broken off.

        All but the number of epochs, which may become larger where the rate does not depend on
        it, and words and threads.
        """
        free = {"out", "epochs", "workers", "overwrite", "repeats", "name"}
        free |= {"title", "licence", "intended_use", "data_name", "data_licence", "baseline"}
        if self.schedule != "constant":
            free -= {"epochs"}
        if self.precision == "float32":
            free |= {"precision"}  # trainings that were begun before there was a choice
        facts = {name: value for name, value in vars(self).items() if name not in free}
        return facts | {"architecture_config": dict(self.architecture_config)}


def filters_for(depth: int, first: int = 32, channel_rate: float = 1.0) -> list[int]:
    """Channels of each level: doubled from one to the next, times a rate.

    Raises
    ------
    TrainingError
        If there would be none, or too many.
    """
    if not 2 <= depth <= 9:
        raise TrainingError(f"A depth of {depth} levels is not from 2 to 9.")
    if not (math.isfinite(channel_rate) and 0 < channel_rate <= 8):
        raise TrainingError(
            f"The channel rate {channel_rate:g} is not above 0 and at most 8.",
            remedy="Give 0.5, 1 or 2.",
        )
    return [max(1, round(first * 2**level * channel_rate)) for level in range(depth)]


def check_options(options: TrainPixelsOptions) -> None:
    """Refuse options that cannot serve, before any time is spent.

    Raises
    ------
    TrainingError
        With what is wrong.
    """
    if not 0 < options.validation_fraction < 1:
        raise TrainingError(
            f"The validation fraction {options.validation_fraction:g} is not between 0 and 1."
        )
    if not 0 <= options.test_fraction < 1:
        raise TrainingError(
            f"The test fraction {options.test_fraction:g} is not from 0 to below 1.",
            remedy="Give 0.2, or 0 for none.",
        )
    rate = options.learning_rate
    if not (math.isfinite(rate) and 0 < rate <= 1):
        raise TrainingError(
            f"The learning rate {rate:g} is not above 0 and at most 1.",
            remedy="Give a --learning-rate such as 0.001.",
        )
    if not (math.isfinite(options.coverage) and 0.5 <= options.coverage <= 8):
        raise TrainingError(
            f"A coverage of {options.coverage:g} is not from 0.5 to 8.",
            remedy="Give 0.99, or 1.5 for tiles that overlap.",
        )
    for word, choice, known in (
        ("loss", options.loss, LOSSES),
        ("schedule", options.schedule, SCHEDULES),
        ("precision", options.precision, PRECISIONS),
    ):
        if choice not in known:
            raise TrainingError(
                f'The {word} "{choice}" is unknown.', remedy=f"Known are: {', '.join(known)}."
            )
    parse_pair_augmentation(options.augmentation)
    for word, number, least, most in (
        ("epochs", options.epochs, 1, 100_000),
        ("batch size", options.batch_size, 1, 1024),
        ("repeats", options.repeats, 1, MOST_REPEATS),
        ("patience", options.patience, 0, 100_000),
        ("workers", options.workers, 1, 64),
    ):
        if not least <= number <= most:
            raise TrainingError(f"{number} {word} are not from {least} to {most:,}.")
