"""The small JSON beside a stored prediction: what the numbers are and how they came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, Field

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.files import replacing_text
from slideviewer.inference.grid import Grid

RECORD_FILE = "prediction.json"

_MUST_AGREE: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("model", "hash"): "another model",
        ("slide", "content"): "another slide",
        ("spacing_um_px",): "another spacing",
    }
)
"""Places in the provenance that must be the same for a store to be resumed, and what it means
where they are not."""


class GridRecord(BaseModel):
    """A `Grid` as JSON."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)
    cell: float = Field(gt=0, allow_inf_nan=False)
    columns: int = Field(ge=1)
    rows: int = Field(ge=1)


class Record(BaseModel):
    """The content of `RECORD_FILE`: all of a `Prediction` but its probabilities."""

    format: Literal["slideviewer-prediction"] = "slideviewer-prediction"
    version: Literal[1] = 1
    research_use: str = RESEARCH_USE_ONLY
    grid: GridRecord
    class_names: list[str] = Field(min_length=1)
    target: int = Field(ge=0)
    threshold: float
    complete: bool = False
    skipped: list[tuple[int, int, str]] = []
    provenance: dict[str, Any] = {}

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape (rows, columns, classes) of the probabilities."""
        return self.grid.rows, self.grid.columns, len(self.class_names)

    def as_grid(self) -> Grid:
        """Return the grid as the value that everybody else uses."""
        return Grid(**self.grid.model_dump())

    def differs_from(self, former: Record) -> str:
        """Say what keeps a former store from going on as this one; nothing where it can."""
        words = [
            text
            for place, text in _MUST_AGREE.items()
            if _value(former.provenance, place) != _value(self.provenance, place)
        ]
        if former.class_names != self.class_names:
            words.append("other classes")
        if not words and former.grid != self.grid:
            words.append("another region")
        return ", ".join(words)

    def write(self, folder: Path) -> None:
        """Write beside, flush, rename: a reader finds the former record or this one, whole."""
        with replacing_text(folder / RECORD_FILE) as file:
            json.dump(self.model_dump(), file, indent=1, ensure_ascii=False)


def _value(provenance: Mapping[str, object], place: tuple[str, ...]) -> object:
    found: object = provenance
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
