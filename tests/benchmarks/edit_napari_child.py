"""In a process of napari's own Python: show outlines, change them, drag.

Knows nothing of slideviewer, which need not be installed there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import child, gesture_script
from benchmarks.napari_child import frames_of
from benchmarks.replay import Heartbeat, Replay
from benchmarks.report import Spread

SETTLING_SECONDS = 2.0


def main() -> None:
    """Measure as told."""
    import napari
    import numpy as np
    from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

    told = child.settings()
    outlines = _outlines(child.path_of(told, "file"))
    viewer = napari.Viewer(show=True)
    canvas = viewer.window._qt_viewer.canvas
    native, frames = canvas.native, frames_of(canvas._scene_canvas)
    window = viewer.window._qt_window
    width, height = gesture_script.CANVAS
    window.resize(
        window.width() + width - native.width(), window.height() + height - native.height()
    )

    def wait(seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(1000 * seconds), loop.quit)
        loop.exec()

    def timed(act: Callable[[], object]) -> float:
        """Milliseconds until the frame after it is drawn."""
        start, drawn = perf_counter(), len(frames)
        act()
        while len(frames) == drawn and perf_counter() < start + 60:
            canvas._scene_canvas.update()
            QCoreApplication.processEvents()
        return 1000 * (perf_counter() - start)

    wait(SETTLING_SECONDS)
    layers: list[Any] = []
    shown = timed(
        lambda: layers.append(
            viewer.add_shapes(
                outlines, shape_type="polygon", edge_width=30, face_color="transparent",
                edge_color="blue",
            )
        )
    )  # fmt: skip
    layer = layers[0]
    viewer.camera.zoom = told["scale"]
    wait(SETTLING_SECONDS)
    layer.mode = "select"
    runs = range(int(told["runs"]))
    select = [timed(lambda it=it: setattr(layer, "selected_data", {it})) for it in runs]
    half = set(range(0, len(outlines), 2))

    def recolour(number: int) -> None:
        colours = np.array(layer.edge_color)
        colours[list(half)] = (number % 2, 1, 0, 1)
        layer.edge_color = colours

    recoloured = [timed(lambda it=it: recolour(it)) for it in runs]

    def move(number: int) -> None:
        moved = np.array(layer.data[0])
        moved[0] += 10 * number
        layer._data_view.edit(0, moved)  # as its own tool for vertices does
        layer.refresh()

    moves = [timed(lambda it=it: move(it)) for it in runs]
    layer.selected_data = set()
    layer.mode = "pan_zoom"
    wait(SETTLING_SECONDS)
    gestures = gesture_script.drags_only(gesture_script.read())
    gestures = gesture_script.first(gestures, told["seconds"])
    heartbeat, loop = Heartbeat(window), QEventLoop()
    frames.clear()
    heartbeat.start()
    Replay(native, gestures, loop.quit).start()
    loop.exec()
    heartbeat.stop()
    found: dict[str, object] = {
        "shown": shown,
        "select": median(select),
        "recolour": median(recoloured),
        "move": median(moves),
        "frame_ms": asdict(Spread.of(frames)),
        "version": napari.__version__,
    }
    viewer.close()
    child.answer(found)


def _outlines(path: Path) -> list[Any]:
    """The polygons of a file, as napari has them: rows, then columns."""
    import numpy as np

    return [
        np.array([(float(it.get("Y", 0)), float(it.get("X", 0))) for it in one])
        for one in ElementTree.parse(path).iter("Coordinates")
    ]


if __name__ == "__main__":
    main()
