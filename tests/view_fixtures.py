"""Windows with several views, and what is done with them again and again."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer.slide import Slide
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.window import MainWindow


@pytest.fixture
def other_slide(made_slide: Path, tmp_path: Path) -> Path:
    """Another file of the same kind."""
    path = tmp_path / "the other one.tif"
    path.write_bytes(made_slide.read_bytes())
    return path


@pytest.fixture
def two(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window with two views of one slide."""
    window = open_slide(made_slide)
    go(window, "view_grid_1x2")
    QApplication.processEvents()
    return window


def show_in(qtbot: QtBot, window: MainWindow, view: SlideView, path: Path) -> Slide:
    """Show the slide of a file in a view."""
    window.comparing.open_in(view, path)
    qtbot.waitUntil(lambda: view.slide is not None and view.slide.path == path, timeout=10_000)
    assert view.slide is not None
    return view.slide


def go(window: MainWindow, *names: str) -> None:
    """Trigger actions one after the other."""
    for name in names:
        window.named_actions[name].trigger()
