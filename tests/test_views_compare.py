"""Two views in one place: swipe and blink, in the real window."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from view_fixtures import go, show_in
from window_fixtures import OpenSlide, drag

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui.views.pair import HOLD_MILLISECONDS, Mode, Pair
from slideviewer.ui.views.title_bar import ElidedLabel
from slideviewer.ui.window import MainWindow

GREEN = np.array([40, 160, 60])


@pytest.fixture(scope="module")
def green_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide that is told from any tissue by its colour."""
    path = tmp_path_factory.mktemp("green") / "green.tif"
    pixels = np.broadcast_to(GREEN.astype(np.uint8), (3072, 4096, 3))
    write_pyramid(path, (4096, 3072), [pixels], 0.25)
    return path


@pytest.fixture
def unlike(qtbot: QtBot, two: MainWindow, green_slide: Path) -> MainWindow:
    """Two views of different slides, the first one active."""
    show_in(qtbot, two, two.views.views[1], green_slide)
    return two


def settle(qtbot: QtBot, window: MainWindow) -> None:
    def is_ready() -> bool:
        window.grab()
        return all(
            not view.tiles.is_loading and view.canvas.is_finished for view in window.views.views
        )

    qtbot.waitUntil(is_ready, timeout=10_000)
    for _ in range(3):
        QApplication.processEvents()


