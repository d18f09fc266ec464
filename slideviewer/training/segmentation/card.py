"""What is measured on whole held-out pictures, and what a package carries for its card's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.calibration import Calibration
from slideviewer.evaluation.model_card import MOST_WORST, CardData, CardPart
from slideviewer.evaluation.reports.pictures import BLUE, RED
from slideviewer.inference.segmentation.tiling import Answers
from slideviewer.models.spec import Metric
from slideviewer.slide import Pixels
from slideviewer.training.card_data import (
    WORST_SIDE,
    card_files,
    fingerprint,
    history_curves,
    may_be_shown,
    reliability_of,
)
from slideviewer.training.history import EpochRow
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.segmentation.describe import (
    BY_PICTURE,
    HELD_OUT,
    CardFacts,
    metrics_of,
)
from slideviewer.training.segmentation.measuring import THRESHOLD, Agreement

Look = Callable[[str, NDArray[np.float32]], None]
"""Told the name of each held-out picture and the probabilities of its pixels."""


@dataclass(frozen=True)
class Extra:
    """Figures that a task has of its own.

    Attributes
    ----------
    look : callable
        See `Look`.
    metrics : callable
        Gives the figures, when all pictures were looked at.
    """

    look: Look
    metrics: Callable[[], Sequence[Metric]]


@dataclass(frozen=True)
class Failure:
    """A picture that was got wrong: how far over all targets, in words, and as it may be shown."""

    dice: float
    words: str
    picture: Pixels | None = field(repr=False)


@dataclass(frozen=True)
class Measured:
    """What answers to whole pictures are worth.

    Attributes
    ----------
    metrics : tuple of Metric
    calibrations : tuple of Calibration
        Of each target.
    worst : tuple of Failure
        The worst first.
    """

    metrics: tuple[Metric, ...]
    calibrations: tuple[Calibration, ...]
    worst: tuple[Failure, ...]


def measure(
    answered: Iterable[tuple[int, Answers]],
    cache: PixelCache,
    targets: Sequence[str],
    title: str,
    extra: Extra | None = None,
    *,
    variant: str = HELD_OUT,
    show: bool = False,
) -> Measured:
    """Compare answers with what is marked.

    Parameters
    ----------
    answered : iterable of (int, ndarray (height, width, targets))
        As `whole_pictures` gives them.
    cache : PixelCache
    targets : sequence of str
        Those that are masks.
    title : str
        The data's name.
    extra : Extra, optional
    variant : str
        On what the figures are taken, in words.
    show : bool
        Whether pictures may be made of what went wrong.
    """
    agreements: list[list[Agreement]] = []
    sums: list[list[Calibration]] = [[] for _ in targets]
    worst: list[Failure] = []
    for number, answers in answered:
        pixels, marks = cache.whole(number)
        marked, found = marks > 0, answers[..., : cache.masks] >= THRESHOLD
        row = [Agreement.of(marked[..., it], found[..., it]) for it in range(len(targets))]
        alone = np.zeros(marked[..., 0].size, np.int64)
        for it, of_target in enumerate(sums):
            truth, answer = marked[..., it].ravel(), answers[..., it].ravel()
            of_target.append(Calibration.of(truth, answer, alone, 1))
        dice = sum(row, Agreement()).dice
        if dice < (1.0 if len(worst) < MOST_WORST else worst[-1].dice):
            words = ", ".join(
                f"{name} {it.dice:.2f}" for name, it in zip(targets, row, strict=True)
            )
            shown = outlined(pixels, marked, found) if show else None
            worst.append(Failure(dice, f"Dice: {words}"[:500], shown))
            worst = sorted(worst, key=lambda failure: failure.dice)[:MOST_WORST]
        agreements.append(row)
        if extra is not None:
            extra.look(cache.pictures[number].name, answers)
    metrics = metrics_of(targets, agreements, title, variant)
    if extra is not None:
        metrics += extra.metrics()
    return Measured(tuple(metrics), tuple(_together(it) for it in sums), tuple(worst))


def outlined(pixels: Pixels, marked: NDArray[np.bool_], found: NDArray[np.bool_]) -> Pixels:
    """Draw what is marked in blue and what was found in red, on a picture made small.

    Parameters
    ----------
    pixels : ndarray (height, width, 3), uint8, RGB
    marked, found : ndarray (height, width, targets), bool
    """
    scale = min(1.0, WORST_SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    picture = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    for masks, ink, width in ((marked, BLUE, 3), (found, RED, 1)):
        for mask in np.moveaxis(masks, -1, 0):
            small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            lines, _ = cv2.findContours(small, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, lines, -1, ink, width)
    return np.asarray(picture, np.uint8)


def pixel_card(
    facts: CardFacts,
    measured: Measured,
    baseline: tuple[str, Measured],
    targets: Sequence[str],
    rows: Sequence[EpochRow],
    held_out: Sequence[str],
    data_licence: str,
) -> dict[str, bytes]:
    """Pack what was measured, and pictures of what went most wrong.

    Parameters
    ----------
    facts : CardFacts
    measured : Measured
    baseline : str, Measured
        What the network is compared with.
    targets : sequence of str
    rows : sequence of EpochRow
    held_out : sequence of str
        Names of the held-out pictures, which are not told.
    data_licence : str
    """
    first = measured.metrics[0]
    data = CardData(
        data_licence=data_licence,
        columns=("pixels of", "cases", "pictures", "tiles", *targets),
        parts=tuple(
            CardPart(
                name=part.name,
                amounts=(
                    f"{len(part.cases):,}",
                    f"{len(part.pictures):,}",
                    f"{facts.tiles[part.name]:,}",
                    *(f"{share:.2%}" for share in part.shares),
                ),
            )
            for part in facts.parts
        ),
        intervals=BY_PICTURE,
        baseline=baseline[0],
        baseline_metrics=baseline[1].metrics[:64],
        reliability=tuple(
            reliability_of(sums, sums, target, first.data, first.variant)
            for target, sums in zip(targets[:8], measured.calibrations, strict=False)
        ),
        curves=history_curves(rows),
        worst=tuple(failure.words for failure in measured.worst),
        limits=tuple(facts.limits),
        settings=tuple(facts.settings.items()),
        held_out=fingerprint(held_out),
    )
    pictures = [it.picture for it in measured.worst if it.picture is not None]
    return card_files(data, pictures if may_be_shown(data_licence) else ())


def _together(sums: Sequence[Calibration]) -> Calibration:
    names = ("count", "probability", "true", "squares")
    return Calibration(*(np.concatenate([getattr(it, name) for it in sums]) for name in names))
