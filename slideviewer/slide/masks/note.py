"""What a mask file of ours says of itself in its image description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slideviewer.annotations.masks import group_named

_LONGEST = 1_000_000
MOST_SIDE_PX = 2**31 - 1
MOST_SCALE = 1e6
_SIDE = Annotated[int, Field(ge=1, le=MOST_SIDE_PX)]
_SCALE = Annotated[float, Field(gt=0, le=MOST_SCALE, allow_inf_nan=False)]


class MaskNote(BaseModel):
    """The place of a mask on its slide, and the names of its labels.

    Attributes
    ----------
    size : tuple of int
        Width and height of the slide, in level-0 pixels.
    scale : tuple of float
        Level-0 pixels per pixel of the mask's own level 0, along x and y.
    labels : mapping of str to int
        By group; ``None`` stands for what is in no group, as in ASAP's files.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["slideviewer mask"] = "slideviewer mask"
    size: tuple[_SIDE, _SIDE]
    scale: tuple[_SCALE, _SCALE]
    labels: Mapping[str, Annotated[int, Field(ge=0, le=2**16 - 1)]]

    def as_text(self) -> str:
        """The note in ASCII, as TIFF wants its descriptions."""
        return json.dumps(self.model_dump(mode="json"))

    @property
    def groups(self) -> dict[int, str | None]:
        """The group of each label, None for no group; of several that share one, the first."""
        named: dict[int, str | None] = {}
        for name, label in self.labels.items():
            if label:
                named.setdefault(label, group_named(name))
        return named


def read_note(text: str) -> MaskNote | None:
    """Find a note in an image description; None where there is none."""
    if not text.startswith("{") or len(text) > _LONGEST:
        return None
    try:
        return MaskNote.model_validate_json(text)
    except ValidationError:
        return None
