"""`slideviewer demo`: a made slide, a prediction over it, and something to correct."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import shapely
import typer
from rich.console import Console
from rich.table import Table

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.shell import Shell
from slideviewer.errors import SlideError
from slideviewer.evaluation.missed import missed_regions
from slideviewer.files import replacing_text
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.regions import outlines, predicted_regions
from slideviewer.models.package import open_package
from slideviewer.progress import Progress
from slideviewer.slide import open_slide

MODEL = "tumour-camelyon"
DEMO_SEED = 7
FULL_SIZE = (24576, 20480)
SMALLEST_SIDE, LARGEST_SIDE = 1024, 65536
SLIDE_FILE, MARKUP_FILE, RECORD_FILE = "slide.tif", "annotations.xml", "demo.json"
COUNTS = ("nests", "missed", "oversized")
"""What the record of a made slide counts."""
GROUP = Group("Tumor")
FORMATS = ("csv", "xml")


def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="Folder for the slide and everything made from it.")
    ] = Path("slideviewer-demo"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same slide.")] = DEMO_SEED,
    size: Annotated[
        str, typer.Option(metavar="WIDTH,HEIGHT", help="Of the slide, in pixels.")
    ] = f"{FULL_SIZE[0]},{FULL_SIZE[1]}",
    no_window: Annotated[
        bool, typer.Option("--no-window", help="Write all results and open no window.")
    ] = False,
) -> None:
    """Make a slide, predict tumour on it, and open the window on both.

    The slide is drawn by the program: no patient's tissue. Its markup lacks some tumour nests and
    overdraws others, so that there is something to correct.

    Examples: slideviewer demo; slideviewer demo --no-window --out results
    """
    shell: Shell = context.obj
    show = not no_window and shell.has_screen()
    clock = _Clock()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SlideError(
            f"The demo cannot be written here: {error.strerror or error}.",
            path=out,
            remedy="Name another folder with --out.",
        ) from error
    with clock.measure("slide drawn"), progress_bar() as progress:
        demo_slide = make_demo(out, seed, progress, _size(size))
    made, markup = demo_slide.path, demo_slide.markup
    annotations = out / MARKUP_FILE
    store = out / "prediction"
    with (
        clock.measure("tumour predicted"),
        progress_bar() as progress,
        closing(open_slide(made)) as slide,
    ):
        prediction = predict_slide(
            slide, open_package(MODEL), store=store, replace=True, progress=progress
        )
    with clock.measure("results written"):
        export = Export(prediction, prediction.threshold, markup)
        write_outputs(export, out, FORMATS)
        corrected = accept_surest_missed(prediction, markup)
        write_annotations(corrected, out / "corrected.xml")
    if not show:
        with clock.measure("picture taken"):
            shell.take_picture(out / "overlay.png", made, annotations, store)
    summary = {
        "nests": demo_slide.nests,
        "left out of the markup": demo_slide.missed,
        "drawn too large": demo_slide.oversized,
        "tissue tiles": int(np.isfinite(prediction.target_probabilities).sum()),
        "predicted tumour": int(prediction.positive_cells().sum()),
        "accepted into corrected.xml": len(corrected) - len(markup),
    }
    _print(out, summary, clock.seconds)
    if show:
        raise typer.Exit(shell.open_window(made, annotations, store))


@dataclass(frozen=True, eq=False)
class DemoSlide:
    """A made slide and what a specialist might have marked on it.

    Attributes
    ----------
    path : Path
    markup : AnnotationSet
    nests : int
        Tumour nests on the slide.
    missed, oversized : int
        Nests that were left out of the markup, and ones drawn too large.
    """

    path: Path
    markup: AnnotationSet
    nests: int
    missed: int
    oversized: int


def make_demo(
    folder: Path, seed: int, progress: Progress, size: tuple[int, int] = FULL_SIZE
) -> DemoSlide:
    """Draw the demo slide into a folder and write its markup beside it, unless that was done.

    Raises
    ------
    SlideError
        Where the folder holds another slide or markup: nothing there is overwritten.
    """
    slide_file, markup_file, record_file = (
        folder / name for name in (SLIDE_FILE, MARKUP_FILE, RECORD_FILE)
    )
    record: dict[str, object] = {"seed": seed, "size": list(size), "version": __version__}
    if record_file.exists():
        known = json.loads(record_file.read_text(encoding="utf-8"))
        if record.items() <= known.items() and slide_file.exists() and markup_file.exists():
            markup = read_annotations(markup_file).annotations
            return DemoSlide(slide_file, markup, *(known[key] for key in COUNTS))
    for path in (slide_file, markup_file):
        if path.exists():
            raise SlideError(
                "The folder holds this file of another demo, or of yours.",
                path=path,
                remedy="Name another folder with --out, or move it away.",
            )
    # Drawing needs SciPy, for which no other start of the program should wait.
    from slideviewer.slide.synthetic import generate_slide, imperfect_outlines

    folder.mkdir(parents=True, exist_ok=True)
    slide = generate_slide(slide_file, seed=seed, size=size, progress=progress)
    drawn, missed, oversized = imperfect_outlines(slide, seed)
    annotations = [
        Annotation(f"Annotation {number}", Kind.POLYGON, points, GROUP.name)
        for number, points in enumerate(drawn)
    ]
    markup = AnnotationSet.of(annotations, [GROUP])
    write_annotations(markup, markup_file)
    counts = (len(slide.nests), len(missed), len(oversized))
    record |= dict(zip(COUNTS, counts, strict=True))
    with replacing_text(record_file) as file:
        json.dump(record, file, indent=1)
    return DemoSlide(slide.path, markup, *counts)


def accept_surest_missed(prediction: Prediction, markup: AnnotationSet) -> AnnotationSet:
    """Add the surest predicted piece that the markup lacks; the same set where it lacks none."""
    missed = missed_regions(predicted_regions(prediction), markup)
    if not missed:
        return markup
    surest = max(missed, key=lambda region: region.cells * (region.mean_score - 0.5))
    pieces = outlines(surest, prediction.grid.cell / 4)
    largest = max(pieces, key=lambda points: shapely.Polygon(points).area)
    name = markup.next_name()
    made = Annotation(name, Kind.POLYGON, as_points(largest), GROUP.name)
    return markup.with_changes({made.id: made})


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = map(int, text.split(","))
    except ValueError as error:
        raise SlideError(
            f"{text!r} is no size.", remedy=f"Write it as {FULL_SIZE[0]},{FULL_SIZE[1]}."
        ) from error
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height)):
        raise SlideError(
            f"{width} x {height} pixels cannot be drawn.",
            remedy=f"Each side may have {SMALLEST_SIDE} to {LARGEST_SIDE} pixels.",
        )
    return width, height


class _Clock:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[what] = round(time.perf_counter() - began, 1)


def _print(out: Path, counts: dict[str, int], seconds: dict[str, float]) -> None:
    table = Table(title=f"Demo in {out}", show_header=False, title_justify="left")
    for what, count in counts.items():
        table.add_row(what, f"{count:,}")
    for what, time_taken in seconds.items():
        table.add_row(what, f"{time_taken:.1f} s")
    table.add_row("all together", f"{sum(seconds.values()):.1f} s")
    console = Console()
    console.print(table)
    console.print(RESEARCH_USE_ONLY)
