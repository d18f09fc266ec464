"""What is drawn becomes part of the markup: the tools that draw shapes, and where those go."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer.annotations import Annotation, Group, Kind, Points
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.asking import agreed
from slideviewer.ui.editing.naming import Naming
from slideviewer.ui.editing.revealing import reveal
from slideviewer.ui.editing.size_dialog import SizeDialog
from slideviewer.ui.session import Session
from slideviewer.ui.tools.dot import DotTool
from slideviewer.ui.tools.measurement import MeasurementTool
from slideviewer.ui.tools.point_set import PointSetTool
from slideviewer.ui.tools.polygon import PolygonTool
from slideviewer.ui.tools.rectangle import RectangleTool
from slideviewer.ui.tools.spline import SplineTool
from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.views.grid import ViewGrid

STEPS: Mapping[Kind, str] = {
    Kind.DOT: "Add dot",
    Kind.RECTANGLE: "Add rectangle",
    Kind.POLYGON: "Add polygon",
    Kind.SPLINE: "Add spline",
    Kind.POINT_SET: "Add point set",
    Kind.MEASUREMENT: "Add measurement",
}
"""What adding a shape is called in the Edit menu."""


class Drawing(QObject):
    """Owns the drawing tools."""

    def __init__(self, session: Session, views: ViewGrid, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._views, self._window = session, views, window
        self._naming = Naming(session.document, self)
        self._size = SizeDialog.FIRST_SIZE
        made = (
            DotTool(self.add, self),
            RectangleTool(self.add, self.ask_size, self),
            PolygonTool(self.add, self),
            SplineTool(self.add, self),
            PointSetTool(self.add, self),
            MeasurementTool(self.add, self._spacing, self),
        )
        self.tools: Mapping[str, Tool] = {tool.name: tool for tool in made}

    def add(self, kind: Kind, points: Points) -> None:
        """Add a shape to the group that is drawn in now, in one step, and select it."""
        document, group = self._session.document, self._session.drawn_group
        annotations = document.annotations
        is_new = group is not None and group not in annotations.groups
        made = Annotation(self._naming.next_name(), kind, points, group)
        new_groups = (Group(group),) if group is not None and is_new else ()
        if document.apply(STEPS[kind], {made.id: made}, new_groups):
            reveal(self._session, self._views, [made])

    def ask_size(self) -> tuple[float, float] | None:
        """Let the user type a width and a height; the answer in level-0 pixels.

        It is asked for in micrometres, in pixels where the slide does not know them.
        """
        spacing = self._spacing()
        if spacing is None:
            return None
        dialog = SizeDialog(self._size, spacing, self._window)
        is_agreed = agreed(dialog, self._session.document)
        if is_agreed:
            self._size = dialog.size_typed
        size = dialog.size_px
        dialog.deleteLater()
        return size if is_agreed else None

    def _spacing(self) -> Spacing | UnknownSpacing | None:
        slide = self._session.slide
        return slide.spacing if slide is not None else None
