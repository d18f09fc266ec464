"""Rulers on the slide: what they say, and those that lie there now."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words

STEP_DEGREES = 45.0


@dataclass(frozen=True)
class Ruler:
    """A straight line from one level-0 point to another."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length_px(self) -> float:
        """Its length in level-0 pixels."""
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)

    @property
    def degrees(self) -> float:
        """Its angle against the slide's horizontal, counter-clockwise, from 0 to below 180."""
        turned = math.degrees(math.atan2(self.y1 - self.y2, self.x2 - self.x1)) % 180.0
        return 0.0 if turned >= 180.0 - 1e-9 else turned

    def words(self, spacing: Spacing | UnknownSpacing) -> str:
        """Length and angle: "132 µm · 45°"."""
        length = words.distance(self.x2 - self.x1, self.y2 - self.y1, spacing)
        return f"{length} · {round(self.degrees) % 180}°"

    def kept_to_steps(self) -> Ruler:
        """The ruler turned about its start to the nearest multiple of 45°, seen on the slide."""
        angle = math.atan2(self.y2 - self.y1, self.x2 - self.x1)
        step = math.radians(STEP_DEGREES)
        steps = round(angle / step)
        # What goes along counts: the end follows the mouse, not its distance.
        length = self.length_px * math.cos(angle - steps * step)
        across, down = _directions(steps % 8)
        return Ruler(self.x1, self.y1, self.x1 + length * across, self.y1 + length * down)


class Rulers(QObject):
    """The rulers that lie on the session's slide now. They are looked at, not saved."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._laid: tuple[Ruler, ...] = ()
        self._live: Ruler | None = None

    @property
    def shown(self) -> tuple[Ruler, ...]:
        """All of them, the one in the hand last."""
        return self._laid if self._live is None else (*self._laid, self._live)

    @property
    def laid(self) -> tuple[Ruler, ...]:
        """Those laid down, the first one first."""
        return self._laid

    def hold(self, ruler: Ruler | None) -> None:
        """Show one that is being drawn, or none any more; one of no length is none yet."""
        if ruler is not None and ruler.length_px == 0:
            ruler = None
        if ruler != self._live:
            self._live = ruler
            self.changed.emit()

    def lay_down(self, ruler: Ruler) -> None:
        """Leave one on the slide; nothing is in the hand any more."""
        self._laid, self._live = (*self._laid, ruler), None
        self.changed.emit()

    def remove_last(self) -> None:
        """Take the last one up again."""
        if self._laid:
            self._laid = self._laid[:-1]
            self.changed.emit()

    def clear(self) -> None:
        """Take all away."""
        if self._laid or self._live is not None:
            self._laid, self._live = (), None
            self.changed.emit()


def _directions(eighth: int) -> tuple[float, float]:
    """Where an eighth of a turn points; exact along the axes."""
    half = math.sqrt(0.5)
    along = (1.0, half, 0.0, -half, -1.0, -half, 0.0, half)
    return along[eighth], along[(eighth - 2) % 8]
