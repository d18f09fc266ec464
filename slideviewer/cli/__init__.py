"""The command line: one module a command."""

from slideviewer.cli.start import main

__all__ = ["main"]
