"""What the commands share: a line to the user on standard error, and paths as they are typed."""

from __future__ import annotations

from pathlib import Path

import typer

from slideviewer.errors import SlideviewerError


def tell(words: str, path: Path | None = None) -> None:
    """Write one line to standard error, with the product's name and the file's in front."""
    place = f"{path}: " if path is not None else ""
    typer.echo(one_line(f"slideviewer: {place}{words}"), err=True)


def one_line(text: str) -> str:
    """Words out of a file as a terminal may show them: one line, and nothing that steers it."""
    return " ".join("".join(it if it.isprintable() else " " for it in text).split())


def path_given(text: str) -> Path:
    """Take a path as it was typed.

    Raises
    ------
    SlideviewerError
        It is empty, which the system would take for the folder one is in, or the system does not
        even tell whether there is such a file.
    """
    if not text.strip():
        raise SlideviewerError(
            "An empty path names no file or folder.",
            remedy="Check the command: a variable in it may have no value.",
        )
    path = Path(text)
    try:
        path.exists()
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise SlideviewerError(
            f"cannot be reached: {error.strerror or error}.",
            path=path,
            remedy="Check its name, and that you may read its folder.",
        ) from error
    return path
