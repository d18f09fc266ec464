"""The view as a picture: drawn anew from the slide, so that it may be sharper than the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide
from slideviewer.slide.display import damage_of
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.layers.likelihood import LikelihoodLayer
from slideviewer.ui.layers.prediction import PredictionLayer
from slideviewer.ui.layers.scale_bar import ScaleBarLayer
from slideviewer.ui.layers.tiles import HATCH, PAPER, TileLayer
from slideviewer.ui.look import Look, read_tile
from slideviewer.ui.painting import draw_picture, fill
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.slide_view import SlideView

MOST_PICTURE_PX = 400_000_000
"""Pixels; 1.6 GB while it is made."""

FOOT = 28
"""Screen pixels below the picture for words that belong to it."""


@dataclass(frozen=True)
class PictureRequest:
    """A view as it was when its picture was asked for.

    Attributes
    ----------
    slide : Slide
        With all the levels that the screen wants.
    look : Look
    view : Viewpoint
    ratio : float
        Pixels of the picture per pixel of the view.
    background : QColor
        Around the slide.
    """

    slide: Slide
    look: Look
    view: Viewpoint
    ratio: float
    background: QColor

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return round(self.view.width * self.ratio), round(self.view.height * self.ratio)


@dataclass(frozen=True)
class DrawnSlide:
    """The slide's part of a picture, and how many of its tiles are damaged."""

    image: QImage
    damaged: int


def draw_slide(request: PictureRequest, progress: Progress) -> DrawnSlide:
    """Draw the slide as the view shows it, each tile from the level that the picture can show.

    Works on any thread, and holds one tile at a time besides the picture.

    Raises
    ------
    SlideError
        Where the picture would be too large.
    """
    width, height = request.size
    if width * height > MOST_PICTURE_PX:
        raise SlideError(
            f"A picture of {width} × {height} px is too large.",
            remedy="Choose a lower resolution, or save a region of the slide instead.",
        )
    view, pyramid = request.view, request.slide.pyramid
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(request.ratio)
    image.fill(request.background)
    painter = QPainter(image)
    damaged: list[Rect] = []
    in_picture = Rect(0, 0, view.width, view.height)

    def is_in(rect: Rect) -> bool:
        return view.covered_by(rect).intersects(in_picture)

    try:
        fill(painter, view, pyramid.extent, QBrush(PAPER))
        smooth = view.scale * request.ratio < 4
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        level = pyramid.level_for(1 / (view.scale * request.ratio))
        # Of a turned view's surrounding rectangle the corners are not in the picture.
        keys = [
            key for key in pyramid.tiles_in(view.visible, level) if is_in(pyramid.tile_rect(key))
        ]
        for done, key in enumerate(keys):
            progress(Step(done, len(keys), "Drawing the picture", "tiles"))
            rect = pyramid.tile_rect(key)
            try:
                tile = read_tile(request.slide, key, request.look)
            except SlideError:
                damaged.append(rect)
            else:
                draw_picture(painter, view, rect, tile, QRectF(tile.rect()))
        damaged += [
            part.rect
            for part in damage_of(request.slide)  # blank in the coarser level that is drawn
            if part.level < level and is_in(part.rect)
        ]
        for rect in damaged:
            fill(painter, view, rect, HATCH)
    finally:
        painter.end()
    return DrawnSlide(image, len(damaged))


def overlays_of(view: SlideView, *, with_overlays: bool, with_scale_bar: bool) -> list[Layer]:
    """The layers of a view that come into its picture, the lowest first."""
    chosen: list[Layer] = []
    for layer in view.layers:
        if isinstance(layer, ScaleBarLayer):
            if with_scale_bar:
                chosen.append(layer)
        elif with_overlays and layer.visible and not isinstance(layer, TileLayer):
            chosen.append(layer)
    return sorted(chosen, key=lambda layer: layer.plane)


def paint_overlays(image: QImage, view: Viewpoint, layers: Sequence[Layer]) -> QImage:
    """Paint layers over a picture; where a model's output is among them, it says so at its foot."""
    painter = QPainter(image)
    for layer in layers:
        painter.save()
        painter.setOpacity(layer.opacity)
        layer.paint(painter, view, view.visible, rough=False)
        painter.restore()
    painter.end()
    return with_foot(image, RESEARCH_USE_ONLY) if any(map(shows_model, layers)) else image


def shows_model(layer: Layer) -> bool:
    """Whether a layer paints what a model said."""
    if isinstance(layer, PredictionLayer):
        return layer.has_prediction and layer.opacity > 0
    return isinstance(layer, LikelihoodLayer) and layer.opacity > 0


def with_foot(image: QImage, text: str) -> QImage:
    """The picture with a line of words below it."""
    ratio = image.devicePixelRatio()
    width = image.width() / ratio
    font = QFont()
    font.setPixelSize(13)
    made = QImage(image.width(), image.height() + round(FOOT * ratio), image.format())
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.white)
    painter = QPainter(made)
    painter.drawImage(0, 0, image)
    painter.setFont(font)
    painter.setPen(QColor(20, 20, 20))
    room = QRectF(8, image.height() / ratio, width - 16, FOOT)
    needed = painter.fontMetrics().horizontalAdvance(text)
    if needed > room.width():  # small pictures get small words, but all of them
        font.setPixelSize(max(5, int(13 * room.width() / needed)))
        painter.setFont(font)
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.end()
    return made
