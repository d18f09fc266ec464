"""Numbers and lists as they are typed; what is wrong with one is a `PredictionError`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.slide.tissue_colours import TissueParameters

_Word = TypeVar("_Word", bound=str)


def parse_words(text: str) -> list[str]:
    """Take a list of words separated by commas, in lower case."""
    return [word.strip().lower() for word in text.split(",") if word.strip()]


def parse_number(text: str, option: str) -> float:
    """Take the finite number that an option needs, or say which option that is."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PredictionError(f'{option} needs a number, not "{text}".')
    return number


def parse_threshold(text: str) -> float:
    """Take a probability for ``--threshold``."""
    number = parse_number(text, "--threshold")
    if not 0 <= number <= 1:
        raise PredictionError(f"--threshold needs a probability from 0 to 1, not {text}.")
    return number


def parse_region(text: str) -> Rect:
    """Take ``X,Y,WIDTH,HEIGHT`` in level-0 pixels for ``--region``."""
    parts = text.split(",")
    remedy = "Give X,Y,WIDTH,HEIGHT, for example --region 20000,8000,6000,6000."
    if len(parts) != 4:
        raise PredictionError(f'--region needs four numbers, not "{text}".', remedy=remedy)
    x, y, width, height = (parse_number(part, "--region") for part in parts)
    if width <= 0 or height <= 0:
        raise PredictionError(
            f"--region needs a width and a height above 0, not {width:g} and {height:g}.",
            remedy=remedy,
        )
    return Rect(x, y, width, height)


def parse_choice(text: str, option: str, choices: Sequence[_Word]) -> _Word:
    """Take one of the words that an option knows."""
    for choice in choices:
        if choice == text.strip().lower():
            return choice
    raise PredictionError(f'{option} knows {", ".join(choices)}, not "{text}".')


def parse_tissue(text: str) -> TissueParameters:
    """Take ``NAME=VALUE,...`` for ``--tissue``; what is not named stays as it is."""
    kinds: dict[str, Any] = {it.name: type(it.default) for it in fields(TissueParameters)}
    values: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        kind = kinds.get(name)
        if kind is None:
            raise PredictionError(
                f'--tissue knows no "{name}".', remedy=f"Known are: {', '.join(kinds)}."
            )
        if kind is bool:
            values[name] = parse_choice(value, f"--tissue {name}", ("yes", "no")) == "yes"
            continue
        number = parse_number(value, f"--tissue {name}")
        if number < 0 or (name == "spacing_um_px" and number == 0):
            raise PredictionError(f"--tissue {name} needs a number above 0, not {value}.")
        values[name] = kind(number)
    return TissueParameters(**values)  # type: ignore[arg-type]
