"""Typed places, in all the ways that people write numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.errors import SlideviewerError
from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.go_to import Place, parse_place

EXTENT = Rect(0, 0, 100_000, 80_000)
SPACING = Spacing(0.25, 0.5)
UNKNOWN = UnknownSpacing("the file does not say.")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12000 34000", (12000, 34000)),
        ("12000,34000", (12000, 34000)),
        ("  12000 ; 34000 px", (12000, 34000)),
        ("x=1200 y=300", (1200, 300)),
        ("1.5,2.5", (1.5, 2.5)),
        ("12,345, 34,567 px  ·  3,086, 8,642 µm", (12345, 34567)),  # the status line, pasted
        ("3.2 mm, 4.1 mm", (12800, 8200)),
        ("3,2 mm; 4,1 mm", (12800, 8200)),
        ("3,2 4,1 mm", (12800, 8200)),
        ("500 700 um", (2000, 1400)),
        ("500μm 700μm", (2000, 1400)),
    ],
)
def test_a_place_is_understood(typed: str, expected: tuple[float, float]) -> None:
    place = parse_place(typed, EXTENT, SPACING)
    assert (place.x, place.y) == pytest.approx(expected)
    assert place.magnification is None


@pytest.mark.parametrize(
    ("typed", "magnification"), [("1 2 @20x", 20), ("1 2 px @ 2,5×", 2.5), ("1,2@40", 40)]
)
def test_a_magnification_may_follow(typed: str, magnification: float) -> None:
    assert parse_place(typed, EXTENT, SPACING).magnification == magnification


def test_the_locale_says_what_a_single_mark_before_three_digits_means() -> None:
    assert parse_place("12.345 34.567", EXTENT, SPACING, ".") == Place(12345, 34567)
    assert parse_place("12.345 34.567", EXTENT, SPACING, ",") == Place(12.345, 34.567)
    assert parse_place("12.345,5 1 px", EXTENT, SPACING, ".") == Place(12345.5, 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "no place"),
        ("foo", "“foo” is no place"),
        ("1 2 3", "no place"),
        ("3,2,4,1", "no place"),
        ("1e5 3", "no place"),
        ("1,23,4 5 px", "“1,23,4” is no number"),
        ("-5 10", "outside the slide, which is 100000 × 80000 px"),
        ("30 1 mm", "outside the slide, which is 25 × 40 mm"),
        ("1 2 @0x", "no magnification"),
        ("9" * 400, "no place"),
    ],
)
def test_nonsense_is_explained(typed: str, words: str) -> None:
    with pytest.raises(SlideviewerError, match=words):
        parse_place(typed, EXTENT, SPACING)


@pytest.mark.parametrize(
    ("typed", "words"), [("1 2 mm", "in pixels"), ("1 2 @20x", "magnification is unknown")]
)
def test_without_a_spacing_only_pixels_are_known(typed: str, words: str) -> None:
    with pytest.raises(SlideviewerError, match=words):
        parse_place(typed, EXTENT, UNKNOWN)
    assert parse_place("1 2", EXTENT, UNKNOWN) == Place(1, 2)


@given(
    x=st.floats(0, 100_000).map(lambda value: round(value, 2)),
    y=st.floats(0, 80_000).map(lambda value: round(value, 2)),
    comma=st.booleans(),
)
def test_what_is_written_is_found_again(x: float, y: float, comma: bool) -> None:
    typed = f"{x:.2f} {y:.2f} px"
    place = parse_place(typed.replace(".", ",") if comma else typed, EXTENT, SPACING)
    assert (place.x, place.y) == pytest.approx((x, y))


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused_in_words(text: str) -> None:
    try:
        place = parse_place(text, EXTENT, SPACING)
    except SlideviewerError:
        return
    assert 0 <= place.x <= EXTENT.right
    assert 0 <= place.y <= EXTENT.bottom