def greenness(widget: QWidget) -> np.ndarray:
    """Which pixels of a widget are green: (height, width), bool."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    pixels = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)
    return np.abs(pixels - GREEN).max(axis=2) < 12


def pair_of(window: MainWindow) -> Pair:
    pair = window.comparing.compare.pair
    assert pair is not None
    return pair


def body_of(window: MainWindow) -> QWidget:
    body = pair_of(window).divider.parentWidget()
    assert body is not None
    return body


def test_a_swipe_shows_one_slide_on_either_side(qtbot: QtBot, unlike: MainWindow) -> None:
    unlike.named_actions["swipe"].trigger()
    settle(qtbot, unlike)
    pair, body = pair_of(unlike), body_of(unlike)
    first, second = unlike.views.views
    assert first.canvas.size() == second.canvas.size()
    middle = body.height() // 2
    for x in (body.width() // 4, body.width() // 2, 3 * body.width() // 4):
        pair.move_divider(x)
        green = greenness(body)[middle - 20 : middle + 20]
        assert not green[:, : x - 8].any()
        inside = green[:, x + 8 : body.width() * 7 // 8]  # the slide ends before the canvas does
        assert inside.size == 0 or inside.mean() > 0.9
        # The mouse reaches the slide that it is seen over.
        at = body.mapTo(unlike, QPoint(x - 20, middle))
        assert unlike.childAt(at) is first.canvas
        assert unlike.childAt(at + QPoint(40, 0)) is second.canvas
        assert unlike.childAt(at + QPoint(20, 0)) is pair.divider


def test_the_divider_follows_mouse_and_keys(qtbot: QtBot, unlike: MainWindow) -> None:
    unlike.named_actions["swipe"].trigger()
    QApplication.processEvents()
    pair, body = pair_of(unlike), body_of(unlike)
    divider = pair.divider
    assert divider.cursor().shape() == Qt.CursorShape.SplitHCursor
    start = pair.divider_x
    at = divider.rect().center()
    QTest.mousePress(divider, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(divider, at + QPoint(90, 5))
    QTest.mouseRelease(divider, Qt.MouseButton.LeftButton, pos=divider.rect().center())
    assert pair.divider_x == pytest.approx(start + 90, abs=1.5)
    assert divider.x() + divider.width() // 2 == round(pair.divider_x)
    QTest.mouseMove(divider, at + QPoint(200, 0))  # no button is down any more
    assert pair.divider_x == pytest.approx(start + 90, abs=1.5)
    for widget in (divider, *(view.canvas for view in unlike.views.views)):
        before = pair.divider_x
        QTest.keyClick(widget, Qt.Key.Key_Left)
        assert pair.divider_x == pytest.approx(before - 20)
        QTest.keyClick(widget, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        assert pair.divider_x == pytest.approx(before - 18)
    for x, expected in ((-50, 0), (1e6, body.width())):
        pair.move_divider(x)
        assert pair.divider_x == expected
    share = pair.divider_x / body.width()
    unlike.resize(1000, 700)
    QApplication.processEvents()
    assert pair.divider_x == pytest.approx(share * body.width())
    assert [view.size() for view in unlike.views.views] == [body.size()] * 2


def test_both_move_together_even_where_views_are_free(unlike: MainWindow) -> None:
    unlike.named_actions["sync_views"].trigger()
    first, second = unlike.views.views
    unlike.named_actions["swipe"].trigger()
    QApplication.processEvents()
    before = second.canvas.viewpoint
    drag(first.canvas, (2000, 1500), (2300, 1600))
    assert second.canvas.viewpoint.shift_from(before) == pytest.approx(
        (300 * before.scale, 100 * before.scale), abs=1.5
    )
    QTest.keyClick(first.canvas, Qt.Key.Key_Escape)
    QApplication.processEvents()
    before = second.canvas.viewpoint
    drag(first.canvas, (2000, 1500), (2300, 1600))
    assert second.canvas.viewpoint == before
    assert not unlike.named_actions["sync_views"].isChecked()


def test_blinking_shows_one_slide_and_then_the_other(qtbot: QtBot, unlike: MainWindow) -> None:
    unlike.named_actions["blink"].trigger()
    settle(qtbot, unlike)
    body, pair = body_of(unlike), pair_of(unlike)
    first, second = unlike.views.views
    assert pair.on_top is second
    assert unlike.views.active is second
    assert not pair.divider.isVisible()
    green = greenness(body)
    middle = green.shape[0] // 2, green.shape[1] // 2
    assert green[middle]
    assert green.mean() > 0.1
    QTest.keyClick(second.canvas, Qt.Key.Key_B)
    assert pair.on_top is first
    assert unlike.views.active is first
    settle(qtbot, unlike)
    assert greenness(body).mean() < 0.01
    assert unlike.canvas is first.canvas
    QTest.keyClick(first.canvas, Qt.Key.Key_B)
    assert pair.on_top is second
    at = body.mapTo(unlike, QPoint(body.width() // 2, body.height() // 2))
    assert unlike.childAt(at) is second.canvas


def test_the_key_that_begins_to_blink_shows_the_other_one(unlike: MainWindow) -> None:
    blink = unlike.named_actions["blink"]
    blink.trigger()
    pair, canvas = pair_of(unlike), unlike.canvas

    def flips(key: Qt.Key) -> bool:
        shown = pair.on_top
        QTest.keyClick(pair.on_top.canvas, key)
        return pair.on_top is not shown

    def says(words: str) -> bool:
        return any(label.text().startswith(words) for label in pair.findChildren(QLabel))

    assert says("B shows")
    assert flips(Qt.Key.Key_B)
    blink.setShortcuts([QKeySequence("Ctrl+K")])  # as the preferences do
    assert says("K shows")
    assert flips(Qt.Key.Key_K)
    assert not flips(Qt.Key.Key_B)
    for keys in ([QKeySequence("Shift+Space")], []):  # Space moves the slide
        blink.setShortcuts(keys)
        assert says("B shows")
        assert flips(Qt.Key.Key_B)
    assert not canvas.tool.is_busy


def test_a_held_key_shows_the_other_while_it_is_held(unlike: MainWindow) -> None:
    unlike.named_actions["blink"].trigger()
    pair, canvas = pair_of(unlike), unlike.canvas

    def key(kind: QEvent.Type, milliseconds: int, repeated: bool = False) -> None:
        event = QKeyEvent(kind, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, "b", repeated)
        event.setTimestamp(milliseconds)
        QApplication.sendEvent(canvas, event)

    shown = pair.on_top
    key(QEvent.Type.KeyPress, 1000)
    key(QEvent.Type.KeyPress, 1200, repeated=True)
    assert pair.on_top is not shown
    key(QEvent.Type.KeyRelease, 1000 + HOLD_MILLISECONDS + 1)
    assert pair.on_top is shown
    key(QEvent.Type.KeyPress, 5000)
    key(QEvent.Type.KeyRelease, 5000 + HOLD_MILLISECONDS - 1)
    assert pair.on_top is not shown


@pytest.mark.parametrize("way", ["escape", "action", "button", "other shape"])
def test_leaving_brings_the_former_grid_back(unlike: MainWindow, way: str) -> None:
    unlike.views.area.rows[0].setSizes([500, 200])
    QApplication.processEvents()
    sizes, views = unlike.views.area.sizes, unlike.views.views
    unlike.named_actions["swipe"].trigger()
    QApplication.processEvents()
    assert not unlike.views.area.isVisible()
    assert unlike.named_actions["swipe"].isChecked()
    pair = pair_of(unlike)
    if way == "escape":
        QTest.keyClick(views[0].canvas, Qt.Key.Key_Escape)
    elif way == "action":
        unlike.named_actions["swipe"].trigger()
    elif way == "button":
        pair.leaving.emit()
    else:
        unlike.named_actions["view_add"].trigger()
    QApplication.processEvents()
    assert unlike.comparing.compare.pair is None
    assert not unlike.named_actions["swipe"].isChecked()
    assert unlike.views.area.isVisible()
    for view in views:
        assert view.isVisible()
        assert view.mask().isEmpty()
        assert view.title.isVisible()
        assert unlike.views.area.isAncestorOf(view)
    if way == "other shape":
        assert len(unlike.views.views) == 3
    else:
        assert unlike.views.views == views
        assert unlike.views.area.sizes == sizes


def test_one_mode_turns_into_the_other(unlike: MainWindow) -> None:
    swipe, blink = unlike.named_actions["swipe"], unlike.named_actions["blink"]
    swipe.trigger()
    pair = pair_of(unlike)
    blink.trigger()
    assert pair_of(unlike) is pair
    assert pair.mode is Mode.BLINK
    assert (swipe.isChecked(), blink.isChecked()) == (False, True)
    assert unlike.views.views[1].mask().isEmpty()
    swipe.trigger()
    assert (swipe.isChecked(), blink.isChecked()) == (True, False)
    assert not unlike.views.views[1].mask().isEmpty()


def test_one_slide_is_compared_with_and_without_overlays(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    square = as_points([(0, 0), (4096, 0), (4096, 3072), (0, 3072)])
    made = Annotation("A", Kind.POLYGON, square)
    window.session.document.apply("Add", {made.id: made})
    window.named_actions["swipe"].trigger()
    settle(qtbot, window)
    first, extra = window.views.views
    assert first.markup.visible
    assert not extra.markup.visible
    assert not extra.cells.visible
    assert extra.slide is first.slide
    seen, other = first.canvas.viewpoint, extra.canvas.viewpoint
    assert (seen.centre_x, seen.scale) == (other.centre_x, other.scale)
    window.named_actions["swipe"].trigger()
    assert window.views.views == (first,)
    assert first.markup.visible
    assert not first.title.isVisible()
    for layer in (first.markup, first.cells):
        layer.visible = False
    window.named_actions["blink"].trigger()  # both are hidden now, so the other one shows them
    assert window.views.views[1].markup.visible
    window.named_actions["blink"].trigger()
    assert len(window.views.views) == 1


def headings(pair: Pair) -> list[str]:
    return [label.words for label in pair.findChildren(ElidedLabel) if label.parent() is pair]


def test_overlays_are_all_that_two_sides_of_a_slide_differ_in(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, other_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.looks.set_managed(False)
    go(window, "show_names", "show_grid")
    window.aids.maps.show(other_slide)  # a picture of the same shape will do
    qtbot.waitUntil(lambda: bool(window.aids.maps.layers), timeout=10_000)
    window.aids.maps.layers[0].threshold = 0.8
    go(window, "swipe")
    assert [layer.threshold for layer in window.aids.maps.layers] == [0.8, 0.8]
    first, extra = window.views.views
    assert extra.look == first.look
    assert not extra.look.managed
    shown = {layer.name for layer in first.layers if layer.visible}
    overlays = {"Likelihood map", "Names of annotations", "Predicted tumour", "Specialist markup"}
    assert overlays < shown
    assert {layer.name for layer in extra.layers if layer.visible} == shown - overlays
    assert headings(pair_of(window)) == ["with overlays", "without overlays"]
    show_in(qtbot, window, extra, other_slide)
    assert headings(pair_of(window)) == [made_slide.name, other_slide.name]


def test_a_likelihood_map_is_something_to_see_between_two_views(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    two.aids.maps.show(other_slide)
    qtbot.waitUntil(lambda: len(two.aids.maps.layers) == 2, timeout=10_000)
    two.aids.maps.layers[0].visible = False
    go(two, "swipe")
    assert len(two.views.views) == 2


def test_leaving_an_overlay_comparison_keeps_the_active_view(two: MainWindow) -> None:
    second = two.views.views[1]
    two.views.activate(second)
    go(two, "blink")
    assert two.views.active not in (second, two.views.main)  # the one made for the comparison
    go(two, "blink")
    assert two.views.active is second


def test_two_views_that_look_alike_are_compared_by_overlays(two: MainWindow) -> None:
    go(two, "swipe")
    assert len(two.views.views) == 3
    go(two, "swipe")
    assert len(two.views.views) == 2
    two.views.views[1].cells.visible = False
    go(two, "swipe")  # now there is something to see between the two
    assert len(two.views.views) == 2
    assert pair_of(two).views == two.views.views


def test_a_tool_being_used_gets_the_escape_key(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.named_actions["polygon"].trigger()
    window.named_actions["swipe"].trigger()
    canvas = window.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert canvas.tool.is_busy
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.tool.is_busy
    assert window.comparing.compare.pair is not None
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert window.comparing.compare.pair is None


def test_without_a_slide_there_is_nothing_to_compare(window: MainWindow) -> None:
    for name in ("swipe", "blink", "align_views", "view_add", "view_close", "view_grid_2x2"):
        assert not window.named_actions[name].isEnabled()
    window.comparing.compare.enter(Mode.SWIPE)
    assert window.comparing.compare.pair is None
