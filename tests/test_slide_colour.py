"""Laying pixels over a background, and cutting depth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slideviewer.slide.colour import rgb_from_any, rgb_from_premultiplied


@given(
    arrays(np.uint8, (3, 4, 4)),
    st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
)
def test_premultiplied_pixels_are_laid_over_the_background(
    straight: np.ndarray, background: tuple[int, int, int]
) -> None:
    alpha = straight[..., 3:] / 255
    premultiplied = np.rint(straight * alpha).astype(np.uint8)
    premultiplied[..., 3] = straight[..., 3]
    expected = straight[..., 2::-1] * alpha + np.array(background) * (1 - alpha)
    assert np.abs(rgb_from_premultiplied(premultiplied, background) - expected).max() <= 1


def test_opaque_pixels_only_change_their_order() -> None:
    bgra = np.random.default_rng(0).integers(0, 256, (5, 6, 4), np.uint8)
    bgra[..., 3] = 255
    assert np.array_equal(rgb_from_premultiplied(bgra), bgra[..., 2::-1])


@given(st.integers(1, 16))
def test_deep_pixels_use_all_eight_bits(bits: int) -> None:
    grey = np.array([[0, 2**bits - 1]], np.uint16)
    rgb = rgb_from_any(grey)
    assert rgb[0, 0, 0] == 0
    assert rgb[0, 1, 0] == min(255, 2**bits - 1)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((2, 2), np.float64), "float64"),
        (np.zeros((2, 2, 5), np.uint8), r"\(2, 2, 5\)"),
        (np.zeros(2, np.uint8), r"\(2,\)"),
    ],
)
def test_other_pixels_are_refused(pixels: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rgb_from_any(pixels)
