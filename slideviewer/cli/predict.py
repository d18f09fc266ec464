"""`slideviewer predict`: a model over slides or pictures, and the results as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.parsing import (
    parse_choice,
    parse_number,
    parse_region,
    parse_threshold,
    parse_tissue,
    parse_words,
)
from slideviewer.cli.predicting import Run
from slideviewer.cli.predicting_areas import AreaRun
from slideviewer.cli.predicting_nuclei import NucleiRun
from slideviewer.cli.predicting_tiles import TileRun
from slideviewer.cli.telling import path_given, tell
from slideviewer.cohort.inputs import Pictures, gather_inputs, result_names
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import PredictionError
from slideviewer.inference.engines.choosing import AUTO, ENGINES
from slideviewer.inference.ensemble import check_together
from slideviewer.inference.export import FORMATS
from slideviewer.inference.files import told_to_user
from slideviewer.inference.forms import Form, known_forms
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.export import NUCLEI_FORMATS
from slideviewer.inference.options import RULES, TURNS, Options
from slideviewer.inference.scores import FEATURES, SCORES_FILE, known_features
from slideviewer.inference.segmentation.export import MASK_FORMATS
from slideviewer.models.package import open_package
from slideviewer.models.spec import Task

_FORMATS: Mapping[Task, Mapping[str, Form[Any]]] = {
    "tile-classification": FORMATS,
    "segmentation": MASK_FORMATS,
    "nuclei": NUCLEI_FORMATS,
}
_FORMATS_HELP = "; ".join(
    f"{task}: " + ", ".join(f"{name} ({form.title})" for name, form in forms.items())
    for task, forms in _FORMATS.items()
)
_OF_TILES = ("--combine", "--stride", "--score-columns")
"""Options that other models than those of tiles do not know."""


def predict(
    context: typer.Context,
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="Slides, a folder of slides, or a folder of pictures.",
            parser=path_given,
        ),
    ],
    model: Annotated[
        list[str],
        typer.Option(
            help="Name of an installed model, or the folder of a model package; several times for "
            "models that answer together."
        ),
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
            metavar="FILE",
            help="A specialist's markup, in any form that convert reads, to write what is "
            "predicted together with; for several slides a folder of files with the slides' names.",
            parser=path_given,
        ),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(metavar="LIST", help=f"Separated by commas; all by default. {_FORMATS_HELP}."),
    ] = "",
    combine: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="Of several models: mean of all answers, or confirm: the further ones look at "
            "what the first calls the target, to take back false positives.",
        ),
    ] = "mean",
    turns: Annotated[
        str,
        typer.Option(
            metavar="TURNS",
            help="See each tile none: as it is, flips: also mirrored, all: in all eight ways; the "
            "answers' spread is kept as uncertainty.",
        ),
    ] = "none",
    stride: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="From one tile to the next, in pixels of the model; less than a tile makes the "
            "map finer.",
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            help="For each slide; what is looked at then comes from all over it, so that the map "
            "is coarse before it is fine.",
        ),
    ] = None,
    tissue: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="How tissue is told from glass, for example lowest_saturation=8,leave_out_pen=no.",
        ),
    ] = "",
    score_columns: Annotated[
        str,
        typer.Option(
            metavar="LIST", help=f"Of {SCORES_FILE}, separated by commas: {', '.join(FEATURES)}."
        ),
    ] = "max",
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="; ".join(f"{name}: {title}" for name, title in ENGINES.items()) + ".",
        ),
    ] = AUTO,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace a prediction that was made otherwise, or of other pictures.",
        ),
    ] = False,
) -> None:
    """Run a model over slides and pictures: of tiles, of pixels or of nuclei.

    A slide's results are in DIR/<slide>/: the forms named by --formats,
    run.json, and the store from which a run that was broken off goes on. A
    score for each slide is in DIR/scores.csv. For models of tiles, pictures up
    to 2048 pixels are one tile each, unless --spacing or --region is given;
    their results are in DIR/images.csv. Models that segment or find nuclei
    look at all of a picture, and leave masks, overlays and tables for each.
    Files of an earlier run that are replaced by others are kept as NAME.bak,
    once: whatever a run made can be made again.
    What fails stops nothing else, but the exit code is then 2.

    For example:

    slideviewer predict a.svs --model tumour-camelyon --out results
    slideviewer predict a.svs ... --region 20000,8000,6000,6000
    slideviewer predict a.svs ... --spacing 0.25 --formats csv,png
    slideviewer predict scans/ ... --annotations markup/ --time-limit 300
    slideviewer predict a.svs --model one --model two --turns flips ...
    """
    packages = [open_package(name) for name in model]
    check_together(packages)
    spec = packages[0].spec
    parse_choice(engine, "--engine", tuple(ENGINES))
    known = _FORMATS[spec.task]
    if spec.task != "tile-classification":
        _refuse_tile_options(context, spec.task)
    options = Options(
        stride_pixels=stride,
        turns=parse_choice(turns, "--turns", TURNS),
        rule=parse_choice(combine, "--combine", RULES),
        time_limit_s=None if time_limit is None else parse_number(time_limit, "--time-limit"),
        tissue=parse_tissue(tissue),
    )
    options.check(spec)
    asked: dict[str, Any] = {
        "loaders": tuple(ModelLoader(package, engine=engine) for package in packages),
        "out": out,
        "region": None if region is None else parse_region(region),
        "spacing": None if spacing is None else parse_number(spacing, "--spacing"),
        "options": options,
        "threshold": spec.threshold if threshold is None else parse_threshold(threshold),
        "annotations": annotations,
        "formats": tuple(known_forms(known, parse_words(formats) if formats else [*known])),
        "are_chosen": bool(formats),
        "overwrite": overwrite,
    }
    run: Run
    if spec.task == "tile-classification":
        run = TileRun(**asked, score_columns=tuple(known_features(parse_words(score_columns))))
    else:
        run = AreaRun(**asked) if spec.task == "segmentation" else NucleiRun(**asked)
    is_of_tiles = spec.task == "tile-classification"
    pictures: Pictures = "tiles" if is_of_tiles else "plain"
    if region is not None or (is_of_tiles and spacing is not None):
        pictures = "none"
    found = gather_inputs(inputs, pictures=pictures)
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


def _refuse_tile_options(context: typer.Context, task: str) -> None:
    """Say so where an option was given that a model of this task does not know."""
    given = [option for option in _OF_TILES if _is_given(context, option[2:].replace("-", "_"))]
    if given:
        raise PredictionError(
            f"{given[0]} is for models of tiles, and this one is for {task}.",
            remedy="Leave it out.",
        )


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


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
