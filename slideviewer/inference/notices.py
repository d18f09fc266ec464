"""What a user should hear about a run that was made all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slideviewer.annotations.model import AnnotationSet
from slideviewer.geometry import Rect
from slideviewer.models.spec import ModelSpec
from slideviewer.slide.slide import Slide, Spacing

SPACING_TOLERANCE = 0.05
"""By so much a spacing that the user gives may differ from the slide's own without a word:
objectives are named by rounded numbers, scanners measure."""

_BRIGHT_FIELD = re.compile(r"\bH ?& ?E\b|h(a)?ematoxylin", re.IGNORECASE)


def notices_on(
    slide: Slide,
    spec: ModelSpec,
    provenance: Mapping[str, object],
    annotations: AnnotationSet | None = None,
) -> tuple[str, ...]:
    """Look for what makes a run doubtful.

    Parameters
    ----------
    slide : Slide
    spec : ModelSpec
    provenance : mapping
        Of the plan.
    annotations : AnnotationSet or None
        The markup that the squares are put on top of.

    Returns
    -------
    tuple of str
        Sentences for the user; empty where nothing is odd.
    """
    return (
        *_on_spacing(slide, provenance),
        *_on_light(spec, provenance),
        *_on_markup(slide, annotations),
    )


def _on_spacing(slide: Slide, provenance: Mapping[str, object]) -> Iterator[str]:
    used = provenance["spacing_um_px"]
    if not isinstance(slide.spacing, Spacing) or not isinstance(used, int | float):
        return
    own = slide.spacing.um_px
    if abs(used - own) > SPACING_TOLERANCE * own:
        yield (
            f"The slide itself states {own:.4g} µm per pixel; the {used:.4g} that were given are"
            " used."
        )


def _on_light(spec: ModelSpec, provenance: Mapping[str, object]) -> Iterator[str]:
    tissue = provenance["tissue"]
    if not isinstance(tissue, Mapping) or not tissue.get("dark_field"):
        return
    said = f"{spec.title} {spec.intended_use} {spec.trained_on}"
    if _BRIGHT_FIELD.search(said):
        yield (
            f"The slide is dark, as in fluorescence, and the model {spec.name} is for haematoxylin"
            " and eosin on a bright ground: its probabilities mean nothing here."
        )
    else:
        yield (
            f"The slide is dark, as in fluorescence: unless the model {spec.name} was trained on"
            " such slides, its probabilities mean nothing here."
        )


def _on_markup(slide: Slide, annotations: AnnotationSet | None) -> Iterator[str]:
    extent = slide.pyramid.extent
    shapes = [it.bounds for it in annotations or () if it.bounds is not None]
    outside = sum(_is_outside(bounds, extent) for bounds in shapes)
    if outside:
        yield (
            f"{outside} of {len(shapes)} shapes of the markup lie wholly outside the slide;"
            " it may belong to another one."
        )


def _is_outside(bounds: Rect, extent: Rect) -> bool:
    # Not by their intersection, which is of no size for a dot.
    return (
        bounds.right < extent.x
        or bounds.bottom < extent.y
        or bounds.x > extent.right
        or bounds.y > extent.bottom
    )
