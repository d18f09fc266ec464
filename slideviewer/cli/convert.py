"""`slideviewer convert`: annotations, tables and masks from one format to another."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from slideviewer.annotations import is_annotation_file
from slideviewer.annotations.loaded import counted
from slideviewer.annotations.masks import HoleStyle
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.conversion import (
    Conversion,
    Converted,
    bare_name,
    convert_file,
    positive_spacing,
)
from slideviewer.cli.masks import MaskOptions
from slideviewer.cli.parsing import parse_number
from slideviewer.cli.telling import path_given, tell
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import AnnotationError
from slideviewer.progress import Step

_IN_FOLDERS = ".xml"
"""What files of a folder become where nothing else is asked for."""


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="A file to read, or a folder of them.", parser=path_given
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="File to write; for a folder IN a folder.", parser=path_given
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="ENDING", help="For folders: what the files become, such as .geojson."
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ENDING",
            help="For folders: read these alone; masks are read only if this says .tif or .png.",
        ),
    ] = None,
    slide: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The slide, for NDPA and masks, or a folder with the slides of a folder's files."
            " By default one of the same name beside the file.",
            parser=path_given,
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            metavar="UM_PER_PIXEL",
            help="Size of a pixel in micrometres, for tables and NDPA, in place of the slide's.",
        ),
    ] = None,
    recover: Annotated[
        bool,
        typer.Option(
            "--recover", help="Read what can be read of an ASAP XML that is cut off or damaged."
        ),
    ] = False,
    labels: Annotated[
        str,
        typer.Option(metavar="LIST", help="Masks: group and label, such as Tumor=1,Normal=2."),
    ] = "",
    level: Annotated[
        int | None,
        typer.Option(help="Masks: the slide's level to write at, or the mask's to read."),
    ] = None,
    downsample: Annotated[
        float | None,
        typer.Option(help="Masks to write: pixels of the slide for one of the mask."),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="WIDTH,HEIGHT", help="Masks: of the slide, in its place.")
    ] = "",
    threshold: Annotated[
        int | None, typer.Option(help="Masks to read: what is at least this is the one label.")
    ] = None,
    min_area: Annotated[
        float, typer.Option(help="Masks to read: leave out smaller regions, in px² of the slide.")
    ] = 0.0,
    tolerance: Annotated[
        float, typer.Option(help="Masks to read: how far outlines may be straightened, in px.")
    ] = 0.0,
    holes: Annotated[
        HoleStyle, typer.Option(help="Masks to read: holes as a group, or cut open.")
    ] = HoleStyle.GROUP,
) -> None:
    """Convert annotations: read ASAP XML, QuPath GeoJSON, Aperio ImageScope XML,
    Hamamatsu NDPA, Camelyon16 JSON and masks; write ASAP XML, GeoJSON, masks
    (.tif, .png) and tables (.csv).

    What the new format cannot hold is told. The file read is never overwritten.
    Of a folder, what fails stops nothing else, but the exit code is then 2.

    For example:

    slideviewer convert a.xml a.geojson
    slideviewer convert case.ndpi.ndpa case.xml --slide case.ndpi
    slideviewer convert a.xml a_mask.tif --slide a.svs --downsample 16
    slideviewer convert a.xml a.csv --spacing 0.25
    slideviewer convert markup/ out/ --to .geojson
    slideviewer convert --recover damaged.xml readable.xml
    """  # noqa: D205
    masks = MaskOptions(
        size=size,
        level=level,
        downsample=downsample,
        labels=labels,
        threshold=threshold,
        min_area_px2=min_area,
        tolerance_px=tolerance,
        holes=holes,
    )
    um_px = None if spacing is None else positive_spacing(parse_number(spacing, "--spacing"))
    how = Conversion(slide, um_px, recover, masks)
    if source.is_dir():
        files = _Folder(source, target, _ending(to or _IN_FOLDERS), _ending(only)).files()
        _convert_all(files, how)
        return
    if to is not None or only is not None:
        raise AnnotationError(
            "is one file, and --to and --from are for folders.",
            path=source,
            remedy="Say by the ending of OUT what it is to become.",
        )
    with progress_bar() as show:
        converted = convert_file(source, target, how, show)
    _tell_notices(source, target, converted)
    typer.echo(f"{target}: {counted(converted.count)}")


@dataclass(frozen=True)
class _Folder:
    """A folder of files to convert into another."""

    source: Path
    target: Path
    to: str
    only: str

    def files(self) -> dict[Path, Path]:
        """The files to read, and what each becomes."""
        if self.target.is_file() or is_annotation_file(self.target):
            raise AnnotationError(
                "is a file, and a folder is needed for the files of a folder.",
                path=self.target,
                remedy="Name a folder, and say with --to what the files are to become.",
            )
        found = sorted(
            path for path in self.source.iterdir() if path.is_file() and self._is_meant(path)
        )
        if not found:
            raise AnnotationError(
                "holds no annotation files"
                + (f' whose names end in "{self.only}".' if self.only else "."),
                path=self.source,
                remedy="Name another folder, or say with --from what its files end in.",
            )
        return {path: self.target / (bare_name(path) + self.to) for path in found}

    def _is_meant(self, path: Path) -> bool:
        if path.name.startswith("."):  # hidden, such as what macOS leaves beside each file
            return False
        if self.only:
            return path.name.lower().endswith(self.only)
        return is_annotation_file(path)


def _convert_all(files: dict[Path, Path], how: Conversion) -> None:
    """Convert file after file; one line for each, and exit code 2 if one failed."""
    taken: dict[Path, Path] = {}
    total, done = len(files), count(1)
    inputs = {os.path.realpath(path) for path in files}

    def work(source: Path) -> str:
        target = files[source]
        if os.path.realpath(target) in inputs:
            raise AnnotationError(
                "is one of the files to be read, which are not overwritten.",
                path=target,
                remedy="Name another folder to write to.",
            )
        other = taken.setdefault(target, source)
        if other != source:
            raise AnnotationError(
                f"would become {target.name}, as {other.name} does.",
                path=source,
                remedy="Convert it by itself, to another name.",
            )
        converted = convert_file(source, target, how)
        _tell_notices(source, target, converted)
        return f"{target}: {counted(converted.count)}"

    with progress_bar() as show:
        _make_folder(next(iter(files.values())).parent)
        show(Step(0, total, "Converting", "files"))

        def note(outcome: Outcome[Path, str]) -> None:
            _tell_outcome(outcome)
            show(Step(next(done), total, "Converting", "files"))

        outcomes = run_in_turn(files, work, note)
    failed = sum(outcome.error is not None for outcome in outcomes)
    typer.echo(f"{total - failed} of {total} files converted.")
    if failed:
        raise typer.Exit(2)


def _tell_outcome(outcome: Outcome[Path, str]) -> None:
    if outcome.error is not None:
        tell(str(outcome.error))
    else:
        typer.echo(outcome.result)


def _tell_notices(source: Path, target: Path, converted: Converted) -> None:
    for notice in converted.notices:
        tell(notice, source)
    for notice in converted.lost:
        tell(notice, target)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnnotationError(
            f"cannot be made: {error.strerror or error}.", path=folder, remedy="Name another one."
        ) from error


def _ending(text: str | None) -> str:
    """An ending as typed, in lower case and with its point."""
    ending = (text or "").strip().lower()
    return ending if not ending or ending.startswith(".") else f".{ending}"
