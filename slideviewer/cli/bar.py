"""A progress bar in the terminal for anything that tells its `Progress`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from slideviewer.progress import Progress, Step

_SLOW = 9.95
"""Below, a rate has a digit behind the point: one batch a second may be half or one and a half."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a bar on standard error; gives the function that moves it.

    Where nobody watches (no terminal) nothing is written.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=None, detail="")

        def show(step: Step) -> None:
            bar.update(
                task,
                description=step.text,
                completed=step.done,
                total=step.total or None,
                detail=_detail(step),
            )

        yield show


def _detail(step: Step) -> str:
    parts = []
    if step.rate > 0:
        digits = 1 if step.rate < _SLOW else 0
        parts.append(f"{step.rate:.{digits}f} {step.unit}/s")
    if step.seconds_left is not None:
        minutes, seconds = divmod(round(step.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return " · ".join(parts)
