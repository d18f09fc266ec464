"""In a process of its own: a review of very many findings, in the program's window."""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest

from benchmarks import child
from benchmarks.replay import Heartbeat
from benchmarks.report import Spread
from benchmarks.stage import Stage, collect_as_the_program
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.ui.launch import wait_until
from slideviewer.ui.window import MainWindow

CELL = 128.0
"""Level-0 pixels."""

PATIENCE_SECONDS = 120


def main() -> None:
    """Measure as told."""
    told = child.settings()
    count, steps = int(told["count"]), int(told["steps"])
    with Stage() as stage:
        collect_as_the_program()
        stage.open(child.path_of(told, "slide"))
        window = stage.window
        stage.settle(PATIENCE_SECONDS)
        window.judging.reviewing.panel.least.setValue(0)
        window.prediction.results.show(scattered(count))
        stage.settle(PATIENCE_SECONDS)
        heartbeat = Heartbeat(window)
        heartbeat.start()
        began = perf_counter()
        QTest.keyClick(window, Qt.Key.Key_F7)
        wait_until(lambda: listed(window) == count, PATIENCE_SECONDS)
        window.grab()
        opened = perf_counter() - began
        heartbeat.stop()
        stage.settle(PATIENCE_SECONDS)
        found: dict[str, object] = {
            "opened_s": opened,
            "opening_delay_ms": max(heartbeat.delays_ms),
        }
        for name, key in {"look at the next": "]", "reject": "u"}.items():
            found[name] = asdict(Spread.of([pressed(stage, key) for _ in range(steps)]))
        window.session.document.undo_stack.setClean()
        window.session.document.close()
    child.answer(found)


def pressed(stage: Stage, key: str) -> float:
    """Press a key; milliseconds until what it changes is painted, the view's flight left out."""
    began = perf_counter()
    QTest.keyClick(stage.window, key)  # type: ignore[call-overload]
    QCoreApplication.processEvents()
    stage.window.judging.reviewing.panel.grab()
    took = 1000 * (perf_counter() - began)
    stage.settle(PATIENCE_SECONDS)
    return took


def listed(window: MainWindow) -> int:
    """How many findings the panel has."""
    return len(window.judging.reviewing.queue)


def scattered(count: int) -> Prediction:
    """So many tumour cells, none beside another."""
    side = 2 * int(np.ceil(np.sqrt(count)))
    scores = np.full((side, side), 0.1, np.float32)
    spots = scores[::2, ::2].reshape(-1)
    spots[:count] = np.linspace(0.6, 0.99, count)
    scores[::2, ::2] = spots.reshape(side // 2, side // 2)
    both = np.stack([1 - scores, scores], axis=2)
    facts = {"model": {"name": "made", "hash": "0" * 64}, "spacing_um_px": 0.5}
    return Prediction(Grid(0, 0, CELL, side, side), ("Normal", "Tumor"), both, 1, 0.5, facts)


if __name__ == "__main__":
    main()
