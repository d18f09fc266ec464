"""A stock of cells and nuclei, drawn once and stamped many times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slideviewer.slide.synthetic.noise import Plane, made_once, smooth_texture

LARGEST_RADIUS = 40
"""No stamp reaches farther from its place, in level-0 pixels."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """One cell's dyes, to be laid over what is there: ``dyes = dyes * keep + add``.

    Attributes
    ----------
    keep, add : ndarray (side, side, 2), float32
        Share of what lies underneath that stays, and dye added; haematoxylin, eosin.
    """

    keep: Plane
    add: Plane


@dataclass(frozen=True)
class Nucleus:
    """How a kind of nucleus looks; lengths in level-0 pixels, dyes in units of the stain.

    Attributes
    ----------
    radius, radius_spread : float
        Mean radius, and its standard deviation in parts of it.
    stretch : tuple of float
        Range of length over breadth.
    roughness : float
        Unevenness of the outline.
    haematoxylin, haematoxylin_spread, eosin : float
    clumps : float
        Contrast of the chromatin.
    grain : float
        Size of its clumps, in pixels.
    membrane : float
        Extra haematoxylin along the nuclear membrane.
    nucleoli : float
        Mean number of nucleoli.
    softness : float
        Width of the blurred edge.
    cytoplasm : tuple of float
        Its width around the nucleus, haematoxylin, eosin and opacity.
    """

    radius: float
    radius_spread: float
    stretch: tuple[float, float]
    roughness: float
    haematoxylin: float
    haematoxylin_spread: float
    eosin: float
    clumps: float
    grain: float = 3.0
    membrane: float = 0.0
    nucleoli: float = 0.0
    softness: float = 1.3
    cytoplasm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


# Sizes after Young et al., Wheater's Functional Histology, and measured on public H&E slides of
# lymph nodes at 0.24 µm a pixel: small lymphocytes 5 to 6 µm, centroblasts 7 to 9, macrophages 7
# to 10, carcinoma cells 8 to 15.
KINDS: dict[str, Nucleus] = {
    "lymphocyte": Nucleus(
        10.4, 0.13, (1.0, 1.35), 0.065, 2.0, 0.2, 0.45, 0.16, 3.5, 0.12, 0.0, 1.7,
        (2.6, 0.28, 0.34, 0.6),
    ),
    "centroblast": Nucleus(
        13.5, 0.13, (1.0, 1.35), 0.05, 1.0, 0.2, 0.34, 0.24, 4.0, 0.32, 1.2, 1.5,
        (3.0, 0.2, 0.36, 0.5),
    ),
    "macrophage": Nucleus(
        13.0, 0.14, (1.2, 1.8), 0.07, 0.62, 0.2, 0.25, 0.2, 3.5, 0.25, 0.7, 1.6,
        (11.0, 0.06, 0.26, 0.5),
    ),
    "fibroblast": Nucleus(
        9.0, 0.16, (2.6, 5.0), 0.07, 1.4, 0.2, 0.36, 0.14, 3.0, 0.1, 0.0, 1.6,
    ),
    "tumour": Nucleus(
        19.5, 0.19, (1.0, 1.6), 0.09, 0.8, 0.3, 0.37, 0.27, 3.8, 0.36, 1.2, 1.9,
        (5.0, 0.2, 0.42, 0.45),
    ),
    "dark tumour": Nucleus(
        17.0, 0.2, (1.1, 1.9), 0.13, 1.45, 0.2, 0.42, 0.2, 4.0, 0.1, 0.2, 1.8,
    ),
    "mitosis": Nucleus(
        10.0, 0.15, (1.6, 2.8), 0.3, 2.2, 0.1, 0.35, 0.15, 2.5, 0.0, 0.0, 1.6,
        (12.0, 0.05, 0.22, 0.85),
    ),
    "apoptosis": Nucleus(
        4.6, 0.25, (1.0, 1.4), 0.15, 2.2, 0.15, 0.5, 0.1, 3.0, 0.0, 0.0, 1.3,
        (6.5, 0.05, 0.75, 0.8),
    ),
    "erythrocyte": Nucleus(
        12.5, 0.1, (1.0, 1.35), 0.06, 0.02, 0.1, 0.85, 0.08, 6.0, 0.0, 0.0, 1.6,
    ),
}  # fmt: skip
STOCK = {"lymphocyte": 320, "tumour": 480, "centroblast": 160, "fibroblast": 512}
_USUAL_STOCK = 96
DIRECTIONS = 16
"""Fibroblasts come in so many directions: stamp i points along i % 16 / 16 of half a turn."""


@made_once
def stamps(kind: str) -> tuple[Stamp, ...]:
    """The stock of one kind of cell; the same on every call and in every process."""
    look = KINDS[kind]
    rng = np.random.default_rng([len(kind), *kind.encode()])
    count = STOCK.get(kind, _USUAL_STOCK)
    turns = (np.arange(count) % DIRECTIONS + rng.uniform(-0.4, 0.4, count)) * np.pi / DIRECTIONS
    return tuple(_draw(rng, look, float(turn)) for turn in turns)


def _draw(rng: np.random.Generator, look: Nucleus, turn: float) -> Stamp:
    radius = look.radius * float(np.clip(rng.normal(1, look.radius_spread), 0.6, 1.6))
    stretch = rng.uniform(*look.stretch)
    width, haematoxylin, eosin, opacity = look.cytoplasm
    reach = int(min(radius * stretch**0.5 * 1.25 + width * 1.4 + 4, LARGEST_RADIUS))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    along = (x * np.cos(turn) + y * np.sin(turn)) / stretch**0.5
    across = (y * np.cos(turn) - x * np.sin(turn)) * stretch**0.5
    angle = np.arctan2(across, along)
    waves = sum(
        rng.normal(0, look.roughness) / k**0.5 * np.cos(k * angle + rng.uniform(0, 7))
        for k in range(2, 6)
    )
    from_middle = np.hypot(along, across)
    slimness = 1 / stretch**0.5  # stretched coordinates shrink distances across
    depth = (radius * (1 + waves) - from_middle) * (0.5 + 0.5 * slimness)
    inside = _ramp(depth / look.softness)

    texture = smooth_texture(256, look.grain, look.grain * 5, 900)
    corner_x, corner_y = rng.integers(0, 256 - 2 * reach - 1, 2)
    chromatin = texture[corner_y : corner_y + x.shape[0], corner_x : corner_x + x.shape[0]]
    dye = look.haematoxylin * float(np.clip(rng.normal(1, look.haematoxylin_spread), 0.45, 1.6))
    nucleus_h = dye * (1 + look.clumps * chromatin)
    nucleus_h += look.membrane * np.exp(-(((depth - 1.8) / 1.5) ** 2))
    nucleus_e = look.eosin * (1 + 0.1 * chromatin)
    for _ in range(rng.poisson(look.nucleoli)):
        spot, reach_out = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.55) * radius
        off = np.hypot(along - reach_out * np.cos(spot), across - reach_out * np.sin(spot))
        bright = np.exp(-((off / rng.uniform(2.2, 3.6)) ** 2))
        nucleus_h += 0.75 * bright
        nucleus_e += 0.45 * bright
    solid = 0.96 * inside

    body = np.zeros_like(solid)
    if opacity:
        # The nucleus lies off the middle of its cell.
        drift = rng.normal(0, width * 0.35, 2)
        body_from_middle = np.hypot(along - drift[0], across - drift[1])
        body = opacity * _ramp((radius * (1 + waves) + width - body_from_middle) / 2.2)
        body *= 1 + 0.12 * chromatin
        body = np.clip(body, 0, 1)
    under = body * (1 - solid)
    add_h = nucleus_h * solid + haematoxylin * under
    add_e = nucleus_e * solid + eosin * under
    keep = (1 - solid) * (1 - body)
    return Stamp(
        np.ascontiguousarray(np.stack([keep, keep], axis=-1), dtype=np.float32),
        np.ascontiguousarray(np.stack([add_h, add_e], axis=-1), dtype=np.float32).clip(0),
    )


def _ramp(value: Plane) -> Plane:
    """From 0 at -1 to 1 at +1, smoothly."""
    part = np.clip(value * 0.5 + 0.5, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), dtype=np.float32)
