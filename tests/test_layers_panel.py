"""The Layers panel by mouse and keys."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_adjust_panel import type_number

from slideviewer.ui.cells import Cells
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.panels.layers import LayerRow
from slideviewer.ui.window import MainWindow


@pytest.mark.parametrize("typed", ["0.75", "0.125", "1"])
def test_a_threshold_is_typed_in_one_go(window: MainWindow, typed: str) -> None:
    panel = window.layers_panel
    type_number(panel.threshold_value, typed)
    assert window.cells.threshold == float(typed)
    assert panel.threshold_value.value() == float(typed)
    assert panel.threshold.value() == round(1000 * float(typed))
    QTest.keyClick(panel.threshold, Qt.Key.Key_Home)
    assert (window.cells.threshold, panel.threshold_value.value()) == (0, 0)


def test_half_a_number_is_not_yet_a_threshold(window: MainWindow) -> None:
    box, cells = window.layers_panel.threshold_value, window.cells
    box.setFocus()
    QTest.keySequence(box, "Ctrl+A")
    QTest.keyClicks(box, "0.9")
    assert cells.threshold == Cells().threshold
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert cells.threshold == 0.9


def test_a_row_follows_its_layer_and_leads_it(qtbot: QtBot) -> None:
    layer = MarkupLayer()
    row = LayerRow(layer)
    qtbot.addWidget(row)
    row.shown.click()
    assert not layer.visible
    layer.visible, layer.opacity = True, 0.25
    assert row.shown.isChecked() and row.opacity.value() == 25
    row.opacity.setValue(60)
    assert layer.opacity == 0.6
