"""What a segmentation looks at: every pixel in tiles, all tissue in chunks, whatever is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.geometry import Rect
from slideviewer.inference.segmentation.chunks import CHUNK_PX, chunk_grid
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.tiling import Tiling


@given(
    width=st.integers(1, 500),
    height=st.integers(1, 500),
    patch=st.sampled_from([48, 64, 100, 128]),
    overlap=st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.9]),
    part=st.tuples(*[st.floats(0, 1)] * 4),
)
@settings(max_examples=60, deadline=None)
def test_tiles_cover_every_pixel_and_lie_the_same_for_every_part(
    width: int, height: int, patch: int, overlap: float, part: tuple[float, ...]
) -> None:
    tiling = Tiling(width, height, patch, overlap)
    every = tiling.meeting(0, 0, width, height)
    assert len(set(every)) == len(every)
    seen = np.zeros((height, width), int)
    for x, y in every:
        assert 0 <= x <= max(0, width - patch), "none begins beyond the frame, or ends there"
        assert 0 <= y <= max(0, height - patch)
        seen[y : y + patch, x : x + patch] += 1
    assert seen.min() >= 1
    if overlap == 0.5 and min(width, height) >= 2 * patch:
        middle = seen[patch // 2 : -patch // 2, patch // 2 : -patch // 2]
        assert middle.min() >= 4
    x, y = int(part[0] * (width - 1)), int(part[1] * (height - 1))
    box = x, y, 1 + int(part[2] * (width - 1 - x)), 1 + int(part[3] * (height - 1 - y))
    meeting = [
        (tx, ty)
        for tx, ty in every
        if tx < x + box[2] and tx + patch > x and ty < y + box[3] and ty + patch > y
    ]
    assert tiling.meeting(*box) == meeting


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    scale=st.floats(0.2, 30),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_a_frame_finds_the_pixels_around_an_area(
    width: int, height: int, scale: float, data: st.DataObject
) -> None:
    frame = MaskFrame.covering(Rect(10.5, -3, width, height), scale)
    assert chunk_grid(frame) == (-(-frame.height // CHUNK_PX), -(-frame.width // CHUNK_PX))
    assert frame.box_around(frame.extent) == (0, 0, frame.width, frame.height)
    x = data.draw(st.integers(0, frame.width - 1))
    y = data.draw(st.integers(0, frame.height - 1))
    across = data.draw(st.integers(1, frame.width - x))
    box = x, y, across, data.draw(st.integers(1, frame.height - y))
    assert frame.box_around(frame.rect(*box)) == box
    assert frame.part(*box).extent.x == pytest.approx(frame.rect(*box).x)
