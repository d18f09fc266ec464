"""The two colours on the slide, and the canvas around it."""

from __future__ import annotations

from PySide6.QtGui import QColor

MARKUP = QColor(20, 80, 255)
"""What the specialist drew: outlines."""

MARKUP_SELECTED = QColor(125, 170, 255)
"""A selected outline: lighter, and thicker too."""

PREDICTION = QColor(255, 0, 0)
"""What the model says: filled cells."""

CANVAS = QColor(128, 128, 128)
"""Around the slide: neutral, since a coloured frame changes how tissue is seen."""
