"""Who drew and changed an annotation, and by what its shape is known again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from slideviewer.annotations.model import Annotation, are_places


@dataclass(frozen=True)
class Mark:
    """Who drew and changed one annotation, as far as it is known.

    Attributes
    ----------
    digest : str
        Of the shape that this was noted for.
    author, changed_by : str
        Empty where nobody noted it.
    created, changed : datetime or None
        With their time zone.
    """

    digest: str
    author: str = ""
    created: datetime | None = None
    changed_by: str = ""
    changed: datetime | None = None


def digest_of(annotation: Annotation) -> str:
    """A short name of a shape: of its kind and the vertices that an XML file holds."""
    points = annotation.points
    places = points[are_places(points)]
    made = hashlib.blake2b(str(annotation.kind).encode("utf-8", "replace"), digest_size=8)
    made.update(np.ascontiguousarray(places, "<f8").tobytes())
    return made.hexdigest()


def mark_now(annotation: Annotation, known: Mark | None, author: str, now: datetime) -> Mark:
    """The mark of an annotation that is being saved.

    Parameters
    ----------
    annotation : Annotation
    known : Mark or None
        What was noted before; None for one that was drawn since.
    author : str
        Who draws and changes now.
    now : datetime
    """
    digest = digest_of(annotation)
    if known is None:
        return Mark(digest, author, now)
    if known.digest == digest:
        return known
    return replace(known, digest=digest, changed_by=author, changed=now)
