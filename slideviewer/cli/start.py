"""The way into the program: what was asked for, and how it ends."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from slideviewer.cli.shell import Shell
from slideviewer.errors import Cancelled, SlideError, SlideviewerError

BAD_INPUT = 2
"""Exit code for anything that the user can put right."""

INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it."""

VIEW = "view"
COMMANDS = (
    *(VIEW, "info", "predict", "convert", "trail", "demo", "explore", "train", "evaluate"),
    *("models", "report", "worklist"),
)
"""What the first word may be; without one of them, the window is meant."""


def main(arguments: Sequence[str], shell: Shell) -> int:
    """Run a command line.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.
    shell : Shell
        The window.

    Returns
    -------
    int
        0, or 2 where the user gave something that cannot be used.
    """
    _print_any_text()
    words = list(arguments)
    if words[:1] == [VIEW]:
        words = words[1:]
        is_view = True
    else:
        is_view = not words or words[0] not in {*COMMANDS, "--help", "--version"}
    try:
        if is_view and (not words or (len(words) == 1 and not words[0].startswith("-"))):
            return open_files(shell, *map(Path, words))
        # Late: putting the commands together takes a good part of the window's own start.
        from slideviewer.cli.app import run

        return run([VIEW, *words] if is_view else words, shell)
    except SlideviewerError as error:
        return complain(str(error))
    except (Cancelled, KeyboardInterrupt):
        return say_stopped()


def open_files(shell: Shell, slide: Path | None = None, annotations: Path | None = None) -> int:
    """Open the window on files.

    Raises
    ------
    SlideError
        Where there is no such file.
    """
    for path in (slide, annotations):
        if path is not None and not path.exists():
            raise SlideError("There is no such file.", path=path, remedy=_remedy(path))
    # Hardly anything of a start is garbage: the window looks for it again once it is shown.
    gc.disable()
    try:
        return shell.open_window(slide, annotations)
    finally:
        gc.enable()


def _print_any_text() -> None:
    """Let names be printed that the terminal's encoding does not have, as on Windows in files."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _remedy(path: Path) -> str:
    """What to do where there is no such file: perhaps a command was meant."""
    import difflib  # late: no start that goes well needs it

    meant = difflib.get_close_matches(str(path), COMMANDS, n=1)
    return f"Did you mean the command {meant[0]!r}?" if meant else "Check its name."


def complain(words: str) -> int:
    """Say in one line what the user can put right; returns the exit code."""
    sys.stderr.write(" ".join(f"slideviewer: {words}".split()) + "\n")
    return BAD_INPUT


def say_stopped() -> int:
    """Say that the user ended it; returns the exit code."""
    complain("Stopped. The same command again goes on from there, where it can.")
    return INTERRUPTED
