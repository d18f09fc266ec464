"""One edit as bytes, for the disk.

The bytes are, after a length of four bytes (little-endian), a text in JSON and then all vertices
of the step one after another, as little-endian float64 pairs: every value comes back exactly.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from slideviewer.annotations.decisions.decision import Decision, Verdict, as_runs
from slideviewer.annotations.decisions.reading import reading_from
from slideviewer.annotations.journal.step import Placed, Step
from slideviewer.annotations.model import Annotation, Group, as_points, kind_named
from slideviewer.annotations.origin import How, Origin

_LENGTH = struct.Struct("<I")
_NO_POINTS = as_points([])


def as_bytes(step: Step) -> bytes:
    """A step for the disk; `step_from` reads it."""
    told: dict[str, object] = {"text": step.text, "removed": step.removed}
    if step.groups is not None:
        told["groups"] = [
            [group.name, group.parent, group.colour, dict(group.attributes), dict(group.extra)]
            for group in step.groups.values()
        ]
    if step.extra is not None:
        told["extra"] = dict(step.extra)
    if step.decisions:
        told["decided"] = [it.as_json() for it in step.decisions.values() if it is not None]
        told["undecided"] = [key for key, it in step.decisions.items() if it is None]
    if step.readings:
        told["read"] = [it.as_json() for it in step.readings.values()]
    # Row by row, so that other threads come in between: all at once takes half a second.
    rows = ",".join([_as_json(_row(placed)) for placed in step.placed])
    head = f'{{"placed":[{rows}],{_as_json(told)[1:]}'.encode("ascii")
    parts = [placed.annotation.points for placed in step.placed]
    points = np.concatenate([_NO_POINTS, *parts]).astype("<f8", copy=False)
    return b"".join((_LENGTH.pack(len(head)), head, points.tobytes()))


def step_from(data: bytes) -> Step:
    """Read what `as_bytes` made.

    Raises
    ------
    ValueError
        The bytes are no step.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        told = json.loads(data[_LENGTH.size : _LENGTH.size + length])
        points = np.frombuffer(data, "<f8", offset=_LENGTH.size + length).reshape(-1, 2)
        groups = told.get("groups")
        return Step(
            told["text"],
            _placed_from(told["placed"], points),
            tuple(told["removed"]),
            None if groups is None else {row[0]: Group(*row) for row in groups},
            told.get("extra"),
            {
                **dict.fromkeys(told.get("undecided", ())),
                **{row["id"]: _decision(row) for row in told.get("decided", ())},
            },
            {row["id"]: reading_from(row) for row in told.get("read", ())},
        )
    except (struct.error, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"no step of a journal: {error}") from error


def _row(placed: Placed) -> list[object]:
    it = placed.annotation
    count = len(it.points)
    row: list[object] = [it.id, it.name, str(it.kind), it.group, it.colour, count]
    is_more = placed.head or placed.tail or placed.position is not None or it.extra
    if is_more or it.origin is not None:
        row += [placed.head, placed.tail, placed.position, dict(it.extra)]
    if it.origin is not None:
        row.append([it.origin.how, it.origin.source, it.origin.decision])
    return row


def _placed_from(rows: Sequence[Any], points: Any) -> tuple[Placed, ...]:
    found: list[Placed] = []
    start = 0
    for row in rows:
        name_and_place = row[:6]
        head, tail, position, extra = row[6:10] or (0, 0, None, {})
        origin = Origin(How(row[10][0]), *row[10][1:]) if len(row) > 10 else None
        annotation_id, name, kind, group, colour, count = name_and_place
        if not 0 <= count <= len(points) - start:
            raise ValueError("no step of a journal: vertices are missing")
        own = as_points(points[start : start + count])
        start += count
        whole = Annotation(name, kind_named(kind), own, group, colour, extra, annotation_id, origin)
        found.append(Placed(whole, head, tail, position))
    if start != len(points):
        raise ValueError("no step of a journal: there are vertices of no annotation")
    return tuple(found)


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(**{**row, "verdict": Verdict(row["verdict"]), "runs": as_runs(row["runs"])})


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
