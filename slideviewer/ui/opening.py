"""Reading what the user opens, one thing at a time and off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from slideviewer.annotations import (
    Loaded,
    SlideFrame,
    format_in,
    read_annotations,
    recover_asap,
)
from slideviewer.annotations.decisions import DecisionsRead, Reading, read_decisions
from slideviewer.annotations.model import AnnotationSet
from slideviewer.annotations.saving import Stamp, stamp_of
from slideviewer.annotations.sidecar import Sidecar, read_sidecar
from slideviewer.cohort.folder_listing import Companions, companions_of
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.picture_tiff import NOTICE
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack


@dataclass(frozen=True)
class OpenedSlide:
    """A slide, and what lay beside it at that moment.

    Attributes
    ----------
    slide : Slide
    beside : Companions
    readings : mapping of id to Reading
        How it was read, as far as that stands beside its markup.
    """

    slide: Slide
    beside: Companions
    readings: Mapping[str, Reading]


@dataclass(frozen=True)
class ReadAnnotations:
    """An annotation file as it was read, and how the file was then.

    Attributes
    ----------
    loaded : Loaded
    stamp : Stamp or None
    sidecar : Sidecar
        What lies beside it.
    is_only_read : bool
        Whether its format cannot be written, so that saving needs another file.
    """

    loaded: Loaded
    stamp: Stamp | None
    sidecar: Sidecar
    is_only_read: bool


class Opening(QObject):
    """Runs the opening that was asked for last; one still under way no longer counts."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: Job | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether something is being opened now."""
        return self._job is not None

    def is_at(self, job: Job | None) -> bool:
        """Whether this is what is being opened now."""
        return job is not None and job is self._job

    def give_up(self) -> None:
        """Want no answer to what is being opened any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def begin(
        self,
        work: Callable[[Any], object],
        show: Callable[[Any], None],
        fail: Callable[[str], None],
    ) -> Job:
        """Start a piece of work whose result is shown if nothing else was asked for meanwhile.

        Parameters
        ----------
        work : callable
            See `Job`.
        show : callable
            Gets what the work returned; may begin another opening.
        fail : callable
            Gets the words for the user.
        """
        self.give_up()
        self._job = job = Job(work, self)

        def succeeded(result: object) -> None:
            self._job = None
            show(result)

        def ended() -> None:
            if self._job is job:
                self._job = None

        job.succeeded.connect(succeeded)
        job.ended.connect(ended)
        job.failed.connect(fail)
        job.start()
        return job


class Offers:
    """Notices with a button that are worth something only as long as a slide is open."""

    def __init__(self, notices: NoticeStack) -> None:
        self._notices = notices
        self._texts: list[str] = []

    def make(self, text: str, action: str, act: Callable[[], None]) -> None:
        """Offer something; in place of a notice of the same words."""
        self._texts.append(text)
        self._notices.offer(text, action, act)

    def withdraw(self) -> None:
        """Take away what was offered for the slide before."""
        for text in self._texts:
            self._notices.withdraw(text)
        self._texts.clear()


def open_with_companions(path: Path, markup: Path | None = None) -> OpenedSlide:
    """Open a slide and look beside it.

    Parameters
    ----------
    path : Path
    markup : Path, optional
        The annotation file that is opened next; by default the one that lies beside the slide.
    """
    slide = open_slide(path)
    # The first call reads tiles, for which the window must not wait.
    _ = slide.channels
    beside = companions_of(slide.path)
    markup = markup or beside.annotations
    readings = read_decisions(markup).readings if markup is not None else {}
    return OpenedSlide(slide, beside, readings)


def what_is_left_out(slide: Slide) -> list[str]:
    """Words on what of the slide's file is not shown, such as other depths; mostly none."""
    notice = slide.properties.get(NOTICE, "")
    return [f"{slide.path.name}: {notice}"] if notice else []


def read_with_stamp(path: Path, frame: SlideFrame | None) -> ReadAnnotations:
    """Read an annotation file and what lies beside it.

    Parameters
    ----------
    path : Path
    frame : SlideFrame or None
        The open slide.
    """
    stamp = stamp_of(path)  # before reading: a change while it is read counts as one afterwards
    loaded = read_annotations(path, frame)
    is_only_read = format_in(path).write is None
    if is_only_read:
        return ReadAnnotations(loaded, stamp, Sidecar(), is_only_read)
    sidecar = read_sidecar(path, loaded.annotations)
    reviewed = read_decisions(path)
    loaded = replace(loaded, annotations=_completed(loaded, sidecar, reviewed))
    if reviewed.notice:
        sidecar = replace(sidecar, notices=(*sidecar.notices, reviewed.notice))
    return ReadAnnotations(loaded, stamp, sidecar, is_only_read)


def recover_with_sidecar(path: Path) -> tuple[Loaded, Sidecar]:
    """Read what is readable of a broken ASAP file, and what lies beside it."""
    loaded = recover_asap(path)
    sidecar = read_sidecar(path, loaded.annotations)
    loaded = replace(loaded, annotations=_completed(loaded, sidecar, read_decisions(path)))
    return loaded, replace(sidecar, notices=())  # that shapes are missing is said already


def _completed(loaded: Loaded, sidecar: Sidecar, reviewed: DecisionsRead) -> AnnotationSet:
    """What the files beside an annotation file add to it."""
    return reviewed.added_to(sidecar.added_to(loaded.annotations))
