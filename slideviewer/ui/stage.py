"""The stage: the slide lies on it, is seen through its layers, and moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from slideviewer.geometry import Rect
from slideviewer.ui import colours
from slideviewer.ui.backing import Backing
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.manner import Manner
from slideviewer.ui.motion import Flight, Fling, Motion, Zoom
from slideviewer.ui.regions import filled_by, touched_by, unhidden
from slideviewer.ui.viewpoint import Viewpoint

FRAME_MILLISECONDS = 8
"""Between two frames of a movement: as often as a fast screen can show it."""

WORK_AT_REST, WORK_IN_MOTION = 5.0, 2.5
"""Milliseconds of a frame that may go into making good what was painted in haste."""


class Stage(QWidget):
    """Paints its layers in order; scene coordinates are level-0 pixels."""

    viewpoint_changed = Signal(object)  # Viewpoint

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(160, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._manner = Manner()
        self._layers: tuple[Layer, ...] = ()
        self._repaints: dict[Layer, Callable[[Rect | None], None]] = {}
        self._slide, self._over = Backing(colours.CANVAS), Backing(None)
        self._extent: Rect | None = None
        self._home: Rect | None = None
        self._is_at_home = True
        self._view = Viewpoint()
        self._motion: Motion | None = None
        self._motion_began = 0.0
        self._left_over = (0.0, 0.0)  # device pixels of a pan, less than one
        self._is_led = False  # by another canvas, which is on the move
        self.work_share = 1.0
        """Of a frame's time for work, since canvases beside this one want their part."""
        self._clock = QTimer(self)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.setInterval(FRAME_MILLISECONDS)
        self._clock.timeout.connect(self._on_tick)
        self._is_dragged = False

    @property
    def viewpoint(self) -> Viewpoint:
        """What is shown."""
        return self._view

    @property
    def aim(self) -> Viewpoint:
        """What a zoom or flight under way ends in; a slide that slides on is taken as it lies."""
        return self._motion.end if isinstance(self._motion, Zoom | Flight) else self._view

    @property
    def extent(self) -> Rect | None:
        """All of the slide in level-0 pixels, or None where there is none."""
        return self._extent

    @property
    def is_moving(self) -> bool:
        """Whether the view goes on moving by itself."""
        return self._motion is not None

    @property
    def is_finished(self) -> bool:
        """Whether the picture is as good as what is loaded allows."""
        return not self.is_moving and self._slide.is_finished and self._over.is_finished

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Paint these, the first one lowest of its plane."""
        for layer, repaint in self._repaints.items():
            layer.changed.disconnect(repaint)
        self._repaints.clear()
        self._layers = tuple(layers)
        for plane, backing in ((Plane.SLIDE, self._slide), (Plane.OVER, self._over)):
            mine = [layer for layer in layers if layer.plane == plane]
            backing.set_layers(mine)
            for layer in mine:
                self._repaints[layer] = self._repaint_on(backing, layer.reach)
        for layer in layers:
            repaint = self._repaints.setdefault(layer, lambda _: self.update())
            layer.changed.connect(repaint)
            layer.look_at(self._view, self.devicePixelRatioF())
        self.update()

    @property
    def is_animated(self) -> bool:
        """Whether the view glides; otherwise it jumps."""
        return self._manner.is_animated

    @property
    def manner(self) -> Manner:
        """How it moves and looks."""
        return self._manner

    def set_manner(self, manner: Manner) -> None:
        """Move and look like this from now on."""
        self._manner = manner
        self._slide.set_background(manner.background)
        self.update()

    def set_extent(self, extent: Rect | None, home: Rect | None = None) -> None:
        """Say how large the slide is and what "the whole slide" means; shows all of it."""
        self._extent, self._home = extent, home or extent
        self._motion = None
        self._view = replace(self._view, rotation=0.0, mirrored=False)
        if self._home is not None:
            self._show(self._view.fitted(self._home))
            self._is_at_home = True
        self.update()

    def show_home(self) -> None:
        """Show the whole slide."""
        if self._home is not None:
            self.fly_to(self._view.fitted(self._home))
            self._is_at_home = True

    def show_rect(self, rect: Rect) -> None:
        """Show all of a level-0 rectangle."""
        self.fly_to(self._view.fitted(rect))

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Set the scale (screen pixels per level-0 pixel) about a screen point, or the middle."""
        if self._extent is None:
            return
        point = at if at is not None else QPointF(self.width() / 2, self.height() / 2)
        zoom = Zoom(self._view, self.nearest_scale(scale), point.x(), point.y())
        if self.is_animated:
            self._move(zoom)
        else:
            self.go(zoom.end)

    def nearest_scale(self, scale: float) -> float:
        """The scale itself, or the one next to it that is allowed.

        Whoever zooms about a point asks first: if the scale alone were corrected afterwards, the
        point would not stay where it is.
        """
        if self._extent is None:
            return scale
        return replace(self._view, scale=scale).kept_on(self._extent).scale

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Magnify by a factor about a screen point, or the middle.

        While a zoom is still under way its end is moved on, so that turning the wheel quickly
        goes as far as turning it slowly.
        """
        towards = self._motion.scale if isinstance(self._motion, Zoom) else self._view.scale
        self.zoom_to(towards * factor, at)

    def turn_to(self, rotation: float) -> None:
        """Turn the slide about the middle: degrees, clockwise."""
        self.fly_to(self.aim.turned(rotation, self.width() / 2, self.height() / 2))

    def centre_on(self, x: float, y: float) -> None:
        """Put a level-0 point into the middle."""
        self.go(replace(self._view, centre_x=x, centre_y=y))

    def pan(self, dx_screen: float, dy_screen: float) -> None:
        """Move the slide by so many screen pixels.

        It moves by whole device pixels, so that what is painted need only be scrolled; what is
        left over is made up for the next time.
        """
        ratio = self.devicePixelRatioF()
        x, y = dx_screen * ratio + self._left_over[0], dy_screen * ratio + self._left_over[1]
        whole_x, whole_y = round(x), round(y)
        self._left_over = x - whole_x, y - whole_y
        self.go(self._view.panned(whole_x / ratio, whole_y / ratio))

    def fling(self, vx: float, vy: float) -> None:
        """Let the slide slide on at so many screen pixels per second."""
        if self.is_animated:
            self._move(Fling(self._view, vx, vy, self.devicePixelRatioF()))

    def fly_to(self, view: Viewpoint) -> None:
        """Move to a viewpoint, at once where motion is not wanted."""
        if self.is_animated and self._extent is not None and self.isVisible():
            self._move(Flight(self._view, view.kept_on(self._extent)))
        else:
            self.go(view)

    def go(self, view: Viewpoint) -> None:
        """Show a viewpoint at once, or the nearest one that still shows some of the slide."""
        self.follow(view, in_motion=False)

    def follow(self, view: Viewpoint, *, in_motion: bool) -> None:
        """Show a viewpoint at once, perhaps as one frame of another canvas's movement."""
        self._stop_motion()
        self._is_led = in_motion
        self._show(view)

    def _show(self, view: Viewpoint) -> None:
        if self._extent is None:
            return
        self._view = view.resized(self.width(), self.height()).kept_on(self._extent)
        self._is_at_home = False
        for layer in self._layers:
            layer.look_at(self._view, self.devicePixelRatioF())
        self.update()
        self.viewpoint_changed.emit(self._view)

    def _repaint_on(self, backing: Backing, reach: float) -> Callable[[Rect | None], None]:
        def repaint(rect: Rect | None) -> None:
            if backing.mark_stale(rect, reach):
                self._go_on()

        return repaint

    def _go_on(self) -> None:
        """Have made good what is out of date, and shown no more than that."""
        stale = self._slide.next_stale + self._over.next_stale
        place = touched_by(stale, self.devicePixelRatioF())
        # Of what lies under another widget alone, Qt would have nothing painted.
        if self._slide.is_new or self._over.is_new or not place.intersects(unhidden(self)):
            self.update()
        else:
            self.update(place)

    def _move(self, motion: Motion) -> None:
        self._is_led = self._is_at_home = False
        self._motion, self._motion_began = motion, perf_counter()
        self._clock.start()

    def _stop_motion(self) -> None:
        self._motion = None
        self._clock.stop()

    def _on_tick(self) -> None:
        if self._motion is None:
            self._clock.stop()
            return
        seconds = perf_counter() - self._motion_began
        motion, was_at_home = self._motion, self._is_at_home
        if motion.is_over(seconds):
            self._stop_motion()
        self._show(motion.at(seconds))
        self._is_at_home = was_at_home

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._extent is None:
            painter.fillRect(self.rect(), self._manner.background)
            return
        ratio = self.devicePixelRatioF()
        work = 0.0 if isinstance(self._motion, Zoom | Flight) else WORK_AT_REST
        if self._motion is not None or self._is_led or self._is_dragged:
            work = min(work, WORK_IN_MOTION)
        work *= self.work_share
        covered = QRegion(self.rect()) - unhidden(self)  # part of no event, ever
        within = filled_by(event.region() + covered, ratio, self.size())
        for backing in (self._slide, self._over):
            if backing.is_empty:  # what was shown of it goes everywhere
                self.update(touched_by(backing.stale, ratio))
                backing.forget()
                continue
            backing.show(self._view, ratio, work, within)
            painter.drawPixmap(0, 0, backing.pixmap)
        for layer in self._layers:
            if layer.plane == Plane.GLASS and layer.is_shown:
                painter.save()
                painter.setOpacity(layer.opacity)
                layer.paint(painter, self._view, self._view.visible, rough=False)
                painter.restore()
        self.paint_above(painter)
        if not (self._slide.is_finished and self._over.is_finished) and self._motion is None:
            QTimer.singleShot(0, self, self._go_on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        was_at_home, aim = self._is_at_home, self.aim
        self._view = self._view.resized(self.width(), self.height())
        if was_at_home and self._home is not None:
            self.go(self._view.fitted(self._home))
            self._is_at_home = True
        elif self._extent is not None:
            self.go(aim)  # not half way to it

    def paint_above(self, painter: QPainter) -> None:
        """Paint what lies over all layers."""
