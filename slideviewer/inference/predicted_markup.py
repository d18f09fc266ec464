"""Predicted outlines behind a specialist's markup, with the research-use line."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.asap.kept import as_extra, fragments, kept_of
from slideviewer.annotations.asap.text import as_comment
from slideviewer.annotations.geojson.feature import SLOT
from slideviewer.annotations.model import Annotation, AnnotationSet, Group


def with_outlines(
    annotations: AnnotationSet | None, predicted: Iterable[Annotation], groups: Iterable[Group]
) -> AnnotationSet:
    """Put outlines behind a specialist's markup, in declared groups.

    Parameters
    ----------
    annotations : AnnotationSet or None
        Kept whole, in front; a group that it has already stays as it is there.
    predicted : iterable of Annotation
    groups : iterable of Group
        Those that they are in.

    Returns
    -------
    AnnotationSet
        With the research-use line as a comment of its XML, and a member of its GeoJSON.
    """
    markup = annotations or AnnotationSet.of()
    kept = kept_of(markup.extra)
    notice = as_comment(f" Prediction: {RESEARCH_USE_ONLY} ")
    prolog = fragments(kept, "prolog")
    if notice not in prolog:
        prolog.append(notice)
    of_geojson = markup.extra.get(SLOT)
    of_geojson = dict(of_geojson) if isinstance(of_geojson, Mapping) else {}
    members = {**of_geojson.get("members", {}), "research_use": RESEARCH_USE_ONLY}
    extra = {
        **markup.extra,
        **as_extra({**kept, "prolog": prolog}),
        SLOT: {**of_geojson, "members": members},
    }
    own = [group for group in groups if group.name not in markup.groups]
    return AnnotationSet.of([*markup, *predicted], [*markup.groups.values(), *own], extra)


def with_steady_ids(annotations: Iterable[Annotation], source: str) -> list[Annotation]:
    """Give annotations ids that are the same in every run: files of equal results are equal.

    Parameters
    ----------
    annotations : iterable of Annotation
    source : str
        What they come from, a model and a slide.
    """
    return [
        replace(annotation, id=uuid.uuid5(uuid.NAMESPACE_OID, f"{source} {number}").hex)
        for number, annotation in enumerate(annotations)
    ]


def source_of(provenance: Mapping[str, object]) -> str:
    """Name the model and the slide of a prediction by their content."""
    words = []
    for part, key in (("model", "hash"), ("slide", "content")):
        facts = provenance.get(part)
        words.append(str(facts.get(key)) if isinstance(facts, Mapping) else "")
    return " ".join(words)
