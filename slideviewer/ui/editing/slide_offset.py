"""Shifting all annotations between the two places from which programs count on a slide.

OpenSlide counts from the corner of the whole slide, and so do ASAP and this program; other readers
of MRXS and the like count from the corner of what was scanned (``openslide.bounds-x`` and ``-y``).
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from slideviewer.ui import words
from slideviewer.ui.asking import ask
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.tools.reshaping import shifted

ADD, TAKE, STAY = "Add the offset", "Take the offset away", "Stay"
TITLE = "Shift annotations by the slide's offset"


class SlideOffset:
    """Asks which way, and shifts in one step that can be undone.

    Parameters
    ----------
    session : Session
    notices : NoticeStack
    window : QWidget
    """

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        self._session, self._notices, self._window = session, notices, window

    def ask(self) -> None:
        """Let the user choose whether the offset is added or taken away, and do it."""
        frame = self._session.frame
        if frame is None:
            self._notices.tell("Open the slide first that the annotations belong to.")
            return
        x, y = frame.bounds_px
        if (x, y) == (0, 0):
            self._notices.tell(f"{frame.name} has no offset: all of it was scanned.")
            return
        if not len(self._session.document.annotations):
            self._notices.tell("There are no annotations yet that could be shifted.")
            return
        text = (
            f"What was scanned of {frame.name} begins {words.whole(x)} px from the left and"
            f" {words.whole(y)} px from the top of the whole slide.\n\nSome programs count from"
            " there. Add the offset to what comes from such a program, and take it away from what"
            " is to go to one."
        )
        answer = ask(self._window, TITLE, text, (ADD, TAKE, STAY), self._session.document)
        if answer != STAY:
            self.shift(*((x, y) if answer == ADD else (-x, -y)))

    def shift(self, dx: float, dy: float) -> None:
        """Shift every annotation by so many level-0 pixels."""
        document = self._session.document
        changes = {it.id: shifted(it, dx, dy) for it in document.annotations}
        if document.apply("Shift by the slide's offset", changes):
            shapes = "annotation" if len(changes) == 1 else "annotations"
            self._notices.tell(f"Shifted {words.whole(len(changes))} {shapes}.")
