"""The command line: one module a command."""

from slideviewer.cli.app import app, main

__all__ = ["app", "main"]
