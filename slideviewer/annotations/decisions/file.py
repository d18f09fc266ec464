"""Decisions in a file beside the annotations: ``<name>.review.json``.

The annotation file stays as ASAP wants it. This one is written by the same save, whole or not at
all, and before the journal forgets what it holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from slideviewer.annotations.decisions.decision import Decision, Verdict, as_runs
from slideviewer.annotations.decisions.reading import Ending, Reading
from slideviewer.annotations.decisions.turns import turn_at
from slideviewer.annotations.json_file import sound
from slideviewer.annotations.saving import write_safely

if TYPE_CHECKING:
    from slideviewer.annotations.model import AnnotationSet

_Value = TypeVar("_Value")

DECISIONS_SUFFIX = ".review.json"
VERSION = 1
LARGEST_BYTES = 512 << 20
"""Larger files are not read: fifty thousand decisions take about a tenth of that."""

_MOST_RUNS = 1 << 22
_LENGTHS = {"id": 64, "kind": 64, "at": 64, "note": 1 << 20}
_LENGTH = 4096
"""Longer words are no words; they are cut when they are written."""

_Word = Annotated[str, Field(max_length=_LENGTH)]
_Moment = Annotated[str, Field(max_length=_LENGTHS["at"])]
_Count = Annotated[int, Field(ge=0, lt=1 << 40)]
_Run = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]


class _Entry(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=_LENGTHS["id"])]
    kind: Annotated[str, Field(max_length=_LENGTHS["kind"])]
    verdict: Verdict
    runs: Annotated[list[_Run], Field(max_length=_MOST_RUNS)]
    group: _Word | None = None
    reason: _Word = ""
    note: Annotated[str, Field(max_length=_LENGTHS["note"])] = ""
    author: _Word = ""
    at: _Moment = ""
    source: _Word = ""
    score: FiniteFloat | None = None


class _ReadingEntry(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=_LENGTHS["id"])]
    reader: _Word = ""
    opened: _Moment
    ended: _Moment = ""
    ending: Ending
    seconds: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    openings: _Count = 1
    order: _Count = 0
    session: _Moment = ""
    annotations: _Count = 0
    was_seen: bool = False


class _Content(BaseModel):
    """The whole file; members that a later version adds are left aside.

    Entries are looked at one by one: a damaged one costs no other.
    """

    format: Literal["slideviewer review"]
    version: Annotated[int, Field(ge=1, le=VERSION)]
    decisions: list[Any] = Field(default_factory=list)
    readings: list[Any] = Field(default_factory=list)


@dataclass(frozen=True)
class DecisionsRead:
    """What a file held.

    Attributes
    ----------
    decisions : mapping of id to Decision
    readings : mapping of id to Reading
    notice : str
        For the user, where the file is there and it or a part of it cannot be used.
    """

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    notice: str = ""
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def added_to(self, annotations: AnnotationSet) -> AnnotationSet:
        """Annotations together with what was decided and read."""
        return annotations.with_decisions(self.decisions).with_readings(self.readings)


def decisions_file_of(path: Path) -> Path:
    """Where the decisions lie that belong to an annotation file."""
    return path.with_name(path.stem + DECISIONS_SUFFIX)


def read_decisions(path: Path) -> DecisionsRead:
    """Read the decisions that lie beside an annotation file.

    Parameters
    ----------
    path : Path
        The annotation file.

    Returns
    -------
    DecisionsRead
        A file that is missing, damaged, hostile or of a later version costs nothing but what it
        knew, and a damaged entry no other one; all but the first are told.
    """
    file = decisions_file_of(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise ValueError(f"it is larger than {LARGEST_BYTES >> 20} MiB")
        content = _Content.model_validate_json(data)
    except FileNotFoundError:
        return DecisionsRead()
    except OSError as error:
        return DecisionsRead(notice=_unused(file, error.strerror or str(error)))
    except ValidationError as error:
        return DecisionsRead(notice=_unused(file, _reason(error)))
    except ValueError as error:
        return DecisionsRead(notice=_unused(file, str(error)))
    return _read_one_by_one(file, content)


def write_decisions(
    decisions: Mapping[str, Decision], path: Path, readings: Mapping[str, Reading] | None = None
) -> None:
    """Write decisions beside an annotation file; where there are none, and were none, no file.

    One that cannot be read, wholly or in part, or holds decisions that are none any more, is kept
    as a backup; where there is nothing to write in its place, one that cannot be read stays.

    Parameters
    ----------
    decisions : mapping of id to Decision
    path : Path
        The annotation file.
    readings : mapping of id to Reading, optional

    Raises
    ------
    AnnotationError
        The file cannot be written; the former one is untouched.
    """
    file = decisions_file_of(path)
    read = dict(readings or {})
    with turn_at(file):
        if not decisions and not read and not file.exists():
            return
        former = read_decisions(path)
        had_any = former.decisions or former.readings
        if not decisions and not read and not had_any and former.notice:
            return
        if not former.notice and (former.decisions, former.readings) == (decisions, read):
            return
        gone = (former.decisions.keys() - decisions.keys()) | (former.readings.keys() - read.keys())
        write_safely(
            file,
            lambda stream: stream.writelines(lines_of(path.name, decisions, read)),
            backup=bool(former.notice or gone),
        )


def _read_one_by_one(file: Path, content: _Content) -> DecisionsRead:
    problems: list[str] = []
    decided = _sound_ones(content.decisions, _decision, problems)
    read = _sound_ones(content.readings, _reading, problems)
    decisions = {it.id: it for it in decided}
    readings = {it.id: it for it in read}
    if not problems:
        return DecisionsRead(decisions, readings=readings)
    count = len(content.decisions) + len(content.readings)
    what = "decisions and readings" if content.readings else "decisions"
    return DecisionsRead(
        decisions,
        f"{file.name}: {len(problems)} of {count} {what} cannot be used and are left out "
        f"({problems[0]}). The file is kept as a backup when the slide is saved.",
        readings,
    )


def _sound_ones(
    entries: Iterable[Any], made_of: Callable[[Any], _Value], problems: list[str]
) -> list[_Value]:
    """What is made of the entries that can be used; why others cannot is put with the problems."""
    found = []
    for told in entries:
        try:
            found.append(made_of(told))
        except ValidationError as error:
            problems.append(_reason(error))
        except ValueError as error:
            problems.append(str(error))
    return found


def _decision(told: Any) -> Decision:
    entry = _Entry.model_validate(told)
    return Decision(**{**dict(entry), "runs": as_runs(entry.runs)})


def _reading(told: Any) -> Reading:
    return Reading(**dict(_ReadingEntry.model_validate(told)))


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    return f"{place}: {first['msg']}"


def _unused(file: Path, why: str) -> str:
    return f"{file.name} cannot be used ({why}): what was decided in a review is not known."


def lines_of(
    name: str, decisions: Mapping[str, Decision], readings: Mapping[str, Reading]
) -> Iterator[bytes]:
    """The file's text, with a line for each entry so that versions can be compared."""
    yield (
        f'{{"format": "slideviewer review",\n"version": {VERSION},\n'
        f'"file": {json.dumps(sound(name))},\n"decisions": ['
    ).encode()
    for number, decision in enumerate(decisions.values()):
        yield (b",\n" if number else b"\n") + json.dumps(_told(decision)).encode()
    if readings:
        yield b'],\n"readings": ['
        for number, reading in enumerate(readings.values()):
            told = {
                key: sound(it[: _LENGTHS["at"] if key != "reader" else _LENGTH])
                if isinstance(it, str)
                else it
                for key, it in reading.as_json().items()
            }
            yield (b",\n" if number else b"\n") + json.dumps(told).encode()
    yield b"]}\n"


def _told(decision: Decision) -> dict[str, object]:
    """What is written of a decision: only what is read again."""
    told = {
        name: sound(value[: _LENGTHS.get(name, _LENGTH)]) if isinstance(value, str) else value
        for name, value in decision.as_json().items()
    }
    if decision.score is not None and not math.isfinite(decision.score):
        del told["score"]
    return told
