"""Slides with annotations as a set of tiles, each a small picture with its targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.annotations.formats import READ_SUFFIXES
from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting
from slideviewer.errors import TrainingError
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.slide_picture import SlidePicture
from slideviewer.progress import Progress, Step
from slideviewer.slide import KNOWN_SUFFIXES, Slide, open_slide
from slideviewer.slide.frame import frame_of
from slideviewer.slide.slide import Spacing
from slideviewer.slide.tissue import find_tissue
from slideviewer.training.pictures.cache import Item
from slideviewer.training.segmentation.tiles import spread

LEAST_TISSUE = 0.05
"""Share of a tile without targets that must be tissue."""
_LOOK_PX = 16
"""Pixels of the network's to one, where targets are looked for."""


@dataclass(frozen=True)
class SlideData:
    """Slides and what a specialist drew on them; what is not drawn on is of no target.

    Attributes
    ----------
    slides : tuple of (Path, Path)
        Each slide and its annotation file.
    groups : mapping of str to tuple of str
        The groups of each target.
    cases : mapping of str to str
        Of each slide by its stem.
    spacing_um_px : float
        At which slides are read.
    tile_pixels : int
    coverage : float
        As in `slideviewer.training.segmentation.tiles.spread`.
    tiles_per_slide : int
        At most; half of them with targets, where there are so many.
    seed : int
        Of the choice of tiles.
    title : str
    """

    slides: tuple[tuple[Path, Path], ...]
    groups: Mapping[str, tuple[str, ...]]
    cases: Mapping[str, str]
    spacing_um_px: float
    tile_pixels: int
    coverage: float
    tiles_per_slide: int
    seed: int
    title: str

    @property
    def targets(self) -> tuple[str, ...]:
        """See `TrainingData`."""
        return tuple(self.groups)

    @property
    def masks(self) -> int:
        """See `TrainingData`."""
        return len(self.groups)

    @property
    def marking(self) -> str:
        """See `TrainingData`."""
        return ""

    def only(self, number: int) -> SlideData:
        """See `TrainingData`."""
        target = self.targets[number]
        return replace(self, groups={target: self.groups[target]})

    def identity(self) -> dict[str, object]:
        """See `TrainingData`."""
        facts = [
            [path.name, path.stat().st_size, path.stat().st_mtime_ns]
            for pair in self.slides
            for path in pair
        ]
        return {
            "files": facts,
            "cases": dict(self.cases),
            "targets": {name: list(groups) for name, groups in self.groups.items()},
            "tiles": [
                self.spacing_um_px,
                self.tile_pixels,
                self.coverage,
                self.tiles_per_slide,
                self.seed,
            ],
        }

    def items(self, progress: Progress) -> Iterator[Item]:
        """See `TrainingData`.

        Raises
        ------
        TrainingError
            If a slide does not say how large its pixels are, or no file has a group that is
            wanted.
        SlideError, AnnotationError
            If a file cannot be read.
        """
        self._refuse_unknown_groups()
        for number, (path, markup) in enumerate(self.slides):
            step = Step(number, len(self.slides), f"Reading tiles of {path.name}", "slides")
            progress(step)
            with closing(open_slide(path)) as slide:
                annotations = read_annotations(markup, frame_of(slide)).annotations
                for item in self._tiles(slide, annotations):
                    progress(step)
                    yield item

    def _refuse_unknown_groups(self) -> None:
        known: set[str] = set()
        for path, markup in self.slides:
            with closing(open_slide(path)) as slide:
                annotations = read_annotations(markup, frame_of(slide)).annotations
            known |= {group for it in annotations if (group := it.group) is not None}
            known |= set(annotations.groups)
        for target, groups in self.groups.items():
            if not known.intersection(groups):
                raise TrainingError(
                    f'No annotation is in a group of the target "{target}": {", ".join(groups)}.',
                    path=self.slides[0][1].parent,
                    remedy=f"The groups are: {', '.join(sorted(known)) or 'none'}.",
                )

    def _tiles(self, slide: Slide, annotations: AnnotationSet) -> Iterator[Item]:
        if not isinstance(slide.spacing, Spacing):
            raise TrainingError(
                f"Nobody knows how large its pixels are: {slide.spacing.reason}.",
                path=slide.path,
                remedy="Leave it out, or cut pictures from it and give these with their masks.",
            )
        scale = self.spacing_um_px / slide.spacing.um_px
        frame = MaskFrame.covering(slide.bounds, scale)
        picture = SlidePicture(slide, frame, self.tile_pixels)
        marks = _Marks(annotations, self.groups, frame)
        side = self.tile_pixels
        for x, y in self._chosen(slide, frame, marks):
            pixels = picture.read(x, y, side, side)
            name = f"{slide.path.stem} {x},{y}"
            yield name, self.cases[slide.path.stem], pixels, marks.tile(x, y, side)

    def _chosen(self, slide: Slide, frame: MaskFrame, marks: _Marks) -> list[tuple[int, int]]:
        """Where tiles begin, in pixels of the frame: with targets and without, by lot."""
        side = self.tile_pixels
        tissue, coarse = find_tissue(slide), marks.coarse()
        marked: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for y in spread(frame.height, side, self.coverage):
            for x in spread(frame.width, side, self.coverage):
                rows = slice(y // _LOOK_PX, -(-(y + side) // _LOOK_PX))
                columns = slice(x // _LOOK_PX, -(-(x + side) // _LOOK_PX))
                if coarse[rows, columns].any():
                    marked.append((x, y))
                elif tissue.covers(frame.rect(x, y, side, side), LEAST_TISSUE):
                    others.append((x, y))
        rng = np.random.default_rng([self.seed, *slide.path.stem.encode()])
        half = self.tiles_per_slide // 2
        count = min(len(marked), max(half, self.tiles_per_slide - len(others)))
        rest = min(len(others), self.tiles_per_slide - count)
        return sorted(_drawn(marked, count, rng) + _drawn(others, rest, rng))


class _Marks:
    """What is drawn on a slide, painted where it is asked for."""

    def __init__(
        self,
        annotations: AnnotationSet,
        groups: Mapping[str, Sequence[str]],
        frame: MaskFrame,
    ) -> None:
        self._annotations, self._frame = annotations, frame
        self._labels = [Labels({group: 1 for group in each}) for each in groups.values()]

    def tile(self, x: int, y: int, side: int) -> NDArray[np.uint8]:
        """The targets of a tile: shape (side, side, targets), 0 or 1."""
        return np.stack([self._painted(it, x, y, side, side, 1) for it in self._labels], axis=2)

    def coarse(self) -> NDArray[np.bool_]:
        """Where any target may be, each pixel for many: shape (rows, columns)."""
        height, width = (-(-it // _LOOK_PX) for it in (self._frame.height, self._frame.width))
        # Twice as fine as it is asked for, so that a narrow strip is not missed.
        fine = [self._painted(it, 0, 0, 2 * width, 2 * height, _LOOK_PX / 2) for it in self._labels]
        found = np.any(fine, axis=0)
        return np.asarray(found.reshape(height, 2, width, 2).any(axis=(1, 3)))

    def _painted(
        self, labels: Labels, x: int, y: int, width: int, height: int, scale: float
    ) -> NDArray[np.uint8]:
        corner = self._frame.rect(x, y, 1, 1)
        size = self._frame.scale * scale
        grid = MaskGrid(width, height, size, size, corner.x, corner.y)
        painting = MaskPainting(self._annotations, labels, grid)
        return np.concatenate(list(painting.bands()), axis=0).astype(np.uint8)


def slides_with_markup(slides: Path, annotations: Path) -> list[tuple[Path, Path]]:
    """Find slides and the annotation file of each, by their stems.

    Parameters
    ----------
    slides, annotations : Path
        A file each, or a folder each.

    Raises
    ------
    TrainingError
        If there is none, or one has no partner.
    """
    for path in (slides, annotations):
        if not path.exists():
            raise TrainingError("There is no such file or folder.", path=path)
    if slides.is_file() and annotations.is_file():
        return [(slides, annotations)]
    found = _by_stem(slides, KNOWN_SUFFIXES)
    markup = _by_stem(annotations, READ_SUFFIXES)
    if not found:
        raise TrainingError("It holds no slide.", path=slides)
    for stem, path in found.items():
        if stem not in markup:
            raise TrainingError(
                f"This slide has no annotations of its name in {annotations}.",
                path=path,
                remedy="Take it away, or give it some.",
            )
    if slides.is_dir():
        for stem, path in markup.items():
            if stem not in found:
                raise TrainingError(
                    f"These annotations have no slide of their name in {slides}.",
                    path=path,
                    remedy="Take them away, or put the slide there.",
                )
    return [(path, markup[stem]) for stem, path in found.items()]


def _by_stem(place: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    if place.is_file():
        return {place.stem: place}
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()):
        ending = next((it for it in suffixes if path.name.lower().endswith(it)), None)
        if ending is None or path.name.startswith(".") or not path.is_file():
            continue
        stem = path.name[: -len(ending)]
        if stem in found:
            raise TrainingError(f'It and {found[stem].name} are both called "{stem}".', path=path)
        found[stem] = path
    return found


def _drawn(
    places: Sequence[tuple[int, int]], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    return [places[number] for number in rng.permutation(len(places))[:count]]
