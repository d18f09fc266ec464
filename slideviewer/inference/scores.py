"""A score for each slide, in one file for all of a run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from slideviewer.annotations.saving import keep_former
from slideviewer.errors import PredictionError
from slideviewer.files import replacing_text
from slideviewer.inference.features import FEATURES
from slideviewer.inference.files import told_to_user

__all__ = ["FEATURES", "SCORES_FILE", "known_features", "write_scores"]

SCORES_FILE = "scores.csv"
"""A line a slide, without a header: ``slide_id,score``, or more numbers in place of the score."""


def known_features(names: Sequence[str]) -> list[str]:
    """Check the names of features.

    Raises
    ------
    PredictionError
        If one is unknown, or none is named.
    """
    unknown = [name for name in names if name not in FEATURES]
    if unknown or not names:
        raise PredictionError(
            f'There is no score "{unknown[0]}".' if unknown else "No score is named.",
            remedy=f"Known are: {', '.join(FEATURES)}.",
        )
    return list(names)


def write_scores(
    scores: Mapping[str, Mapping[str, float]], columns: Sequence[str], folder: Path
) -> None:
    """Write `SCORES_FILE`; a former one with other slides in it is kept as ``.bak``.

    Parameters
    ----------
    scores : mapping of str to mapping
        The features of each slide, by its name.
    columns : sequence of str
        Which of them to write.
    folder : Path

    Raises
    ------
    PredictionError
        Where it cannot be written.
    """

    def write(path: Path) -> None:
        with replacing_text(path) as file:
            rows = csv.writer(file, lineterminator="\n")
            for slide, features in scores.items():
                rows.writerow([slide, *(f"{features[column]:.6g}" for column in columns)])

    path = folder / SCORES_FILE
    with told_to_user(folder):
        if len(scores) == 1:
            keep_former(path, write)  # the first slide of a run
        else:
            write(path)
