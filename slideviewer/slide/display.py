"""A slide with levels in steps of two, so that the screen never has to shrink pixels by more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.slide.channels import Channel
from slideviewer.slide.coarse import CoarseSlide, Damage, with_coarse_levels
from slideviewer.slide.pyramid import Level, Pyramid
from slideviewer.slide.shrinking import shrunk
from slideviewer.slide.shrunk_reading import read_shrunk
from slideviewer.slide.slide import Pixels, Slide, Spacing, UnknownSpacing

LARGEST_STEP = 2.5
"""Neighbouring levels further apart than this get one between them."""


def for_display(slide: Slide) -> Slide:
    """Add the levels that a screen wants and the file lacks.

    Files store levels a factor of 4 apart, and some only one. Between the stored levels come ones
    of half the side, made on reading (see `read_shrunk`); below the coarsest come further ones.
    Positions and everything else are the slide's own. For the screen alone: a model reads what the
    file holds.
    """
    slide = with_coarse_levels(slide)
    levels = _between(slide.pyramid)
    if len(levels) == len(slide.pyramid.levels):
        return slide
    return _HalvedSlide(slide, levels)


def damage_of(slide: Slide) -> tuple[Damage, ...]:
    """What is damaged and therefore blank in coarse levels made so far, by this slide's levels.

    Parameters
    ----------
    slide : Slide
        What `for_display` gave.
    """
    if isinstance(slide, _HalvedSlide):
        return slide.damage
    return slide.damage if isinstance(slide, CoarseSlide) else ()


def coarsest_stored(slide: Slide) -> int | None:
    """The coarsest level that the file holds where coarser ones are made from all of its tiles.

    Parameters
    ----------
    slide : Slide
        What `for_display` gave.

    Returns
    -------
    int or None
        None where no level takes long to make.
    """
    if isinstance(slide, _HalvedSlide):
        return slide.coarsest_stored
    return slide.stored_levels - 1 if isinstance(slide, CoarseSlide) else None


def forget_damage(slide: Slide) -> None:
    """Have coarse levels made anew where damage left them blank."""
    inner = slide.inner if isinstance(slide, _HalvedSlide) else slide
    if isinstance(inner, CoarseSlide):
        inner.forget_damage()


@dataclass(frozen=True)
class _Origin:
    """Where a level's pixels come from: a stored level and how often its side is halved."""

    level: int
    factor: int

    def box(self, x_level: int, y_level: int, width: int, height: int) -> tuple[int, int, int, int]:
        """A region of the level made, in pixels of the stored one."""
        return (
            x_level * self.factor,
            y_level * self.factor,
            width * self.factor,
            height * self.factor,
        )


def _between(pyramid: Pyramid) -> list[tuple[Level, _Origin]]:
    made: list[tuple[Level, _Origin]] = []
    stored = pyramid.levels
    for number, level in enumerate(stored):
        made.append((level, _Origin(number, 1)))
        coarser = stored[number + 1].downsample if number + 1 < len(stored) else 0.0
        factor = 2
        while coarser / (level.downsample * factor) > LARGEST_STEP / 2:
            width, height = level.width // factor, level.height // factor
            if min(width, height) < 1:
                break
            halved = Level(width, height, level.downsample * factor)
            made.append((halved, _Origin(number, factor)))
            factor *= 2
    return made


class _HalvedSlide:
    """A slide seen through more levels; see `slideviewer.slide.slide.Slide`."""

    def __init__(self, slide: Slide, levels: list[tuple[Level, _Origin]]) -> None:
        self._slide = slide
        self._origins = tuple(origin for _, origin in levels)
        self.path: Path = slide.path
        self.vendor: str = slide.vendor
        self.pyramid = Pyramid(tuple(level for level, _ in levels), slide.pyramid.tile_size)
        self.spacing: Spacing | UnknownSpacing = slide.spacing
        self.bounds: Rect = slide.bounds
        self.properties: Mapping[str, str] = slide.properties
        self.associated_names: tuple[str, ...] = slide.associated_names
        self.channels: tuple[Channel, ...] = slide.channels

    @property
    def inner(self) -> Slide:
        """The slide without the levels in between."""
        return self._slide

    @property
    def coarsest_stored(self) -> int | None:
        """See the function of that name."""
        level = coarsest_stored(self._slide)
        return None if level is None else self._shown_as()[level]

    def _shown_as(self) -> dict[int, int]:
        """By which number each level of the slide itself goes here."""
        return {
            origin.level: number
            for number, origin in enumerate(self._origins)
            if origin.factor == 1
        }

    @property
    def damage(self) -> tuple[Damage, ...]:
        """See `damage_of`."""
        shown = self._shown_as()
        return tuple(replace(part, level=shown[part.level]) for part in damage_of(self._slide))

    @property
    def icc_profile(self) -> bytes | None:
        """See `slideviewer.slide.slide.Slide`."""
        return self._slide.icc_profile

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        """See `slideviewer.slide.slide.Slide.read_region`."""
        origin = self._origins[level]
        box = x_level, y_level, width, height
        if origin.factor == 1 or not width or not height:
            return self._slide.read_region(origin.level, *origin.box(*box))
        return read_shrunk(self._slide, origin.level, origin.factor, *box)

    def read_channels(
        self,
        level: int,
        x_level: int,
        y_level: int,
        width: int,
        height: int,
        wanted: Collection[int] | None = None,
    ) -> NDArray[Any]:
        """See `slideviewer.slide.slide.Slide.read_channels`."""
        origin = self._origins[level]
        box = origin.box(x_level, y_level, width, height)
        pixels = self._slide.read_channels(origin.level, *box, wanted=wanted)
        if origin.factor == 1 or not width or not height:
            return pixels
        return shrunk(pixels, width, height, wanted)

    def associated_image(self, name: str) -> Pixels:
        """See `slideviewer.slide.slide.Slide.associated_image`."""
        return self._slide.associated_image(name)

    def thumbnail(self, longest_side: int) -> Pixels:
        """See `slideviewer.slide.slide.Slide.thumbnail`."""
        return self._slide.thumbnail(longest_side)

    def close(self) -> None:
        """See `slideviewer.slide.slide.Slide.close`."""
        self._slide.close()
