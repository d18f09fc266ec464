"""What the window tells of a slide: properties, pictures, damaged tiles; and going places."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, settle

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import SlideError
from slideviewer.slide import Pixels, Slide, TileKey
from slideviewer.ui.go_to_dialog import GoToDialog
from slideviewer.ui.slide_pictures import AssociatedPicture
from slideviewer.ui.window import MainWindow


def tab(window: MainWindow, name: str) -> AssociatedPicture:
    assert window.aids.windows.info is not None
    tabs = window.aids.windows.info.pictures
    assert tabs is not None
    pages = [tabs.widget(index) for index in range(tabs.count())]
    page = next(it for it in pages if isinstance(it, AssociatedPicture) and it.name == name)
    tabs.setCurrentWidget(page)
    return page


def test_facts_come_first_and_properties_can_be_searched_and_copied(
    open_slide: OpenSlide, real_data: Path
) -> None:
    window = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    window.named_actions["slide_info"].trigger()
    info = window.aids.windows.info
    assert info is not None
    facts = dict(info.rows)
    assert facts["Objective"] == "20×"
    assert facts["Scanner"] == "CPAPERIOCS"
    assert facts["Spacing"] == "0.499 µm/px"
    assert facts["Size on the glass"] == "1.11 × 1.48 mm"
    QTest.keyClicks(info.search, "parmset")
    assert "aperio.Parmset" in dict(info.rows)
    assert len(info.rows) < 5
    info.copy.click()
    assert "aperio.Parmset\tUSM Filter" in QApplication.clipboard().text()


def test_label_and_macro_are_not_even_read_until_asked_for(
    qtbot: QtBot, open_slide: OpenSlide, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    slide = window.session.slide
    assert slide is not None
    asked: list[str] = []
    really = slide.associated_image

    def associated_image(name: str) -> Pixels:
        asked.append(name)
        return really(name)

    monkeypatch.setattr(slide, "associated_image", associated_image)
    window.named_actions["slide_info"].trigger()
    thumbnail = tab(window, "thumbnail")
    qtbot.waitUntil(lambda: not thumbnail.picture.is_empty)
    assert asked == ["thumbnail"]
    for name in ("label", "macro"):
        page = tab(window, name)
        assert page.picture.is_empty
        assert page.warning.isVisible()
        QTest.mouseClick(page.ask, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda page=page: not page.picture.is_empty)
        assert not page.warning.isVisible()


def test_a_picture_of_a_name_that_nobody_knows_is_not_read_until_asked_for(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    slide = window.session.slide
    assert slide is not None
    asked: list[str] = []

    def associated_image(name: str) -> Pixels:
        asked.append(name)
        raise SlideError("the picture is rotten.", path=made_slide)

    monkeypatch.setattr(slide, "associated_names", ("barcode",))
    monkeypatch.setattr(slide, "associated_image", associated_image)
    window.named_actions["slide_info"].trigger()
    page = tab(window, "barcode")
    assert page.warning.text() == "It may show a patient's name."
    assert asked == []
    QTest.mouseClick(page.ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "the picture is rotten." in page.warning.text())
    assert page.warning.isVisible()


def test_the_window_does_not_wait_for_the_colour_profile(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    may_read = threading.Event()

    def profile(slide: Slide) -> bytes:
        may_read.wait(60)
        return b"a profile"

    monkeypatch.setattr(type(window.session.slide), "icc_profile", property(profile))
    window.named_actions["slide_info"].trigger()
    info = window.aids.windows.info
    assert info is not None
    assert dict(info.rows)["Colour profile"] == "…"
    may_read.set()
    qtbot.waitUntil(lambda: dict(info.rows)["Colour profile"] == "in the file")


def test_a_picture_is_zoomed_by_the_wheel(
    qtbot: QtBot, open_slide: OpenSlide, real_data: Path
) -> None:
    window = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    window.named_actions["slide_info"].trigger()
    page = tab(window, "thumbnail")
    qtbot.waitUntil(lambda: not page.picture.is_empty)
    at = QPointF(page.picture.viewport().rect().center())
    event = QWheelEvent(
        at,
        page.picture.viewport().mapToGlobal(at),
        QPoint(),
        QPoint(0, 360),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(page.picture.viewport(), event)
    assert page.picture.zoom == pytest.approx(1.25**3)
    assert page.picture.horizontalScrollBar().maximum() > 0
    QTest.mouseDClick(page.picture.viewport(), Qt.MouseButton.LeftButton)
    assert page.picture.zoom == 1
    assert page.picture.horizontalScrollBar().maximum() == 0


def test_the_window_closes_with_its_slide(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.named_actions["slide_info"].trigger()
    window.named_actions["slide_problems"].trigger()
    assert window.aids.windows.info is not None
    window.session.set_slide(None)
    assert window.aids.windows.info is None
    assert window.aids.windows.problems is None
    assert not window.named_actions["slide_info"].isEnabled()


def test_damaged_tiles_are_listed_gone_to_and_tried_again(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    source = window.tiles.source
    assert source is not None
    assert not window.status.problems.isVisible()
    shown = source.shown
    bad = TileKey(0, 9, 5)
    rect = shown.pyramid.tile_rect(bad)
    is_damaged = True
    really = shown.read_region

    def read_region(level: int, x: int, y: int, width: int, height: int) -> Pixels:
        if is_damaged and (level, x, y) == (0, *shown.pyramid.tile_box_level(bad)[:2]):
            raise SlideError("the tile is rotten.", path=made_slide)
        return really(level, x, y, width, height)

    shown.read_region = read_region  # type: ignore[method-assign]
    window.canvas.show_rect(rect)
    qtbot.waitUntil(lambda: bad in source.problems)
    assert window.status.problems.text() == "1 damaged tile"
    QTest.mouseClick(window.status.problems, Qt.MouseButton.LeftButton)
    problems = window.aids.windows.problems
    assert problems is not None
    model = problems.table.model()
    told = [str(model.index(0, column).data()) for column in range(model.columnCount())]
    assert told == ["0 (1 : 1)", "9", "5", f"{rect.x:.0f}, {rect.y:.0f}", "the tile is rotten."]
    problems.copy.click()
    assert "rotten" in QApplication.clipboard().text()

    window.canvas.show_home()
    at = problems.table.visualRect(model.index(0, 0)).center()
    QTest.mouseClick(problems.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(problems.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.canvas.viewpoint.visible.centre == pytest.approx(rect.centre)

    is_damaged = False
    QTest.mouseClick(problems.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: source.get(source.tile(bad, window.views.active.look)) is not None)
    assert window.status.problems.text() == ""
    assert model.rowCount() == 0


def test_what_was_told_of_damage_goes_with_the_slide(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    window.views.set_shape(1, 2)
    path = shutil.copy(made_slide, tmp_path / "other.tif")
    window.comparing.open_in(window.views.views[1], path)
    qtbot.waitUntil(lambda: window.views.views[1].slide is not window.session.slide)
    for view in window.views.views:
        source = view.tiles.source
        assert source is not None
        words = f"{source.slide.path.name} is rotten."
        source.mark_bad(source.tile(TileKey(0, 1, 1), view.look), words)
        source.mark_bad(source.tile(TileKey(0, 2, 1), view.look), "This is not told.")
    told = [
        f"{name} is rotten. What cannot be read is hatched." for name in ("made.tif", path.name)
    ]
    assert window.notices.texts == told
    window.views.set_shape(1, 1)
    assert window.notices.texts == told[:1]
    window.session.set_slide(None)
    assert window.notices.texts == []


def test_a_reason_stands_alone_and_can_be_read_to_its_end(
    qtbot: QtBot, open_slide: OpenSlide, real_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "hurt.svs"
    stored = bytearray((real_data / "slides" / "CMU-1-Small-Region.svs").read_bytes())
    hurt = slice(len(stored) // 3, len(stored) // 3 + 60_000)
    stored[hurt] = bytes(hurt.stop - hurt.start)
    path.write_bytes(stored)
    window = open_slide(path)
    window.canvas.zoom_to(1)
    source = window.tiles.source
    assert source is not None
    qtbot.waitUntil(lambda: bool(source.problems) and not window.tiles.is_loading)
    window.named_actions["slide_problems"].trigger()
    problems = window.aids.windows.problems
    assert problems is not None
    problems.resize(400, 500)
    table = problems.table
    model, last = table.model(), table.model().columnCount() - 1
    reasons = {str(model.index(row, last).data()) for row in range(model.rowCount())}
    assert "It does not begin as JPEG does." in reasons
    for reason in reasons:
        assert not any(word in reason for word in (path.name, "Level", "cannot be read", "rest"))

    def is_cut(row: int) -> bool:
        room = QRect(0, 0, table.columnWidth(last), 10_000)
        flags = Qt.TextFlag.TextWordWrap
        text = str(model.index(row, last).data())
        return table.fontMetrics().boundingRect(room, flags, text).height() > table.rowHeight(row)

    qtbot.waitUntil(lambda: not any(map(is_cut, range(model.rowCount()))))


def test_go_to_goes_or_says_why_not(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, GoToDialog)
        QTest.keyClicks(dialog.typed, "9 9 mm")
        QTest.keyClick(dialog.typed, Qt.Key.Key_Return)
        assert "outside the slide" in dialog.problem.text()
        QTest.keyClicks(dialog.typed, "0,5 0,25 mm @20x")
        QTest.keyClick(dialog.typed, Qt.Key.Key_Return)

    QTimer.singleShot(0, answer)
    QTest.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    view = window.canvas.viewpoint
    assert (view.centre_x, view.centre_y) == pytest.approx((2000, 1000))
    qtbot.waitUntil(lambda: not window.findChildren(GoToDialog))
    assert window.status.magnification.text().startswith("20×")


def test_names_are_written_where_there_is_room(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    layer = window.aids.of_active.names
    shapes = [
        Annotation("large", Kind.POLYGON, as_points([(500, 900), (2500, 900), (2500, 2400)])),
        Annotation("same place", Kind.POLYGON, as_points([(500, 900), (2500, 900), (2500, 2300)])),
        Annotation("tiny", Kind.POLYGON, as_points([(3500, 2500), (3510, 2500), (3510, 2510)])),
    ]

    def written() -> int:
        """How many pixels the names change."""
        pictures = []
        for visible in (True, False):
            layer.visible = visible
            image = window.canvas.grab().toImage()
            data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
            pictures.append(data.copy())
        return int((pictures[0] != pictures[1]).any(axis=2).sum())

    counts = []
    for shape in shapes:
        window.session.document.apply("Add", {shape.id: shape})
        settle(qtbot, window)
        counts.append(written())
    assert counts[0] > 0
    assert counts[1] == counts[0]  # the second would lie on the first
    assert counts[2] == counts[0]  # the third is too small here
    window.canvas.centre_on(3505, 2505)
    window.canvas.zoom_to(10)
    settle(qtbot, window)
    assert written() > 0


def test_full_screen_is_left_by_escape_unless_a_tool_is_busy(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    action = window.named_actions["full_screen"]
    QTest.keyClick(window, Qt.Key.Key_F11)
    qtbot.waitUntil(window.isFullScreen)
    assert action.isChecked()
    window.named_actions["polygon"].trigger()
    window.canvas.setFocus()
    QTest.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 300))
    assert window.canvas.tool.is_busy
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.isFullScreen()
    assert not window.canvas.tool.is_busy
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.isFullScreen())
    assert not action.isChecked()


def test_the_menu_switches_scale_bar_and_overview(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    view = window.views.active
    for name in ("show_scale_bar", "show_overview"):
        assert window.named_actions[name].isChecked()
        window.named_actions[name].trigger()
    assert not view.scale_bar.visible
    assert not view.overview.isVisible()
    window.named_actions["show_overview"].trigger()
    assert view.overview.isVisible()
