"""What is drawn of a damaged slide: all of the damage, and nothing but it, is hatched."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from slideviewer.errors import SlideError
from slideviewer.progress import silent
from slideviewer.slide import Pixels, Pyramid, Slide, TileKey, open_slide
from slideviewer.slide.display import for_display
from slideviewer.ui.look import Look
from slideviewer.ui.view_picture import PictureRequest, draw_slide
from slideviewer.ui.viewpoint import Viewpoint

BAD = TileKey(0, 8, 6)
SIDE = 400


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slide]:
    """A white slide of one level, of which one tile cannot be read."""
    path = tmp_path / "flat.tif"
    white = np.full((3072, 4096, 3), 255, np.uint8)
    tifffile.imwrite(path, white, tile=(256, 256), photometric="rgb", compression="zlib")
    slide = open_slide(path)
    really, pyramid = slide.read_region, slide.pyramid
    bad = pyramid.tile_rect(BAD)

    def read_region(level: int, x: int, y: int, width: int, height: int) -> Pixels:
        if x < bad.right and y < bad.bottom and x + width > bad.x and y + height > bad.y:
            raise SlideError("the tile is rotten.", path=path)
        return really(level, x, y, width, height)

    monkeypatch.setattr(slide, "read_region", read_region)
    yield slide
    slide.close()


def is_dark(image: QImage) -> NDArray[np.bool_]:
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, SIDE, 4)
    return np.asarray((pixels[..., :3] < 200).any(axis=2))


def is_on(pyramid: Pyramid, view: Viewpoint, margin: float) -> NDArray[np.bool_]:
    """Which pixels of the picture lie on the damaged tile, or no further beside it than that."""
    rect = pyramid.tile_rect(BAD).grown(margin)
    places = (view.to_slide(x + 0.5, y + 0.5) for y in range(SIDE) for x in range(SIDE))
    return np.array([rect.contains(*place) for place in places]).reshape(SIDE, SIDE)


@pytest.mark.parametrize("rotation", [0, 45])
@pytest.mark.parametrize("scale", [1.0, 1 / 12])
def test_damage_is_hatched_whether_it_is_drawn_itself_or_blank_in_a_coarser_level(
    damaged: Slide, rotation: float, scale: float
) -> None:
    x, y = damaged.pyramid.tile_rect(BAD).centre
    view = Viewpoint(x - 150, y - 110, scale, SIDE, SIDE, rotation)  # others are drawn before it
    request = PictureRequest(for_display(damaged), Look(), view, 1, QColor("white"))
    drawn = draw_slide(request, silent)
    assert drawn.damaged == 1
    dark = is_dark(drawn.image)
    assert dark[is_on(damaged.pyramid, view, 0)].mean() > 0.08
    assert not dark[~is_on(damaged.pyramid, view, 1.5 / scale)].any()


def test_damage_in_the_corners_that_a_turned_view_cuts_off_is_not_counted(damaged: Slide) -> None:
    x, y = damaged.pyramid.tile_rect(BAD).centre
    view = Viewpoint(x - 270, y - 270, 1.0, SIDE, SIDE, 45)
    assert view.visible.contains(x - 100, y - 100)
    request = PictureRequest(for_display(damaged), Look(), view, 1, QColor("white"))
    drawn = draw_slide(request, silent)
    assert drawn.damaged == 0
    assert not is_dark(drawn.image).any()
