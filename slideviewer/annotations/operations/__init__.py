"""Making new outlines of those that are drawn."""

from slideviewer.annotations.operations.combining import intersection, split, subtraction, union
from slideviewer.annotations.operations.regions import Region, cut_open, regions_of
from slideviewer.annotations.operations.reshaping import (
    filled,
    grown,
    simplified,
    smoothed,
    snapped,
)

__all__ = [
    "Region",
    "cut_open",
    "filled",
    "grown",
    "intersection",
    "regions_of",
    "simplified",
    "smoothed",
    "snapped",
    "split",
    "subtraction",
    "union",
]
