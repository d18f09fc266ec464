"""What a package carries beside its specification so that its card can be a page.

`card.json` holds what was measured, and `worst.jpg` pictures of what went most wrong, in a grid.
Both may come from anywhere: the one is read strictly and within bounds, and of the other nothing
but decoded pixels is ever shown.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import ModelError
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import CARD_DATA, WORST, Metric, first_fault
from slideviewer.slide import Pixels

LARGEST_DATA_BYTES = 256 * 1024
LARGEST_SHEET_BYTES = 512 * 1024
LARGEST_SHEET_PX = 1024
"""Of a side of the sheet of the worst."""
WORST_ACROSS = 4
MOST_WORST = 12
MOST_POINTS = 200
"""Of a line: a card is not read with a magnifying glass."""

Words = Annotated[str, Field(max_length=500)]
Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Points = Annotated[tuple[Number, ...], Field(max_length=2 * MOST_POINTS)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class CardLine(_Part):
    """A line of a plot."""

    label: Words
    x: Points
    y: Points

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError("a line has as many x as y")
        return self


class CardCurve(_Part):
    """A plot: "roc", or "history", whose x are epochs."""

    kind: Literal["roc", "history"]
    title: Words
    lines: Annotated[tuple[CardLine, ...], Field(max_length=8)]


class Bin(_Part):
    """Answers of about the same probability, and the share of them that was true."""

    probability: Share
    true: Share
    count: Count


class Reliability(_Part):
    """Whether probabilities mean what they say.

    Attributes
    ----------
    of : str
        The class.
    data, variant : str
        What it was measured on, and how.
    before, after : tuple of Bin
        Without and with the temperature.
    brier_before, brier_after : float
        The mean of (probability - truth)².
    """

    of: Words
    data: Words
    variant: Words
    before: Annotated[tuple[Bin, ...], Field(max_length=64)]
    after: Annotated[tuple[Bin, ...], Field(max_length=64)]
    brier_before: Share
    brier_after: Share


class CardConfusion(_Part):
    """Counts by true class (rows) and predicted class (columns)."""

    title: Words
    names: Annotated[tuple[Words, ...], Field(min_length=1, max_length=256)]
    counts: Annotated[tuple[tuple[Count, ...], ...], Field(max_length=256)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if {len(self.names)} != {len(self.counts), *map(len, self.counts)}:
            raise ValueError("a confusion matrix has a row and a column for each class")
        return self


class CardPart(_Part):
    """How much of each class a part of the data holds, in words."""

    name: Words
    amounts: Annotated[tuple[Words, ...], Field(max_length=260)]


class CardData(_Part):
    """What `card.json` says.

    Attributes
    ----------
    research_use : str
    data_licence : str
        Of what the model was trained on; empty where nobody said.
    columns : tuple of str
        What the amounts of `parts` are amounts of.
    parts : tuple of CardPart
    intervals : str
        What the intervals were drawn by.
    baseline : str
        What the model is compared with.
    baseline_metrics : tuple of Metric
        Its figures, named and measured as those of the specification.
    reliability : tuple of Reliability
    curves : tuple of CardCurve
    confusions : tuple of CardConfusion
    worst : tuple of str
        What went most wrong on the held-out part, the worst first, in the order of the sheet.
    limits : tuple of str
    settings : tuple of (str, str)
        How it was trained.
    held_out : str
        SHA-256 of what names the held-out part; two trainings with the same may be compared.
    """

    research_use: Words = RESEARCH_USE_ONLY
    data_licence: Words = ""
    columns: Annotated[tuple[Words, ...], Field(max_length=260)] = ()
    parts: Annotated[tuple[CardPart, ...], Field(max_length=8)] = ()
    intervals: Words = ""
    baseline: Words = ""
    baseline_metrics: Annotated[tuple[Metric, ...], Field(max_length=64)] = ()
    reliability: Annotated[tuple[Reliability, ...], Field(max_length=8)] = ()
    curves: Annotated[tuple[CardCurve, ...], Field(max_length=16)] = ()
    confusions: Annotated[tuple[CardConfusion, ...], Field(max_length=4)] = ()
    worst: Annotated[tuple[Words, ...], Field(max_length=MOST_WORST)] = ()
    limits: Annotated[tuple[Annotated[str, Field(max_length=2000)], ...], Field(max_length=64)] = ()
    settings: Annotated[
        tuple[tuple[Words, Annotated[str, Field(max_length=2000)]], ...], Field(max_length=64)
    ] = ()
    held_out: Annotated[str, Field(max_length=64)] = ""

    def to_json(self) -> bytes:
        """Write it, the same bytes for the same values."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1)
        return (text + "\n").encode()


def read_card_data(package: ModelPackage) -> CardData | None:
    """Read what a package carries for its card; None where it carries nothing.

    Raises
    ------
    ModelError
        If the file is damaged, too large, or says what it must not.
    """
    if CARD_DATA not in package.spec.files:
        return None
    data = _bounded(package, CARD_DATA, LARGEST_DATA_BYTES)
    try:
        return CardData.model_validate_json(data)
    except ValidationError as error:
        raise ModelError(
            f"What it says is wrong: {first_fault(error)}.",
            path=package.folder / CARD_DATA,
            remedy="Install the model again, or ask whoever made it.",
        ) from error


def read_worst(package: ModelPackage, count: int) -> list[Pixels]:
    """The pictures of the worst failures, cut out of their sheet; empty where there is none.

    Parameters
    ----------
    package : ModelPackage
    count : int
        How many there are.

    Returns
    -------
    list of ndarray (side, side, 3), uint8, RGB

    Raises
    ------
    ModelError
        If the file is damaged, too large, or no such sheet.
    """
    if WORST not in package.spec.files or not count:
        return []
    data = _bounded(package, WORST, LARGEST_SHEET_BYTES)
    path = package.folder / WORST
    size = _jpeg_size(data)
    if size is None or max(size) > LARGEST_SHEET_PX:
        raise ModelError(
            f"It is no JPEG of at most {LARGEST_SHEET_PX} × {LARGEST_SHEET_PX} px.", path=path
        )
    way = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    sheet = cv2.imdecode(np.frombuffer(data, np.uint8), way)
    if sheet is None or sheet.shape[1::-1] != size:
        raise ModelError("It cannot be decoded.", path=path)
    side = size[0] // WORST_ACROSS
    if side < 1 or sheet.shape[0] < side * -(-count // WORST_ACROSS):
        raise ModelError(f"It has no place for {count} pictures.", path=path)
    pixels = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2RGB), np.uint8)
    places = [divmod(number, WORST_ACROSS) for number in range(count)]
    return [
        np.ascontiguousarray(pixels[row * side :][:side, column * side :][:, :side])
        for row, column in places
    ]


def _bounded(package: ModelPackage, name: str, most: int) -> bytes:
    size = (package.folder / name).stat().st_size
    if size > most:
        raise ModelError(
            f"It has {size:,} bytes, where at most {most:,} are allowed.",
            path=package.folder / name,
        )
    return package.read(name)


_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA), 0xFF})
"""Markers without a length, fill bytes, and that with which a scan begins."""


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as a JPEG's frame says them, before anything is decoded.

    Segments are walked as ITU-T T.81, annex B has them.
    """
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _ALONE or length < 2:
            return None  # no picture has these before its frame, and a decoder walks them otherwise
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(data[at + k : at + k + 2]) for k in (5, 7))
            return (width, height) if width and height else None
        at += 2 + length
    return None
