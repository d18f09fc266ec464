"""Names and colours for channels: what the file says, else what is usual."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from slideviewer.slide.channels import Colour

WHITE: Colour = (255, 255, 255)

BLUE: Colour = (66, 146, 255)
GREEN: Colour = (40, 205, 0)
MAGENTA: Colour = (225, 80, 165)
YELLOW: Colour = (255, 255, 60)
CYAN: Colour = (50, 220, 250)
ORANGE: Colour = (215, 135, 85)
RED: Colour = (205, 0, 0)
GREY: Colour = (128, 128, 128)

PALETTE = (BLUE, GREEN, MAGENTA, YELLOW, CYAN, ORANGE, RED)
"""Lights on black that colour-blind readers tell apart: found by a search for those that are
farthest from each other, also as seen without red or green cones (the simulation of Machado,
Oliveira and Fernandes, 2009): nowhere nearer than 20 units of CIE 1976 L*a*b*."""

_USUAL = {
    r"dapi|hoechst": BLUE,
    r"fitc|gfp|cy ?2|(af|alexa ?(fluor)? ?|opal ?|atto ?)(488|520)": GREEN,
    r"yfp|(af|alexa ?(fluor)? ?|opal ?|atto ?)(532|540)": YELLOW,
    r"tritc|cy ?3|(af|alexa ?(fluor)? ?|opal ?|atto ?)(546|550|555|568|570)": ORANGE,
    r"texas ?red|mcherry|rfp|(af|alexa ?(fluor)? ?|opal ?|atto ?)(594|620)": RED,
    r"cy ?5|(af|alexa ?(fluor)? ?|opal ?|atto ?)(647|650|690)": MAGENTA,
    r"autofluorescence|af": GREY,
}
"""Stains and the palette's colour nearest to the light they give; sought in small letters."""


@dataclass(frozen=True)
class Label:
    """What a file says of a channel.

    Attributes
    ----------
    name : str
        Empty where it does not say.
    colour : tuple of int or None
        None where it does not say.
    """

    name: str = ""
    colour: Colour | None = None


RED_GREEN_BLUE_LABELS = (
    Label("Red", (255, 0, 0)),
    Label("Green", (0, 255, 0)),
    Label("Blue", (0, 0, 255)),
)


def labelled(labels: Sequence[Label]) -> tuple[tuple[str, Colour], ...]:
    """Give every channel a name and a colour.

    A stated colour counts unless it is black, which would show nothing, or all channels have the
    same one, as files have it whose writer set none. Else a single channel is white; of several,
    those of known stains get their usual colours, and the others what is left of `PALETTE`.

    Parameters
    ----------
    labels : sequence of Label

    Returns
    -------
    tuple of (str, tuple of int)
        A name and a colour for each.
    """
    stated = [label.colour if label.colour and any(label.colour) else None for label in labels]
    if len(stated) > 1 and len(set(stated)) == 1:
        stated = [None] * len(stated)
    if len(labels) == 1:
        stated[0] = stated[0] or WHITE
    colours = [colour or _usual(label.name) for colour, label in zip(stated, labels, strict=True)]
    free = itertools.cycle([colour for colour in PALETTE if colour not in colours] or PALETTE)
    return tuple(
        (label.name.strip() or f"Channel {number}", colour or next(free))
        for number, (label, colour) in enumerate(zip(labels, colours, strict=True), start=1)
    )


def _usual(name: str) -> Colour | None:
    for stains, colour in _USUAL.items():
        if re.search(rf"(?<![a-z0-9])({stains})(?![a-z0-9])", name.casefold().replace("-", " ")):
            return colour
    return None
