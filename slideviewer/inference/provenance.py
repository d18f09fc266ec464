"""Where a prediction comes from: model, slide, parameters, product, date, as plain JSON values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import slideviewer
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.areas import READING
from slideviewer.inference.options import Options
from slideviewer.models.package import ModelPackage
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

PLACE = "place"
"""In the provenance of tiles, where somebody chose a part of the tissue to look at."""

_END_BYTES = 1 << 20
"""How much of each end of a slide is read for its identity: a format's directory lies at one of
them, and a whole slide of gigabytes would take minutes."""


def now() -> str:
    """Tell the present moment in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def content_identity(path: Path) -> str:
    """Name a file by its content: SHA-256 of its size, first and last MiB.

    A copy of a slide has the same identity wherever it lies and however it is called.

    Raises
    ------
    SlideError
        If the file cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_END_BYTES)
            file.seek(max(0, size - _END_BYTES))
            end = file.read(_END_BYTES)
    except OSError as error:
        raise SlideError(f"It cannot be read: {error.strerror or error}.", path=path) from error
    return hashlib.sha256(b"%d\n" % size + start + end).hexdigest()


def product_facts() -> dict[str, object]:
    """Tell what every record of a run says of the product."""
    return {
        "product": "slideviewer",
        "version": slideviewer.__version__,
        "research_use": slideviewer.RESEARCH_USE_ONLY,
    }


def model_facts(package: ModelPackage) -> dict[str, object]:
    """Tell what a record says of the model."""
    spec = package.spec
    return {
        "name": spec.name,
        "title": spec.title,
        "hash": package.hash,
        "origin": package.origin,
        "architecture": spec.architecture,
        "class_names": list(spec.class_names),
        "target_class": spec.target_class,
        "patch_size_pixels": spec.patch_size_pixels,
        "spacing_um_px": spec.spacing_um_px,
        "licence": spec.licence,
        "intended_use": spec.intended_use,
        "trained_on": spec.trained_on,
    }


def slide_facts(slide: Slide) -> dict[str, object]:
    """Tell what a record says of the slide."""
    return {
        "name": slide.path.name,
        "path": str(slide.path.resolve()),
        "content": content_identity(slide.path),
        "vendor": slide.vendor,
        "width": slide.pyramid.width,
        "height": slide.pyramid.height,
        "reading": READING,
    }


def asked_facts(
    slide: Slide,
    package: ModelPackage,
    tissue: TissueMask,
    options: Options,
    *,
    others: Sequence[ModelPackage],
    region: Rect | None,
    spacing_um_px: float,
    is_given: bool,
    least_share: float,
) -> dict[str, object]:
    """Tell what a record says of any run before it begins.

    Parameters
    ----------
    slide : Slide
    package : ModelPackage
    tissue : TissueMask
    options : Options
    others : sequence of ModelPackage
        Models that answer together with the first one.
    region : Rect or None
    spacing_um_px : float
    is_given : bool
        Whether the user gave the spacing.
    least_share : float
        Of tissue, from which a place is looked at.
    """
    return {
        **product_facts(),
        "model": model_facts(package),
        "slide": slide_facts(slide),
        "spacing_um_px": spacing_um_px,
        "spacing_source": "user" if is_given else "slide",
        "region": None if region is None else [region.x, region.y, region.width, region.height],
        "tissue": {"least_share": least_share, "dark_field": tissue.dark_field}
        | asdict(tissue.parameters),
        **options.facts,
        **({"others": [model_facts(other) for other in others]} if others else {}),
        "started": now(),
    }


def computed_by(
    former: Mapping[str, object], ways: Sequence[Mapping[str, object]] = ()
) -> list[object]:
    """Tell how all that a store holds was computed: by former runs, and in these ways now.

    A run that goes on with what another one left computes the rest alone, or nothing at all. A way
    is told of once, as it was the last time.

    Parameters
    ----------
    former : mapping
        The provenance in the store.
    ways : sequence of mapping
        What the models of this run say of themselves.
    """
    known = former.get("computed_by")
    every = [*(known if isinstance(known, list) else ()), *ways]
    return [*{_way(it): it for it in every if isinstance(it, Mapping)}.values()]


def is_mixed(former: Mapping[str, object], ways: Sequence[Mapping[str, object]]) -> bool:
    """Whether what a store holds was computed in other ways than these, which may round otherwise.

    Parameters
    ----------
    former, ways
        As in `computed_by`.
    """
    known = {_way(it) for it in computed_by(former) if isinstance(it, Mapping)}
    return bool(known) and known != {_way(way) for way in ways}


def _way(described: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(str(described.get(key)) for key in ("engine", "device", "precision"))
