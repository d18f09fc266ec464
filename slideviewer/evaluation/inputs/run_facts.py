"""What `run.json`, beside a prediction, says of its slide and its model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slideviewer.inference.forms import RUN_FILE, STORE_FOLDER
from slideviewer.inference.provenance import PLACE
from slideviewer.inference.record import RECORD_FILE, value_at


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run; None where it does not say.

    Attributes
    ----------
    slide : Path or None
        Where the slide lay.
    size : tuple of int or None
        Width and height of the slide, in level-0 pixels.
    spacing_um_px : float or None
        Micrometres per level-0 pixel.
    target : str or None
        The class of interest.
    threshold : float or None
    inputs : tuple of Path
        The pictures of a run over pictures.
    part : str
        Why only a part of the slide was looked at; empty where all of it was meant to be.
    not_reached : int
        Tiles with tissue that the run had no time for.
    """

    slide: Path | None = None
    size: tuple[int, int] | None = None
    spacing_um_px: float | None = None
    target: str | None = None
    threshold: float | None = None
    inputs: tuple[Path, ...] = ()
    part: str = ""
    not_reached: int = 0


def run_facts(folder: Path) -> RunFacts:
    """Read what lies in a folder of results; of a damaged file nothing is known."""
    try:
        facts = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return RunFacts()
    if not isinstance(facts, Mapping):
        return RunFacts()
    slide = facts.get("slide")
    slide = slide if isinstance(slide, Mapping) else {}
    model = facts.get("model")
    model = model if isinstance(model, Mapping) else {}
    target = facts.get("target_class", model.get("target_class"))
    path, inputs = slide.get("path"), facts.get("inputs")
    return RunFacts(
        slide=Path(path) if isinstance(path, str) else None,
        size=_size(slide.get("width"), slide.get("height")),
        spacing_um_px=_positive(facts.get("spacing_um_px")),
        target=target if isinstance(target, str) else None,
        threshold=_positive(facts.get("threshold")),
        inputs=tuple(Path(it) for it in inputs if isinstance(it, str))
        if isinstance(inputs, list)
        else (),
        part=part_of(facts, is_complete=facts.get("complete") is not False),
        not_reached=not_reached(facts),
    )


def part_of(facts: Mapping[str, object], *, is_complete: bool) -> str:
    """Say why a run looked at a part of its slide only; empty where it was meant to see it all.

    Parameters
    ----------
    facts : mapping
        Provenance of the run.
    is_complete : bool
        Whether every tile with tissue was predicted.
    """
    if facts.get("region") is not None or facts.get(PLACE) is not None:
        return "it was predicted on a part only"
    # Tiles that are damaged, or that time did not suffice for, are no fault of whoever ran it.
    ended = isinstance(facts.get("cells"), Mapping)
    had_time = facts.get("time_limit_s") is None
    if not is_complete and (not ended or (had_time and not_reached(facts))):
        return "its prediction was broken off"
    return ""


def not_reached(facts: Mapping[str, object]) -> int:
    """How many tiles with tissue a run had no time for."""
    found = value_at(facts, ("cells", "not_reached"))
    return found if isinstance(found, int) else 0


def stores_in(folder: Path) -> dict[str, Path]:
    """The stores of predictions in a folder of results, or the folder itself, by slide."""
    if (folder / RECORD_FILE).is_file():
        own = folder.resolve()
        return {own.parent.name if own.name == STORE_FOLDER else own.name: folder}
    if (folder / STORE_FOLDER / RECORD_FILE).is_file():
        return {folder.resolve().name: folder / STORE_FOLDER}
    found = sorted(folder.glob(f"*/{STORE_FOLDER}/{RECORD_FILE}"))
    return {it.parent.parent.name: it.parent for it in found}


def _size(width: Any, height: Any) -> tuple[int, int] | None:
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None


def _positive(value: Any) -> float | None:
    if isinstance(value, int | float) and math.isfinite(value) and value > 0:
        return float(value)
    return None
