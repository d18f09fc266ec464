"""What a training puts into a package for the page of its card: figures, curves, the worst."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.calibration import Bins, Calibration
from slideviewer.evaluation.classification import ClassificationReport, decide
from slideviewer.evaluation.curves import roc
from slideviewer.evaluation.model_card import (
    LARGEST_DATA_BYTES,
    LARGEST_SHEET_BYTES,
    LARGEST_SHEET_PX,
    MOST_POINTS,
    MOST_WORST,
    WORST_ACROSS,
    Bin,
    CardConfusion,
    CardCurve,
    CardData,
    CardLine,
    Reliability,
)
from slideviewer.models.loading import apply_temperature
from slideviewer.models.spec import CARD_DATA, WORST
from slideviewer.slide import Pixels
from slideviewer.training.history import EpochRow

WORST_SIDE = LARGEST_SHEET_PX // WORST_ACROSS
_MOST_CURVES = 6
_SHARP = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
"""Thin red and blue lines would be washed out by colours of half the resolution."""
_FREE = re.compile(r"\s*cc[\s-]?0\b", re.IGNORECASE)


def may_be_shown(data_licence: str) -> bool:
    """Whether pictures of the data may leave with a package: those given to all under CC0 only."""
    return _FREE.match(data_licence) is not None


def card_files(data: CardData, worst: Sequence[Pixels] = ()) -> dict[str, bytes]:
    """Pack both files, within their bounds; the second one only where there are pictures.

    Matrices of very many classes are left out where the first would become too large.
    """
    packed = data.to_json()
    if len(packed) > LARGEST_DATA_BYTES:
        packed = data.model_copy(update={"confusions": (), "curves": ()}).to_json()
    files = {CARD_DATA: packed}
    if worst and may_be_shown(data.data_licence):
        files[WORST] = sheet_of(worst)
    return files


def sheet_of(pictures: Sequence[Pixels]) -> bytes:
    """Lay squares of `WORST_SIDE` in a grid, and pack it as JPEG as finely as its bound allows."""
    rows = -(-len(pictures) // WORST_ACROSS)
    sheet = np.full((rows * WORST_SIDE, WORST_ACROSS * WORST_SIDE, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        y, x = (place * WORST_SIDE for place in divmod(number, WORST_ACROSS))
        sheet[y : y + WORST_SIDE, x : x + WORST_SIDE] = fitted(picture)
    turned = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    for quality in (88, 70, 45, 20):
        packed = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality, *_SHARP])[
            1
        ].tobytes()
        if len(packed) <= LARGEST_SHEET_BYTES:
            break
    return packed


def fitted(picture: Pixels) -> Pixels:
    """A picture in the middle of a white square of `WORST_SIDE`."""
    height, width = picture.shape[:2]
    scale = WORST_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    square = np.full((WORST_SIDE, WORST_SIDE, 3), 255, np.uint8)
    left, top = (WORST_SIDE - size[0]) // 2, (WORST_SIDE - size[1]) // 2
    resized = cv2.resize(picture, size, interpolation=way)
    square[top : top + size[1], left : left + size[0]] = resized
    return square


def fingerprint(names: Iterable[str]) -> str:
    """A SHA-256 of what is held out, that tells no name."""
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()


def history_curves(rows: Sequence[EpochRow]) -> tuple[CardCurve, ...]:
    """A plot of each value by epoch, with a line for each part that it was measured on."""
    names = [name for row in rows for name in row.values if " central " not in name]
    titles = list(dict.fromkeys(name.removeprefix("val_") for name in names))[:_MOST_CURVES]
    curves = []
    for title in titles:
        lines = []
        for label, name in (("training", title), ("held out", f"val_{title}")):
            points = [
                (float(number), row.values[name])
                for number, row in enumerate(rows, 1)
                if abs(row.values.get(name, np.inf)) < 1e6
            ]
            if points:
                lines.append(_line(label, *zip(*points, strict=True)))
        if lines:
            curves.append(CardCurve(kind="history", title=title, lines=tuple(lines)))
    return tuple(curves)


def confusion_of(report: ClassificationReport) -> CardConfusion:
    """Which class was taken for which."""
    title = f"{report.data}, {report.variant}"[:500]
    return CardConfusion(title=title, names=report.class_names, counts=report.confusion)


def reliability_of(
    before: Calibration, after: Calibration, of: str, data: str, variant: str
) -> Reliability:
    """How often what is answered with a probability is true, without and with the temperature."""
    return Reliability(
        of=of,
        data=data[:500],
        variant=variant[:500],
        before=_bins(before.bins()),
        after=_bins(after.bins()),
        brier_before=round(before.brier() or 0.0, 5),
        brier_after=round(after.brier() or 0.0, 5),
    )


@dataclass(frozen=True, eq=False)
class TileAnswers:
    """What a network answered to held-out tiles.

    Attributes
    ----------
    raw : ndarray (n, classes), float32
        Before calibration.
    labels : ndarray (n,), int64
    class_names : tuple of str
    target : int
    temperature, threshold : float
    """

    raw: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    target: int
    temperature: float
    threshold: float

    @property
    def calibrated(self) -> NDArray[np.float32]:
        """Probabilities (n, classes), float32."""
        return apply_temperature(self.raw, self.temperature)

    def reliability(self, data: str, variant: str) -> Reliability:
        """Of the class of interest."""
        truth = self.labels == self.target
        alone = np.zeros(len(truth), np.int64)
        before, after = (
            Calibration.of(truth, it[:, self.target], alone, 1)
            for it in (self.raw, self.calibrated)
        )
        return reliability_of(before, after, self.class_names[self.target], data, variant)

    def roc(self, others: Mapping[str, NDArray[np.float32]]) -> CardCurve | None:
        """The ROC curve beside those of other answers; None where only one class is there."""
        truth, name = self.labels == self.target, self.class_names[self.target]
        lines = []
        for label, found in {"network": self.calibrated, **others}.items():
            curve = roc(truth, found[:, self.target], name)
            if curve is not None:
                lines.append(_line(label, curve.lines[0].x, curve.lines[0].y))
        return CardCurve(kind="roc", title=f"ROC, {name}", lines=tuple(lines)) if lines else None

    def worst(self) -> list[tuple[int, str]]:
        """The tiles that were got most wrong, and each in words.

        Those for another class than theirs, the surest first.
        """
        found = self.calibrated
        said = decide(found, self.target, self.threshold)
        of_truth = found[np.arange(len(found)), self.labels]
        wrong = np.flatnonzero(said != self.labels)
        order = wrong[np.argsort(of_truth[wrong], kind="stable")][:MOST_WORST]
        return [
            (
                int(number),
                f"{self.class_names[self.labels[number]]}, taken for"
                f" {self.class_names[said[number]]} with {found[number, said[number]]:.2f}",
            )
            for number in order
        ]


def _bins(bins: Bins) -> tuple[Bin, ...]:
    return tuple(
        Bin(probability=round(min(1.0, mean), 4), true=round(min(1.0, true), 4), count=int(count))
        for mean, true, count in zip(
            bins.mean.tolist(), bins.frequency.tolist(), bins.count.tolist(), strict=True
        )
    )


def _line(label: str, x: Iterable[float], y: Iterable[float]) -> CardLine:
    across, up = np.fromiter(x, float), np.fromiter(y, float)
    if len(across) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(across) - 1, MOST_POINTS).round().astype(int))
        across, up = across[kept], up[kept]
    rounded = (tuple(np.round(it, 5).tolist()) for it in (across, up))
    return CardLine(label=label, x=next(rounded), y=next(rounded))
