"""Progress as a value: long work is a plain function that calls a `Progress` now and then."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """How far a piece of work has come.

    Attributes
    ----------
    done, total : int
        Units done and in all; ``total`` is 0 where it is not known yet.
    text : str
        What is being done, for the user ("Predicting", "Finding tissue").
    unit : str
        What is counted, in the plural ("tiles").
    rate : float
        Units per second, 0 where it is not known yet.
    """

    done: int
    total: int
    text: str = ""
    unit: str = ""
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at the present rate, or None where nobody can know."""
        if self.total <= 0 or self.rate <= 0:
            return None
        return (self.total - self.done) / self.rate


Progress = Callable[[Step], None]
"""Called now and then with a `Step`; raising `slideviewer.errors.Cancelled` from it cancels."""


def silent(step: Step) -> None:
    """A `Progress` that says nothing."""
