"""What `Predict` gives, whatever the model is for: what its answers have in common."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slideviewer.annotations.formats import read_annotations
from slideviewer.annotations.model import AnnotationSet
from slideviewer.inference.segmentation.areas import Areas
from slideviewer.slide import open_slide
from slideviewer.slide.frame import frame_of

Markup = str | Path | AnnotationSet
"""A specialist's: a file, or what is in one."""


class StoreFolder:
    """A folder for a store: the one that is named, or one that goes with the answer."""

    def __init__(self, named: str | Path | None) -> None:
        if named is not None:
            self.path = Path(named)
            return
        passing = Path(tempfile.mkdtemp(prefix="slideviewer-"))
        self.path = passing / "store"
        weakref.finalize(self, shutil.rmtree, passing, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class OfSlide:
    """Where an answer comes from.

    Attributes
    ----------
    path : Path
        The slide.
    threshold : float
        The probability that counts, where nothing else is said.
    store : StoreFolder
        Kept as long as the answer, which is read from it.
    """

    path: Path
    threshold: float
    store: StoreFolder = field(repr=False)

    def limit(self, threshold: float | None) -> float:
        """The probability that counts."""
        return self.threshold if threshold is None else threshold


def markup_in(given: Markup | None, slide: Path) -> AnnotationSet | None:
    """Take a specialist's markup as it is given; its file is left as it is.

    Raises
    ------
    AnnotationError, SlideError
        Where a file cannot be read.
    """
    if not isinstance(given, str | Path):
        return given
    with closing(open_slide(slide)) as opened:
        return read_annotations(Path(given), frame_of(opened)).annotations


def as_dicts(areas: Areas) -> list[dict[str, Any]]:
    """A dictionary for each class: ``class``, ``pixels``, ``percent``, ``um2`` (None: unknown)."""
    return [
        {
            "class": name,
            "pixels": areas.pixels[index],
            "percent": areas.percent(index),
            "um2": areas.um2(index),
        }
        for index, name in enumerate(areas.class_names)
    ]


def rows_as_dicts(
    columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[dict[str, float | None]]:
    """Rows of a table as dictionaries of numbers; None where a value is not known."""

    def number(value: str) -> float | None:
        return float(value) if value else None

    return [dict(zip(columns, map(number, row), strict=True)) for row in rows]
