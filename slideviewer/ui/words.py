"""Numbers and durations as the window says them."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale
from PySide6.QtGui import QAction, QKeySequence, Qt

from slideviewer.progress import Step
from slideviewer.slide import Spacing, UnknownSpacing


def whole(number: int) -> str:
    """A whole number with the locale's separators."""
    return QLocale().toString(number)


def counted(number: int, one: str, many: str) -> str:
    """How many of something: "1 slide", "2,000 slides"."""
    return f"{whole(number)} {one if number == 1 else many}"


def key_in_brackets(action: QAction) -> str:
    """An action's key as it is bound now, to stand behind its name; empty where it has none."""
    key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f" ({key})" if key else ""


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def progress(step: Step) -> str:
    """How far some work has come: "Predicting: 120 of 900 tiles · 85 tiles/s · 0:09 left"."""
    parts = []
    if step.total:
        parts.append(f"{whole(step.done)} of {whole(step.total)} {step.unit}".rstrip())
    if step.rate > 0:
        parts.append(f"{step.rate:.0f} {step.unit}/s")
    if step.seconds_left is not None:
        parts.append(f"{duration(step.seconds_left)} left")
    words = " · ".join(parts)
    return f"{step.text}: {words}" if words else f"{step.text} …"


def position(x: float, y: float, spacing: Spacing | UnknownSpacing) -> str:
    """A level-0 point in pixels, and in micrometres where the spacing is known."""
    pixels = f"{whole(round(x))}, {whole(round(y))} px"
    if isinstance(spacing, UnknownSpacing):
        return pixels
    x_um, y_um = round(x * spacing.x_um_px), round(y * spacing.y_um_px)
    return f"{pixels}  ·  {whole(x_um)}, {whole(y_um)} µm"


def distance(dx: float, dy: float, spacing: Spacing | UnknownSpacing) -> str:
    """How far two level-0 points lie apart: in µm, from 1000 µm on in mm; px without a spacing."""
    if isinstance(spacing, UnknownSpacing):
        return f"{math.hypot(dx, dy):.0f} px"
    um = math.hypot(dx * spacing.x_um_px, dy * spacing.y_um_px)
    return f"{um / 1000:.3f} mm" if um >= 1000 else f"{um:.1f} µm"


def area(px2: float, spacing: Spacing | UnknownSpacing) -> str:
    """An area in µm², from 0.1 mm² on in mm²; without a spacing in pixels, perhaps millions.

    Parameters
    ----------
    px2 : float
        Square level-0 pixels.
    spacing : Spacing or UnknownSpacing
    """
    if isinstance(spacing, UnknownSpacing):
        return f"{short(px2 / 1e6)} Mpx²" if px2 >= 1e6 else f"{whole(round(px2))} px²"
    um2 = px2 * spacing.x_um_px * spacing.y_um_px
    return f"{short(um2 / 1e6)} mm²" if um2 >= 1e5 else f"{whole(round(um2))} µm²"


def file_size(size_bytes: float) -> str:
    """What a file takes: "17 MB", "1.4 GB"; at least a megabyte."""
    megabytes = size_bytes / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{max(1, round(megabytes))} MB"


def magnification(scale: float, spacing: Spacing | UnknownSpacing) -> str:
    """The microscope's words for a scale: 40× is 0.25 µm a screen pixel by convention."""
    if isinstance(spacing, UnknownSpacing):
        return f"{short(100 * scale)} %  ·  spacing unknown"
    return f"{short(magnification_at(scale, spacing))}×  ·  {spacing.um_px / scale:.3g} µm/px"


def short(value: float) -> str:
    """Three digits, or all those before the point: 0.25, 12.5, 3200."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def magnification_at(scale: float, spacing: Spacing) -> float:
    """The magnification that a scale (screen pixels per level-0 pixel) amounts to."""
    return 10 * scale / spacing.um_px


def scale_at(magnification: float, spacing: Spacing) -> float:
    """The scale that a magnification amounts to."""
    return magnification * spacing.um_px / 10


def plain(text: str) -> str:
    """Words out of a file as a tooltip is to show them: Qt takes some for HTML."""
    return str(Qt.convertFromPlainText(text)) if Qt.mightBeRichText(text) else text
