"""Small pictures of slides, got in the background for whoever shows them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from slideviewer.ui.icons import icon
from slideviewer.ui.jobs import Job
from slideviewer.ui.threads import step_back
from slideviewer.ui.thumbnail_store import Thumbnail, ThumbnailStore

MOST_REMEMBERED = 200
"""Pictures in memory, about 30 MB."""

PATIENCE_MS = 15_000
"""How long one slide may take before the others no longer wait for it."""

MOST_STUCK = 3
"""Slides that may hang, as on a network that does not answer, before no other one is tried."""

BUSY_MS = 100
"""How often to look whether the canvas has all its tiles."""

NICENESS = 15
"""Of the threads that make pictures, in the sense of POSIX: 0 is usual, 19 is least urgent."""


class Thumbnails(QObject):
    """Gets pictures one after the other, in the order in which they are wanted now.

    Parameters
    ----------
    store : ThumbnailStore
    is_busy : callable
        Whether something more urgent is under way: then no picture is begun.
    parent : QObject, optional
    """

    ready = Signal(object)  # Thumbnail

    def __init__(
        self,
        store: ThumbnailStore,
        is_busy: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._is_busy = store, is_busy
        self._known: OrderedDict[Path, Thumbnail] = OrderedDict()
        self._wanted: dict[str, list[Path]] = {}
        self._stale: set[Path] = set()
        self._current: tuple[Job, Path] | None = None
        self._stuck: dict[Job, Path] = {}
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        self._next = QTimer(self, singleShot=True)
        self._next.timeout.connect(self._begin)

    def get(self, path: Path) -> Thumbnail | None:
        """What is known of a slide by now."""
        found = self._known.get(path)
        if found is not None:
            self._known.move_to_end(path)
        return found

    def want(self, who: str, paths: Sequence[Path], *, again: bool = False) -> None:
        """Get pictures of these, in this order; what the same one wanted before is dropped.

        Parameters
        ----------
        who : str
            Who shows them; the one who asked first is served first.
        paths : sequence of Path
        again : bool
            Whether to look anew at those that are known already: they may have changed.
        """
        if again:
            self._stale.update(paths)
        under_way = self._current[1] if self._current is not None else None
        self._wanted[who] = [
            path
            for path in paths
            if path in self._stale or (path not in self._known and path != under_way)
        ]
        self._begin_soon()

    def close(self) -> None:
        """Begin no other one."""
        self._wanted.clear()
        self._next.stop()
        self._patience.stop()

    def _begin_soon(self, milliseconds: int = 0) -> None:
        if self._current is None and len(self._stuck) < MOST_STUCK and any(self._wanted.values()):
            self._next.start(milliseconds)

    def _begin(self) -> None:
        if self._current is not None:
            return
        if self._is_busy():
            self._begin_soon(BUSY_MS)
            return
        path = next((paths[0] for paths in self._wanted.values() if paths), None)
        if path is None:
            return
        for paths in self._wanted.values():
            if path in paths:
                paths.remove(path)
        self._stale.discard(path)
        # The application owns the job: this object may be gone when a slide on a network answers.
        job = Job(partial(_get, self._store, path), QCoreApplication.instance())
        job.succeeded.connect(self._on_success)
        job.failed.connect(self._on_failure)
        self._current = job, path
        job.start()
        self._patience.start()

    @Slot(object)
    def _on_success(self, thumbnail: Thumbnail) -> None:
        self._settle()
        self._show(thumbnail)

    @Slot(str)
    def _on_failure(self, problem: str) -> None:
        path = self._settle()
        if path is not None:
            self._show(Thumbnail(path, None, problem))

    def _settle(self) -> Path | None:
        """Take note that the job that is answering has ended; what it looked at."""
        job = self.sender()
        if self._current is not None and self._current[0] is job:
            _, path = self._current
            self._current = None
            self._patience.stop()
            return path
        return self._stuck.pop(job, None) if isinstance(job, Job) else None

    @Slot()
    def _give_up(self) -> None:
        """Let the others go on; the hanging one is still heard if it ever answers."""
        if self._current is not None:
            job, path = self._current
            self._stuck[job], self._current = path, None
            self._show(Thumbnail(path, None, f"{path.name} takes too long to read."))

    def _show(self, thumbnail: Thumbnail) -> None:
        path = thumbnail.path
        self._known[path] = thumbnail
        self._known.move_to_end(path)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        self.ready.emit(thumbnail)
        self._begin_soon()


def draw(painter: QPainter, area: QRect, thumbnail: Thumbnail | None, colour: QColor) -> None:
    """Paint a small picture into the middle of an area, or in a colour why there is none."""
    if thumbnail is None or (thumbnail.image is None and not thumbnail.problem):
        return  # it is not known yet
    if thumbnail.image is not None:
        full = thumbnail.image.size()
        size = full.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio).boundedTo(full)
        target = QRect(0, 0, max(1, size.width()), max(1, size.height()))
        target.moveCenter(area.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, thumbnail.image)
        return
    side = min(area.width(), area.height(), 32)
    target = QRect(0, 0, side, side)
    target.moveCenter(area.center())
    name = "file-question-outline" if thumbnail.is_missing else "image-broken-variant"
    icon(name, colour.name()).paint(painter, target)


def icon_of(
    thumbnail: Thumbnail | None, size: QSize, device_pixel_ratio: float, colour: QColor
) -> QIcon:
    """A small picture, or a sign of a colour, as an icon of a fixed size in screen pixels."""
    pixmap = QPixmap(size * device_pixel_ratio)
    pixmap.setDevicePixelRatio(device_pixel_ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw(painter, QRect(0, 0, size.width(), size.height()), thumbnail, colour)
    painter.end()
    return QIcon(pixmap)


def _get(store: ThumbnailStore, path: Path, progress: object) -> Thumbnail:
    step_back(NICENESS)
    return store.get(path)
