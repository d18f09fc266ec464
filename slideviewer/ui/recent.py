"""The slides opened last, each with its annotation file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

MOST = 12

_PLACE = "recent"


@dataclass(frozen=True)
class RecentSlide:
    """A slide and the annotation file that was last open with it, if any."""

    slide: Path
    annotations: Path | None = None


class Recent(QObject):
    """The list, kept in the settings and shared by all windows."""

    changed = Signal()

    def entries(self) -> list[RecentSlide]:
        """The slides, the last one first; what is damaged in the settings is left out."""
        try:
            stored = json.loads(str(QSettings().value(_PLACE, "[]")))
        except ValueError:
            return []
        entries = [_understood(kept) for kept in stored] if isinstance(stored, list) else []
        return [entry for entry in entries if entry is not None][:MOST]

    def find(self, slide: Path) -> RecentSlide | None:
        """The entry of a slide."""
        return next((entry for entry in self.entries() if entry.slide == slide), None)

    def add(self, slide: Path) -> None:
        """Put a slide first; its annotation file stays known."""
        known = self.find(slide)
        self._store([known or RecentSlide(slide), *self._others(slide)])

    def set_annotations(self, slide: Path, annotations: Path) -> None:
        """Remember the annotation file that is open with a slide."""
        if self.find(slide) != RecentSlide(slide, annotations):
            self._store([RecentSlide(slide, annotations), *self._others(slide)])

    def clear(self) -> None:
        """Forget all."""
        self._store([])

    def _others(self, slide: Path) -> list[RecentSlide]:
        return [entry for entry in self.entries() if entry.slide != slide]

    def _store(self, entries: list[RecentSlide]) -> None:
        kept = [
            {"slide": str(entry.slide), "annotations": str(entry.annotations or "")}
            for entry in entries[:MOST]
        ]
        QSettings().setValue(_PLACE, json.dumps(kept))
        self.changed.emit()


def tips_of(entries: Sequence[RecentSlide]) -> dict[Path, str]:
    """What each slide stands for: where it is, and the annotations that open with it."""
    return {
        entry.slide: f"{entry.slide}\nwith {entry.annotations.name}"
        if entry.annotations is not None
        else str(entry.slide)
        for entry in entries
    }


def names_of(entries: Sequence[RecentSlide]) -> dict[Path, str]:
    """A name for each slide to tell it by: with the folder's where two files are called alike."""
    count = Counter(entry.slide.name for entry in entries)
    return {
        entry.slide: entry.slide.name
        if count[entry.slide.name] == 1
        else f"{entry.slide.name} ({entry.slide.parent.name})"
        for entry in entries
    }


def _understood(kept: object) -> RecentSlide | None:
    if not isinstance(kept, dict):
        return None
    slide, annotations = kept.get("slide"), kept.get("annotations")
    if not isinstance(slide, str) or not slide:
        return None
    return RecentSlide(
        Path(slide), Path(annotations) if isinstance(annotations, str) and annotations else None
    )
