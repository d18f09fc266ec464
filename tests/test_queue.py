"""Many inputs: what they stand for, and one after the other."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from slideviewer.cohort.inputs import gather_inputs, result_names
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import Cancelled, SlideError


def picture(path: Path, side: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((side, side, 3), 200, np.uint8))
    return path


def test_one_that_fails_stops_nobody() -> None:
    told: list[Outcome[int, int]] = []

    def half(number: int) -> int:
        if number % 2:
            raise SlideError("odd")
        return number // 2

    outcomes = run_in_turn([4, 5, 6], half, told.append)
    assert [outcome.result for outcome in outcomes] == [2, None, 3]
    assert [str(outcome.error or "") for outcome in outcomes] == ["", "odd", ""]
    assert tuple(told) == outcomes


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt, ZeroDivisionError])
def test_cancelling_and_bugs_end_the_whole(error: type[BaseException]) -> None:
    def fails(number: int) -> None:
        raise error

    with pytest.raises(error):
        run_in_turn([1, 2], fails)


def test_a_folder_of_small_pictures_is_tiles(tmp_path: Path) -> None:
    files = [picture(tmp_path / "a.png"), picture(tmp_path / "b.JPG"), tmp_path / "broken.tif"]
    files[2].write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden.png").write_text("")
    found = gather_inputs([tmp_path])
    assert found.pictures == tuple(files)
    assert found.slides == ()
    found = gather_inputs([tmp_path], pictures="none")
    assert found.slides == tuple(files)


def test_a_large_picture_or_a_slides_suffix_makes_it_a_folder_of_slides(tmp_path: Path) -> None:
    picture(tmp_path / "one" / "a.png")
    picture(tmp_path / "one" / "large.png", 2100)
    picture(tmp_path / "two" / "a.png")
    (tmp_path / "two" / "b.svs").write_bytes(b"?")
    assert len(gather_inputs([tmp_path / "one"]).slides) == 2
    assert len(gather_inputs([tmp_path / "two"]).slides) == 2


def test_single_files_are_judged_likewise_and_named_once(tmp_path: Path) -> None:
    small, missing = picture(tmp_path / "small.png"), tmp_path / "missing.svs"
    found = gather_inputs([small, missing, small, tmp_path])
    assert found.pictures == (small,)
    assert found.slides == (missing,)


def test_real_slides_are_no_tiles(real_data: Path) -> None:
    found = gather_inputs([real_data / "slides", real_data / "crc9"])
    assert real_data / "slides" / "no_dzi.tif" in found.slides
    assert real_data / "slides" / "😐.svs" in found.slides
    assert len(found.pictures) == 9


def test_a_folder_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match="no slide or picture"):
        gather_inputs([tmp_path])


def test_results_are_named_so_that_none_are_mixed_up(tmp_path: Path) -> None:
    a, b, c = Path("x/a.svs"), Path("x/A.tif"), Path("x/c.svs")
    assert result_names([a, b, c]) == {a: "a.svs", b: "A.tif", c: "c"}
    with pytest.raises(SlideError, match="mixed up"):
        result_names([a, Path("y/a.svs")])
