"""`slideviewer predict`: a model over slides or pictures, and the results as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.parsing import parse_number, parse_region, parse_threshold, parse_words
from slideviewer.cli.telling import path_given, tell
from slideviewer.cohort.inputs import Inputs, gather_inputs, result_names
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.export import FORMATS, Export, known_formats, write_outputs
from slideviewer.inference.files import told_to_user
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.notices import notices_on
from slideviewer.inference.pictures import (
    PICTURES_FILE,
    predict_pictures,
    refuse_other_pictures,
    write_pictures,
)
from slideviewer.inference.plan import Plan
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
            metavar="INPUT...",
            help="Slides, a folder of slides, or a folder of pictures.",
            parser=path_given,
        ),
    ],
    model: Annotated[
        str, typer.Option(help="Name of an installed model, or the folder of a model package.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the results.", parser=path_given)
    ],
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
            parser=path_given,
        ),
    ] = None,
    formats: Annotated[
        str, typer.Option(metavar="LIST", help=f"Separated by commas: {_FORMATS_HELP}.")
    ] = ",".join(FORMATS),
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace a prediction that was made otherwise, or of other pictures.",
        ),
    ] = False,
) -> None:
    """Predict tumour on slides, tile by tile, or on pictures that are one tile each.

    A slide's results are in DIR/<slide>/: tiles.csv, prediction.xml,
    prediction.geojson, heatmap.png, run.json, and the store from which a run
    that was broken off goes on. Pictures up to 2048 pixels are one tile each,
    unless --spacing or --region is given; their results are in DIR/images.csv.
    Files of an earlier run that are replaced by others are kept as NAME.bak.
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
        region=None if region is None else parse_region(region),
        spacing=None if spacing is None else parse_number(spacing, "--spacing"),
        threshold=package.spec.threshold if threshold is None else parse_threshold(threshold),
        annotations=annotations,
        formats=tuple(known_formats(parse_words(formats))),
        overwrite=overwrite,
    )
    found = gather_inputs(inputs, pictures_are_tiles=run.region is None and run.spacing is None)
    run.check(found)
    names = result_names(found.slides)
    classified = 0
    with _folder_for_results(out):
        if found.pictures:
            classified = run.predict_pictures(found.pictures)
        outcomes = run_in_turn(
            found.slides, lambda path: run.predict_slide(path, names[path]), _tell_outcome
        )
    errors = sum(outcome.error is not None for outcome in outcomes)
    if classified or errors < len(outcomes):
        typer.echo(RESEARCH_USE_ONLY)
    if errors or classified < len(found.pictures):
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

    def check(self, found: Inputs) -> None:
        """Find out now what would fail hours later."""
        if found.pictures and not self.overwrite:
            refuse_other_pictures(found.pictures, self.loader.package, self.out)
        if self.annotations is None:
            return
        if not self.annotations.exists():
            raise PredictionError(
                "There are no such annotations.", path=self.annotations, remedy="Check the name."
            )
        if len(found.slides) > 1 and not self.annotations.is_dir():
            raise PredictionError(
                f"One annotation file cannot belong to {len(found.slides)} slides.",
                path=self.annotations,
                remedy="Name a folder of XML files that are called like the slides.",
            )

    def predict_slide(self, path: Path, name: str) -> str:
        """Predict a slide and write its results; returns a line for the user."""
        folder = self.out / name
        markup = self._markup_of(path)
        notices: list[str] = []

        def on_start(plan: Plan) -> None:
            for notice in notices_on(slide, self.loader.package.spec, plan, markup):
                notices.append(notice)
                tell(notice, path)

        with closing(open_slide(path)) as slide, progress_bar() as progress:
            prediction = predict_slide(
                slide,
                self.loader.package,
                store=folder / STORE_FOLDER,
                region=self.region,
                spacing=self.spacing,
                replace=self.overwrite,
                progress=progress,
                on_start=on_start,
                loader=self.loader,
            )
        write_outputs(
            Export(prediction, self.threshold, markup),
            folder,
            self.formats,
            {"notices": notices},
            lambda kept: tell(f"Kept from an earlier run as NAME.bak: {', '.join(kept)}.", folder),
        )
        if prediction.skipped:
            tell(
                f"{len(prediction.skipped)} tiles cannot be read and are listed in run.json. "
                f"The first: {prediction.skipped[0][2]}",
                path,
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

    def predict_pictures(self, paths: Sequence[Path]) -> int:
        """Classify pictures and write the results; returns how many could be read."""
        with progress_bar() as progress:
            results = predict_pictures(paths, self.loader, progress)
        unread = [result for result in results if result.probabilities is None]
        for result in unread:
            tell(result.problem)
        classified = len(results) - len(unread)
        place = "Nothing was written."
        if classified:
            write_pictures(results, self.loader.package, self.out)
            place = f"Results in {self.out / PICTURES_FILE}"
        typer.echo(f"{classified} of {len(results)} pictures classified. {place}")
        return classified

    def _markup_of(self, slide: Path) -> AnnotationSet | None:
        if self.annotations is None:
            return None
        path = self.annotations
        if path.is_dir():
            path = path / f"{slide.stem}.xml"
            if not path.exists():
                tell(f"has no markup {path}, so the squares are written alone.", slide)
                return None
        loaded = read_annotations(path)
        for notice in loaded.notices:
            tell(notice, path)
        return loaded.annotations


@contextmanager
def _folder_for_results(folder: Path) -> Iterator[None]:
    """Find out at once whether results can be written; a folder made in vain is taken away."""
    made = [it for it in (folder, *folder.parents) if not it.exists()]
    with told_to_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    try:
        yield
    finally:
        for path in made:
            if any(path.iterdir()):
                break
            path.rmdir()


def _tell_outcome(outcome: Outcome[Path, str]) -> None:
    if outcome.error is not None:
        tell(str(outcome.error))
    elif outcome.result is not None:
        typer.echo(outcome.result)
