"""Which annotations a list shows, and what they are sorted by; no window is needed to know."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slideviewer.annotations import Annotation, AnnotationSet

Key = str | float | None
"""What rows are sorted by; None, which always comes last, where there is nothing to sort by."""

KeysOf = Callable[[Sequence[Annotation]], Sequence[Key]]
"""Gives the keys of some annotations."""

UNGROUPED = ""
"""Stands for "in no group" where a group is asked for."""

_DIGITS = re.compile(r"\d{1,18}")


def natural(text: str) -> str:
    """A key that sorts text as people do: "Annotation 9" before "annotation 10"."""
    return _DIGITS.sub(lambda found: found[0].zfill(18), text.casefold())


@dataclass(frozen=True)
class Filter:
    """What is wanted of a list.

    Attributes
    ----------
    words : str
        All of them must be in the name.
    kind : str or None
        The type, as files spell it; None for all.
    group : str or None
        Members of it and of the groups in it; `UNGROUPED` for those in none, None for all.
    """

    words: str = ""
    kind: str | None = None
    group: str | None = None

    @property
    def wants_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.words.strip() and self.kind is None and self.group is None

    def chooser(self, annotations: AnnotationSet) -> Callable[[Annotation], bool]:
        """What tells whether an annotation of this set is wanted."""
        if self.wants_all:
            return lambda _: True
        words = self.words.casefold().split()
        lineages: dict[str | None, tuple[str, ...]] = {}

        def is_wanted(annotation: Annotation) -> bool:
            if self.kind is not None and annotation.kind != self.kind:
                return False
            group = annotation.group
            if self.group == UNGROUPED and group is not None:
                return False
            if self.group and group != self.group:
                if group not in lineages:
                    lineages[group] = annotations.lineage(group)
                if self.group not in lineages[group]:
                    return False
            name = annotation.name.casefold() if words else ""
            return all(word in name for word in words)

        return is_wanted
