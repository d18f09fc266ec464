"""How canvases behave, as the user likes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtGui import QColor

from slideviewer.ui import colours


@dataclass(frozen=True)
class Manner:
    """What a user may want otherwise.

    Attributes
    ----------
    is_animated : bool
        Whether the view glides to a place; otherwise it jumps.
    trackpad_pans : bool
        Whether two fingers pan; otherwise they zoom, as a wheel does.
    background : QColor
        Around the slide.
    """

    is_animated: bool = True
    trackpad_pans: bool = True
    background: QColor = field(default_factory=lambda: QColor(colours.CANVAS))
