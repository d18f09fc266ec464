"""The markup that is measured: many small outlines, and one long one, over the large slide."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, write_asap

SIDE = 100_352
"""Of the large slide, pixels."""

RECIPE = 1
"""Changes whenever the same arguments make another file."""

VERTICES = 20
"""Of each of the many outlines."""

GROUPS = ("Tumor", "Stroma")


def many(folder: Path, count: int) -> Path:
    """A file of that many outlines of 20 vertices, as large as small glands; made once."""
    path = folder / f"outlines-{RECIPE}-{count}.xml"
    return path if path.exists() else _written(path, many_outlines(count))


def giant(folder: Path, vertices: int) -> Path:
    """A file of one outline of that many vertices; made once."""
    path = folder / f"outline-{RECIPE}-{vertices}.xml"
    return path if path.exists() else _written(path, giant_outline(vertices))


def many_outlines(count: int) -> AnnotationSet:
    """Outlines all over the slide, in two groups."""
    chance = np.random.default_rng(5)
    turns = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    middles = chance.uniform(400, SIDE - 400, (count, 1, 2))
    sizes = chance.uniform(40, 150, (count, 1, 1)) * chance.uniform(0.8, 1.2, (count, VERTICES, 1))
    points = np.round(middles + sizes * around, 4)
    return AnnotationSet.of(
        (
            Annotation(f"Annotation {n}", Kind.POLYGON, as_points(points[n]), GROUPS[n % 2])
            for n in range(count)
        ),
        [Group(name) for name in GROUPS],
    )


def giant_outline(vertices: int) -> AnnotationSet:
    """An outline around most of the slide, jagged at every scale."""
    chance = np.random.default_rng(6)
    turns = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radii = 30_000 + sum(
        9000 / waves * np.sin(waves * turns + chance.uniform(0, 6)) for waves in (3, 17, 101, 997)
    )
    radii += chance.normal(0, 1, vertices)
    points = SIDE / 2 + radii[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    shape = Annotation("Annotation 0", Kind.POLYGON, as_points(np.round(points, 4)), GROUPS[0])
    return AnnotationSet.of([shape], [Group(GROUPS[0])])


def _written(path: Path, annotations: AnnotationSet) -> Path:
    write_asap(annotations, path, backup=False)
    return path
