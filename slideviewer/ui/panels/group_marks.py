"""The small pictures in the list of groups: colour, eye and padlock."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPen, QPixmap

from slideviewer.annotations import AnnotationSet
from slideviewer.ui.editing.locks import GroupName
from slideviewer.ui.icons import icon

SWATCH = 16
"""Screen pixels."""

INNER = 7
"""Of the filled part where two colours are shown."""


def swatch(annotations: AnnotationSet, group: GroupName) -> QIcon:
    """A group's colour: filled with the one that ASAP draws with, ringed in its own if it differs.

    Nothing for no group: there each annotation has a colour of its own.
    """
    return _square(*_colours(annotations, group), _faint()) if group is not None else QIcon()


@cache
def _square(own: str, drawn: str, outline: str) -> QIcon:
    made = QPixmap(SWATCH, SWATCH)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    if own == drawn:
        painter.setPen(QPen(QColor(outline), 1))
        painter.setBrush(QColor(drawn))
        painter.drawRect(QRectF(1.5, 1.5, SWATCH - 4, SWATCH - 4))
    else:
        painter.setPen(QPen(QColor(own), 2, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(QRectF(2, 2, SWATCH - 5, SWATCH - 5))
        margin = (SWATCH - 1 - INNER) / 2
        painter.fillRect(QRectF(margin, margin, INNER, INNER), QColor(drawn))
    painter.end()
    marked = QIcon(made)
    marked.addPixmap(made, QIcon.Mode.Selected)  # without it, Qt tints the colour
    return marked


def swatch_words(annotations: AnnotationSet, group: GroupName) -> str:
    """What a swatch shows."""
    if group is None:
        return "Each of these annotations has a colour of its own"
    own, drawn = _colours(annotations, group)
    outermost = annotations.lineage(group)[-1]
    if outermost == group:
        return f"Colour {own}: click to choose another"
    return (
        f"Own colour {own}; ASAP draws it in the colour of “{outermost}”, {drawn}. "
        "Click to choose another"
    )


def eye(is_hidden: bool, is_own: bool) -> QIcon:
    """Whether annotations are shown; faint where that is so because of a group around."""
    if not is_hidden:
        return icon("eye-outline")
    return icon("eye-off-outline", "" if is_own else _faint())


def padlock(is_locked: bool, is_own: bool) -> QIcon:
    """Whether annotations can be changed; faint where that is so because of a group around."""
    if is_locked:
        return icon("lock-outline", "" if is_own else _faint())
    return icon("lock-open-variant-outline", _faint())


def state_words(
    group: GroupName,
    said: frozenset[GroupName],
    effective: frozenset[GroupName],
    yes: str,
    no: str,
) -> str:
    """What an eye or a padlock shows.

    Parameters
    ----------
    group : str or None
    said, effective : frozenset
        The groups of which it was said, and those for which it holds.
    yes, no : str
    """
    if group in said:
        return f"{yes}: click to change"
    return f"{yes} with the group around it" if group in effective else f"{no}: click to change"


def _colours(annotations: AnnotationSet, group: str) -> tuple[str, str]:
    """A group's own colour, and the one that ASAP draws its annotations in."""
    outermost = annotations.lineage(group)[-1]
    return annotations.groups[group].colour, annotations.groups[outermost].colour


def _faint() -> str:
    return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText).name()
