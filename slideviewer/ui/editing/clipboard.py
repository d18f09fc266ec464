"""Annotations on the clipboard: as ASAP's XML, which any program can take as text."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydantic import BaseModel, ValidationError
from PySide6.QtCore import QCoreApplication, QMimeData
from PySide6.QtWidgets import QApplication

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    as_points,
    read_asap,
    write_asap,
)
from slideviewer.annotations.extents import extents
from slideviewer.errors import AnnotationError
from slideviewer.slide import Spacing
from slideviewer.slide.slide import PLAUSIBLE_SPACING_UM_PX
from slideviewer.ui.jobs import Job

MIME = "application/x-slideviewer-annotations+json"
"""What goes with the text: how large the pixels of its slide are, and whose copy it is."""

MOST_AT_ONCE = 5_000
"""Vertices up to which the text is written while the window waits, which nobody notices."""


class _Origin(BaseModel):
    """Where a copy comes from."""

    token: str
    spacing_um_px: tuple[float, float] | None = None


@dataclass(frozen=True)
class Clip:
    """Annotations that were copied.

    Attributes
    ----------
    annotations : AnnotationSet
        With the groups that they belong to.
    spacing : Spacing or None
        Of the slide they were drawn on, where it is known.
    """

    annotations: AnnotationSet
    spacing: Spacing | None

    @classmethod
    def of(
        cls, shapes: Iterable[Annotation], known: AnnotationSet, spacing: Spacing | None
    ) -> Clip:
        """Some annotations of a set, with the groups around them."""
        shapes = tuple(shapes)
        lineages = {name for shape in shapes for name in known.lineage(shape.group)}
        groups = (group for name, group in known.groups.items() if name in lineages)
        return cls(AnnotationSet.of(shapes, groups), spacing)

    def placed_at(
        self, centre: tuple[float, float], spacing: Spacing | None
    ) -> tuple[list[Annotation], list[Group]]:
        """The annotations as new ones around a level-0 point, and their groups.

        They keep their size in micrometres where both slides have a spacing, else in pixels.
        """
        shapes = list(self.annotations)
        scale = np.ones(2)
        if spacing is not None and self.spacing is not None:
            here, there = spacing, self.spacing
            scale = np.array([there.x_um_px / here.x_um_px, there.y_um_px / here.y_um_px])
        middle = _middle_of(shapes)
        placed = [
            replace(
                shape,
                points=as_points((shape.points - middle) * scale + centre),
                id=uuid.uuid4().hex,
            )
            for shape in shapes
        ]
        return placed, list(self.annotations.groups.values())


class Clipboard:
    """The system's clipboard, for annotations."""

    def __init__(self) -> None:
        self._held: tuple[str, Clip] | None = None

    def put(self, clip: Clip, warn: Callable[[str], object] = lambda _: None) -> None:
        """Copy annotations; other programs get many of them a while later than this one.

        Parameters
        ----------
        clip : Clip
        warn : callable
            Is told, for the user, why they cannot be had as text.
        """
        origin = _Origin(token=uuid.uuid4().hex)
        if clip.spacing is not None:
            origin.spacing_um_px = clip.spacing.x_um_px, clip.spacing.y_um_px
        self._held = origin.token, clip
        if sum(len(it.points) for it in clip.annotations) <= MOST_AT_ONCE:
            _hand_over(origin, _written(clip.annotations))
            return
        _hand_over(origin)
        job = Job(lambda _: _written(clip.annotations), QCoreApplication.instance())
        job.succeeded.connect(lambda text: _add_text(origin, text))
        job.failed.connect(warn)
        job.start()

    def take(self) -> Clip | None:
        """What was copied, here or in another window; None where it is something else.

        Raises
        ------
        AnnotationError
            It looks like annotations, but cannot be read.
        """
        data = QApplication.clipboard().mimeData()
        origin = _origin_of(data)
        if origin is not None and self._held is not None and origin.token == self._held[0]:
            return self._held[1]  # with all that a format cannot hold
        text = data.text() if data is not None and data.hasText() else ""
        if not text.lstrip().startswith("<"):
            return None
        annotations = _read(text)
        spacing = origin.spacing_um_px if origin is not None else None
        lowest, highest = PLAUSIBLE_SPACING_UM_PX
        if spacing is not None and all(lowest <= um_px <= highest for um_px in spacing):
            return Clip(annotations, Spacing(*spacing))
        return Clip(annotations, None)


def _hand_over(origin: _Origin, text: str | None = None) -> None:
    """Put on the clipboard what is known of a copy."""
    data = QMimeData()
    if text is not None:
        data.setText(text)
    data.setData(MIME, origin.model_dump_json().encode())
    QApplication.clipboard().setMimeData(data)


def _add_text(origin: _Origin, text: str) -> None:
    """Put the text on the clipboard, unless something else was copied meanwhile."""
    if _origin_of(QApplication.clipboard().mimeData()) == origin:
        _hand_over(origin, text)


def _origin_of(data: QMimeData | None) -> _Origin | None:
    if data is None or not data.hasFormat(MIME):
        return None
    try:
        return _Origin.model_validate_json(bytes(data.data(MIME).data()))
    except ValidationError:
        return None


def _middle_of(shapes: list[Annotation]) -> tuple[float, float]:
    boxes, _ = extents(shapes)
    boxes = boxes[:, np.isfinite(boxes).all(axis=0)]
    if not boxes.shape[1]:
        return 0.0, 0.0
    left, top = boxes[:2].min(axis=1).tolist()
    right, bottom = boxes[2:].max(axis=1).tolist()
    return (left + right) / 2, (top + bottom) / 2


def _written(annotations: AnnotationSet) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copied.xml"
        write_asap(annotations, path, backup=False)
        return path.read_text(encoding="utf-8")


def _read(text: str) -> AnnotationSet:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pasted.xml"
        # A part of one character, as a program may hand it on, is no text that can be encoded.
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            return read_asap(path).annotations
        except AnnotationError as error:
            raise AnnotationError(
                f"The text on the clipboard holds no annotations: it {error.problem}",
                remedy="Copy annotations, or the whole text of an ASAP file.",
            ) from error
