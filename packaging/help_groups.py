"""The picture of the Groups panel."""

from __future__ import annotations

from dataclasses import replace

from help_stage import SECONDS, Stage
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDockWidget

from slideviewer.annotations import AnnotationSet, Group
from slideviewer.annotations.grouping import regrouped
from slideviewer.ui.launch import wait_until

GROUPS = (
    Group("Tumor", colour="#1450FF"),
    Group("Front", "Tumor", "#F4A000"),
    Group("Left out", colour="#2FA84F"),
    Group("Artefacts", colour="#C400C4"),
)


def groups(stage: Stage) -> QImage:
    """The panel, and outlines in the colours of their groups."""
    stage.open(stage.slides.first)
    session, editing = stage.window.session, stage.window.editing
    shapes = sorted(session.document.annotations, key=lambda it: -it.points[:, 0].mean())
    named = AnnotationSet.of((replace(it, group="Tumor") for it in shapes), GROUPS)
    ids = [it.id for it in shapes]
    moved = regrouped(named, ids[:2], "Left out") | regrouped(named, ids[2:4], "Front")
    session.document.open(named.with_changes(moved), None)
    session.drawn_group = "Tumor"
    session.group_states.set(frozenset(), frozenset({"Left out"}))
    stage.do("colour_by_group")
    for title in ("Layers", "Adjust"):
        dock = stage.window.findChild(QDockWidget, title)
        assert dock is not None
        dock.close()
    stage.window.docks.show("Groups")
    stage.window.resize(820, 520)
    stage.do("whole_slide")
    wait_until(lambda: editing.groups.tallies.is_measured([it.name for it in GROUPS]), SECONDS)
    stage.settle()
    place = stage.place_of(stage.window.views)
    return stage.picture(QRect(0, place.top(), stage.window.width(), place.height()))
