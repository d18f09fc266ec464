"""The kept picture is what painting everything afresh would give."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QNativeGestureEvent, QPainter, QPointingDevice, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click, drag, settle, turn_wheel

from slideviewer.annotations import Annotation, Group, Kind, as_points
from slideviewer.geometry import Rect
from slideviewer.ui.backing import BAND_ROWS, Backing
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.manner import Manner
from slideviewer.ui.painting import draw_picture
from slideviewer.ui.regions import filled_by, touched_by
from slideviewer.ui.viewpoint import Viewpoint
from slideviewer.ui.window import MainWindow

SIZE = (160, 120)


class Chequered(Layer):
    """Coloured squares of 37 level-0 pixels; counts how many pixels it was asked to paint."""

    def __init__(self) -> None:
        super().__init__("Chequered")
        self.marked: set[tuple[int, int]] = set()
        self.painted = 0.0

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        self.painted += part.width * part.height * view.scale**2
        for row in range(int(part.y // 37), int(part.bottom // 37) + 1):
            for column in range(int(part.x // 37), int(part.right // 37) + 1):
                image = QImage(1, 1, QImage.Format.Format_RGB32)
                marked = 200 if (column, row) in self.marked else 0
                image.fill(QColor(column * 53 % 256, row * 31 % 256, marked))
                rect = Rect(column * 37, row * 37, 37, 37)
                draw_picture(painter, view, rect, image, QRectF(0, 0, 1, 1))


def pixels(backing: Backing) -> NDArray[np.uint8]:
    image = backing.pixmap.toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., :3].copy()


def farthest(one: QImage, other: QImage) -> int:
    """The largest difference of two pictures' values.

    How Qt rounds the columns at the end of a scaled tile depends on where its memory begins.
    """
    assert (one.size(), one.format()) == (other.size(), other.format())
    values = [np.frombuffer(it.constBits(), np.uint8).astype(np.int16) for it in (one, other)]
    return int(np.abs(values[0] - values[1]).max())


def afresh(layer: Chequered, view: Viewpoint, ratio: float) -> NDArray[np.uint8]:
    backing = Backing(QColor("grey"))
    backing.set_layers([layer])
    while True:
        backing.show(view, ratio, 1000)
        if backing.is_finished:
            return pixels(backing)


@pytest.fixture
def gliding(open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """A window on a slide whose views glide to where they are sent."""
    window = open_slide(made_slide)
    window.views.set_manner(Manner(is_animated=True))
    return window


moves = st.one_of(
    st.tuples(st.just("pan"), st.integers(-70, 70), st.integers(-70, 70)),
    st.tuples(st.just("zoom"), st.sampled_from([0.5, 0.8, 1.25, 2.0]), st.just(0)),
    st.tuples(st.just("turn"), st.sampled_from([30.0, 90.0, 180.0]), st.just(0)),
    st.tuples(st.just("flip"), st.just(0), st.just(0)),
    st.tuples(st.just("mark"), st.integers(0, 9), st.integers(0, 9)),
)


@pytest.mark.usefixtures("qapp")
@settings(deadline=None, max_examples=60)
@given(st.lists(moves, max_size=8), st.sampled_from([1.0, 1.5, 2.0]), st.sampled_from([0.0, 1.0]))
def test_scrolling_and_repairing_give_the_same_picture_as_painting_afresh(
    steps: list[tuple[str, float, float]], ratio: float, work: float
) -> None:
    layer, backing = Chequered(), Backing(QColor("grey"))
    backing.set_layers([layer])
    view = Viewpoint(150, 150, 1.0, *SIZE)
    backing.show(view, ratio, work)
    for what, a, b in steps:
        if what == "pan":
            # The mouse moves by whole device pixels.
            view = view.panned(round(a * ratio) / ratio, round(b * ratio) / ratio)
        elif what == "zoom":
            view = view.zoomed(view.scale * a, 30, 40)
        elif what == "turn":
            view = view.turned(view.rotation + a, 80, 60)
        elif what == "flip":
            view = view.flipped_across()
        else:
            layer.marked ^= {(int(a), int(b))}
            backing.mark_stale(Rect(a * 37, b * 37, 37, 37))
        backing.show(view, ratio, work, backing.next_stale if a % 2 else None)
    while not backing.is_finished:
        backing.show(view, ratio, 5)
    # A turned edge may round the other way where the picture begins elsewhere.
    different = (pixels(backing) != afresh(layer, view, ratio)).any(axis=2).mean()
    assert different <= (0.0 if view.is_upright else 0.01)


@pytest.mark.usefixtures("qapp")
def test_a_small_pan_paints_only_what_came_into_view() -> None:
    layer, backing = Chequered(), Backing(None)
    backing.set_layers([layer])
    view = Viewpoint(150, 150, 1.0, *SIZE)
    while not backing.is_finished or layer.painted == 0:
        backing.show(view, 1.0, 100)
    layer.painted = 0
    backing.show(view.panned(5, 0), 1.0, 100)
    assert 0 < layer.painted < 0.1 * SIZE[0] * SIZE[1]


@pytest.mark.usefixtures("qapp")
def test_what_is_quickly_painted_is_painted_in_few_bands() -> None:
    parts: list[Rect] = []

    class Empty(Layer):
        def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
            parts.append(part)

    backing = Backing(None)
    backing.set_layers([Empty("Empty")])
    view = Viewpoint(500, 500, 1.0, 200, 1600)
    backing.show(view, 1.0, 0)
    parts.clear()
    while not backing.is_finished:
        backing.show(view, 1.0, 1000)
    assert len(parts) <= 5
    assert parts[0].height == BAND_ROWS, "what is below may take long"
    assert sum(part.height for part in parts) == 1600


@pytest.mark.usefixtures("qapp")
def test_what_changes_out_of_sight_is_not_painted() -> None:
    layer, backing = Chequered(), Backing(None)
    backing.set_layers([layer])
    view = Viewpoint(150, 150, 1.0, *SIZE)
    while not backing.is_finished or layer.painted == 0:
        backing.show(view, 1.0, 100)
    assert not backing.mark_stale(Rect(400, 400, 37, 37), reach=20)
    assert backing.is_finished
    assert backing.mark_stale(Rect(400, 400, 37, 37), reach=200)
    assert not backing.is_finished


@given(
    st.lists(st.tuples(*[st.integers(0, 90)] * 4), max_size=4),
    st.sampled_from([1.0, 1.25, 1.5, 1.75, 2.0]),
)
def test_pixels_that_are_asked_for_hold_the_device_pixels_that_are_meant(
    rects: list[tuple[int, int, int, int]], ratio: float
) -> None:
    size = QSize(97, 83)
    all_of_it = QRect(0, 0, math.ceil(97 * ratio), math.ceil(83 * ratio))
    meant = QRegion()
    for rect in rects:
        meant += QRect(*rect) & all_of_it
    asked = touched_by(meant, ratio) & QRect(QPoint(0, 0), size)
    assert (meant - filled_by(asked, ratio, size)).isEmpty()
    assert filled_by(QRegion(0, 0, 97, 83), ratio, size) == QRegion(all_of_it)


@pytest.mark.usefixtures("qapp")
def test_many_small_pans_do_not_drift() -> None:
    layer, backing = Chequered(), Backing(None)
    backing.set_layers([layer])
    view = Viewpoint(150, 150, 0.7, *SIZE)
    for step in range(300):
        view = view.panned(1.01 if step % 2 else -1.0, 0.005)
        backing.show(view, 1.0, 100)
    shown, wanted = pixels(backing), afresh(layer, view, 1.0)
    assert (shown != wanted).any(axis=2).mean() < 0.02


def test_the_window_shows_the_same_after_a_long_way_as_after_none(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    canvas = window.canvas
    canvas.zoom_to(0.5)
    canvas.centre_on(2000, 1500)
    settle(qtbot, window)
    before, view = canvas.grab().toImage(), canvas.viewpoint
    for dx, dy in ((300, 20), (-500, 90), (37, -400), (163, 290)):
        canvas.pan(dx, dy)
        canvas.grab()
    turn_wheel(canvas, QPoint(100, 100), 3)
    canvas.grab()
    canvas.turn_to(90)
    canvas.grab()
    canvas.go(view)
    settle(qtbot, window)
    assert canvas.grab().toImage() == before


def on_the_screen(canvas: Canvas) -> QImage:
    """What was put there event by event; nothing is painted for it."""
    image = canvas.window().backingStore().paintDevice()
    assert isinstance(image, QImage)  # as it always is without a screen
    return image.copy(_place_of(canvas))


def _place_of(canvas: Canvas) -> QRect:
    return QRect(canvas.mapTo(canvas.window(), QPoint(0, 0)), canvas.size())


def test_painting_what_changed_alone_shows_the_same_as_painting_all(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    canvas, document = window.canvas, window.session.document
    stack, actions = document.undo_stack, window.named_actions
    canvas.zoom_to(0.3)
    canvas.centre_on(2000, 1500)
    angles = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    rings = [
        Annotation("A", Kind.POLYGON, as_points(np.stack([x + np.cos(angles) * r,
            1500 + np.sin(angles) * r], axis=1)), "Tumor")
        for x, r in ((1500, 400), (2000, 600), (2700, 200))
    ]  # fmt: skip
    added = document.annotations.with_changes({it.id: it for it in rings})
    names = ("polygon", "brush", "rectangle", "dot", "measurement", "select")
    steps: list[Callable[[], object]] = [
        lambda: document.apply("Add", added.annotations),
        lambda: window.editing.groups.colours.set_by_group(True),
        lambda: document.apply("Recolour", {}, (Group("Tumor", colour="#00FF00"),)),
        *(partial(_use, canvas, actions[name].trigger) for name in names),
        lambda: click(canvas, 2600, 1500),
        lambda: drag(canvas, (2600, 1500), (2300, 1600)),
        lambda: QTest.keyClick(canvas, Qt.Key.Key_Escape),
        *[stack.undo] * 4,
        *[stack.redo] * 2,
        lambda: canvas.pan(30, -20),
        lambda: document.apply("Delete", dict.fromkeys(document.annotations.annotations)),
        stack.undo,
        lambda: window.notices.tell("Something lies over the slide now."),
        lambda: document.apply("Delete", dict.fromkeys(document.annotations.annotations)),
    ]
    for number, step in enumerate(steps):
        for backing in (canvas._slide, canvas._over):
            backing._frame_rows = BAND_ROWS  # as after a frame that took long
        step()
        QApplication.processEvents()
        qtbot.waitUntil(lambda: not window.tiles.is_loading and canvas.is_finished)
        QApplication.processEvents()
        shown = on_the_screen(canvas)
        wanted = window.grab(_place_of(canvas)).toImage()
        assert farthest(shown, wanted.convertToFormat(shown.format())) <= 1, number


def _use(canvas: Canvas, choose: Callable[[], object]) -> None:
    """Have a tool in hand draw something, perhaps, and put it down."""
    choose()
    drag(canvas, (1800, 1300), (2100, 1700))
    click(canvas, 2200, 1500)
    QTest.keyClick(canvas, Qt.Key.Key_Return)


def test_the_wheel_glides_to_its_end_and_keeps_the_point_under_the_mouse(
    qtbot: QtBot, gliding: MainWindow
) -> None:
    canvas = gliding.canvas
    at, start = QPoint(200, 150), canvas.viewpoint
    held = start.to_slide(200, 150)
    scales: list[float] = []
    canvas.viewpoint_changed.connect(lambda view: scales.append(view.scale))
    turn_wheel(canvas, at, 1)
    turn_wheel(canvas, at, 1)  # while the first turn is still under way
    qtbot.waitUntil(lambda: not canvas.is_moving)
    assert canvas.viewpoint.scale == pytest.approx(start.scale * 1.25**2)
    assert canvas.viewpoint.to_screen(*held) == pytest.approx((200, 150), abs=1e-6)
    assert scales == sorted(scales)


def test_a_turn_of_the_slide_waits_for_the_end_of_a_zoom(qtbot: QtBot, gliding: MainWindow) -> None:
    canvas, start = gliding.canvas, gliding.canvas.viewpoint
    turn_wheel(canvas, QPoint(200, 150), 2)
    gliding.named_actions["rotate_right"].trigger()
    qtbot.waitUntil(lambda: not canvas.is_moving)
    assert canvas.viewpoint.scale == pytest.approx(start.scale * 1.25**2)
    assert canvas.viewpoint.rotation == 90


def test_a_flight_arrives_though_the_window_is_resized(qtbot: QtBot, gliding: MainWindow) -> None:
    canvas = gliding.canvas
    canvas.show_rect(Rect(2900, 2100, 200, 200))
    assert canvas.is_moving
    aim = canvas.aim
    for width in (1100, 1000):  # on the way, and when it has arrived
        gliding.resize(width, 700)
        qtbot.waitUntil(lambda: not canvas.is_moving)
        seen = canvas.viewpoint
        assert (seen.centre_x, seen.centre_y) == pytest.approx((3000, 2200))
        assert seen.scale == pytest.approx(aim.scale)


def test_a_slide_let_go_in_movement_slides_on_and_stops_at_a_press(
    qtbot: QtBot, gliding: MainWindow
) -> None:
    canvas = gliding.canvas
    canvas.go(canvas.viewpoint.zoomed(1.0, 400, 300))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    for step in range(1, 8):
        QTest.mouseMove(canvas, QPoint(400 - 30 * step, 300))
        QTest.qWait(8)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(190, 300))
    let_go = canvas.viewpoint.centre_x
    assert canvas.is_moving
    qtbot.waitUntil(lambda: canvas.viewpoint.centre_x > let_go + 10)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    stopped = canvas.viewpoint
    assert not canvas.is_moving
    QApplication.processEvents()
    assert canvas.viewpoint == stopped
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    assert not canvas.is_moving, "a hand at rest lets go of nothing"


def test_damage_is_hatched_and_tried_again(
    qtbot: QtBot, open_slide: OpenSlide, real_data: Path
) -> None:
    window = open_slide(real_data / "slides" / "unreadable.svs")
    source = window.tiles.source
    assert source is not None
    assert window.tiles.problems
    assert "damaged" in window.status.problems.text()
    source.try_again()
    assert not window.tiles.problems
    canvas = window.canvas
    canvas.go(canvas.viewpoint.zoomed(canvas.viewpoint.scale * 1.1, 10, 10))
    settle(qtbot, window)
    assert window.tiles.problems, "it is as damaged as before"


def pinch(canvas: Canvas, at: QPointF, value: float) -> None:
    """Spread two fingers on a trackpad."""
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        at,
        at,
        QPointF(canvas.mapToGlobal(at.toPoint())),
        value,
        QPointF(),
        1,
    )
    QApplication.sendEvent(canvas, event)


def test_a_pinch_on_a_trackpad_zooms_at_the_fingers(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    canvas = open_slide(made_slide).canvas
    before = canvas.viewpoint
    pinch(canvas, QPointF(120, 90), 0.5)
    assert canvas.viewpoint.scale == pytest.approx(1.5 * before.scale)
    held = before.to_slide(120, 90)
    assert canvas.viewpoint.to_screen(*held) == pytest.approx((120, 90), abs=1e-6)


@pytest.mark.parametrize("value", [0.5, -0.5, -2.0])
def test_a_pinch_beyond_the_last_scale_moves_nothing(
    open_slide: OpenSlide, made_slide: Path, value: float
) -> None:
    canvas = open_slide(made_slide).canvas
    canvas.zoom_to(1e6 if value > 0 else 1e-6)
    before = canvas.viewpoint
    pinch(canvas, QPointF(120, 90), value)
    assert canvas.viewpoint == before


def test_the_view_that_is_pinched_is_the_one_that_is_meant(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["view_add"].trigger()
    first, second = window.views.views
    window.views.activate(first)
    pinch(second.canvas, QPointF(50, 50), 0.1)
    assert window.views.active is second
