"""Training from the window: begins it, watches it, ends it, and takes over what comes of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from slideviewer.errors import TrainingError
from slideviewer.models.package import TRAINING, ModelPackage, look_at
from slideviewer.models.spec import CONFIG
from slideviewer.paths import user_models_folder
from slideviewer.progress import Progress
from slideviewer.slide import Spacing
from slideviewer.training.following import RunState
from slideviewer.training.wishes import PAUSE, STOP
from slideviewer.ui.asking import ask
from slideviewer.ui.docks import RIGHT, Panel
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.session import Session
from slideviewer.ui.training.child import Child, kill
from slideviewer.ui.training.last import Last, read_last
from slideviewer.ui.training.offers import Offer, look_for
from slideviewer.ui.training.panel import TrainingPanel
from slideviewer.ui.training.phase import Phase
from slideviewer.ui.training.tasks import ADD, TASKS
from slideviewer.ui.training.watching import Seen, Watching
from slideviewer.ui.training.wishing import Wishing

TITLE = "Training"
UNSURE = (
    "Whether process {pid} still is the training cannot be told here, and it is not ended from "
    "outside. It is told to stop, and does so after the step it is at."
)
BACKGROUND, END, STAY = "Let it go on in the background", "Stop it and close", "Stay"


class Training(QObject):
    """One training at a time, in a process of its own.

    Parameters
    ----------
    session : Session
    prediction : PredictionControl
        Is given the finished model.
    notices : NoticeStack
    show_panel : callable
        Brings the panel to the front.
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        prediction: PredictionControl,
        notices: NoticeStack,
        show_panel: Callable[[], None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._prediction, self._notices = session, prediction, notices
        self._show_panel, self._window = show_panel, window
        self.panel = TrainingPanel()
        self._last = read_last()
        self._watching: Watching | None = None
        self._seen: Seen | None = None
        self._packages: tuple[ModelPackage, ...] = ()
        self._jobs: set[Job] = set()
        self._wishing = Wishing(self)
        self._wishing.failed.connect(lambda problem: notices.warn(problem))
        self.panel.made.connect(self._on_made)
        self.panel.watched.connect(lambda _: self._look_for_slides())
        session.slide_changed.connect(self._look_for_slides)
        session.document.replaced.connect(self._look_for_slides)
        if self._last.is_open:
            QTimer.singleShot(0, self, self._watch_former)

    @property
    def dock(self) -> Panel:
        """Where it stands."""
        return Panel(TITLE, self.panel, RIGHT, is_shown=False)

    @property
    def phase(self) -> Phase | None:
        """Where the training stands; None where there is none."""
        if self._watching is None:
            return None
        return self._seen.phase if self._seen is not None else Phase.STARTING

    @property
    def child(self) -> Child | None:
        """The process that this window started."""
        return self._watching.child if self._watching is not None else None

    def start(self) -> None:
        """Begin what the form says."""
        it = self.panel.form.filled
        self._begin(Last(it.words, it.task, it.source, it.values, it.further, is_open=True))

    def go_on(self) -> None:
        """Take the training up where it was left: the same command does it."""
        self._begin(Last(**{**vars(self._last), "is_open": True}))

    def pause(self, is_wanted: bool) -> None:
        """Let it stand still, or go on."""
        self._wish(PAUSE if is_wanted else "")

    def stop(self) -> None:
        """End it; asked again, or before it listens, its process is ended at once."""
        watching = self._watching
        if watching is None:
            return
        at_once = watching.stop_wished or self.phase == Phase.STARTING
        watching.stop_wished = True
        if at_once:
            self._kill()
        else:
            self._wish(STOP)
        watching.look()

    def use_model(self) -> None:
        """Predict on the open slide with what came of it."""
        if self._packages:
            self._prediction.ordering.start_with(self._packages[0])

    def may_leave(self) -> bool:
        """Ask what becomes of a training when the window closes; whether it may."""
        phase = self.phase
        if phase is None or not phase.is_active:
            return True
        answer = ask(
            self._window,
            "A training is running",
            f"“{self._name}” is still being trained. In the background it goes on without the "
            "window, and the Training panel shows it again when the window is opened anew. "
            "Stopped, it can be gone on with after its last epoch.",
            (BACKGROUND, END, STAY),
        )
        if answer == END and self._watching is not None:
            self._watching.stop_wished = True
            self._kill()
        return answer != STAY

    def close(self) -> None:
        """Look no more; a training that runs goes on."""
        if self._watching is not None:
            self._watching.close()
            if self._watching.child is not None:
                self._watching.child.let_go()
        for job in self._jobs:
            job.cancel()

    def _begin(self, last: Last) -> None:
        if last.out is None or (self.phase is not None and self.phase.is_active):
            return
        try:
            child = Child(last.words, last.log)
        except TrainingError as error:
            self._notices.warn(str(error))
            return
        self._last = last
        last.keep()
        self._watch(last, child)

    def _watch_former(self) -> None:
        """Show what a former window left running, or how it ended."""
        if self._watching is None and self._last.out is not None:
            self._watch(self._last, None)
            if not self.panel.isVisible():
                words = f"The training “{self._name}” was left in the background."
                self._notices.offer(words, "Show", self._show_panel)

    def _watch(self, last: Last, child: Child | None) -> None:
        if self._watching is not None:
            self._watching.close()
            self._watching.deleteLater()
        self._seen, self._packages = None, ()
        assert last.out is not None
        self._watching = Watching(last.out, last.log, child, self)
        self._watching.seen.connect(self._on_seen)
        self._watching.look()
        self.panel.run.begin(f"{self._name} · {TASKS[last.task].title}")
        self.panel.show_run()

    def _on_made(self) -> None:
        form, run = self.panel.form, self.panel.run
        form.start_wanted.connect(self.start)
        run.pause_wanted.connect(self.pause)
        run.stop_wanted.connect(self.stop)
        run.go_on_wanted.connect(self.go_on)
        run.options_wanted.connect(self.panel.show_form)
        run.model_wanted.connect(self.use_model)
        last = self._last
        if last.words and last.task < len(TASKS):
            form.fill(last.task, last.source, last.values, last.further)

    def _on_seen(self, seen: Seen) -> None:
        was_active = self._seen is None or self._seen.phase.is_active
        self._seen = seen
        self.panel.run.look(seen)
        if seen.phase.is_active or not was_active:
            return
        self._last = self._last.seen()
        self._last.keep()
        if seen.phase == Phase.FINISHED:
            self._find_packages(seen.state)
        elif seen.phase == Phase.FAILED and not self.panel.isVisible():
            words = f"The training “{self._name}” failed: {seen.words}"
            self._notices.offer(words, "Show", self._show_panel)

    def _find_packages(self, state: RunState) -> None:
        is_added = ADD in self._last.words

        def look(_: Progress) -> tuple[ModelPackage, ...]:
            return packages_of(state.out, is_added=is_added)

        self._run(look, self._on_packages)

    def _on_packages(self, found: Sequence[ModelPackage]) -> None:
        self._packages = tuple(found)
        for package in found:
            self._prediction.chooser.offer(package)
            name = package.spec.title or package.spec.name
            self._notices.tell(f"“{name}” is trained, and is in the list of models.")

    def _look_for_slides(self) -> None:
        """Offer the folder of the open slide, where its slides have annotations."""
        if not self.panel.isVisible():
            return
        slide = self._session.slide
        if slide is None:
            self.panel.form.offer_slides(None)
            return
        folder, spacing = slide.path.absolute().parent, slide.spacing
        groups = [name for name in self._session.document.annotations.groups if name]
        um_px = spacing.um_px if isinstance(spacing, Spacing) else None

        def show(offer: Offer | None) -> None:
            if self._session.slide is slide:
                self.panel.form.offer_slides(offer)

        self._run(lambda _: look_for(folder, groups, um_px), show)

    def _wish(self, word: str) -> None:
        assert self._watching is not None and self._last.out is not None
        self._wishing.wish(self._last.out / TRAINING, word)

    def _kill(self) -> None:
        """End the process; what it did is on the disk."""
        child = self.child
        if child is not None:
            child.kill()
            return
        holder = self._seen.state.holder if self._seen is not None else None
        if holder is None or holder.pid == os.getpid():
            return
        if holder.host != socket.gethostname():
            self._notices.warn(f"The training runs elsewhere: {holder.words}. End it there.")
            return
        if holder.is_gone:
            return
        if not holder.started:  # its number may be another program's by now
            self._wish(STOP)
            self._notices.warn(UNSURE.format(pid=holder.pid))
            return
        try:
            kill(holder.pid)
        except OSError as error:
            self._notices.warn(f"The training cannot be ended: {error.strerror or error}.")

    def _run(self, work: Callable[[Progress], object], then: Callable[..., object]) -> None:
        job = Job(work, self)
        job.succeeded.connect(then)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.ended.connect(lambda: self._jobs.discard(job))
        self._jobs.add(job)
        job.start()

    @property
    def _name(self) -> str:
        """Of the model."""
        return str(self._last.values.get("--name") or (self._last.out or Path("model")).name)


def packages_of(out: Path, *, is_added: bool) -> tuple[ModelPackage, ...]:
    """The packages that a training wrote, as they were installed where they were.

    Raises
    ------
    ModelError
        If one cannot be read.
    """
    folders = [out] if (out / CONFIG).exists() else [it.parent for it in out.glob(f"*/{CONFIG}")]
    found = [look_at(folder) for folder in sorted(folders)]
    return tuple(look_at(user_models_folder() / it.spec.name) if is_added else it for it in found)
