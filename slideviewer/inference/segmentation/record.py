"""The small JSON beside a stored mask: what the numbers are and how they came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, Field

from slideviewer.inference.record import MUST_AGREE, RunRecord, deciding
from slideviewer.inference.segmentation.frame import MaskFrame

SPREAD_CHANNEL = "Uncertainty"
"""What other programs call the last channel where models or turns were asked together."""

_MUST_AGREE: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        **MUST_AGREE,
        ("overlap",): "another overlap of tiles",
        ("batch_size",): "another size of batches",
    }
)


class FrameRecord(BaseModel):
    """A `MaskFrame` as JSON."""

    x: float = Field(allow_inf_nan=False)
    y: float = Field(allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class MaskRecord(RunRecord):
    """The content of `RECORD_FILE`: all of a `MaskPrediction` but its probabilities.

    Attributes
    ----------
    levels_current : bool
        Whether the coarser levels hold all that the finest does; not so while a run goes on, nor
        after one that was killed.
    """

    format: Literal["slideviewer-mask"] = "slideviewer-mask"
    version: Literal[1] = 1
    frame: FrameRecord
    exclusive: bool
    levels_current: bool = False
    skipped: list[tuple[int, int, int, int, str]] = Field(default_factory=list)

    def as_frame(self) -> MaskFrame:
        """Return the frame as the value that everybody else uses."""
        return MaskFrame(**self.frame.model_dump())

    @property
    def channels(self) -> list[str]:
        """What the arrays hold of each pixel, in words."""
        return [*self.class_names, *([SPREAD_CHANNEL] if self.has_spread else [])]

    def differs_from(self, former: MaskRecord) -> str:
        """Say what keeps a former store from going on as this one; nothing where it can."""
        words = self.other_than(former, _MUST_AGREE)
        if not words and former.frame != self.frame:
            words.append("another region")
        return ", ".join(words)


def mask_identity(provenance: Mapping[str, object], frame: MaskFrame) -> str:
    """Name a mask by all that decides what is in it: models, slide, options and place."""
    values = [deciding(provenance, place) for place in _MUST_AGREE]
    text = json.dumps([values, vars(frame)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
