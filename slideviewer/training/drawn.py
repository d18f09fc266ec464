"""Drawn tissue as training tiles, so that a model also knows what few pictures show."""

from __future__ import annotations

import math

import numpy as np

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.synthetic import sample_tiles
from slideviewer.training.examples import Examples, examples_from_tiles

FIRST_SEED = 1000
"""Seeds below are for demonstrations and measurements, and no model is trained on them."""

MEASURED_SEEDS = range(1, 4)
"""Drawings that a finished model is measured on."""

_TILES_PER_SEED = 20


def seeds_for(count_per_class: int) -> range:
    """The drawings that so many tiles of each class come from; each has a stain of its own."""
    return range(FIRST_SEED, FIRST_SEED + math.ceil(count_per_class / _TILES_PER_SEED))


def drawn_examples(
    count_per_class: int,
    class_names: tuple[str, ...],
    target: int,
    patch_size_pixels: int,
    spacing_um_px: float,
    progress: Progress = silent,
    seeds: range | None = None,
) -> Examples:
    """Draw tiles: tumour for the target class, every other tissue, fat, pen and glass for the rest.

    Parameters
    ----------
    count_per_class : int
        Rounded up to whole drawings.
    class_names : tuple of str
        Two of them.
    target : int
    patch_size_pixels : int
    spacing_um_px : float
    progress : Progress
    seeds : range, optional
        The drawings; those of `seeds_for` by default.

    Raises
    ------
    TrainingError
        If there are not two classes.
    """
    if len(class_names) != 2:
        raise TrainingError(
            f"Drawn tiles show tumour or not, but there are {len(class_names)} classes.",
            remedy="Leave out --synthetic, or give two classes.",
        )
    chosen = seeds_for(count_per_class) if seeds is None else seeds
    found: dict[str, list[np.ndarray]] = {name: [] for name in class_names}
    for index, seed in enumerate(chosen):
        progress(Step(index, len(chosen), "Drawing tissue", "drawings"))
        for tile, is_tumour in sample_tiles(
            seed, _TILES_PER_SEED, patch_size_pixels, spacing_um_px
        ):
            found[class_names[target if is_tumour else 1 - target]].append(tile)
    return examples_from_tiles(
        {name: np.stack(tiles) for name, tiles in found.items()}, class_names
    )
