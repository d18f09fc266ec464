"""Folders that are a slide, and the names of files that are one."""

import shutil
from pathlib import Path

import pytest

from slideviewer.cohort.inputs import gather_inputs
from slideviewer.errors import SlideError
from slideviewer.slide import KNOWN_SUFFIXES, open_slide


def put(real_data: Path, folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(real_data / "slides" / name, folder / name)
    return folder


def test_a_folder_with_one_dicom_series_is_its_slide(real_data: Path, tmp_path: Path) -> None:
    folder = put(real_data, tmp_path / "series", "boxes_0.dcm", "boxes_1.dcm")
    (folder / "notes.txt").write_text("Notes")
    (folder / "report.dcm").write_bytes(b"no slide")
    (folder / "more.dcm").mkdir()
    slide = open_slide(folder)
    assert slide.vendor == "dicom"
    assert slide.path.parent == folder
    assert (slide.pyramid.width, slide.pyramid.height) == (16, 16)


def test_names_of_dicom_files_may_be_in_capitals(real_data: Path, tmp_path: Path) -> None:
    folder = put(real_data, tmp_path, "sm_image.dcm")
    (folder / "sm_image.dcm").rename(folder / "IMAGE.DCM")
    assert open_slide(folder).path.name == "IMAGE.DCM"


def test_of_several_dicom_slides_one_must_be_chosen(real_data: Path, tmp_path: Path) -> None:
    folder = put(real_data, tmp_path, "boxes_0.dcm", "boxes_1.dcm", "sm_image.dcm")
    with pytest.raises(SlideError, match=r"2 DICOM slides: boxes_0\.dcm, sm_image\.dcm") as caught:
        open_slide(folder)
    assert caught.value.path == folder
    assert "Choose one" in caught.value.remedy


def test_the_data_of_an_mrxs_slide_stand_for_it(real_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case 1"
    folder.mkdir()
    (folder / "Slidedat.ini").touch()
    with pytest.raises(SlideError, match=r"whose file case 1\.mrxs is missing"):
        open_slide(folder)
    shutil.copy(real_data / "slides" / "boxes.tiff", tmp_path / "case 1.mrxs")
    assert open_slide(folder).path == tmp_path / "case 1.mrxs"


@pytest.mark.parametrize("name", ["", "empty.dcm"])
def test_any_other_folder_is_refused(tmp_path: Path, name: str) -> None:
    if name:
        (tmp_path / name).write_bytes(b"no slide")
    with pytest.raises(SlideError, match=r"is a folder|but no slide") as caught:
        open_slide(tmp_path)
    assert caught.value.path == tmp_path
    assert caught.value.remedy


def test_each_dicom_slide_of_a_folder_is_predicted_once(real_data: Path, tmp_path: Path) -> None:
    folder = put(real_data, tmp_path, "boxes_0.dcm", "boxes_1.dcm", "sm_image.dcm", "boxes.tiff")
    (folder / "damaged.dcm").write_bytes(b"no slide")
    found = gather_inputs([folder], pictures="none").slides
    # What cannot be opened is told of when it is its turn.
    assert [path.name for path in found] == [
        "boxes.tiff",
        "boxes_0.dcm",
        "damaged.dcm",
        "sm_image.dcm",
    ]


def test_a_folder_is_searched_for_all_names_that_slides_have(tmp_path: Path) -> None:
    names = sorted(f"slide{suffix}" for suffix in KNOWN_SUFFIXES)
    for name in (*names, "notes.txt", "slide.xml"):
        (tmp_path / name).touch()
    found = gather_inputs([tmp_path], pictures="none").slides
    assert [path.name for path in found] == names


@pytest.mark.parametrize("name", ["x" * 300 + ".svs", "nul\0.svs", "a.svs/b.svs"])
def test_a_name_that_no_file_can_have_is_told_of(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.svs").touch()
    with pytest.raises(SlideError, match=r"no such file|cannot be read: "):
        open_slide(tmp_path / name)
    assert gather_inputs([tmp_path / name]).slides == (tmp_path / name,)


def test_known_names_cover_the_real_slides(real_data: Path) -> None:
    for path in (real_data / "slides").iterdir():
        assert path.name.lower().endswith(KNOWN_SUFFIXES) is (path.suffix != ".md"), path
    assert "a.ome.tiff".endswith(KNOWN_SUFFIXES)
    assert not "notes.txt".endswith(KNOWN_SUFFIXES)
    assert len(set(KNOWN_SUFFIXES)) == len(KNOWN_SUFFIXES)
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in KNOWN_SUFFIXES)
