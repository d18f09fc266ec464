"""A likelihood map: what a model said of every place, as a picture over the slide."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPainter

from slideviewer.geometry import Rect
from slideviewer.slide import Slide, TileKey
from slideviewer.slide.channels import ChannelLook
from slideviewer.ui import colours
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.look import Look
from slideviewer.ui.painting import draw_picture, share_of
from slideviewer.ui.palettes import PALEST
from slideviewer.ui.tiles.cache import CachedTile
from slideviewer.ui.tiles.source import TileSource
from slideviewer.ui.viewpoint import Viewpoint

NAME = "Likelihood map"

LARGEST_MISFIT = 0.01
"""The share by which a map's aspect may differ from its slide's: rounding of small levels."""

MOST_COLOURED = 256
"""Tiles kept in red; 64 MiB of 256 px each."""


class LikelihoodLayer(Layer):
    """Paints a map in red over the slide, the stronger the likelier, from a threshold on.

    Parameters
    ----------
    source : TileSource
        Of the map, which is a slide by itself.
    extent : Rect
        The part of the slide below that all of the map is laid on; see `map_extent`.
    look : Look
        The map's `absolute_look`, which is found by reading.
    """

    removal_wanted = Signal()  # the user wants the map away

    def __init__(
        self, source: TileSource, extent: Rect, look: Look, parent: QObject | None = None
    ) -> None:
        super().__init__(NAME, parent)
        self._opacity = 0.5
        self._source = source
        self._extent = extent
        self._look = look
        self._threshold = 0.5
        self._coloured: OrderedDict[TileKey, QImage] = OrderedDict()
        self._wanted: tuple[CachedTile, ...] = ()
        pyramid = source.shown.pyramid
        self._across, self._down = extent.width / pyramid.width, extent.height / pyramid.height
        source.hold(self._look)
        source.arrived.connect(self._on_arrived)
        source.renewed.connect(self._on_renewed)

    @property
    def source(self) -> TileSource:
        """Where the map's tiles come from."""
        return self._source

    @property
    def threshold(self) -> float:
        """The likelihood from which a place is painted, 0 to 1."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        threshold = min(max(threshold, 0.0), 1.0)
        if threshold != self._threshold:
            self._threshold = threshold
            self._coloured.clear()
            self.changed.emit(None)

    @property
    def is_sharp(self) -> bool:
        """Whether each tile in view is there, or known to be damaged."""
        return all(
            self._source.is_bad(tile.key) or self._source.get(tile) is not None
            for tile in self._wanted
        )

    def let_go(self) -> None:
        """Ask for no more tiles."""
        self._source.arrived.disconnect(self._on_arrived)
        self._source.renewed.disconnect(self._on_renewed)
        self._source.forget(self)
        self._source.let_go(self._look)

    def to_map(self, rect: Rect) -> Rect:
        """A rectangle of the slide in the map's level-0 pixels."""
        return Rect(
            (rect.x - self._extent.x) / self._across,
            (rect.y - self._extent.y) / self._down,
            rect.width / self._across,
            rect.height / self._down,
        )

    def to_slide(self, rect: Rect) -> Rect:
        """A rectangle of the map in the slide's level-0 pixels."""
        return Rect(
            rect.x * self._across + self._extent.x,
            rect.y * self._down + self._extent.y,
            rect.width * self._across,
            rect.height * self._down,
        )

    def look_at(self, view: Viewpoint, ratio: float) -> None:
        source, pyramid = self._source, self._source.shown.pyramid
        level = self._level(view, ratio)
        keys = pyramid.tiles_in(self.to_map(view.visible), level)
        wanted = tuple(source.tile(key, self._look) for key in keys)
        if wanted != self._wanted:
            self._wanted = wanted
            self._ask()

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        level = self._level(view, painter.device().devicePixelRatioF())
        pyramid = self._source.shown.pyramid
        for key in pyramid.tiles_in(self.to_map(part), level):
            self._paint_tile(painter, view, key, pyramid.tile_rect(key))

    def _level(self, view: Viewpoint, ratio: float) -> int:
        downsample = 1 / (view.scale * ratio * max(self._across, self._down))
        return self._source.shown.pyramid.level_for(downsample)

    def _paint_tile(self, painter: QPainter, view: Viewpoint, key: TileKey, rect: Rect) -> None:
        """Paint what lies in a rectangle of the map: the tile's share, or that of coarser ones."""
        pyramid = self._source.shown.pyramid
        image = self._red(key)
        if image is not None:
            share = share_of(image, pyramid.tile_rect(key), rect)
            draw_picture(painter, view, self.to_slide(rect), image, share)
        elif key.level + 1 < len(pyramid.levels):
            for coarser in pyramid.tiles_in(rect, key.level + 1):
                shown = rect.intersection(pyramid.tile_rect(coarser))
                if not shown.is_empty:
                    self._paint_tile(painter, view, coarser, shown)

    def _red(self, key: TileKey) -> QImage | None:
        """A tile in red; None where it is not there."""
        known = self._coloured.get(key)
        if known is not None:
            self._coloured.move_to_end(key)
            return known
        image = self._source.get(self._source.tile(key, self._look))
        if image is None:
            return None
        made = self._coloured[key] = reddened(image, alpha_table(self._threshold))
        while len(self._coloured) > MOST_COLOURED:
            self._coloured.popitem(last=False)
        return made

    def _ask(self) -> None:
        coarsest = (self._source.tile(key, self._look) for key in self._source.coarsest)
        self._source.want(self, [*coarsest, *self._wanted])

    def _on_renewed(self) -> None:
        self._coloured.clear()
        self._ask()
        self.changed.emit(None)

    def _on_arrived(self, tile: CachedTile) -> None:
        if tile.look == self._look:
            self._coloured.pop(tile.key, None)
            self.changed.emit(self.to_slide(self._source.shown.pyramid.tile_rect(tile.key)))


