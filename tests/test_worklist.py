"""The worklist: what is noted stays, wherever the folder goes and however the program ends."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.cohort.slide_table import slides_in_csv
from slideviewer.cohort.worklist import (
    ReadingState,
    Worklist,
    WorklistError,
    worklist_of,
)


def test_a_folder_that_moves_takes_its_list_along(tmp_path: Path) -> None:
    folder = tmp_path / "größe ✓"
    (folder / "deep").mkdir(parents=True)
    slides = [folder / "b.svs", folder / "a.svs", folder / "deep" / "c.svs"]
    with Worklist(worklist_of(folder)) as worklist:
        worklist.add(slides)
        worklist.set_state(slides[1], ReadingState.DONE, "anna")
        worklist.add(slides)  # changes nothing
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    with Worklist(worklist_of(moved)) as worklist:
        assert [(it.path, it.state, it.by) for it in worklist.entries()] == [
            (moved / "a.svs", ReadingState.DONE, "anna"),
            (moved / "b.svs", ReadingState.UNREAD, ""),
            (moved / "deep" / "c.svs", ReadingState.UNREAD, ""),
        ]
        assert [it.state for it in worklist.log()] == [ReadingState.DONE]
        assert worklist.log()[0].at


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ReadingState)), max_size=12))
def test_the_last_word_counts_and_every_word_is_logged(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, ReadingState]]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    expected = {}
    with Worklist(worklist_of(folder)) as worklist:
        for name, state in changes:
            worklist.set_state(folder / name, state)
            expected[folder / name] = state
    with Worklist(worklist_of(folder)) as again:
        assert again.states() == expected
        assert [(it.path.name, it.state) for it in again.log()] == changes


WRITER = """
import sys
from pathlib import Path
from slideviewer.cohort.worklist import ReadingState, Worklist
worklist = Worklist(Path(sys.argv[1]))
for number in range(100_000):
    worklist.set_state(Path(sys.argv[1]).parent / f"{number}.svs", ReadingState.DONE)
    print(number, flush=True)
"""


def test_what_was_said_to_be_kept_is_there_after_a_kill(tmp_path: Path) -> None:
    path, random_ = worklist_of(tmp_path), random.Random(7)
    for _ in range(5):
        program = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(random_.uniform(0, 0.1))
        program.send_signal(signal.SIGKILL)
        said = [0, *map(int, program.stdout.read().split())]
        program.wait()
        with Worklist(path) as worklist:
            done = {int(it.path.stem) for it in worklist.entries()}
        assert done >= {*range(max(said) + 1)}


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 9, b"x"])
def test_another_file_of_the_name_is_refused(tmp_path: Path, content: bytes) -> None:
    worklist_of(tmp_path).write_bytes(content)
    with pytest.raises(WorklistError, match="cannot be used"):
        Worklist(worklist_of(tmp_path))
    assert worklist_of(tmp_path).read_bytes() == content


def test_other_databases_and_later_versions_are_refused(tmp_path: Path) -> None:
    path = worklist_of(tmp_path)
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bank (money)")
    other.commit()
    with pytest.raises(WorklistError, match="is no worklist"):
        Worklist(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(WorklistError, match="later version"):
        Worklist(path)
    with pytest.raises(WorklistError, match="cannot be used"):
        Worklist(tmp_path / "missing" / "list.sqlite")


def test_slides_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("patient,Slide\n1,a.svs\n2,sub/b.svs\n2,\n1,a.svs\n", "utf-8-sig")
    assert slides_in_csv(path) == [tmp_path / "a.svs", tmp_path / "sub" / "b.svs"]
    path.write_text("a.svs\n\nb.svs\n")
    assert slides_in_csv(path) == [tmp_path / "a.svs", tmp_path / "b.svs"]


@pytest.mark.parametrize(
    "content, says",
    [(b"", "empty"), (b"slide\n\n", "names no slide"), (b"\xff\xfe\xff", "cannot be read")],
)
def test_a_table_without_slides_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(WorklistError, match=says) as caught:
        slides_in_csv(path)
    assert "list.csv" in str(caught.value)
    with pytest.raises(WorklistError, match="cannot be read"):
        slides_in_csv(tmp_path / "none.csv")


def test_a_slide_on_another_drive_is_kept_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, start: str) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", refuse)
    slide = tmp_path / "elsewhere" / "a.svs"
    with Worklist(worklist_of(tmp_path)) as worklist:
        worklist.set_state(slide, ReadingState.DONE)
        assert worklist.states() == {slide: ReadingState.DONE}


def test_a_name_that_is_no_text_costs_no_other(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.svs", tmp_path / "\udcff.svs"
    with Worklist(worklist_of(tmp_path)) as worklist:
        assert worklist.add([bad, good]) == (bad,)
        assert set(worklist.states()) == {good}
        with pytest.raises(WorklistError, match="no text"):
            worklist.set_state(bad, ReadingState.DONE)
