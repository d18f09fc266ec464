"""What the commands of a worklist have in common: the list of a folder, and who is at work."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from slideviewer.cli.telling import path_given
from slideviewer.cohort.worklist import Worklist, WorklistError, worklist_of

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER", help="The folder of the slides, or the list's file.", parser=path_given
    ),
]


def opened(folder: Path) -> Worklist:
    """The list of a folder.

    Raises
    ------
    WorklistError
        Where there is none, or it cannot be used.
    """
    path = folder if folder.is_file() else worklist_of(folder)
    if not path.is_file():
        raise WorklistError(
            "There is no worklist.",
            path=folder,
            remedy="Begin one: slideviewer worklist add FOLDER.",
        )
    return Worklist(path)


def user() -> str:
    """The name of whoever gave the command, as the system knows it; empty where it does not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
