"""Asks how large a slide's pixels are where the slide does not say."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QInputDialog, QWidget

from slideviewer.slide import PLAUSIBLE_SPACING_UM_PX, Slide, Spacing


class PixelSizes:
    """What the user said, once a slide."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._said: dict[Path, float] = {}

    def known(self, slide: Slide) -> bool:
        """Whether it is known how large the slide's pixels are; the user is asked if need be."""
        if isinstance(slide.spacing, Spacing) or slide.path in self._said:
            return True
        lowest, highest = PLAUSIBLE_SPACING_UM_PX
        value, agreed = QInputDialog.getDouble(
            self._window,
            "How large are the pixels?",
            f"The slide does not say how large its pixels are: {slide.spacing.reason}.\n"
            "Micrometres per pixel at full resolution (40×: 0.25, 20×: 0.5):",
            0.25, lowest, highest, 4,
        )  # fmt: skip
        if agreed:
            self._said[slide.path] = value
        return agreed

    def said(self, slide: Slide) -> float | None:
        """What the user said, in µm per level-0 pixel; None where the slide says it itself."""
        return None if isinstance(slide.spacing, Spacing) else self._said.get(slide.path)
