"""The small JSON beside a stored prediction: what the numbers are and how they came about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import PredictionError
from slideviewer.files import replacing_text
from slideviewer.inference.grid import Grid
from slideviewer.inference.provenance import PLACE, computed_by, is_mixed

RECORD_FILE = "prediction.json"

MIXED = "computed_in_several_ways"
"""In the provenance, where parts were computed by another engine, or on another device, than the
rest: they may be rounded otherwise."""

_Former = TypeVar("_Former")

MUST_AGREE: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("model", "hash"): "another model",
        ("slide", "content"): "another slide",
        ("slide", "reading"): "another way of reading slides, that of a former version",
        ("spacing_um_px",): "another spacing",
        ("others",): "other models beside it",
        ("rule",): "another rule for several models",
        ("turns",): "other turns",
        ("tissue",): "another way to tell tissue from glass",
    }
)
"""Places in the provenance that must be the same for a store to be resumed, and what it means
where they are not."""


class RunRecord(BaseModel):
    """What `RECORD_FILE` says of any stored prediction."""

    research_use: str = RESEARCH_USE_ONLY
    class_names: list[str] = Field(min_length=1)
    target: int = Field(ge=0)
    threshold: float
    complete: bool = False
    provenance: dict[str, Any] = {}
    has_spread: bool = False

    def go_on_from(self, former: RunRecord) -> None:
        """Remember how what a former run left was computed."""
        self.provenance["computed_by"] = computed_by(former.provenance)
        if former.provenance.get(MIXED):
            self.provenance[MIXED] = True
        if former.complete and PLACE not in former.provenance:
            self.provenance.pop(PLACE, None)  # all was looked at before

    def note_ways(self, ways: Sequence[Mapping[str, object]]) -> None:
        """Note how it is computed now, if it is, beside how it was computed before."""
        if ways and is_mixed(self.provenance, ways):
            self.provenance[MIXED] = True
        self.provenance["computed_by"] = computed_by(self.provenance, ways)

    def other_than(self, former: RunRecord, places: Mapping[tuple[str, ...], str]) -> list[str]:
        """Say what keeps a former store from going on as this one.

        Parameters
        ----------
        former : RunRecord
        places : mapping
            As `MUST_AGREE`.
        """
        words = [
            text
            for place, text in places.items()
            if deciding(former.provenance, place) != deciding(self.provenance, place)
        ]
        return words if former.class_names == self.class_names else [*words, "other classes"]

    def write(self, folder: Path) -> None:
        """Write beside, flush, rename: a reader finds the former record or this one, whole."""
        with replacing_text(folder / RECORD_FILE) as file:
            json.dump(self.model_dump(), file, indent=1, ensure_ascii=False)


def left_by_former(
    folder: Path,
    read: Callable[[], _Former],
    differs: Callable[[_Former], str],
    *,
    replace: bool,
) -> _Former | None:
    """Find what a run of the same kind left; None where a new store takes its place.

    Parameters
    ----------
    folder : Path
    read : callable
        Reads the store there.
    differs : callable
        Says why it cannot go on; nothing where it can.
    replace : bool
        Whether one that cannot go on, or is damaged, gives way instead of being refused.

    Raises
    ------
    PredictionError
    """
    if not (folder / RECORD_FILE).exists():
        return None
    try:
        former = read()
    except PredictionError:
        if replace:
            return None
        raise
    difference = differs(former)
    if difference and not replace:
        raise PredictionError(
            f"The folder holds a prediction made otherwise ({difference}).",
            path=folder,
            remedy="Choose another folder, or let this one be overwritten (--overwrite).",
        )
    return None if difference else former


class GridRecord(BaseModel):
    """A `Grid` as JSON."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)
    cell: float = Field(gt=0, allow_inf_nan=False)
    columns: int = Field(ge=1)
    rows: int = Field(ge=1)


class Record(RunRecord):
    """The content of `RECORD_FILE`: all of a `Prediction` but its probabilities."""

    format: Literal["slideviewer-prediction"] = "slideviewer-prediction"
    version: Literal[1] = 1
    grid: GridRecord
    skipped: list[tuple[int, int, str]] = Field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape (rows, columns, classes) of the probabilities."""
        return self.grid.rows, self.grid.columns, len(self.class_names)

    def as_grid(self) -> Grid:
        """Return the grid as the value that everybody else uses."""
        return Grid(**self.grid.model_dump())

    def differs_from(self, former: Record) -> str:
        """Say what keeps a former store from going on as this one; nothing where it can."""
        words = self.other_than(former, MUST_AGREE)
        if not words and former.grid.cell != self.grid.cell:
            words.append("another stride")
        if not words and former.grid != self.grid:
            words.append("another region")
        return ", ".join(words)


def not_understood(path: Path, reason: str) -> PredictionError:
    """What to say of a store that is damaged."""
    return PredictionError(
        f"The prediction cannot be understood: {reason}.",
        path=path,
        remedy="Delete the folder and predict again.",
    )


def misread(folder: Path, error: ValidationError) -> PredictionError:
    """What to say of a folder whose record is no record of the wanted kind."""
    found = error.errors(include_url=False)
    formats = [str(it["input"]) for it in found if it["loc"] == ("format",)]
    if any(name.startswith("slideviewer-") for name in formats):
        # Nothing is wrong with it, and nobody should be told to delete it.
        return PredictionError(
            "The folder holds what a model for another task predicted.",
            path=folder,
            remedy="Choose another folder, or let this one be overwritten (--overwrite).",
        )
    first = found[0]
    place = ".".join(map(str, first["loc"])) or "the whole file"
    return not_understood(folder / RECORD_FILE, f"{place}: {first['msg']}")


def deciding(provenance: Mapping[str, object], place: tuple[str, ...]) -> object:
    """Look up what is to agree of a place in `MUST_AGREE`.

    That a slide was taken for fluorescence is left out: it follows from the slide and the rest, and
    whoever says himself where to look does not ask.
    """
    found = value_at(provenance, place)
    if place == ("tissue",) and isinstance(found, Mapping):
        return {key: value for key, value in found.items() if key != "dark_field"}
    return found


def value_at(provenance: Mapping[str, object], place: tuple[str, ...]) -> object:
    """Look up a place in nested mappings; None where there is nothing."""
    found: object = provenance
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
