"""What works on areas, put together: brush, eraser, wand, cut line and the geometry commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from slideviewer.slide import Pixels
from slideviewer.ui.editing.amounts import AmountCommands
from slideviewer.ui.editing.areas import AreaEdits
from slideviewer.ui.editing.geometry import Geometry
from slideviewer.ui.editing.working import Working
from slideviewer.ui.layers.tiles import PAPER, TileLayer
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.tools.brush import BrushTool
from slideviewer.ui.tools.brush_size import BrushSize
from slideviewer.ui.tools.cut import CutTool
from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.tools.wand import WandTool
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.grid import ViewGrid


class AreaTools(QObject):
    """Owns them, and the size of the brush."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        unless_drawing: Callable[[Callable[[], None]], None],
        working: Working,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self.edits = edits = AreaEdits(session, views, notices, working, window)
        self.size = BrushSize(self)
        brushes = (
            BrushTool(session, edits, self.size, views.preview, self, erases=erases)
            for erases in (False, True)
        )
        self.tools: Mapping[str, Tool] = {
            tool.name: tool
            for tool in (
                *brushes,
                WandTool(
                    session,
                    edits,
                    lambda view: shown_pixels(views.of_session.tiles, view),
                    notices.tell,
                    self,
                ),
                CutTool(session, edits, notices.tell, self),
            )
        }
        self._unless_drawing = unless_drawing
        self._geometry = Geometry(session, views, edits, notices, self)
        self._amounts = AmountCommands(session, views, edits, notices, self)

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        """What the actions call, by their names."""
        return {
            "brush_smaller": lambda: self.size.change(-1),
            "brush_larger": lambda: self.size.change(1),
            **{
                name: partial(self._unless_drawing, command)
                for commands in (self._geometry.commands, self._amounts.commands)
                for name, command in commands.items()
            },
        }


def shown_pixels(tiles: TileLayer, view: Viewpoint) -> Pixels:
    """The slide as a view shows it, without what lies over it.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
        One for each pixel of the screen; white around the slide.
    """
    image = QImage(view.width, view.height, QImage.Format.Format_RGB888)
    image.fill(PAPER)
    painter = QPainter(image)
    tiles.paint(painter, view, view.visible, rough=False)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(view.height, image.bytesPerLine())
    return rows[:, : 3 * view.width].reshape(view.height, view.width, 3).copy()
