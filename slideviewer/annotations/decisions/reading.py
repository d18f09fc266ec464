"""One reading of a slide by somebody who does not see yet what a model says of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How far a reading is, or what it ended with."""

    OPEN = "open"
    READ = "read"
    SHOWN_UNREAD = "shown unread"
    """The prediction was shown before the slide was marked as read."""


@dataclass(frozen=True)
class Reading:
    """How somebody read a slide while predictions were hidden.

    Attributes
    ----------
    reader : str
    opened, ended : str
        When the slide was first opened for it, and when it was marked as read or its prediction
        was shown anyway: date and time with zone, ISO 8601. The second is empty until then.
    ending : Ending
    seconds : float
        How long the slide was open for it, all openings together.
    openings : int
    order : int
        Which slide of the session it was to end, from 1; 0 before that.
    session : str
        When the mode was begun in the window: slides of one session are in one order.
    annotations : int
        How many there were at the end, before anything predicted was shown.
    was_seen : bool
        Whether a prediction of the slide had been in sight in the same window before.
    id : str
    """

    reader: str
    opened: str
    ended: str = ""
    ending: Ending = Ending.OPEN
    seconds: float = 0.0
    openings: int = 1
    order: int = 0
    session: str = ""
    annotations: int = 0
    was_seen: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_over(self) -> bool:
        """Whether predictions of the slide may be shown to this reader."""
        return self.ending != Ending.OPEN

    def goes_beyond(self, former: Reading | None) -> bool:
        """Whether it tells of more than a former state of it: a reading only ever goes on."""
        if former is None:
            return True
        now = (self.is_over, self.seconds, self.openings)
        return now > (former.is_over, former.seconds, former.openings)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; `reading_from` reads them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def reading_from(told: dict[str, object]) -> Reading:
    """Read what `Reading.as_json` made.

    Raises
    ------
    TypeError, ValueError
        It is no reading.
    """
    known: dict[str, object] = {**told, "ending": Ending(str(told["ending"]))}
    return Reading(**known)  # type: ignore[arg-type]
