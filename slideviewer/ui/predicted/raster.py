"""What is painted from parts that are made in the background: masks and nuclei."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from slideviewer.geometry import Rect
from slideviewer.ui.predicted.loader import PartLoader, Wish
from slideviewer.ui.predicted.overlay import Overlay
from slideviewer.ui.predicted.parts import Kept, PartCache, PartGrid, PartKey, PartSource, Steps
from slideviewer.ui.viewpoint import Viewpoint

MOST_BYTES = 128 << 20
"""Of parts that are kept: more than the screens of three views hold at a time."""

GROWING_MILLISECONDS = 200
"""What grows is made anew so often at most: each part of a far view holds many chunks."""


class RasterOverlay(Overlay):
    """Keeps the parts that its views want, and asks for those that are missing or out of date."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: PartSource | None = None
        self._loader = PartLoader(self)
        self._cache = PartCache(MOST_BYTES)
        self._views: dict[object, tuple[Viewpoint, float]] = {}
        self._wanted: dict[object, tuple[PartKey, ...]] = {}
        self._clock = 0  # counts what was added
        self._dirty: dict[PartKey, int] = {}  # when what it is made of changed last
        self._loader.made.connect(self._on_made)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(GROWING_MILLISECONDS)
        self._soon.timeout.connect(self._ask_again)

    @property
    def grid(self) -> PartGrid | None:
        """Where the parts lie; None where there is nothing to paint."""
        return self._source.grid if self._source is not None else None

    @property
    def has_prediction(self) -> bool:
        return self._source is not None

    @property
    def is_loading(self) -> bool:
        return any(self._is_missing(key) for wanted in self._wanted.values() for key in wanted)

    def steps(self, key: PartKey) -> Kept | None:
        """A part as far as it is there."""
        return self._cache.get(key)

    def pixels(self, steps: Steps, opacity: float) -> NDArray[np.uint32]:
        """The colours of some of a part.

        Parameters
        ----------
        steps : ndarray (numbers, height, width), uint16
        opacity : float
            From 0 to 1.

        Returns
        -------
        ndarray (height, width), uint32
            Premultiplied ARGB, as Qt paints it.
        """
        return np.asarray(self._table(opacity)[steps[0]])

    def look_at(self, who: object, view: Viewpoint, ratio: float) -> None:
        self._views[who] = view, ratio
        self._look_for(who)

    def forget(self, who: object) -> None:
        self._views.pop(who, None)
        self._wanted.pop(who, None)
        self._loader.forget(who)

    def _set_source(self, source: PartSource | None) -> None:
        """Paint something else, or nothing.

        Where it means the same, what there is stays until it is made anew.
        """
        former, self._source = self._source, source
        self._wanted.clear()
        if former is None or source is None or source.manner != former.manner:
            self._cache.clear()
            self._dirty.clear()
        else:
            self._clock += 1
            self._dirty = dict.fromkeys(self._cache.keys, self._clock)
        for who in self._views:
            if source is None:
                self._loader.forget(who)
            self._look_for(who)

    def _mark(self, area: Rect) -> None:
        """What lies in a level-0 rectangle is out of date; it stays until it is made anew."""
        grid = self.grid
        if grid is None:
            return
        self._clock += 1
        levels = range(grid.finest, grid.coarsest + 1)
        ranges = {level: grid.range_in(area, level) for level in levels}
        wanted = {key for keys in self._wanted.values() for key in keys}
        for key in wanted.union(self._cache.keys):
            columns, rows = ranges[key.level]
            if key.column in columns and key.row in rows:
                self._dirty[key] = self._clock
        self.changed.emit(Rect(0, 0, 0, 0))  # in words alone, so far
        if not self._soon.isActive():
            self._soon.start()

    def _look_for(self, who: object) -> None:
        grid = self.grid
        if grid is None:
            return
        view, ratio = self._views[who]
        keys = list(grid.keys_in(view.visible, grid.level_for(view.scale * ratio)))
        middle_x, middle_y = view.centre_x, view.centre_y

        def distance(key: PartKey) -> float:
            x, y = grid.rect(key).centre
            return math.hypot(x - middle_x, y - middle_y)

        # The coarsest lies below all others until they are there.
        wanted = (PartKey(grid.coarsest, 0, 0), *sorted(keys, key=distance))
        if wanted != self._wanted.get(who):
            self._wanted[who] = wanted
            self._ask(who)

    def _ask_again(self) -> None:
        for who in self._wanted:
            self._ask(who)

    def _ask(self, who: object) -> None:
        source = self._source
        if source is not None:
            missing = filter(self._is_missing, dict.fromkeys(self._wanted[who]))
            self._loader.want(who, [Wish(source, key, self._clock) for key in missing])

    def _is_missing(self, key: PartKey) -> bool:
        kept = self._cache.get(key)
        return kept is None or kept.version < self._dirty.get(key, 0)

    def _on_made(self, wish: Wish, kept: Kept) -> None:
        key, grid = wish.key, self.grid
        is_wanted = any(key in wanted for wanted in self._wanted.values())
        # What nobody wants any more is not kept: nobody has noted what changed of it meanwhile.
        if wish.source is not self._source or grid is None or not is_wanted:
            return
        former = self._cache.get(key)
        self._cache.add(key, kept)
        if former is None or former.steps is not None or kept.steps is not None:
            self.changed.emit(grid.rect(key))
        if self._is_missing(key) and not self._soon.isActive():
            self._soon.start()
