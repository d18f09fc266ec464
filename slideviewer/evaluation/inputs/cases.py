"""Cases by name: which file of the predictions belongs to which file of the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from slideviewer.annotations import READ_SUFFIXES, is_annotation_file
from slideviewer.errors import EvaluationError
from slideviewer.slide import KNOWN_SUFFIXES

_First = TypeVar("_First")
_Second = TypeVar("_Second")

_TAILS = ("_likelihood_map", "_mask", "_labels")
"""What programs, ours among them, put behind a slide's name."""
_ENDINGS = tuple(sorted({*READ_SUFFIXES, *KNOWN_SUFFIXES, ".csv"}, key=len, reverse=True))
_NAMED = 3


def case_name(path: Path | str) -> str:
    """A file's name without its endings, and without what programs put behind a slide's name."""
    name = Path(path).name
    while ending := next((it for it in _ENDINGS if name.lower().endswith(it)), ""):
        if len(ending) == len(name):
            break
        name = name[: -len(ending)]
    tail = next((it for it in _TAILS if name.lower().endswith(it)), "")
    return name[: len(name) - len(tail)] or name


def files_of(path: Path, suffixes: Sequence[str], what: str) -> dict[str, Path]:
    """The file itself, or the files of a folder, by the names of their cases.

    Parameters
    ----------
    path : Path
    suffixes : sequence of str
        Of files that are meant, in lower case.
    what : str
        They are called so in errors: "masks".

    Raises
    ------
    EvaluationError
        Where there is no such file or folder, it holds none, or two of one name.
    """
    if not path.exists():
        raise EvaluationError(
            "There is no such file or folder.", path=path, remedy="Check its name."
        )
    if path.is_file():
        if not _is_meant(path, suffixes):
            raise EvaluationError(
                f'has the ending "{path.suffix}"; {what} end in {", ".join(suffixes)}.', path=path
            )
        return {case_name(path): path}
    found = by_case((it for it in children(path) if it.is_file() and _is_meant(it, suffixes)), path)
    if not found:
        raise EvaluationError(
            f"The folder holds no {what}.", path=path, remedy=f"Looked for {', '.join(suffixes)}."
        )
    return found


def children(folder: Path) -> list[Path]:
    """What lies in a folder, in the order of the names; hidden files and folders are left out.

    Raises
    ------
    EvaluationError
        Where it may not be looked into.
    """
    try:
        return sorted(it for it in folder.iterdir() if not it.name.startswith("."))
    except OSError as error:
        raise EvaluationError(
            f"cannot be looked into: {error.strerror or error}.", path=folder
        ) from error


def by_case(paths: Iterable[Path], folder: Path) -> dict[str, Path]:
    """Files by the names of their cases.

    Raises
    ------
    EvaluationError
        Where two are of one case.
    """
    found: dict[str, Path] = {}
    for path in paths:
        name = case_name(path)
        other = found.setdefault(name, path)
        if other != path:
            raise EvaluationError(
                f'Two files are of the case "{name}": {other.name} and {path.name}.', path=folder
            )
    return found


def matched(
    predicted: Mapping[str, _First],
    truth: Mapping[str, _Second],
    places: tuple[Path, Path],
    *,
    lone_pair: bool | None = None,
) -> dict[str, tuple[_First, _Second]]:
    """Pair what is predicted with the truth, by the names of cases in any case of letters.

    Parameters
    ----------
    predicted, truth : mapping of str
    places : tuple of Path
        Where the two come from, for errors.
    lone_pair : bool, optional
        Whether a single case and another single one belong together whatever they are called; by
        default where the user named two files.

    Raises
    ------
    EvaluationError
        Where a case has no partner.
    """
    if lone_pair is None:
        lone_pair = all(it.is_file() for it in places)
    if lone_pair and len(predicted) == len(truth) == 1:
        ((name, first),) = predicted.items()
        return {name: (first, next(iter(truth.values())))}
    known = {name.casefold(): name for name in truth}
    own = {name.casefold() for name in predicted}
    without = [name for name in predicted if name.casefold() not in known]
    if without:
        raise EvaluationError(
            f"holds nothing for {listed(without)}, which {places[0].name} has a prediction for.",
            path=places[1],
            remedy="Add it, or take the prediction away.",
        )
    spare = [name for name in truth if name.casefold() not in own]
    if spare:
        raise EvaluationError(
            f"holds no prediction for {listed(spare)}, which {places[1].name} has the truth of.",
            path=places[0],
            remedy="Predict it, or take the truth away.",
        )
    return {name: (first, truth[known[name.casefold()]]) for name, first in predicted.items()}


def is_any(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name matches any of some patterns, in any case of letters."""
    return any(fnmatch(name.casefold(), pattern.casefold()) for pattern in patterns)


def listed(names: Sequence[str]) -> str:
    """Names as an error lists them."""
    shown = ", ".join(f'"{name}"' for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _is_meant(path: Path, suffixes: Sequence[str]) -> bool:
    name = path.name.lower()
    if name.startswith(".") or not name.endswith(tuple(suffixes)):
        return False
    return name.endswith(".csv") or not name.endswith(READ_SUFFIXES) or is_annotation_file(path)
