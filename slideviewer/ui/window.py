"""The main window: puts canvas, docks, actions and status line together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QTabWidget,
    QToolButton,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.slide import Spacing
from slideviewer.ui import actions, words
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.files import Files
from slideviewer.ui.layers.cells import CellLayer
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.layers.scale_bar import ScaleBarLayer
from slideviewer.ui.layers.tiles import TileLayer
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.overview import Overview
from slideviewer.ui.panels.annotations import AnnotationsPanel
from slideviewer.ui.panels.layers import LayersPanel
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.session import Session
from slideviewer.ui.status import StatusLine
from slideviewer.ui.tools.polygon import PolygonTool
from slideviewer.ui.tools.select import SelectTool
from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.welcome import Welcome


class MainWindow(QMainWindow):
    """One slide in the middle, and what is known of it around it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.session = Session(self)
        self.canvas = Canvas()
        self.setCentralWidget(self.canvas)
        self.tiles, self.markup = TileLayer(self), MarkupLayer(self)
        self.cells, self.scale_bar = CellLayer(self), ScaleBarLayer(self)
        self.canvas.set_layers([self.tiles, self.cells, self.markup, self.scale_bar])
        self.notices = NoticeStack(self.canvas)
        self.files = Files(self.session, self.notices, self)
        self.prediction = PredictionControl(
            self.session, self.canvas, self.cells, self.notices, self
        )
        document, selection = self.session.document, self.session.selection
        self._hidden: list[QWidget] = []
        self._select = SelectTool(document, selection, self.markup, self)
        self._tools: dict[str, Tool] = {
            "pan": self.canvas.hand,
            "select": self._select,
            "polygon": PolygonTool(
                lambda points: self.session.add_polygons("Add polygon", [points]), self
            ),
        }
        self.named_actions, self.toolbar = actions.build(self, self._handlers())
        self.toolbar.addWidget(self.prediction.chooser)
        for name in ("predict", "cancel"):
            self.toolbar.addAction(self.named_actions[name])
            button = self.toolbar.widgetForAction(self.named_actions[name])
            assert isinstance(button, QToolButton)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.welcome = Welcome(self.canvas, self.files.ask_for_slide, self.files.open_demo)
        self.overview = Overview(self.session, self.canvas, self.tiles)
        self.notices.keep_clear_of(self.overview)
        self.status = StatusLine(self.session, self.canvas)
        self.setStatusBar(self.status)
        self._docks = self._make_docks()
        self._connect()
        self.named_actions["pan"].setChecked(True)
        for name, layer in (("show_markup", self.markup), ("show_prediction", self.cells)):
            self.named_actions[name].setChecked(layer.visible)
        self._restore_places()
        self._on_slide_changed()
        self._show_document_state()

    def _handlers(self) -> dict[str, Callable[..., object]]:
        handlers: dict[str, Callable[..., object]] = {
            "open_slide": self.files.ask_for_slide,
            "open_annotations": self.files.ask_for_annotations,
            "save": self.files.save,
            "save_as": self.files.save_as,
            "export_prediction": self.prediction.ask_to_export,
            "quit": self.close,
            "undo": lambda: self._unless_drawing(self.session.document.undo_stack.undo),
            "redo": lambda: self._unless_drawing(self.session.document.undo_stack.redo),
            "delete": self._select.delete_selected,
            "accept": lambda: self.accept_region_at(*self.canvas.point_under_mouse()),
            "whole_slide": self.canvas.show_home,
            "zoom_in": lambda: self.canvas.zoom_by(1.5),
            "zoom_out": lambda: self.canvas.zoom_by(1 / 1.5),
            "show_markup": lambda shown: setattr(self.markup, "visible", shown),
            "show_prediction": lambda shown: setattr(self.cells, "visible", shown),
            "hide_chrome": self._hide_chrome,
            "predict": self.prediction.start,
            "cancel": self.prediction.cancel,
            "about": self._about,
        }
        for name in self._tools:
            handlers[name] = lambda on, name=name: self._take_tool(name) if on else None
        for name, value in actions.MAGNIFICATIONS.items():
            handlers[name] = lambda value=value: self._magnify(value)
        return handlers

    def _make_docks(self) -> dict[str, QDockWidget]:
        layers = [self.tiles, self.cells, self.markup, self.scale_bar]
        self.annotations_panel = AnnotationsPanel(self.session.document, self.session.selection)
        self.layers_panel = LayersPanel(layers, self.cells)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = {}
        for title, panel, area in (
            ("Annotations", self.annotations_panel, left),
            ("Layers", self.layers_panel, right),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(title)
            dock.setWidget(panel)
            self.addDockWidget(area, dock)
            docks[title] = dock
            self._menu("&View").addAction(dock.toggleViewAction())
        self.resizeDocks(list(docks.values()), [300, 300], Qt.Orientation.Horizontal)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        return docks

    def _connect(self) -> None:
        session, document = self.session, self.session.document
        session.slide_changed.connect(self._on_slide_changed)
        session.slide_changed.connect(lambda: self.canvas.tool.cancel())
        document.replaced.connect(lambda: self.canvas.tool.cancel())
        document.changed.connect(lambda _: self.markup.set_annotations(document.annotations))
        document.replaced.connect(lambda: self.markup.set_annotations(document.annotations))
        document.state_changed.connect(self._show_document_state)
        session.selection.changed.connect(
            lambda: self.markup.set_selection(session.selection.ids, session.selection.vertex)
        )
        self.annotations_panel.jump_wanted.connect(self._jump_to)
        self.tiles.problem_found.connect(self.status.show_problems)
        self.files.progressed.connect(self.status.show_progress)
        self.prediction.progressed.connect(self.status.show_progress)
        self.prediction.running_changed.connect(self._show_whether_predicting)
        for name, layer in (("show_markup", self.markup), ("show_prediction", self.cells)):
            layer.changed.connect(
                lambda name=name, layer=layer: self.named_actions[name].setChecked(layer.visible)
            )
        self.addActions(list(self.named_actions.values()))  # keys work with the menus hidden, too
        # Tab moves the focus everywhere else, so it hides the chrome only from the canvas.
        self.named_actions["hide_chrome"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.canvas.addAction(self.named_actions["hide_chrome"])

    def _on_slide_changed(self) -> None:
        slide = self.session.slide
        self.tiles.set_slide(slide)
        self.scale_bar.set_spacing(slide.spacing if slide else None)
        self.welcome.setVisible(slide is None)
        self.canvas.set_extent(
            slide.pyramid.extent if slide else None, slide.bounds if slide else None
        )
        for name in ("predict", "whole_slide", "polygon", "select"):
            self.named_actions[name].setEnabled(slide is not None)
        self._show_whether_predicting(False)
        self._show_document_state()

    def _show_document_state(self) -> None:
        slide, document = self.session.slide, self.session.document
        title = slide.path.name if slide else "slideviewer"
        if document.path is not None:
            title += f" · {document.path.name}"
        self.setWindowTitle(f"{title}[*]" + (" – slideviewer" if slide else ""))
        self.setWindowModified(not document.is_saved)
        has_any = slide is not None or len(document.annotations) > 0
        self.named_actions["save"].setEnabled(has_any)
        self.named_actions["save_as"].setEnabled(has_any)
        stack = document.undo_stack
        for name, can, text in (
            ("undo", stack.canUndo(), stack.undoText()),
            ("redo", stack.canRedo(), stack.redoText()),
        ):
            self.named_actions[name].setEnabled(can)
            self.named_actions[name].setText(f"{name.capitalize()} {text}".strip())

    def _show_whether_predicting(self, running: bool) -> None:
        self.named_actions["predict"].setEnabled(self.session.slide is not None and not running)
        self.named_actions["cancel"].setEnabled(running)
        self.named_actions["export_prediction"].setEnabled(self.prediction.has_result)
        self.named_actions["accept"].setEnabled(self.prediction.has_result)

    def _menu(self, title: str) -> QMenu:
        return next(menu for menu in self.menuBar().findChildren(QMenu) if menu.title() == title)

    def _take_tool(self, name: str) -> None:
        self.canvas.set_tool(self._tools[name])
        self.status.show_hint(self._tools[name].hint)

    def _unless_drawing(self, step: Callable[[], None]) -> None:
        if not self.canvas.tool.is_busy:
            step()

    def accept_region_at(self, x: float, y: float) -> None:
        """Add the predicted region at a level-0 point to the markup."""
        if self.canvas.tool.is_busy:
            return
        outlines = self.prediction.region_outlines(x, y)
        if not outlines:
            self.notices.tell("Point at a red region first: there is none under the mouse.")
        self.session.add_polygons("Accept predicted region", outlines)

    def _jump_to(self, annotation_id: str) -> None:
        bounds = self.session.document.annotations[annotation_id].bounds
        if bounds is not None:
            margin = max(bounds.width, bounds.height, 256) / 4
            self.canvas.show_rect(bounds.grown(margin))

    def _magnify(self, magnification: float) -> None:
        slide = self.session.slide
        if slide is None:
            return
        if isinstance(slide.spacing, Spacing):
            self.canvas.zoom_to(words.scale_at(magnification, slide.spacing))
        else:
            self.notices.tell(f"The magnification is unknown: {slide.spacing.reason}")

    def _hide_chrome(self, hidden: bool) -> None:
        if hidden:
            parts = [self.menuBar(), self.toolbar, self.status, *self._docks.values()]
            self._hidden = [part for part in parts if part.isVisible()]
        for part in self._hidden:
            part.setVisible(not hidden)

    def _about(self) -> None:
        QMessageBox.about(
            self,
            "About slideviewer",
            f"<b>slideviewer {__version__}</b><p>Whole-slide images, specialist markup and "
            f"deep-learning predictions in one window.</p><p><b>{RESEARCH_USE_ONLY}</b></p>"
            "<p>Icons: Material Design Icons by Pictogrammers (Apache 2.0).</p>",
        )

    def _restore_places(self) -> None:
        settings = QSettings()
        for key, restore in (("geometry", self.restoreGeometry), ("docks", self.restoreState)):
            value = settings.value(key)
            if value is not None:
                restore(value)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "named_actions"):
            actions.dress(self.named_actions)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.files.open_all([Path(url.toLocalFile()) for url in event.mimeData().urls()])

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave():
            event.ignore()
            return
        if not self.named_actions["hide_chrome"].isChecked():
            QSettings().setValue("geometry", self.saveGeometry())
            QSettings().setValue("docks", self.saveState())
        self.prediction.close()
        self.session.set_slide(None)
        event.accept()
