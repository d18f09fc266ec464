"""The commands of `slideviewer evaluate` put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.evaluating import (
    agreement,
    lesions,
    nuclei,
    patients,
    segmentation,
    slides,
    tiles,
)

COMMANDS: Mapping[str, tuple[Callable[..., None], str]] = {
    "tiles": (tiles.tiles, tiles.EXAMPLE),
    "segmentation": (segmentation.segmentation, segmentation.EXAMPLE),
    "nuclei": (nuclei.nuclei, nuclei.EXAMPLE),
    "lesions": (lesions.lesions, lesions.EXAMPLE),
    "slides": (slides.slides, slides.EXAMPLE),
    "patients": (patients.patients, patients.EXAMPLE),
    "annotations": (agreement.agreement, agreement.EXAMPLE),
}

app = typer.Typer(
    help="Measure how good predictions are.", no_args_is_help=True, epilog=RESEARCH_USE_ONLY
)


@app.callback()
def evaluate() -> None:
    """Compare predictions with the truth, by the rules of the challenges they come from.

    Every score tells its variant. Intervals are taken by slide, never by tile.
    """


for _name, (_command, _example) in COMMANDS.items():
    app.command(_name, epilog=_example)(_command)
