"""In which colours annotations are outlined, and which are not shown at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from PySide6.QtGui import QColor

from slideviewer.annotations import DEFAULT_COLOUR, Annotation, AnnotationSet
from slideviewer.ui import colours

LIGHTER = 0.45
"""How far towards white a selected outline is, as blue ones are."""


@dataclass(frozen=True)
class MarkupLook:
    """How the markup is shown. Two that show the same are equal.

    Attributes
    ----------
    hidden : frozenset of str or None
        Groups whose annotations are not shown; None for those of no group.
    by_group : bool
        Whether outlines have the colours that ASAP gives them, and not all the blue of the markup.
    group_colours : mapping of str to str
        For each group the colour, ``#RRGGBB``, that ASAP draws its annotations in.
    """

    hidden: frozenset[str | None] = frozenset()
    by_group: bool = False
    group_colours: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, annotations: AnnotationSet, hidden: frozenset[str | None], by_group: bool
    ) -> MarkupLook:
        """The look of these annotations; their groups count only where outlines follow them."""
        if not by_group:
            return cls(hidden)
        groups = annotations.groups
        drawn = {name: groups[annotations.lineage(name)[-1]].colour for name in groups}
        return cls(hidden, True, drawn)

    def shows(self, annotation: Annotation) -> bool:
        """Whether an annotation is shown."""
        return annotation.group not in self.hidden

    def colour(self, annotation: Annotation) -> QColor:
        """What to outline an annotation with."""
        return _colour(self._drawn(annotation)) if self.by_group else colours.MARKUP

    def selected_colour(self, annotation: Annotation) -> QColor:
        """What to outline it with while it is selected."""
        return _lighter(self._drawn(annotation)) if self.by_group else colours.MARKUP_SELECTED

    def _drawn(self, annotation: Annotation) -> str:
        group, own = annotation.group, annotation.colour
        return own if group is None else self.group_colours.get(group, own)


@cache
def _colour(text: str) -> QColor:
    colour = QColor(text)
    return colour if colour.isValid() else QColor(DEFAULT_COLOUR)


@cache
def _lighter(text: str) -> QColor:
    colour = _colour(text)
    parts = (colour.red(), colour.green(), colour.blue())
    return QColor(*(round(part + LIGHTER * (255 - part)) for part in parts))
