"""Numbers as annotation files spell them."""

from __future__ import annotations


def number_in(text: str | None) -> tuple[float | None, bool]:
    """The number that a text stands for, and whether its decimal point is a comma.

    Returns
    -------
    float or None
        None where the text is missing or no number; it may be infinite or NaN.
    bool
    """
    if text is None:
        return None, False
    try:
        return float(text), False
    except ValueError:
        pass
    if "." in text:
        return None, False
    try:
        return float(text.replace(",", ".", 1)), True
    except ValueError:
        return None, False
