"""`slideviewer train evaluate`: what a finished model of tiles is worth on labelled tiles."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.telling import path_given, tell
from slideviewer.cli.training_words import parse_classes

EPILOG = (
    "Example: slideviewer train evaluate my-tumour --data patches"
    " --classes normal=Normal,tumor=Tumor --fraction 0.2 --out report"
)


def evaluate(
    model: Annotated[str, typer.Argument(help="Name of an installed model, or its folder.")],
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="As in train tiles: a folder of classes or of slides, a list, or a set in .npz.",
            parser=path_given,
        ),
    ],
    classes: Annotated[
        str | None,
        typer.Option(
            help="As in train tiles; by default sub-folders called like the model's classes."
        ),
    ] = None,
    fraction: Annotated[float, typer.Option(help="Share of the tiles of each class.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for report.json and REPORT.md.", parser=path_given
        ),
    ] = None,
    markup: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="As in train tiles.", parser=path_given),
    ] = None,
    rule: Annotated[str, typer.Option(help="As in train tiles.")] = "whole",
    tiles_per_slide: Annotated[int, typer.Option(help="As in train tiles.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="Which tiles are drawn.", min=0)] = 1,
    data_name: Annotated[str, typer.Option(help="Name and licence of the data.")] = "",
) -> None:
    """Measure a model of tiles on labelled tiles, without training anything."""
    from slideviewer.models.package import open_package
    from slideviewer.training import FitSettings, TrainTilesOptions
    from slideviewer.training.evaluating import evaluate_tiles
    from slideviewer.training.options import SlideOptions
    from slideviewer.training.place_rules import parse_rule

    package = open_package(model)
    spec = package.spec
    mapping = {name: name for name in spec.class_names}
    with tempfile.TemporaryDirectory(prefix="slideviewer-") as passing, progress_bar() as progress:
        options = TrainTilesOptions(
            data=data,
            out=Path(passing) / "model",
            name=spec.name,
            classes=parse_classes(classes) if classes is not None else mapping,
            target=spec.target_class,
            patch_size_pixels=spec.patch_size_pixels,
            spacing_um_px=spec.spacing_um_px,
            slides=SlideOptions(markup=markup, rule=parse_rule(rule), per_slide=tiles_per_slide),
            data_name=data_name,
            fit=FitSettings(seed=seed),
        )
        measured = evaluate_tiles(package, options, fraction, progress, tell)
    report = measured.report
    typer.echo(f"{report.data}, {report.variant}: {report.count} tiles")
    for words, figure in (
        ("ROC AUC", report.roc_auc),
        ("balanced accuracy", report.balanced_accuracy),
        ("accuracy", report.accuracy),
        ("F1", report.f1),
    ):
        typer.echo(f"{words}: {figure}")
    for score in report.classes:
        recall = "not defined" if score.recall is None else f"{score.recall:.3f}"
        typer.echo(f"recall of {score.name} ({score.count} tiles): {recall}")
    if out is not None:
        measured.write(out)
        typer.echo(f"Written: {out}")
    typer.echo(RESEARCH_USE_ONLY)
