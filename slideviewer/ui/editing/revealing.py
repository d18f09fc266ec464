"""What was just made is to be seen, although its layer or its group may have been hidden."""

from __future__ import annotations

from collections.abc import Iterable

from slideviewer.annotations import Annotation
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid


def reveal(session: Session, views: ViewGrid, shapes: Iterable[Annotation]) -> None:
    """Show the markup where the hand is, and the groups of these shapes; select the shapes."""
    shapes = tuple(shapes)
    views.of_session.markup.visible = True
    states, annotations = session.group_states, session.document.annotations
    for group in {shape.group for shape in shapes if states.is_hidden(shape)}:
        for name in annotations.lineage(group) or (group,):
            states.set_hidden(name, False)
    session.selection.set(shape.id for shape in shapes)
