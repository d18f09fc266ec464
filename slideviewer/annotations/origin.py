"""What made an annotation, beyond whoever saved it: a file, a prediction, a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How an annotation came about."""

    DRAWN = "drawn"
    IMPORTED = "imported"
    PREDICTED = "predicted"
    COMPUTED = "computed"


@dataclass(frozen=True)
class Origin:
    """What made an annotation.

    Attributes
    ----------
    how : How
    source : str
        The file that it was imported from, what computed it, or, of a prediction that no decision
        tells of, model, hash and threshold.
    decision : str
        Id of the decision that made it, or by which it was last changed; empty for none. Who
        decided when, on what, and what had found it, stands there alone.
    """

    how: How = How.DRAWN
    source: str = ""
    decision: str = ""
