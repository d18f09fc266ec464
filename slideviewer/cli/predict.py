"""`slideviewer predict`: a model over slides or pictures, and the results as files."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.cli.bar import progress_bar
from slideviewer.cohort.inputs import gather_inputs, result_names
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.export import FORMATS, Export, known_formats, write_outputs
from slideviewer.inference.files import told_to_user
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.pictures import predict_pictures, write_pictures
from slideviewer.inference.predict import predict_slide
from slideviewer.models.package import open_package
from slideviewer.slide import open_slide

STORE_FOLDER = "store"
"""Where in a slide's results its resumable prediction lies."""

_FORMATS_HELP = ", ".join(f"{name} ({form.title})" for name, form in FORMATS.items())


def predict(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...", help="Slides, a folder of slides, or a folder of pictures."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="Name of an installed model, or the folder of a model package.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")],
    region: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,WIDTH,HEIGHT", help="Only this part, in pixels of full resolution."
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="UM_PER_PIXEL",
            help="Size of a pixel in micrometres, where the slide does not say or is wrong.",
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="0..1", help="Probability from which a tile counts; the model's own by default."
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="XML",
            help="A specialist's markup to put the predicted squares on top of; for several slides "
            "a folder of files with the slides' names.",
        ),
    ] = None,
    formats: Annotated[
        str, typer.Option(metavar="LIST", help=f"Separated by commas: {_FORMATS_HELP}.")
    ] = ",".join(FORMATS),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a prediction that was made otherwise.")
    ] = False,
) -> None:
    """Predict tumour on slides, tile by tile, or on pictures that are one tile each.

    A slide's results are in DIR/<slide>/: tiles.csv, prediction.xml,
    prediction.geojson, heatmap.png, run.json, and the store from which a run
    that was broken off goes on. Pictures up to 2048 pixels are one tile each,
    unless --spacing or --region is given; their results are in DIR/images.csv.
    What fails stops nothing else, but the exit code is then 2.

    For example:

    slideviewer predict a.svs --model tumour-camelyon --out results
    slideviewer predict a.svs ... --region 20000,8000,6000,6000
    slideviewer predict a.svs ... --spacing 0.25 --formats csv,png
    slideviewer predict scans/ ... --annotations markup/
    """
    package = open_package(model)
    run = _Run(
        loader=ModelLoader(package),
        out=out,
        region=None if region is None else _region(region),
        spacing=None if spacing is None else _number(spacing, "--spacing"),
        threshold=package.spec.threshold if threshold is None else _threshold(threshold),
        annotations=annotations,
        formats=tuple(known_formats([name.strip() for name in formats.split(",") if name.strip()])),
        overwrite=overwrite,
    )
    found = gather_inputs(inputs, pictures_are_tiles=run.region is None and run.spacing is None)
    run.check(found.slides)
    names = result_names(found.slides)
    failed = False
    if found.pictures:
        failed |= not run.predict_pictures(found.pictures)
    outcomes = run_in_turn(
        found.slides, lambda path: run.predict_slide(path, names[path]), _tell_outcome
    )
    failed |= any(outcome.error is not None for outcome in outcomes)
    typer.echo(RESEARCH_USE_ONLY)
    if failed:
        raise typer.Exit(2)


@dataclass(frozen=True)
class _Run:
    """What the options say."""

    loader: ModelLoader
    out: Path
    region: Rect | None
    spacing: float | None
    threshold: float
    annotations: Path | None
    formats: tuple[str, ...]
    overwrite: bool

    def check(self, slides: Sequence[Path]) -> None:
        """Find out now what would fail hours later."""
        with told_to_user(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.out):
                pass
        if self.annotations is None:
            return
        if not self.annotations.exists():
            raise PredictionError(
                "There are no such annotations.", path=self.annotations, remedy="Check the name."
            )
        if len(slides) > 1 and not self.annotations.is_dir():
            raise PredictionError(
                f"One annotation file cannot belong to {len(slides)} slides.",
                path=self.annotations,
                remedy="Name a folder of XML files that are called like the slides.",
            )

    def predict_slide(self, path: Path, name: str) -> str:
        """Predict a slide and write its results; returns a line for the user."""
        folder = self.out / name
        markup = self._markup_of(path)
        with closing(open_slide(path)) as slide, progress_bar() as progress:
            prediction = predict_slide(
                slide,
                self.loader.package,
                store=folder / STORE_FOLDER,
                region=self.region,
                spacing=self.spacing,
                replace=self.overwrite,
                progress=progress,
                loader=self.loader,
            )
        write_outputs(Export(prediction, self.threshold, markup), folder, self.formats)
        if prediction.skipped:
            _complain(
                f"{path}: {len(prediction.skipped)} tiles cannot be read and are listed in "
                f"run.json. The first: {prediction.skipped[0][2]}"
            )
        looked_at = int((prediction.target_probabilities >= 0).sum())
        if not looked_at:
            return f"{path}: no tissue was found, so nothing was predicted. Results in {folder}"
        target = prediction.class_names[prediction.target]
        positive = int(prediction.positive_cells(self.threshold).sum())
        return (
            f"{path}: {positive} of {looked_at} tissue tiles are {target} with a probability of "
            f"{self.threshold:g} or more. Results in {folder}"
        )

    def predict_pictures(self, paths: Sequence[Path]) -> bool:
        """Classify pictures and write the results; returns whether all could be read."""
        with progress_bar() as progress:
            results = predict_pictures(paths, self.loader, progress)
        write_pictures(results, self.loader.package, self.out)
        unread = [result for result in results if result.probabilities is None]
        for result in unread:
            _complain(result.problem)
        typer.echo(
            f"{len(results) - len(unread)} of {len(results)} pictures classified. "
            f"Results in {self.out / 'images.csv'}"
        )
        return not unread

    def _markup_of(self, slide: Path) -> AnnotationSet | None:
        if self.annotations is None:
            return None
        path = self.annotations
        if path.is_dir():
            path = path / f"{slide.stem}.xml"
            if not path.exists():
                _complain(f"{slide}: has no markup {path}, so the squares are written alone.")
                return None
        loaded = read_annotations(path)
        for notice in loaded.notices:
            _complain(f"{path}: {notice}")
        return loaded.annotations


def _tell_outcome(outcome: Outcome[Path, str]) -> None:
    if outcome.error is not None:
        _complain(str(outcome.error))
    elif outcome.result is not None:
        typer.echo(outcome.result)


def _complain(words: str) -> None:
    typer.echo(" ".join(f"slideviewer: {words}".split()), err=True)


def _number(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PredictionError(f'{option} needs a number, not "{text}".')
    return number


def _threshold(text: str) -> float:
    number = _number(text, "--threshold")
    if not 0 <= number <= 1:
        raise PredictionError(f"--threshold needs a probability from 0 to 1, not {text}.")
    return number


def _region(text: str) -> Rect:
    parts = text.split(",")
    remedy = "Give X,Y,WIDTH,HEIGHT, for example --region 20000,8000,6000,6000."
    if len(parts) != 4:
        raise PredictionError(f'--region needs four numbers, not "{text}".', remedy=remedy)
    x, y, width, height = (_number(part, "--region") for part in parts)
    if width <= 0 or height <= 0:
        raise PredictionError(
            f"--region needs a width and a height above 0, not {width:g} and {height:g}.",
            remedy=remedy,
        )
    return Rect(x, y, width, height)
