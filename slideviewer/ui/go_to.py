"""Go to a place that is typed: "12000 34000", "3.2 mm, 4.1 mm", "5000, 7000 µm @20x"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slideviewer.errors import SlideviewerError
from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing

EXAMPLES = "12000 34000   ·   3.2 mm, 4.1 mm   ·   5000 7000 µm @20x"

LONGEST_TEXT = 200
MAGNIFICATIONS = (0.01, 400.0)
"""What can be asked for."""

UM_OF = {"µm": 1.0, "um": 1.0, "mm": 1000.0, "cm": 10_000.0}

_NUMBER = r"[-+\u2212]?[\d.,'\u2019\u00a0\u202f]*\d"
_UNIT = r"px|pixels?|µm|μm|um|mm|cm"
_PLACE = re.compile(
    rf"\s*(?:x\s*[=:]?)?\s*(?P<x>{_NUMBER})\s*(?P<x_unit>{_UNIT})?"
    rf"(?:\s*[;,]\s*|\s+|(?<=[a-zµμ])\s*)"
    rf"(?:y\s*[=:]?)?\s*(?P<y>{_NUMBER})\s*(?P<y_unit>{_UNIT})?\s*",
    re.IGNORECASE,
)
_MAGNIFIED = re.compile(rf"@\s*(?P<number>{_NUMBER})\s*[x×]?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where to go.

    Attributes
    ----------
    x, y : float
        Level-0 pixels.
    magnification : float or None
        None to keep the present one.
    """

    x: float
    y: float
    magnification: float | None = None


def parse_place(
    text: str, extent: Rect, spacing: Spacing | UnknownSpacing, group_separator: str = ","
) -> Place:
    """Understand a place.

    Two numbers, with or without a unit; the unit of the second goes for both, and without any
    they are pixels. A comma between digits is a decimal comma, unless the locale groups
    thousands with it and three digits follow: "12,345" is then twelve thousand.

    Parameters
    ----------
    text : str
        What was typed; of a pasted status line the part before the dot in the middle.
    extent : Rect
        All of the slide, in level-0 pixels.
    spacing : Spacing or UnknownSpacing
    group_separator : str
        Between thousands, in the user's locale.

    Raises
    ------
    SlideviewerError
        Where the text makes no sense, or the place is outside the slide.
    """
    if len(text) > LONGEST_TEXT:
        raise _nonsense(f"{text[:30]}…")
    wanted = text.split("·")[0].strip()
    magnified = _MAGNIFIED.search(wanted)
    magnification = None
    if magnified is not None:
        magnification = _magnification(magnified["number"], spacing, group_separator)
        wanted = wanted[: magnified.start()].strip()
    parts = _PLACE.fullmatch(wanted)
    if parts is None or (wanted.count(",") > 1 and not re.search(r"[\s;a-zµμ]", wanted, re.I)):
        raise _nonsense(text)
    x_unit, y_unit = (_plain_unit(parts[name]) for name in ("x_unit", "y_unit"))
    x = _number(parts["x"], group_separator) * _pixels_per(x_unit or y_unit, spacing, 0)
    y = _number(parts["y"], group_separator) * _pixels_per(y_unit or x_unit, spacing, 1)
    if not (extent.x <= x <= extent.right and extent.y <= y <= extent.bottom):
        raise _outside(x, y, x_unit or y_unit, extent, spacing)
    return Place(x, y, magnification)


def _magnification(text: str, spacing: Spacing | UnknownSpacing, group_separator: str) -> float:
    value = _number(text, group_separator)
    if not MAGNIFICATIONS[0] <= value <= MAGNIFICATIONS[1]:
        raise SlideviewerError(f"“@{text}” is no magnification.", remedy="Give one such as @20x.")
    if isinstance(spacing, UnknownSpacing):
        raise SlideviewerError(
            f"The magnification is unknown: {spacing.reason}", remedy="Leave “@…” away."
        )
    return value


def _number(text: str, group_separator: str) -> float:
    """A number as people write it; SlideviewerError where it could be two."""
    plain = re.sub(r"['\u2019\u00a0\u202f]", "", text).replace("\u2212", "-")
    marks = re.findall("[.,]", plain)
    groups = r"[-+]?\d{1,3}(?:%s\d{3})+"
    if len(set(marks)) == 2:
        thousands, decimal = marks[0], marks[-1]
        whole, _, fraction = plain.rpartition(decimal)
        if re.fullmatch(groups % re.escape(thousands), whole):
            return float(f"{whole.replace(thousands, '')}.{fraction}")
    elif len(marks) > 1 or (marks and marks[0] == group_separator):
        if re.fullmatch(groups % re.escape(marks[0]), plain):
            return float(plain.replace(marks[0], ""))
        if len(marks) == 1:
            return float(plain.replace(",", "."))
    elif re.fullmatch(r"[-+]?\d*[.,]?\d+", plain):
        return float(plain.replace(",", "."))
    raise SlideviewerError(f"“{text}” is no number.", remedy="Write it as 12345 or 12.5.")


def _plain_unit(unit: str | None) -> str:
    plain = (unit or "").lower().replace("μ", "µ")
    return "px" if plain.startswith("p") else plain


def _pixels_per(unit: str, spacing: Spacing | UnknownSpacing, axis: int) -> float:
    if unit not in UM_OF:
        return 1.0
    if isinstance(spacing, UnknownSpacing):
        raise SlideviewerError(
            f"A place in {unit} cannot be found: {spacing.reason}",
            remedy="Give the place in pixels.",
        )
    return UM_OF[unit] / (spacing.x_um_px, spacing.y_um_px)[axis]


def _nonsense(text: str) -> SlideviewerError:
    return SlideviewerError(
        f"“{text}” is no place.", remedy="Write it as 12000 34000 or 3.2 4.1 mm."
    )


def _outside(
    x: float, y: float, unit: str, extent: Rect, spacing: Spacing | UnknownSpacing
) -> SlideviewerError:
    size = f"{extent.right:.0f} × {extent.bottom:.0f} px"
    if unit in UM_OF and isinstance(spacing, Spacing):
        across, down = (
            side * um / UM_OF[unit]
            for side, um in ((extent.right, spacing.x_um_px), (extent.bottom, spacing.y_um_px))
        )
        size = f"{across:.4g} × {down:.4g} {unit}"
    return SlideviewerError(f"{x:.0f}, {y:.0f} px lies outside the slide, which is {size} large.")
