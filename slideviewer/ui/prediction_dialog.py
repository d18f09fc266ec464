"""The dialog that asks where and how to predict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import AnnotationSet, Kind
from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.ensemble import check_together
from slideviewer.inference.options import Options
from slideviewer.models.package import ModelPackage
from slideviewer.ui import settings, words
from slideviewer.ui.prediction_orders import Place
from slideviewer.ui.prediction_places import in_view, inside
from slideviewer.ui.settings import Setting
from slideviewer.ui.tissue_form import TissueForm

STEPS = {"tile": 1, "half": 2, "quarter": 4}
"""By the names that settings keep: so many steps make up a tile."""


class PredictDialog(QDialog):
    """Where, how often each tile is looked at, how fine, by which models, and for how long.

    Models that answer for every pixel have no steps from tile to tile, and confirm nothing.

    Parameters
    ----------
    package : ModelPackage
        The model chosen in the toolbar.
    packages : sequence of ModelPackage
        All there are; those that fit beside it can be chosen as a second one.
    annotations : AnnotationSet
    view : Rect
        Level-0 pixels.
    """

    def __init__(
        self,
        package: ModelPackage,
        packages: Sequence[ModelPackage],
        annotations: AnnotationSet,
        view: Rect,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Predict with options")
        self._package = package
        self._is_of_tiles = package.spec.task == "tile-classification"
        self.where, self.second = QComboBox(), QComboBox()
        self.where.addItem("All tissue of the slide", None)
        self.where.addItem("The tissue that is in view", in_view(view))
        for group, count in _counted(annotations).items():
            named = "no group" if group is None else f"“{group}”"
            many = "1 annotation" if count == 1 else f"{words.whole(count)} annotations"
            self.where.addItem(f"Inside {named} ({many})", inside(annotations, group))
        self.second.addItem("None", None)
        for other in packages:
            if other.hash != package.hash and _go_together(package, other):
                self.second.addItem(other.spec.title or other.spec.name, other)
        self.second.setEnabled(self.second.count() > 1)
        self.turns = _choice(settings.PREDICTION_TURNS)
        self.step = _choice(settings.PREDICTION_STEP)
        self.rule = _choice(settings.PREDICTION_RULE)
        self.minutes = QSpinBox()
        limit = settings.PREDICTION_MINUTES
        self.minutes.setRange(limit.lowest, limit.highest)
        self.minutes.setSuffix(f" {limit.unit}")
        self.minutes.setSpecialValueText(limit.lowest_words)
        self.minutes.setValue(settings.read(limit))
        self.tissue = TissueForm()
        form = QFormLayout()
        for name, box, tip in (
            ("Where", self.where, "Inside annotations everything is looked at, glass included"),
            ("See each tile", self.turns, "More ways are slower and surer, and say how sure"),
            ("From tile to tile", self.step, "A smaller step makes the map finer"),
            ("Second model", self.second, "One with the same classes"),
            ("Of two answers", self.rule, "Confirming is quicker: the second one sees less"),
            ("Time limit", self.minutes, limit.tip),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            form.addRow(name, box)
        for box in (self.step, self.rule):
            form.setRowVisible(box, self._is_of_tiles)
        self._tissue_box = QGroupBox("What counts as tissue")
        QVBoxLayout(self._tissue_box).addWidget(self.tissue)
        model = QLabel(f"Model: {package.spec.title or package.spec.name}")
        model.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Predict", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(model)
        column.addLayout(form)
        column.addWidget(self._tissue_box)
        column.addWidget(buttons)
        go.setDefault(True)  # only now does the dialog know the button
        for box in (self.where, self.second):
            box.currentIndexChanged.connect(lambda _: self._show_state())
        self._show_state()

    @property
    def place(self) -> Place | None:
        """Where to look; None for all tissue."""
        place: Place | None = self.where.currentData()
        return place

    @property
    def others(self) -> tuple[ModelPackage, ...]:
        """The second model, if one is chosen."""
        second: ModelPackage | None = self.second.currentData()
        return () if second is None else (second,)

    @property
    def options(self) -> Options:
        """How to predict."""
        spec, parts = self._package.spec, STEPS[self.step.currentData()]
        is_of_tiles = self._is_of_tiles
        stride = None
        if parts > 1 and is_of_tiles:
            stride = max(1, round(spec.cell_um / spec.spacing_um_px / parts))
        minutes = self.minutes.value()
        return Options(
            stride_pixels=stride,
            turns=self.turns.currentData(),
            rule=self.rule.currentData() if is_of_tiles else "mean",
            time_limit_s=60.0 * minutes if minutes else None,
            tissue=self.tissue.parameters,
        )

    def keep(self) -> None:
        """Propose the same the next time; where to look and the second model are of today."""
        settings.write(settings.PREDICTION_TURNS, self.turns.currentData())
        settings.write(settings.PREDICTION_MINUTES, self.minutes.value())
        if self._is_of_tiles:
            settings.write(settings.PREDICTION_STEP, self.step.currentData())
            settings.write(settings.PREDICTION_RULE, self.rule.currentData())
        self.tissue.keep()

    def _show_state(self) -> None:
        self.rule.setEnabled(self.second.currentIndex() > 0)
        # Inside annotations the user has said where the tissue is.
        self._tissue_box.setEnabled(self.where.currentIndex() < 2)


def _choice(setting: Setting[Any]) -> QComboBox:
    box = QComboBox()
    for value, said in setting.choices:
        box.addItem(said, value)
    box.setCurrentIndex(box.findData(settings.read(setting)))
    return box


def _counted(annotations: AnnotationSet) -> dict[str | None, int]:
    """How many annotations of each group enclose something, groups around theirs included."""
    counts: dict[str | None, int] = {}
    for shape in _areas(annotations):
        for group in annotations.lineage(shape) or (shape,):
            counts[group] = counts.get(group, 0) + 1
    return counts


def _areas(annotations: AnnotationSet) -> Iterable[str | None]:
    """The groups of those that enclose something."""
    return (it.group for it in annotations if isinstance(it.kind, Kind) and it.kind.is_area)


def _go_together(package: ModelPackage, other: ModelPackage) -> bool:
    try:
        check_together((package, other))
    except PredictionError:
        return False
    return True
