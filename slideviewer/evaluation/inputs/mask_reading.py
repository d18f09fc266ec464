"""Two sources of labels at one resolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.label_sources import FileLabels, LabelSource, Pixels

_SEEN_PX = 488
"""Pictures of masks are no larger."""


@contextmanager
def both_open(*sources: LabelSource) -> Iterator[tuple[LabelSource, LabelSource]]:
    """The two at one resolution; closed in the end. Errors as of `same_size`."""
    with ExitStack() as stack:
        for source in sources:
            stack.callback(source.close)
        yield same_size(stack, sources[0], sources[1])


def same_size(
    stack: ExitStack, one: LabelSource, other: LabelSource
) -> tuple[LabelSource, LabelSource]:
    """The two at one resolution: a level of either may be that of the other."""
    if (one.width, one.height) == (other.width, other.height):
        return one, other
    for number, (fixed, moving) in enumerate(((one, other), (other, one))):
        wanted = fixed.width, fixed.height
        if isinstance(moving, FileLabels) and wanted in moving.sizes:
            level = FileLabels(moving.path, moving.sizes.index(wanted))
            stack.callback(level.close)
            return (fixed, level) if number == 0 else (level, fixed)
    raise EvaluationError(
        f"has {one.width} × {one.height} px, and {other.path} has {other.width} × "
        f"{other.height}: they are of other slides, or of other levels.",
        path=one.path,
        remedy="Write both at one resolution.",
    )


def small(
    one: LabelSource, other: LabelSource, *is_class: Callable[[Pixels], NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """Every so many pixels of both, as codes."""
    step = max(1, -(-max(one.width, one.height) // _SEEN_PX))
    band = max(1, one.block[1] // step) * step
    rows = []
    for top in range(0, one.height, band):
        height = min(band, one.height - top)
        codes = np.zeros((-(-height // step), -(-one.width // step)), np.uint8)
        for number, source in enumerate((one, other)):
            labels = source.read(0, top, one.width, height)[::step, ::step]
            codes |= is_class[number](labels).astype(np.uint8) << number
        rows.append(codes)
    return np.concatenate(rows)
