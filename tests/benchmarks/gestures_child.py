"""In a process of its own: replay gestures on the window and note what they led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

from benchmarks import child, gesture_script
from benchmarks.blank import BlankCheck
from benchmarks.coarse import load
from benchmarks.gesture_script import Gesture
from benchmarks.replay import Heartbeat, Replay
from benchmarks.report import Spread
from benchmarks.stage import Painting, Stage, collect_as_the_program
from slideviewer.progress import Step
from slideviewer.ui import settings
from slideviewer.ui.launch import wait_until

BLURRED_SECONDS = 0.25
"""How long a view may take to be sharp before it counts as blurred."""

REFRESH_MS = 16
"""A screen's refresh, 60 times a second."""

MODEL_SECONDS = 120
"""How long the model may take until its first batch."""


class Watch(QObject):
    """Notes frames, delays, blur and blanks while gestures are replayed.

    Parameters
    ----------
    stage : Stage
        With a slide open.
    check : BlankCheck
    """

    def __init__(self, stage: Stage, check: BlankCheck) -> None:
        super().__init__(stage.window)
        self._stage, self._check = stage, check
        self._frames_ms: list[float] = []
        self._heartbeat = Heartbeat(self)
        self._blank_frames = self._blank = self._looked_at = 0
        self._refreshes = self._blurred = 0
        self._sharp_s = perf_counter()
        self._refresh = QTimer(self)
        self._refresh.setTimerType(Qt.TimerType.PreciseTimer)
        self._refresh.timeout.connect(self._on_refresh)
        self._is_over = False

    def replay(self, gestures: Sequence[Gesture], seconds: float) -> dict[str, object]:
        """Replay and return what was found.

        Parameters
        ----------
        gestures : sequence of Gesture
        seconds : float
            How long it may take at the most.
        """
        self._stage.on_painted = self._on_painted
        self._heartbeat.start()
        self._refresh.start(REFRESH_MS)
        Replay(self._stage.window.canvas, gestures, self._end).start()
        wait_until(lambda: self._is_over, seconds)
        return {
            "frame_ms": asdict(Spread.of(self._frames_ms)),
            "delay_ms": asdict(Spread.of(self._heartbeat.delays_ms)),
            "blurred_percent": 100 * self._blurred / max(1, self._refreshes),
            "blank_frames": self._blank_frames,
            "blank_percent": 100 * self._blank / max(1, self._looked_at),
            "places_looked_at": self._looked_at,
        }

    def _end(self) -> None:
        self._heartbeat.stop()
        self._refresh.stop()
        self._is_over = True

    def _on_painted(self, painting: Painting) -> None:
        self._frames_ms.append(painting.milliseconds)
        view = self._stage.window.canvas.viewpoint
        blank, looked_at = self._check.places(
            self._stage.frame(), view, self._stage.extent, self._stage.covered()
        )
        self._blank_frames += blank > 0
        self._blank += blank
        self._looked_at += looked_at
        self._heartbeat.forgive(perf_counter() - painting.ended_s)

    def _on_refresh(self) -> None:
        now = perf_counter()
        if self._stage.is_sharp:
            self._sharp_s = now
        self._refreshes += 1
        self._blurred += now - self._sharp_s > BLURRED_SECONDS


def main() -> None:
    """Measure as told."""
    told = child.settings()
    gestures = gesture_script.read()
    if told.get("drags_only"):
        gestures = gesture_script.drags_only(gestures)
    if told["seconds"]:
        gestures = gesture_script.first(gestures, told["seconds"])
    with Stage() as stage:
        collect_as_the_program()
        stage.open(child.path_of(told, "slide"))
        if told.get("scale"):
            _show_middle(stage, told["scale"])
        check = BlankCheck(load(child.path_of(told, "coarse")))
        steps = _begin_to_predict(stage, told["waits"]) if told.get("predict") else []
        before = steps[-1].done if steps else 0
        found = Watch(stage, check).replay(gestures, gestures[-1].at_ms / 1000 + 60)
        if told.get("predict"):
            found["was_predicting"] = stage.window.prediction.is_running
            found["predicted"] = steps[-1].done - before
            stage.window.prediction.cancel()
    child.answer(found)


def _show_middle(stage: Stage, scale: float) -> None:
    """Show the tissue's middle at a scale, and wait until it stands still there."""
    canvas, extent = stage.window.canvas, stage.extent
    x, y = gesture_script.TISSUE
    canvas.zoom_to(scale)
    wait_until(lambda: abs(canvas.viewpoint.scale / scale - 1) < 1e-6, 10)
    canvas.centre_on(x * extent.width, y * extent.height)
    stage.settle()


def _begin_to_predict(stage: Stage, waits: bool) -> list[Step]:
    """Start the bundled model and wait until its first tiles are there; what it tells."""
    settings.write(settings.PREDICTION_WAITS, waits)
    steps: list[Step] = []
    prediction = stage.window.prediction
    prediction.progressed.connect(lambda step: steps.append(step) if step is not None else None)
    prediction.ordering.start()
    wait_until(
        lambda: bool(steps) and steps[-1].unit == "tiles" and steps[-1].done > 0, MODEL_SECONDS
    )
    return steps


if __name__ == "__main__":
    main()
