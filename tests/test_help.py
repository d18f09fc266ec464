"""The user guide and the tour: what they say is there, and they stand in nobody's way."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_settings import use_settings_in
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide

from slideviewer import RESEARCH_USE_ONLY, paths
from slideviewer.errors import SlideviewerError
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui import keys, launch, settings, theme
from slideviewer.ui.help.control import DOCK_PAGES, START, TOOL_PAGES
from slideviewer.ui.help.guide import Guide
from slideviewer.ui.help.page_browser import PADDING, PageBrowser
from slideviewer.ui.help.page_dress import MARGIN
from slideviewer.ui.help.pages import PAGES, README, filled_in, is_page, page_text, pages_folder
from slideviewer.ui.help.search import anchor_of, plain, search, sections_of
from slideviewer.ui.help.tour import Tour, place_beside
from slideviewer.ui.help.tour_steps import STEPS
from slideviewer.ui.preferences import Preferences
from slideviewer.ui.window import MainWindow

LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(([^)]*)\)")
LARGEST_PICTURE, LARGEST_SUM = 150_000, 5_000_000


@pytest.fixture
def guide(qtbot: QtBot, user_folder: Path) -> Iterator[Guide]:
    use_settings_in(user_folder)
    made = Guide()
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def made_slide(tmp_path: Path) -> Path:
    """A slide that is made at once: what is on it does not matter here."""
    path = tmp_path / "grey.tif"
    write_pyramid(path, (4096, 3072), [np.full((3072, 4096, 3), 200, np.uint8)], 0.25)
    return path


@pytest.fixture
def tour(qtbot: QtBot, window: MainWindow) -> Tour:
    window.named_actions["tour"].trigger()
    assert window.help.tour is not None
    qtbot.waitUntil(window.help.tour.callout.isVisible)
    return window.help.tour


@pytest.fixture
def broken_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of resources in which there is one page only."""
    folder = tmp_path / "resources"
    (folder / "help").mkdir(parents=True)
    page = folder / "help" / "first-steps.md"
    page.write_text("# First steps\n\nHere.", encoding="utf-8")
    monkeypatch.setattr(paths, "resources_folder", lambda: folder)
    return folder


def anchors(name: str) -> set[str]:
    return {section.anchor for section in sections_of(name, PAGES.get(name, name), page_text(name))}


def first_line(browser: PageBrowser) -> str:
    """The paragraph at the top of what is seen of a page."""
    return browser.cursorForPosition(QPoint(MARGIN, PADDING)).block().text()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_there_under_its_title(name: str) -> None:
    text = page_text(name)
    assert text.startswith(f"# {PAGES[name]}\n")
    assert "{" not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_picture_of_a_page_is_there(name: str) -> None:
    for is_picture, words, target in LINK.findall(page_text(name)):
        assert words, f"{target} has no words for those who cannot see it"
        if is_picture:
            assert not QImage(str(pages_folder() / target)).isNull(), target
            continue
        page, _, anchor = target.partition("#")
        assert is_page(page.removesuffix(".md")), target
        assert not anchor or anchor in anchors(page.removesuffix(".md")), target


def test_no_page_is_left_out_of_the_contents_and_no_picture_unused() -> None:
    assert {path.stem for path in pages_folder().glob("*.md")} == set(PAGES)
    shown = {target for name in PAGES for _, _, target in LINK.findall(page_text(name))}
    pictures = {f"pictures/{path.name}" for path in (pages_folder() / "pictures").iterdir()}
    assert pictures <= shown


def test_pictures_are_small() -> None:
    pictures = list((pages_folder() / "pictures").glob("*.png"))
    assert len(pictures) >= 17
    sizes = [path.stat().st_size for path in pictures]
    assert max(sizes) <= LARGEST_PICTURE
    assert sum(sizes) <= LARGEST_SUM
    for path in pictures:
        picture = QImage(str(path))
        assert picture.width() <= 1280, path.name
        assert picture.height() <= 800, path.name


def test_whatever_a_model_says_is_for_research_use_only() -> None:
    pages = ("first-steps", "prediction", "models", "evaluating", "opening", "engineers")
    for name in (*pages, "train-tiles"):
        assert RESEARCH_USE_ONLY in page_text(name)
    assert any(RESEARCH_USE_ONLY in filled_in(step.text) for step in STEPS)


