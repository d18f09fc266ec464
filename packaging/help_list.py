"""The picture of the list of annotations."""

from __future__ import annotations

import numpy as np
from help_stage import SECONDS, Stage
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDockWidget

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.launch import wait_until


def annotation_list(stage: Stage) -> QImage:
    """The list, sorted by area, with two rows selected."""
    stage.open(stage.slides.first)
    window = stage.window
    document, listing = window.session.document, window.editing.listing
    width, height = stage.slide.pyramid.width, stage.slide.pyramid.height
    line = np.array([(0.3, 0.7), (0.55, 0.62)]) * (width, height)
    measurement = Annotation("Invasion depth", Kind.MEASUREMENT, as_points(line))
    document.apply("Measure", {measurement.id: measurement})
    for title in ("Layers", "Adjust"):
        dock = window.findChild(QDockWidget, title)
        assert dock is not None
        dock.close()
    window.docks.show("Annotations")
    window.resize(900, 520)
    listing.panel.table.show_column(Field.LENGTH, True)
    window.resizeDocks([window.docks["Annotations"]], [420], Qt.Orientation.Horizontal)
    table = listing.panel.table
    table.sortByColumn(listing.table.column_of(Field.AREA), Qt.SortOrder.DescendingOrder)
    stage.do("whole_slide")
    window.session.selection.set(listing.table.ids[:2])

    def is_pictured() -> bool:
        rows = table.rows_in_view()
        shown = (listing.table.annotation_at(row) for row in rows)
        return all(listing.thumbnails.get(annotation) is not None for annotation in shown)

    stage.settle()
    wait_until(is_pictured, SECONDS)
    place = stage.place_of(window.views)
    return stage.picture(QRect(0, place.top(), window.width(), place.height()))
