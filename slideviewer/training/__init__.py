"""Labelled pictures in, model packages with their cards out.

What fits networks is imported when it is first asked for: the window looks on at trainings, and
starts without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slideviewer.training.fit import FitSettings
    from slideviewer.training.options import TrainTilesOptions
    from slideviewer.training.tiles import train_tiles

__all__ = ["FitSettings", "TrainTilesOptions", "train_tiles"]

_PLACES = {"FitSettings": "fit", "TrainTilesOptions": "options", "train_tiles": "tiles"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
