"""In a process of its own: pan over markup, and edit it, in the program's window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from time import perf_counter, thread_time

import numpy as np
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from benchmarks import child, gesture_script
from benchmarks.edit_made import GROUPS, VERTICES
from benchmarks.replay import Heartbeat, Replay
from benchmarks.report import Spread
from benchmarks.stage import Stage, collect_as_the_program
from slideviewer.annotations import Annotation, Group, Kind, read_asap
from slideviewer.ui.launch import wait_until

DRAG_STEPS = 12
PATIENCE_SECONDS = 120


def main() -> None:
    """Measure as told."""
    told = child.settings()
    with Stage() as stage:
        collect_as_the_program()
        stage.open(child.path_of(told, "slide"))
        window = stage.window
        opened = perf_counter()
        if told["file"]:
            path = child.path_of(told, "file")
            window.session.document.open(read_asap(path).annotations, path)
        stage.settle(PATIENCE_SECONDS)
        found: dict[str, object] = {"opened": perf_counter() - opened}
        if told["what"] == "pan":
            found |= pan(stage, float(told["scale"]), float(told["seconds"]))
        else:
            found |= Editing(stage, float(told["scale"])).measure(int(told["runs"]))
        window.session.document.undo_stack.setClean()
        window.session.document.close()
    child.answer(found)


def pan(stage: Stage, scale: float, seconds: float) -> dict[str, object]:
    """Replay recorded drags; milliseconds of each frame."""
    canvas = stage.window.canvas
    canvas.zoom_to(scale)
    wait_until(lambda: not canvas.is_moving, PATIENCE_SECONDS)
    stage.settle(PATIENCE_SECONDS)
    gestures = gesture_script.drags_only(gesture_script.read())
    gestures = gesture_script.first(gestures, seconds)
    heartbeat, over = Heartbeat(stage.window), [False]

    def end() -> None:
        heartbeat.stop()
        over[0] = True

    stage.paintings.clear()
    heartbeat.start()
    Replay(canvas, gestures, end).start()
    wait_until(lambda: over[0], seconds + PATIENCE_SECONDS)
    frames = [painting.milliseconds for painting in stage.paintings]
    computing = [1000 * painting.computing_s for painting in stage.paintings]
    return {
        "frame_ms": asdict(Spread.of(frames)),
        "computing_ms": asdict(Spread.of(computing)),
        "delay_ms": asdict(Spread.of(heartbeat.delays_ms)),
    }


class Editing:
    """Edits by events, and how long it takes until all of what they change is painted."""

    def __init__(self, stage: Stage, scale: float) -> None:
        self._stage, self._window = stage, stage.window
        self._canvas, self._document = stage.window.canvas, stage.window.session.document
        first = next(iter(self._document.annotations))
        self._id, (x, y) = first.id, first.points[0].tolist()
        self._canvas.zoom_to(scale)
        wait_until(lambda: not self._canvas.is_moving, PATIENCE_SECONDS)
        self._canvas.centre_on(x, y)
        self._window.named_actions["select"].trigger()
        stage.settle(PATIENCE_SECONDS)

    def measure(self, runs: int) -> dict[str, object]:
        """Milliseconds on the clock, and of computing in this thread, by what is done."""
        found: dict[str, list[tuple[float, float]]] = {}
        for _ in range(runs):
            for name, took in self._round():
                found.setdefault(name, []).append(took)
        return {"edits": found}

    def _round(self) -> Iterator[tuple[str, tuple[float, float]]]:
        canvas, document = self._canvas, self._document
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
        self._wait()
        on_edge = self._between(0, 1)
        yield "select a shape", self._timed(lambda: QTest.mouseClick(canvas, left, none, on_edge))
        if self._window.session.selection.ids != {self._id}:
            raise RuntimeError("the click did not select the shape")
        at = self._vertex(0)
        yield "press on a vertex", self._timed(lambda: QTest.mousePress(canvas, left, none, at))
        for step in range(1, DRAG_STEPS):
            to = at + QPoint(3 * step, 2 * step)
            took = self._timed(lambda to=to: QTest.mouseMove(canvas, to))
            if step > 2:  # the first ones may still be a click
                yield "drag a vertex, each move", took
        before = document.annotations[self._id]
        yield "let go of it", self._timed(lambda: QTest.mouseRelease(canvas, left, none, to))
        if document.annotations[self._id] is before:
            raise RuntimeError("the drag did not move the vertex")
        yield "undo that", self._timed(document.undo_stack.undo)
        self._window.editing.groups.colours.set_by_group(True)
        self._wait()
        number = np.random.default_rng(document.undo_stack.count()).integers(1 << 24)
        group = Group(GROUPS[0], colour=f"#{int(number):06X}")
        recolour = self._timed(lambda: document.apply("Recolour", {}, (group,)))
        yield "recolour a group", recolour

        yield from self._few_of_many()

    def _few_of_many(self) -> Iterator[tuple[str, tuple[float, float]]]:
        """Shapes that come and go among the others, in sight, with the list of all of them open."""
        document = self._document
        points = document.annotations[self._id].points[:VERTICES]
        made = Annotation("Added", Kind.POLYGON, points, GROUPS[0])
        stack = document.undo_stack
        yield "add a shape", self._timed(lambda: document.apply("Add", {made.id: made}))
        yield "undo the addition", self._timed(stack.undo)
        yield "redo it", self._timed(stack.redo)
        order = list(document.annotations.annotations)
        middle = {order[len(order) // 2]: None}
        yield "delete one", self._timed(lambda: document.apply("Delete", middle))
        yield "undo the deletion", self._timed(stack.undo)
        stack.undo()
        self._wait()

    def _timed(self, act: Callable[[], object]) -> tuple[float, float]:
        start, worked = perf_counter(), thread_time()
        act()
        self._wait()
        return 1000 * (perf_counter() - start), 1000 * (thread_time() - worked)

    def _wait(self) -> None:
        QCoreApplication.processEvents()
        while not self._canvas.is_finished:
            QCoreApplication.processEvents()

    def _vertex(self, number: int) -> QPoint:
        x, y = self._document.annotations[self._id].points[number].tolist()
        return QPointF(*self._canvas.viewpoint.to_screen(x, y)).toPoint()

    def _between(self, number: int, other: int) -> QPoint:
        return (self._vertex(number) + self._vertex(other)) / 2


if __name__ == "__main__":
    main()
