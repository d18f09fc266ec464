"""Views that move together: what one shows, all show, each on its own slide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide, Spacing
from slideviewer.ui import settings
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.views.alignment_store import AlignmentStore
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.similarity import Similarity, between, centred
from slideviewer.ui.views.slide_view import SlideView


@dataclass(frozen=True)
class _Place:
    """Where a view's slide lies in a frame that all views share."""

    slide: Slide
    to_shared: Similarity


class Sync(QObject):
    """Has all views follow the one that moves.

    Each slide has a place in one shared frame, so what a follower shows depends on nothing but
    what its leader shows now: there is nothing that could drift, and no echo. Views of the same
    slide have the same place. Others are placed by their alignment where there is one, and
    otherwise at the same µm scale: middle on middle where a slide was just opened, or as they
    were shown when the user had them move together.
    """

    changed = Signal()  # the views move together now, or no longer
    told = Signal(str)  # worth knowing for the user
    failed = Signal(str)  # what is wrong, for the user

    def __init__(self, views: ViewGrid, store: AlignmentStore, parent: QObject) -> None:
        super().__init__(parent)
        self._views, self._store = views, store
        self._is_on = settings.read(settings.SYNC_VIEWS)
        self._is_held = self._is_paused = self._is_leading = False
        self._is_in_motion = False  # what the views followed last moved by itself
        self._places: dict[SlideView, _Place] = {}
        self._sizes: dict[SlideView, tuple[int, int]] = {}
        self._heard: set[SlideView] = set()
        self._told: set[frozenset[str]] = set()
        views.views_changed.connect(self._meet_views)
        self._meet_views()

    @property
    def is_on(self) -> bool:
        """Whether the user wants the views to move together."""
        return self._is_on

    @property
    def is_active(self) -> bool:
        """Whether they do."""
        return (self._is_on or self._is_held) and not self._is_paused

    def set_on(self, is_on: bool) -> None:
        """Have the views move together as they are now, or each by itself; kept as a setting."""
        if is_on != self._is_on:
            self._is_on = is_on
            settings.write(settings.SYNC_VIEWS, is_on)
            self._restart()

    def set_held(self, is_held: bool) -> None:
        """Have the views move together for a while, whatever the user wants else."""
        self._is_held = is_held
        self._restart()

    def set_paused(self, is_paused: bool) -> None:
        """Have each view move by itself for a while; then the slides lie as they lay before."""
        self._is_paused = is_paused
        self._place_all()
        self._lead(self._views.active)
        self.changed.emit()

    def place(self, view: SlideView, other: SlideView, lying: Similarity) -> None:
        """Have a view's slide lie on the other's like this, and the views move together.

        The view stays as it is, and the other one moves to it.

        Parameters
        ----------
        view, other : SlideView
        lying : Similarity
            From the slide of ``view`` to that of ``other``.
        """
        assert view.slide is not None and other.slide is not None
        self._is_on = True
        settings.write(settings.SYNC_VIEWS, True)
        self._places.clear()
        self._places[other] = _Place(other.slide, Similarity())
        self._places[view] = _Place(view.slide, lying)
        self._place_all()
        self._lead(view)
        self.changed.emit()

    def _restart(self) -> None:
        if not (self._is_on or self._is_held):
            self._places.clear()
        self._place_all(as_shown=True)
        self._lead(self._views.active)
        self.changed.emit()

    def _meet_views(self) -> None:
        views = self._views.views
        for gone in self._heard.difference(views):
            self._heard.discard(gone)
            self._places.pop(gone, None)
            self._sizes.pop(gone, None)
        for view in self._views.views:
            if view not in self._heard:
                self._heard.add(view)
                self._hear(view)
        self._place_all()
        self._lead(self._views.active)

    def _hear(self, view: SlideView) -> None:
        # The view owns these signals, so what is connected here goes when it goes.
        view.canvas.viewpoint_changed.connect(lambda seen: self._on_moved(view, seen))
        view.canvas.touched.connect(lambda: self._on_touched(view))
        view.slide_changed.connect(lambda: self._on_slide_changed(view))

    def _on_moved(self, view: SlideView, seen: Viewpoint) -> None:
        size = seen.width, seen.height
        is_resized, self._sizes[view] = self._sizes.get(view) != size, size
        if is_resized and view is not self._views.active:
            self._follow([view], self._views.active)  # another size is no movement of its own
        else:
            self._lead(view)

    def _on_touched(self, view: SlideView) -> None:
        """Have a hand on one view stop them all."""
        if not self.is_active or view not in self._places:
            return
        for other in self._places:
            if other is not view and other.canvas.is_moving:
                other.canvas.follow(other.canvas.viewpoint, in_motion=False)
        if self._is_in_motion and not view.canvas.is_moving:
            self._lead(view)  # it was the one that moved

    def _on_slide_changed(self, view: SlideView) -> None:
        if view not in self._views.views:
            return  # it is being closed
        self._place_all()
        active = self._views.active
        self._follow([view], active if active is not view else self._other_than(view))

    def _other_than(self, view: SlideView) -> SlideView:
        return next((other for other in self._places if other is not view), view)

    def _lead(self, leader: SlideView) -> None:
        self._follow(self._places, leader)

    def _follow(self, followers: Iterable[SlideView], leader: SlideView) -> None:
        place = self._places.get(leader)
        if self._is_leading or not self.is_active or place is None:
            return
        if place.slide is not leader.slide:
            return  # another slide is being put there, whose place is not known yet
        self._is_leading = True
        canvas = leader.canvas
        self._is_in_motion = canvas.is_moving
        try:
            for view in list(followers):
                there = self._places.get(view)
                if view is leader or there is None or there.slide is not view.slide:
                    continue
                seen = canvas.viewpoint
                if there.to_shared != place.to_shared:
                    seen = there.to_shared.inverse.carry(place.to_shared.carry(seen))
                view.canvas.follow(seen, in_motion=self._is_in_motion)
        finally:
            self._is_leading = False

    def _place_all(self, *, as_shown: bool = False) -> None:
        """Give a place to every slide that has none, the active view's first."""
        if not self.is_active:
            return
        views = sorted(self._views.views, key=lambda view: view is not self._views.active)
        for view in views:
            place = self._places.get(view)
            if place is not None and place.slide is not view.slide:
                del self._places[view]
        for view in views:
            if view.slide is not None and view not in self._places:
                self._places[view] = _Place(view.slide, self._find_place(view, as_shown))

    def _find_place(self, view: SlideView, as_shown: bool) -> Similarity:
        slide, placed = view.slide, list(self._places.items())
        assert slide is not None
        if not placed:
            return Similarity()
        for _, place in placed:
            if place.slide is slide:
                return place.to_shared
        for _, place in placed:
            aligned = self._aligned(slide, place.slide)
            if aligned is not None:
                return aligned.then(place.to_shared)
        other, place = placed[0]
        scale = self._scale(slide, place.slide)
        if as_shown:
            lying = between(view.canvas.viewpoint, other.canvas.viewpoint, scale)
        else:
            lying = centred(Similarity(scale), slide.bounds.centre, place.slide.bounds.centre)
        return lying.then(place.to_shared)

    def _aligned(self, slide: Slide, other: Slide) -> Similarity | None:
        try:
            return self._store.find(slide, other)
        except SlideviewerError as error:
            self.failed.emit(str(error))
            return None

    def _scale(self, slide: Slide, other: Slide) -> float:
        """Level-0 pixels of the other slide per level-0 pixel of this one."""
        if isinstance(slide.spacing, Spacing) and isinstance(other.spacing, Spacing):
            return slide.spacing.um_px / other.spacing.um_px
        pair = frozenset({str(slide.path), str(other.path)})
        if pair not in self._told:
            self._told.add(pair)
            unknown = other if isinstance(slide.spacing, Spacing) else slide
            self.told.emit(
                f"{unknown.path.name} does not say how large its pixels are, so the views move "
                "together pixel by pixel. Align them by points to have the same magnification."
            )
        return 1.0
