"""`slideviewer train improve`: a model corrected from a review, if that makes it no worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.evaluating.options import parse_pairs
from slideviewer.cli.telling import path_given, tell
from slideviewer.progress import Progress, Step

if TYPE_CHECKING:
    from slideviewer.training.improving.improve import Improvement
    from slideviewer.training.improving.options import ImproveOptions

EPILOG = (
    "Examples: slideviewer train improve --model tumour-camelyon --data slides"
    " --hold-out 'patient_02*' --out tumour-v2; slideviewer train improve --model tumour-v2"
    " --data slides --replay patches --out tumour-v3 --add"
)

NOT_PROMOTED = 1
"""Exit code where the corrected model is worse than the one it was to replace."""


def improve(
    model: Annotated[str, typer.Option(help="Name of an installed model, or its folder.")],
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Folder of slides with their annotations and .review.json, or a CSV of slides.",
            parser=path_given,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the new version.", parser=path_given),
    ],
    name: Annotated[
        str, typer.Option(help="Its name; by default the model's with -v2, -v3 …")
    ] = "",
    title: Annotated[str, typer.Option(help="Its title for people.")] = "",
    markup: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the annotations, if not beside the slides.",
            parser=path_given,
        ),
    ] = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Slides that nothing is learnt from, and the models are compared on; may repeat.",
        ),
    ] = None,
    hold_out_share: Annotated[
        float,
        typer.Option(help="Without --hold-out: the share of slides chosen by their files' hash."),
    ] = 0.25,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Slides that are not looked at; may repeat."),
    ] = None,
    normal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Slides that hold nothing of the target: all their tissue is known; may repeat.",
        ),
    ] = None,
    groups: Annotated[
        str,
        typer.Option(metavar="LIST", help="Which class a group is, as in _0=Tumor,None=Tumor."),
    ] = "",
    rest: Annotated[
        str, typer.Option(help="Of more than two classes: that of what is not the target.")
    ] = "",
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Labelled tiles of what the model was trained on, lest it forget: a folder with"
            " a sub-folder for each class, a list, or a set in .npz.",
            parser=path_given,
        ),
    ] = None,
    tiles_per_slide: Annotated[
        int, typer.Option(min=1, help="Known tiles of a slide to learn from, at most.")
    ] = 1000,
    measured: Annotated[
        int, typer.Option(min=1, help="Tiles of a held-out slide to look at, at most.")
    ] = 5000,
    spacing: Annotated[
        float | None,
        typer.Option(metavar="UM_PER_PIXEL", help="Size of the slides' pixels in micrometres."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same weights.")] = 1,
    add: Annotated[
        bool, typer.Option("--add", help="Put it among the models of the window, too.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write a JSON object a line: steps, notices, the result."),
    ] = False,
) -> None:
    """Correct a model of tiles from reviewed slides, and write it as a version of its own.

    What was accepted, rejected and drawn is learnt; held-out slides are not.
    Where the new version is worse on them, none is written and the exit code is 1.
    """
    from slideviewer.training.improving.improve import improve
    from slideviewer.training.improving.options import ImproveOptions

    options = ImproveOptions(
        model=model,
        data=data,
        out=out,
        name=name,
        title=title,
        markup=markup,
        hold_out=tuple(hold_out or ()),
        hold_out_share=hold_out_share,
        leave_out=tuple(leave_out or ()),
        normal=tuple(normal or ()),
        groups=parse_pairs(groups, "--groups"),
        rest=rest,
        replay=replay,
        per_slide=tiles_per_slide,
        measured=measured,
        spacing_um_px=spacing,
        seed=seed,
    )
    made = _as_lines(options, improve) if as_json else _in_words(options, improve)
    if made.package is None:
        raise typer.Exit(NOT_PROMOTED)
    if add:
        from slideviewer.models.install import add_package

        installed = add_package(made.package.folder)
        tell(f"Added: {installed.spec.name}")


_Improve = Callable[["ImproveOptions", Progress, Callable[[str], None]], "Improvement"]


def _as_lines(options: ImproveOptions, improve: _Improve) -> Improvement:
    """Tell everything for another program."""

    def write(**told: Any) -> None:
        typer.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))

    def progress(step: Step) -> None:
        write(step={"done": step.done, "total": step.total, "text": step.text, "unit": step.unit})

    made = improve(options, progress, lambda words: write(notice=words))
    write(result=made.as_json(), research_use=RESEARCH_USE_ONLY)
    return made


def _in_words(options: ImproveOptions, improve: _Improve) -> Improvement:
    """Tell everything for people."""
    with progress_bar() as progress:
        made = improve(options, progress, tell)
    names = made.parent.spec.class_names
    for slide in made.counts:
        for known_by, row in made.as_json()["learnt_from"][slide].items():
            if any(row.values()):
                told = ", ".join(f"{row[it]:,} {it}" for it in names)
                typer.echo(f"{slide}: {known_by} tiles: {told}")
    judgement = made.judgement
    typer.echo(f"Replayed: {made.remembers or 'nothing'}")
    typer.echo(f"Measured on {judgement.measured_on}")
    for change in judgement.changes:
        interval = ""
        if change.low is not None and change.high is not None:
            interval = f" ({change.low:+.3f} to {change.high:+.3f})"
        typer.echo(
            f"{change.title:22} {_number(change.before)} before, {_number(change.after)} after"
            f"{interval}"
        )
    for words, (before, after) in (
        ("Wrongly the target", judgement.false_positives),
        ("Target missed", judgement.false_negatives),
    ):
        typer.echo(f"{words:22} {before:,} before, {after:,} after")
    if judgement.weakness:
        typer.echo(judgement.weakness)
    typer.echo(judgement.words)
    typer.echo(
        f"{made.tiles:,} tiles learnt from in {made.seconds_fitting:.1f} s;"
        f" {made.read:,} tiles read and embedded; {made.seconds:.1f} s in all"
    )
    if made.package is not None:
        typer.echo(f"Written: {made.package.folder} ({made.package.spec.name})")
    else:
        typer.echo("Nothing was written: the model stays as it is.")
    typer.echo(RESEARCH_USE_ONLY)
    return made


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
