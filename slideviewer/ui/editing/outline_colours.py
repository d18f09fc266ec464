"""Has every view show the markup as it is wanted: hidden groups away, outlines in their colours."""

from __future__ import annotations

from PySide6.QtCore import QObject

from slideviewer.ui import settings
from slideviewer.ui.layers.markup_look import MarkupLook
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid


class OutlineColours(QObject):
    """Follows the groups, what is hidden of them, and the setting.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    """

    def __init__(self, session: Session, views: ViewGrid, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._views = session, views
        self._by_group = settings.read(settings.COLOUR_BY_GROUP)
        session.group_states.changed.connect(self._show)
        session.document.changed.connect(self._show)
        session.document.replaced.connect(self._show)
        views.views_changed.connect(self._show)
        self._show()

    @property
    def by_group(self) -> bool:
        """Whether outlines have the colours that ASAP gives them."""
        return self._by_group

    def set_by_group(self, by_group: bool) -> None:
        """Outline in ASAP's colours, or all in the blue of the markup."""
        self._by_group = by_group
        settings.write(settings.COLOUR_BY_GROUP, by_group)
        self._show()

    def _show(self) -> None:
        annotations = self._session.document.annotations
        hidden = self._session.group_states.hidden_with_inner
        look = MarkupLook.of(annotations, hidden, self._by_group)
        for view in self._views.views:
            view.markup.set_look(look)
