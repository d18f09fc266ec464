"""Results of a slide in the forms that other programs read, one file a form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from slideviewer.annotations.saving import backup_of, keep_former
from slideviewer.errors import PredictionError
from slideviewer.files import replacing_text
from slideviewer.inference.files import told_to_user

RUN_FILE = "run.json"
STORE_FOLDER = "store"
"""Where in a slide's results its resumable prediction lies."""

_Export = TypeVar("_Export")


@dataclass(frozen=True)
class Form(Generic[_Export]):
    """One form of output.

    Attributes
    ----------
    file : str
        Its name in the slide's folder; ``{slide}`` in it stands for the slide's own name.
    title : str
        What it is, for the user.
    write : callable
        Of what is exported and a path.
    """

    file: str
    title: str
    write: Callable[[_Export, Path], None]


def known_forms(forms: Mapping[str, Form[_Export]], names: Sequence[str]) -> list[str]:
    """Check the names of forms.

    Raises
    ------
    PredictionError
        If one is unknown, or none is named.
    """
    unknown = [name for name in names if name not in forms]
    if unknown or not names:
        raise PredictionError(
            f'There is no output format "{unknown[0]}".' if unknown else "No format is named.",
            remedy=f"Known are: {', '.join(forms)}.",
        )
    return list(dict.fromkeys(names))


def write_forms(
    forms: Mapping[str, Form[_Export]],
    export: _Export,
    folder: Path,
    names: Sequence[str],
    facts: Mapping[str, object],
    on_kept: Callable[[Sequence[str]], None] | None = None,
    *,
    slide: str = "slide",
) -> list[Path]:
    """Write the forms asked for and, always, `RUN_FILE`.

    Forms of a former run that differ, or are not written now and would lie beside another run's
    `RUN_FILE`, are kept as ``<name>.bak``, and then its `RUN_FILE` is too.

    Parameters
    ----------
    forms : mapping of str to Form
        All that there are.
    export
        What is written.
    folder : Path
        Made where it does not exist.
    names : sequence of str
        Of the forms asked for.
    facts : mapping
        For `RUN_FILE`: plain JSON values.
    on_kept : callable, optional
        Told the names of the files of a former run that were kept, where there are any.
    slide : str
        The slide's name, without an ending.

    Returns
    -------
    list of Path
        The files, `RUN_FILE` last.

    Raises
    ------
    PredictionError
        If one cannot be written.
    """
    paths = [folder / forms[name].file.format(slide=slide) for name in names]
    run_file = folder / RUN_FILE
    kept: list[str] = []
    with told_to_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for form in forms.values():
            path = folder / form.file.format(slide=slide)
            if path in paths:
                is_kept = keep_former(path, partial(form.write, export))
            elif is_kept := path.is_file():
                path.replace(backup_of(path))
            if is_kept:
                kept.append(path.name)
        content = {**facts, "files": [path.name for path in paths]}
        if kept:
            keep_former(run_file, partial(_write_run, content))
        else:
            _write_run(content, run_file)
    if kept and on_kept is not None:
        on_kept(kept)
    return [*paths, run_file]


def _write_run(content: Mapping[str, object], path: Path) -> None:
    with replacing_text(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
