"""What is predicted goes into one group of the markup, behind what the specialist drew."""

from __future__ import annotations

from collections.abc import Iterable

from slideviewer.annotations.model import Annotation, AnnotationSet, Group
from slideviewer.inference.predicted_markup import with_outlines

GROUP = "Prediction"
"""The group of all that is predicted, so that ASAP shows and hides it as one."""
COLOUR = "#FF0000"


def with_prediction(
    annotations: AnnotationSet | None, predicted: Iterable[Annotation]
) -> AnnotationSet:
    """Put what was predicted behind a specialist's markup, in the declared group `GROUP`.

    Parameters
    ----------
    annotations : AnnotationSet or None
        Kept whole, in front.
    predicted : iterable of Annotation
        Members of `GROUP`.

    Returns
    -------
    AnnotationSet
        With the research-use line as a comment at its beginning.
    """
    return with_outlines(annotations, predicted, [Group(GROUP, colour=COLOUR)])
