"""Hamamatsu's NDPA: nanometres on the glass, turned into pixels of the slide."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.annotations import (
    Kind,
    Loaded,
    SlideFrame,
    as_polygon,
    asap_attributes,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.ndpa import read_ndpa
from slideviewer.errors import AnnotationError
from slideviewer.slide import open_slide
from slideviewer.slide.frame import frame_of

FRAME = SlideFrame("case.ndpi", 4000, 2000, (0.25, 0.5), (1_000_000.0, -500_000.0))
"""A pixel is 250 nm wide and 500 nm high."""


def nm(x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the frame lies on the glass, by the field's formula turned around."""
    return (x - 2000) * 250 + 1_000_000, (y - 1000) * 500 - 500_000


def points(*places: tuple[float, float]) -> str:
    """A list of points, given in pixels."""
    found = (nm(*place) for place in places)
    inside = "".join(f"<point><x>{x:.0f}</x><y>{y:.0f}</y></point>" for x, y in found)
    return f"<pointlist>{inside}</pointlist>"


def view(kind: str, inside: str, title: str = "t", colour: str = "#00ff00", more: str = "") -> str:
    """A view state with its shape, as NDP.view writes it."""
    return (
        f'<ndpviewstate id="1"><title>{title}</title><details>{more}</details>'
        "<coordformat>nanometers</coordformat><lens>5.0</lens><x>7</x><y>8</y><z>0</z>"
        f'<annotation type="{kind}" displayname="Annotate" color="{colour}">{inside}'
        "</annotation></ndpviewstate>"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the tests of this module put their file."""
    return tmp_path / "case.ndpi.ndpa"


def load(file: Path, *views: str, frame: SlideFrame | None = FRAME) -> Loaded:
    """Write a file of these views and read it."""
    head = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
    file.write_text(f"{head}<annotations>{''.join(views)}</annotations>")
    return read_annotations(file, frame)


RECTANGLE = [(100, 200), (300, 200), (300, 260), (100, 260)]
TRIANGLE = [(10, 20), (110, 20), (60, 90)]


@pytest.mark.parametrize(
    ("shape", "expected", "places"),
    [
        (("freehand", "<closed>1</closed>" + points(*TRIANGLE)), Kind.POLYGON, TRIANGLE),
        (("freehand", points(*TRIANGLE, TRIANGLE[0])), Kind.POLYGON, TRIANGLE),
        (("freehand", "<closed>0</closed>" + points(*TRIANGLE)), "LineString", TRIANGLE),
        (("freehand", "<closed>0</closed>" + points(*TRIANGLE[:2])), Kind.MEASUREMENT, None),
        (
            ("freehand", "<specialtype>rectangle</specialtype>" + points(*RECTANGLE)),
            Kind.RECTANGLE,
            RECTANGLE,
        ),
        (("pin", "<x>{}</x><y>{}</y>".format(*nm(5, 6))), Kind.DOT, [(5, 6)]),
        (
            (
                "linearmeasure",
                "<x1>{}</x1><y1>{}</y1><x2>{}</x2><y2>{}</y2>".format(*nm(1, 2), *nm(30, 40)),
            ),
            Kind.MEASUREMENT,
            [(1, 2), (30, 40)],
        ),
        (
            (
                "pointer",
                "<x1>{}</x1><y1>{}</y1><x2>{}</x2><y2>{}</y2>".format(*nm(1, 2), *nm(30, 40)),
            ),
            Kind.MEASUREMENT,
            [(1, 2), (30, 40)],
        ),
        (("cloud", points(*TRIANGLE)), Kind.POLYGON, TRIANGLE),
        (("text", "<x>{}</x><y>{}</y>".format(*nm(5, 6))), Kind.DOT, [(5, 6)]),
    ],
)
def test_each_type_lies_where_it_was_drawn(
    file: Path, shape: tuple[str, str], expected: Kind | str, places: list | None
) -> None:
    (found,) = load(file, view(*shape)).annotations
    assert found.kind == expected
    if places is not None:
        np.testing.assert_allclose(found.points, places, atol=0.01)


def test_a_circle_becomes_a_polygon_of_its_size(file: Path) -> None:
    x, y = nm(1000, 700)
    circle = f"<x>{x}</x><y>{y}</y><radius>50000</radius>"  # 200 px along x, 100 along y
    loaded = load(file, view("circle", circle))
    (found,) = loaded.annotations
    assert as_polygon(found).bounds == pytest.approx((800, 600, 1200, 800), abs=0.3)
    assert any("Circles" in notice for notice in loaded.notices)
    (dot,) = load(file, view("circle", f"<x>{x}</x><y>{y}</y><radius>-1</radius>")).annotations
    assert (dot.kind, dot.points.tolist()) == (Kind.DOT, [[1000, 700]])


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(-2e7, 2e7), st.floats(0.05, 5))
def test_places_follow_the_fields_formula(
    tmp_path_factory: pytest.TempPathFactory, x: float, y: float, offset: float, um_px: float
) -> None:
    frame = SlideFrame("case.ndpi", 70_000, 50_001, (um_px, um_px), (offset, -offset))
    path = tmp_path_factory.getbasetemp() / "case.ndpi.ndpa"
    x_nm = offset + (x - 35_000) * um_px * 1000
    y_nm = -offset + (y - 25_000.5) * um_px * 1000
    pin = f"<x>{x_nm!r}</x><y>{y_nm!r}</y>"
    (found,) = load(path, view("pin", pin), frame=frame).annotations
    np.testing.assert_allclose(found.points, [(x, y)], atol=1e-3)


def test_titles_colours_and_details_are_kept(file: Path, tmp_path: Path) -> None:
    pin = "<x>{}</x><y>{}</y>".format(*nm(5, 6))
    loaded = load(
        file,
        view("pin", pin, "Tumor &amp; more", "#0A0b0C", "seen twice"),
        view("pin", pin, "", "red"),
    )
    first, second = loaded.annotations
    assert (first.name, first.colour) == ("Tumor & more", "#0A0b0C")
    assert asap_attributes(first) == {"details": "seen twice"}
    assert (second.name, second.colour) == ("Annotation 1", "#F4FA58")
    write_annotations(loaded.annotations, tmp_path / "a.xml")
    again = read_annotations(tmp_path / "a.xml").annotations
    assert [asap_attributes(it) for it in again] == [{"details": "seen twice"}, {}]


@pytest.mark.parametrize(
    ("frame", "words", "remedy"),
    [
        (None, "only its slide", "--slide"),
        (replace(FRAME, offset_nm=None), "XOffsetFromSlideCentre", ".ndpi"),
        (replace(FRAME, spacing_um_px=None), "how large its pixels", "--spacing"),
    ],
)
def test_without_its_slide_it_is_refused(
    file: Path, frame: SlideFrame | None, words: str, remedy: str
) -> None:
    with pytest.raises(AnnotationError, match=words) as refused:
        load(file, view("freehand", points(*TRIANGLE)), frame=frame)
    assert remedy in refused.value.remedy
    assert refused.value.path == file


def test_another_slide_is_told(file: Path) -> None:
    drawn = view("freehand", points(*TRIANGLE))
    assert load(file, drawn).notices == ()
    (notice,) = load(file, drawn, frame=replace(FRAME, name="other.ndpi")).notices
    assert "case.ndpi" in notice and "other.ndpi" in notice
    far = replace(FRAME, offset_nm=(9e9, 9e9))
    assert any("outside" in notice for notice in load(file, drawn, frame=far).notices)


def test_other_units_and_files_are_refused(file: Path) -> None:
    drawn = view("freehand", points(*TRIANGLE)).replace("nanometers", "pixels")
    with pytest.raises(AnnotationError, match='"pixels"'):
        load(file, drawn)
    for content, words in (
        ("<Annotations/>", "root element is <Annotations>"),
        ("<annotations><ndpviewstate>", "cut off or damaged"),
        ("", "is empty"),
    ):
        file.write_text(content)
        with pytest.raises(AnnotationError, match=words):
            read_ndpa(file, FRAME)


def test_odd_places_cost_nothing_else(file: Path) -> None:
    broken = "<pointlist><point><x>1</x></point><point><x>a</x><y>nan</y></point></pointlist>"
    loaded = load(file, view("freehand", broken), view("freehand", points(*TRIANGLE)))
    assert [len(it.points) for it in loaded.annotations] == [0, 3]
    assert any("no readable places" in notice for notice in loaded.notices)


def test_a_real_slide_gives_what_is_needed(real_data: Path, file: Path) -> None:
    with closing(open_slide(real_data / "slides" / "test3-DAPI-2-(387).ndpi")) as slide:
        frame = frame_of(slide)
    assert (frame.width_px, frame.height_px) == (3968, 4864)
    assert frame.offset_nm == (12538720, -96063)
    x, y = frame.offset_nm  # the middle of the picture
    pin = f"<x>{x}</x><y>{y}</y>"
    (found,) = load(file, view("pin", pin), frame=frame).annotations
    assert found.points.tolist() == [[1984, 2432]]
    with closing(open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")) as slide:
        assert frame_of(slide).offset_nm is None
