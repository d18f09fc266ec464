"""The product's one family of icons: the glyphs of a font, painted in any size and colour.

The font is Material Design Icons as QtAwesome ships it. QtAwesome itself is not imported: it
would import every part of Qt and load ten fonts before the window could be shown.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtGui import QGuiApplication as Application

GLYPH_PART = 0.875
"""Height of the font as a part of the icon's: leaves the margin that the family's grid has."""


def icon(name: str, colour: str = "") -> QIcon:
    """An icon of the family, in a colour or in that of the text around it.

    Parameters
    ----------
    name : str
        As Material Design Icons names it, such as ``folder-open-outline``.
    colour : str
        Of the icon where it can be used; empty for the palette's text, whatever that is when
        the icon is painted. What cannot be used is painted as disabled text is, and what
        stands in a chosen row as that row's text.

    Raises
    ------
    ValueError
        Where the family has no such icon.
    """
    code = _codes().get(name)
    if code is None:
        raise ValueError(f"there is no icon {name!r}")
    return QIcon(_Glyph(chr(int(code, 16)), colour))


class _Glyph(QIconEngine):
    """Paints one character of the icons' font in the middle of a rectangle."""

    def __init__(self, character: str, colour: str) -> None:
        super().__init__()
        self._character = character
        self._colour = colour

    def clone(self) -> QIconEngine:
        return _Glyph(self._character, self._colour)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        font = QFont(_family())
        font.setPixelSize(max(1, round(GLYPH_PART * rect.height())))
        painter.save()
        painter.setFont(font)
        painter.setPen(self._colour_in(mode))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def _colour_in(self, mode: QIcon.Mode) -> QColor:
        groups = QPalette.ColorGroup
        if mode == QIcon.Mode.Disabled:
            return Application.palette().color(groups.Disabled, QPalette.ColorRole.Text)
        if mode == QIcon.Mode.Selected:  # in a chosen row, whose ground has the text's colour
            return Application.palette().color(groups.Active, QPalette.ColorRole.HighlightedText)
        if self._colour:
            return QColor(self._colour)
        return Application.palette().color(groups.Active, QPalette.ColorRole.Text)


@cache
def _family() -> str:
    """The font's name, once it is loaded."""
    number = QFontDatabase.addApplicationFont(str(_file("ttf")))
    return QFontDatabase.applicationFontFamilies(number)[0]


@cache
def _codes() -> dict[str, str]:
    """The place of each icon in the font, in hexadecimal."""
    codes: dict[str, str] = json.loads(_file("json").read_text(encoding="utf-8"))
    return codes


def _file(ending: str) -> Path:
    found = find_spec("qtawesome")  # finds the folder and imports nothing
    assert found is not None and found.origin is not None, "QtAwesome is a dependency"
    fonts = Path(found.origin).parent / "fonts"
    return next(fonts.glob(f"materialdesignicons6-webfont*.{ending}"))
