"""Whole-slide images, specialist markup and deep-learning predictions in one window."""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "For research use only. Not for use in diagnostic procedures."
"""The line that every output of a model carries."""
