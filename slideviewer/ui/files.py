"""Opening slides, annotations and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMetaMethod, QObject, QSettings, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer import paths
from slideviewer.annotations import AnnotationSet, Loaded
from slideviewer.annotations.sidecar import Sidecar
from slideviewer.cohort.folder_listing import Companions, is_likelihood_map
from slideviewer.progress import Progress
from slideviewer.slide import KNOWN_SUFFIXES
from slideviewer.ui import settings
from slideviewer.ui.file_filters import annotation_filter
from slideviewer.ui.jobs import Job
from slideviewer.ui.markup_lock import Way
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import (
    Offers,
    OpenedSlide,
    Opening,
    ReadAnnotations,
    open_with_companions,
    read_with_stamp,
    recover_with_sidecar,
    what_is_left_out,
)
from slideviewer.ui.recent import Recent, RecentSlide
from slideviewer.ui.saving import ANNOTATION_SUFFIXES, Saving
from slideviewer.ui.session import Session

SLIDE_FILTER = (
    f"Slides and pictures ({' '.join(f'*{suffix}' for suffix in KNOWN_SUFFIXES)});;All files (*)"
)


class Files(QObject):
    """The opening part of the File menu. One thing is opened at a time: the last one asked for."""

    progressed = Signal(object)  # Step of something that takes long, or None when it has ended
    failed = Signal(str)  # why something could not be opened, for the user
    folder_wanted = Signal(object)  # Path of a folder whose slides are to be listed
    likelihood_map_wanted = Signal(object)  # Path of a picture of probabilities to lay over
    leaving = Signal(object, object)  # Path of the slide that comes next, and its known readings

    def __init__(
        self, session: Session, notices: NoticeStack, saving: Saving, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._saving = saving
        self.recent = Recent(self)
        self.remembers = True
        """Whether what is opened goes into the list of recent slides: not where no user asked."""
        self._opening = Opening(self)
        self._markup_job: Job | None = None
        self._offers = Offers(notices)
        self.failed.connect(lambda problem: notices.warn(problem))
        session.document.state_changed.connect(self._remember_annotations)

    @property
    def is_opening(self) -> bool:
        """Whether anything is being opened."""
        return self._opening.is_under_way

    @property
    def reads_markup(self) -> bool:
        """Whether annotations are being read that are to be shown."""
        return self._opening.is_at(self._markup_job)

    def close(self) -> None:
        """Open nothing more; the window is about to close."""
        self._opening.give_up()

    def ask_for_slide(self) -> None:
        """Let the user choose a slide and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open slide", self._folder(), SLIDE_FILTER
        )
        if name:
            self.open_slide(Path(name))

    def ask_for_folder(self) -> None:
        """Let the user choose a folder whose slides are to be listed."""
        name = QFileDialog.getExistingDirectory(self._window, "Open folder", self._folder())
        if name:
            QSettings().setValue("last_folder", name)
            self.folder_wanted.emit(Path(name))

    def ask_for_annotations(self) -> None:
        """Let the user choose an annotation file and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open annotations", self._folder(), annotation_filter()
        )
        if name:
            self.open_annotations(Path(name))

    def open_slide(
        self, path: Path, then: Callable[[], None] = lambda: None, markup: Path | None = None
    ) -> None:
        """Open a slide in the background, unless unsaved work is in the way and stays.

        Annotations that lie beside it are opened, too, where that replaces nothing and `then`
        opens no others.

        Parameters
        ----------
        path : Path
        then : callable
            Called once the slide is shown.
        markup : Path, optional
            The annotation file that `then` opens.
        """

        def show(opened: OpenedSlide) -> None:
            slide = opened.slide
            # Markup that was opened before there was any slide is meant for this one.
            keeps_markup = self._session.slide is None and not self._is_empty()
            if not keeps_markup and not self._still_agreed(agreed):
                slide.close()
                return
            if self.remembers:
                QSettings().setValue("last_folder", str(slide.path.parent))
                self.recent.add(slide.path.absolute())
            self._offers.withdraw()
            self.leaving.emit(slide.path.absolute(), opened.readings)
            if not keeps_markup:
                self._session.document.open(AnnotationSet.of(), None)
            self._session.set_slide(slide)
            for text in what_is_left_out(slide):
                self._notices.tell(text)
            self._remember_annotations()
            then()
            self._use_companions(opened.beside)

        keeps_markup = self._session.slide is None and not self._is_empty()
        if not keeps_markup and not self._saving.may_leave():
            return
        agreed = self._session.document.annotations
        job = self._opening.begin(
            lambda _: open_with_companions(path, markup), show, self.failed.emit
        )
        job.discarded.connect(lambda opened: opened.slide.close() if opened is not None else None)

    def open_recent(self, entry: RecentSlide) -> None:
        """Open a slide with the annotation file that was last open with it."""

        def then() -> None:
            if entry.annotations is not None:
                self.open_annotations(entry.annotations)

        self.open_slide(entry.slide, then, entry.annotations)

    def reopen(self, path: Path) -> None:
        """Open a slide again, whose file has changed, with the annotation file it had."""
        self.open_recent(self.recent.find(path.absolute()) or RecentSlide(path))

    def open_annotations(self, path: Path) -> None:
        """Read a file in the background and show it in place of the present markup."""

        def show(read: ReadAnnotations) -> None:
            if self._still_agreed(agreed):
                self._show_annotations(path, read, is_copy=way is Way.COPY)

        def fail(problem: str) -> None:
            self.failed.emit(problem)
            self._offer_recovery(path, problem)

        way = self._saving.lock.way_to_open(path)
        if way is Way.STAY or not self._saving.may_leave():
            return
        agreed = self._session.document.annotations
        self._read_markup(path, show, fail)

    def open_demo(self) -> None:
        """Open the demo slide with its markup; it is drawn the first time."""
        if self._opening.is_under_way:
            return  # the drawing is under way
        # Late: this brings in all of the command line, and few starts show the demo.
        from slideviewer.cli.demo import DEMO_SEED, MARKUP_FILE, DemoSlide, make_demo

        def show(demo: DemoSlide) -> None:
            markup = demo.path.with_name(MARKUP_FILE)
            self.open_slide(demo.path, lambda: self.open_annotations(markup))

        def draw(progress: Progress) -> DemoSlide:
            return make_demo(paths.demo_folder(), DEMO_SEED, progress)

        job = self._opening.begin(draw, show, self.failed.emit)
        job.progressed.connect(self.progressed)
        job.ended.connect(lambda: self.progressed.emit(None))

    def open_all(self, paths: Sequence[Path]) -> None:
        """Open what was dropped: folders, slides, annotations and likelihood maps."""
        folders = [path for path in paths if path.is_dir()]
        markup = [path for path in paths if path.suffix.lower() in ANNOTATION_SUFFIXES]
        slides = [path for path in paths if path not in markup and path not in folders]
        # Over an open slide a likelihood map is a layer; alone it is a picture like any other.
        maps = [path for path in slides if is_likelihood_map(path) and self._can_lay_over(slides)]
        slides = [path for path in slides if path not in maps]

        def open_rest() -> None:
            if markup:
                self.open_annotations(markup[-1])
            for path in maps:
                self.likelihood_map_wanted.emit(path)

        if folders:
            self.folder_wanted.emit(folders[-1])
        if slides:
            self.open_slide(slides[-1], open_rest, markup[-1] if markup else None)
        else:
            open_rest()

    def _use_companions(self, beside: Companions) -> None:
        """Open the markup that lies beside the slide, or offer it; offer a likelihood map."""
        markup, likelihood_map = beside.annotations, beside.likelihood_map
        document = self._session.document
        if markup is not None and not self._opening.is_under_way and document.path != markup:
            is_free = self._is_empty() and document.is_saved
            is_free = is_free and not self._saving.lock.words_on_holder(markup)
            if is_free and settings.read(settings.AUTO_OPEN_ANNOTATIONS):
                self._open_beside(markup)
            else:
                self._offer_annotations(markup)
        if likelihood_map is not None and self._is_heard(self.likelihood_map_wanted):
            text = f"{likelihood_map.name} lies beside the slide."
            self._offers.make(
                text,
                "Show likelihood map",
                lambda: self.likelihood_map_wanted.emit(likelihood_map),
            )

    def _open_beside(self, path: Path) -> None:
        def show(read: ReadAnnotations) -> None:
            if self._session.document.annotations is agreed:
                self._show_annotations(path, read)
                self._notices.tell(f"Opened {path.name} beside the slide.")
            else:  # something was drawn meanwhile
                self._offer_annotations(path)

        def fail(problem: str) -> None:
            self._notices.warn(problem)
            self._offer_recovery(path, problem)

        agreed = self._session.document.annotations
        self._read_markup(path, show, fail)

    def _read_markup(
        self, path: Path, show: Callable[[ReadAnnotations], None], fail: Callable[[str], None]
    ) -> None:
        frame = self._session.frame
        self._markup_job = self._opening.begin(lambda _: read_with_stamp(path, frame), show, fail)

    def _show_annotations(
        self, path: Path, read: ReadAnnotations, *, is_copy: bool = False
    ) -> None:
        self._saving.note(path, read.stamp)
        opened_as = None if is_copy or read.is_only_read else path
        self._session.document.open(read.loaded.annotations, opened_as, stamp=read.stamp)
        self._saving.sidecars.note_read(path, read.sidecar)
        if read.is_only_read:
            self._notices.tell(f"{path.name} can only be read: saving asks for another file.")
        elif is_copy:
            self._notices.tell(f"This is a copy of {path.name}: saving asks for another name.")
        self._tell(read.loaded)

    def _offer_annotations(self, path: Path) -> None:
        holder = self._saving.lock.words_on_holder(path)
        where = f", and is open in another window ({holder})" if holder else ""
        self._offers.make(
            f"{path.name} lies beside the slide{where}.",
            "Open annotations",
            lambda: self.open_annotations(path),
        )

    def _offer_recovery(self, path: Path, problem: str) -> None:
        if path.suffix.lower() == ".xml" and path.is_file():
            self._offers.make(problem, "Recover what is readable", lambda: self._recover(path))

    def _still_agreed(self, agreed: AnnotationSet) -> bool:
        """Whether the markup may go: nothing was drawn since the user agreed, or it may now."""
        return self._session.document.annotations is agreed or self._saving.may_leave()

    def _recover(self, path: Path) -> None:
        def show(recovered: tuple[Loaded, Sidecar]) -> None:
            if self._still_agreed(agreed):
                # It has no file yet: saving asks for a new one, and the broken one stays.
                loaded, sidecar = recovered
                self._session.document.open(loaded.annotations, None, unsaved=True)
                self._saving.sidecars.note_read(path, sidecar)
                self._tell(loaded)

        if not self._saving.may_leave():
            return
        agreed = self._session.document.annotations
        self._opening.begin(lambda _: recover_with_sidecar(path), show, self.failed.emit)

    def _tell(self, loaded: Loaded) -> None:
        for notice in loaded.notices:
            self._notices.warn(notice)

    def _remember_annotations(self) -> None:
        slide, path = self._session.slide, self._session.document.path
        if self.remembers and slide is not None and path is not None:
            self.recent.set_annotations(slide.path.absolute(), path.absolute())

    def _can_lay_over(self, dropped: Sequence[Path]) -> bool:
        """Whether a likelihood map finds a slide under it, and somebody to show it."""
        has_slide = self._session.slide is not None or not all(map(is_likelihood_map, dropped))
        return has_slide and self._is_heard(self.likelihood_map_wanted)

    def _is_heard(self, signal: Any) -> bool:
        return self.isSignalConnected(QMetaMethod.fromSignal(signal))

    def _is_empty(self) -> bool:
        annotations = self._session.document.annotations
        return not annotations.annotations and not annotations.groups

    def _folder(self) -> str:
        slide = self._session.slide
        return str(slide.path.parent) if slide else str(QSettings().value("last_folder", ""))
