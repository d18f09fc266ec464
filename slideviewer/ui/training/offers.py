"""Annotated slides in the open slide's folder, offered to be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer.cohort.folder_listing import list_slides
from slideviewer.ui.training.fields import Value

REST, REST_CLASS = "rest", "Normal"
FINEST_UM_PX = 0.5
"""A network that looks closer than this sees less around what it looks at."""
_PARTS = set(",=+;")


@dataclass(frozen=True)
class Offer:
    """Slides with markup beside them.

    Attributes
    ----------
    folder : Path
    count : int
        Slides with annotations.
    groups : tuple of str
        Of the open slide's annotations; those whose names an option cannot hold are left out.
    spacing_um_px : float or None
        Of the open slide.
    """

    folder: Path
    count: int
    groups: tuple[str, ...] = ()
    spacing_um_px: float | None = None

    @property
    def words(self) -> str:
        """For a button."""
        slides = "the annotated slide" if self.count == 1 else f"the {self.count} annotated slides"
        return f"Take {slides} of this folder"

    def values_for(self, command: str) -> dict[str, Value] | None:
        """What it fills in for a command, by option; None where slides are of no use to it."""
        if command not in ("tiles", "segmentation"):
            return None
        values: dict[str, Value] = {}
        if self.spacing_um_px is not None:
            values["--spacing"] = round(max(FINEST_UM_PX, self.spacing_um_px), 4)
        if command == "segmentation":
            values |= {"--slides": str(self.folder), "--annotations": str(self.folder)}
            if self.groups:
                values["--targets"] = ",".join(self.groups)
            return values
        values["--data"] = str(self.folder)
        if self.groups:
            classes = [f"{REST}={REST_CLASS}", *(f"{name}={name}" for name in self.groups)]
            values |= {"--classes": ",".join(classes), "--target": self.groups[0]}
        return values


def look_for(folder: Path, groups: Sequence[str], spacing_um_px: float | None) -> Offer | None:
    """Look whether a folder holds annotated slides; may take long on a network.

    Raises
    ------
    SlideError
        If it cannot be read.
    """
    count = sum(it.annotations is not None for it in list_slides(folder).slides)
    if not count:
        return None
    named = tuple(it for it in groups if it and it.strip() == it and not _PARTS & set(it))
    return Offer(folder, count, named, spacing_um_px)
