"""How the window looks: neutral greys, light or dark after the system."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QStyleOption, QWidget

_ROLES = QPalette.ColorRole

LIGHT = {
    _ROLES.Window: "#f0f0f0",
    _ROLES.WindowText: "#1c1c1c",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#f6f6f6",
    _ROLES.Text: "#1c1c1c",
    _ROLES.PlaceholderText: "#6b6b6b",
    _ROLES.Button: "#e6e6e6",
    _ROLES.ButtonText: "#1c1c1c",
    _ROLES.ToolTipBase: "#ffffff",
    _ROLES.ToolTipText: "#1c1c1c",
    _ROLES.Highlight: "#5a5a5a",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Accent: "#5a5a5a",
    _ROLES.Link: "#1c4fd0",
}
DARK = {
    _ROLES.Window: "#2b2b2b",
    _ROLES.WindowText: "#e6e6e6",
    _ROLES.Base: "#1f1f1f",
    _ROLES.AlternateBase: "#262626",
    _ROLES.Text: "#e6e6e6",
    _ROLES.PlaceholderText: "#9a9a9a",
    _ROLES.Button: "#3a3a3a",
    _ROLES.ButtonText: "#e6e6e6",
    _ROLES.ToolTipBase: "#3a3a3a",
    _ROLES.ToolTipText: "#e6e6e6",
    _ROLES.Highlight: "#a8a8a8",
    _ROLES.HighlightedText: "#141414",
    _ROLES.Accent: "#a8a8a8",
    _ROLES.Link: "#8ab0ff",
}
DISABLED = {"light": "#9a9a9a", "dark": "#6e6e6e"}

DARK_OUTLINE = "#8f8f8f"
"""Of what can be ticked: 4.4 to 1 against the dark window; WCAG 2.2 (1.4.11) asks for 3 to 1."""

BOXES = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
    QStyle.PrimitiveElement.PE_IndicatorRadioButton,
)


def follow_system(app: QApplication) -> None:
    """Dress the application, and again whenever the system turns light or dark."""
    app.setStyle(OutlinedFusion())
    hints = app.styleHints()
    hints.colorSchemeChanged.connect(lambda scheme: app.setPalette(palette(scheme)))
    app.setPalette(palette(hints.colorScheme()))


class OutlinedFusion(QProxyStyle):
    """Fusion, but for the outlines of boxes to tick.

    It makes them darker than the window, which is nothing to be seen in a dark one.
    """

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        super().drawPrimitive(element, option, painter, widget)
        if element not in BOXES or option.palette.color(_ROLES.Window).lightnessF() > 0.5:
            return
        painter.save()
        is_enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        painter.setPen(QColor(DARK_OUTLINE if is_enabled else DISABLED["dark"]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        if element == QStyle.PrimitiveElement.PE_IndicatorRadioButton:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(box)
        else:
            painter.drawRect(box)
        painter.restore()


def palette(scheme: Qt.ColorScheme) -> QPalette:
    """The colours of the chrome; an unknown scheme counts as light."""
    is_dark = scheme == Qt.ColorScheme.Dark
    made = QPalette()
    for role, colour in (DARK if is_dark else LIGHT).items():
        made.setColor(role, QColor(colour))
    disabled = QColor(DISABLED["dark" if is_dark else "light"])
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, disabled)
    return made
