"""Which tool works in which view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from slideviewer.ui.tools.tool import Tool
from slideviewer.ui.views.slide_view import SlideView


class ToolsAtHand(QObject):
    """Gives the chosen tool to all views of the session's slide; the others pan.

    What was begun with a tool is dropped with another one, not by looking around in other views.
    """

    hint_changed = Signal(str)  # how the tool at hand is used

    def __init__(
        self, views: Callable[[], Sequence[SlideView]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._chosen: Tool | None = None
        self._lent: dict[SlideView, Tool] = {}

    def choose(self, tool: Tool) -> None:
        """Work with this tool from now on."""
        if tool is not self._chosen:
            self.drop_begun()
        self._chosen = tool
        self.take_back()
        self.hand_out()
        self.hint_changed.emit(tool.hint)

    def drop_begun(self) -> None:
        """Have the tools drop what they have begun, wherever that is."""
        for tool in (self._chosen, *self._lent.values()):
            if tool is not None:
                tool.cancel()

    def lend(self, tools: Mapping[SlideView, Tool]) -> None:
        """Give each view a tool of its own, until they are taken back or another is chosen."""
        self.take_back()
        self._lent = dict(tools)
        for view, tool in tools.items():
            view.canvas.set_tool(tool)
            self.hint_changed.emit(tool.hint)

    def take_back(self) -> None:
        """Have the views work with the chosen tool again."""
        lent, self._lent = self._lent, {}
        for view, tool in lent.items():
            view.canvas.set_tool(view.canvas.hand)
            tool.cancel()
        if lent and self._chosen is not None:
            self.hand_out()
            self.hint_changed.emit(self._chosen.hint)

    def hand_out(self) -> None:
        """Give the chosen tool to views that came, or show another slide, since."""
        if self._chosen is not None and not self._lent:
            for view in self._views():
                view.canvas.set_tool(self._tool_for(view))

    def _tool_for(self, view: SlideView) -> Tool:
        """The hand's tool pans its own canvas only; markup is drawn on the session's slide only."""
        is_hand = any(self._chosen is other.canvas.hand for other in self._views())
        if self._chosen is None or is_hand or not view.shows_session:
            return view.canvas.hand
        return self._chosen