def test_keys_are_those_of_now_wherever_they_stand(qtbot: QtBot, guide: Guide) -> None:
    guide.show_page("keys")
    assert "Ctrl+Alt+P" not in guide.browser.toPlainText()
    keys.rebind("polygon", ["Ctrl+Alt+P"])
    guide.show_page("annotations")
    assert "Draw polygon (Ctrl+Alt+P)" in guide.browser.toPlainText()
    guide.show_page("keys")
    text = guide.browser.toPlainText()
    assert "Ctrl+Alt+P" in text
    assert "Draw polygon (changed by you)" in text
    keys.rebind("polygon", [])
    assert "**Tools ▸ Draw polygon**" in filled_in("{key polygon}")
    guide.show_page("keys")
    assert "Draw polygon" not in guide.browser.toPlainText()


def test_an_open_guide_follows_the_keys_that_are_chosen(qtbot: QtBot, window: MainWindow) -> None:
    window.help.show_guide(("looking", "measuring"))
    assert window.help.guide is not None
    browser = window.help.guide.browser
    assert "Tools ▸ Ruler (Shift+M) measures." in browser.toPlainText()
    qtbot.waitUntil(lambda: first_line(browser) == "Measuring")
    window.named_actions["preferences"].trigger()
    dialog = window.findChild(Preferences)
    assert dialog is not None
    dialog.keys_page.choose("ruler")
    dialog.keys_page.removers[0].click()
    qtbot.waitUntil(lambda: "Tools ▸ Ruler measures." in browser.toPlainText())
    assert first_line(browser) == "Measuring"
    dialog.close()


def test_the_reader_s_line_stays_when_letters_and_window_change(qtbot: QtBot, guide: Guide) -> None:
    guide.show_page("looking", "measuring")
    heights = [guide.browser.document().size().height()]
    assert first_line(guide.browser) == "Measuring"
    for change in (guide.larger.click, guide.larger.click, lambda: guide.resize(700, 600)):
        change()
        qtbot.waitUntil(lambda: guide.browser.document().size().height() != heights[-1])
        heights.append(guide.browser.document().size().height())
        qtbot.waitUntil(lambda: first_line(guide.browser) == "Measuring")


@pytest.mark.parametrize("key", ["`", "|"])
def test_a_key_that_means_something_in_markdown_is_named(guide: Guide, key: str) -> None:
    keys.rebind("ruler", [key])
    guide.show_page("looking")
    assert f"Tools ▸ Ruler ({key}) measures." in guide.browser.toPlainText()
    guide.show_page("keys")
    lines = guide.browser.toPlainText().splitlines()
    assert lines[lines.index("Ruler (changed by you)") + 1] == key


