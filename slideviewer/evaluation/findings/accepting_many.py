"""Many findings accepted at once."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slideviewer.annotations import Annotation, AnnotationSet, Group
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations.results import parts_of, result_of
from slideviewer.evaluation.findings.accepting import BECOMES_NEW, accepted
from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.progress import Progress, Step, silent


@dataclass(frozen=True)
class Accepted:
    """What the markup becomes.

    Attributes
    ----------
    changes : mapping of id to (Annotation or None)
        None takes one away.
    groups : tuple of Group
        That are to be declared.
    """

    changes: Mapping[str, Annotation | None]
    groups: tuple[Group, ...]


def accepted_together(
    findings: Findings,
    indices: Iterable[int],
    opinions: Opinions,
    threshold: float,
    markup: AnnotationSet,
    group: str | None,
    groups: Collection[str | None] | None = None,
    holes: HoleStyle = HoleStyle.CUT,
    progress: Progress = silent,
    decided: Sequence[str] = (),
) -> Accepted:
    """Accept findings one after the other, each on what the one before has left.

    Parameters
    ----------
    findings, opinions, threshold, markup, group, groups
        As in `accepted`.
    indices : iterable of int
        The findings.
    holes : HoleStyle
        What becomes of holes.
    progress : Progress
        Told how many are done; `Cancelled` raised from it leaves all as it was.
    decided : sequence of str
        Ids of the decisions on the findings, for what they make or change; none by default.
    """
    now, declared = markup, dict[str, Group]()
    chosen = list(indices)
    touched: dict[str, None] = {}
    waiting: dict[str, Annotation | None] = {}  # what is new and nothing has looked at yet
    names = _names_from(markup.next_name())
    for done, index in enumerate(chosen):
        progress(Step(done, len(chosen), "Accepting findings", "findings"))
        stands_alone = FindingKind(int(findings.kinds[index])) in BECOMES_NEW
        if not stands_alone and waiting:
            now, waiting = now.with_changes(waiting), {}
        for change in accepted(
            findings, index, opinions, threshold, now, group, groups, lambda: next(names)
        ):
            like = change.annotation
            if decided:
                like = like.decided_by(decided[done], is_new=like.id not in now.annotations)
            made = result_of(parts_of(change.area), like, now, holes)
            new: dict[str, Annotation | None] = {change.annotation.id: None}
            new |= {it.id: it for it in (*made.shapes, *made.holes)}
            touched |= dict.fromkeys(new)
            declared |= {it.name: it for it in made.groups}
            if stands_alone:
                waiting |= {it.id: it for it in (*made.shapes, *made.holes)}
            else:
                now = now.with_changes(new)
    now = now.with_changes(waiting)
    if group is not None and group not in markup.groups:
        declared = {group: Group(group), **declared}
    changes = {key: now.annotations.get(key) for key in touched}
    known = markup.annotations
    kept = {key: it for key, it in changes.items() if it is not None or key in known}
    return Accepted(kept, tuple(declared.values()))


def _names_from(first: str) -> Iterator[str]:
    """The names that annotations would get one after the other."""
    word, number = first.rsplit(" ", 1)
    return (f"{word} {it}" for it in itertools.count(int(number)))
