"""The program: the window, or a command."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path


class _Window:
    """The window behind the command line's `Shell`; Qt is imported when it is really shown."""

    def open_window(
        self, slide: Path | None, annotations: Path | None = None, prediction: Path | None = None
    ) -> int:
        from slideviewer.ui.launch import open_window

        return open_window(slide, annotations, prediction)

    def has_screen(self) -> bool:
        from slideviewer.ui.launch import has_screen

        return has_screen()

    def take_picture(
        self, picture: Path, slide: Path, annotations: Path | None, prediction: Path | None
    ) -> None:
        from slideviewer.ui.launch import take_picture

        take_picture(picture, slide, annotations, prediction)


def main() -> None:
    """Run the program with the arguments it was started with."""
    from slideviewer.cli import main as run

    multiprocessing.freeze_support()  # the worker process, where the program is one frozen file
    sys.exit(run(sys.argv[1:], _Window()))


if __name__ == "__main__":
    main()
