"""The benchmarks of models measure what they say, beside others or without them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import child
from benchmarks.__main__ import main as benchmark
from benchmarks.made_models import UNET, Made
from benchmarks.made_slide import BLOCK_SIZE, SPACING_UM_PX, write_mosaic
from benchmarks.rivals import compare
from benchmarks.rivals.compare import Side
from benchmarks.rivals.environments import NotInstalled, Rival, environment
from tiny_model import write_tiny_package

MB = 1 << 20


@pytest.mark.long
def test_all_tiles_that_were_asked_for_are_predicted_and_the_memory_told(tmp_path: Path) -> None:
    blocks = [np.full((BLOCK_SIZE, BLOCK_SIZE, 3), 180, np.uint8)]
    slide = write_mosaic(tmp_path / "one.svs", blocks, np.zeros((1, 1), np.intp))
    package = write_tiny_package(tmp_path / "tiny", patch=64, spacing_um_px=SPACING_UM_PX)
    told = child.measured(
        "rivals.ours",
        memory=True,
        what="predict",
        package=package.folder,
        slide=slide,
        patch=64,
        across=5,
        segments=False,
    )
    assert told["tiles"] == 25
    assert told["exit_code"] == 0
    assert "threads" in told["how"]
    if sys.platform == "linux":
        assert 50 < told["peak_mb"] < 8000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_the_memory_of_a_program_is_that_of_its_children_too() -> None:
    from subprocess import PIPE, Popen

    from benchmarks.tree_memory import TreeMemory

    filled = f"held = bytearray({120 * MB}); print('full', flush=True); input()"
    parent = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdin=subprocess.PIPE);"
        "input(); child.communicate(b'go')"
    )
    line = [sys.executable, "-c", parent, filled]
    with Popen(line, stdin=PIPE, stdout=PIPE, text=True) as process:
        watched = TreeMemory(process.pid)
        assert process.stdout is not None
        assert process.stdout.readline() == "full\n"
        watched.look()
        process.communicate("go\n")
    assert 120 <= watched.peak_mb < 300


def test_who_fails_is_left_out_and_told_and_the_others_are_compared() -> None:
    def answers(seconds: float, memory: float) -> dict[str, Any]:
        return {
            "tiles": 10, "seconds": seconds, "peak_mb": memory, "load_s": 1.0, "processor_s": 2.0,
            "version": "1.0", "how": "somehow",
        }  # fmt: skip

    def fails() -> dict[str, Any]:
        raise RuntimeError("it ended with 1:\nno such layer")

    seconds = iter([1.0, 4.0, 2.0, 2.0, 1.0, 3.0])
    sides = [
        Side("ours", lambda: answers(next(seconds), 100)),
        Side("broken", fails),
        Side("other", lambda: answers(next(seconds), 400)),
    ]
    problems = compare.in_turns(sides, 3)
    assert problems == ["broken failed: no such layer"]
    rows = compare.rows_of(UNET, sides)
    named = [dict(zip(compare.COLUMNS, row, strict=True)) for row in rows]
    assert [row["program"] for row in named] == ["ours 1.0", "broken", "other 1.0"]
    assert named[1]["tiles/s"] is None
    assert named[2]["slideviewer is × as fast"] == 3.0, "the median of 4, 1 and 3"
    assert named[2]["slideviewer takes × the memory"] == 0.25


def test_an_environment_that_cannot_be_made_says_what_failed(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    rival = Rival("Nobody", "nobody", ("nobody==1.0",), "rivals.none")
    said: list[str] = []
    with pytest.raises(NotInstalled, match="Nobody cannot be installed"):
        environment(rival, in_the_way, said.append)
    assert said and "Nobody" in said[0]


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    rival = Rival("Nobody", "nobody", ("nobody==1.0", "other==2.0"), "rivals.none")
    windows = sys.platform == "win32"
    python = tmp_path / "nobody" / ("Scripts/python.exe" if windows else "bin/python")
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "nobody" / "installed.txt").write_text("nobody==1.0\nother==2.0\n")
    said: list[str] = []
    assert environment(rival, tmp_path, said.append) == python
    assert not said


def test_rivals_are_a_part_of_predicting_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "edit", "--only", "rivals"])
    with pytest.raises(SystemExit):
        benchmark()
    assert "bench edit has no part rivals" in capsys.readouterr().err


def test_tiles_lie_on_their_slide() -> None:
    from benchmarks.made_models import ALL

    def side(made: Made) -> int:
        return made.patch * (made.across + 1) // 2 if made.segments else made.patch * made.across

    for made in ALL.values():
        assert side(made) <= made.blocks * BLOCK_SIZE
    assert side(UNET) == UNET.blocks * BLOCK_SIZE
