"""What can be done now: the actions and the window's title follow what is open and shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from slideviewer.ui.look_control import LookControl
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

OF_A_SLIDE = (
    *("whole_slide", "select", "dot", "rectangle", "polygon", "spline", "point_set"),
    *("measurement", "brush", "eraser", "wand", "cut", "export_mask", "import_mask"),
    *("show_tissue", "export_report"),
)
"""Actions that mean nothing without one."""


class ActionStates(QObject):
    """Keeps actions, and the title of their window, in step from the start on."""

    def __init__(
        self,
        window: QMainWindow,
        actions: Mapping[str, QAction],
        session: Session,
        views: ViewGrid,
        prediction: PredictionControl,
        looks: LookControl,
    ) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self._session, self._views = session, views
        self._prediction, self._looks = prediction, looks
        session.slide_changed.connect(self._show_slide)
        session.document.state_changed.connect(self._show_document)
        prediction.running_changed.connect(self._show_prediction)
        prediction.paused_changed.connect(actions["pause"].setChecked)
        for signal in (views.active_changed, views.layers_changed, looks.profile_changed):
            signal.connect(self._show_view)
        self._show_slide()
        self._show_view()

    def _show_slide(self) -> None:
        for name in OF_A_SLIDE:
            self._actions[name].setEnabled(self._session.slide is not None)
        self._show_prediction()
        self._show_document()

    def _show_prediction(self) -> None:
        runs, has_result = self._prediction.is_running, self._prediction.has_result
        for name in ("predict", "predict_view", "predict_with"):
            self._actions[name].setEnabled(self._session.slide is not None and not runs)
        self._actions["pause"].setEnabled(self._prediction.is_busy)
        self._actions["cancel"].setEnabled(runs or self._prediction.is_busy)
        for name in ("export_prediction", "accept", "regions_to_markup"):
            self._actions[name].setEnabled(has_result)

    def _show_document(self) -> None:
        slide, document = self._session.slide, self._session.document
        title = slide.path.name if slide else "slideviewer"
        if document.path is not None:
            title += f" · {document.path.name}"
        self._window.setWindowTitle(f"{title}[*]" + (" – slideviewer" if slide else ""))
        self._window.setWindowModified(not document.is_saved)
        has_any = slide is not None or len(document.annotations) > 0
        for name in ("save", "save_as"):
            self._actions[name].setEnabled(has_any)
        stack = document.undo_stack
        for name, can, text in (
            ("undo", stack.canUndo(), stack.undoText()),
            ("redo", stack.canRedo(), stack.redoText()),
        ):
            self._actions[name].setEnabled(can)
            self._actions[name].setText(f"{name.capitalize()} {text}".strip())

    def _show_view(self) -> None:
        """Let the menu say what the active view shows."""
        view = self._views.active
        for name, layer in (("show_markup", view.markup), ("show_prediction", view.cells)):
            self._actions[name].setChecked(layer.visible)
        self._actions["show_icc"].setEnabled(self._looks.can_manage)
        self._actions["show_icc"].setChecked(self._looks.is_managed)
