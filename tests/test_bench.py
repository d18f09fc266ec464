"""The benchmarks measure what they say: their slide, their gestures, their eye for blanks."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest
from benchmarks import decode, gesture_script
from benchmarks.__main__ import main as benchmark
from benchmarks.blank import BlankCheck
from benchmarks.gesture_script import CANVAS, Gesture
from benchmarks.gestures_child import Watch
from benchmarks.made_slide import BLOCK_SIZE, write_mosaic
from benchmarks.report import Table
from benchmarks.stage import Stage
from pytestqt.qtbot import QtBot

from slideviewer.geometry import Rect
from slideviewer.slide import Pixels, TileKey, open_slide
from slideviewer.ui.viewpoint import Viewpoint

SHOWN = np.array([[0, 1, 2], [2, 0, 1], [1, 1, 0]])
SIDE = BLOCK_SIZE * len(SHOWN)


@pytest.fixture(scope="module")
def blocks() -> list[Pixels]:
    rng = np.random.default_rng(5)
    soft = [rng.integers(40, 200, (16, 16, 3), np.uint8) for _ in range(3)]
    size = (BLOCK_SIZE, BLOCK_SIZE)
    return [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_CUBIC)) for one in soft]


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory: pytest.TempPathFactory, blocks: list[Pixels]) -> Path:
    return write_mosaic(tmp_path_factory.mktemp("mosaic") / "mosaic.svs", blocks, SHOWN)


def test_the_made_slide_is_what_was_drawn_at_every_level(
    mosaic: Path, blocks: list[Pixels]
) -> None:
    whole = np.vstack([np.hstack([blocks[number] for number in row]) for row in SHOWN])
    with closing(open_slide(mosaic)) as slide:
        assert slide.vendor == "aperio"
        assert [level.width for level in slide.pyramid.levels] == [SIDE, SIDE // 4]
        assert "thumbnail" in slide.associated_names
        for number, level in enumerate(slide.pyramid.levels):
            size = (level.width, level.height)
            drawn = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
            read = slide.read_region(number, 0, 0, *size)
            assert cv2.absdiff(read, drawn).mean() < 3  # what JPEG takes away


def test_openslide_reads_the_made_slide_alike(mosaic: Path) -> None:
    with closing(open_slide(mosaic)) as slide, openslide.OpenSlide(mosaic) as other:
        for level, x, y in ((0, 900, 1900), (1, 130, 250)):
            ours = slide.read_region(level, x, y, 400, 300)
            corner = (x * 4**level, y * 4**level)
            theirs = other.read_region(corner, level, (400, 300)).convert("RGB")
            assert np.array_equal(ours, np.asarray(theirs))


def test_each_tile_is_stored_once(mosaic: Path, tmp_path: Path, blocks: list[Pixels]) -> None:
    larger = write_mosaic(tmp_path / "larger.svs", blocks, np.tile(SHOWN, (2, 2)))
    # Only what is not repeated grows: places of tiles, and the coarse levels.
    assert larger.stat().st_size < 1.5 * mosaic.stat().st_size


def test_the_bare_decoder_gives_the_same_pixels(mosaic: Path) -> None:
    keys = [TileKey(0, 4, 7), TileKey(0, 11, 0)]
    with decode.our_reader(mosaic) as ours, decode.bare_decoder(mosaic, keys) as bare:
        for key in keys:
            assert np.abs(ours(key).astype(int) - bare(key)).max() <= 2


def test_every_contestant_reads_in_every_round(mosaic: Path) -> None:
    rounds = decode.measure(mosaic, tile_count=8, rounds=2)
    assert [one.threads for one in rounds] == [1, 2, 1, 2]
    for one in rounds:
        assert set(one.rates) == {decode.OURS, decode.OPENSLIDE, decode.BARE}
        assert all(rate > 0 for rate in one.rates.values())


def test_the_recorded_gestures_are_those_of_their_seed() -> None:
    recorded = gesture_script.read()
    assert recorded == gesture_script.generate()
    times = [gesture.at_ms for gesture in recorded]
    assert times == sorted(times)
    assert gesture_script.SECONDS - 5 < times[-1] / 1000 < gesture_script.SECONDS + 5
    assert all(0 <= g.x < CANVAS[0] and 0 <= g.y < CANVAS[1] for g in recorded)


@pytest.mark.parametrize("seconds", [4.0, 9.5, 30.0])
def test_a_script_cut_short_lets_go_of_the_button(seconds: float) -> None:
    kept = gesture_script.first(gesture_script.read(), seconds)
    held = [gesture.kind for gesture in kept if gesture.kind in ("press", "release")]
    assert held == ["press", "release"] * (len(held) // 2)
    assert kept[-1].at_ms <= 1000 * seconds


def test_gestures_move_a_real_window(qtbot: QtBot, mosaic: Path) -> None:
    zoom = [Gesture(50 * n, "wheel", 960, 540, 120) for n in range(4)]
    way = [(960 - 20 * n, 540) for n in range(20)]
    drag = [Gesture(600, "press", *way[0])]
    drag += [Gesture(600 + 8 * n, "move", *at) for n, at in enumerate(way)]
    drag.append(Gesture(800, "release", *way[-1]))
    with Stage() as stage:
        canvas = stage.window.canvas
        assert (canvas.width(), canvas.height()) == CANVAS
        stage.open(mosaic)
        before = canvas.viewpoint
        with closing(open_slide(mosaic)) as slide:
            coarse = slide.read_region(1, 0, 0, SIDE // 4, SIDE // 4)
        found = Watch(stage, BlankCheck(coarse)).replay([*zoom, *drag], 30)
        assert canvas.viewpoint.scale > 1.5 * before.scale
        assert canvas.viewpoint.centre_x > before.centre_x
    assert found["frame_ms"]["count"] > 0
    assert found["delay_ms"]["count"] > 0
    assert found["places_looked_at"] > 0
    assert found["blank_percent"] == 0


def test_a_white_part_of_the_frame_is_found_blank() -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(90, 180, (216, 384, 3)).astype(np.uint8)
    coarse[:, :96] = 240  # glass, on the left
    view = Viewpoint(960, 540, 1.0, *CANVAS)
    shown = cv2.resize(coarse, CANVAS, interpolation=cv2.INTER_LINEAR).astype(np.uint32)
    frame = 0xFF000000 | shown[..., 0] << 16 | shown[..., 1] << 8 | shown[..., 2]
    check, extent = BlankCheck(coarse), Rect(0, 0, *CANVAS)
    blank, looked_at = check.places(frame, view, extent)
    assert (blank, looked_at > 300) == (0, True)
    frame[:540, 960:] = 0xFFFFFFFF
    blank, _ = check.places(frame, view, extent)
    assert blank == pytest.approx(looked_at / 3, rel=0.1)
    frame[:, :480] = 0xFFFFFFFF  # there is no tissue to be missed
    assert check.places(frame, view, extent)[0] == blank
    covered = [Rect(960, 0, 960, 540)]
    assert check.places(frame, view, extent, covered)[0] == 0


def test_a_table_says_what_is_not_known() -> None:
    table = Table("Title", ("a", "b", "c", "d"), (("x", 1234, 0.01234, None),), ("A note.",))
    lines = table.markdown().splitlines()
    assert lines[0] == "### Title"
    assert lines[4] == "| x | 1,234 | 0.0123 | – |"
    assert lines[6] == "- A note."


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (None, "--napari PYTHON"),
        (Path(sys.executable), f"{sys.executable} lacks napari"),
        (Path("no", "such", "python"), "does not run as a Python"),
    ],
)
def test_where_napari_is_missing_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    python: Path | None,
    words: str,
) -> None:
    line = ["bench", "view", "--only", "napari", "--folder", str(tmp_path / "made")]
    monkeypatch.setattr(sys, "argv", line + (["--napari", str(python)] if python else []))
    with pytest.raises(SystemExit) as ended:
        benchmark()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert "-m pip install" in said
    assert not (tmp_path / "made").exists()  # before anything is made or measured