def map_extent(slide: Slide, likelihood_map: Slide) -> Rect:
    """The part of a slide that a map covers, in level-0 pixels.

    Where both sides of the slide hold those of the map the same whole number of times, as they do
    for maps that ASAP lays on it, a pixel of the map is so many of the slide's wide and high, and
    less than one may be missing at the right and at the bottom. Else all of the map covers all of
    the slide.
    """
    factor = _whole_factor(slide, likelihood_map)
    if factor is None:
        return slide.pyramid.extent
    other = likelihood_map.pyramid
    return Rect(0, 0, other.width * factor, other.height * factor)


def _whole_factor(slide: Slide, likelihood_map: Slide) -> int | None:
    own, other = slide.pyramid, likelihood_map.pyramid
    across, right = divmod(own.width, other.width)
    down, bottom = divmod(own.height, other.height)
    is_whole = across == down >= 1 and max(right, bottom) < across
    return across if is_whole else None


def misfit(slide: Slide, likelihood_map: Slide) -> float:
    """By which share the aspect of a map differs from its slide's; 0 where they are the same."""
    own, other = slide.pyramid, likelihood_map.pyramid
    if _whole_factor(slide, likelihood_map) is not None:
        return 0.0
    ratio = (own.width * other.height) / (own.height * other.width)
    return max(ratio, 1 / ratio) - 1


def absolute_look(likelihood_map: Slide) -> Look:
    """Show a map's likelihoods by their own numbers, 0 to 1, whatever occurs in this one.

    8-bit maps are stored as 255 times the likelihood and 16-bit ones as 65535 times; fractions
    up to 1 as they are. Only the first channel counts.
    """
    channels = likelihood_map.channels
    if not channels:
        return Look(managed=False)
    first = channels[0]
    pixel = likelihood_map.read_channels(len(likelihood_map.pyramid.levels) - 1, 0, 0, 1, 1)
    highest = {"uint8": 255.0, "uint16": 65535.0}.get(pixel.dtype.name, 1.0)
    white = (255, 255, 255)
    looks = [ChannelLook(white, 0.0, highest)]
    looks += [ChannelLook(white, 0.0, highest, visible=False) for _ in channels[1:]]
    if highest == 1.0 and first.highest > 1.5:  # fractions of a hundred, or of 255
        looks[0] = ChannelLook(white, 0.0, 100.0 if first.highest <= 100.0 else 255.0)
    return Look(managed=False, channels=tuple(looks))


def alpha_table(threshold: float) -> NDArray[np.uint8]:
    """The opacity of each stored value 0 to 255: nothing below the threshold, then up to full."""
    likelihood = np.arange(256) / 255
    above = (likelihood - threshold) / max(1 - threshold, 1 / 255)
    alpha = np.where(likelihood >= threshold, PALEST + (1 - PALEST) * above, 0.0)
    alpha[0] = 0.0  # what was never looked at, too, is stored as 0
    return np.asarray(np.rint(255 * alpha), np.uint8)


def reddened(image: QImage, alpha: NDArray[np.uint8]) -> QImage:
    """A grey picture as red of varying opacity.

    Parameters
    ----------
    image : QImage
        Format RGB32.
    alpha : ndarray (256,), uint8
        The opacity of each grey value.
    """
    width, height = image.width(), image.height()
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(height, width, 4)[..., 1]
    made = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    pixels = np.frombuffer(made.bits(), np.uint8).reshape(height, width, 4)
    opacity = alpha[grey]
    red = colours.PREDICTION
    for channel, value in enumerate((red.blue(), red.green(), red.red())):
        pixels[..., channel] = opacity.astype(np.uint16) * value // 255
    pixels[..., 3] = opacity
    return made
