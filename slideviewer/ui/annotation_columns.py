"""The columns of the list of annotations, in one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QLocale

from slideviewer.annotations import Annotation
from slideviewer.annotations.origin import Origin
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.annotation_rows import Key, KeysOf, natural
from slideviewer.ui.words import whole

LARGE_UM2, LONG_UM = 100_000, 1_000
"""From here on areas are told in mm², and lengths, as ASAP tells them, in mm."""

ABSURD = 1e15
"""No slide has such a number of pixels; damaged files hold any."""

PENDING = "…"
"""Stands where something is still being measured."""


class Field(StrEnum):
    """What a column shows; the name under which the user's choice of columns is kept."""

    NAME = "name"
    KIND = "type"
    GROUP = "group"
    AREA = "area"
    PERIMETER = "perimeter"
    LENGTH = "length"
    POINTS = "points"
    INTENSITY = "intensity"
    ORIGIN = "origin"


MEASURED = (Field.AREA, Field.PERIMETER, Field.LENGTH)
"""The columns that need the shape to be measured."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    field : Field
    title, tip : str
        Its words, and more of them.
    sample : str
        As wide as what it holds usually is.
    text : callable
        What a cell says.
    keys : callable
        What some rows are sorted by.
    is_number : bool
    is_shown : bool
        Whether it is there as long as the user chooses nothing else.
    """

    field: Field
    title: str
    tip: str
    sample: str
    text: Callable[[Annotation], str]
    keys: KeysOf
    is_number: bool = False
    is_shown: bool = True


def columns_of(
    measuring: Measuring,
    intensities: Mapping[str, float],
    hides_origin: Callable[[], bool] = lambda: False,
) -> tuple[Column, ...]:
    """All columns, from left to right.

    Parameters
    ----------
    measuring : Measuring
    intensities : mapping of id to float
        Those that were measured; looked at anew for each cell.
    hides_origin : callable, optional
        Whether it is not to be told how annotations came about.
    """

    def told_origin(annotation: Annotation) -> str:
        return "" if hides_origin() else origin(annotation)

    def text_of(field: Field) -> Callable[[Annotation], str]:
        tell = area if field is Field.AREA else length

        def text(annotation: Annotation) -> str:
            measure = measuring.get(annotation)
            if measure is None:
                return PENDING
            return tell(getattr(measure, field), in_um=measuring.spacing is not None)

        return text

    def keys_of(field: Field) -> KeysOf:
        def keys(annotations: Sequence[Annotation]) -> list[Key]:
            column = measuring.column(field, annotations)  # who sorts has asked for them before
            return [None if math.isnan(value) else value for value in column.tolist()]

        return keys

    def intensity(annotation: Annotation) -> str:
        value = intensities.get(annotation.id)
        return "" if value is None or math.isnan(value) else QLocale().toString(value, "f", 1)

    def intensity_keys(annotations: Sequence[Annotation]) -> list[Key]:
        found = (intensities.get(annotation.id, math.nan) for annotation in annotations)
        return [None if math.isnan(value) else value for value in found]

    def measured(field: Field, tip: str, *, is_shown: bool) -> Column:
        sample = "0,000 µm²" if field is Field.AREA else "0,000 µm"
        told, keys = text_of(field), keys_of(field)
        return Column(field, field.capitalize(), tip, sample, told, keys, True, is_shown)

    return (
        Column(
            Field.NAME,
            "Name",
            "Double-click goes to the annotation, F2 renames it",
            "Annotation 10",
            lambda annotation: annotation.name,
            lambda annotations: [natural(each.name) for each in annotations],
        ),
        Column(
            Field.KIND,
            "Type",
            "As ASAP calls it",
            "Rectangle",
            lambda annotation: str(annotation.kind),
            lambda annotations: [natural(str(each.kind)) for each in annotations],
            is_shown=False,
        ),
        Column(
            Field.GROUP,
            "Group",
            "The group it belongs to",
            "Necrosis",
            lambda annotation: annotation.group or "",
            lambda annotations: [natural(it.group) if it.group else None for it in annotations],
        ),
        measured(Field.AREA, "What the shape covers", is_shown=True),
        measured(Field.PERIMETER, "Along the outline as it is drawn", is_shown=False),
        measured(Field.LENGTH, "Of a measurement, from end to end", is_shown=False),
        Column(
            Field.POINTS,
            "Points",
            "How many points the shape has",
            "10,000",
            lambda annotation: whole(len(annotation.points)),
            lambda annotations: [float(len(each.points)) for each in annotations],
            is_number=True,
            is_shown=False,
        ),
        Column(
            Field.INTENSITY,
            "Intensity",
            "Mean of red, green and blue inside, from 0 (black) to 255 (white), where measured",
            "255.0",
            intensity,
            intensity_keys,
            is_number=True,
            is_shown=False,
        ),
        Column(
            Field.ORIGIN,
            "Origin",
            "Whether it was drawn, imported, computed, or accepted from a prediction",
            "Predicted",
            told_origin,
            lambda annotations: [natural(told_origin(each)) for each in annotations],
            is_shown=False,
        ),
    )


def origin(annotation: Annotation) -> str:
    """How an annotation came about, in a word."""
    return str((annotation.origin or Origin()).how).capitalize()


def area(value: float, *, in_um: bool) -> str:
    """An area in words; empty for NaN."""
    if math.isnan(value):
        return ""
    if in_um and value >= LARGE_UM2:
        return f"{_digits(value / 1e6)} mm²"
    return f"{_digits(value)} {'µm²' if in_um else 'px²'}"


def length(value: float, *, in_um: bool) -> str:
    """A length in words; empty for NaN."""
    if math.isnan(value):
        return ""
    if in_um and value >= LONG_UM:
        return f"{_digits(value / 1e3)} mm"
    return f"{_digits(value)} {'µm' if in_um else 'px'}"


def _digits(value: float) -> str:
    """In the user's locale, with three digits at least: 0.25, 12.5, 3,200."""
    if value >= ABSURD:
        return QLocale().toString(value, "g", 3)
    if value >= 99.95 or value == 0:
        return whole(round(value))
    decimals = max(0, 2 - math.floor(math.log10(value)))
    return QLocale().toString(value, "f", min(decimals, 3))
