"""`slideviewer evaluate`: how good predictions are, one module a kind of prediction."""

from slideviewer.cli.evaluating.app import app

__all__ = ["app"]
