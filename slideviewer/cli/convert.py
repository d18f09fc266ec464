"""`slideviewer convert`: annotations from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slideviewer.annotations import (
    FORMATS,
    Loaded,
    format_of,
    read_annotations,
    recover_asap,
    write_annotations,
)
from slideviewer.cli.telling import path_given, tell
from slideviewer.errors import AnnotationError


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Annotations to read.", parser=path_given)
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write.", parser=path_given)
    ],
    slide: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The slide, for formats that need its size or spacing.",
            parser=path_given,
        ),
    ] = None,
    recover: Annotated[
        bool,
        typer.Option(
            "--recover", help="Read what can be read of an ASAP XML that is cut off or damaged."
        ),
    ] = False,
) -> None:
    """Convert annotations between ASAP XML and QuPath GeoJSON, either way.

    What the new format cannot hold is told.

    Examples: slideviewer convert a.xml a.geojson; slideviewer convert a.geojson b.xml;
    slideviewer convert --recover damaged.xml readable.xml
    """
    if slide is not None and not slide.exists():
        raise AnnotationError("There is no such slide.", path=slide, remedy="Check its name.")
    loaded = _recovered(source, target) if recover else read_annotations(source)
    lost = write_annotations(loaded.annotations, target)
    for notice in loaded.notices:
        tell(notice, source)
    for notice in lost:
        tell(notice, target)
    typer.echo(f"{target}: {len(loaded.annotations)} annotations")


def _recovered(source: Path, target: Path) -> Loaded:
    if format_of(source) is not FORMATS[0]:
        raise AnnotationError(
            "is no XML, and only ASAP XML can be recovered.",
            path=source,
            remedy="Take an earlier copy of it.",
        )
    format_of(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise AnnotationError(
            "is the damaged file itself, which is not overwritten.",
            path=target,
            remedy="Name another file to write.",
        )
    return recover_asap(source)
