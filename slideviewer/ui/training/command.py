"""The command line that a form stands for."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from slideviewer.ui.training.fields import Field, Task, Values

MANNER = ("--low-priority",)
"""How a training behaves beside the window."""


def words_of(task: Task, source: int, values: Values, further: str = "") -> list[str]:
    """What is typed after ``slideviewer``.

    Parameters
    ----------
    task : Task
    source : int
        Which of its kinds of data.
    values : mapping of str to value
        By option; those that belong to other data are left out.
    further : str
        More options, as they are typed.

    Raises
    ------
    ValueError
        If a quotation mark is missing in them.
    """
    words = ["train", *MANNER, task.command]
    for field in task.fields_of(source):
        words += field.words(values.get(field.option, field.first))
    return words + shlex.split(further)


def missing(task: Task, source: int, values: Values) -> list[Field]:
    """What must be said before it can be started."""
    return [
        field
        for field in task.fields_of(source)
        if field.is_needed and str(values.get(field.option, field.first)).strip() == ""
    ]


def line_of(words: Sequence[str]) -> str:
    """A command line to read, and to copy into a terminal."""
    typed = ["slideviewer", *words]
    return subprocess.list2cmdline(typed) if sys.platform == "win32" else shlex.join(typed)


def out_of(words: Sequence[str]) -> Path | None:
    """The folder that a command writes its model to; the last one that is named counts."""
    found = None
    for place, word in enumerate(words):
        if word == "--out" and place + 1 < len(words):
            found = words[place + 1]
        elif word.startswith("--out="):
            found = word.removeprefix("--out=")
    return Path(found).absolute() if found else None


def program() -> list[str]:
    """How this program is started anew."""
    is_frozen = getattr(sys, "frozen", False)
    return [sys.executable] if is_frozen else [sys.executable, "-m", "slideviewer"]
