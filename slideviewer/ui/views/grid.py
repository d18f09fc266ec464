"""The views in the middle of the window, in rows and columns; one of them is the active one."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slideviewer.annotations import Annotation
from slideviewer.slide import Slide
from slideviewer.ui.manner import Manner
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.session import Session
from slideviewer.ui.tiles.source import TileSources
from slideviewer.ui.views.area import MOST_ACROSS, Area, Sizes, columns_for
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.views.tools_at_hand import ToolsAtHand

MOST_VIEWS = MOST_ACROSS**2


class ViewGrid(QWidget):
    """Up to 3 × 3 views. The first one always shows the session's slide."""

    active_changed = Signal()  # another view is the one that commands and panels mean
    views_changed = Signal()  # a view came or went
    hovered = Signal(float, float)  # level-0 point of the active view's slide under the mouse
    left = Signal()  # the mouse left that view
    clicked = Signal(object, float, float)  # SlideView, and the level-0 point of its slide
    viewpoint_changed = Signal(object)  # Viewpoint of the active view
    slide_changed = Signal()  # another slide is shown in some view
    layers_changed = Signal()  # some view shows other layers, or hides or shows one
    problem_found = Signal(int)  # how many tiles of the active view's slide could not be read
    other_wanted = Signal(object)  # SlideView in which the user wants to choose a slide
    session_wanted = Signal(object)  # SlideView in which the user wants the session's slide
    slide_dropped = Signal(object, object)  # SlideView, Path of what is to be shown there
    close_wanted = Signal(object)  # SlideView that the user wants to close

    def __init__(
        self,
        session: Session,
        sources: TileSources,
        predicted: Predicted,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._sources, self._predicted = session, sources, predicted
        self._area = Area()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._area, 1)
        self._views: list[SlideView] = []
        self._columns = 1
        self.tools = ToolsAtHand(lambda: self._views, self)
        self._canvas_actions: list[QAction] = []
        self._in_place: QWidget | None = None  # of the area
        self._sizes: Sizes = ()  # of the area, before that
        self._manner = Manner()
        self._active = self._make()
        self._arrange()
        session.slide_changed.connect(self._on_slide_changed)

    @property
    def views(self) -> tuple[SlideView, ...]:
        """All views, row by row."""
        return tuple(self._views)

    @property
    def main(self) -> SlideView:
        """The view of the session's slide that is always there."""
        return self._views[0]

    @property
    def active(self) -> SlideView:
        """The view that was used last."""
        return self._active

    @property
    def of_session(self) -> SlideView:
        """The view that places of the markup mean: the active one if it shows the markup."""
        return self._active if self._active.shows_session else self.main

    @property
    def area(self) -> Area:
        """Where the views are side by side."""
        return self._area

    @property
    def columns(self) -> int:
        """How many views stand beside each other."""
        return self._columns

    def set_shape(self, rows: int, columns: int) -> None:
        """Show so many views; further ones go, new ones show the session's slide."""
        self._columns = columns
        while len(self._views) > rows * columns:
            self.remove(self._views[-1])
        while len(self._views) < rows * columns:
            self.add()
        self._arrange()

    def add_beside(self) -> None:
        """Show one view more, of the session's slide, as the active view does."""
        if len(self._views) < MOST_VIEWS:
            self.add()
            self._columns = columns_for(len(self._views))
            self._arrange()

    def add(self) -> SlideView:
        """Make one more view of the session's slide; the caller finds a place for it."""
        view, like = self._make(), self.of_session
        view.set_slide(self._session.slide)
        view.canvas.go(like.canvas.viewpoint)
        self.views_changed.emit()
        view.look_like(like)  # last: whoever met it may have given it layers and a look
        self.tools.hand_out()
        return view

    def can_close(self, view: SlideView) -> bool:
        """Whether a view of the session's slide is left without this one."""
        return any(other.shows_session for other in self._views if other is not view)

    def close_view(self, view: SlideView) -> None:
        """Close one of several views, of which one at least shows the session's slide then."""
        if not self.can_close(view):
            return
        if view is self.main:  # another one takes its place, and it takes on that one's looks
            heir = next(other for other in self._views[1:] if other.shows_session)
            view.canvas.go(heir.canvas.viewpoint)
            view.look_like(heir)
            view = heir
        self.remove(view)
        self._columns = columns_for(len(self._views))
        self._arrange()

    def remove(self, view: SlideView) -> None:
        """Let a view go that has no place among the others, or is about to lose it."""
        if view is self._active:
            self.activate(self._views[0])
        self._views.remove(view)
        view.close_view()
        view.hide()
        view.deleteLater()
        self.views_changed.emit()

    def activate(self, view: SlideView) -> None:
        """Make a view the one that is meant."""
        if view is self._active:
            return
        self._active = view
        self._mark_active()
        self.active_changed.emit()

    def add_canvas_action(self, action: QAction) -> None:
        """Have a key work while a canvas has the focus, be it of a view that is yet to come."""
        self._canvas_actions.append(action)
        for view in self._views:
            view.canvas.addAction(action)

    def show_bar(self, bar: QWidget) -> None:
        """Put a slim bar above the views; it is hidden by its owner."""
        self._column.insertWidget(0, bar)

    def show_in_place(self, widget: QWidget) -> None:
        """Show a widget, which may take some of the views, in place of the rows of views."""
        self._sizes, self._in_place = self._area.sizes, widget
        self._area.hide()
        self._column.addWidget(widget, 1)
        self._mark_active()

    def show_area(self) -> None:
        """Show the rows of views again, as they were."""
        widget, self._in_place = self._in_place, None
        if widget is not None:
            self._column.removeWidget(widget)
            widget.hide()
            self._area.show()
            self._arrange(self._sizes)

    def close_views(self) -> None:
        """Let go of every slide; the window is about to close."""
        for view in self._views:
            view.close_view()

    def set_manner(self, manner: Manner) -> None:
        """Move and look like this in all views, those to come included."""
        self._manner = manner
        for view in self._views:
            view.canvas.set_manner(manner)

    def preview(self, annotations: Iterable[Annotation]) -> None:
        """Show these in place of the ones of the same id, in every view of the markup."""
        shown = tuple(annotations)
        for view in self._views:
            view.markup.preview(shown if view.shows_session else ())

    def show_other(self, view: SlideView, slide: Slide) -> None:
        """Show another slide than the session's in a view; the last view of it closes it."""
        view.set_slide(slide, is_own=True)
        self.tools.hand_out()
        self._mark_active()

    def show_session(self, view: SlideView) -> None:
        """Show the session's slide in a view."""
        view.set_slide(self._session.slide)
        self.tools.hand_out()
        self._mark_active()

    def _make(self) -> SlideView:
        view = SlideView(self._session, self._sources, self._predicted, self)
        # Files dropped on the first view are the window's.
        view.setAcceptDrops(bool(self._views))
        view.title.menu_button.setVisible(bool(self._views))
        self._views.append(view)
        canvas = view.canvas
        canvas.set_manner(self._manner)
        for action in self._canvas_actions:
            canvas.addAction(action)
        # The view owns these signals, so what is connected here goes when it goes.
        canvas.touched.connect(lambda: self.activate(view))
        canvas.left.connect(self.left)
        canvas.clicked.connect(lambda x, y: self.clicked.emit(view, x, y))
        for heard, told in (
            (canvas.hovered, self.hovered),
            (canvas.viewpoint_changed, self.viewpoint_changed),
            (view.tiles.problem_found, self.problem_found),
        ):
            heard.connect(lambda *it, told=told: told.emit(*it) if view is self._active else None)
        view.title.pressed.connect(lambda: self._on_title_pressed(view))
        view.title.other_wanted.connect(lambda: self.other_wanted.emit(view))
        view.title.session_wanted.connect(lambda: self.session_wanted.emit(view))
        view.title.close_wanted.connect(lambda: self.close_wanted.emit(view))
        view.slide_dropped.connect(lambda path: self.slide_dropped.emit(view, path))
        view.own_slide_left.connect(self._close_unless_shown)
        view.slide_changed.connect(self.slide_changed)
        view.layers_changed.connect(self.layers_changed)
        for layer in (view.markup, view.cells):
            layer.shown_changed.connect(self.layers_changed)
        return view

    def _arrange(self, sizes: Sizes = ()) -> None:
        if self._in_place is None:
            self._area.arrange(self._views, self._columns, sizes)
        self._mark_active()

    def _mark_active(self) -> None:
        is_one_of_several = len(self._views) > 1
        for view in self._views:
            view.title.setVisible(is_one_of_several and self._in_place is None)
            view.title.set_active(view is self._active)
            view.title.close_button.setEnabled(self.can_close(view))
            view.canvas.work_share = 1 / len(self._views)

    def _on_title_pressed(self, view: SlideView) -> None:
        self.activate(view)
        view.canvas.setFocus()

    def _close_unless_shown(self, slide: Slide) -> None:
        if all(view.slide is not slide for view in self._views):
            slide.close()

    def _on_slide_changed(self) -> None:
        slide = self._session.slide
        for view in self._views:
            if view.shows_session or (slide is not None and view.shows_file(slide.path)):
                view.set_slide(slide)
        self.tools.drop_begun()
        self.tools.hand_out()
        self._mark_active()
