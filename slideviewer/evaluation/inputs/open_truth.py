"""The markup of the slide that is open, and what it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.masks import excludes
from slideviewer.evaluation.inputs.markup import Markup


@dataclass(frozen=True)
class OpenTruth:
    """What the markup of a slide stands for.

    Attributes
    ----------
    group : str or None
        The group that marks the class of interest; None for what groups are called.
    rest : str or None
        The class of tiles that meet no markup; None for the other one of two.
    """

    group: str | None = None
    rest: str | None = None

    def groups(self, target: str) -> Mapping[str, str]:
        """Which class a group stands for, as an evaluation is told."""
        return {} if self.group is None else {self.group: target}


def markup_on(annotations: AnnotationSet, frame: SlideFrame | None, path: Path) -> Markup:
    """The markup of an open slide, as reading its file would give it.

    Parameters
    ----------
    annotations : AnnotationSet
    frame : SlideFrame or None
        Of the slide.
    path : Path
        Where it lies, or would, for errors.
    """
    if frame is None:
        return Markup(path, annotations, (), None, None)
    um_px = frame.spacing_um_px
    spacing = None if um_px is None else (um_px[0] * um_px[1]) ** 0.5
    return Markup(path, annotations, (), (frame.width_px, frame.height_px), spacing)


def has_truth(annotations: AnnotationSet) -> bool:
    """Whether anything is marked that a prediction can be measured against."""
    return any(
        getattr(it.kind, "is_area", False) and not (it.group and excludes(it.group))
        for it in annotations
    )


def has_ungrouped(annotations: AnnotationSet) -> bool:
    """Whether something that encloses an area is in no group."""
    return any(it.group is None and getattr(it.kind, "is_area", False) for it in annotations)
