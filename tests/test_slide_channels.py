"""Mixing channels, their automatic ranges, and the names and colours they get."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slideviewer.slide import Channel, ChannelLook, automatic_looks, composite
from slideviewer.slide.channel_colours import BLUE, GREEN, MAGENTA, PALETTE, WHITE, Label, labelled
from slideviewer.slide.channels import colour_range, ranged, robust_range

GREATEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}

colours = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def looks(draw: st.DrawFn, greatest: float, visible: bool | None = None) -> ChannelLook:
    limits = st.floats(-greatest / 4, greatest, width=32)
    low, high = sorted((draw(limits), draw(limits)))
    return ChannelLook(
        draw(colours),
        low,
        high,
        draw(st.booleans()) if visible is None else visible,
        draw(st.floats(0.2, 5)),
    )


@st.composite
def pictures(draw: st.DrawFn) -> tuple[np.ndarray, list[ChannelLook]]:
    """A picture of a few channels and how to look at it."""
    name = draw(st.sampled_from(list(GREATEST)))
    channels = draw(st.integers(1, 20))
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.random.default_rng(seed).random((4, 5, channels)) ** 2 * GREATEST[name]
    return values.astype(name), [draw(looks(GREATEST[name])) for _ in range(channels)]


DIM = np.array([[[7.5e-6], [1e-4]], [[1e-3], [0.5]]], np.float32)
"""Values next to 0, which a gamma far below 1 brings to light."""


@settings(deadline=None)
@given(pictures())
@example((np.tile(DIM, (2, 3, 1))[:, :5], [ChannelLook((0, 0, 21), 0, 1, gamma=0.25)]))
def test_a_mix_is_the_sum_of_its_lights_cut_at_white(
    given_: tuple[np.ndarray, list[ChannelLook]],
) -> None:
    pixels, given_looks = given_
    mixed = composite(pixels, given_looks)
    assert mixed.shape == (4, 5, 3)
    assert mixed.dtype == np.uint8
    expected = np.zeros((4, 5, 3))
    for number, look in enumerate(given_looks):
        if look.visible:
            # In the numbers of the pixels, as a camera's fractions are of 32 bits.
            value = pixels[..., number].astype(np.float64)
            if look.high > look.low:
                light = np.clip((value - look.low) / (look.high - look.low), 0, 1) ** look.gamma
            else:
                light = value >= look.low
            expected += light[..., None] * np.array(look.colour)
    steep = [look for look in given_looks if look.high - look.low < 1e-3 * GREATEST["float32"]]
    if pixels.dtype == np.float32 and steep:
        return  # Next to a jump, 32 bits do not tell on which side a value is.
    assert np.abs(mixed - np.minimum(expected, 255)).max() <= 1 + 0.05 * len(given_looks)


@settings(deadline=None)
@given(pictures(), st.data())
def test_a_brighter_channel_never_darkens(
    given_: tuple[np.ndarray, list[ChannelLook]], data: st.DataObject
) -> None:
    pixels, given_looks = given_
    channel = data.draw(st.integers(0, len(given_looks) - 1))
    brighter = pixels.copy()
    more = data.draw(st.floats(0, 1))
    greatest = GREATEST[pixels.dtype.name]
    raised = np.minimum(pixels[..., channel].astype(np.float64) + more * greatest, greatest)
    brighter[..., channel] = np.maximum(raised.astype(pixels.dtype), pixels[..., channel])
    assert (composite(brighter, given_looks) >= composite(pixels, given_looks)).all()


@settings(deadline=None)
@given(pictures(), st.data())
def test_an_invisible_channel_has_no_effect(
    given_: tuple[np.ndarray, list[ChannelLook]], data: st.DataObject
) -> None:
    pixels, given_looks = given_
    place = data.draw(st.integers(0, len(given_looks)))
    hidden = data.draw(looks(GREATEST[pixels.dtype.name], visible=False))
    more = np.insert(pixels, place, pixels[..., 0], axis=2)
    with_hidden = [*given_looks[:place], hidden, *given_looks[place:]]
    assert np.array_equal(composite(more, with_hidden), composite(pixels, given_looks))


@settings(deadline=None)
@given(arrays(np.uint8, (6, 7, 1)))
def test_one_white_channel_at_full_range_is_itself(pixels: np.ndarray) -> None:
    mixed = composite(pixels, [ChannelLook(WHITE, 0, 255)])
    assert np.array_equal(mixed, np.repeat(pixels, 3, axis=2))
    deep = composite(pixels.astype(np.uint16) * 257, [ChannelLook(WHITE, 0, 65535)])
    assert np.array_equal(deep, mixed)
    fractions = composite(pixels.astype(np.float32) / 255, [ChannelLook(WHITE, 0, 1)])
    assert np.array_equal(fractions, mixed)


@settings(deadline=None)
@given(arrays(np.uint8, (6, 7, 3)))
def test_red_green_and_blue_make_the_picture(pixels: np.ndarray) -> None:
    primaries = [ChannelLook(colour, 0, 255) for colour in np.eye(3, dtype=int) * 255]
    primaries = [ChannelLook(tuple(look.colour), 0, 255) for look in primaries]
    assert np.array_equal(composite(pixels, primaries), pixels)


def test_many_bright_channels_are_white_and_do_not_overflow() -> None:
    pixels = np.full((2, 2, 300), 65535, np.uint16)
    assert (composite(pixels, [ChannelLook(WHITE, 0, 10)] * 300) == 255).all()
    dim = composite(pixels, [ChannelLook((1, 0, 0), 0, 65535)] * 300)
    assert (dim == (255, 0, 0)).all()


def test_gamma_brings_out_what_is_dim() -> None:
    pixels = np.full((1, 1, 1), 64, np.uint8)
    shown = {
        gamma: composite(pixels, [ChannelLook(WHITE, 0, 256, True, gamma)])[0, 0, 0]
        for gamma in (0.5, 1.0, 2.0)
    }
    assert shown == {0.5: 128, 1.0: 64, 2.0: 16}


def test_what_is_no_number_is_dark() -> None:
    pixels = np.array([np.nan, -np.inf, np.inf, 1], np.float32).reshape(1, 4, 1)
    assert composite(pixels, [ChannelLook(WHITE, 0, 2)])[0, :, 0].tolist() == [0, 0, 255, 128]
    assert composite(pixels, [ChannelLook(WHITE, 1, 1)])[0, :, 0].tolist() == [0, 0, 255, 255]


def test_no_visible_channel_is_black_and_no_pixel_is_nothing() -> None:
    assert not composite(np.ones((2, 3, 1), np.uint8), [ChannelLook(WHITE, 0, 1, False)]).any()
    assert composite(np.ones((0, 3, 1), np.uint8), [ChannelLook(WHITE, 0, 1)]).shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("pixels", "count", "words"),
    [
        (np.zeros((2, 2, 2), np.uint8), 1, "1 looks do not fit"),
        (np.zeros((2, 2), np.uint8), 2, "do not fit"),
        (np.zeros((2, 2, 1), np.int16), 1, "int16"),
    ],
)
def test_what_does_not_fit_is_refused(pixels: np.ndarray, count: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        composite(pixels, [ChannelLook(WHITE, 0, 1)] * count)


@pytest.mark.parametrize(
    "numbers", [(2, 1, 1.0), (0, 1, 0.0), (0, 1, -1.0), (float("nan"), 1, 1), (0, float("inf"), 1)]
)
def test_impossible_looks_are_refused(numbers: tuple[float, float, float]) -> None:
    low, high, gamma = numbers
    with pytest.raises(ValueError, match="a look needs"):
        ChannelLook(WHITE, low, high, True, gamma)


def test_the_automatic_range_leaves_out_dust_and_hot_pixels() -> None:
    values = np.full(100_000, 500, np.uint16)
    values[:50_000] = 100
    values[:50] = 65535
    values[-50:] = 0
    assert robust_range(values) == (100, 500)


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        (np.r_[np.zeros(9999), 7].astype(np.uint16), (0, 7)),
        (np.full(9, 40, np.uint8), (0, 40)),
        (np.zeros(9, np.uint8), (0, 1)),
        (np.full(9, -3, np.float32), (-3, 0)),
        (np.zeros(0, np.uint16), (0, 65535)),
        (np.zeros(0, np.float32), (0, 1)),
        (np.array([np.nan, np.inf, 2, 4], np.float32), (2, 4)),
    ],
)
def test_ranges_of_odd_channels(values: np.ndarray, limits: tuple[float, float]) -> None:
    assert robust_range(values) == limits


@settings(deadline=None)
@given(arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_every_range_can_be_looked_at(values: np.ndarray) -> None:
    lowest, highest = robust_range(values)
    assert lowest < highest
    ChannelLook(WHITE, lowest, highest)


@pytest.mark.parametrize(
    ("values", "highest"),
    [
        (np.array([0, 3, 254], np.uint8), 255),
        (np.array([0, 3], np.uint16), 255),
        (np.array([0, 256], np.uint16), 511),
        (np.array([4095], np.uint16), 4095),
        (np.array([65535], np.uint16), 65535),
        (np.array([0.3, np.nan], np.float32), 1),
        (np.array([2.5], np.float32), 2.5),
    ],
)
def test_a_colour_picture_has_one_range_from_nothing(values: np.ndarray, highest: float) -> None:
    assert colour_range(values) == (0, highest)


def test_channels_get_their_ranges_by_what_they_are() -> None:
    named = [("a", WHITE), ("b", BLUE), ("c", GREEN)]
    values = np.array([[1, 20, 300], [5, 60, 700]], np.uint16)
    assert ranged(named, values, is_colour=False) == (
        Channel("a", WHITE, 1, 5),
        Channel("b", BLUE, 20, 60),
        Channel("c", GREEN, 300, 700),
    )
    assert {c.highest for c in ranged(named, values, is_colour=True)} == {1023}
    only = ranged(named[:1], np.array([[3], [9]], np.uint8), is_colour=False)
    assert only == (Channel("a", WHITE, 0, 255),), "a grey picture of 8 bits stays as it is"
    assert automatic_looks(only) == (ChannelLook(WHITE, 0, 255, True, 1.0),)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([Label("DAPI")], [("DAPI", WHITE)]),
        ([Label()], [("Channel 1", WHITE)]),
        ([Label("x", (1, 2, 3))], [("x", (1, 2, 3))]),
        ([Label("x", (0, 0, 0))], [("x", WHITE)]),
        (
            [Label("Hoechst 33342"), Label("Alexa Fluor 488"), Label("CY-5")],
            [("Hoechst 33342", BLUE), ("Alexa Fluor 488", GREEN), ("CY-5", MAGENTA)],
        ),
        (
            [Label("CD8 (Opal 520)"), Label("safe"), Label(" ")],
            [("CD8 (Opal 520)", GREEN), ("safe", PALETTE[0]), ("Channel 3", PALETTE[2])],
        ),
        (
            [Label("DAPI", WHITE), Label("p", WHITE)],
            [("DAPI", BLUE), ("p", PALETTE[1])],
        ),
        (
            [Label("DAPI", (9, 9, 9)), Label("p", WHITE)],
            [("DAPI", (9, 9, 9)), ("p", WHITE)],
        ),
    ],
)
def test_names_and_colours(labels: list[Label], expected: list[tuple[str, object]]) -> None:
    assert list(labelled(labels)) == expected


def test_colours_repeat_only_when_all_are_used() -> None:
    given_colours = [colour for _, colour in labelled([Label()] * (2 * len(PALETTE)))]
    assert given_colours == [*PALETTE, *PALETTE]


CONES = {
    "all": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""How colours look without a kind of cone: Machado, Oliveira and Fernandes, 2009, severity 1."""


@pytest.mark.parametrize("cones", CONES)
def test_colour_blind_readers_tell_the_palette_apart(cones: str) -> None:
    light = (np.array(PALETTE, np.float64) / 255) ** 2.2
    seen = np.clip(light @ CONES[cones].T, 0, 1) ** (1 / 2.2)
    lab = cv2.cvtColor(seen[None].astype(np.float32), cv2.COLOR_RGB2Lab)[0]
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    assert apart[~np.eye(len(PALETTE), dtype=bool)].min() > 20
