"""Which tiles of which slides a training looks at: quotas for each slide, kept as a table."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import SlideError, TrainingError
from slideviewer.files import replacing_text
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import find_tissue, open_slide
from slideviewer.training.examples import BY_USER, Examples, hash_of
from slideviewer.training.label_map import REST, class_names, label_map
from slideviewer.training.place_rules import KINDS, RING, TISSUE, PlaceRules
from slideviewer.training.places import Places, find_places
from slideviewer.training.slide_list import MarkedSlide
from slideviewer.training.slide_tiles import SlideTiles, TileSize
from slideviewer.training.tile_readers import CachedTiles

TILES_FILE = "tiles.csv"
_HEADER = ["slide", "x", "y", "class", "kind", "origin"]


@dataclass(frozen=True)
class Quotas:
    """How many tiles a slide gives.

    Attributes
    ----------
    per_slide : int
        At most; each class has the same share of them.
    ring_share : float
        Share of a slide's tiles of the rest that come from the ring around the target; where
        either has too few, the other gives more.
    seed : int
    """

    per_slide: int = 1000
    ring_share: float = 0.5
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Sample:
    """The tiles of all slides.

    Attributes
    ----------
    slides : tuple of MarkedSlide
    index : ndarray (n,), int64
        Of each tile's slide.
    places : Places
    """

    slides: tuple[MarkedSlide, ...]
    index: NDArray[np.int64]
    places: Places

    def examples(self, rules: PlaceRules, size: TileSize, split_by: str) -> Examples:
        """The tiles, to be read when they are needed."""
        reader = SlideTiles(self.slides, self.index, self.places.x, self.places.y, size)
        origins = tuple(self.slides[at].origin for at in self.index)
        has_parts = any(slide.part for slide in self.slides)
        spots = zip(self.index, self.places.x.tolist(), self.places.y.tolist(), strict=True)
        names = (f"{self.slides[at].path.name} {x!r} {y!r}" for at, x, y in spots)
        return Examples(
            CachedTiles(reader),
            self.places.labels,
            tuple(map(hash_of, names)),
            class_names(rules.classes),
            origins=origins,
            split_by=BY_USER if has_parts else split_by,
            parts=tuple(self.slides[at].part for at in self.index) if has_parts else (),
        )

    def joined(self, other: Sample) -> Sample:
        """These tiles and others of the same slides."""
        index = np.concatenate([self.index, other.index])
        return Sample(self.slides, index, Places.together([self.places, other.places]))

    @property
    def kinds(self) -> dict[str, int]:
        """Tiles of each kind."""
        counts = Counter(self.places.kinds.tolist())
        return {KINDS[kind]: counts[kind] for kind in sorted(counts)}


def sample_slides(
    slides: Sequence[MarkedSlide],
    rules: PlaceRules,
    size: TileSize,
    quotas: Quotas,
    progress: Progress = silent,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Sample:
    """Find and draw the tiles of slides. A slide's draw does not depend on the others.

    Raises
    ------
    TrainingError
        If a class has no tile, a group occurs in no slide, or a slide's tiles cannot be read.
    SlideError, AnnotationError, PredictionError
        If a slide or its markup cannot be read, or nobody says how large its pixels are.
    """
    found: list[Places] = []
    met: set[str] = set()
    unnamed: Counter[str] = Counter()
    smaller = 0
    for number, marked in enumerate(slides):
        progress(Step(number, len(slides), f"Finding tiles in {marked.path.name}", "slides"))
        with closing(open_slide(marked.path)) as slide:
            side, um_px = size.on(slide, marked)
            labels = label_map(
                marked, (slide.pyramid.width, slide.pyramid.height), side, rules.classes
            )
            tissue = find_tissue(slide)
            places = find_places(
                labels, tissue, slide.bounds, side, um_px, rules, is_partial=marked.partial
            )
        met |= labels.found
        unnamed.update(labels.unnamed)
        smaller += places.is_fallback
        found.append(_drawn(places, rules, quotas, _seed_of(marked, quotas.seed)))
    _check_sources(rules, met)
    for name, count in sorted(unnamed.items()):
        on_notice(
            f'"{name}" occurs in {count} slides and is not in --classes: it counts as not marked.'
        )
    bare = sum(marked.markup is None for marked in slides)
    if bare and REST in rules.classes:
        name = rules.classes[REST]
        on_notice(f'{bare} slides have no markup: all of their tissue counts as "{name}".')
    if smaller:
        on_notice(
            f"{smaller} slides have fewer than {rules.few} tiles of {rules.target}: there the"
            " middle half of a tile was judged, on a finer lattice."
        )
    index = np.repeat(np.arange(len(slides)), [len(places) for places in found])
    sample = Sample(tuple(slides), index, Places.together(found))
    return _readable(sample, size, progress, on_notice)


def write_sample(sample: Sample, rules: PlaceRules, path: Path) -> None:
    """Write the tiles as a table, whole or not at all."""
    names = class_names(rules.classes)
    places = sample.places
    with replacing_text(path) as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(_HEADER)
        for at, slide in enumerate(sample.index.tolist()):
            rows.writerow(
                [
                    sample.slides[slide].path.name,
                    repr(float(places.x[at])),
                    repr(float(places.y[at])),
                    names[int(places.labels[at])],
                    KINDS[int(places.kinds[at])],
                    sample.slides[slide].origin,
                ]
            )


def read_sample(path: Path, slides: Sequence[MarkedSlide], rules: PlaceRules) -> Sample:
    """Read what `write_sample` wrote for the same slides.

    Raises
    ------
    TrainingError
        If it is not of these slides or classes.
    """
    names = class_names(rules.classes)
    numbers = {slide.path.name: at for at, slide in enumerate(slides)}
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))[1:]
        index = np.array([numbers[row[0]] for row in rows], np.int64)
        places = Places(
            np.array([float(row[1]) for row in rows]),
            np.array([float(row[2]) for row in rows]),
            np.array([names.index(row[3]) for row in rows], np.int64),
            np.array([KINDS.index(row[4]) for row in rows], np.int64),
        )
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise TrainingError(
            "This table of tiles cannot be used.", path=path, remedy="Take it away."
        ) from error
    return Sample(tuple(slides), index, places)


def _drawn(places: Places, rules: PlaceRules, quotas: Quotas, seed: list[int]) -> Places:
    """As many places of each class as a slide may give."""
    rng = np.random.default_rng(seed)
    classes = len(class_names(rules.classes))
    quota = max(1, quotas.per_slide // classes)
    chosen = []
    for label in range(classes):
        of_class = places.labels == label
        if label == rules.rest:
            near = rng.permutation(np.flatnonzero(of_class & (places.kinds == RING)))
            far = rng.permutation(np.flatnonzero(of_class & (places.kinds == TISSUE)))
            marked = rng.permutation(np.flatnonzero(of_class & (places.kinds < RING)))
            wanted = min(len(near), max(round(quota * quotas.ring_share), quota - len(far)))
            # Marked ones come first: somebody took the trouble to show them.
            chosen.append(np.concatenate([marked, near[:wanted], far, near[wanted:]])[:quota])
        else:
            chosen.append(rng.permutation(np.flatnonzero(of_class))[:quota])
    return places.take(np.sort(np.concatenate(chosen)))


def _readable(
    sample: Sample, size: TileSize, progress: Progress, on_notice: Callable[[str], None]
) -> Sample:
    """The same without tiles that cannot be read: a training is not to end at one of them."""
    reader = SlideTiles(sample.slides, sample.index, sample.places.x, sample.places.y, size)
    kept = np.ones(len(reader), bool)
    damage = ""
    for at in range(len(reader)):
        if at % 64 == 0:
            progress(Step(at, len(reader), "Reading tiles", "tiles"))
        try:
            reader.read(at)
        except SlideError as error:
            kept[at], damage = False, str(error)
    if not kept.all():
        on_notice(f"{(~kept).sum()} tiles cannot be read and are left out: {damage}")
    chosen = np.flatnonzero(kept)
    return replace(sample, index=sample.index[chosen], places=sample.places.take(chosen))


def _check_sources(rules: PlaceRules, met: set[str]) -> None:
    for source, name in rules.classes.items():
        if source != REST and source not in met:
            raise TrainingError(
                f'No slide has anything marked "{source}", which is to be {name}.',
                remedy="Check the group's name in --classes, or leave it out.",
            )


def _seed_of(marked: MarkedSlide, seed: int) -> list[int]:
    digest = hashlib.sha256(marked.path.name.encode("utf-8", "surrogatepass")).digest()
    return [seed, int.from_bytes(digest[:8], "little")]
