"""What a training tells while it runs, what may be wished of it, and that it is alone."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.file_lock import SILENT_SECONDS, FileLock, lock_of
from slideviewer.errors import Cancelled, SlideviewerError, TrainingError
from slideviewer.progress import Step, silent
from slideviewer.training.album import RIGHT, SIDE, WRONG, TileAlbum, spread
from slideviewer.training.diary import (
    BATCH_FILE,
    DIARY_FILE,
    EXAMPLES_FILE,
    FAILED,
    FINISHED,
    STOPPED,
    Diary,
)
from slideviewer.training.examples import examples_from_tiles
from slideviewer.training.following import Following
from slideviewer.training.history import HISTORY_FILE, EpochRow, read_history, write_history
from slideviewer.training.pictures.cache import cached
from slideviewer.training.running import running
from slideviewer.training.segmentation import album as pixels
from slideviewer.training.segmentation.album import PixelAlbum
from slideviewer.training.segmentation.tiles import Square
from slideviewer.training.wishes import PAUSE, STOP, Wishes

FEWER = settings(max_examples=25)
STEP = Step(3, 12, "Training, epoch 1 of 4, loss 0.5", "batches", 2.5)
ROWS = st.builds(
    EpochRow,
    st.integers(1, 3),
    st.integers(1, 300),
    st.just("2026-01-02T03:04:05+00:00"),
    st.floats(0, 1e4),
    st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=8), st.floats(-1e3, 1e3), max_size=4),
)
STEPS = st.builds(
    Step,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.text(max_size=20),
    st.text(max_size=8),
    st.floats(0, 1e6),
)


def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model")
    (out / "training").mkdir()
    return out


@FEWER
@given(st.lists(ROWS, max_size=4))
def test_a_history_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list
) -> None:
    path = tmp_path_factory.getbasetemp() / HISTORY_FILE
    write_history(path, rows)
    found = read_history(path)
    assert [(it.repeat, it.epoch, it.time) for it in found] == [
        (it.repeat, it.epoch, it.time) for it in rows
    ]
    for row, again in zip(rows, found, strict=True):
        assert again.values == pytest.approx(row.values, rel=1e-5)


def test_a_history_that_is_none_gives_no_rows(tmp_path: Path) -> None:
    assert read_history(tmp_path / HISTORY_FILE) == ()
    (tmp_path / HISTORY_FILE).write_bytes(b"time,repeat,epoch\n\xff,x,1\n")
    assert read_history(tmp_path / HISTORY_FILE) == ()


@FEWER
@given(step=STEPS, notices=st.lists(st.text(max_size=30), max_size=3), words=st.text(max_size=30))
def test_who_looks_on_sees_what_the_training_said(
    tmp_path_factory: pytest.TempPathFactory, step: Step, notices: list[str], words: str
) -> None:
    out = fresh(tmp_path_factory)
    following = Following(out)
    assert following.look().step is None
    diary = Diary(out / "training", {"name": "nests", "epochs": 7})
    diary.step(step)
    state = following.look()
    assert (state.name, state.epochs, state.step) == ("nests", 7, step)
    diary.paused()
    assert following.look().is_paused
    for said in notices:
        diary.notice(said)
    diary.end(FAILED, words)
    state = following.look()
    assert state.notices == tuple(notices)
    assert (state.how, state.words, state.is_paused) == (FAILED, words, False)
    Diary(out / "training", {"name": "again"})
    state = following.look()
    assert (state.name, state.step, state.how, state.notices) == ("again", None, "", ())


@FEWER
@given(cut=st.integers(0, 400), noise=st.binary(max_size=40))
def test_half_a_line_waits_and_a_damaged_one_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, cut: int, noise: bytes
) -> None:
    out = fresh(tmp_path_factory)
    diary = Diary(out / "training", {"name": "nests"})
    diary.notice("one")
    diary.path.write_bytes(diary.path.read_bytes() + noise.replace(b"\n", b"") + b"\n")
    diary.step(STEP)
    whole = diary.path.read_bytes()
    following = Following(out)
    diary.path.write_bytes(whole[:cut])
    following.look()
    diary.path.write_bytes(whole)
    state = following.look()
    assert (state.name, state.notices, state.step) == ("nests", ("one",), STEP)


def test_a_diary_is_json_lines_that_tell_what_they_are_for(tmp_path: Path) -> None:
    with running(tmp_path / "training", task="tiles", name="nests") as run:
        run.progress(silent)(STEP)
        run.tell(lambda _: None)("Few are held out.")
        run.diary.path.with_name(HISTORY_FILE).touch()
    lines = (tmp_path / "training" / DIARY_FILE).read_text("utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    assert [it["what"] for it in said] == ["begun", "step", "notice", "ended"]
    assert said[0]["use"] == RESEARCH_USE_ONLY
    assert said[-1]["how"] == FINISHED


def test_progress_is_not_told_for_every_batch(tmp_path: Path) -> None:
    diary = Diary(tmp_path, {})
    for done in range(1000):
        diary.step(Step(done, 1000, f"Training, epoch 1 of 9, loss {done}", "batches"))
    assert len(diary.path.read_text().splitlines()) < 100


def test_two_trainings_into_one_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model" / "training"
    with running(folder) as run:
        run.diary.notice("first")
        before = run.diary.path.read_bytes()
        with pytest.raises(TrainingError, match=r"runs in this folder already: .+ since"):
            running(folder).__enter__()
        assert run.diary.path.read_bytes() == before
        assert Following(tmp_path / "model").look().is_running
        (folder / "history.csv").touch()
    assert not Following(tmp_path / "model").look().is_running
    with running(folder):
        pass


def test_a_killed_training_bars_nobody(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from slideviewer.training.running import running\n"
        "with running(Path(sys.argv[1])) as run:\n"
        "    os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "training")], check=False)
    assert ended.returncode == 9
    state = Following(tmp_path).look()
    assert not state.is_running and not state.how
    with running(tmp_path / "training"):
        pass


def killed_elsewhere(folder: Path) -> Path:
    """Let a training be killed on another machine; gives its lock."""
    code = (
        "import os, socket, sys\n"
        "from pathlib import Path\n"
        "from slideviewer.training.running import running\n"
        "socket.gethostname = lambda: '3f2a91bc77de'\n"
        "with running(Path(sys.argv[1])) as run:\n"
        "    os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert ended.returncode == 9
    return lock_of(folder / DIARY_FILE)


def test_a_training_killed_on_another_machine_bars_for_a_minute_alone(tmp_path: Path) -> None:
    lock = killed_elsewhere(tmp_path / "training")
    with pytest.raises(TrainingError) as refused:
        running(tmp_path / "training").__enter__()
    assert "3f2a91bc77de" in str(refused.value) and str(lock) in str(refused.value)
    assert Following(tmp_path).look().is_running
    long_ago = time.time() - SILENT_SECONDS - 1
    os.utime(lock, (long_ago, long_ago))
    assert not Following(tmp_path).look().is_running
    with running(tmp_path / "training"):
        pass


def test_a_training_elsewhere_is_told_by_whatever_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_elsewhere(tmp_path / "training")
    right = time.time()
    for wrong in (right + 1000, right - 1000):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        assert Following(tmp_path).look().is_running
        with pytest.raises(TrainingError, match=r"runs in this folder already.*3f2a91bc77de"):
            running(tmp_path / "training").__enter__()


def test_a_training_makes_itself_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slideviewer.training.running.BEAT_SECONDS", 0.001)
    with running(tmp_path / "training") as run:
        lock = lock_of(run.diary.path)
        os.utime(lock, (1, 1))
        deadline = time.monotonic() + 30
        while lock.stat().st_mtime < 2:
            assert time.monotonic() < deadline
    assert not lock.exists()


def test_a_training_that_slept_leaves_the_folder_to_who_took_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slideviewer.training.running.BEAT_SECONDS", 0.001)
    with (
        pytest.raises(TrainingError, match="taken this training over"),
        running(tmp_path / "training") as run,
    ):
        lock = lock_of(run.diary.path)
        lock.unlink()
        assert FileLock(run.diary.path).take()
        theirs, told = lock.read_bytes(), run.diary.path.read_bytes()
        deadline = time.monotonic() + 30
        report = run.progress(silent)
        while time.monotonic() < deadline:
            told = run.diary.path.read_bytes()
            report(STEP)
    assert (lock.read_bytes(), run.diary.path.read_bytes()) == (theirs, told)


@pytest.mark.parametrize(
    ("error", "how", "words"),
    [
        (TrainingError("No tile.", remedy="Give more."), FAILED, "No tile. Give more."),
        (Cancelled(), STOPPED, ""),
        (KeyboardInterrupt(), STOPPED, ""),
        (ValueError("odd"), FAILED, "Something unforeseen went wrong (ValueError('odd'))."),
    ],
)
def test_how_it_ended_is_told(tmp_path: Path, error: BaseException, how: str, words: str) -> None:
    with pytest.raises(type(error)), running(tmp_path / "model" / "training") as run:
        (run.diary.path.with_name(HISTORY_FILE)).touch()  # something is there that stays
        raise error
    state = Following(tmp_path / "model").look()
    assert (state.how, state.words, state.is_running) == (how, words, False)


def test_a_training_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SlideviewerError), running(tmp_path / "model" / "training"):
        raise TrainingError("One class only.")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        running(tmp_path / "file" / "training").__enter__()


def test_it_stands_still_while_that_is_wished_and_then_goes_on(tmp_path: Path) -> None:
    wishes = Wishes(tmp_path / "training")
    looks: list[bool] = []
    with running(tmp_path / "training") as run:
        following = Following(tmp_path)
        wishes.wish(PAUSE)

        def look(step: Step) -> None:
            looks.append(following.look().is_paused)
            if len(looks) == 3:
                wishes.clear()

        run.progress(look)(STEP)
        assert looks == [False, True, True]
        assert not following.look().is_paused


def test_it_ends_when_that_is_wished(tmp_path: Path) -> None:
    with pytest.raises(Cancelled), running(tmp_path / "model" / "training") as run:
        Wishes(run.diary.path.parent).wish(STOP)
        run.diary.path.with_name(HISTORY_FILE).touch()
        run.progress(silent)(STEP)
    assert Following(tmp_path / "model").look().how == STOPPED
    assert Wishes(tmp_path / "model" / "training").read() == ""


def test_what_was_wished_of_a_former_training_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    Wishes(tmp_path / "training").wish(STOP)
    with running(tmp_path / "training") as run:
        run.progress(silent)(STEP)


@FEWER
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 20))
def test_tiles_of_each_class_are_shown(labels: list[int], most: int) -> None:
    chosen = spread(np.array(labels, np.int64), 4, most)
    assert len(set(chosen.tolist())) == len(chosen) <= most
    if most >= 4:
        assert {labels[at] for at in chosen} == set(labels)


def test_a_wrong_answer_is_framed_and_named(tmp_path: Path) -> None:
    dark, light = np.full((1, 16, 16, 3), 40, np.uint8), np.full((1, 16, 16, 3), 200, np.uint8)
    album = TileAlbum(
        tmp_path, examples_from_tiles({"Normal": light, "Tumor": dark}, ["Normal", "Tumor"])
    )
    album.show_answers(3, np.array([[0.9, 0.1], [0.7, 0.3]], np.float32))
    picture = cv2.cvtColor(cv2.imread(str(tmp_path / EXAMPLES_FILE)), cv2.COLOR_BGR2RGB)
    assert tuple(picture[26, 8]) == RIGHT and tuple(picture[26, 8 + SIDE + 8]) == WRONG
    assert RESEARCH_USE_ONLY.encode() in (tmp_path / EXAMPLES_FILE).read_bytes()
    tiles, targets = np.concatenate([light, dark]), np.eye(2, dtype=np.float32)
    album.show_batch(1, (tiles, targets))
    assert cv2.imread(str(tmp_path / BATCH_FILE))[60, 60].tolist() == [200] * 3


def test_a_picture_that_cannot_be_written_stops_no_training(tmp_path: Path) -> None:
    tiles = np.zeros((1, 16, 16, 3), np.uint8)
    album = TileAlbum(tmp_path / "gone", examples_from_tiles({"A": tiles, "B": tiles}, ["A", "B"]))
    album.show_answers(1, np.array([[1, 0], [0, 1]], np.float32))
    assert not (tmp_path / "gone").exists()


def test_pixels_show_the_truth_in_blue_and_what_is_found_in_red(tmp_path: Path) -> None:
    side = pixels.SIDE
    picture = np.full((side, side, 3), 255, np.uint8)
    marked = np.zeros((side, side, 1), np.uint8)
    marked[40:80, 40:80] = 1
    items = iter([("a", "a", picture, marked)])
    cache = cached(tmp_path / "cache", {}, 1, items)
    album = PixelAlbum(tmp_path, cache, [Square(0, 0, 0)], ["Tumor"], side)
    found = np.zeros((1, side, side, 1), np.float32)
    found[0, 100:140, 100:140] = 1
    album.look(0, picture[None], marked[None], found)
    album.show_answers(1)
    shown = cv2.cvtColor(cv2.imread(str(tmp_path / EXAMPLES_FILE)), cv2.COLOR_BGR2RGB).astype(int)
    half = shown[26:, 8 + side + 8 :]
    red, green, blue = half[120, 120]
    assert red > 220 and green < 160 and blue < 160
    red, green, blue = half[60, 40]
    assert blue > 150 and red < 120
    assert half[60, 60].tolist() == [255, 255, 255]
    album.show_batch(1, (picture[None], marked[None].astype(np.float32)))
    assert (tmp_path / BATCH_FILE).exists()
