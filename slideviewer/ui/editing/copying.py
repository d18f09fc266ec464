"""Copy, cut and paste annotations, also from one slide or window to another."""

from __future__ import annotations

from collections.abc import Callable

from slideviewer.annotations import Annotation
from slideviewer.errors import AnnotationError
from slideviewer.slide import Spacing
from slideviewer.ui.editing.clipboard import Clip, Clipboard
from slideviewer.ui.editing.moving import by_id, selected_in_order, step_text
from slideviewer.ui.editing.revealing import reveal
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

NOTHING_SELECTED = "Select annotations first: there is nothing to copy."
NOTHING_COPIED = "There are no annotations on the clipboard: copy some first."


class Copying:
    """What the clipboard's commands do.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    notices : NoticeStack
    """

    def __init__(self, session: Session, views: ViewGrid, notices: NoticeStack) -> None:
        self._session, self._views, self._notices = session, views, notices
        self._clipboard = Clipboard()

    @property
    def commands(self) -> dict[str, Callable[[], None]]:
        """What the actions call, by their names."""
        return {
            "copy_annotations": self.copy,
            "cut_annotations": self.cut,
            "paste_annotations": self.paste,
        }

    def copy(self) -> None:
        """Put what is selected on the clipboard."""
        self._copied()

    def cut(self) -> None:
        """Put what is selected on the clipboard and take it out of the markup."""
        shapes = self._copied()
        if shapes:
            self._session.document.apply(step_text("Cut", shapes), dict.fromkeys(by_id(shapes)))

    def paste(self) -> None:
        """Add what is on the clipboard, around the mouse or in the middle of the view."""
        session = self._session
        if session.slide is None:
            self._notices.tell("Open a slide first: there is nothing to paste onto yet.")
            return
        try:
            clip = self._clipboard.take()
        except AnnotationError as error:
            self._notices.warn(str(error))
            return
        if clip is None or not len(clip.annotations):
            self._notices.tell(NOTHING_COPIED)
            return
        shapes, groups = clip.placed_at(self._place(), self._spacing)
        declared = session.document.annotations.groups
        missing = tuple(group for group in groups if group.name not in declared)
        if session.document.apply(step_text("Paste", shapes), by_id(shapes), missing):
            reveal(session, self._views, shapes)

    def _copied(self) -> list[Annotation]:
        document = self._session.document
        shapes = selected_in_order(document, self._session.selection)
        if shapes:
            clip = Clip.of(shapes, document.annotations, self._spacing)
            self._clipboard.put(clip, lambda problem: self._notices.warn(problem))
        else:
            self._notices.tell(NOTHING_SELECTED)
        return shapes

    def _place(self) -> tuple[float, float]:
        canvas = self._views.of_session.canvas
        if canvas.underMouse():
            return canvas.point_under_mouse()
        return canvas.viewpoint.to_slide(canvas.width() / 2, canvas.height() / 2)

    @property
    def _spacing(self) -> Spacing | None:
        slide = self._session.slide
        return slide.spacing if slide is not None and isinstance(slide.spacing, Spacing) else None
