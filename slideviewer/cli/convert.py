"""`slideviewer convert`: annotations from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slideviewer.annotations import read_annotations, write_annotations
from slideviewer.errors import AnnotationError


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Annotations to read.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write.")],
    slide: Annotated[
        Path | None, typer.Option(help="The slide, for formats that need its size or spacing.")
    ] = None,
) -> None:
    """Convert annotations between ASAP XML and QuPath GeoJSON, either way.

    Examples: slideviewer convert a.xml a.geojson; slideviewer convert a.geojson b.xml
    """
    if slide is not None and not slide.exists():
        raise AnnotationError("There is no such slide.", path=slide, remedy="Check its name.")
    loaded = read_annotations(source)
    write_annotations(loaded.annotations, target)
    for notice in loaded.notices:
        typer.echo(notice, err=True)
    typer.echo(f"{target}: {len(loaded.annotations)} annotations")
