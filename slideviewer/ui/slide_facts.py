"""What is worth knowing of a slide, as words for a table."""

from __future__ import annotations

from slideviewer.errors import SlideError
from slideviewer.slide import Slide, Spacing
from slideviewer.slide.scanning import objective_of, scanner_of
from slideviewer.ui import words


def slide_facts(slide: Slide) -> list[tuple[str, str]]:
    """Name and value of what is known of every open slide, the most asked for first."""
    width, height = slide.pyramid.width, slide.pyramid.height
    facts = [
        ("File", slide.path.name),
        ("Folder", str(slide.path.parent)),
        ("Format", slide.vendor),
        ("Size", f"{words.whole(width)} × {words.whole(height)} px"),
    ]
    if isinstance(slide.spacing, Spacing):
        x, y = slide.spacing.x_um_px, slide.spacing.y_um_px
        spacing = f"{x:.5g} µm/px" if x == y else f"{x:.5g} × {y:.5g} µm/px"
        facts += [
            ("Size on the glass", f"{width * x / 1000:.2f} × {height * y / 1000:.2f} mm"),
            ("Spacing", spacing),
        ]
    else:
        facts.append(("Spacing", f"unknown: {slide.spacing.reason}"))
    facts += [
        ("Objective", _objective(slide)),
        ("Scanner", scanner_of(slide) or "not stated"),
    ]
    if slide.bounds != slide.pyramid.extent:
        bounds = slide.bounds
        left, top, across, down = (
            words.whole(round(side)) for side in (bounds.x, bounds.y, bounds.width, bounds.height)
        )
        facts.append(("Scanned part", f"{across} × {down} px from {left}, {top}"))
    for number, level in enumerate(slide.pyramid.levels):
        size = f"{words.whole(level.width)} × {words.whole(level.height)} px"
        facts.append((f"Level {number}", f"{size}, 1 : {level.downsample:.4g}"))
    if slide.channels:
        facts.append(("Channels", ", ".join(channel.name for channel in slide.channels)))
    return facts


def profile_fact(slide: Slide) -> str:
    """Whether a slide has a colour profile; reads the file, for which no window should wait."""
    try:
        return "in the file" if slide.icc_profile else "none"
    except SlideError as error:  # the file has gone meanwhile
        return f"cannot be read: {error.problem}"


def _objective(slide: Slide) -> str:
    stated = objective_of(slide)
    if stated:
        return f"{stated}×"
    if isinstance(slide.spacing, Spacing):
        return f"not stated; the spacing is that of {words.magnification_at(1, slide.spacing):.3g}×"
    return "not stated"
