"""Who reads which slide for how long, and in which order: one window's readings as they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from slideviewer.annotations.decisions import Ending, Reading


def moment() -> str:
    """Now, with the zone, as the records have it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


class ReadingLog:
    """At most one slide is read at a time; one that is left and comes again is read on.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    now : callable
        Date and time, for the record.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], str] = moment
    ) -> None:
        self._clock, self._now = clock, now
        self._session, self._ended = now(), 0
        self._left: dict[Path, Reading] = {}
        self._path: Path | None = None
        self._reading: Reading | None = None
        self._since = 0.0

    @property
    def reading(self) -> Reading | None:
        """That of the slide that is open, with its time until now."""
        reading = self._reading
        if reading is None or reading.is_over:
            return reading
        return replace(reading, seconds=round(reading.seconds + self._clock() - self._since, 1))

    def is_read(self, path: Path) -> bool:
        """Whether a slide's reading is known to be over."""
        reading = self.reading if path == self._path else self._left.get(path)
        return reading is not None and reading.is_over

    def open(
        self, path: Path, reader: str, known: Iterable[Reading], *, was_seen: bool = False
    ) -> Reading:
        """A slide is open now, and so much is known of its readings.

        Parameters
        ----------
        path : Path
        reader : str
        known : iterable of Reading
            Of all readers, as they are kept with the slide.
        was_seen : bool
            Whether a prediction of it was in sight before.

        Returns
        -------
        Reading
            The reader's one: that which is over, or was begun, or a new one.
        """
        is_new = path != self._path
        self.leave()
        begun = self._left.pop(path, None)
        if begun is not None and begun.reader != reader:
            begun = None
        own = [it for it in known if it.reader == reader]
        stored = next((it for it in own if it.is_over), own[0] if own else None)
        self._path, self._since = path, self._clock()
        if stored is not None and stored.is_over:
            reading = stored
        elif begun is not None and begun.is_over:  # and was not saved
            reading = begun
        else:
            reading = self._gone_on(begun, stored, reader, is_new)
            reading = replace(reading, was_seen=reading.was_seen or was_seen)
        self._reading = reading
        return reading

    def _gone_on(
        self, begun: Reading | None, stored: Reading | None, reader: str, is_new: bool
    ) -> Reading:
        if begun is None and stored is None:
            return Reading(reader, self._now(), session=self._session)
        if begun is None or stored is None or stored.id == begun.id:
            reading = begun or stored
            assert reading is not None
            openings = reading.openings + (is_new or begun is None)
            return replace(reading, openings=openings, session=self._session)
        return replace(_joined(stored, begun), session=self._session)

    def leave(self) -> Reading | None:
        """The slide is open no more."""
        reading, path = self.reading, self._path
        self._reading = self._path = None
        if reading is not None and path is not None:
            self._left[path] = reading
        return reading

    def end(self, ending: Ending, annotations: int) -> Reading:
        """The slide that is open is read, or its prediction is shown anyway."""
        reading = self.reading
        assert reading is not None
        self._ended += 1
        self._reading = replace(
            reading,
            ended=self._now(),
            ending=ending,
            order=self._ended,
            annotations=annotations,
        )
        return self._reading


def _joined(stored: Reading, begun: Reading) -> Reading:
    """What was begun in another window or before a crash, and what is begun here."""
    return replace(
        stored,
        seconds=stored.seconds + begun.seconds,
        openings=stored.openings + begun.openings,
        was_seen=stored.was_seen or begun.was_seen,
    )
