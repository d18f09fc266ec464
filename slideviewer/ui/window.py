"""The main window: puts canvas, docks, actions and status line together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QMessageBox,
    QToolButton,
)

from slideviewer import RESEARCH_USE_ONLY, __version__, paths
from slideviewer.annotations import Points
from slideviewer.ui import actions
from slideviewer.ui.aids import Aids
from slideviewer.ui.browsing import Browsing
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.cells import Cells
from slideviewer.ui.command_palette import CommandPalette
from slideviewer.ui.docks import LEFT, RIGHT, Docks, Panel
from slideviewer.ui.files import Files
from slideviewer.ui.help.control import HelpControl
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.layers.tiles import TileLayer
from slideviewer.ui.look_control import LookControl
from slideviewer.ui.looking import Looking
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.overview import Overview
from slideviewer.ui.palette_entries import entries_of
from slideviewer.ui.panels.annotations import AnnotationsPanel
from slideviewer.ui.panels.layers import LayersPanel
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.preference_control import PreferenceControl
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session
from slideviewer.ui.slide_watch import SlideWatch
from slideviewer.ui.status import StatusLine
from slideviewer.ui.tiles.cache import TileCache, default_limit_bytes
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.tools.polygon import PolygonTool
from slideviewer.ui.tools.select import SelectTool
from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.views.commands import ViewCommands
from slideviewer.ui.views.free_room import FreeRoom
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere
from slideviewer.ui.welcome import Welcome


class MainWindow(QMainWindow):
    """One slide in the middle, and what is known of it around it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.session = Session(self)
        self.cells = Cells(self)
        self.sources = TileSources(TileCache(default_limit_bytes()), self)
        self.views = ViewGrid(self.session, self.sources, self.cells)
        self.setCentralWidget(self.views)
        free_room = FreeRoom(self.views)
        self.notices = NoticeStack(self.views, lambda: free_room.rect)
        free_room.changed.connect(self.notices.place)
        self.saving = Saving(self.session, self.notices, self)
        self.files = Files(self.session, self.notices, self.saving, self)
        self.comparing = ViewCommands(
            self.views, self.session, self.notices, paths.alignments_file(), self
        )
        self.slide_watch = SlideWatch(self.views, self.notices, self.files.reopen, self)
        self.looking = Looking(self.views, self.notices)
        self.aids = Aids(self.session, self.views, self.sources, self.notices, self)
        self.looks = LookControl(self.views, self.notices, self)
        self.browsing = Browsing(self.session, self.files, self._waits_for_tiles, self)
        self.preferences = PreferenceControl(self.views, self.sources.cache, self.looks, self)
        self.help = HelpControl(self)
        self.prediction = PredictionControl(
            self.session, self.views, self.cells, self.notices, self
        )
        document, selection = self.session.document, self.session.selection
        self._select = SelectTool(document, selection, self.views.preview, self)
        self._tools: dict[str, Tool] = {
            "pan": self.views.main.canvas.hand,
            "select": self._select,
            "polygon": PolygonTool(self._add_polygon, self),
            "ruler": self.aids.ruler_tool,
        }
        self.named_actions, self.toolbar = actions.build(self, self._handlers())
        self.toolbar.addWidget(self.prediction.chooser)
        for name in ("predict", "cancel"):
            self.toolbar.addAction(self.named_actions[name])
            button = self.toolbar.widgetForAction(self.named_actions[name])
            assert isinstance(button, QToolButton)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.preferences.begin(self.named_actions)
        self.command_palette = CommandPalette(
            self, lambda: entries_of(self.menuBar()) + self.browsing.recent_entries
        )
        self.welcome = Welcome(
            self.views, self.named_actions, self.files.open_demo, self.browsing.tiles
        )
        self.status = StatusLine(self.session, self.views)
        self.setStatusBar(self.status)
        self.docks = self._make_docks()
        for panel in (self.annotations_panel, self.aids.bookmarking.panel):
            panel.name_keys(self.named_actions)
        self._connect()
        self.named_actions["pan"].setChecked(True)
        self._show_what_is_shown()
        self.docks.restore()
        self._on_slide_changed()
        self._show_document_state()

    def _handlers(self) -> dict[str, Callable[..., object]]:
        handlers: dict[str, Callable[..., object]] = {
            "open_slide": self.files.ask_for_slide,
            "open_annotations": self.files.ask_for_annotations,
            "save": self.saving.save,
            "save_as": self.saving.save_as,
            "export_prediction": self.prediction.ask_to_export,
            "quit": self.close,
            "undo": lambda: self._unless_drawing(self.session.document.undo_stack.undo),
            "redo": lambda: self._unless_drawing(self.session.document.undo_stack.redo),
            "delete": self._select.delete_selected,
            "accept": lambda: self.accept_region_at(
                *self.views.of_session.canvas.point_under_mouse()
            ),
            "show_markup": lambda shown: setattr(self.views.active.markup, "visible", shown),
            "show_prediction": lambda shown: setattr(self.views.active.cells, "visible", shown),
            "adjust": self._show_adjustments,
            "show_icc": self.looks.set_managed,
            "bookmarks": lambda: self.docks.show("Bookmarks"),
            "hide_chrome": self._hide_chrome,
            "command_palette": lambda: self.command_palette.open(),
            "preferences": self.preferences.show,
            "slide_tray": lambda shown: self.docks.show("Slides", shown),
            "predict": self._predict,
            "cancel": self.prediction.cancel,
            "about": self._about,
        }
        for name in self._tools:
            handlers[name] = lambda on, name=name: self._take_tool(name) if on else None
        handlers |= self.aids.commands | self.help.commands
        return handlers | self.looking.commands | self.browsing.commands | self.comparing.commands

    @property
    def canvas(self) -> Canvas:
        """The canvas of the active view."""
        return self.views.active.canvas

    @property
    def tiles(self) -> TileLayer:
        """The slide's layer in the active view."""
        return self.views.active.tiles

    @property
    def markup(self) -> MarkupLayer:
        """The markup's layer in the active view."""
        return self.views.active.markup

    @property
    def overview(self) -> Overview:
        """The overview of the active view."""
        return self.views.active.overview

    def _make_docks(self) -> Docks:
        self.annotations_panel = AnnotationsPanel(self.session.document, self.session.selection)
        self.layers_panel = LayersPanel(self.views, self.cells)
        docks = Docks(
            self,
            (
                Panel("Slides", self.browsing.tray, LEFT, is_in_front=True),
                Panel("Annotations", self.annotations_panel, LEFT),
                Panel("Bookmarks", self.aids.bookmarking.panel, LEFT, is_shown=False),
                Panel(
                    "Layers", self.looks.with_channels(self.layers_panel), RIGHT, is_in_front=True
                ),
                Panel("Adjust", self.looks.adjust, RIGHT),
            ),
        )
        self._menu("&View").addSeparator()
        panels = self._menu("&View").addMenu("Panels")
        for title in docks.titles:
            panels.addAction(docks.toggle(title))
        return docks

    def _connect(self) -> None:
        session, document = self.session, self.session.document
        session.slide_changed.connect(self._on_slide_changed)
        self.views.active_changed.connect(self._show_what_is_shown)
        self.views.layers_changed.connect(self._show_what_is_shown)
        self.looks.profile_changed.connect(self._show_what_is_shown)
        session.slide_changed.connect(lambda: self.canvas.tool.cancel())
        document.replaced.connect(lambda: self.canvas.tool.cancel())
        document.state_changed.connect(self._show_document_state)
        self.browsing.steps_changed.connect(self._show_steps)
        self._show_steps()
        self.browsing.tray_wanted.connect(lambda: self.docks.show("Slides"))
        self.docks.toggle("Slides").toggled.connect(self._show_tray_state)
        self._show_tray_state(self.docks.toggle("Slides").isChecked())
        self.annotations_panel.jump_wanted.connect(self._jump_to)
        self.files.progressed.connect(self.status.show_progress)
        self.prediction.progressed.connect(self.status.show_progress)
        self.prediction.running_changed.connect(self._show_whether_predicting)
        self.addActions(list(self.named_actions.values()))  # keys work with the menus hidden, too
        # Tab moves the focus everywhere else, so it hides the chrome only from the canvas.
        self.named_actions["hide_chrome"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.views.add_canvas_action(self.named_actions["hide_chrome"])
        self.comparing.attach(self.named_actions)
        self.aids.attach(self.named_actions)
        self.status.problems_wanted.connect(self.aids.windows.show_problems)
        self.files.likelihood_map_wanted.connect(self.aids.maps.show)

    def _on_slide_changed(self) -> None:
        slide = self.session.slide
        self.welcome.setVisible(slide is None)
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

    def _show_what_is_shown(self) -> None:
        """Let the menu say what the active view shows."""
        view = self.views.active
        for name, layer in (("show_markup", view.markup), ("show_prediction", view.cells)):
            self.named_actions[name].setChecked(layer.visible)
        self.aids.show_state()
        self.named_actions["show_icc"].setEnabled(self.looks.can_manage)
        self.named_actions["show_icc"].setChecked(self.looks.is_managed)

    def _predict(self) -> None:
        show_somewhere(self.views, lambda view: view.cells)
        self.prediction.start()

    def _add_polygon(self, points: Points) -> None:
        self.views.of_session.markup.visible = True  # lest what was drawn vanish
        self.session.add_polygons("Add polygon", [points])

    def _take_tool(self, name: str) -> None:
        if name == "select":
            show_somewhere(self.views, lambda view: view.markup)
        self.views.set_tool(self._tools[name])
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
        else:
            show_somewhere(self.views, lambda view: view.markup)
        self.session.add_polygons("Accept predicted region", outlines)

    def _waits_for_tiles(self) -> bool:
        return any(view.tiles.is_loading for view in self.views.views)

    def _show_tray_state(self, shown: bool) -> None:
        with QSignalBlocker(self.named_actions["slide_tray"]):  # it is not to come to the front
            self.named_actions["slide_tray"].setChecked(shown)

    def _show_steps(self) -> None:
        for name, by in (("next_slide", 1), ("previous_slide", -1)):
            self.named_actions[name].setEnabled(self.browsing.tray.can_step(by))

    def _jump_to(self, annotation_id: str) -> None:
        bounds = self.session.document.annotations[annotation_id].bounds
        if bounds is not None:
            margin = max(bounds.width, bounds.height, 256) / 4
            self.views.of_session.canvas.show_rect(bounds.grown(margin))

    def _show_adjustments(self) -> None:
        self.docks.show("Adjust")
        self.looks.adjust.setFocus()

    def _hide_chrome(self, hidden: bool) -> None:
        self.docks.hide_with([self.menuBar(), self.toolbar, self.status], hidden)

    def _about(self) -> None:
        QMessageBox.about(
            self,
            "About slideviewer",
            f"<b>slideviewer {__version__}</b><p>Whole-slide images, specialist markup and "
            f"deep-learning predictions in one window.</p><p><b>{RESEARCH_USE_ONLY}</b></p>"
            "<p>Icons: Material Design Icons by Pictogrammers (Apache 2.0).</p>",
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "docks"):
            actions.dress(self.named_actions)
            self.docks.dress()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.files.open_all([Path(url.toLocalFile()) for url in event.mimeData().urls()])

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.saving.may_leave():
            event.ignore()
            return
        if not self.named_actions["hide_chrome"].isChecked():
            self.docks.keep()
        self.files.close()
        self.let_go()
        event.accept()

    def let_go(self) -> None:
        """End all work in the background and close every slide; the window is of no use then."""
        self.prediction.close()
        self.aids.close()
        self.help.close()
        self.browsing.close()
        self.session.set_slide(None)
        self.views.close_views()
        self.sources.loader.stop()
