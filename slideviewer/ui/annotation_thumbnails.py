"""Small pictures of annotations, made from the slide in the background."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, QPointF, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from slideviewer.annotations import Annotation, Kind, outline
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide
from slideviewer.ui import colours
from slideviewer.ui.colour_management import Unmanaged, conversion_of
from slideviewer.ui.jobs import Job
from slideviewer.ui.layers.outlines import thinned
from slideviewer.ui.look import to_image
from slideviewer.ui.threads import step_back

SIDE = 36
"""Screen pixels of a picture's side."""

BATCH = 4
"""Pictures made by one job, so that what is in view now soon has its turn."""

MOST_REMEMBERED = 600
"""Pictures in memory: 12 MB on a fine screen."""

MOST_LARGE = 200
"""Of larger ones: 29 MB on a fine screen."""

ROOM = 0.15
"""Around a shape, as a part of its longer side."""

LEAST_SIDE_PX = 96.0
"""Level-0 pixels that a picture shows at least, lest a dot be shown on nothing but one nucleus."""

BUSY_MS = 100
"""How often to look whether the canvas has all its tiles."""

NICENESS = 15
"""As of the pictures of slides, see `slideviewer.ui.thumbnails`."""

Made = tuple[Annotation, QImage | None]


class AnnotationThumbnails(QObject):
    """Makes pictures of what is wanted now, a few at a time.

    Parameters
    ----------
    is_busy : callable
        Whether something more urgent is under way: then no picture is begun.
    side : int
        Screen pixels of a picture's side.
    in_own_colour : bool
        Whether a shape is drawn in its own colour, and not in that of all markup.
    parent : QObject, optional
    """

    ready = Signal(frozenset)  # ids of annotations whose pictures are there

    def __init__(
        self,
        is_busy: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
        side: int = SIDE,
        *,
        in_own_colour: bool = False,
    ) -> None:
        super().__init__(parent)
        self._is_busy, self._side, self._in_own_colour = is_busy, side, in_own_colour
        self._most = MOST_REMEMBERED if side <= SIDE else MOST_LARGE
        self._slide: Slide | None = None
        self._known: OrderedDict[str, tuple[Annotation, QPixmap | None]] = OrderedDict()
        self._wanted: list[Annotation] = []
        self._pixel_ratio = 1.0
        self._job: Job | None = None
        self._next = QTimer(self, singleShot=True)
        self._next.timeout.connect(self._begin)

    def set_slide(self, slide: Slide | None) -> None:
        """Take the pictures from another slide, one for the screen; forgets all there are."""
        self._slide = slide
        self._known.clear()
        self._wanted = []
        self._next.stop()
        if self._job is not None:
            self._job.cancel()

    def get(self, annotation: Annotation) -> QPixmap | None:
        """Its picture as it was made last, if there is any."""
        found = self._known.get(annotation.id)
        if found is None:
            return None
        self._known.move_to_end(annotation.id)
        return found[1]

    def want(self, annotations: Sequence[Annotation], pixel_ratio: float = 1.0) -> None:
        """Make pictures of these, in this order; what was wanted before is dropped.

        Parameters
        ----------
        annotations : sequence of Annotation
        pixel_ratio : float
            Device pixels per screen pixel.
        """
        self._pixel_ratio = pixel_ratio
        self._wanted = [each for each in annotations if not self._is_known(each)]
        self._begin_soon()

    def _is_known(self, annotation: Annotation) -> bool:
        found = self._known.get(annotation.id)
        # Another name or group makes no other picture.
        return found is not None and (
            found[0].points is annotation.points and found[0].kind == annotation.kind
        )

    def _begin_soon(self, milliseconds: int = 0) -> None:
        if self._slide is not None and self._wanted and self._job is None:
            self._next.start(milliseconds)

    def _begin(self) -> None:
        if self._job is not None or self._slide is None:
            return
        if self._is_busy():
            self._begin_soon(BUSY_MS)
            return
        batch, self._wanted = self._wanted[:BATCH], self._wanted[BATCH:]
        slide, side = self._slide, round(self._side * self._pixel_ratio)
        own = self._in_own_colour
        # The application owns the job: this object may be gone before it ends.
        job = Job(
            lambda progress: _made(slide, batch, side, own, progress), QCoreApplication.instance()
        )
        job.succeeded.connect(self._keep)
        job.ended.connect(self._on_end)
        self._job = job
        job.start()

    @Slot(object)
    def _keep(self, made: list[Made]) -> None:
        for annotation, image in made:
            pixmap = None
            if image is not None:
                pixmap = QPixmap.fromImage(image)
                pixmap.setDevicePixelRatio(image.width() / self._side)
            self._known[annotation.id] = annotation, pixmap
            self._known.move_to_end(annotation.id)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        self.ready.emit(frozenset(annotation.id for annotation, _ in made))

    @Slot()
    def _on_end(self) -> None:
        self._job = None
        self._begin_soon()


