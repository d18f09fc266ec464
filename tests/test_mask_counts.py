"""Pixels counted once for all thresholds are those that are counted at each."""

from dataclasses import dataclass

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slideviewer.evaluation.inputs.mask_counts import count_values
from slideviewer.inference.segmentation.areas import areas_of
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.prediction import (
    MaskPrediction,
    MaskProbabilities,
    positive_pixels,
)


@dataclass(frozen=True)
class Held:
    """Probabilities in memory."""

    values: MaskProbabilities
    level_count: int = 1

    def read(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> MaskProbabilities:
        return self.values[y_level : y_level + height, x_level : x_level + width]

    def read_chunk(self, level: int, chunk: Chunk, *, afresh: bool = False) -> MaskProbabilities:
        return self.read(level, *chunk.box)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    classes=st.integers(1, 4),
    is_exclusive=st.booleans(),
    threshold=st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]) | st.floats(0, 1),
)
def test_any_threshold_follows_from_one_count(
    seed: int, classes: int, is_exclusive: bool, threshold: float
) -> None:
    assume(classes > 1 or not is_exclusive)  # a class alone excludes nothing
    rng = np.random.default_rng(seed)
    height, width = (int(it) for it in rng.integers(1, 30, 2))
    steps = rng.integers(0, 5, (height, width, classes)) / 4  # ties, and the threshold itself
    values = np.where(rng.random(steps.shape) < 0.5, steps, rng.random(steps.shape))
    values = values.astype(np.float16)
    values[rng.random((height, width)) < 0.2] = np.nan
    target = int(rng.integers(classes))
    truth = {it: rng.random((height, width)) < 0.4 for it in range(classes) if rng.random() < 0.8}
    prediction = MaskPrediction(
        MaskFrame(0, 0, 1, width, height),
        tuple("abcd"[:classes]),
        target,
        0.5,
        is_exclusive,
        Held(values),
        {"spacing_um_px": 0.5},
    )
    found = count_values(
        prediction,
        {
            it: lambda x, y, w, h, drawn=drawn: drawn[y : y + h, x : x + w].astype(np.uint8)
            for it, drawn in truth.items()
        },
    )
    said = positive_pixels(values, threshold, target if is_exclusive else None)
    for index in range(classes):
        drawn = truth.get(index, np.zeros((height, width), np.bool_))
        overlap = found.overlap(index, threshold)
        assert overlap.predicted == said[..., index].sum()
        assert overlap.true == drawn.sum()
        assert overlap.both == (said[..., index] & drawn).sum()
    assert found.areas(threshold) == areas_of(prediction, threshold)
