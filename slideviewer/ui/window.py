"""The main window: puts canvas, docks, actions and status line together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QMenu

from slideviewer import paths
from slideviewer.ui import actions
from slideviewer.ui.action_states import ActionStates
from slideviewer.ui.aids import Aids
from slideviewer.ui.browsing import Browsing
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.cell_card import CellCards
from slideviewer.ui.command_palette import CommandPalette
from slideviewer.ui.docks import LEFT, RIGHT, Docks, Panel
from slideviewer.ui.editing.control import Editing
from slideviewer.ui.files import Files
from slideviewer.ui.help.control import HelpControl
from slideviewer.ui.importing import Importing
from slideviewer.ui.judging import Judging
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.layers.tiles import TileLayer
from slideviewer.ui.look_control import LookControl
from slideviewer.ui.looking import Looking
from slideviewer.ui.masks.control import Masks
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.overview import Overview
from slideviewer.ui.palette_entries import entries_of
from slideviewer.ui.panels.layers import LayersPanel
from slideviewer.ui.panels.predictions import PredictionsPanel
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.preference_control import PreferenceControl
from slideviewer.ui.recovering import Recovering
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session
from slideviewer.ui.slide_watch import SlideWatch
from slideviewer.ui.status import StatusLine
from slideviewer.ui.tiles.cache import TileCache, default_limit_bytes
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.training.control import TITLE, Training
from slideviewer.ui.views.commands import ViewCommands
from slideviewer.ui.views.free_room import FreeRoom
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.welcome import Welcome
from slideviewer.ui.worklist_batches import WorklistBatches
from slideviewer.ui.worklist_exporting import WorklistExporting
from slideviewer.ui.worklists import Worklists


class MainWindow(QMainWindow):
    """One slide in the middle, and what is known of it around it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.session = Session(self)
        self.predicted = Predicted(self)
        self.cells = self.predicted.cells
        self.sources = TileSources(TileCache(default_limit_bytes()), self)
        self.views = ViewGrid(self.session, self.sources, self.predicted)
        self.setCentralWidget(self.views)
        free_room = FreeRoom(self.views)
        self.notices = NoticeStack(self.views, lambda: free_room.rect)
        free_room.changed.connect(self.notices.place)
        self.saving = Saving(self.session, self.notices, self)
        self.files = Files(self.session, self.notices, self.saving, self)
        self.recovering = Recovering(self.session, self.files, self.saving, self.notices, self)
        self.importing = Importing(self.session, self.notices, self)
        self.comparing = ViewCommands(
            self.views, self.session, self.notices, paths.alignments_file(), self
        )
        self.slide_watch = SlideWatch(self.views, self.notices, self.files.reopen, self)
        self.looking = Looking(self.views, self.notices)
        self.aids = Aids(self.session, self.views, self.sources, self.notices, self)
        self.looks = LookControl(self.views, self.notices, self)
        self.browsing = Browsing(self.session, self.files, self.views, self)
        self.worklists = Worklists(self.session, self.files, self.browsing.tray, self.notices, self)
        self.preferences = PreferenceControl(self.views, self.sources.cache, self.looks, self)
        self.help = HelpControl(self)
        self.prediction = PredictionControl(
            self.session, self.views, self.predicted, self.notices, self.aids.running, self
        )
        self.cell_cards = CellCards(self.session, self.views, self.predicted)
        self.editing = Editing(self.session, self.views, self.notices, self)
        self.judging = Judging(
            self.session,
            self.views,
            self.predicted,
            self.prediction,
            self.editing,
            self.saving,
            self.files,
            self.aids,
            self.notices,
            self,
        )
        self.batches = WorklistBatches(self.worklists, self.prediction, self.notices, self)
        self.exporting = WorklistExporting(
            self.worklists,
            self.prediction,
            self.judging.reporting,
            self.notices,
            self.aids.running,
            self,
        )
        self.masks = Masks(self.session, self.views, self.notices, self.aids.running, self)
        self.training = Training(
            self.session, self.prediction, self.notices, self._show_training, self
        )
        self.named_actions, self.toolbar = actions.build(self, self._handlers())
        self.prediction.chooser.offer_action(self.named_actions["show_card"])
        self.toolbar.addWidget(self.prediction.chooser)
        actions.add_with_words(self.toolbar, self.named_actions, ("predict", "pause", "cancel"))
        self.preferences.begin(self.named_actions)
        self.command_palette = CommandPalette(
            self, lambda: entries_of(self.menuBar()) + self.browsing.recent_entries
        )
        self.welcome = Welcome(
            self.views, self.named_actions, self.files.open_demo, self.browsing.tiles
        )
        self.status = StatusLine(self.session, self.views, self.saving)
        self.setStatusBar(self.status)
        self.docks = self._make_docks()
        self.aids.bookmarking.panel.name_keys(self.named_actions)
        self._connect()
        followed = self.session, self.views, self.prediction, self.looks
        ActionStates(self, self.named_actions, *followed)
        self.named_actions["pan"].setChecked(True)
        self.aids.show_state()
        self.docks.restore()
        self._show_welcome()

    def _handlers(self) -> dict[str, Callable[..., object]]:
        handlers: dict[str, Callable[..., object]] = {
            "import_annotations": lambda: self.editing.unless_drawing(self.importing.ask),
            "quit": self.close,
            "pan": lambda on: self.views.tools.choose(self.views.main.canvas.hand) if on else None,
            "review": lambda: self.docks.show("Review"),
            "metrics": lambda: self.docks.show("Metrics"),
            "show_markup": lambda shown: setattr(self.views.active.markup, "visible", shown),
            "show_prediction": lambda shown: setattr(self.views.active.cells, "visible", shown),
            "adjust": self._show_adjustments,
            "show_icc": self.looks.set_managed,
            "bookmarks": lambda: self.docks.show("Bookmarks"),
            "hide_chrome": self._hide_chrome,
            "command_palette": lambda: self.command_palette.open(),
            "preferences": self.preferences.show,
            "slide_tray": lambda shown: self.docks.show("Slides", shown),
            "predictions": lambda: self.docks.show("Predictions"),
            "training": self._show_training,
        }
        handlers |= self.files.commands | self.saving.commands
        handlers |= self.aids.commands | self.help.commands | self.editing.commands
        handlers |= self.masks.commands | self.prediction.commands | self.judging.commands
        handlers |= self.worklists.commands | self.batches.commands | self.exporting.commands
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
        self.layers_panel = LayersPanel(self.views, self.predicted)
        self.predictions_panel = PredictionsPanel(self.prediction.queue)
        docks = Docks(
            self,
            (
                Panel("Slides", self.browsing.tray, LEFT, is_in_front=True),
                *self.editing.panels,
                Panel("Bookmarks", self.aids.bookmarking.panel, LEFT, is_shown=False),
                Panel(
                    "Layers", self.looks.with_channels(self.layers_panel), RIGHT, is_in_front=True
                ),
                Panel("Adjust", self.looks.adjust, RIGHT),
                Panel("Predictions", self.predictions_panel, RIGHT, is_shown=False),
                *self.judging.docks,
                self.training.dock,
            ),
        )
        menus = self.menuBar().findChildren(QMenu)
        view = next(menu for menu in menus if menu.title() == "&View")
        view.addSeparator()
        docks.list_in(view.addMenu("Panels"))
        return docks

    def _connect(self) -> None:
        self.session.slide_changed.connect(self._show_welcome)
        for signal in (self.views.active_changed, self.views.layers_changed):
            signal.connect(self.aids.show_state)
        self.browsing.tray_wanted.connect(lambda: self.docks.show("Slides"))
        self.browsing.tray.prediction_wanted.connect(self._predict_chosen)
        self.prediction.queue.ended.connect(self.worklists.note_ended)
        self.predictions_panel.open_wanted.connect(self.files.open_slide)
        self.docks.mark("Slides", self.named_actions["slide_tray"])
        self.files.progressed.connect(self.status.show_progress)
        self.prediction.progressed.connect(self.status.show_progress)
        self.addActions(list(self.named_actions.values()))  # keys work with the menus hidden, too
        # Tab moves the focus everywhere else, so it hides the chrome only from the canvas.
        self.named_actions["hide_chrome"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.views.add_canvas_action(self.named_actions["hide_chrome"])
        self.comparing.attach(self.named_actions)
        self.aids.attach(self.named_actions)
        self.browsing.attach(self.named_actions)
        self.editing.attach(self.named_actions)
        self.judging.attach(self.named_actions)
        self.judging.blind.ended.connect(self.worklists.note_read)
        self.docks["Metrics"].visibilityChanged.connect(self.judging.metrics.watch)
        self.judging.metrics.shown_wanted.connect(lambda: self.docks.show("Metrics"))
        self.editing.tell_history(self.judging.history_of)
        self.views.tools.hint_changed.connect(self.status.show_hint)
        self.status.problems_wanted.connect(self.aids.windows.show_problems)
        self.files.likelihood_map_wanted.connect(self.aids.maps.show)

    def _show_welcome(self) -> None:
        self.welcome.setVisible(self.session.slide is None)

    def _predict_chosen(self, paths: list[Path]) -> None:
        self.docks.show("Predictions")
        self.prediction.ordering.start_slides(paths)

    def _show_training(self) -> None:
        self.docks.show(TITLE)

    def _show_adjustments(self) -> None:
        self.docks.show("Adjust")
        self.looks.adjust.setFocus()

    def _hide_chrome(self, hidden: bool) -> None:
        self.docks.hide_with([self.menuBar(), self.toolbar, self.status], hidden)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "docks"):
            actions.dress(self.named_actions)
            self.docks.dress()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.files.open_all(_files_in(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        may_leave = self.editing.may_leave() and self.saving.may_leave()
        if not may_leave or not self.training.may_leave():
            event.ignore()
            return
        if not self.named_actions["hide_chrome"].isChecked():
            self.docks.keep()
        self.files.close()
        self.let_go()
        event.accept()

    def let_go(self) -> None:
        """End all work in the background and close every slide; the window is of no use then."""
        self.judging.close()
        self.worklists.close()
        self.batches.close()
        self.training.close()
        self.prediction.close()
        self.aids.close()
        self.help.close()
        self.browsing.close()
        self.saving.close()
        self.editing.close()
        self.session.set_slide(None)
        self.views.close_views()
        self.sources.loader.stop()


def _files_in(dropped: QMimeData) -> list[Path]:
    """The files among what is dragged, which may be links of a browser as well."""
    return [Path(url.toLocalFile()) for url in dropped.urls() if url.isLocalFile()]
