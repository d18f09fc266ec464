"""What the tour shows, step by step: a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QWidget

from slideviewer.ui.canvas import Canvas
from slideviewer.ui.model_chooser import ModelChooser
from slideviewer.ui.overview import Overview
from slideviewer.ui.welcome import Welcome

Places = Callable[[QMainWindow], Sequence[QWidget]]
"""The widgets that a step points at; none where they are hidden now."""


@dataclass(frozen=True)
class Step:
    """One callout.

    Attributes
    ----------
    title : str
    text : str
        Markdown; keys are filled in as on the pages of the guide.
    places : callable
    """

    title: str
    text: str
    places: Places


def _of_kind(kind: type[QWidget]) -> Places:
    return lambda window: [found for found in window.findChildren(kind) if found.isVisible()][:1]


def _dock(title: str) -> Places:
    def places(window: QMainWindow) -> Sequence[QWidget]:
        dock = window.findChild(QDockWidget, title)
        return [dock] if dock is not None and _is_inside(dock, window) else []

    return places


def _buttons(*names: str, and_more: Places = lambda _: ()) -> Places:
    def places(window: QMainWindow) -> Sequence[QWidget]:
        toolbar = window.findChild(QToolBar, "toolbar")
        if toolbar is None or not toolbar.isVisible():
            return []
        named = [window.findChild(QAction, name) for name in names]
        buttons = [toolbar.widgetForAction(action) for action in named if action is not None]
        return [button for button in (*buttons, *and_more(window)) if button is not None]

    return places


def _is_inside(dock: QDockWidget, window: QMainWindow) -> bool:
    """Whether a dock stands in the window, in front of its tabbed neighbours."""
    return dock.isVisible() and not dock.isFloating() and not dock.visibleRegion().isEmpty()


def _first_of(*choices: Places) -> Places:
    return lambda window: next((found for places in choices if (found := places(window))), [])


STEPS = (
    Step(
        "Open a slide",
        "Drop a slide or a folder on the window, or press {key open_slide}. "
        "No slide at hand? The demo slide is drawn by the program.",
        _first_of(_of_kind(Welcome), _buttons("open_slide")),
    ),
    Step(
        "Move and zoom",
        "Turn the wheel to zoom at the mouse, drag to move. {key magnify_3} shows 10×, "
        "{key whole_slide} the whole slide. With any tool in hand, the middle button or the "
        "held space bar still moves the slide.",
        _of_kind(Canvas),
    ),
    Step(
        "Where you are",
        "With a slide open, its overview is here: click in it to go there. "
        "The number under it is the magnification; choose or type another.",
        _first_of(_of_kind(Overview), _of_kind(Canvas)),
    ),
    Step(
        "Slides and annotations",
        "On this side are the slides of the folder ({key slide_tray}) and the list of what is "
        "marked. A double-click on a line goes there.",
        _first_of(_dock("Annotations"), _dock("Slides")),
    ),
    Step(
        "Layers and colours",
        "Here you say what is shown and how strongly. Specialist markup is **blue outlines**, "
        "predicted tumour is **filled red**. Brightness and colours are in the tab beside.",
        _first_of(_dock("Layers"), _dock("Adjust")),
    ),
    Step(
        "Draw and correct",
        "Select and reshape ({key select}) or draw a polygon ({key polygon}). "
        "Everything can be undone with {key undo}.",
        _buttons("pan", "select", "polygon"),
    ),
    Step(
        "Predict",
        "Choose a model and press Predict. It works in the background, begins with what you "
        "see, and can be cancelled. {research-use}",
        _buttons("predict", "cancel", and_more=_of_kind(ModelChooser)),
    ),
    Step(
        "Find everything else",
        "{key command_palette} finds any command by a few letters. {key user_guide} opens the "
        "user guide. This tour is in the Help menu.",
        lambda window: [window.menuBar()] if window.menuBar().isVisible() else [],
    ),
)
