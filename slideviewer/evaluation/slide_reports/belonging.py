"""Whether prediction and markup are of the slide that a report is to be made of."""

from __future__ import annotations

from pathlib import Path

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.sidecar import read_sidecar
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.markup import Markup, check_slide
from slideviewer.evaluation.slide_reports.about import provenance_of
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.record import value_at
from slideviewer.inference.stored import Stored
from slideviewer.slide import Slide


def check_prediction(slide: Slide, prediction: Stored) -> None:
    """Make sure that a prediction was made of a slide, known by its content, or else by its size.

    Raises
    ------
    EvaluationError
        Where it is of another one.
    SlideError
        Where the slide's file cannot be read.
    """
    provenance, here = provenance_of(prediction), _size(slide)
    content, name, *there = (
        value_at(provenance, ("slide", key)) for key in ("content", "name", "width", "height")
    )
    has_size = None not in there
    if isinstance(content, str):
        is_other, own = content != content_identity(slide.path), "another content"
    else:
        is_other, own = has_size and tuple(there) != here, f"{here[0]} × {here[1]}"
    if not is_other:
        return
    whose = name if isinstance(name, str) else "a slide"
    large = f" of {there[0]} × {there[1]} px" if has_size else ""
    raise EvaluationError(
        f"The prediction was made of {whose}{large}, and this file has {own}: it is of another "
        "slide.",
        path=slide.path,
        remedy="Name what was predicted on this very file.",
    )


def check_markup(slide: Slide, markup: AnnotationSet, annotations: Path) -> None:
    """Make sure that markup was drawn on a slide: by what is noted beside it, and by its places.

    Raises
    ------
    EvaluationError
        Where it is of another one.
    """
    noted = read_sidecar(annotations, markup).slide
    size = None if noted is None else (noted.width_px, noted.height_px)
    check_slide(Markup(annotations, markup, (), size, None), _size(slide), slide.path.name)


def _size(slide: Slide) -> tuple[int, int]:
    return slide.pyramid.width, slide.pyramid.height
