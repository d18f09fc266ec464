"""What the command line needs of the window, without knowing Qt."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Shell(Protocol):
    """Opens the window, or takes its picture."""

    def open_window(
        self, slide: Path | None, annotations: Path | None = None, prediction: Path | None = None
    ) -> int:
        """Show the window until the user closes it.

        Parameters
        ----------
        slide, annotations : Path or None
            What to open in it.
        prediction : Path or None
            The folder of a stored prediction to show.

        Returns
        -------
        int
            Exit code.
        """

    def has_screen(self) -> bool:
        """Whether a window could be shown at all."""

    def take_picture(
        self, picture: Path, slide: Path, annotations: Path | None, prediction: Path | None
    ) -> None:
        """Write the window's own picture, with all of these in it, to a PNG; needs no screen."""
