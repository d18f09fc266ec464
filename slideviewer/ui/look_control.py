"""Keeps the panels that say how tiles look in step with the active view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary, WeakSet

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slideviewer.slide import Pixels, Slide
from slideviewer.slide.channels import Channel, ChannelLook, automatic_looks
from slideviewer.ui import settings
from slideviewer.ui.colour_management import Unmanaged, conversion_of
from slideviewer.ui.histograms import Histogram, channel_histograms
from slideviewer.ui.jobs import Job
from slideviewer.ui.look import Look, read_seen
from slideviewer.ui.look_pacing import LookPacing
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.adjust import AdjustPanel
from slideviewer.ui.panels.channels import ChannelsPanel
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView


@dataclass(frozen=True)
class _Colours:
    """What a slide says of its colours.

    Attributes
    ----------
    unmanaged : Unmanaged or None
        Why its profile is not used; None where it can be.
    channels : tuple of Channel
    histograms : tuple of Histogram
        One a channel.
    """

    unmanaged: Unmanaged | None
    channels: tuple[Channel, ...] = ()
    histograms: tuple[Histogram, ...] = ()


NO_SLIDE = _Colours(Unmanaged("No slide is open.", is_fault=False))
NOT_YET_READ = _Colours(Unmanaged("The slide's colour profile is being read.", is_fault=False))


class LookControl(QObject):
    """Shows the active view's look in the panels, and gives the view what the user wants.

    What has to be read from a slide for that is read off the GUI thread, once a slide.
    """

    profile_changed = Signal()  # `is_managed` or `can_manage` may be another

    def __init__(self, views: ViewGrid, notices: NoticeStack, parent: QObject) -> None:
        super().__init__(parent)
        self._views, self._notices = views, notices
        self.adjust, self.channels = AdjustPanel(), ChannelsPanel()
        self._colours: WeakKeyDictionary[Slide, _Colours] = WeakKeyDictionary()
        self._asked: WeakSet[Slide] = WeakSet()
        self._known_views: WeakSet[SlideView] = WeakSet()
        self._shown_channels: tuple[Channel, ...] = ()
        self._pacing = LookPacing(self)
        self.adjust.changed.connect(
            lambda look: self._want(replace(look, channels=self._wanted.channels))
        )
        self.adjust.auto_wanted.connect(self._look_at_view)
        self.channels.changed.connect(self._want_channels)
        views.views_changed.connect(self._meet_views)
        for signal in (views.active_changed, views.slide_changed):
            signal.connect(self._show_view)
        self._meet_views()
        self._show_view()

    def with_channels(self, layers: QWidget) -> QWidget:
        """Put the channels under the layers, in one panel."""
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(layers)
        column.addWidget(self.channels, 1)
        return both

    @property
    def is_managed(self) -> bool:
        """Whether the active view's tiles are shown by the slide's profile, if it has one."""
        return self._wanted.managed

    @property
    def can_manage(self) -> bool:
        """Whether the active view's slide has a profile that can be used."""
        return self._present_colours().unmanaged is None

    def set_managed(self, managed: bool) -> None:
        """Use the slide's profile in the active view, or not."""
        self._want(replace(self._wanted, managed=managed))

    @property
    def _wanted(self) -> Look:
        """The look that the active view has, or is about to have."""
        return self._pacing.look_of(self._views.active)

    def _meet_views(self) -> None:
        for view in self._views.views:
            if view not in self._known_views:
                self._known_views.add(view)
                view.set_look(replace(view.look, managed=settings.read(settings.ICC)))
                view.look_changed.connect(self._show_look)

    def _present_colours(self) -> _Colours:
        slide = _shown_slide(self._views.active)
        return NO_SLIDE if slide is None else self._colours.get(slide, NOT_YET_READ)

    def _show_view(self) -> None:
        slide = _shown_slide(self._views.active)
        if slide is not None and slide not in self._asked:
            self._asked.add(slide)
            job = Job(lambda _: _colours_of(slide), self)
            job.succeeded.connect(partial(self._on_read, slide))
            job.failed.connect(partial(self._on_failed, slide))
            job.start()
        colours = self._present_colours()
        self.adjust.set_management(colours.unmanaged)
        if colours.channels is not self._shown_channels:
            self._shown_channels = colours.channels
            self.channels.set_channels(colours.channels, colours.histograms)
        self._show_look()

    def _show_look(self) -> None:
        look = self._wanted
        self.adjust.set_look(look)
        channels = self._shown_channels
        if len(look.channels) in (0, len(channels)):
            self.channels.set_looks(look.channels or automatic_looks(channels))
        self.profile_changed.emit()

    def _on_read(self, slide: Slide, colours: _Colours) -> None:
        self._colours[slide] = colours
        if colours.unmanaged is not None and colours.unmanaged.is_fault and self._is_shown(slide):
            self._notices.warn(colours.unmanaged.reason)
        self._show_view()

    def _on_failed(self, slide: Slide, problem: str) -> None:
        if self._is_shown(slide):  # one that was closed meanwhile cannot be read, of course
            self._notices.warn(problem)

    def _is_shown(self, slide: Slide) -> bool:
        return any(_shown_slide(view) is slide for view in self._views.views)

    def _want_channels(self, looks: tuple[ChannelLook, ...]) -> None:
        is_automatic = looks == automatic_looks(self._shown_channels)
        self._want(replace(self._wanted, channels=() if is_automatic else looks))

    def _want(self, look: Look) -> None:
        self._pacing.want(self._views.active, look)
        self._show_look()

    def _look_at_view(self) -> None:
        view = self._views.active
        slide, seen, look = _shown_slide(view), view.canvas.viewpoint.visible, self._wanted
        if slide is None:
            return

        def stretch(pixels: Pixels) -> None:
            if self._views.active is view and _shown_slide(view) is slide:
                self.adjust.stretch(pixels)

        job = Job(lambda _: read_seen(slide, seen, look), self)
        job.succeeded.connect(stretch)
        job.failed.connect(partial(self._on_failed, slide))
        job.start()


def _colours_of(slide: Slide) -> _Colours:
    conversion = conversion_of(slide)
    unmanaged = conversion if isinstance(conversion, Unmanaged) else None
    return _Colours(unmanaged, slide.channels, channel_histograms(slide))


def _shown_slide(view: SlideView) -> Slide | None:
    """The slide with all the levels that the screen wants."""
    return view.tiles.source.shown if view.tiles.source is not None else None
