"""Correct a tile model from a review: its head is fitted anew on what was decided and drawn."""

from slideviewer.training.improving.improve import Improvement, improve
from slideviewer.training.improving.options import ImproveOptions

__all__ = ["ImproveOptions", "Improvement", "improve"]
