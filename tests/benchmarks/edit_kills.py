"""Kills a program that edits and decides at full speed, at random moments; looks what is left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import Decision, Verdict, as_runs, read_decisions
from slideviewer.annotations.journal import leftovers, read_leftover

SAVED_EVERY = 40
MOST_EDITS = 400
"""A run is killed after at most so many."""

ORIGIN_SIZES = (0, 300, 30_000)
"""Vertices that the file holds at first; the last is too many to be copied with the first edit."""


@dataclass(frozen=True)
class Kill:
    """How one run ended.

    Attributes
    ----------
    edits : int
        How many were shown before the end.
    lost : int
        How many of them are nowhere.
    problem : str
        What else is wrong; empty where nothing is.
    """

    edits: int
    lost: int
    problem: str


def run_kills(runs: int, seed: int = 0) -> list[Kill]:
    """Edit through a real document in a process of its own, kill it, and look what is left.

    Parameters
    ----------
    runs : int
    seed : int
        Of the moments.

    Returns
    -------
    list of Kill
        One a run; where nothing is lost, all have ``lost == 0`` and no problem.
    """
    random_one = random.Random(seed)
    made: dict[int, list[AnnotationSet]] = {}
    kills = []
    for _ in range(runs):
        size = random_one.choice(ORIGIN_SIZES)
        if size not in made:
            made[size] = states(size)
        with tempfile.TemporaryDirectory(prefix="slideviewer-kill-") as folder:
            kills.append(_run(Path(folder), size, random_one.randrange(1, MOST_EDITS), made[size]))
    return kills


def origin(size: int) -> AnnotationSet:
    """What the file holds at first: polygons of a hundred vertices."""
    points = np.random.default_rng(7).integers(0, 100_000, (size, 2)) / 4
    shapes = [points[start : start + 100] for start in range(0, size, 100)]
    return AnnotationSet.of(
        [Annotation(f"O{i}", Kind.POLYGON, as_points(it), "Tumor") for i, it in enumerate(shapes)],
        [Group("Tumor")],
    )


def states(size: int) -> list[AnnotationSet]:
    """All that a run can be left at, by the number of edits."""
    from slideviewer.ui.document import Document

    document = Document()
    document.journal.record = lambda *_: None  # type: ignore[method-assign] - wanted is the way
    document.open(origin(size), None)
    found = [document.annotations]
    for number in range(1, MOST_EDITS + 2):
        act(document, number)
        found.append(document.annotations)
    return found


def act(document: object, number: int) -> None:
    """Do the edit of a number: the same one in every run."""
    from slideviewer.ui.document import Document

    assert isinstance(document, Document)
    known = document.annotations.annotations
    kind = number % 11
    if kind == 4:
        document.undo_stack.undo()
    elif kind == 5:
        document.undo_stack.redo()
    elif kind == 7 and known:
        document.apply("Delete", {list(known)[number % len(known)]: None})
    elif kind in (6, 8):  # a finding is rejected, or accepted as a new shape
        verdict = Verdict.REJECTED if kind == 6 else Verdict.ACCEPTED
        runs, key = as_runs([(number, number, number + 8, number + 1)]), f"decided{number}"
        decision = Decision("predicted", verdict, runs, note=f"{number}", id=key)
        made = {} if kind == 6 else {f"made{number}": triangle(number)}
        document.apply("Decide", made, (Group("Tumor"),), decisions={key: decision})
    elif kind == 9:
        document.apply("Recolour", {}, (Group("Tumor", colour=f"#{number:06X}"),))
    elif kind in (2, 3) and known:
        old = list(known.values())[-1]
        points = old.points.copy()
        points[0] += number / 4
        document.apply("Reshape", {old.id: replace(old, points=as_points(points))})
    else:
        document.apply("Add", {f"made{number}": triangle(number)}, (Group("Tumor"),))


def triangle(number: int) -> Annotation:
    """The shape that the edit of a number adds."""
    points = as_points([(number, 1.25), (2.5, 3.0), (4.0, number)])
    return Annotation(f"A{number}", Kind.POLYGON, points, "Tumor", id=f"made{number}")


def edit(folder: Path) -> None:
    """Edit until killed; says after each edit that it is shown."""
    from PySide6.QtCore import QCoreApplication

    from slideviewer.ui.document import Document

    application = QCoreApplication([])
    path = folder / "a.xml"
    document = Document()
    document.open(read(path), path)
    for number in count(1):
        act(document, number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if number % SAVED_EVERY == 0:
            document.save(path)
        application.processEvents()


def spelt(annotations: AnnotationSet) -> list[object]:
    """All that a file keeps; what has an id of its own has another after each reading."""
    shapes = [(a.name, a.kind, a.group, a.colour, a.points.tobytes()) for a in annotations]
    return [*shapes, *((g.name, g.parent, g.colour) for g in annotations.groups.values())]


def decided(annotations: AnnotationSet) -> list[object]:
    """What was decided, as the file beside keeps it."""
    return [(key, it.verdict, it.note, it.runs.tobytes()) for key, it in
            sorted(annotations.decisions.items())]  # fmt: skip


def read(path: Path) -> AnnotationSet:
    """A file with the decisions beside it."""
    return read_annotations(path).annotations.with_decisions(read_decisions(path).decisions)


def _run(folder: Path, size: int, edits: int, known: list[AnnotationSet]) -> Kill:
    path = folder / "a.xml"
    write_annotations(origin(size), path)
    program = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.edit_kills", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "SLIDEVIEWER_DATA_DIR": str(folder),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
        },
    )
    assert program.stdout is not None
    shown = 0
    for line in program.stdout:
        shown = int(line)
        if shown >= edits:
            break
    program.kill()
    rest = program.stdout.read().split("\n")[:-1]
    program.wait()
    if shown < edits:
        return Kill(shown, 0, "the program ended before it was killed")
    shown = int(rest[-1]) if rest else shown
    return _looked_at(folder, shown, known)


def _looked_at(folder: Path, shown: int, known: list[AnnotationSet]) -> Kill:
    saved = read(folder / "a.xml")
    found, damaged = leftovers(folder / "journals")
    if damaged:
        return Kill(shown, 0, str(damaged[0]))
    left = [read_leftover(it.journal, read) for it in found if it.edits]
    whole = [spelt(known[number]) for number in range(0, len(known), SAVED_EVERY)]
    if spelt(saved) not in whole:
        return Kill(shown, 0, "the file is not as it was ever saved")
    kept = [(spelt(it), decided(it)) for it in (saved, *left)]
    # One more edit may have reached the disk before it was told.
    for number in range(min(shown + 1, len(known) - 1), -1, -1):
        if (spelt(known[number]), decided(known[number])) in kept:
            return Kill(shown, max(0, shown - number), "")
    return Kill(shown, shown, "nothing of it is as it ever was")


if __name__ == "__main__":
    edit(Path(sys.argv[1]))
