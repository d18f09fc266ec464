"""What a folder of slides holds, and in which order."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.cohort.folder_listing import companions_of, list_slides, natural_key
from slideviewer.errors import SlideError
from slideviewer.slide import KNOWN_SUFFIXES, open_slide


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def listed(folder: Path) -> list[str]:
    return [slide.path.name for slide in list_slides(folder).slides]


def test_slides_stand_in_the_order_of_people(tmp_path: Path) -> None:
    touch(tmp_path, "slide10.svs", "slide2.svs", "Slide1.SVS", "notes.txt", ".hidden.svs", "a.tif")
    assert listed(tmp_path) == ["a.tif", "Slide1.SVS", "slide2.svs", "slide10.svs"]


def test_every_known_ending_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, *(f"s{suffix}" for suffix in KNOWN_SUFFIXES))
    assert len(listed(tmp_path)) == len(KNOWN_SUFFIXES)


def test_markup_beside_is_found_and_xml_comes_first(tmp_path: Path) -> None:
    touch(tmp_path, "a.svs", "a.xml", "a.geojson", "b.tif", "b.geojson", "c.svs", "d.ome.tif")
    touch(tmp_path, "d.xml", "é ü.svs", "é ü.XML")
    beside = {slide.path.name: slide.annotations for slide in list_slides(tmp_path).slides}
    assert beside == {
        "a.svs": tmp_path / "a.xml",
        "b.tif": tmp_path / "b.geojson",
        "c.svs": None,
        "d.ome.tif": tmp_path / "d.xml",
        "é ü.svs": tmp_path / "é ü.XML",
    }


def test_what_is_listed_beside_a_slide_is_what_opens_with_it(tmp_path: Path) -> None:
    touch(tmp_path, "a.svs", "a.XML", "b.svs", "B.xml", "c.svs", "c.GEOJSON", "d.svs")
    for slide in list_slides(tmp_path).slides:
        assert slide.annotations == companions_of(slide.path).annotations
    assert companions_of(tmp_path / "a.svs").annotations is not None


def test_a_dicom_series_is_listed_once_and_by_the_file_that_its_folder_opens(
    real_data: Path, tmp_path: Path
) -> None:
    for name, source in (("part2.dcm", "boxes_0.dcm"), ("part10.dcm", "boxes_1.dcm")):
        shutil.copy(real_data / "slides" / source, tmp_path / name)
    with closing(open_slide(tmp_path)) as slide:
        assert listed(tmp_path) == [slide.path.name]
    shutil.copy(real_data / "slides" / "sm_image.dcm", tmp_path / "another.DCM")
    touch(tmp_path, "report.dcm", "a.svs")  # one that cannot be opened says so in its place
    assert listed(tmp_path) == ["a.svs", "another.DCM", "part10.dcm", "report.dcm"]


def test_a_likelihood_map_is_no_slide_while_its_slide_is_there(tmp_path: Path) -> None:
    touch(tmp_path, "a.svs", "a_likelihood_map.tif", "b_likelihood_map.tif")
    assert listed(tmp_path) == ["a.svs", "b_likelihood_map.tif"]


def test_companions_of_a_slide(tmp_path: Path) -> None:
    touch(tmp_path, "a.svs", "a.geojson", "a_likelihood_map.tif", "b.svs")
    found = companions_of(tmp_path / "a.svs")
    assert found.annotations == tmp_path / "a.geojson"
    assert found.likelihood_map == tmp_path / "a_likelihood_map.tif"
    assert companions_of(tmp_path / "b.svs").annotations is None
    (tmp_path / "b.xml").mkdir()
    assert companions_of(tmp_path / "b.svs").annotations is None


def test_a_folder_that_is_gone_or_none_says_so(tmp_path: Path) -> None:
    touch(tmp_path, "file")
    with pytest.raises(SlideError, match="not there now"):
        list_slides(tmp_path / "gone")
    with pytest.raises(SlideError, match="cannot be read"):
        list_slides(tmp_path / "file")


NAMES = st.text(max_size=30)


@given(st.lists(NAMES, max_size=8))
def test_any_names_can_be_sorted_and_the_order_is_that_of_no_chance(names: list[str]) -> None:
    once = sorted(names, key=natural_key)
    again = sorted(reversed(names), key=natural_key)
    assert [natural_key(name) for name in once] == [natural_key(name) for name in again]


@given(st.text("ab ", max_size=5), st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_count_as_numbers(stem: str, first: int, second: int) -> None:
    in_order = natural_key(f"{stem}{first}.svs") < natural_key(f"{stem}{second}.svs")
    assert in_order == (first < second)
