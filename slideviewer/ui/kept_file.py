"""Small JSON files that the program keeps for itself; a damaged one is set aside, never lost."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from slideviewer.errors import SlideviewerError
from slideviewer.files import replacing

Kept = TypeVar("Kept", bound=BaseModel)


def read_kept(path: Path, kind: type[Kept], what: str, most_bytes: int) -> Kept | None:
    """Read a file of the program's own.

    Parameters
    ----------
    path : Path
    kind : type of BaseModel
        What the file holds.
    what : str
        What that is for the user; of several things, such as "The bookmarks of this slide".
    most_bytes : int
        A larger file is none of ours.

    Returns
    -------
    BaseModel or None
        None where there is no file.

    Raises
    ------
    SlideviewerError
        Where the file cannot be read or is damaged; a damaged one has been set aside under
        another name, so that nothing writes over it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SlideviewerError(
            f"{what} cannot be read ({error.strerror or error}).", path=path
        ) from error
    try:
        if len(data) > most_bytes:
            raise ValueError(f"there are more than {most_bytes} bytes")
        return kind.model_validate_json(data)
    except ValueError as error:  # pydantic's is one, too
        raise SlideviewerError(
            f"{what} are damaged ({_reason(error)}).",
            path=path,
            remedy=f"They were set aside as {_set_aside(path, what)}.",
        ) from error


def write_kept(path: Path, kept: BaseModel, what: str) -> None:
    """Write such a file; only its owner may look into a folder that is made for it.

    Raises
    ------
    SlideviewerError
        Where the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(kept.model_dump_json(indent=1).encode())
    except OSError as error:
        raise SlideviewerError(
            f"{what} cannot be kept ({error.strerror or error}).",
            path=path,
            remedy="Make room, or make the folder writable; then try again.",
        ) from error


def _reason(error: ValueError) -> str:
    """What is wrong, in a few words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)


def _set_aside(path: Path, what: str) -> str:
    """Rename a damaged file to a name that is free; gives the name."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise SlideviewerError(
            f"{what} are damaged, and cannot be set aside ({error.strerror or error}).", path=path
        ) from error
    return aside.name
