"""Decisions in a file beside the annotations: ``<name>.review.json``.

The annotation file stays as ASAP wants it. This one is written by the same save, whole or not at
all, and before the journal forgets what it holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from slideviewer.annotations.decisions.decision import Decision, Verdict, as_runs
from slideviewer.annotations.json_file import sound
from slideviewer.annotations.saving import write_safely

DECISIONS_SUFFIX = ".review.json"
VERSION = 1
LARGEST_BYTES = 512 << 20
"""Larger files are not read: fifty thousand decisions take about a tenth of that."""

_MOST_RUNS = 1 << 22
_LENGTHS = {"id": 64, "kind": 64, "at": 64, "note": 1 << 20}
_LENGTH = 4096
"""Longer words are no words; they are cut when they are written."""

_Word = Annotated[str, Field(max_length=_LENGTH)]
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
    at: Annotated[str, Field(max_length=_LENGTHS["at"])] = ""
    source: _Word = ""
    score: FiniteFloat | None = None


class _Content(BaseModel):
    """The whole file; members that a later version adds are left aside.

    Entries are looked at one by one: a damaged one costs no other.
    """

    format: Literal["slideviewer review"]
    version: Annotated[int, Field(ge=1, le=VERSION)]
    decisions: list[Any] = Field(default_factory=list)


@dataclass(frozen=True)
class DecisionsRead:
    """What a file held.

    Attributes
    ----------
    decisions : mapping of id to Decision
    notice : str
        For the user, where the file is there and it or a part of it cannot be used.
    """

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    notice: str = ""


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
    return _read_one_by_one(file, content.decisions)


def write_decisions(decisions: Mapping[str, Decision], path: Path) -> None:
    """Write decisions beside an annotation file; where there are none, and were none, no file.

    One that cannot be read, wholly or in part, or holds decisions that are none any more, is kept
    as a backup; where there is nothing to write in its place, one that cannot be read stays.

    Parameters
    ----------
    decisions : mapping of id to Decision
    path : Path
        The annotation file.

    Raises
    ------
    AnnotationError
        The file cannot be written; the former one is untouched.
    """
    file = decisions_file_of(path)
    if not decisions and not file.exists():
        return
    former = read_decisions(path)
    if not decisions and not former.decisions and former.notice:
        return
    if not former.notice and former.decisions == decisions:
        return
    write_safely(
        file,
        lambda stream: stream.writelines(_lines(path.name, decisions)),
        backup=bool(former.notice or former.decisions.keys() - decisions.keys()),
    )


def _read_one_by_one(file: Path, entries: list[Any]) -> DecisionsRead:
    found: dict[str, Decision] = {}
    problems: list[str] = []
    for told in entries:
        try:
            entry = _Entry.model_validate(told)
            found[entry.id] = Decision(**{**dict(entry), "runs": as_runs(entry.runs)})
        except ValidationError as error:
            problems.append(_reason(error))
        except ValueError as error:
            problems.append(str(error))
    if not problems:
        return DecisionsRead(found)
    return DecisionsRead(
        found,
        f"{file.name}: {len(problems)} of {len(entries)} decisions cannot be used and are left out "
        f"({problems[0]}). The file is kept as a backup when the slide is saved.",
    )


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    return f"{place}: {first['msg']}"


def _unused(file: Path, why: str) -> str:
    return f"{file.name} cannot be used ({why}): what was decided in a review is not known."


def _lines(name: str, decisions: Mapping[str, Decision]) -> Iterator[bytes]:
    """The file's text, with a line for each decision so that versions can be compared."""
    yield (
        f'{{"format": "slideviewer review",\n"version": {VERSION},\n'
        f'"file": {json.dumps(sound(name))},\n"decisions": ['
    ).encode()
    for number, decision in enumerate(decisions.values()):
        yield (b",\n" if number else b"\n") + json.dumps(_told(decision)).encode()
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
