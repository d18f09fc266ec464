"""In a process of napari's own Python: show the slide, drag, and note how that went.

Knows nothing of slideviewer, which need not be installed there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

from benchmarks import child, gesture_script
from benchmarks.replay import Heartbeat, Replay
from benchmarks.report import Spread

LEAST_COLOURS = 100
"""A frame of so many different colours shows the slide: the empty canvas has a handful."""

SETTLING_SECONDS = 3.0


def main() -> None:
    """Measure as told."""
    import napari
    import numpy as np
    from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
    from vispy.gloo import gl

    told = child.settings()
    viewer = napari.Viewer(show=True)
    canvas = viewer.window._qt_viewer.canvas
    native, frames = canvas.native, frames_of(canvas._scene_canvas)
    window = viewer.window._qt_window
    width, height = gesture_script.CANVAS
    window.resize(
        window.width() + width - native.width(), window.height() + height - native.height()
    )

    def wait(is_true: Callable[[], bool], seconds: float) -> None:
        end = perf_counter() + seconds
        while not is_true() and perf_counter() < end:
            loop = QEventLoop()
            QTimer.singleShot(5, loop.quit)
            loop.exec()

    wait(lambda: bool(frames), 30)
    shown = child.seconds_since_start(told)

    def has_picture() -> bool:
        image = native.grabFramebuffer()
        pixels = np.frombuffer(image.constBits(), np.uint32)[:: 4 * 97]
        return len(np.unique(pixels)) > LEAST_COLOURS

    opened = perf_counter()
    viewer.add_image(_levels(told["slide"]), rgb=True, multiscale=True, name="slide")
    QCoreApplication.processEvents()
    wait(has_picture, 60)
    coarse = perf_counter() - opened
    renderer = gl.glGetParameter(gl.GL_RENDERER)

    side = viewer.layers["slide"].data[0].shape[0]
    x, y = gesture_script.TISSUE
    viewer.camera.zoom = told["scale"]
    viewer.camera.center = (y * side, x * side)
    wait(lambda: False, SETTLING_SECONDS)
    gestures = gesture_script.drags_only(gesture_script.read())
    gestures = gesture_script.first(gestures, told["seconds"])
    heartbeat, over = Heartbeat(window), [False]

    def end() -> None:
        heartbeat.stop()
        over[0] = True

    frames.clear()
    heartbeat.start()
    Replay(native, gestures, end).start()
    wait(lambda: over[0], gestures[-1].at_ms / 1000 + 60)
    if list(viewer.camera.center[-2:]) == [y * side, x * side]:
        raise RuntimeError("the drags did not move napari's view")
    found: dict[str, object] = {
        "shown": shown,
        "coarse": coarse,
        "frame_ms": asdict(Spread.of(frames)),
        "delay_ms": asdict(Spread.of(heartbeat.delays_ms)),
        "renderer": renderer,
        "version": napari.__version__,
    }
    viewer.close()
    child.answer(found)


def frames_of(scene: Any) -> list[float]:
    """A list that gets the milliseconds of every frame that a vispy canvas draws."""
    frames: list[float] = []
    began = [0.0]

    def begin(_: object) -> None:
        began[0] = perf_counter()

    def end(_: object) -> None:
        frames.append(1000 * (perf_counter() - began[0]))

    scene.events.draw.connect(begin, position="first")
    scene.events.draw.connect(end, position="last")
    return frames


def _levels(path: str) -> list[Any]:
    """The slide's levels as lazy arrays, the largest first, a chunk for each stored tile."""
    import dask.array
    import tifffile
    import zarr

    group = zarr.open(tifffile.imread(path, aszarr=True, series=0), mode="r")
    assert isinstance(group, zarr.Group)  # one array a level
    return [dask.array.from_zarr(group[name]) for name in sorted(group.keys(), key=int)]


if __name__ == "__main__":
    main()
