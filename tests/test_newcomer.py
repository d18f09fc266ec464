"""What somebody meets who uses the window for the first time, with mouse, keys and eyes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSettings, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDialog,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click

from slideviewer.annotations import Annotation, AnnotationSet, Kind
from slideviewer.ui import keys, launch, theme
from slideviewer.ui.layers.grid import GridLayer
from slideviewer.ui.layers.names import NAME_INK, NamesLayer
from slideviewer.ui.layers.plates import PLATE
from slideviewer.ui.recent import Recent
from slideviewer.ui.window import MainWindow


@pytest.fixture
def dark(qapp: QApplication) -> Iterator[None]:
    """A dark system, as long as a test lasts."""
    before = qapp.palette()
    qapp.setPalette(theme.palette(Qt.ColorScheme.Dark))
    yield
    qapp.setPalette(before)


def contrast(colour: QColor, other: QColor) -> float:
    """The contrast of two colours by WCAG 2.2, from 1 to 21."""

    def luminance(it: QColor) -> float:
        parts = (it.redF(), it.greenF(), it.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dim = sorted((luminance(colour), luminance(other)), reverse=True)
    return (light + 0.05) / (dim + 0.05)


def strongest_contrast(widget: QWidget) -> float:
    """Of anything painted by a widget with the colour of the window."""
    image = widget.grab().toImage()
    window = widget.palette().color(widget.palette().ColorRole.Window)
    pixels = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return max(contrast(image.pixelColor(x, y), window) for x, y in pixels)


def on_grid(window: MainWindow, widget: QWidget) -> QRect:
    """Where a widget lies, in the pixels of the grid of views."""
    return QRect(widget.mapTo(window.views, QPoint()), widget.size())


def test_a_notice_makes_way_for_an_overview_that_comes_later(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.notices.warn("Something that stands here for a while, and is not short at all.")
    window.named_actions["magnify_5"].trigger()
    qtbot.waitUntil(window.overview.little.isVisible)
    assert not window.notices.geometry().intersects(on_grid(window, window.overview))
    window.named_actions["show_overview"].setChecked(False)
    room = window.views.width()
    assert abs(window.notices.geometry().center().x() - room / 2) <= 1


def test_notices_stand_over_all_views_under_their_titles(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["view_grid_1x2"].trigger()
    window.named_actions["magnify_5"].trigger()
    window.notices.warn("Something that stands here for a while, and is not short at all.")
    right = window.views.views[1]
    qtbot.waitUntil(lambda: right.overview.isVisible() and right.title.isVisible())
    qtbot.waitUntil(lambda: on_grid(window, right.canvas).top() > 0)
    notices = window.notices.geometry()
    assert notices.top() > on_grid(window, right.title).bottom()
    first, second = (on_grid(window, view.overview) for view in window.views.views)
    assert not notices.intersects(first) and not notices.intersects(second)
    assert abs(notices.center().x() - (first.right() + second.left()) / 2) <= 1
    window.views.close_view(right)
    qtbot.waitUntil(lambda: not window.views.main.title.isVisible())
    widest = window.views.width()
    qtbot.waitUntil(lambda: on_grid(window, window.overview).right() > widest - 30)
    qtbot.waitUntil(lambda: window.notices.y() < 20)
    assert not window.notices.geometry().intersects(on_grid(window, window.overview))


def rows_of_tabs(window: MainWindow) -> list[QTabBar]:
    """The tabs of the docks, as far as they are shown."""
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    return [bar for bar in window.findChildren(QTabBar, options=direct) if bar.isVisible()]


def titles_in_front(window: MainWindow) -> set[str]:
    return {bar.tabText(bar.currentIndex()) for bar in rows_of_tabs(window)}


def test_each_side_has_one_row_of_tabs_also_after_a_restart(
    qtbot: QtBot, window: MainWindow
) -> None:
    def rows(of: MainWindow) -> list[list[str]]:
        return sorted([bar.tabText(i) for i in range(bar.count())] for bar in rows_of_tabs(of))

    assert rows(window) == [["Layers", "Adjust"], ["Slides", "Annotations", "Groups"]]
    window.docks.keep()
    again = MainWindow()
    again.show()
    qtbot.waitExposed(again)
    assert rows(again) == rows(window)
    again.prediction.close()
    again.deleteLater()


def test_the_panel_in_front_is_still_in_front_when_the_chrome_comes_back(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.docks.show("Annotations")
    assert "Annotations" in titles_in_front(window)
    for hidden in (True, False):
        window.named_actions["hide_chrome"].setChecked(hidden)
        QApplication.processEvents()
    assert "Annotations" in titles_in_front(window)
    assert window.named_actions["slide_tray"].isChecked()


@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
@pytest.mark.parametrize("is_ticked", [False, True])
def test_what_can_be_ticked_has_an_outline_in_the_dark(
    qtbot: QtBot, dark: None, kind: type[QAbstractButton], is_ticked: bool
) -> None:
    box = kind()
    qtbot.addWidget(box)
    style = theme.OutlinedFusion()
    box.setStyle(style)
    box.setChecked(is_ticked)
    box.show()
    image = box.grab().toImage()
    window = box.palette().color(box.palette().ColorRole.Window)
    middle = image.height() // 2
    seen = [contrast(image.pixelColor(x, middle), window) for x in range(4)]
    assert max(seen) >= 3
    box.setStyle(QApplication.style())


def test_small_buttons_are_seen_when_the_system_turns_dark(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, dark: None
) -> None:
    window = open_slide(made_slide)
    window.named_actions["view_grid_1x2"].trigger()
    right = window.views.views[1]
    qtbot.waitUntil(right.title.isVisible)
    QApplication.setPalette(theme.palette(Qt.ColorScheme.Light))
    assert strongest_contrast(right.title.menu_button) >= 4.5
    QApplication.setPalette(theme.palette(Qt.ColorScheme.Dark))
    close = window.docks["Layers"].findChild(QAbstractButton, "qt_dockwidget_closebutton")
    assert close is not None
    for button in (right.title.menu_button, right.title.close_button, close):
        assert strongest_contrast(button) >= 4.5


def test_words_that_name_a_key_follow_its_rebinding(window: MainWindow) -> None:
    empty = window.editing.list.empty
    bookmarks = window.aids.bookmarking.panel.empty
    assert "(P)" in empty.text() and "(Ctrl+Shift+O)" in empty.text()
    assert "(Ctrl+B)" in bookmarks.text()
    for name, key in (("polygon", "F10"), ("open_annotations", ""), ("bookmark_add", "F9")):
        keys.rebind(name, [key] if key else [])
    keys.apply(window.named_actions)
    assert "(F10)" in empty.text() and "Ctrl" not in empty.text()
    assert "(F9)" in bookmarks.text()


def test_f6_steps_through_the_views_and_gives_them_the_keys(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.activateWindow()
    assert not window.named_actions["view_next"].isEnabled()
    window.named_actions["view_grid_2x2"].trigger()
    views = window.views.views
    steps = []
    for modifiers in (*[Qt.KeyboardModifier.NoModifier] * 4, Qt.KeyboardModifier.ShiftModifier):
        QTest.keyClick(window.canvas, Qt.Key.Key_F6, modifiers)
        steps.append(views.index(window.views.active))
        assert window.canvas.hasFocus()
    assert steps == [1, 2, 3, 0, 3]
    window.named_actions["blink"].trigger()
    pair = window.comparing.compare.pair
    assert pair is not None
    on_top = pair.on_top
    QTest.keyClick(window.canvas, Qt.Key.Key_F6)
    assert pair.on_top is not on_top and window.views.active is pair.on_top


def test_return_in_the_preferences_takes_no_key_away_and_closes_nothing(
    qtbot: QtBot, window: MainWindow
) -> None:
    keys.rebind("polygon", ["F10"])
    window.preferences.show()
    dialog = window.findChild(QDialog)
    assert dialog is not None and dialog.isVisible()
    page = dialog.keys_page
    page.choose("polygon")
    for place in (0, 1):
        dialog.pages.setCurrentIndex(place)
        for field in dialog.pages.currentWidget().findChildren(QLineEdit):
            if field.isVisible() and "keysequence" not in field.objectName():
                QTest.keyClick(field, Qt.Key.Key_Return)
                assert dialog.isVisible()
                assert keys.bindings()["polygon"] == ("F10",)
    assert not any(it.isDefault() for it in dialog.findChildren(QPushButton) if it.isVisible())
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_picture_of_the_window_leaves_no_trace_in_the_recent_slides(
    window: MainWindow, made_slide: Path, tmp_path: Path
) -> None:
    QSettings().setValue("last_folder", "where the user was")
    picture = tmp_path / "picture.png"
    launch.take_picture(picture, made_slide, None, None)
    assert not QImage(str(picture)).isNull()
    assert Recent().entries() == []
    assert QSettings().value("last_folder") == "where the user was"


def test_what_is_drawn_while_the_markup_is_hidden_is_seen(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    hidden = window.named_actions["show_markup"]
    hidden.setChecked(False)
    window.named_actions["polygon"].trigger()
    for place in ((1000, 1000), (2000, 1000), (2000, 2000)):
        click(window.canvas, *place)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert len(window.session.document.annotations) == 1
    assert window.markup.visible and hidden.isChecked()


def test_correcting_shows_the_markup_but_where_views_were_set_apart(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    actions = window.named_actions
    actions["show_markup"].setChecked(False)
    actions["select"].trigger()
    assert window.markup.visible
    actions["pan"].trigger()
    actions["view_grid_1x2"].trigger()
    left, right = window.views.views
    left.markup.visible, right.cells.visible = False, False
    window.views.activate(left)
    actions["select"].trigger()
    assert not left.markup.visible and right.markup.visible


def test_hidden_layers_stay_hidden_on_the_next_slide_of_the_same_session(
    open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["show_markup"].setChecked(False)
    other = tmp_path / "other.tif"
    other.write_bytes(made_slide.read_bytes())
    open_slide(other)
    assert not window.markup.visible and not window.named_actions["show_markup"].isChecked()


def test_the_sliders_of_the_layers_are_in_line(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    sliders = [row.opacity for row in window.layers_panel.rows.values()]
    places = {(it.mapTo(window, QPoint()).x(), it.width()) for it in sliders}
    assert len(sliders) > 4 and len(places) == 1


def test_names_of_annotations_stay_off_the_labels_of_the_grid(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    view = window.canvas.viewpoint
    corner = view.visible
    on_screen = np.array([(0, 5), (90, 5), (90, 90), (0, 90)])
    points = np.array([corner.x, corner.y]) + on_screen / view.scale
    grid = GridLayer()
    names = NamesLayer(grid)
    shape = Annotation("Near the corner", Kind.POLYGON, points, "Tumor")
    names.set_annotations(AnnotationSet.of([shape]))

    def first_row_and_column() -> QPointF:
        image = QImage(round(view.width), round(view.height), QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        names.paint(painter, view, corner, rough=False)
        painter.end()
        inked = [
            (x, y)
            for x in range(0, 300, 2)
            for y in range(0, 120, 2)
            if image.pixelColor(x, y).alpha() >= min(PLATE.alpha(), NAME_INK.alpha()) - 2
        ]
        return QPointF(min(x for x, _ in inked), min(y for _, y in inked))

    grid.visible = False
    assert first_row_and_column().y() < 8
    grid.visible = True
    grid.set_slide(corner, None)
    free = first_row_and_column()
    assert free.x() >= 56 and free.y() >= 20


def test_f6_does_not_lose_a_shape_that_is_being_drawn(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["view_grid_1x2"].trigger()
    window.named_actions["polygon"].trigger()
    QApplication.processEvents()
    click(window.canvas, 1000, 1000)
    canvas = window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F6)
    assert window.canvas is not canvas
    assert window.canvas.tool.is_busy
    click(window.canvas, 1500, 1000)
    click(window.canvas, 1500, 1500)
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    (made,) = window.session.document.annotations
    assert made.points == pytest.approx(
        np.array([(1000, 1000), (1500, 1000), (1500, 1500)]), abs=10
    )


@pytest.mark.parametrize("times", [1, 2])
def test_large_text_does_not_push_the_first_buttons_out_of_sight(
    qtbot: QtBot, window: MainWindow, times: int
) -> None:
    buttons = window.welcome.findChildren(QPushButton)
    font = buttons[0].font()
    font.setPointSizeF(font.pointSizeF() * times)
    for button in buttons:
        button.setFont(font)
    window.resize(1200, 720)
    qtbot.waitUntil(lambda: window.welcome.y() > 0)
    room = window.views.rect()

    def are_in_sight() -> bool:
        shown = [button for button in buttons if button.isVisible()]
        return len(shown) >= 3 and all(room.contains(on_grid(window, it)) for it in shown)

    qtbot.waitUntil(are_in_sight)
