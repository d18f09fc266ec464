"""What lies between the nuclei: cytoplasm, fibres, gaps, fat, glass and ink."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.synthetic.adipose import Adipose
from slideviewer.slide.synthetic.fields import Fields
from slideviewer.slide.synthetic.noise import Plane, periodic_crop, smooth_texture
from slideviewer.slide.synthetic.population import crowded, roomy

_Amount = NDArray[np.floating[Any]] | float
_HERE = 80.0
"""A tissue whose distance is below minus this leaves no trace in a window, in pixels."""


def ground(
    seed: int, fields: Fields, adipose: Adipose, x: int, y: int, width: int, height: int
) -> Plane:
    """The dyes between the nuclei over a rectangle whose numbers are multiples of 16.

    Returns
    -------
    ndarray (height, width, 2 or 3), float32
        Haematoxylin, eosin and, where the pen drew, ink.
    """
    box = (x, y, width, height)
    # Every seed looks at other parts of the same textures.
    shift_x, shift_y = x + seed * 977 % 1536, y + seed * 613 % 1536
    broad = periodic_crop(smooth_texture(1536, 14, 90, 902), shift_x, shift_y, width, height)
    fine = periodic_crop(smooth_texture(1024, 4.5, 18, 903), shift_x, shift_y, width, height)
    haematoxylin = np.zeros((height, width), np.float32)
    eosin = np.zeros((height, width), np.float32)

    def lay(name: str, blue: _Amount, red: _Amount, ragged: float, edge: float) -> None:
        """Cover what is there where a tissue lies; its border frays by ``ragged`` pixels."""
        cover = fields.window(name, *box) + ragged * broad
        cover += 0.12 * ragged * fine
        cover = np.clip(cover * (0.5 / edge) + 0.5, 0, 1, out=cover)
        for dye, amount in ((haematoxylin, blue), (eosin, red)):
            dye *= 1 - cover
            dye += cover * amount

    def has(name: str) -> bool:
        return fields.greatest(name, *box) > -_HERE

    drift = periodic_crop(smooth_texture(1536, 50, 260, 904), shift_x, shift_y, width, height)
    fibres = _fibres(fields, drift, fine, box) if has("stroma") or has("fat") else None
    if has("fat") and fibres is not None:
        solid = 1 - adipose.window(*box)
        lay("fat", 0.10 * solid, solid * (0.36 + 0.3 * fibres), 3.0, 2.0)
    if has("node"):
        rim = periodic_crop(crowded().rim, x, y, width, height)
        filled = 0.38 + 0.07 * rim + 0.3 * broad + 0.16 * fine
        filled -= 0.3 * fields.window("crowding", *box)
        np.clip(filled, 0, 1.1, out=filled)
        lay("node", 0.03 + 0.24 * filled, 0.05 + 0.3 * filled + 0.03 * fine, 4.0, 2.5)
        if has("follicle"):
            lay("follicle", 0.14 + 0.18 * filled, 0.15 + 0.24 * filled, 14.0, 16.0)
        if has("centre"):
            # Macrophages that clear dead cells leave pale gaps, the "starry sky".
            starry: Plane = np.clip(1.1 - 0.75 * np.maximum(broad - 1.35, 0), 0.25, 1)
            body: Plane = starry * (1 + 0.17 * fine)
            lay("centre", 0.17 * body, 0.3 * body, 14.0, 14.0)
        if has("sinus"):
            wisps = np.clip(0.25 + 0.35 * broad + 0.25 * fine, 0, 1.2)
            lay("sinus", 0.02 + 0.06 * wisps, 0.03 + 0.2 * wisps, 12.0, 5.0)
        if has("tumour"):
            share = roomy()
            grainy = periodic_crop(
                smooth_texture(1024, 2.6, 9, 905), shift_x, shift_y, width, height
            )
            wall = periodic_crop(share.rim, x, y, width, height) + 0.8 * fine
            shade = periodic_crop(share.shade, x, y, width, height)
            wall = np.exp(-0.5 * np.square(wall * (1 / 2.2)), dtype=np.float32)
            body = 1 + 0.16 * shade + 0.1 * broad + 0.13 * fine + 0.17 * grainy
            body += 0.12 * fields.window("crowding", *box)
            lay("tumour", 0.12 * body + 0.05 * wall, 0.3 * body + 0.15 * wall, 7.0, 3.0)
    if has("stroma") and fibres is not None:
        lay("stroma", 0.08 + 0.05 * fibres, 0.34 + 0.5 * fibres, 5.0, 4.0)
    if has("hole"):
        lay("hole", 0.0, 0.02, 3.0, 3.0)
    thickness = fields.window("thickness", *box)
    planes = [haematoxylin * thickness, eosin * thickness]
    if has("pen"):
        planes.append(_ink(fields, broad, drift, box))
    return np.maximum(cv2.merge(planes), 0)


def _fibres(fields: Fields, drift: Plane, fine: Plane, box: tuple[int, int, int, int]) -> Plane:
    """Wavy collagen that runs along the borders of whatever it surrounds; 0 to about 1."""
    # Lines of equal distance are parallel to the border: phases of that distance are fibres.
    across = fields.window("stroma", *box) + 8 * drift
    waves = np.sin((across + 1.3 * fine) * np.float32(2 * np.pi / 11))
    waves += np.sin((across + 2.5 * fine + 6 * drift) * np.float32(2 * np.pi / 27))
    return np.asarray(np.clip(0.5 + 0.2 * waves + 0.14 * drift + 0.1 * fine, 0, 1.2))


def _ink(fields: Fields, broad: Plane, drift: Plane, box: tuple[int, int, int, int]) -> Plane:
    """Felt pen: patchy inside, darker where the stroke dried at its ragged rim."""
    inside = fields.window("pen", *box) + 9 * drift
    cover = np.clip((inside + 3 * broad) / 26 + 0.5, 0, 1)
    rim = np.exp(-np.square((inside - 26) / 30), dtype=np.float32)
    streaks = np.sin((inside + 25 * drift) * np.float32(2 * np.pi / 93)) * np.float32(0.04)
    patchy = 1 + 2.2 * (fields.window("thickness", *box) - 1)
    return np.asarray(cover * patchy * (0.8 + 0.3 * rim + streaks + 0.03 * broad))
