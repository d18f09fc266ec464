"""A worker that answers only what a test tells it, and a window that asks it."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.inference.messages import Reply, Request
from slideviewer.ui import worker_talk
from slideviewer.ui.window import MainWindow


class TameWorker:
    """Stands for the worker process: remembers what it is asked, and says what it is given."""

    pid = None

    def __init__(self, *, cpu_only: bool = False) -> None:
        self.cpu_only, self.is_closed, self.stops = cpu_only, False, 0
        self.requests: list[Request] = []
        self.said: list[str] = []
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.looks = 0
        self.was_shared = False
        self._listener = threading.Lock()

    @property
    def asked(self) -> Request:
        """What it was asked last."""
        return self.requests[-1]

    def predict(self, request: Request) -> int:
        self.requests.append(request)
        return len(self.requests)

    def receive(self, timeout: float) -> Reply | None:
        if not self._listener.acquire(blocking=False):
            self.was_shared = True
            return None
        try:
            return self.replies.get(timeout=timeout)
        except queue.Empty:
            return None
        finally:
            self.looks += 1
            self._listener.release()

    def stop(self) -> None:
        self.stops += 1

    def pause(self) -> None:
        self.said.append("pause")

    def resume(self) -> None:
        self.said.append("resume")

    def hold(self, seconds: float) -> None:
        self.said.append("hold")

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[TameWorker]:
    """Every worker that was made, the present one last."""
    made: list[TameWorker] = []

    def make(**how: bool) -> TameWorker:
        made.append(TameWorker(**how))
        return made[-1]

    monkeypatch.setattr(worker_talk, "InferenceWorker", make)
    return made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of which nobody knows how large its pixels are."""
    path = tmp_path / "picture.png"
    assert cv2.imwrite(str(path), np.full((600, 800, 3), 100, np.uint8))
    return path


@pytest.fixture
def say_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the user say that pixels are half a micrometre wide."""
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (0.5, True))


@pytest.fixture
def open_picture(
    qtbot: QtBot, open_slide: OpenSlide, picture: Path, say_half: None
) -> Callable[[], MainWindow]:
    def open_it() -> MainWindow:
        window = open_slide(picture)
        wait_for_jobs(qtbot)
        return window

    return open_it
