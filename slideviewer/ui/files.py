"""Opening slides, annotations and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMetaMethod, QObject, QSettings, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer import paths
from slideviewer.annotations import AnnotationSet
from slideviewer.cohort.folder_listing import Companions, is_likelihood_map
from slideviewer.progress import Progress
from slideviewer.slide import KNOWN_SUFFIXES
from slideviewer.ui.file_filters import annotation_filter
from slideviewer.ui.markup_opening import MarkupOpening
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.opening import (
    Offers,
    OpenedSlide,
    Opening,
    open_with_companions,
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
        self._opening, self._offers = Opening(self), Offers(notices)
        self._markup = MarkupOpening(session, notices, saving, self._opening, self._offers, self)
        self._markup.failed.connect(self.failed)
        self.failed.connect(lambda problem: notices.warn(problem))
        session.document.state_changed.connect(self._remember_annotations)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"open_slide": self.ask_for_slide, "open_annotations": self.ask_for_annotations}

    @property
    def is_opening(self) -> bool:
        """Whether anything is being opened."""
        return self._opening.is_under_way

    @property
    def reads_markup(self) -> bool:
        """Whether annotations are being read that are to be shown."""
        return self._markup.is_under_way

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
            keeps_markup = self._session.slide is None and not self._session.document.is_blank
            if not keeps_markup and not self._saving.may_still_leave(agreed):
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

        keeps_markup = self._session.slide is None and not self._session.document.is_blank
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
        self._markup.open(path)

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
        if beside.annotations is not None:
            self._markup.open_beside(beside.annotations)
        likelihood_map = beside.likelihood_map
        if likelihood_map is not None and self._is_heard(self.likelihood_map_wanted):
            text = f"{likelihood_map.name} lies beside the slide."
            self._offers.make(
                text,
                "Show likelihood map",
                lambda: self.likelihood_map_wanted.emit(likelihood_map),
            )

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

    def _folder(self) -> str:
        slide = self._session.slide
        return str(slide.path.parent) if slide else str(QSettings().value("last_folder", ""))
