"""Small pictures: made off the GUI thread, kept on the disk, and never in the way."""

import os
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QRect, QThread
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot
from window_fixtures import wait_for_jobs

from slideviewer.ui import thumbnails
from slideviewer.ui.thumbnail_store import LONGEST_SIDE, Thumbnail, ThumbnailStore
from slideviewer.ui.thumbnails import Thumbnails, draw


def write_picture(path: Path, colour: tuple[int, int, int] = (200, 30, 60)) -> Path:
    """Write a plain picture of one colour (red, green, blue)."""
    pixels = np.full((300, 600, 3), colour[::-1], np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def test_a_picture_is_made_kept_and_found_again(tmp_path: Path) -> None:
    slide, kept = write_picture(tmp_path / "ü.png"), tmp_path / "kept"
    made = ThumbnailStore(kept).get(slide)
    assert made.image is not None
    assert (made.image.width(), made.image.height()) == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert made.image.pixelColor(100, 60).getRgb()[:3] == (200, 30, 60)
    (file,) = files_in(kept)
    written = file.stat().st_ino
    assert ThumbnailStore(kept).get(slide).image is not None
    assert file.stat().st_ino == written  # read, not made again
    if os.name == "posix":
        assert kept.stat().st_mode & 0o077 == 0


def test_a_changed_slide_gets_another_picture(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "kept")
    slide = write_picture(tmp_path / "a.png")
    store.get(slide)
    write_picture(slide, (0, 0, 250))
    os.utime(slide, (1, 1))
    image = store.get(slide).image
    assert image is not None
    assert image.pixelColor(10, 10).blue() == 250


def test_a_damaged_kept_picture_is_made_again(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "kept")
    slide = write_picture(tmp_path / "a.png")
    store.get(slide)
    (file,) = files_in(tmp_path / "kept")
    file.write_bytes(file.read_bytes()[:20])
    assert store.get(slide).image is not None
    assert not QImage(str(file)).isNull()


def test_the_oldest_ones_go(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "kept", most_kept=3)
    slides = [write_picture(tmp_path / f"{i}.png", (i, i, i)) for i in range(5)]
    for age, slide in enumerate(slides[:3]):
        before = set(files_in(tmp_path / "kept"))
        store.get(slide)
        (new,) = set(files_in(tmp_path / "kept")) - before
        os.utime(new, (1000 + age, 1000 + age))
    first = files_in(tmp_path / "kept")
    store.get(slides[0])  # looked at again: no longer the oldest
    store.get(slides[3])
    left = files_in(tmp_path / "kept")
    assert len(left) == 3
    assert len(set(first) & set(left)) == 2
    made = left
    assert store.get(slides[0]).image is not None
    assert files_in(tmp_path / "kept") == made  # still there


def test_what_is_broken_says_why_and_what_is_gone_says_so(real_data: Path, tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "kept")
    broken = store.get(real_data / "slides" / "unopenable.tiff")
    assert broken.image is None
    assert "unopenable.tiff" in broken.problem
    assert not broken.is_missing
    gone = store.get(tmp_path / "gone.svs")
    assert gone.is_missing
    assert "gone.svs" in gone.problem
    assert store.get(tmp_path / "a\0b").is_missing
    assert store.get(tmp_path).image is None  # a folder


def test_every_real_slide_has_a_picture_or_a_reason(real_data: Path, tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "kept")
    for path in sorted((real_data / "slides").iterdir()):
        if path.is_file():
            made = store.get(path)
            assert (made.image is None) == bool(made.problem), path.name
            if made.image is not None:
                assert max(made.image.width(), made.image.height()) <= LONGEST_SIDE


def test_a_full_disk_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a file where the folder should be")
    made = ThumbnailStore(tmp_path / "kept").get(write_picture(tmp_path / "a.png"))
    assert made.image is not None


class SlowStore(ThumbnailStore):
    """Answers when it is let, and remembers who asked for what."""

    def __init__(self) -> None:
        self.asked: list[Path] = []
        self.threads: set[int] = set()
        self.gates: dict[Path, threading.Event] = {}

    def get(self, path: Path) -> Thumbnail:
        self.asked.append(path)
        self.threads.add(threading.get_ident())
        if path in self.gates:
            self.gates[path].wait(60)
        return Thumbnail(path, QImage(4, 4, QImage.Format.Format_RGB32))


def test_the_gui_thread_makes_none(qtbot: QtBot) -> None:
    store, path = SlowStore(), Path("a")
    pictures = Thumbnails(store)
    pictures.want("test", [path])
    qtbot.waitUntil(lambda: pictures.get(path) is not None)
    assert threading.get_ident() not in store.threads
    assert pictures.thread() is QThread.currentThread()


def test_they_come_in_order_and_stale_wishes_are_dropped(qtbot: QtBot) -> None:
    store = SlowStore()
    first, stale, new = Path("first"), Path("stale"), Path("new")
    gate = store.gates[first] = threading.Event()
    pictures = Thumbnails(store)
    pictures.want("test", [first, stale])
    qtbot.waitUntil(lambda: store.asked == [first])
    pictures.want("test", [new])  # the list was scrolled
    gate.set()
    qtbot.waitUntil(lambda: pictures.get(new) is not None)
    assert store.asked == [first, new]
    assert pictures.get(first) is not None
    pictures.want("test", [new])
    pictures.want("other", [new], again=True)
    pictures.want("test", [new])
    qtbot.waitUntil(lambda: store.asked == [first, new, new])


def test_a_hanging_one_does_not_hold_the_others_up(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "PATIENCE_MS", 50)
    store = SlowStore()
    hanging, other = Path("on a network/a"), Path("b")
    gate = store.gates[hanging] = threading.Event()
    pictures = Thumbnails(store)
    pictures.want("test", [hanging, other])
    qtbot.waitUntil(lambda: pictures.get(other) is not None)
    given_up = pictures.get(hanging)
    assert given_up is not None
    assert "too long" in given_up.problem
    gate.set()
    qtbot.waitUntil(lambda: pictures.get(hanging) != given_up)  # it is heard after all


def test_too_many_hanging_ones_stop_it_until_one_answers(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "PATIENCE_MS", 30)
    store = SlowStore()
    hanging = [Path(f"hanging {i}") for i in range(thumbnails.MOST_STUCK)]
    store.gates = {path: threading.Event() for path in hanging}
    pictures = Thumbnails(store)
    pictures.want("test", [*hanging, Path("other")])
    qtbot.waitUntil(lambda: all(pictures.get(path) for path in hanging))
    qtbot.wait(100)
    assert store.asked == hanging
    for gate in store.gates.values():
        gate.set()
    qtbot.waitUntil(lambda: pictures.get(Path("other")) is not None)


def test_viewing_comes_first(qtbot: QtBot) -> None:
    answers, store = [True, True, True, False], SlowStore()
    pictures = Thumbnails(store, lambda: answers.pop(0))
    pictures.want("test", [Path("a")])
    qtbot.waitUntil(lambda: answers == [False])
    assert store.asked == []
    qtbot.waitUntil(lambda: store.asked == [Path("a")])


def test_one_that_answers_after_the_window_has_gone_harms_nobody(qtbot: QtBot) -> None:
    store, path = SlowStore(), Path("a")
    gate = store.gates[path] = threading.Event()
    pictures = Thumbnails(store)
    pictures.want("test", [path])
    qtbot.waitUntil(lambda: store.asked == [path])
    pictures.close()
    pictures.deleteLater()
    QCoreApplication.sendPostedEvents(pictures)
    gate.set()
    wait_for_jobs(qtbot)


def test_the_sign_for_a_broken_one_is_drawn_and_small_ones_are_not_blown_up(qtbot: QtBot) -> None:
    def drawn(thumbnail: Thumbnail | None) -> int:
        """How many pixels are not background."""
        canvas = QImage(64, 48, QImage.Format.Format_ARGB32)
        canvas.fill(0)
        painter = QPainter(canvas)
        draw(painter, QRect(0, 0, 64, 48), thumbnail, QColor("red"))
        painter.end()
        data = np.frombuffer(canvas.constBits(), np.uint32)
        return int((data != 0).sum())

    small = QImage(10, 8, QImage.Format.Format_RGB32)
    small.fill(0xFF123456)
    assert drawn(None) == drawn(Thumbnail(Path("a"), None)) == 0
    assert drawn(Thumbnail(Path("a"), None, "broken")) > 50
    assert drawn(Thumbnail(Path("a"), None, "gone", is_missing=True)) > 50
    assert drawn(Thumbnail(Path("a"), small)) == 80
