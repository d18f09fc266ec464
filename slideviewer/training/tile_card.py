"""What the package of a tile classifier carries for the page of its card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.model_card import CardData, CardPart
from slideviewer.training.baseline import BASELINE
from slideviewer.training.card import CardFacts
from slideviewer.training.card_data import (
    TileAnswers,
    card_files,
    confusion_of,
    fingerprint,
    history_curves,
    may_be_shown,
)
from slideviewer.training.describe import metrics_of
from slideviewer.training.examples import Examples
from slideviewer.training.history import EpochRow


def tile_card(
    facts: CardFacts,
    answers: TileAnswers,
    baseline: NDArray[np.float32],
    validation: Examples,
    rows: Sequence[EpochRow],
    data_licence: str,
) -> dict[str, bytes]:
    """Pack what was measured on the held-out part, and pictures of what went most wrong there.

    Parameters
    ----------
    facts : CardFacts
        Its first report is of the held-out part.
    answers : TileAnswers
        The network's on that part.
    baseline : ndarray (n, classes), float32
        Those of colour alone.
    validation : Examples
    rows : sequence of EpochRow
    data_licence : str
    """
    names, report = answers.class_names, facts.reports[0]
    curve = answers.roc({"colour alone": baseline})
    worst = answers.worst()
    pictures = []
    if may_be_shown(data_licence):
        pictures = [validation.tiles.read(number) for number, _ in worst]
    data = CardData(
        data_licence=data_licence,
        columns=("tiles of", *names),
        parts=tuple(
            CardPart(name=part, amounts=tuple(f"{counts.get(name, 0):,}" for name in names))
            for part, counts in facts.counts.items()
        ),
        intervals=facts.intervals,
        baseline=BASELINE,
        baseline_metrics=tuple(it for one in facts.baselines for it in metrics_of(one))[:64],
        reliability=(answers.reliability(report.data, report.variant),),
        curves=(*((curve,) if curve else ()), *history_curves(rows)),
        confusions=tuple(confusion_of(it) for it in facts.reports[:4]),
        worst=tuple(words for _, words in worst),
        limits=tuple(facts.limits),
        settings=tuple(facts.settings.items()),
        held_out=fingerprint(validation.hashes),
    )
    return card_files(data, pictures)
