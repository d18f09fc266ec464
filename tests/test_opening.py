"""Opening in the real window: what lies beside, what is dropped, what was opened last."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, answer, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    Loaded,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.ui import opening, saving, settings
from slideviewer.ui.recent import RecentSlide
from slideviewer.ui.window import MainWindow


def an_outline(name: str = "One") -> Annotation:
    return Annotation(name, Kind.POLYGON, as_points([(0, 0), (900, 0), (900, 900)]), "Tumor")


def write_markup(path: Path, *names: str) -> Path:
    write_annotations(AnnotationSet.of([an_outline(name) for name in names]), path)
    return path


@pytest.fixture
def slides(tmp_path: Path, made_slide: Path) -> Path:
    """A folder of two slides, the first with markup and a likelihood map beside it."""
    folder = tmp_path / "Übung 1"
    folder.mkdir()
    for name in ("tumor_009.tif", "tumor_010.tif"):
        os.link(made_slide, folder / name)
    write_markup(folder / "tumor_009.xml", "One", "Two")
    os.link(made_slide, folder / "tumor_009_likelihood_map.tif")
    return folder


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), copy, data, left, none))


def press(qtbot: QtBot, window: MainWindow, part_of_the_text: str) -> None:
    """Press the button of a notice."""
    notice = next(n for n in window.notices.notices if part_of_the_text in n.text)
    assert notice.button is not None
    qtbot.waitUntil(notice.button.isVisible)
    QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)


def test_markup_beside_a_slide_opens_with_it(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    window = open_slide(slides / "tumor_009.tif")
    document = window.session.document
    qtbot.waitUntil(lambda: document.path == slides / "tumor_009.xml")
    assert [annotation.name for annotation in document.annotations] == ["One", "Two"]
    assert any("Opened tumor_009.xml" in text for text in window.notices.texts)
    assert not window.isWindowModified()


def test_a_likelihood_map_beside_is_offered_only_where_it_can_be_shown(
    qtbot: QtBot, window: MainWindow, slides: Path
) -> None:
    shown: list[Path] = []
    window.files.likelihood_map_wanted.connect(shown.append)
    window.files.open_slide(slides / "tumor_009.tif")
    qtbot.waitUntil(lambda: any("likelihood" in text for text in window.notices.texts))
    press(qtbot, window, "likelihood")
    assert shown == [slides / "tumor_009_likelihood_map.tif"]


def test_a_likelihood_map_dropped_on_a_slide_is_a_layer_and_alone_a_picture(
    qtbot: QtBot, window: MainWindow, slides: Path
) -> None:
    shown: list[Path] = []
    window.files.likelihood_map_wanted.connect(shown.append)
    the_map = slides / "tumor_009_likelihood_map.tif"
    drop(window, the_map)
    qtbot.waitUntil(lambda: window.session.slide is not None)
    assert window.session.slide.path == the_map
    assert shown == []
    drop(window, the_map)
    assert shown == [the_map]
    drop(window, slides / "tumor_010.tif", the_map)  # with its slide: over that one
    qtbot.waitUntil(lambda: len(shown) == 2)
    assert window.session.slide.path == slides / "tumor_010.tif"


def test_nothing_is_opened_beside_where_the_user_does_not_want_it(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    settings.write(settings.AUTO_OPEN_ANNOTATIONS, False)
    window = open_slide(slides / "tumor_009.tif")
    text = "tumor_009.xml lies beside the slide."
    qtbot.waitUntil(lambda: text in window.notices.texts)
    assert len(window.session.document.annotations) == 0
    press(qtbot, window, text)
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 2)


def test_an_offer_goes_with_its_slide(qtbot: QtBot, open_slide: OpenSlide, slides: Path) -> None:
    settings.write(settings.AUTO_OPEN_ANNOTATIONS, False)
    window = open_slide(slides / "tumor_009.tif")
    text = "tumor_009.xml lies beside the slide."
    qtbot.waitUntil(lambda: text in window.notices.texts)
    open_slide(slides / "tumor_010.tif")
    qtbot.waitUntil(lambda: window.session.slide.path.name == "tumor_010.tif")
    assert text not in window.notices.texts


def test_unsaved_markup_is_never_replaced_by_what_lies_beside(
    qtbot: QtBot, window: MainWindow, slides: Path
) -> None:
    made = an_outline("Mine")
    window.session.document.apply("Add polygon", {made.id: made})
    window.files.open_slide(slides / "tumor_009.tif")
    text = "tumor_009.xml lies beside the slide."
    qtbot.waitUntil(lambda: text in window.notices.texts)
    assert list(window.session.document.annotations) == [made]
    answer(qtbot, "Stay")
    press(qtbot, window, text)
    assert list(window.session.document.annotations) == [made]


def test_what_is_drawn_while_the_markup_is_read_stays(
    qtbot: QtBot, window: MainWindow, slides: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow_reading(path: Path, *frame: object) -> Loaded:
        go_on.wait(60)
        return read_annotations(path)

    monkeypatch.setattr(opening, "read_annotations", slow_reading)
    window.files.open_slide(slides / "tumor_009.tif")
    qtbot.waitUntil(lambda: window.session.slide is not None)
    made = an_outline("Mine")
    window.session.document.apply("Add polygon", {made.id: made})
    go_on.set()
    qtbot.waitUntil(lambda: any("lies beside" in text for text in window.notices.texts))
    assert list(window.session.document.annotations) == [made]


def test_given_annotations_come_before_those_beside(
    qtbot: QtBot, window: MainWindow, slides: Path, tmp_path: Path
) -> None:
    given = write_markup(tmp_path / "given.xml", "Given")
    drop(window, slides / "tumor_009.tif", given)
    document = window.session.document
    qtbot.waitUntil(lambda: document.path == given)
    wait_for_jobs(qtbot)
    assert [annotation.name for annotation in document.annotations] == ["Given"]
    assert not any("tumor_009.xml" in text for text in window.notices.texts)


def test_broken_markup_beside_is_told_and_can_be_recovered(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    markup = slides / "tumor_009.xml"
    text = markup.read_text()
    markup.write_text(text[: text.rindex("<Coordinate ")])
    window = open_slide(slides / "tumor_009.tif")
    qtbot.waitUntil(lambda: any("tumor_009.xml" in text for text in window.notices.texts))
    press(qtbot, window, "tumor_009.xml")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) > 0)
    assert window.session.document.path is None


def test_what_was_opened_last_opens_again_with_its_markup(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path, tmp_path: Path
) -> None:
    window = open_slide(slides / "tumor_010.tif")
    other = write_markup(tmp_path / "by a colleague.xml", "Other")
    window.files.open_annotations(other)
    qtbot.waitUntil(lambda: window.session.document.path == other)
    open_slide(slides / "tumor_009.tif")
    qtbot.waitUntil(lambda: window.session.document.path == slides / "tumor_009.xml")
    assert window.files.recent.entries() == [
        RecentSlide(slides / "tumor_009.tif", slides / "tumor_009.xml"),
        RecentSlide(slides / "tumor_010.tif", other),
    ]
    menu = window.named_actions["recent"].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: window.session.document.path == other)
    assert window.session.slide.path == slides / "tumor_010.tif"
    assert QSettings().value("last_folder") == str(slides)


def test_a_slide_that_vanished_is_told_and_the_open_one_stays(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    window = open_slide(slides / "tumor_010.tif")
    window.files.open_recent(RecentSlide(slides / "gone.svs", slides / "gone.xml"))
    qtbot.waitUntil(lambda: any("gone.svs" in text for text in window.notices.texts))
    assert window.session.slide.path == slides / "tumor_010.tif"
    assert not any("gone.xml" in text for text in window.notices.texts)


def test_the_empty_canvas_shows_what_was_opened_last(
    qtbot: QtBot, window: MainWindow, slides: Path
) -> None:
    window.files.recent.add(slides / "tumor_009.tif")
    tiles = window.browsing.tiles
    qtbot.waitUntil(lambda: tiles.isVisible() and len(tiles.buttons) == 1)
    assert window.welcome.geometry().top() >= 0
    (button,) = tiles.buttons.values()
    qtbot.waitUntil(button.isVisible)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.slide is not None)
    assert not window.welcome.isVisible()


def test_the_empty_canvas_is_laid_out_anew_only_where_it_is_seen(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    window = open_slide(slides / "tumor_010.tif")
    wait_for_jobs(qtbot)
    tiles, welcome = window.browsing.tiles, window.welcome
    before = list(tiles.buttons.values())
    for title in ("Layers", "Groups"):
        window.docks[title].close()
    QApplication.processEvents()  # they let the window become so low
    window.resize(1200, 300)  # there would be no room for a picture
    QApplication.processEvents()
    assert before and list(tiles.buttons.values()) == before
    window.session.set_slide(None)
    qtbot.waitUntil(welcome.isVisible)
    assert not tiles.buttons
    assert abs(welcome.geometry().center().x() - window.views.rect().center().x()) <= 1
    assert window.views.rect().contains(welcome.geometry())


def test_a_dropped_folder_fills_the_tray_and_its_slides_open_by_keys(
    qtbot: QtBot, window: MainWindow, slides: Path
) -> None:
    assert not window.named_actions["next_slide"].isEnabled()
    window.named_actions["slide_tray"].setChecked(False)
    assert not window.docks["Slides"].isVisible()
    drop(window, slides)
    tray = window.browsing.tray
    qtbot.waitUntil(lambda: tray.model.rowCount() == 2)
    assert window.docks["Slides"].isVisible()
    assert window.named_actions["slide_tray"].isChecked()
    window.activateWindow()
    for key, expected in (("PageDown", "009"), ("PageDown", "010"), ("PageUp", "009")):
        action = "next_slide" if key == "PageDown" else "previous_slide"
        qtbot.waitUntil(window.named_actions[action].isEnabled)
        QTest.keyClick(
            window.canvas, getattr(Qt.Key, f"Key_{key}"), Qt.KeyboardModifier.ControlModifier
        )
        qtbot.waitUntil(
            lambda expected=expected: (
                window.session.slide is not None and expected in window.session.slide.path.name
            )
        )
    assert not window.named_actions["previous_slide"].isEnabled()


def test_a_chosen_folder_is_listed_and_remembered(
    qtbot: QtBot, window: MainWindow, slides: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(slides))
    window.named_actions["open_folder"].trigger()
    qtbot.waitUntil(lambda: window.browsing.tray.model.rowCount() == 2)
    assert QSettings().value("last_folder") == str(slides)


def test_an_open_slide_lists_its_folder(open_slide: OpenSlide, slides: Path, qtbot: QtBot) -> None:
    window = open_slide(slides / "tumor_010.tif")
    tray = window.browsing.tray
    qtbot.waitUntil(lambda: tray.model.rowCount() == 2)
    assert tray.list.currentIndex().row() == 1


@pytest.mark.parametrize("choice", ["Replace it", "Stay", "Save as another file"])
def test_a_file_that_another_program_changed_is_not_overwritten_unasked(
    qtbot: QtBot,
    open_slide: OpenSlide,
    slides: Path,
    monkeypatch: pytest.MonkeyPatch,
    choose_file: ChooseFile,
    choice: str,
) -> None:
    window = open_slide(slides / "tumor_009.tif")
    path = slides / "tumor_009.xml"
    document = window.session.document
    qtbot.waitUntil(lambda: document.path == path)
    made = an_outline("Mine")
    document.apply("Add polygon", {made.id: made})
    assert window.saving.save()  # nobody else wrote: nothing is asked
    document.apply("Delete", {made.id: None})
    write_markup(path, "Theirs")
    os.utime(path, (1, 1))
    asked: list[str] = []
    monkeypatch.setattr(saving, "ask", lambda *a: (asked.append(a[2]), choice)[1])
    other = slides / "mine.xml"
    choose_file(other, "ASAP XML (*.xml)")
    saved = window.saving.save()
    assert len(asked) == 1
    assert "tumor_009.xml" in asked[0]
    kept = [annotation.name for annotation in read_annotations(path).annotations]
    assert saved == (choice != "Stay")
    assert (kept == ["Theirs"]) == (choice != "Replace it")
    assert other.exists() == (choice == "Save as another file")


def test_the_palette_opens_what_was_opened_last(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    window = open_slide(slides / "tumor_010.tif")
    open_slide(slides / "tumor_009.tif")
    qtbot.waitUntil(lambda: window.session.slide.path.name == "tumor_009.tif")
    menu = window.named_actions["recent"].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()  # what it shows now stays in it, and soon is old
    window.activateWindow()
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    palette = window.command_palette
    assert palette.isVisible()
    QTest.keyClicks(palette.line, "tumor_0")
    assert palette.shown[0].text == "Open tumor_010.tif"
    assert not any("009" in entry.text for entry in palette.shown)  # that one is open
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.slide.path.name == "tumor_010.tif")


def test_the_preferences_are_followed_at_once(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["preferences"].trigger()
    dialog = window.preferences._dialog
    assert dialog is not None
    assert dialog.isVisible()
    dialog.controls["background"].setCurrentIndex(2)
    assert window.canvas._manner.background.name() == "#000000"
    dialog.controls["cache_mib"].setValue(128)
    assert window.sources.cache.limit_bytes == 128 * 1024**2
    dialog.keys_page.keymap.setCurrentIndex(1)
    assert window.named_actions["pan"].shortcut().toString() == "M"
    dialog.close()
    qtbot.waitUntil(lambda: window.preferences._dialog is None)


def test_the_preferences_hold_for_the_next_window(qtbot: QtBot, window: MainWindow) -> None:
    settings.write(settings.KEYMAP, "qupath")
    settings.write(settings.BACKGROUND, "white")
    other = MainWindow()
    assert other.named_actions["pan"].shortcut().toString() == "M"
    assert other.canvas._manner.background.name() == "#ffffff"
    other.close()
    other.deleteLater()


def test_a_slide_that_vanishes_while_open_keeps_the_window_alive(
    qtbot: QtBot, open_slide: OpenSlide, slides: Path
) -> None:
    window = open_slide(slides / "tumor_010.tif")
    tray = window.browsing.tray
    qtbot.waitUntil(lambda: tray.model.rowCount() == 2)
    shutil.rmtree(slides)
    qtbot.waitUntil(lambda: "not there now" in tray.message.text(), timeout=5000)
    qtbot.waitUntil(lambda: not window.named_actions["next_slide"].isEnabled())
