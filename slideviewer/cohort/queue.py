"""Do the same with many inputs, one after the other; what fails stops nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from slideviewer.errors import SlideviewerError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Item, Result]):
    """What became of one input.

    Attributes
    ----------
    item : Item
    result : Result or None
        None where it failed.
    error : SlideviewerError or None
        Why it failed.
    """

    item: Item
    result: Result | None = None
    error: SlideviewerError | None = None


def run_in_turn(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    on_outcome: Callable[[Outcome[Item, Result]], None] | None = None,
) -> tuple[Outcome[Item, Result], ...]:
    """Do the work for each item.

    Parameters
    ----------
    items : iterable
    work : callable
        A `SlideviewerError` from it becomes the item's outcome; anything else it raises, such as
        `Cancelled`, ends the whole.
    on_outcome : callable, optional
        Told each outcome as it comes.

    Returns
    -------
    tuple of Outcome
        In the order of the items.
    """
    outcomes = []
    for item in items:
        try:
            outcome: Outcome[Item, Result] = Outcome(item, work(item))
        except SlideviewerError as error:
            outcome = Outcome(item, error=error)
        outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome)
    return tuple(outcomes)
