"""The audit trail of annotations: what made each, who accepted it, who changed it last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slideviewer.annotations.csv_file import plain, write_rows
from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.annotations.model import Annotation, AnnotationSet
from slideviewer.annotations.origin import How, Origin
from slideviewer.annotations.sidecar import Mark, digest_of

COLUMNS = (
    *("file", "annotation", "type", "group", "x", "y", "event", "at", "by", "source"),
    *("finding", "score", "reason", "note", "decision"),
)
"""Places are the level-0 pixels of the upper left corner."""

ACCEPTED, CHANGED = "accepted", "changed"
"""What happened, besides what made it: see `How`."""


@dataclass(frozen=True)
class Event:
    """Something that happened to an annotation.

    Attributes
    ----------
    what : str
        A `How`, a verdict, or `CHANGED`.
    at : str
        Date and time with zone, ISO 8601; empty where nobody noted it, as before it is saved.
    by, source : str
        Who did it; and the file, the model with hash and threshold, or what else it came from.
    decision : Decision or None
        The one by which it happened.
    """

    what: str
    at: str = ""
    by: str = ""
    source: str = ""
    decision: Decision | None = None


def events_of(
    annotation: Annotation, mark: Mark | None, decisions: Mapping[str, Decision]
) -> tuple[Event, ...]:
    """What happened to an annotation, as far as it is known, the first first.

    Parameters
    ----------
    annotation : Annotation
        As it is now.
    mark : Mark or None
        What was noted when it was last saved; None for one that was made since.
    decisions : mapping of id to Decision
    """
    origin = annotation.origin or Origin()
    decision = decisions.get(origin.decision)
    at, by = (_moment(mark.created), mark.author) if mark is not None else ("", "")
    made = origin.how if origin.how != How.PREDICTED else ACCEPTED
    events = [Event(made, at, by, origin.source)]
    if decision is not None:
        who, source = decision.author, decision.source
        decided = Event(str(decision.verdict), decision.at, who, source, decision)
        is_new = origin.how == How.PREDICTED
        events = [decided] if is_new else [*events, decided]
    if mark is not None:
        if mark.changed is not None:
            events.append(Event(CHANGED, _moment(mark.changed), mark.changed_by))
        if digest_of(annotation) != mark.digest:
            events.append(Event(CHANGED))
    return tuple(events)


def history_of(
    annotation: Annotation, mark: Mark | None, decisions: Mapping[str, Decision]
) -> tuple[str, ...]:
    """Sentences on what made an annotation, and who accepted and changed it; see `events_of`."""
    told = [_told(event) for event in events_of(annotation, mark, decisions) if _says(event)]
    if mark is None:
        told.append("Not saved yet.")
    elif digest_of(annotation) != mark.digest:
        told.append("Changed since it was saved.")
    return tuple(told)


def write_trail_csv(
    files: Iterable[tuple[str, AnnotationSet, Mapping[str, Mark]]], path: Path
) -> int:
    """Write a row for each event of each annotation.

    The form is that of the table of decisions.

    Parameters
    ----------
    files : iterable of (str, AnnotationSet, mapping of id to Mark)
        What each file is called, holds, and what is known of who drew it.
    path : Path
        Replaced only when all is written.

    Returns
    -------
    int
        How many rows there are.

    Raises
    ------
    AnnotationError
        The file cannot be written; a former one is untouched then.
    """
    rows = [row for name, annotations, marks in files for row in _rows(name, annotations, marks)]

    write_rows(COLUMNS, rows, path)
    return len(rows)


def _rows(name: str, annotations: AnnotationSet, marks: Mapping[str, Mark]) -> Iterator[list[str]]:
    for annotation in annotations:
        bounds = annotation.bounds
        place = ("", "") if bounds is None else (f"{bounds.x:.1f}", f"{bounds.y:.1f}")
        whose = (name, annotation.name, str(annotation.kind), annotation.group or "")
        for event in events_of(annotation, marks.get(annotation.id), annotations.decisions):
            what = (event.what, event.at, event.by, event.source)
            yield [*map(plain, whose), *place, *map(plain, (*what, *_on(event.decision)))]


def _on(decision: Decision | None) -> tuple[str, ...]:
    if decision is None:
        return ("",) * 5
    score = "" if decision.score is None else f"{decision.score:.4f}"
    return decision.kind, score, decision.reason, decision.note, decision.id


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at is not None else ""


def _says(event: Event) -> bool:
    """Whether it tells anything: of what was always there nobody noted who drew it."""
    return bool(event.at or event.by or event.source or event.decision)


def _told(event: Event) -> str:
    what = event.what.capitalize()
    if event.decision is not None and event.decision.verdict == Verdict.RELABELLED:
        what = "Accepted into another group"
    of = {How.IMPORTED: " from ", How.COMPUTED: " by ", ACCEPTED: " from the prediction of "}
    source = f"{of.get(event.what, ' as predicted by ')}{event.source}" if event.source else ""
    if event.decision is not None:
        source += f" ({event.decision.kind.replace('_', ' ')})"
    by = f" by {event.by}" if event.by else ""
    on = f" on {_shown(event.at)}" if event.at else ""
    return f"{what}{source}{by}{on}."


def _shown(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return at
