"""Masks: annotations painted as labelled pixels, and the outlines of labelled pixels."""

from slideviewer.annotations.masks.grid import MaskGrid
from slideviewer.annotations.masks.labels import (
    MOST_LABEL,
    UNGROUPED_WORD,
    Labels,
    excludes,
    group_named,
    parse_labels,
    proposed_labels,
)
from slideviewer.annotations.masks.nesting import TracedRegion
from slideviewer.annotations.masks.outlining import MOST_CUT, HoleStyle, Outlining, outlined
from slideviewer.annotations.masks.painting import MaskPainting
from slideviewer.annotations.masks.tracing import trace

__all__ = [
    "MOST_CUT",
    "MOST_LABEL",
    "UNGROUPED_WORD",
    "HoleStyle",
    "Labels",
    "MaskGrid",
    "MaskPainting",
    "Outlining",
    "TracedRegion",
    "excludes",
    "group_named",
    "outlined",
    "parse_labels",
    "proposed_labels",
    "trace",
]
