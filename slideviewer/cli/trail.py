"""`slideviewer trail`: what made each annotation, and who accepted and changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.annotations.decisions import read_decisions
from slideviewer.annotations.sidecar import Mark, read_sidecar
from slideviewer.annotations.trail import write_trail_csv
from slideviewer.cli.telling import path_given, tell
from slideviewer.errors import AnnotationError


def trail(
    files: Annotated[list[str], typer.Argument(metavar="ANNOTATIONS...", help="ASAP XML files.")],
    out: Annotated[str, typer.Option("--out", "-o", help="The CSV to write.")],
) -> None:
    """Write a table of what made each annotation, and who accepted and changed it when.

    It is read from what lies beside the annotations: NAME.slideviewer.json and NAME.review.json.

    Examples: slideviewer trail a.xml --out trail.csv; slideviewer trail *.xml -o trail.csv
    """
    target, given = path_given(out), [path_given(name) for name in files]
    if target.resolve() in [path.resolve() for path in given]:
        raise AnnotationError(
            "is one of the annotation files.", path=target, remedy="Give the table another name."
        )
    count = write_trail_csv(_read(given), target)
    tell(f"{count} events written.", target)


def _read(paths: list[Path]) -> Iterator[tuple[str, AnnotationSet, Mapping[str, Mark]]]:
    for path in paths:
        loaded = read_annotations(path)
        sidecar, reviewed = read_sidecar(path, loaded.annotations), read_decisions(path)
        for notice in (*loaded.notices, *sidecar.notices, reviewed.notice):
            if notice:
                tell(notice, path)
        yield path.name, reviewed.added_to(sidecar.added_to(loaded.annotations)), sidecar.marks
