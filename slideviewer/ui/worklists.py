"""The worklist of the folder that the tray lists: which slides are read, and which is next."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations.decisions import Ending, Reading
from slideviewer.annotations.json_file import sound
from slideviewer.cohort.slide_table import slides_in_csv
from slideviewer.cohort.worklist import (
    ReadingState,
    Worklist,
    worklist_of,
)
from slideviewer.ui import words
from slideviewer.ui.author import user_name
from slideviewer.ui.files import Files
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.tray import SlideTray
from slideviewer.ui.prediction_queue import Entry, State
from slideviewer.ui.session import Session
from slideviewer.ui.worklist_keeping import Keeping, Kept, States

CSV_FILTER = "Tables (*.csv)"

_EARLY = (ReadingState.UNREAD, ReadingState.PREDICTED)


class Worklists(QObject):
    """Keeps one list open, shows it in the tray, and follows what is done with slides.

    `opened` tells that another list is open.

    Parameters
    ----------
    session : Session
    files : Files
    tray : SlideTray
    notices : NoticeStack
    window : QWidget
    """

    opened = Signal(object)  # the path of its file

    def __init__(
        self,
        session: Session,
        files: Files,
        tray: SlideTray,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._files, self._tray = session, files, tray
        self._notices, self._window = notices, window
        self._keeping = Keeping(self)
        self._kept = Kept()
        self._asked: dict[Path, ReadingState] = {}  # marks that are on their way to the disk
        self._refused: dict[Path, ReadingState] = {}  # and those that did not reach it
        self._of_table: Path | None = None  # the list that a table is to become
        self._read_at: int | None = None  # the document's state when the slide was marked as read
        tray.listed.connect(self._on_listed)
        session.document.state_changed.connect(self._on_edit)
        self._keeping.answered.connect(self._on_answer)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "worklist_begin": self.begin,
            "worklist_from_table": self.ask_for_table,
            "next_unread": self.open_next,
            "mark_done": self.finish_slide,
            "mark_in_review": lambda: self.mark(ReadingState.IN_REVIEW),
            "mark_unread": lambda: self.mark(ReadingState.UNREAD),
        }

    @property
    def path(self) -> Path | None:
        """The file of the list that is open; None where none is."""
        return self._kept.path

    @property
    def states(self) -> States:
        """The state of each slide on the list."""
        return {**self._kept.states, **self._asked}

    def begin(self) -> None:
        """Keep a list of the folder that the tray shows."""
        folder = self._tray.folder
        if folder is None:
            self._notices.tell("Open a slide or a folder first.")
        elif self.path is None:
            slides = self._tray.model.paths
            self._keeping.begin(worklist_of(folder), lambda: slides)
        else:
            self._notices.tell(f"The worklist of this folder is {self.path.name}.")

    def ask_for_table(self) -> None:
        """Let the user choose a CSV that names the slides."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Slides of a table", "", CSV_FILTER)
        if name:
            path = Path(os.path.abspath(name))
            self._of_table = worklist_of(path.parent)
            self._keeping.begin(worklist_of(path.parent), lambda: slides_in_csv(path))

    def mark(self, state: ReadingState, slide: Path | None = None) -> None:
        """Note how far a slide is, by default the open one; where no list is, one is begun."""
        path = slide or self._open_path
        if path is None:
            self._notices.tell("Open a slide first.")
            return
        by = user_name()
        self._asked[path] = state
        slides = self._tray.model.paths if self.path is None else None
        self._change(lambda worklist: worklist.set_state(path, state, by), path, slides)

    def finish_slide(self) -> None:
        """Mark the open slide as done, and open the next that is not."""
        path = self._open_path
        if path is None:
            self._notices.tell("Open a slide first.")
            return
        self.mark(ReadingState.DONE)
        self._open_after(path)

    def open_next(self) -> None:
        """Open the next slide that is not done."""
        if self.path is None:
            self._notices.tell("There is no worklist of this folder; the File menu begins one.")
            return
        self._open_after(self._open_path)

    def note_ended(self, entry: Entry, _: object) -> None:
        """A prediction ended, however it did; one of a part leaves the slide as it is."""
        order = entry.order
        if entry.state == State.DONE and order.place is None:
            self.note_predicted(order.slide, order.of_all_by)

    def note_predicted(self, slide: Path, model: str | None = None) -> None:
        """A slide was predicted by a model, known by its hash; nobody has read it yet."""
        if self.path is not None and self.states.get(slide) == ReadingState.UNREAD:
            by = user_name()
            self._change(lambda worklist: worklist.note_predicted(slide, by, model), slide)

    def note_read(self, slide: Path, reading: Reading) -> None:
        """A slide was read without its prediction, or that was shown anyway."""
        path = Path(os.path.abspath(slide))
        if reading.ending == Ending.READ and path in self.states:
            self._read_at = self._session.document.undo_stack.state
            self.mark(ReadingState.READ, path)

    def close(self) -> None:
        """Let the list go, and want no answer any more."""
        self._keeping.close()

    @property
    def _open_path(self) -> Path | None:
        slide = self._session.slide
        return Path(os.path.abspath(slide.path)) if slide is not None else None

    def _open_after(self, path: Path | None) -> None:
        order = self._tray.model.paths
        place = order.index(path) if path in order else -1
        states = self.states
        turn = [*order[place + 1 :], *order[: max(place, 0)]]
        waiting = (it for it in turn if states.get(it) != ReadingState.DONE)
        following = next(waiting, None)
        if following is None:
            self._notices.tell("Every slide of the list is done.")
        else:
            self._files.open_slide(following)

    def _change(
        self, change: Callable[[Worklist], None], slide: Path, slides: list[Path] | None = None
    ) -> None:
        path = self.path or worklist_of(self._tray.folder or slide.parent)
        self._keeping.change(change, path, slides)

    def _on_listed(self) -> None:
        """Another folder is listed, or the same again: its list is opened where it has one."""
        if self._tray.folder is None:
            return
        path = worklist_of(self._tray.folder)
        if path != self.path:
            self._kept, self._asked, self._refused = Kept(), {}, {}
            self._tray.show_states({})
        self._keeping.show(path)

    def _on_edit(self) -> None:
        """What is edited or decided is in review."""
        path = self._open_path
        if path is None or not self._session.document.undo_stack.canUndo():
            return
        if self._refused.get(path) == ReadingState.IN_REVIEW:
            return  # it was told of
        state = self.states.get(path)
        has_gone_on = self._session.document.undo_stack.state != self._read_at
        if state in _EARLY or (state == ReadingState.READ and has_gone_on):
            self.mark(ReadingState.IN_REVIEW)

    def _on_answer(self, kept: Kept) -> None:
        if kept.problem:
            self._notices.warn(kept.problem)
            self._of_table = None
        if kept.is_begun:
            self._tell_begun(kept)
        if not self._keeping.is_last_word(kept):
            return
        former, self._kept = self._kept, kept
        self._asked, self._refused = {}, self._asked if kept.problem else {}
        self._tray.show_states(self.states)
        if kept.path is not None and kept.path != former.path:
            self.opened.emit(kept.path)

    def _tell_begun(self, kept: Kept) -> None:
        assert kept.path is not None
        count = words.whole(len(kept.states))
        self._notices.tell(f"The worklist holds {count} slides; it is kept in {kept.path}.")
        if kept.left_out:
            names = ", ".join(sound(it.name) for it in kept.left_out[:3])
            self._notices.warn(
                f"Left out of the worklist, since their names are no text: {names}"
                f"{' …' if len(kept.left_out) > 3 else ''}."
            )
        if kept.path == self._of_table:
            self._of_table = None
            self._tray.show_folder(kept.path.parent)
