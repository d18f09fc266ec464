"""The Adjust and Channels panels, alone and in the real window, by mouse and keys."""

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QColorDialog, QWidget
from pytestqt.qtbot import QtBot
from window_fixtures import settle, wait_for_jobs

from slideviewer.slide.channels import Channel, ChannelLook, automatic_looks
from slideviewer.ui.colour_management import Unmanaged
from slideviewer.ui.histograms import BINS, Histogram
from slideviewer.ui.look import Look, adjusted
from slideviewer.ui.panels.adjust import QUANTITIES, AdjustPanel, stretched
from slideviewer.ui.panels.channels import ChannelsPanel
from slideviewer.ui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, panel: QWidget, width: int = 300, height: int = 500) -> None:
    """Lay a panel out and show it, so that clicks land where they are meant to."""
    qtbot.addWidget(panel)
    panel.resize(width, height)
    panel.show()
    qtbot.waitExposed(panel)


def drag(widget: QWidget, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(widget, LEFT, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(widget, start + (end - start) * step / 5)
    QTest.mouseRelease(widget, LEFT, pos=end)


def type_number(box: QWidget, number: str) -> None:
    box.setFocus()
    QTest.keySequence(box, "Ctrl+A")
    QTest.keyClicks(box, number)
    QTest.keyClick(box, Qt.Key.Key_Return)


@pytest.fixture
def adjust(qtbot: QtBot) -> AdjustPanel:
    panel = AdjustPanel()
    shown(qtbot, panel)
    return panel


@pytest.fixture
def wanted(adjust: AdjustPanel) -> list[Look]:
    """Every look that the panel asks for."""
    looks: list[Look] = []
    adjust.changed.connect(looks.append)
    return looks


class TestAdjust:
    """The panel alone."""

    @pytest.mark.parametrize(
        ("name", "key", "expected"),
        [("brightness", Qt.Key.Key_End, 1), ("contrast", Qt.Key.Key_Home, 0)],
    )
    def test_sliders_reach_their_ends(
        self, adjust: AdjustPanel, wanted: list[Look], name: str, key: Qt.Key, expected: float
    ) -> None:
        QTest.keyClick(adjust.sliders[name], key)
        assert [getattr(look, name) for look in wanted] == [expected]
        assert adjust.boxes[name].value() == expected

    def test_dragging_a_slider(self, adjust: AdjustPanel, wanted: list[Look]) -> None:
        slider = adjust.sliders["gamma"]
        middle = slider.rect().center()
        drag(slider, middle, middle + QPoint(50, 0))
        gammas = [look.gamma for look in wanted]
        assert len(gammas) >= 5 and gammas == sorted(gammas)
        assert 3.5 < gammas[-1] <= 5 and adjust.boxes["gamma"].value() == round(gammas[-1], 2)

    def test_typing_a_number(self, adjust: AdjustPanel, wanted: list[Look]) -> None:
        type_number(adjust.boxes["contrast"], "2")
        assert [look.contrast for look in wanted] == [2]
        assert adjust.sliders["contrast"].value() == QUANTITIES["contrast"].position(2)

    def test_double_click_on_a_name_resets_it_alone(
        self, adjust: AdjustPanel, wanted: list[Look]
    ) -> None:
        adjust.set_look(Look(0.5, 2, 3))
        QTest.mouseDClick(adjust.labels["contrast"], LEFT)
        assert wanted == [Look(0.5, 1, 3)]

    def test_reset_leaves_profile_and_channels(
        self, adjust: AdjustPanel, wanted: list[Look]
    ) -> None:
        channels = (ChannelLook((1, 2, 3), 0, 1),)
        adjust.set_look(Look(0.5, 2, 3, managed=False, channels=channels))
        QTest.mouseClick(adjust.reset, LEFT)
        assert wanted == [Look(managed=False, channels=channels)]
        QTest.mouseClick(adjust.reset, LEFT)
        assert len(wanted) == 1  # there is nothing more to reset

    def test_showing_a_look_says_nothing_back(
        self, adjust: AdjustPanel, wanted: list[Look]
    ) -> None:
        look = Look(-0.123, 0.456, 2.345, managed=False)
        adjust.set_look(look)
        assert wanted == [] and adjust.look == look
        assert adjust.boxes["brightness"].value() == -0.12
        assert not adjust.managed.isChecked()
        QTest.keyClick(adjust.sliders["gamma"], Qt.Key.Key_Home)
        assert wanted == [Look(-0.123, 0.456, 0.1, managed=False)]  # the others are not rounded

    def test_the_profile_is_a_choice_where_there_is_one(
        self, adjust: AdjustPanel, wanted: list[Look]
    ) -> None:
        at = QPoint(8, adjust.managed.height() // 2)
        QTest.mouseClick(adjust.managed, LEFT, pos=at)
        assert wanted == [Look(managed=False)]
        adjust.set_management(Unmanaged("This slide has no colour profile.", is_fault=False))
        QTest.mouseClick(adjust.managed, LEFT, pos=at)
        assert len(wanted) == 1 and not adjust.managed.isEnabled()
        assert adjust.managed.toolTip() == "This slide has no colour profile."
        adjust.set_management(None)
        assert adjust.managed.isEnabled() and "ICC" in adjust.managed.toolTip()

    def test_auto_asks_and_stretches(self, adjust: AdjustPanel, wanted: list[Look]) -> None:
        pixels = np.linspace(60, 180, 3000).astype(np.uint8).reshape(10, 100, 3)
        adjust.auto_wanted.connect(lambda: adjust.stretch(pixels))
        QTest.mouseClick(adjust.auto, LEFT)
        result = adjusted(pixels, wanted[0])
        assert result.min() == 0 and result.max() == 255
        assert 125 <= np.median(result) <= 130
        adjust.stretch(np.empty((0, 0, 3), np.uint8))  # nothing of the slide is in view
        assert len(wanted) == 1

    @given(st.integers(0, 255), st.integers(0, 255), st.floats(0.1, 5))
    def test_a_stretch_is_always_allowed(self, one: int, other: int, gamma: float) -> None:
        pixels = np.array([[[one] * 3, [other] * 3]], np.uint8)
        look = stretched(Look(gamma=gamma), pixels)
        assert look.gamma == gamma
        result = adjusted(pixels, Look(look.brightness, look.contrast)).astype(int)
        if one == other:
            assert look == Look(gamma=gamma)
        else:
            # It spreads, and keeps the order; the end that is nearer stays or comes nearer.
            assert abs(result[0, 0, 0] - result[0, 1, 0]) >= abs(one - other)
            dark, light = sorted((result[0, 0, 0], result[0, 1, 0]))
            assert dark <= 2 or light >= 253

    @given(st.sampled_from(list(QUANTITIES)), st.floats(0, 1))
    def test_sliders_and_values_agree(self, name: str, share: float) -> None:
        quantity = QUANTITIES[name]
        value = quantity.lowest + share * (quantity.highest - quantity.lowest)
        step = (quantity.highest - quantity.lowest) / 200
        assert abs(quantity.value(quantity.position(value)) - value) <= step
        assert quantity.position(quantity.at_rest) == 0

    def test_nothing_is_cut_off_at_300_pixels(self, adjust: AdjustPanel) -> None:
        assert adjust.minimumSizeHint().width() <= 300


def make_channels(count: int = 3) -> tuple[list[Channel], list[Histogram]]:
    colours = [(0, 0, 255), (0, 255, 0), (255, 0, 0)]
    channels = [
        Channel(f"Marker {number}", colours[number % 3], 100, 900 + number)
        for number in range(count)
    ]
    counts = np.arange(BINS)[::-1].astype(np.int64)
    return channels, [Histogram(0, 4000, counts, is_whole=True)] * count


@pytest.fixture
def channels(qtbot: QtBot) -> ChannelsPanel:
    panel = ChannelsPanel()
    panel.set_channels(*make_channels())
    shown(qtbot, panel)
    return panel


@pytest.fixture
def mixes(channels: ChannelsPanel) -> list[tuple[ChannelLook, ...]]:
    """Every mix that the panel asks for."""
    asked: list[tuple[ChannelLook, ...]] = []
    channels.changed.connect(asked.append)
    return asked


def seen(mix: tuple[ChannelLook, ...]) -> list[bool]:
    return [look.visible for look in mix]


class TestChannels:
    """The section alone."""

    def test_it_begins_with_the_automatic_looks(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        assert channels.looks == automatic_looks(make_channels()[0])
        assert mixes == []

    def test_hiding_a_channel(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        QTest.mouseClick(channels.rows[1].tick, LEFT)
        assert seen(mixes[-1]) == [True, False, True]
        QTest.keyClick(channels.rows[1].tick, Qt.Key.Key_Space)
        assert seen(mixes[-1]) == [True, True, True]

    @pytest.mark.parametrize(
        "held", [Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier]
    )
    def test_alt_click_shows_this_one_only_and_then_all(
        self,
        channels: ChannelsPanel,
        mixes: list[tuple[ChannelLook, ...]],
        held: Qt.KeyboardModifier,
    ) -> None:
        for row, expected in (
            (2, [False, False, True]),
            (0, [True, False, False]),
            (0, [True, True, True]),
        ):
            tick = channels.rows[row].tick
            QTest.mouseClick(tick, LEFT, held)
            assert seen(mixes[-1]) == expected
            assert [row.tick.isChecked() for row in channels.rows] == expected
            assert not tick.isDown()
        assert len(mixes) == 3

    def test_dragging_the_handles(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        row = channels.rows[0]
        slider, y = row.range, 10
        assert slider.scale == (0, 4000)
        drag(slider, QPoint(round(slider.x_of(900)), y), QPoint(round(slider.x_of(2000)), y))
        look = mixes[-1][0]
        assert abs(look.high - 2000) < 40 and look.high == round(look.high) and look.low == 100
        assert row.high.value() == look.high
        drag(slider, QPoint(round(slider.x_of(100)), y), QPoint(slider.width() + 50, y))
        assert mixes[-1][0].low == mixes[-1][0].high == look.high  # the one stops at the other
        drag(slider, QPoint(round(slider.x_of(look.high)) - 1, y), QPoint(-50, y))
        assert (mixes[-1][0].low, mixes[-1][0].high) == (0, look.high)

    def test_typing_a_range(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        row = channels.rows[0]
        type_number(row.high, "50000")
        assert (mixes[-1][0].low, mixes[-1][0].high) == (100, 50_000)
        assert row.range.scale == (0, 50_000)
        type_number(row.low, "60000")  # takes the other end along
        assert (mixes[-1][0].low, mixes[-1][0].high) == (60_000, 60_000)
        type_number(row.high, "10")
        assert (mixes[-1][0].low, mixes[-1][0].high) == (10, 10)
        assert [len(mixes), mixes[-1][1:]] == [3, automatic_looks(make_channels()[0])[1:]]

    def test_auto_full_range_and_reset(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        row = channels.rows[0]
        odd = ChannelLook((9, 9, 9), 5, 6, visible=False, gamma=2)
        actions = {action.text().replace("&", ""): action for action in row.menu.actions()}
        for act, expected in (
            (
                lambda: QTest.mouseClick(row.auto, LEFT),
                ChannelLook((9, 9, 9), 100, 900, visible=False, gamma=2),
            ),
            (
                lambda: QTest.mouseDClick(row.range, LEFT),
                ChannelLook((9, 9, 9), 100, 900, visible=False, gamma=2),
            ),
            (
                actions["Full range"].trigger,
                ChannelLook((9, 9, 9), 0, 4000, visible=False, gamma=2),
            ),
            (actions["Reset colour and range"].trigger, ChannelLook((0, 0, 255), 100, 900)),
        ):
            row.set_look(odd)
            act()
            assert mixes[-1][0] == expected

    def test_menu_shows_one_or_all(
        self, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        actions = {
            action.text().replace("&", ""): action for action in channels.rows[1].menu.actions()
        }
        actions["Only this channel"].trigger()
        assert seen(mixes[-1]) == [False, True, False]
        actions["All channels"].trigger()
        assert seen(mixes[-1]) == [True, True, True]

    def test_choosing_a_colour(
        self, qtbot: QtBot, channels: ChannelsPanel, mixes: list[tuple[ChannelLook, ...]]
    ) -> None:
        QTest.mouseClick(channels.rows[2].colour, LEFT)
        dialog = channels.rows[2].findChild(QColorDialog)
        assert dialog.currentColor() == QColor(255, 0, 0)
        dialog.setCurrentColor(QColor(10, 200, 30))
        with qtbot.waitSignal(dialog.destroyed):
            dialog.accept()
        assert mixes[-1][2].colour == (10, 200, 30)
        middle = channels.rows[2].colour.icon().pixmap(16, 16).toImage().pixelColor(8, 8)
        assert middle == QColor(10, 200, 30)

    def test_the_histogram_is_painted_in_the_colour(self, channels: ChannelsPanel) -> None:
        slider = channels.rows[1].range
        picture = slider.grab().toImage()
        left = picture.pixelColor(round(slider.x_of(500)), slider.height() - 3)
        right = picture.pixelColor(round(slider.x_of(3900)), 3)
        assert left.green() > left.red() + 60 and right.green() < 60

    def test_many_channels_scroll_and_the_wheel_changes_no_number(self, qtbot: QtBot) -> None:
        panel = ChannelsPanel()
        panel.set_channels(*make_channels(45))
        shown(qtbot, panel)
        bar = panel.area.verticalScrollBar()
        assert len(panel.rows) == 45 and bar.maximum() > 1000
        assert panel.area.widget().width() <= panel.area.viewport().width()
        box, before = panel.rows[1].low, panel.looks
        at = QPointF(box.rect().center())
        for _ in range(3):
            event = QWheelEvent(
                at,
                QPointF(box.mapToGlobal(at)),
                QPoint(0, 0),
                QPoint(0, -120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(box, event)
        assert panel.looks == before and not event.isAccepted()

    def test_nothing_is_cut_off_at_300_pixels(self, channels: ChannelsPanel) -> None:
        inside = channels.area.viewport().width()
        for row in channels.rows:
            assert row.minimumSizeHint().width() <= inside
            for part in (row.tick, row.colour, row.auto, row.more, row.low, row.high, row.range):
                assert part.mapTo(channels, QPoint(part.width(), 0)).x() <= inside + 8
            for box in (row.low, row.high):
                number = box.fontMetrics().horizontalAdvance("65535")
                assert box.lineEdit().width() >= number + 4

    def test_fractions_show_enough_digits(self, qtbot: QtBot) -> None:
        panel = ChannelsPanel()
        histogram = Histogram(0, 0.02, np.ones(BINS, np.int64), is_whole=False)
        panel.set_channels([Channel("f", (255, 255, 255), 0.001, 0.0123)], [histogram])
        shown(qtbot, panel)
        assert panel.rows[0].high.value() == 0.0123

    def test_a_plain_slide_hides_the_section(self, channels: ChannelsPanel) -> None:
        assert channels.isVisible()
        channels.set_channels(())
        assert not channels.isVisible() and channels.looks == ()


OpenSlide = Callable[[Path], MainWindow]


def tile_value(window: MainWindow) -> tuple[int, int, int]:
    """The colour in the middle of the canvas."""
    picture = window.canvas.grab().toImage()
    colour = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    return colour.red(), colour.green(), colour.blue()


def wait_for_look(qtbot: QtBot, window: MainWindow, look: Look) -> None:
    qtbot.waitUntil(lambda: window.views.active.look == look)
    settle(qtbot, window)


@pytest.fixture
def grey_picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    pixels = np.full((600, 800, 3), 100, np.uint8)
    pixels[:100] = 40
    pixels[-100:] = 160
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def deep_picture(tmp_path: Path) -> Path:
    path = tmp_path / "deep.png"
    pixels = np.linspace(200, 2200, 600 * 800).astype(np.uint16).reshape(600, 800)
    assert cv2.imwrite(str(path), pixels)
    return path


class TestInTheWindow:
    """Panels, views and tiles together."""

    def test_adjusting_changes_what_is_shown(
        self, qtbot: QtBot, open_slide: OpenSlide, grey_picture: Path
    ) -> None:
        window = open_slide(grey_picture)
        assert tile_value(window) == (100, 100, 100)
        window.named_actions["adjust"].trigger()
        panel = window.looks.adjust
        assert panel.isVisible()
        type_number(panel.boxes["contrast"], "0")
        wait_for_look(qtbot, window, Look(contrast=0))
        assert tile_value(window) == (128, 128, 128)
        QTest.mouseClick(panel.reset, LEFT)
        wait_for_look(qtbot, window, Look())
        assert tile_value(window) == (100, 100, 100)

    def test_auto_stretches_what_is_in_view(
        self, qtbot: QtBot, open_slide: OpenSlide, grey_picture: Path
    ) -> None:
        window = open_slide(grey_picture)
        window.named_actions["adjust"].trigger()
        QTest.mouseClick(window.looks.adjust.auto, LEFT)
        qtbot.waitUntil(lambda: window.views.active.look != Look())
        settle(qtbot, window)
        assert abs(tile_value(window)[0] - 128) <= 1  # the middle between 40 and 160
        again = window.views.active.look
        QTest.mouseClick(window.looks.adjust.auto, LEFT)  # from the slide's values, not the shown
        wait_for_jobs(qtbot)
        assert window.views.active.look == again

    def test_each_view_has_its_own_look(
        self, qtbot: QtBot, open_slide: OpenSlide, grey_picture: Path
    ) -> None:
        window = open_slide(grey_picture)
        window.views.set_shape(1, 2)
        first, second = window.views.views
        box = window.looks.adjust.boxes["brightness"]
        window.named_actions["adjust"].trigger()
        type_number(box, "1")
        qtbot.waitUntil(lambda: first.look.brightness == 1)
        window.views.activate(second)
        assert box.value() == 0 and second.look == Look()
        window.views.activate(first)
        assert box.value() == 1

    def test_another_slide_begins_plain(
        self, qtbot: QtBot, open_slide: OpenSlide, grey_picture: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other.png"
        other.write_bytes(grey_picture.read_bytes())
        window = open_slide(grey_picture)
        window.named_actions["adjust"].trigger()
        type_number(window.looks.adjust.boxes["gamma"], "2")
        qtbot.waitUntil(lambda: window.views.active.look.gamma == 2)
        window.files.open_slide(other)
        qtbot.waitUntil(lambda: window.session.slide.path == other)
        assert window.views.active.look == Look()
        assert window.looks.adjust.look == Look()

    def test_the_former_look_stays_until_the_next_is_read(
        self,
        qtbot: QtBot,
        open_slide: OpenSlide,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = tmp_path / "small.png"  # of one level, which is all that there is to show
        assert cv2.imwrite(str(path), np.full((300, 400, 3), 100, np.uint8))
        window = open_slide(path)
        slide = window.session.slide
        assert slide is not None
        read, may_read = slide.read_region, threading.Event()

        def read_when_allowed(*box: int) -> np.ndarray:
            may_read.wait(60)
            return read(*box)

        monkeypatch.setattr(slide, "read_region", read_when_allowed)
        slider = window.looks.adjust.sliders["brightness"]
        for step in range(1, 12):
            slider.setValue(-5 * step)
            qtbot.wait(5)
            qtbot.waitUntil(lambda: window.canvas.is_finished)
            assert tile_value(window) == (100, 100, 100)  # paper would be 255
        assert window.views.active.look.brightness == -0.025  # those in between are dropped
        may_read.set()
        wait_for_look(qtbot, window, Look(brightness=-0.275))
        assert tile_value(window)[0] == Look(brightness=-0.275).table[100]

    def test_the_profile_is_a_choice_where_the_slide_has_one(
        self, qtbot: QtBot, open_slide: OpenSlide, real_data: Path, grey_picture: Path
    ) -> None:
        window = open_slide(grey_picture)
        box, action = window.looks.adjust.managed, window.named_actions["show_icc"]
        qtbot.waitUntil(lambda: box.toolTip() == "This slide has no colour profile.")
        assert not box.isEnabled() and not action.isEnabled()
        open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
        qtbot.waitUntil(box.isEnabled)
        assert action.isEnabled() and action.isChecked() and box.isChecked()
        action.trigger()
        wait_for_look(qtbot, window, Look(managed=False))
        assert not box.isChecked()
        box.click()
        wait_for_look(qtbot, window, Look())
        assert action.isChecked()

    def test_a_useless_profile_is_told_once(
        self, qtbot: QtBot, open_slide: OpenSlide, tmp_path: Path
    ) -> None:
        from PIL import Image

        path = tmp_path / "odd.png"
        Image.new("RGB", (300, 200), (10, 200, 90)).save(path, icc_profile=b"no profile at all")
        window = open_slide(path)
        qtbot.waitUntil(lambda: any("colour profile" in text for text in window.notices.texts))
        assert tile_value(window) == (10, 200, 90)
        window.notices.clear()
        window.views.set_shape(1, 2)
        window.views.activate(window.views.views[1])
        settle(qtbot, window)
        assert window.notices.texts == []
        assert "damaged" in window.looks.adjust.managed.toolTip()

    def test_a_deep_picture_has_its_channel_in_the_layers_dock(
        self, qtbot: QtBot, open_slide: OpenSlide, deep_picture: Path, grey_picture: Path
    ) -> None:
        window = open_slide(deep_picture)
        panel = window.looks.channels
        qtbot.waitUntil(lambda: len(panel.rows) == 1)
        assert panel.isVisible()
        before = tile_value(window)
        assert window.views.active.look.channels == ()  # the slide's own
        type_number(panel.rows[0].low, "1200")
        qtbot.waitUntil(lambda: len(window.views.active.look.channels) == 1)
        settle(qtbot, window)
        assert tile_value(window)[0] < 5 < before[0]  # the middle is 1200
        QTest.mouseClick(panel.rows[0].auto, LEFT)
        wait_for_look(qtbot, window, Look())
        assert tile_value(window) == before
        open_slide(grey_picture)
        qtbot.waitUntil(lambda: not panel.isVisible())
