"""Whole-slide images, specialist markup and deep-learning predictions in one window.

From Python: ``from slideviewer import Predict``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slideviewer.inference.api import Predict

__all__ = ["RESEARCH_USE_ONLY", "Predict", "__version__"]

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "For research use only. Not for use in diagnostic procedures."
"""The line that every output of a model carries."""


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the window and most commands need none of it."""
    if name == "Predict":
        from slideviewer.inference.api import Predict

        return Predict
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
