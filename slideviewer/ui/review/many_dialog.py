"""Asks which findings are decided together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import shapely
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import as_polygon
from slideviewer.annotations.decisions import Verdict
from slideviewer.annotations.operations.combining import union
from slideviewer.annotations.operations.regions import Area
from slideviewer.ui import words
from slideviewer.ui.review.queue import Item
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

VERDICTS = {"Accept": Verdict.ACCEPTED, "Reject": Verdict.REJECTED}

EXPLAINED = "Those that are listed now and still open. It is one step, and can be undone."


def places_to_decide(session: Session, views: ViewGrid) -> dict[str, Area | None]:
    """Where findings may lie that are decided together."""
    seen = views.of_session.canvas.viewpoint.visible
    places: dict[str, Area | None] = {
        "Everywhere": None,
        "In view": shapely.box(seen.x, seen.y, seen.right, seen.bottom),
    }
    chosen = [session.document.annotations[key] for key in session.selection.ids]
    areas = [as_polygon(it) for it in chosen if getattr(it.kind, "is_area", False)]
    if areas:
        places["Inside the selected annotations"] = union(areas)
    return places


class ManyDialog(QDialog):
    """Which verdict, from which score on, and where.

    Parameters
    ----------
    items : sequence of Item
        The open ones that are listed.
    places : mapping of words to Area or None
        Where they may lie; None for everywhere.
    """

    def __init__(
        self, items: Sequence[Item], places: dict[str, Area | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Decide on several findings")
        self._items, self._places = items, places
        self.verdict, self.where = QComboBox(), QComboBox()
        self.verdict.addItems(list(VERDICTS))
        self.where.addItems(list(places))
        self.score = QDoubleSpinBox(maximum=1.0, singleStep=0.05, decimals=2)
        self.score.setValue(0.9)
        self.counted = QLabel()
        explained = QLabel(EXPLAINED)
        explained.setWordWrap(True)
        form = QFormLayout()
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Verdict", self.verdict),
            ("Score from", self.score),
            ("Where", self.where),
        )
        for name, box in rows:
            box.setAccessibleName(name)
            form.addRow(name, box)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(explained)
        column.addLayout(form)
        column.addWidget(self.counted)
        column.addWidget(self.buttons)
        self.setMinimumWidth(380)
        show: Callable[..., None] = lambda *_: self._show()  # noqa: E731
        self.score.valueChanged.connect(show)
        self.where.currentIndexChanged.connect(show)
        self._show()

    @property
    def chosen_verdict(self) -> Verdict:
        """The verdict."""
        return VERDICTS[self.verdict.currentText()]

    @property
    def chosen(self) -> list[Item]:
        """The findings that are meant: of a place those whose middle lies in it."""
        least, area = self.score.value(), self._places[self.where.currentText()]
        found = [it for it in self._items if it.score is not None and it.score >= least - 1e-9]
        if area is None or not found:
            return found
        shapely.prepare(area)
        inside = shapely.contains_xy(area, [it.bounds.centre for it in found])
        return [it for it, is_in in zip(found, inside.tolist(), strict=True) if is_in]

    def _show(self) -> None:
        count = len(self.chosen)
        self.counted.setText(f"{words.whole(count)} of {words.whole(len(self._items))} findings")
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(count > 0)
