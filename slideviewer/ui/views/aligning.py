"""Aligning two views by places that the user points out on both."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QObject, Signal

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide, Spacing
from slideviewer.ui.views.alignment import FEWEST_PAIRS, Alignment, AlignmentError, align
from slideviewer.ui.views.alignment_bar import AlignmentBar
from slideviewer.ui.views.alignment_store import AlignmentStore
from slideviewer.ui.views.alignment_tool import LandmarkTool
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.landmarks import Landmarks
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.views.sync import Sync

ALIKE_SCALE = 1.5
"""Slides of known pixel sizes that differ by more than this in the size of the tissue itself are
rather misclicked than shrunk."""


class Aligning(QObject):
    """One alignment at a time. Meanwhile the two views move each by itself."""

    changed = Signal()  # it began or ended
    failed = Signal(str)  # what is wrong, for the user

    def __init__(self, views: ViewGrid, sync: Sync, store: AlignmentStore, parent: QObject) -> None:
        super().__init__(parent)
        self._views, self._sync, self._store = views, sync, store
        self._sides: tuple[SlideView, SlideView] | None = None
        self._slides: tuple[Slide, Slide] | None = None
        self._landmarks = Landmarks()
        self._tools: tuple[LandmarkTool, ...] = ()
        self._alignment: Alignment | None = None
        self.bar = AlignmentBar()
        self.bar.hide()
        views.show_bar(self.bar)
        self.bar.undo_wanted.connect(self._undo)
        self.bar.mirrored_wanted.connect(lambda _: self._on_points_changed())
        self.bar.forget_wanted.connect(self._forget)
        self.bar.cancelled.connect(self.cancel)
        self.bar.finished.connect(self.finish)
        views.slide_changed.connect(self._on_slides_changed)
        views.views_changed.connect(self._on_slides_changed)

    @property
    def is_running(self) -> bool:
        """Whether the user is pointing out places."""
        return self._sides is not None

    @property
    def landmarks(self) -> Landmarks:
        """The places pointed out so far; side 0 is the view of ``start`` that came first."""
        return self._landmarks

    def start(self, first: SlideView, second: SlideView) -> None:
        """Let the user point out places in two views of different slides."""
        assert first.slide is not None and second.slide is not None
        self.cancel()
        self._sides, self._slides = (first, second), (first.slide, second.slide)
        self._landmarks = Landmarks()
        self._sync.set_paused(True)
        self._tools = tuple(
            LandmarkTool(
                self._landmarks,
                side,
                view.canvas.hand,
                on_changed=self._on_points_changed,
                on_finished=self.finish,
                on_cancelled=self.cancel,
                parent=self,
            )
            for side, view in enumerate(self._sides)
        )
        self._views.tools.lend(dict(zip(self._sides, self._tools, strict=True)))
        seen, other_seen = first.canvas.viewpoint, second.canvas.viewpoint
        self.bar.mirrored.setChecked(seen.mirrored != other_seen.mirrored)
        self._show_whether_known()
        self._on_points_changed()
        self.bar.show()
        first.canvas.setFocus()
        self.changed.emit()

    def finish(self) -> None:
        """Align the slides by the places, keep that for later, and have the views follow it."""
        alignment, sides, slides = self._alignment, self._sides, self._slides
        if alignment is None or sides is None or slides is None:
            return
        self._end()
        try:
            self._store.keep(*slides, alignment.similarity)
        except SlideviewerError as error:
            self.failed.emit(str(error))
        self._sync.place(*sides, alignment.similarity)

    def cancel(self) -> None:
        """Forget the places; the slides lie on each other as before."""
        if self._sides is not None:
            self._end()

    def _end(self) -> None:
        self._sides = self._slides = self._alignment = None
        tools, self._tools = self._tools, ()
        self._views.tools.take_back()
        for tool in tools:
            tool.deleteLater()
        self.bar.hide()
        self._sync.set_paused(False)
        self._views.active.canvas.setFocus()
        self.changed.emit()

    def _undo(self) -> None:
        self._landmarks.undo()
        self._on_points_changed()

    def _forget(self) -> None:
        if self._slides is None:
            return
        try:
            self._store.forget(*self._slides)
        except SlideviewerError as error:
            self.failed.emit(str(error))
        self._show_whether_known()

    def _show_whether_known(self) -> None:
        assert self._slides is not None
        try:
            known = self._store.find(*self._slides)
        except SlideviewerError as error:
            self.failed.emit(str(error))
            known = None
        self.bar.forget.setVisible(known is not None)

    def _on_slides_changed(self) -> None:
        if self._sides is None or self._slides is None:
            return
        shown = [view.slide for view in self._sides if view in self._views.views]
        if shown != list(self._slides):
            self.cancel()

    def _on_points_changed(self) -> None:
        if self._sides is None:
            return
        self._alignment, words = self._judge()
        self.bar.show_landmarks(self._landmarks, words, is_enough=self._alignment is not None)
        for tool in self._tools:
            tool.changed.emit()

    def _judge(self) -> tuple[Alignment | None, str]:
        """What the places say, and what to tell the user."""
        assert self._sides is not None and self._slides is not None
        pairs, lagging = self._landmarks.pairs, self._landmarks.lagging_side
        if lagging is not None:
            name = self._slides[lagging].path.name
            return None, f"Now click place {len(pairs) + 1} in {name}, too."
        if len(pairs) < FEWEST_PAIRS:
            return None, "Click a place that you recognise on both slides."
        try:
            alignment = align(pairs, mirrored=self.bar.mirrored.isChecked())
        except AlignmentError as error:
            return None, error.problem
        return alignment, self._describe(alignment, len(pairs))

    def _describe(self, alignment: Alignment, pairs: int) -> str:
        assert self._slides is not None
        slide, other = self._slides
        lying, locale = alignment.similarity, QLocale()
        turn = (lying.rotation + 180.0) % 360.0 - 180.0
        parts = [f"Turned by {locale.toString(turn, 'f', 1)}°"]
        if lying.mirrored:
            parts.append("mirrored")
        residual, unit = alignment.residual_px, "px"
        if isinstance(other.spacing, Spacing):
            residual, unit = residual * other.spacing.um_px, "µm"
            if isinstance(slide.spacing, Spacing):
                size = lying.scale * other.spacing.um_px / slide.spacing.um_px
                parts.append(f"size {locale.toString(100 * size, 'f', 1)} %")
                if not 1 / ALIKE_SCALE <= size <= ALIKE_SCALE:
                    parts.append("unlikely: check the points")
        if pairs > FEWEST_PAIRS:
            parts.append(f"off by {locale.toString(residual, 'f', 1)} {unit} on average")
        else:
            parts.append("a third pair tells how exact")
        return " · ".join(parts)