def test_a_page_is_filled_in_and_laid_out_at_once(
    guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    bindings = keys.bindings
    monkeypatch.setattr(keys, "bindings", lambda: calls.append("keys") or bindings())
    page_text("looking")
    assert calls == ["keys"]  # each call reads all settings
    guide.browser.document().contentsChange.connect(lambda *_: calls.append("layout"))
    guide.show_page("keys")
    tables = guide.browser.document().rootFrame().childFrames()
    assert len(tables) > 5
    assert calls.count("layout") < len(tables)


def test_tables_have_lines(qtbot: QtBot, guide: Guide) -> None:
    guide.show_page("keys")
    base = guide.browser.palette().color(QPalette.ColorRole.Base)

    def line_count() -> int:
        picture = guide.browser.viewport().grab().toImage()
        within = range(MARGIN + 10, MARGIN + 250)  # wider than any key
        rows = range(picture.height())
        return sum(all(picture.pixelColor(x, y) != base for x in within) for y in rows)

    qtbot.waitUntil(lambda: line_count() > 5)


def test_a_word_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        filled_in("{do no_such_action}")
    with pytest.raises(KeyError):
        filled_in("{nothing}")


def test_the_readme_is_read_in_a_checkout_and_in_an_installation(broken_guide: Path) -> None:
    installed = page_text(README)
    assert installed.startswith("# slideviewer")
    broken_guide.with_name("README.md").write_text("# Checkout", encoding="utf-8")
    assert page_text(README) == "# Checkout"


def test_a_missing_page_is_a_clear_message(broken_guide: Path, guide: Guide) -> None:
    with pytest.raises(SlideviewerError, match=r"looking\.md.*Install slideviewer again"):
        page_text("looking")
    guide.show_page("looking")
    text = guide.browser.toPlainText()
    assert text.startswith("Looking")
    assert str(broken_guide / "help" / "looking.md") in text
    guide.field.setText("here")  # the pages that are there can still be searched
    assert [section.page for section in guide.hits.sections] == ["first-steps"]


def test_links_lead_to_headings_and_back(qtbot: QtBot, guide: Guide) -> None:
    guide.show_page("first-steps")
    assert not guide.back.isEnabled()
    guide.browser.anchorClicked.emit(QUrl("opening.md#the-slides-of-a-folder"))
    assert guide.page == "opening"
    assert guide.contents.currentItem().text() == "Opening"
    assert guide.browser.verticalScrollBar().value() > 0
    guide.back.click()
    assert guide.page == "first-steps"
    assert guide.contents.currentItem().text() == "First steps"
    guide.forward.click()
    assert guide.page == "opening"
    guide.show_page("engineers")
    guide.browser.anchorClicked.emit(QUrl("readme.md"))
    assert guide.page == README
    assert guide.contents.currentRow() == -1


def test_a_link_outside_is_offered_and_not_followed(
    guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", left.append)
    guide.show_page("first-steps")
    guide.browser.anchorClicked.emit(QUrl("https://example.org/x?y=1"))
    assert guide.page == "first-steps"
    assert left == []
    assert guide.outside.isVisible()
    assert "https://example.org/x?y=1" in guide.address.text()
    guide.copy_address.click()
    assert QApplication.clipboard().text() == "https://example.org/x?y=1"
    guide.open_outside.click()
    assert left == [QUrl("https://example.org/x?y=1")]
    guide.show_page("looking")
    assert not guide.outside.isVisible()


@pytest.mark.parametrize("url", ["https://example.org/a.md", "file:///etc/passwd", "guide:/x.md"])
def test_nothing_but_the_guide_is_read(guide: Guide, url: str) -> None:
    for kind in (1, 2, 3, 4):  # HTML, picture, style sheet, Markdown
        found = guide.browser.loadResource(kind, QUrl(url))
        assert found is None or (isinstance(found, QImage) and found.isNull())


def test_pictures_fit_the_width_and_are_not_blown_up(qtbot: QtBot, guide: Guide) -> None:
    guide.show_page("looking")
    natural = {
        path.name: QImage(str(path)).width() for path in (pages_folder() / "pictures").iterdir()
    }
    for width in (700, 1400):
        guide.resize(width, 700)
        room = [0]

        def fits(room: list[int] = room) -> bool:
            room[0] = guide.browser.lineWrapColumnOrWidth() - 2 * MARGIN
            is_inside = room[0] < guide.browser.viewport().width()
            places = guide.browser._picture_places()
            return (
                is_inside
                and len(places) > 5
                and all(
                    shape.width() == min(room[0], natural[QUrl(shape.name()).fileName()])
                    for _, shape in places
                )
            )

        qtbot.waitUntil(fits)


def test_search_finds_opens_and_marks(qtbot: QtBot, guide: Guide) -> None:
    guide.field.setText("ruler MEASURE")
    assert guide.hits.isVisible()
    assert not guide.contents.isVisible()
    assert guide.hits.sections[0].heading == "Measuring"
    QTest.keyClick(guide.field, Qt.Key.Key_Return)
    assert guide.page == "looking"
    marked = {it.cursor.selectedText().casefold() for it in guide.browser.extraSelections()}
    assert marked == {"ruler", "measure"}
    guide.field.setText("xyzzy")
    assert guide.nothing.isVisible()
    assert "xyzzy" in guide.nothing.text()
    QTest.keyClick(guide, Qt.Key.Key_Escape)
    assert guide.contents.isVisible()
    QTest.keyClick(guide, Qt.Key.Key_Escape)
    assert not guide.isVisible()


def test_every_page_is_found_by_its_title() -> None:
    everything = [
        section for name in PAGES for section in sections_of(name, PAGES[name], page_text(name))
    ]
    for name, title in PAGES.items():
        assert name in [hit.section.page for hit in search(everything, title)[:3]]


def test_search_puts_headings_first_and_needs_every_word() -> None:
    sections = sections_of("p", "Page", "# Page\n\nA grid, a grid.\n\n## Grid of views\n\nMany.")
    assert [hit.section.heading for hit in search(sections, "grid")] == ["Grid of views", "Page"]
    assert [hit.section.heading for hit in search(sections, "grid many")] == ["Grid of views"]
    assert search(sections, "  ") == []
    assert search(sections, "grid nowhere") == []


@given(st.text(max_size=400), st.text(max_size=20))
def test_search_takes_any_text(markdown: str, query: str) -> None:
    sections = sections_of("p", "Page", markdown)
    for section in sections:
        assert "\n" not in section.text
        assert re.fullmatch(r"[\w-]*", section.anchor)
    for hit in search(sections, query):
        assert len(hit.excerpt) <= 200


def test_words_are_plain_in_what_is_found() -> None:
    text = plain("1. See ![a picture](p.png) **File ▸ Open** (`Ctrl+O`), [there](x.md#y).\n- So.")
    assert text == "See File ▸ Open (Ctrl+O), there. So."
    assert anchor_of("What the *file* says: all!") == "what-the-file-says-all"


def test_light_and_dark_are_legible(qtbot: QtBot, guide: Guide) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    former = app.palette()
    try:
        for scheme in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark):
            app.setPalette(theme.palette(scheme))
            guide.browser.show_page("looking", words=["grid"])
            assert guide.page == "looking"
            colours = guide.browser.palette()
            text, base = (
                colours.color(it) for it in (QPalette.ColorRole.Text, colours.ColorRole.Base)
            )
            selection = guide.browser.extraSelections()[0]  # which owns its format
            marked = selection.format.background().color()
            assert contrast(text, base) >= 7
            assert contrast(text, marked) >= 4.5
    finally:
        app.setPalette(former)


def contrast(one: QColor, other: QColor) -> float:
    """The contrast of two colours: WCAG 2.2, "contrast ratio"."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_grows_and_shrinks(guide: Guide) -> None:
    guide.show_page("keys")
    sizes = [guide.browser.font().pointSizeF()]
    while guide.larger.isEnabled():
        guide.larger.click()
        sizes.append(guide.browser.font().pointSizeF())
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == pytest.approx(2 * QApplication.font().pointSizeF())
    while guide.smaller.isEnabled():
        guide.smaller.click()
    assert guide.browser.font().pointSizeF() < sizes[0]


def test_the_guide_opens_where_the_user_is(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, window: MainWindow
) -> None:
    window.activateWindow()
    window.named_actions["user_guide"].trigger()
    guide = window.help.guide
    assert guide is not None
    assert (guide.page, "") == START
    open_slide(made_slide)
    for focused, (page, _) in (
        (window.layers_panel.threshold, DOCK_PAGES["Layers"]),
        (window.browsing.tray.filter, DOCK_PAGES["Slides"]),
    ):
        dock = focused
        while not isinstance(dock, QDockWidget):
            dock = dock.parentWidget()
        dock.raise_()
        window.activateWindow()
        focused.setFocus()
        qtbot.waitUntil(lambda focused=focused: QApplication.focusWidget() is focused)
        window.named_actions["user_guide"].trigger()
        assert guide.page == page
    for tool, (page, _) in TOOL_PAGES.items():
        window.activateWindow()
        window.canvas.setFocus()
        qtbot.waitUntil(lambda: QApplication.focusWidget() is window.canvas)
        window.named_actions[tool].trigger()
        window.named_actions["user_guide"].trigger()
        assert guide.page == page
    window.help.close()
    assert not guide.isVisible()


def test_what_the_guide_says_of_docks_and_tools_is_there(window: MainWindow) -> None:
    docks = {dock.objectName() for dock in window.findChildren(QDockWidget)}
    assert docks == set(DOCK_PAGES)
    assert TOOL_PAGES.keys() <= {"pan", "ruler"} | window.editing.tools.keys()
    for page, anchor in (*DOCK_PAGES.values(), *TOOL_PAGES.values(), START):
        assert page in PAGES
        assert not anchor or anchor in anchors(page)


def test_the_tour_points_at_real_places_step_by_step(window: MainWindow, tour: Tour) -> None:
    for number in range(len(STEPS)):
        assert tour.number == number
        assert tour.callout.title.text() == STEPS[number].title
        assert not tour.lit.isEmpty(), STEPS[number].title
        assert window.rect().contains(tour.callout.geometry())
        assert tour.callout.count.text() == f"{number + 1} of {len(STEPS)}"
        QTest.mouseClick(tour.callout.next, Qt.MouseButton.LeftButton)
    assert window.help.tour is None


def test_the_tour_goes_by_keys(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    callout = tour.callout
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is callout.next)

    def press(key: Qt.Key) -> int:
        QTest.keyClick(QApplication.focusWidget(), key)
        return tour.number

    assert not callout.back.isEnabled()
    assert press(Qt.Key.Key_Right) == 1
    assert press(Qt.Key.Key_Return) == 2
    assert press(Qt.Key.Key_Right) == 3
    assert press(Qt.Key.Key_Left) == 2
    QTest.mouseClick(callout.back, Qt.MouseButton.LeftButton)
    QTest.mouseClick(callout.back, Qt.MouseButton.LeftButton)
    assert tour.number == 0
    assert press(Qt.Key.Key_Left) == 0
    assert press(Qt.Key.Key_Right) == 1
    assert press(Qt.Key.Key_Escape) == 1
    assert window.help.tour is None
    assert not callout.isVisible()


def test_the_tour_paints_nothing_while_nothing_changes(
    qtbot: QtBot, window: MainWindow, tour: Tour, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    class Painted(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                looked.clear()
            return False

    place = Tour._place
    monkeypatch.setattr(Tour, "_place", lambda it: (place(it), looked.append(1)))
    painted = Painted()
    tour.installEventFilter(painted)
    qtbot.waitUntil(lambda: len(looked) > 2)  # so many looks with nothing painted between them


def test_after_the_tour_the_same_view_is_active(window: MainWindow) -> None:
    window.views.set_shape(1, 2)
    for view in window.views.views:
        window.views.activate(view)
        window.named_actions["tour"].trigger()
        assert window.help.tour is not None
        window.help.tour.end()
        assert window.views.active is view
        assert QApplication.focusWidget() is view.canvas


def test_the_tour_locks_nothing(
    qtbot: QtBot, window: MainWindow, tour: Tour, open_slide: OpenSlide, made_slide: Path
) -> None:
    centre = window.canvas.mapTo(window, window.canvas.rect().center())
    assert window.childAt(centre) not in (tour, tour.callout, window)
    welcome = tour.lit
    open_slide(made_slide)
    assert window.help.tour is tour
    qtbot.waitUntil(lambda: tour.lit != welcome)  # the empty window's words are gone
    assert not tour.lit.isEmpty()
    tour.show_step(2)
    window.canvas.zoom_to(1.0)
    overview = QRect(window.overview.mapTo(window, QPoint(0, 0)), window.overview.size())
    qtbot.waitUntil(lambda: tour.lit == overview)
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: window.rect().contains(tour.callout.geometry()))
    assert tour.size() == window.size()


def test_a_place_that_is_hidden_is_not_pointed_at(
    qtbot: QtBot, window: MainWindow, tour: Tour
) -> None:
    tour.show_step(4)
    assert not tour.lit.isEmpty()
    for title in ("Layers", "Adjust"):
        dock = window.findChild(QDockWidget, title)
        assert dock is not None
        dock.close()
    qtbot.waitUntil(lambda: tour.lit.isEmpty())
    assert window.rect().contains(tour.callout.geometry())


def test_the_first_tour_comes_once(window: MainWindow) -> None:
    assert window.help.tour is None  # a window alone begins none
    window.help.start_first_tour()
    assert window.help.tour is not None
    assert settings.read(settings.TOUR_SEEN)
    window.help.tour.end()
    window.help.start_first_tour()
    assert window.help.tour is None
    window.named_actions["tour"].trigger()
    window.named_actions["tour"].trigger()  # from the beginning, and still one only
    assert [tour for tour in window.findChildren(Tour) if tour.isVisible()] == [window.help.tour]


@pytest.mark.parametrize("with_slide", [False, True])
def test_only_a_start_without_a_slide_begins_the_tour(
    window: MainWindow, made_slide: Path, monkeypatch: pytest.MonkeyPatch, with_slide: bool
) -> None:
    assert not settings.read(settings.TOUR_SEEN)
    began: list[bool] = []

    def run(_: QApplication) -> int:
        QApplication.processEvents()
        began.extend(tour.isVisible() for tour in opened[0].findChildren(Tour))
        opened[0].close()
        return 0

    opened: list[MainWindow] = []
    monkeypatch.setattr(launch, "MainWindow", lambda: opened.append(MainWindow()) or opened[0])
    monkeypatch.setattr(launch, "has_screen", lambda: True)
    monkeypatch.setattr(launch, "all_threads_end", lambda _: True)  # the test has its own
    monkeypatch.setattr(QApplication, "exec", run)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    assert launch.open_window(made_slide if with_slide else None, None, None) == 0
    assert began == ([] if with_slide else [True])
    assert settings.read(settings.TOUR_SEEN) is not with_slide


sides = st.integers(0, 1500)


@given(st.builds(QRect, sides, sides, sides, sides), st.integers(400, 3000), st.integers(300, 2000))
def test_a_callout_is_always_inside_the_window(lit: QRect, width: int, height: int) -> None:
    size, room = QSize(340, 180), QRect(0, 0, width, height)
    corner = place_beside(lit.intersected(room), size, room.size())
    assert room.contains(QRect(corner, size))


def test_a_callout_leaves_its_place_free_where_there_is_room() -> None:
    room, size = QSize(1200, 800), QSize(340, 180)
    for lit in (QRect(0, 0, 1200, 40), QRect(0, 60, 300, 740), QRect(900, 60, 300, 740)):
        assert not QRect(place_beside(lit, size, room), size).intersects(lit)
