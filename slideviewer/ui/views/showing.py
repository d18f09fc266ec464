"""What was just asked for is to be seen, although it may have been hidden before."""

from __future__ import annotations

from collections.abc import Callable

from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView


def show_somewhere(views: ViewGrid, layer_of: Callable[[SlideView], Layer]) -> None:
    """Show a layer of the session's slide in the view that is used, if no view shows it.

    Where another view shows it, the user has set the views apart, and they stay as they are.
    """
    layers = [layer_of(view) for view in views.views if view.shows_session]
    if not any(layer.visible for layer in layers):
        layer_of(views.of_session).visible = True
