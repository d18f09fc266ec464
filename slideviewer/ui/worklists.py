"""The worklist of the folder that the tray lists: which slides are read, and which is next."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal
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
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.tray import SlideTray
from slideviewer.ui.prediction_queue import Entry, State
from slideviewer.ui.session import Session

CSV_FILTER = "Tables (*.csv)"

States = Mapping[Path, ReadingState]

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
        self._worklist: Worklist | None = None
        self._states: States = {}
        self._is_closed = False
        self._read_at: int | None = None  # the document's state when the slide was marked as read
        tray.listed.connect(self._on_listed)
        session.document.state_changed.connect(self._on_edit)

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
        return self._worklist.path if self._worklist is not None else None

    @property
    def states(self) -> States:
        """The state of each slide on the list."""
        return self._states

    def begin(self) -> None:
        """Keep a list of the folder that the tray shows."""
        folder = self._tray.folder
        if folder is None:
            self._notices.tell("Open a slide or a folder first.")
        elif self._worklist is None:
            self._begin(worklist_of(folder), self._tray.model.paths)
        else:
            self._notices.tell(f"The worklist of this folder is {self._worklist.path.name}.")

    def ask_for_table(self) -> None:
        """Let the user choose a CSV that names the slides."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Slides of a table", "", CSV_FILTER)
        if not name:
            return
        path = Path(os.path.abspath(name))

        def show(slides: list[Path]) -> None:
            self._begin(worklist_of(path.parent), slides)

        self._do(lambda: slides_in_csv(path), show)

    def mark(self, state: ReadingState, slide: Path | None = None) -> None:
        """Note how far a slide is, by default the open one."""
        path = slide or self._open_path
        if path is None:
            self._notices.tell("Open a slide first.")
            return
        if self._worklist is None:
            folder = self._tray.folder or path.parent
            self._begin(
                worklist_of(folder), self._tray.model.paths, then=lambda: self.mark(state, path)
            )
            return
        worklist, by = self._worklist, user_name()

        def work() -> States:
            worklist.set_state(path, state, by)
            return worklist.states()

        self._do(work, self._show)

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
        if self._worklist is None:
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
        worklist, by = self._worklist, user_name()
        if worklist is None or self._states.get(slide) != ReadingState.UNREAD:
            return

        def work() -> States:
            worklist.note_predicted(slide, by, model)
            return worklist.states()

        self._do(work, self._show)

    def note_read(self, slide: Path, reading: Reading) -> None:
        """A slide was read without its prediction, or that was shown anyway."""
        path = Path(os.path.abspath(slide))
        if reading.ending == Ending.READ and path in self._states:
            self._read_at = self._session.document.undo_stack.state
            self.mark(ReadingState.READ, path)

    def close(self) -> None:
        """Let the list go, and want no answer any more."""
        self._is_closed = True
        self._take(None)

    @property
    def _open_path(self) -> Path | None:
        slide = self._session.slide
        return Path(os.path.abspath(slide.path)) if slide is not None else None

    def _open_after(self, path: Path | None) -> None:
        order = self._tray.model.paths
        place = order.index(path) if path in order else -1
        turn = [*order[place + 1 :], *order[: max(place, 0)]]
        waiting = (it for it in turn if self._states.get(it) != ReadingState.DONE)
        following = next(waiting, None)
        if following is None:
            self._notices.tell("Every slide of the list is done.")
        else:
            self._files.open_slide(following)

    def _begin(
        self, path: Path, slides: list[Path], then: Callable[[], None] = lambda: None
    ) -> None:
        def work() -> tuple[Worklist, States, tuple[Path, ...]]:
            worklist = Worklist(path)
            left_out = worklist.add(slides)
            return worklist, worklist.states(), left_out

        def show(made: tuple[Worklist, States, tuple[Path, ...]]) -> None:
            if self._is_closed:
                made[0].close()
                return
            self._take(made[0])
            self._show(made[1])
            count = words.whole(len(made[1]))
            self._notices.tell(f"The worklist holds {count} slides; it is kept in {path}.")
            if made[2]:
                names = ", ".join(sound(it.name) for it in made[2][:3])
                self._notices.warn(
                    f"Left out of the worklist, since their names are no text: {names}"
                    f"{' …' if len(made[2]) > 3 else ''}."
                )
            if self._tray.folder != path.parent:
                self._tray.show_folder(path.parent)
            then()

        self._do(work, show)

    def _on_listed(self) -> None:
        """Another folder is listed, or the same again: its list is opened where it has one."""
        folder = self._tray.folder
        if folder is None:
            return
        path = worklist_of(folder)
        if self._worklist is not None and self._worklist.path == path.absolute():
            worklist = self._worklist
            self._do(worklist.states, self._show)
            return
        self._take(None)
        self._show({})

        def work() -> tuple[Worklist, States] | None:
            if not path.is_file():
                return None
            worklist = Worklist(path)
            return worklist, worklist.states()

        def show(made: tuple[Worklist, States] | None) -> None:
            if made is None:
                return
            if not self._is_closed and self._tray.folder == folder:
                self._take(made[0])
                self._show(made[1])
            else:
                made[0].close()

        self._do(work, show)

    def _on_edit(self) -> None:
        """What is edited or decided is in review."""
        path = self._open_path
        if path is None or not self._session.document.undo_stack.canUndo():
            return
        state = self._states.get(path)
        has_gone_on = self._session.document.undo_stack.state != self._read_at
        if state in _EARLY or (state == ReadingState.READ and has_gone_on):
            self._states = {**self._states, path: ReadingState.IN_REVIEW}
            self.mark(ReadingState.IN_REVIEW)

    def _take(self, worklist: Worklist | None) -> None:
        former, self._worklist = self._worklist, worklist
        if former is not None and former is not worklist:
            former.close()
        if worklist is not None and worklist is not former:
            self.opened.emit(worklist.path)

    def _show(self, states: States) -> None:
        self._states = states
        self._tray.show_states(states)

    def _do(self, work: Callable[[], object], show: Callable[..., object]) -> None:
        """Work on the disk beside the window: a folder may lie on a network."""
        # The application owns the job: this object may be gone when a network answers.
        job = Job(lambda _: work(), QCoreApplication.instance())

        def heard(made: object) -> None:
            if not self._is_closed:
                show(made)
            elif isinstance(made, tuple) and isinstance(made[0], Worklist):
                made[0].close()

        def failed(problem: str) -> None:
            if not self._is_closed:
                self._notices.warn(problem)

        job.succeeded.connect(heard)
        job.failed.connect(failed)
        job.start()
