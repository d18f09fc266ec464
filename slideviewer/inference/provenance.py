"""Where a prediction comes from: model, slide, parameters, product, date, as plain JSON values."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import slideviewer
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.models.package import ModelPackage
from slideviewer.slide.slide import Slide

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
    }


def region_facts(region: Rect | None) -> list[float] | None:
    """Write a region as [x, y, width, height] in level-0 pixels."""
    return None if region is None else [region.x, region.y, region.width, region.height]
