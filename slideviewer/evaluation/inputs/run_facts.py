"""What `run.json`, beside a prediction, says of its slide and its model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slideviewer.inference.forms import RUN_FILE, STORE_FOLDER
from slideviewer.inference.record import RECORD_FILE


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
    """

    slide: Path | None = None
    size: tuple[int, int] | None = None
    spacing_um_px: float | None = None
    target: str | None = None
    threshold: float | None = None
    inputs: tuple[Path, ...] = ()


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
    )


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
