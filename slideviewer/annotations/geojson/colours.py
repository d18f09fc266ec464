"""Colours as QuPath writes them."""

from __future__ import annotations

import re

_HEX = re.compile("#[0-9A-Fa-f]{6}")


def colour_from(value: object) -> str | None:
    """A colour from any of QuPath's spellings, as ``#RRGGBB``; None where it is none of them.

    Parameters
    ----------
    value : object
        ``[r, g, b]`` or ``[r, g, b, a]``, an integer that packs alpha, red, green and blue (signed,
        as in Java), or ``"#RRGGBB"``.
    """
    if isinstance(value, str) and _HEX.fullmatch(value):
        return value.upper()
    if isinstance(value, int) and not isinstance(value, bool):
        return f"#{value & 0xFFFFFF:06X}"
    if isinstance(value, list) and len(value) in (3, 4):
        parts = [part for part in value[:3] if isinstance(part, int | float) and 0 <= part <= 255]
        if len(parts) == 3:
            return "#" + "".join(f"{int(part):02X}" for part in parts)
    return None


def colour_noted(value: object) -> str | None:
    """A colour as we note it beside what QuPath knows; None where it is no ``#RRGGBB``."""
    return value if isinstance(value, str) and _HEX.fullmatch(value) else None


def rgb_of(colour: str) -> list[int] | None:
    """A ``#RRGGBB`` colour as ``[r, g, b]``; None where the text is something else."""
    if not _HEX.fullmatch(colour):
        return None
    return list(bytes.fromhex(colour[1:]))
