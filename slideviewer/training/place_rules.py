"""When a tile of a slide is of a class, and which places are looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from slideviewer.errors import TrainingError
from slideviewer.training.label_map import REST, class_names

CLASS, RING, TISSUE, MINED = range(4)
KINDS = ("class", "ring", "tissue", "hard negative")
"""What a place is: of a marked class, rest near the target, rest elsewhere, or rest that a model
took for the target."""


@dataclass(frozen=True)
class LabelRule:
    """When a tile is of a marked class.

    Attributes
    ----------
    part : float
        Side of the middle of the tile that counts, as a share of the tile's.
    least : float
        Share of that middle which the class must cover; 0 for any at all.
    """

    part: float = 1.0
    least: float = 1.0

    @property
    def text(self) -> str:
        """In words."""
        where = "its middle" if self.part < 1 else "it"
        if self.least >= 1:
            return f"a tile is of a class that covers all of {where}"
        share = f"{self.least:.0%} of {where} or more" if self.least else f"any of {where}"
        return f"a tile is of the class that covers {share}"


RULES = {"whole": LabelRule(1, 1), "centre": LabelRule(0.5, 0), "any": LabelRule(1, 0)}
_RULE = re.compile(r"(fraction|centre):(0?\.\d+|1|1\.0)")


def parse_rule(text: str) -> LabelRule:
    """Read ``whole``, ``centre``, ``any``, ``fraction:0.5`` or ``centre:0.5``.

    Raises
    ------
    TrainingError
        If it is something else.
    """
    known = RULES.get(text)
    found = _RULE.fullmatch(text)
    if known is not None:
        return known
    if found is None:
        raise TrainingError(
            f'There is no rule "{text}" for a tile\'s class.',
            remedy="Give whole, centre, any, fraction:0.5 or centre:0.5.",
        )
    return LabelRule(0.5 if found[1] == "centre" else 1.0, float(found[2]))


@dataclass(frozen=True)
class PlaceRules:
    """How places are found.

    Attributes
    ----------
    classes : mapping of str to str
        From source (`REST`, a group, a label) to class name, in the model's order.
    target : str
    rule : LabelRule
    overlap : float
        Share of a tile that its neighbour shows, too.
    least_tissue : float
        Share of a tile of the rest that must be tissue.
    ring_um : float
        How near the target the ring's tiles lie, from its edge to their middle.
    few : int
        A slide with fewer places of the target is judged by the middle half of each tile, on a
        lattice twice as fine; 0 for never.
    """

    classes: Mapping[str, str]
    target: str
    rule: LabelRule = field(default_factory=LabelRule)
    overlap: float = 0.0
    least_tissue: float = 0.25
    ring_um: float = 500.0
    few: int = 100

    @property
    def rest(self) -> int | None:
        """Index of the class of the rest; None where it is of no class."""
        name = self.classes.get(REST)
        return None if name is None else class_names(self.classes).index(name)
