"""Labelled pictures in, model packages with their cards out."""

from slideviewer.training.fit import FitSettings
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.tiles import train_tiles

__all__ = ["FitSettings", "TrainTilesOptions", "train_tiles"]
