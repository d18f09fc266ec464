"""In a process of its own: move the threshold of a large prediction in the program's window."""

from __future__ import annotations

from dataclasses import asdict, replace
from time import thread_time

import cv2
import numpy as np
from PySide6.QtCore import QCoreApplication

from benchmarks import child
from benchmarks.report import Spread
from benchmarks.stage import Stage
from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.ui.cells import CellLook
from slideviewer.ui.launch import wait_until

CELL = 256.0
"""Level-0 pixels."""

SCALES = {"the whole slide": None, "half of it": 0.0075, "20 px a cell": 20 / CELL}
LOOKS = {
    "red": CellLook(),
    "Viridis": CellLook("viridis"),
    "red, smooth": CellLook(is_smooth=True),
}
PATIENCE_SECONDS = 60


def main() -> None:
    """Measure as told."""
    told = child.settings()
    side, steps = int(told["side"]), int(told["steps"])
    with Stage() as stage:
        window, canvas = stage.window, stage.window.canvas
        window.views.set_manner(replace(canvas.manner, is_animated=False))
        canvas.set_extent(Rect(0, 0, CELL * side, CELL * side))
        window.cells.show_prediction(large_prediction(side))
        found: dict[str, dict[str, object]] = {}
        for look, wanted in LOOKS.items():
            window.cells.look = wanted
            found[look] = {}
            for place, scale in SCALES.items():
                canvas.show_home() if scale is None else canvas.zoom_to(scale)
                settle(stage)
                found[look][place] = asdict(Spread.of(moved(stage, steps)))
    child.answer({"looks": found})


def moved(stage: Stage, steps: int) -> list[float]:
    """Move the slider; milliseconds that this thread computed for each step."""
    slider = stage.window.layers_panel.threshold
    took = []
    for step in range(steps):
        began = thread_time()
        slider.setValue(300 + 5 * (step % 40))
        settle(stage)
        took.append(1000 * (thread_time() - began))
    return took


def settle(stage: Stage) -> None:
    """Paint until nothing is left to paint."""
    QCoreApplication.processEvents()
    wait_until(lambda: stage.window.canvas.is_finished, PATIENCE_SECONDS)


def large_prediction(side: int) -> Prediction:
    """Hills and valleys, and a fifth without tissue."""
    dice = np.random.default_rng(1)
    soft = cv2.GaussianBlur(dice.random((side, side)).astype(np.float32), (0, 0), 6)
    scores = (soft - soft.min()) / (soft.max() - soft.min())
    scores[:, : side // 5] = np.nan
    grid = Grid(0, 0, CELL, side, side)
    both = np.stack([1 - scores, scores], axis=2)
    return Prediction(grid, ("Normal", "Tumor"), both, target=1, threshold=0.5)


if __name__ == "__main__":
    main()