def picture_of(
    slide: Slide, annotation: Annotation, side: int, colour: QColor = colours.MARKUP
) -> QImage | None:
    """A square picture of an annotation and what is around it.

    Parameters
    ----------
    slide : Slide
    annotation : Annotation
    side : int
        Pixels.
    colour : QColor
        Of the shape.

    Returns
    -------
    QImage or None
        None where the annotation has no place on the slide, or the slide is damaged there.
    """
    bounds = annotation.bounds
    if bounds is None or not slide.pyramid.extent.grown(1).intersects(bounds.grown(1)):
        return None
    longest = max(bounds.width, bounds.height)
    length = max(longest * (1 + 2 * ROOM), LEAST_SIDE_PX)
    length = min(length, 2 * max(slide.pyramid.width, slide.pyramid.height))
    x, y = bounds.centre
    seen = Rect(x - length / 2, y - length / 2, length, length)
    try:
        image = _read(slide, seen, side)
    except SlideError:
        return None
    _draw(image, seen, annotation, colour)
    return image


def _made(
    slide: Slide, batch: Sequence[Annotation], side: int, in_own_colour: bool, progress: Progress
) -> list[Made]:
    step_back(NICENESS)
    made: list[Made] = []
    for annotation in batch:
        progress(Step(len(made), len(batch), "Drawing small pictures"))
        colour = QColor(annotation.colour) if in_own_colour else colours.MARKUP
        made.append((annotation, picture_of(slide, annotation, side, colour)))
    return made


def _read(slide: Slide, seen: Rect, side: int) -> QImage:
    pyramid = slide.pyramid
    level = pyramid.level_for(seen.width / side)
    at = pyramid.levels[level]
    across, down = at.width / pyramid.width, at.height / pyramid.height
    left, top = math.floor(seen.x * across), math.floor(seen.y * down)
    width, height = max(1, round(seen.width * across)), max(1, round(seen.height * down))
    pixels = slide.read_region(level, left, top, width, height)
    conversion = conversion_of(slide)
    if not isinstance(conversion, Unmanaged):
        pixels = conversion.apply(pixels)
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return to_image(np.asarray(small, np.uint8))


def _draw(image: QImage, seen: Rect, annotation: Annotation, colour: QColor) -> None:
    """Draw the shape over its picture."""
    scale = image.width() / seen.width
    points = (outline(annotation) - (seen.x, seen.y)) * scale
    points = points[np.isfinite(points).all(axis=1)]
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if annotation.kind in (Kind.DOT, Kind.POINT_SET):
        painter.setPen(QPen(QColor("white"), 1))
        painter.setBrush(colour)
        radius = image.width() / 14
        for place in {(round(x), round(y)) for x, y in points.tolist()}:
            painter.drawEllipse(QPointF(*place), radius, radius)
    else:
        painter.setPen(QPen(colour, image.width() / 20))
        if annotation.kind != Kind.MEASUREMENT:
            points = np.concatenate([points, points[:1]])
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in thinned(points, 1).tolist()]))
    painter.end()
