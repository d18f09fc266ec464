"""The annotation editor as the window knows it: its tools, its commands and its panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from slideviewer.annotations import Annotation
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.docks import LEFT, Panel
from slideviewer.ui.editing.area_tools import AreaTools
from slideviewer.ui.editing.assigning import Assigning
from slideviewer.ui.editing.copying import Copying
from slideviewer.ui.editing.drawing import Drawing
from slideviewer.ui.editing.groups import Groups
from slideviewer.ui.editing.listing import Listing
from slideviewer.ui.editing.moving import Moving
from slideviewer.ui.editing.slide_offset import SlideOffset
from slideviewer.ui.editing.working import Working
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.history import HistoryPanel
from slideviewer.ui.session import Session
from slideviewer.ui.tools.picking import Picking
from slideviewer.ui.tools.select import SelectTool
from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere

STILL_DRAWING = "Something is being drawn: finish it first (Enter), or drop it (Esc)."


class Editing(QObject):
    """Makes the parts of the editor."""

    def __init__(
        self, session: Session, views: ViewGrid, notices: NoticeStack, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._notices = session, views, notices
        document, selection = session.document, session.selection
        self.moving = Moving(document, selection, self)
        picking = Picking(document, selection, session.shapes, session.group_states)
        self._select = SelectTool(
            document, selection, picking, views.preview, self.moving.nudge, self
        )
        self.drawing = Drawing(session, views, window)
        self.copying = Copying(session, views, notices)
        self.assigning = Assigning(session, self)
        self.assigning.told.connect(views.tools.hint_changed)
        self.working = Working(session, notices, lambda: self.is_drawing, window)
        self.areas = AreaTools(session, views, notices, self.unless_drawing, self.working, window)
        self.tools: Mapping[str, Tool] = {
            "select": self._select,
            **self.drawing.tools,
            **self.areas.tools,
        }
        self._measuring = Measuring(self)
        self.groups = Groups(session, views, notices, self._measuring, window)
        self.listing = Listing(session, views, notices, self._measuring, window)
        self.list = self.listing.panel
        self.list.delete_wanted.connect(self.delete_selected)
        self.list.jump_wanted.connect(self.jump_to)
        self.offset = SlideOffset(session, notices, window)
        self.history = HistoryPanel(session.document)
        self.history.wanted.connect(self._go_to_step)
        session.document.replaced.connect(views.tools.drop_begun)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        stack = self._session.document.undo_stack
        return {
            "undo": lambda: self.unless_drawing(stack.undo),
            "redo": lambda: self.unless_drawing(stack.redo),
            "delete": self.delete_selected,
            **{name: partial(self._take_up, name) for name in self.tools},
            **{name: partial(self.unless_drawing, do) for name, do in self._steps.items()},
            **self.areas.commands,
            "measure_intensity": self.listing.measure_intensity,
            "export_table": self.listing.export_table,
            **self.groups.commands,
        }

    @property
    def _steps(self) -> dict[str, Callable[[], None]]:
        """Commands that must wait for the end of a gesture."""
        own: dict[str, Callable[[], None]] = {
            "duplicate": lambda: self.moving.duplicate(self._views.of_session.canvas.viewpoint)
        }
        own["edit_annotations"] = self.listing.edit_selected
        own["shift_by_offset"] = self.offset.ask
        return own | self.copying.commands | self.assigning.commands

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What stands beside the slide."""
        return (
            Panel("Annotations", self.list, LEFT),
            self.groups.dock,
            Panel("History", self.history, LEFT, is_shown=False),
        )

    @property
    def is_drawing(self) -> bool:
        """Whether a gesture is under way, so that nothing else may edit."""
        begun = any(tool.is_busy for tool in self.tools.values())  # perhaps in another view
        return begun or self._views.active.canvas.tool.is_busy

    def may_leave(self) -> bool:
        """Whether the window may be closed as far as edits under way are concerned."""
        return self.working.may_leave()

    def close(self) -> None:
        """Leave nothing at work; the window is about to close."""
        self.working.close()
        self.groups.close()
        self._measuring.close()

    def tell_history(self, history_of: Callable[[Annotation], Sequence[str]]) -> None:
        """Show who drew an annotation, in the words of this function."""
        self.listing.table.history = self.groups.attributes.history = history_of

    def attach(self, named_actions: Mapping[str, QAction]) -> None:
        """Take the actions that the panels name."""
        self.listing.attach(named_actions)
        self.assigning.attach(named_actions)
        named_actions["colour_by_group"].setChecked(self.groups.colours.by_group)

    def begin(self, name: str) -> None:
        """Work with one of the tools."""
        if name == "select":
            show_somewhere(self._views, lambda view: view.markup)
        self._views.tools.choose(self.tools[name])

    def delete_selected(self) -> None:
        """Delete what is selected."""
        self.unless_drawing(self._select.delete_selected)

    def jump_to(self, annotation_id: str) -> None:
        """Show an annotation with some room around it."""
        bounds = self._session.document.annotations[annotation_id].bounds
        if bounds is not None:
            margin = max(bounds.width, bounds.height, 256) / 4
            self._views.of_session.canvas.show_rect(bounds.grown(margin))

    def unless_drawing(self, step: Callable[[], None]) -> None:
        """Do something that edits; where a gesture is under way, say that it must end first."""
        if self.is_drawing:
            self._notices.tell(STILL_DRAWING)
        else:
            step()

    def _take_up(self, name: str, is_wanted: bool) -> None:
        if is_wanted:
            self.begin(name)

    def _go_to_step(self, index: int) -> None:
        self.unless_drawing(lambda: self._session.document.undo_stack.setIndex(index))
