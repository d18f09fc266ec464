"""Several views side by side, in the real window."""

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QSplitter, QWidget
from pytestqt.qtbot import QtBot
from view_fixtures import go, show_in
from window_fixtures import OpenSlide, click, drag, screen_point, wait_for_jobs

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import SlideError
from slideviewer.slide import Slide
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.manner import Manner
from slideviewer.ui.views.area import Border, columns_for
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.window import MainWindow


def test_the_grid_has_the_shapes_of_the_menu(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    for name, rows, columns in (
        ("view_grid_2x2", 2, 2),
        ("view_grid_3x3", 3, 3),
        ("view_grid_1x2", 1, 2),
        ("view_grid_1x1", 1, 1),
    ):
        go(window, name)
        QApplication.processEvents()
        views = window.views.views
        assert len(views) == rows * columns
        places = [view.mapTo(window.views, QPoint(0, 0)) for view in views]
        assert len({place.x() for place in places}) == columns
        assert len({place.y() for place in places}) == rows
        widths = [view.width() for view in views]
        assert max(widths) - min(widths) <= 2
        assert all(view.slide is window.session.slide for view in views)
        assert all(view.title.isVisible() == (len(views) > 1) for view in views)
    assert window.views.active is window.views.main


def test_views_are_added_one_by_one_up_to_nine(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.canvas.zoom_by(3)
    add = window.named_actions["view_add"]
    for count in range(2, 10):
        assert add.isEnabled()
        add.trigger()
        assert len(window.views.views) == count
        assert window.views.columns == columns_for(count)
    assert not add.isEnabled()
    seen = window.views.main.canvas.viewpoint
    for view in window.views.views:
        mine = view.canvas.viewpoint
        assert (mine.centre_x, mine.centre_y, mine.scale) == pytest.approx(
            (seen.centre_x, seen.centre_y, seen.scale)
        )
    assert [columns_for(count) for count in range(1, 10)] == [1, 2, 3, 2, 3, 3, 3, 3, 3]


def test_a_new_view_looks_like_the_active_one(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.looks.set_managed(False)
    go(window, "show_grid", "show_scale_bar", "show_overview", "show_markup")
    window.views.active.cells.opacity = 0.7
    go(window, "view_add")
    first, second = window.views.views
    assert second.look == first.look
    assert not second.look.managed
    assert [(layer.name, layer.visible, layer.opacity) for layer in second.layers] == [
        (layer.name, layer.visible, layer.opacity) for layer in first.layers
    ]
    assert window.aids.of(second).grid.visible
    assert not second.scale_bar.visible
    assert not second.overview.is_wanted


def test_a_click_makes_a_view_the_active_one(two: MainWindow) -> None:
    first, second = two.views.views
    assert two.views.active is first
    assert (first.title.is_active, second.title.is_active) == (True, False)
    QTest.mouseClick(
        second.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(50, 50)
    )
    assert two.views.active is second
    assert (first.title.is_active, second.title.is_active) == (False, True)
    assert two.canvas is second.canvas
    QTest.mouseClick(first.title, Qt.MouseButton.LeftButton)
    assert two.views.active is first
    assert first.canvas.hasFocus()


def test_only_the_active_title_has_the_line(two: MainWindow) -> None:
    accent = two.palette().accent().color()
    for active in two.views.views:
        two.views.activate(active)
        for view in two.views.views:
            image = view.title.grab().toImage()
            line = image.pixelColor(image.width() // 2, image.height() - 1)
            assert (line == accent) == (view is active)


def test_each_view_has_layers_of_its_own(two: MainWindow) -> None:
    first, second = two.views.views
    two.named_actions["show_prediction"].trigger()
    assert not first.cells.visible
    assert second.cells.visible
    two.views.activate(second)
    assert two.named_actions["show_prediction"].isChecked()
    assert two.layers_panel.rows["Predicted tumour"].layer is second.cells
    two.layers_panel.rows["Specialist markup"].shown.click()
    assert first.markup.visible
    assert not second.markup.visible
    assert not two.named_actions["show_markup"].isChecked()


def blue_pixels(canvas: Canvas) -> int:
    image = canvas.grab().toImage()
    count = 0
    for y in range(0, image.height(), 2):
        for x in range(0, image.width(), 2):
            colour = image.pixelColor(x, y)
            count += colour.blue() > 200 and colour.red() < 80
    return count


def test_markup_drawn_in_one_view_is_seen_in_all(qtbot: QtBot, two: MainWindow) -> None:
    first, second = two.views.views
    two.views.activate(second)
    go(two, "polygon")
    QApplication.processEvents()
    corners = [(500.0, 500.0), (3000.0, 500.0), (3000.0, 2500.0)]
    for corner in corners:
        click(second.canvas, *corner)
    QTest.keyClick(second.canvas, Qt.Key.Key_Return)
    (drawn,) = two.session.document.annotations
    assert drawn.points.tolist() == [pytest.approx(corner, abs=20) for corner in corners]
    two.session.selection.set([])  # what is selected is of a lighter blue
    qtbot.waitUntil(lambda: blue_pixels(first.canvas) > 20)
    assert blue_pixels(second.canvas) > 20
    go(two, "undo")
    assert blue_pixels(first.canvas) == blue_pixels(second.canvas) == 0


def test_nothing_is_drawn_on_another_slide(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    go(two, "polygon")
    show_in(qtbot, two, second, other_slide)
    before = second.canvas.viewpoint
    drag(second.canvas, (1000, 1000), (1600, 1300))
    assert two.views.active is second
    assert second.canvas.tool is second.canvas.hand
    assert second.canvas.viewpoint != before
    assert not len(two.session.document.annotations)
    assert second.markup not in second.layers
    click(first.canvas, 1000, 1000)
    assert first.canvas.tool.is_busy
    two.comparing.show_session(second)
    two.views.activate(second)
    assert second.canvas.tool.name == "polygon"


def test_what_is_half_drawn_survives_looking_around(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    show_in(qtbot, two, second, other_slide)
    two.views.activate(first)
    go(two, "polygon")
    click(first.canvas, 1000, 1000)
    click(first.canvas, 2000, 1000)
    drag(second.canvas, (1000, 1000), (1600, 1300))
    assert two.views.active is second
    go(two, "view_next")
    assert two.views.active is first
    go(two, "blink")
    for _ in range(2):
        QTest.keyClick(two.views.active.canvas, Qt.Key.Key_B)
    two.comparing.compare.leave()
    click(first.canvas, 2000, 2000)
    QTest.keyClick(first.canvas, Qt.Key.Key_Return)
    (drawn,) = two.session.document.annotations
    assert len(drawn.points) == 3


def test_a_shape_begun_in_one_view_is_finished_in_another(two: MainWindow) -> None:
    first, second = two.views.views
    go(two, "polygon")
    click(first.canvas, 1000, 1000)
    click(second.canvas, 2000, 1000)
    click(first.canvas, 2000, 2000)
    QTest.keyClick(first.canvas, Qt.Key.Key_Return)
    (drawn,) = two.session.document.annotations
    assert len(drawn.points) == 3


def test_a_selection_survives_a_click_in_another_slide(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    made = Annotation("A", Kind.POLYGON, as_points([(900, 900), (2000, 900), (2000, 2000)]))
    two.session.document.apply("Add", {made.id: made})
    show_in(qtbot, two, second, other_slide)
    two.views.activate(first)
    go(two, "select")
    click(first.canvas, 1500, 900)
    click(second.canvas, 1000, 1000)
    assert two.views.active is second
    assert two.session.selection.ids == {made.id}


def test_another_slide_drops_what_was_half_drawn_wherever_the_reader_looks(
    qtbot: QtBot, two: MainWindow, other_slide: Path, open_slide: OpenSlide, real_data: Path
) -> None:
    first, second = two.views.views
    show_in(qtbot, two, second, other_slide)
    two.views.activate(first)
    go(two, "polygon")
    click(first.canvas, 1000, 1000)
    click(second.canvas, 1000, 1000)
    open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    assert not first.canvas.tool.is_busy
    assert first.canvas.tool.name == "polygon"


def test_the_jump_to_an_annotation_moves_the_view_of_its_slide(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    go(two, "sync_views")
    show_in(qtbot, two, second, other_slide)
    two.views.activate(second)
    made = Annotation("A", Kind.POLYGON, as_points([(100, 100), (300, 100), (300, 300)]), "")
    two.session.document.apply("Add", {made.id: made})
    before = second.canvas.viewpoint
    two.editing.list.jump_wanted.emit(made.id)
    assert first.canvas.viewpoint.visible.contains(200, 200)
    assert first.canvas.viewpoint.scale > 0.3
    assert second.canvas.viewpoint == before


def test_a_slide_is_chosen_for_a_view_and_given_up_again(
    qtbot: QtBot, two: MainWindow, other_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = two.views.views[1]
    assert not second.title.show_session.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(other_slide), ""))
    second.title.other_wanted.emit()
    assert other_slide.name in second.title.name.words  # "Opening …"
    qtbot.waitUntil(lambda: second.slide is not two.session.slide)
    slide = second.slide
    assert slide is not None
    assert slide.path == other_slide
    assert second.title.name.words == other_slide.name
    assert second.title.show_session.isVisible()
    second.title.show_session.trigger()
    assert second.slide is two.session.slide
    assert is_closed(slide)  # no view shows it any more


def is_closed(slide: Slide) -> bool:
    try:
        slide.read_region(0, 0, 0, 8, 8)
    except SlideError:
        return True
    return False


@pytest.mark.parametrize("at_once", [False, True])
def test_a_file_shown_in_two_views_is_open_once(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, other_slide: Path, at_once: bool
) -> None:
    window = open_slide(made_slide)
    go(window, "view_grid_2x2")
    _, second, third, _ = window.views.views
    if at_once:
        window.comparing.open_in(second, other_slide)
    slide = show_in(qtbot, window, third, other_slide)
    if not at_once:
        window.comparing.open_in(second, other_slide)
    qtbot.waitUntil(lambda: second.slide is third.slide, timeout=10_000)
    slide = third.slide
    assert slide is not None
    assert second.tiles.source is third.tiles.source
    assert not second.shows_session
    window.comparing.show_session(third)
    assert not is_closed(slide)  # the other view still shows it
    window.views.close_view(second)
    assert is_closed(slide)


def test_a_file_that_the_session_opens_is_its_slide_in_other_views_too(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    own = show_in(qtbot, two, second, other_slide)
    two.views.activate(second)
    go(two, "polygon")
    two.files.open_slide(other_slide)
    qtbot.waitUntil(lambda: first.slide is not None and first.slide.path == other_slide)
    assert second.slide is first.slide
    assert second.shows_session
    assert second.canvas.tool.name == "polygon"
    assert first.title.close_button.isEnabled()
    assert is_closed(own)


def test_going_back_to_the_session_gives_up_what_is_being_opened(
    qtbot: QtBot, two: MainWindow, other_slide: Path, tmp_path: Path
) -> None:
    first, second = two.views.views
    show_in(qtbot, two, second, other_slide)
    third_slide = tmp_path / "a third one.tif"
    third_slide.write_bytes(other_slide.read_bytes())
    two.comparing.open_in(second, third_slide)
    second.title.show_session.trigger()
    wait_for_jobs(qtbot)
    assert second.slide is first.slide
    assert second.title.name.words == first.slide.path.name


def test_a_bad_file_is_said_and_the_view_stays(
    qtbot: QtBot, two: MainWindow, tmp_path: Path
) -> None:
    second = two.views.views[1]
    bad = tmp_path / "bad.svs"
    bad.write_bytes(b"nothing of a slide")
    two.comparing.open_in(second, bad)
    qtbot.waitUntil(lambda: any("bad.svs" in text for text in two.notices.texts))
    assert second.slide is two.session.slide
    qtbot.waitUntil(lambda: second.title.name.words == second.slide.path.name)


def drop_on(widget: QWidget, path: Path) -> bool:
    """Drop a file; whether the widget itself wanted it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    enter = QDragEnterEvent(QPoint(5, 5), copy, mime, left, none)
    enter.ignore()
    if not widget.acceptDrops():
        return False
    widget.dragEnterEvent(enter)
    if not enter.isAccepted():
        return False
    widget.dropEvent(QDropEvent(QPointF(5, 5), copy, mime, left, none))
    return True


def test_a_slide_dropped_on_a_second_view_opens_there(
    qtbot: QtBot, two: MainWindow, other_slide: Path, tmp_path: Path
) -> None:
    first, second = two.views.views
    assert not drop_on(first, other_slide)  # that is the window's
    assert not drop_on(second, tmp_path / "markup.xml")
    assert not drop_on(second, tmp_path)
    assert drop_on(second, other_slide)
    qtbot.waitUntil(lambda: second.slide is not first.slide)
    assert first.slide is two.session.slide
    assert drop_on(second, first.slide.path)  # the same file again is the session's slide
    assert second.slide is first.slide
    assert second.shows_session


def handles(window: MainWindow) -> list[Border]:
    return [
        handle
        for row in window.views.area.rows
        for index in range(1, row.count())
        if isinstance(handle := row.handle(index), Border)
    ]


def test_borders_are_dragged_together_and_made_equal(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    go(window, "view_grid_2x2")
    QApplication.processEvents()
    views, handle = window.views.views, handles(window)[0]
    middle = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(handle, middle + QPoint(-40, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=middle + QPoint(-40, 0))
    QApplication.processEvents()
    assert views[1].width() - views[0].width() > 50
    assert views[2].width() == views[0].width()
    QTest.mouseDClick(handle, Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()
    for above, beside in ((0, 1), (2, 3)):
        assert abs(views[above].width() - views[beside].width()) <= 1
    assert all(row.orientation() == Qt.Orientation.Horizontal for row in window.views.area.rows)


def test_nine_views_fit_a_small_window(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    go(window, "view_grid_3x3")
    window.resize(1280, 720)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1280, 720)
    room = window.views.rect()
    for view in window.views.views:
        assert room.contains(view.mapTo(window.views, view.rect().bottomRight()))
        assert view.canvas.height() >= 120


def test_the_active_view_closes(two: MainWindow) -> None:
    first, second = two.views.views
    two.views.activate(second)
    go(two, "view_close")
    assert two.views.views == (first,)
    assert two.views.active is first
    assert not two.named_actions["view_close"].isEnabled()


def test_closing_the_first_view_keeps_what_the_other_shows(two: MainWindow) -> None:
    first, second = two.views.views
    go(two, "sync_views")
    second.canvas.zoom_by(2)
    second.cells.visible = False
    seen = second.canvas.viewpoint
    QTest.mouseClick(first.title.close_button, Qt.MouseButton.LeftButton)
    (left,) = two.views.views
    assert left.canvas.viewpoint.scale == seen.scale
    assert not left.cells.visible
    assert left.slide is two.session.slide


def test_the_last_view_of_the_markup_stays(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    show_in(qtbot, two, second, other_slide)
    two.views.activate(first)
    assert not first.title.close_button.isEnabled()
    go(two, "view_close")
    assert len(two.views.views) == 2
    assert any("markup belongs to" in text for text in two.notices.texts)


def test_keys_reach_the_canvas_of_every_view(two: MainWindow, qtbot: QtBot) -> None:
    second = two.views.views[1]
    second.canvas.setFocus()
    QTest.keyClick(second.canvas, Qt.Key.Key_Tab)
    assert not two.statusBar().isVisible()
    QTest.keyClick(second.canvas, Qt.Key.Key_Tab)
    assert two.statusBar().isVisible()


def wait_for_tiles(qtbot: QtBot, view: SlideView) -> None:
    view.canvas.grab()
    qtbot.waitUntil(lambda: not view.tiles.is_loading, timeout=10_000)


def settle_deleted() -> None:
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


def test_closing_views_leaks_nothing(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, other_slide: Path
) -> None:
    window = open_slide(made_slide)
    sources, loader = window.sources, window.sources.loader
    threads = threading.active_count()
    go(window, "view_grid_1x2")
    view = window.views.views[1]
    slide = show_in(qtbot, window, view, other_slide)
    view.canvas.zoom_to(1.0)
    wait_for_tiles(qtbot, view)
    source = view.tiles.source
    assert source is not None
    number = source.number
    assert any(tile.source == number for tile in sources.cache._tiles)
    gone = [weakref.ref(each) for each in (view, view.canvas, view.tiles, slide, source)]
    go(window, "view_grid_1x1")
    qtbot.waitUntil(lambda: not loader._reading, timeout=10_000)
    assert is_closed(slide)
    assert not any(tile.source == number for tile in sources.cache._tiles)
    assert len(sources._sources) == 1
    assert list(loader._wishes) == [window.views.main.tiles]
    del view, slide, source

    def is_gone() -> bool:
        settle_deleted()
        return all(reference() is None for reference in gone)

    qtbot.waitUntil(is_gone, timeout=10_000)
    qtbot.waitUntil(lambda: threading.active_count() <= threads, timeout=10_000)
    # What the views listened to goes on without them.
    made = Annotation("A", Kind.POLYGON, as_points([(0, 0), (9, 0), (9, 9)]), "")
    window.session.document.apply("Add", {made.id: made})
    window.session.selection.set([made.id])


def test_many_rounds_leave_the_window_as_it_was(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)

    def children() -> int:
        settle_deleted()
        return len(window.views.findChildren(QWidget))

    go(window, "view_grid_3x3", "view_grid_1x1")
    before = children()
    for _ in range(3):
        go(window, "view_grid_3x3", "view_grid_2x2", "view_grid_1x1", "swipe", "blink", "blink")
    assert children() == before
    assert len(window.views.findChildren(QSplitter)) == 2


def test_a_view_closed_while_its_slide_opens_takes_it_along(
    qtbot: QtBot, two: MainWindow, other_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slideviewer.ui import opening

    may_open, opened = threading.Event(), []
    real: Callable[[Path], Slide] = opening.open_slide

    def slowly(path: Path) -> Slide:
        may_open.wait(60)
        opened.append(real(path))
        return opened[0]

    monkeypatch.setattr(opening, "open_slide", slowly)
    two.comparing.open_in(two.views.views[1], other_slide)
    go(two, "view_grid_1x1")
    may_open.set()

    qtbot.waitUntil(lambda: bool(opened) and is_closed(opened[0]), timeout=10_000)
    assert len(two.views.views) == 1


def test_another_session_slide_is_shown_in_all_its_views(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    two.files.open_slide(other_slide)
    qtbot.waitUntil(lambda: two.session.slide is not None and two.session.slide.path == other_slide)
    assert all(view.slide is two.session.slide for view in two.views.views)
    assert [view.title.name.words for view in two.views.views] == [other_slide.name] * 2


def test_a_manner_holds_for_views_to_come(two: MainWindow) -> None:
    two.views.set_manner(Manner(is_animated=True))
    go(two, "view_add")
    assert two.views.views[2].canvas.is_animated


def test_the_status_line_means_the_active_view(
    qtbot: QtBot, two: MainWindow, other_slide: Path
) -> None:
    first, second = two.views.views
    go(two, "sync_views")
    second.canvas.zoom_to(1.0)
    two.views.activate(second)
    assert "40×" in two.status.magnification.text()
    two.views.activate(first)
    assert "40×" not in two.status.magnification.text()
    at = screen_point(first.canvas, 1000, 1000)
    QTest.mouseMove(first.canvas, at)
    assert "px" in two.status.position.text()
