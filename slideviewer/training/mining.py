"""Hard negatives: what a model takes for the target on training slides, and is none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from slideviewer.errors import SlideError
from slideviewer.models.classifier import predict_in_batches
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import find_tissue, open_slide
from slideviewer.training.label_map import class_names, label_map
from slideviewer.training.measuring import BATCH
from slideviewer.training.place_rules import CLASS, MINED, PlaceRules
from slideviewer.training.places import Places, find_places
from slideviewer.training.sampling import Sample
from slideviewer.training.slide_list import MarkedSlide
from slideviewer.training.slide_tiles import SlideTiles, TileSize

if TYPE_CHECKING:
    import keras

MOST_LOOKED_AT = 20_000
"""Tiles of a slide that are predicted to find hard ones, drawn from all."""


def mine(
    network: keras.Model,
    slides: Sequence[MarkedSlide],
    known: Sample,
    rules: PlaceRules,
    size: TileSize,
    per_slide: int,
    seed: int,
    progress: Progress = silent,
) -> Sample:
    """Find the worst false positives of a network on slides.

    Slides of which only part was annotated are left out: what the network finds there may well be
    the target.

    Parameters
    ----------
    network : keras.Model
    slides : sequence of MarkedSlide
        Those to look at, of the training part.
    known : Sample
        Tiles that are trained on already.
    rules : PlaceRules
        With a class for the rest.
    size : TileSize
    per_slide : int
        At most so many of each.
    seed : int
    progress : Progress

    Returns
    -------
    Sample
        Of the slides of ``known``.
    """
    target = class_names(rules.classes).index(rules.target)
    found: list[Places] = []
    index: list[int] = []
    for number, marked in enumerate(slides):
        text = f"Looking for false positives in {marked.path.name}"
        progress(Step(number, len(slides), text, "slides"))
        at = known.slides.index(marked)
        if marked.partial:
            continue
        places = _unknown(_rest_of(marked, rules, size), known, at, seed)
        of_one = np.zeros(len(places), np.int64)
        with closing(SlideTiles([marked], of_one, places.x, places.y, size)) as reader:
            scores = _scores(network, reader, target)
        worst = np.argsort(-scores, kind="stable")[:per_slide]
        worst = np.sort(worst[scores[worst] >= 1 / 2])
        found.append(replace(places.take(worst), kinds=np.full(len(worst), MINED)))
        index += [at] * len(worst)
    return Sample(known.slides, np.array(index, np.int64), Places.together(found))


def _rest_of(marked: MarkedSlide, rules: PlaceRules, size: TileSize) -> Places:
    with closing(open_slide(marked.path)) as slide:
        side, um_px = size.on(slide, marked)
        labels = label_map(marked, (slide.pyramid.width, slide.pyramid.height), side, rules.classes)
        places = find_places(
            labels, find_tissue(slide), slide.bounds, side, um_px, replace(rules, few=0)
        )
    return places.take(np.flatnonzero((places.labels == rules.rest) & (places.kinds != CLASS)))


def _unknown(places: Places, known: Sample, at: int, seed: int) -> Places:
    """Those that are not trained on yet, no more of them than are looked at."""
    here = known.index == at
    taken = set(zip(known.places.x[here].tolist(), known.places.y[here].tolist(), strict=True))
    spots = zip(places.x.tolist(), places.y.tolist(), strict=True)
    new = np.array([place for place, spot in enumerate(spots) if spot not in taken], np.int64)
    drawn = np.random.default_rng([seed, at]).permutation(new)[:MOST_LOOKED_AT]
    return places.take(np.sort(drawn))


def _scores(network: keras.Model, reader: SlideTiles, target: int) -> np.ndarray:
    """The target's probability of each tile; below any threshold where it cannot be read."""
    scores = np.full(len(reader), -1.0)
    for start in range(0, len(reader), BATCH):
        tiles, places = [], []
        for at in range(start, min(start + BATCH, len(reader))):
            try:
                tiles.append(reader.read(at))
            except SlideError:
                continue
            places.append(at)
        if tiles:
            scores[places] = predict_in_batches(network, np.stack(tiles), BATCH)[:, target]
    return scores
