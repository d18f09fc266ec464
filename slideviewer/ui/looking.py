"""The commands that move, turn and magnify the active view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QInputDialog

from slideviewer.slide import Spacing
from slideviewer.ui import words
from slideviewer.ui.action_table import MAGNIFICATIONS
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.views.grid import ViewGrid

ZOOM_STEP = 1.5
QUARTER_TURN = 90.0


class Looking:
    """What the View menu does to the view that was used last."""

    def __init__(self, views: ViewGrid, notices: NoticeStack) -> None:
        self._views, self._notices = views, notices

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "whole_slide": lambda: self._canvas.show_home(),
            "zoom_in": lambda: self._canvas.zoom_by(ZOOM_STEP),
            "zoom_out": lambda: self._canvas.zoom_by(1 / ZOOM_STEP),
            "rotate_left": lambda: self._turn(-QUARTER_TURN),
            "rotate_right": lambda: self._turn(QUARTER_TURN),
            "rotate_by": self.ask_for_angle,
            "rotate_reset": self.set_upright,
            "flip_horizontal": lambda: self._canvas.go(self._canvas.aim.flipped_across()),
            "flip_vertical": lambda: self._canvas.go(self._canvas.aim.flipped_down()),
            **{name: partial(self.magnify, value) for name, value in MAGNIFICATIONS.items()},
        }

    @property
    def _canvas(self) -> Canvas:
        return self._views.active.canvas

    def magnify(self, magnification: float) -> None:
        """Show the slide as an objective of this power would."""
        slide = self._views.active.slide
        if slide is None:
            return
        if isinstance(slide.spacing, Spacing):
            self._canvas.zoom_to(words.scale_at(magnification, slide.spacing))
        else:
            self._notices.tell(f"The magnification is unknown: {slide.spacing.reason}")

    def ask_for_angle(self) -> None:
        """Turn the slide by an angle that the user types."""
        present = self._canvas.aim.rotation
        angle, agreed = QInputDialog.getDouble(
            self._views, "Rotate", "Degrees, clockwise:", present, -360, 360, 1
        )
        if agreed:
            self._canvas.turn_to(angle)

    def set_upright(self) -> None:
        """Show the slide as it was scanned."""
        view = self._canvas.aim
        if view.mirrored:
            view = view.flipped_across()
            self._canvas.go(view)
        self._canvas.turn_to(0)

    def _turn(self, degrees: float) -> None:
        self._canvas.turn_to(self._canvas.aim.rotation + degrees)
