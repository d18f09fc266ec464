"""The window's work with files: nothing is lost, and every problem is said."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, answer, click, settle, wait_for_jobs

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    Loaded,
    as_points,
    read_annotations,
)
from slideviewer.errors import SlideviewerError
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.provenance import content_identity
from slideviewer.slide import open_slide as open_any
from slideviewer.ui import opening, saving
from slideviewer.ui.launch import take_picture
from slideviewer.ui.prediction_orders import store_folder
from slideviewer.ui.window import MainWindow


def draw_something(window: MainWindow) -> Annotation:
    made = Annotation("Mine", Kind.POLYGON, as_points([(0, 0), (900, 0), (900, 900)]), "Tumor")
    window.session.document.apply("Add polygon", {made.id: made})
    return made


def start(code: str, folder: Path) -> None:
    """Run a program of its own, with its settings in a folder; it must end with 0."""
    own = {"SLIDEVIEWER_DATA_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **own},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_window_opens_without_what_it_does_not_need_yet(tmp_path: Path) -> None:
    code = (
        "import linecache\n"
        "import sys\n"
        "from slideviewer.cli import main\n"
        "class Shell:\n"
        "    def open_window(self, slide, annotations=None):\n"
        "        import threading\n"
        "        from slideviewer.ui.launch import all_threads_end, application\n"
        "        others = frozenset(threading.enumerate())\n"
        "        from slideviewer.ui.window import MainWindow\n"
        "        app = application()\n"
        "        window = MainWindow()\n"
        "        window.show()\n"
        "        app.processEvents()\n"
        "        loaded = set(sys.modules)\n"
        "        read = [name for name in linecache.cache if 'slideviewer' in name]\n"
        "        window.close()\n"
        "        all_threads_end(others)\n"
        "        deep = {'tensorflow', 'keras', 'jax', 'torch', 'openvino'}\n"
        "        slow = {'zarr', 'scipy', 'sklearn', 'qtpy', 'typer', 'rich', 'difflib'}\n"
        "        slow |= {'pyqtgraph'}\n"
        "        # PySide would read the source of each module that is imported after it.\n"
        "        sys.exit(', '.join([*((deep | slow) & loaded), *read]) or 0)\n"
        "main([], Shell())\n"
    )
    start(code, tmp_path)


def test_the_started_window_collects_no_garbage_among_what_stays(tmp_path: Path) -> None:
    code = (
        "import gc\n"
        "import sys\n"
        "from slideviewer.cli import main\n"
        "class Shell:\n"
        "    def open_window(self, slide, annotations=None):\n"
        "        off = not gc.isenabled()\n"
        "        from PySide6.QtCore import QTimer\n"
        "        from slideviewer.ui import launch\n"
        "        app = launch.application()\n"
        "        launch.has_screen = lambda: True\n"
        "        def look():\n"
        "            if gc.get_freeze_count():\n"
        "                is_right = off and gc.get_freeze_count() > 10_000 and not gc.isenabled()\n"
        "                app.exit(0 if is_right else 1)\n"
        "            else:\n"
        "                QTimer.singleShot(10, look)\n"
        "        QTimer.singleShot(0, look)\n"
        "        return launch.open_window(None, None, None)\n"
        "sys.exit(main([], Shell()))\n"
    )
    start(code, tmp_path)


def test_markup_is_saved_and_opened_again(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    choose_file: ChooseFile,
) -> None:
    window = open_slide(made_slide)
    made = draw_something(window)
    assert window.isWindowModified()
    target = tmp_path / "without extension"
    choose_file(target, "ASAP XML (*.xml)")
    window.named_actions["save"].trigger()
    saved = tmp_path / "without extension.xml"
    assert saved.exists()
    assert not window.isWindowModified()
    assert "without extension.xml" in window.windowTitle()
    window.files.open_annotations(saved)
    qtbot.waitUntil(lambda: made.id not in window.session.document.annotations.annotations)
    (again,) = window.session.document.annotations
    assert again.points.tolist() == made.points.tolist()
    assert not window.isWindowModified()


@pytest.mark.parametrize("choice", ["Stay", "Close without saving", "Save and close"])
def test_closing_asks_about_unsaved_work(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    choice: str,
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "a.xml"
    window.session.document.save(path)
    draw_something(window)
    answer(qtbot, choice)
    closed = window.close()
    assert closed == (choice != "Stay")
    assert window.isVisible() == (choice == "Stay")
    assert len(read_annotations(path).annotations) == (1 if choice == "Save and close" else 0)


def test_staying_keeps_the_slide_and_the_markup(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, real_data: Path
) -> None:
    window = open_slide(made_slide)
    draw_something(window)
    answer(qtbot, "Stay")
    window.files.open_slide(real_data / "slides" / "boxes.tiff")
    wait_for_jobs(qtbot)
    assert window.session.slide is not None
    assert window.session.slide.path == made_slide
    assert len(window.session.document.annotations) == 1


def test_a_failing_save_says_so_and_keeps_everything(
    open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "folder" / "a.xml"
    path.parent.mkdir()
    window.session.document.save(path)
    draw_something(window)
    path.unlink()
    path.mkdir()  # nobody, not even root, can write a file here now
    window.named_actions["save"].trigger()
    assert any(str(path) in text for text in window.notices.texts)
    assert window.isWindowModified()
    assert len(window.session.document.annotations) == 1


def test_a_broken_slide_is_explained_and_the_open_one_stays(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, real_data: Path
) -> None:
    window = open_slide(made_slide)
    window.files.open_slide(real_data / "slides" / "unopenable.tiff")
    qtbot.waitUntil(lambda: bool(window.notices.texts))
    assert "unopenable.tiff" in window.notices.texts[0]
    assert window.session.slide is not None
    assert window.session.slide.path == made_slide


def test_a_file_cut_off_is_refused_and_recovered_into_a_new_one(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    whole = tmp_path / "a.xml"
    for _ in range(3):
        draw_something(window)
    window.session.document.save(whole)
    text = whole.read_text()
    whole.write_text(text[: text.rindex("<Coordinate ")])
    broken = whole.read_bytes()
    window.files.open_annotations(whole)
    qtbot.waitUntil(lambda: bool(window.notices.texts))
    (notice,) = window.notices.notices
    assert "a.xml" in notice.text
    assert notice.button is not None
    qtbot.waitUntil(notice.button.isVisible)  # its layout shows it in the next round of events
    QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.document.path is None)
    assert len(window.session.document.annotations) >= 2
    assert window.isWindowModified()
    assert whole.read_bytes() == broken


def test_a_slide_dropped_on_the_window_opens(
    qtbot: QtBot, window: MainWindow, made_slide: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(made_slide))])
    none = Qt.KeyboardModifier.NoModifier
    button, action = Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(50, 50), action, data, button, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, none))
    qtbot.waitUntil(lambda: window.session.slide is not None)
    settle(qtbot, window)
    assert not window.welcome.isVisible()


def test_a_link_dropped_on_the_window_opens_nothing(qtbot: QtBot, window: MainWindow) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/slide.svs")])
    none = Qt.KeyboardModifier.NoModifier
    button, action = Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(50, 50), action, data, button, none)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, none))
    wait_for_jobs(qtbot)
    assert window.browsing.tray.folder is None and not window.notices.texts


def test_the_status_line_says_where_and_how_large(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.named_actions["magnify_5"].trigger()
    assert window.status.magnification.text().startswith("40×")
    assert window.canvas.viewpoint.scale == pytest.approx(1.0)
    click(window.canvas, *window.canvas.viewpoint.visible.centre)
    assert "px" in window.status.position.text()
    assert "µm" in window.status.position.text()


def test_a_slide_without_spacing_says_so_instead_of_guessing(
    open_slide: OpenSlide, real_data: Path
) -> None:
    window = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    assert "unknown" in window.status.magnification.text()
    window.named_actions["magnify_5"].trigger()
    assert "unknown" in window.notices.texts[0]


def predict(qtbot: QtBot, window: MainWindow) -> None:
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=90_000)


def keep_prediction(window: MainWindow, path: Path) -> None:
    """Predict where the window looks for what was predicted before, and save a worker's start."""
    package = window.prediction.chooser.currentData()
    with closing(open_any(path)) as slide:
        predict_slide(slide, package, store=store_folder(content_identity(path), package))


def test_predict_paints_exports_and_accepts(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    predict(qtbot, window)
    assert any(RESEARCH_USE_ONLY in text for text in window.notices.texts)
    window.cells.threshold = 0.0
    window.prediction.results.export(tmp_path)
    folder = tmp_path / made_slide.stem
    qtbot.waitUntil(lambda: any("Exported" in text for text in window.notices.texts))
    assert {"tiles.csv", "prediction.xml", "run.json"} <= {p.name for p in folder.iterdir()}
    x, y = 2000, 1500
    outlines = window.prediction.results.region_outlines(x, y)
    assert outlines
    before = len(window.session.document.annotations)
    window.judging.accepting.accept_at(x, y)
    assert len(window.session.document.annotations) == before + len(outlines)
    window.named_actions["undo"].trigger()
    assert len(window.session.document.annotations) == before


def test_a_killed_worker_becomes_a_notice_and_predict_goes_on(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    made = draw_something(window)
    window.named_actions["predict"].trigger()
    # Before its first answer, so that it is at work for certain.
    qtbot.waitUntil(lambda: window.prediction.worker.pid is not None, timeout=90_000)
    pid = window.prediction.worker.pid
    assert pid is not None
    assert window.prediction.is_running
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not window.prediction.is_running, timeout=10_000)
    assert any("signal 9" in text for text in window.notices.texts)
    assert list(window.session.document.annotations) == [made]
    predict(qtbot, window)
    assert window.prediction.worker.pid != pid


def test_cancel_ends_the_prediction_and_says_so(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["predict"].trigger()
    assert window.named_actions["cancel"].isEnabled()
    assert window.status.progress_bar.isVisible()
    window.named_actions["cancel"].trigger()
    qtbot.waitUntil(lambda: not window.prediction.is_running, timeout=60_000)
    assert any("cancelled" in text for text in window.notices.texts)
    assert not window.status.progress_bar.isVisible()
    assert window.named_actions["predict"].isEnabled()


def test_a_stored_prediction_is_shown_when_the_slide_is_opened_again(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    assert not window.prediction.has_result
    keep_prediction(window, made_slide)
    open_slide(made_slide)
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=10_000)


def test_predicting_asks_for_a_spacing_that_is_unknown(
    qtbot: QtBot, open_slide: OpenSlide, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(real_data / "slides" / "boxes.tiff")
    asked = []
    monkeypatch.setattr(
        QInputDialog, "getDouble", lambda *a: (asked.append(a[2]), (0.25, False))[1]
    )
    window.named_actions["predict"].trigger()
    assert "does not say how large" in asked[0]
    assert not window.prediction.is_running


def test_tab_hides_all_chrome_and_brings_it_back(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    window.activateWindow()
    window.canvas.setFocus()
    for shown in (False, True):
        window.named_actions["hide_chrome"].trigger()
        assert window.toolbar.isVisible() == shown
        assert window.statusBar().isVisible() == shown


def test_an_answer_that_comes_late_is_not_shown_on_another_slide(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    real_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "a.xml"
    draw_something(window)
    window.session.document.save(path)
    window.session.document.open(AnnotationSet.of(), None)
    go_on = threading.Event()

    def slow_reading(path: Path, *frame: object) -> Loaded:
        go_on.wait(60)
        return read_annotations(path)

    monkeypatch.setattr(opening, "read_annotations", slow_reading)
    window.files.open_annotations(path)
    open_slide(real_data / "slides" / "boxes.tiff")
    go_on.set()
    wait_for_jobs(qtbot)
    assert len(window.session.document.annotations) == 0
    assert window.session.document.path is None


def test_markup_that_was_opened_first_stays_when_its_slide_comes(
    qtbot: QtBot, window: MainWindow, made_slide: Path, tmp_path: Path
) -> None:
    draw_something(window)
    path = tmp_path / "a.xml"
    window.session.document.save(path)
    assert window.named_actions["save"].isEnabled()
    window.files.open_all([path, made_slide])
    qtbot.waitUntil(lambda: window.session.slide is not None)
    assert len(window.session.document.annotations) == 1
    qtbot.waitUntil(lambda: window.session.document.path == path)


def test_closing_without_saving_is_asked_once(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    draw_something(window)
    asked = []

    def leave(*arguments: object) -> str:
        asked.append(arguments[1])
        return "Close without saving"

    monkeypatch.setattr(saving, "ask", leave)
    open_slide(made_slide)
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 0)
    assert len(asked) == 1


def test_a_file_is_never_replaced_unasked(
    open_slide: OpenSlide, made_slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    draw_something(window)
    other = tmp_path / "mine.xml"
    other.write_text("somebody's work")
    chosen = (str(tmp_path / "mine"), "ASAP XML (*.xml)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    monkeypatch.setattr(saving, "ask", lambda *_: "Stay")
    assert not window.saving.save_as()
    assert other.read_text() == "somebody's work"
    chosen = (str(tmp_path / "b.geojson"), "ASAP XML (*.xml)")
    assert window.saving.save_as()
    assert (tmp_path / "b.geojson").exists()


def test_a_gesture_does_not_outlive_its_slide(
    open_slide: OpenSlide, made_slide: Path, real_data: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["polygon"].trigger()
    for x, y in ((500, 500), (2500, 500), (1500, 2000)):
        click(window.canvas, x, y)
    open_slide(real_data / "slides" / "boxes.tiff")
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert len(window.session.document.annotations) == 0


def test_cancelling_keeps_the_former_result_and_the_threshold(
    qtbot: QtBot, window: MainWindow, open_slide: OpenSlide, made_slide: Path
) -> None:
    keep_prediction(window, made_slide)
    open_slide(made_slide)
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=10_000)
    window.cells.threshold = 0.123
    window.named_actions["predict"].trigger()
    assert not window.prediction.chooser.isEnabled()
    window.named_actions["cancel"].trigger()
    qtbot.waitUntil(lambda: not window.prediction.is_running, timeout=60_000)
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=10_000)
    assert window.named_actions["export_prediction"].isEnabled()
    assert window.cells.threshold == 0.123


def test_keys_work_while_the_chrome_is_hidden(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    draw_something(window)
    window.activateWindow()
    window.canvas.setFocus()
    docks = [dock for dock in window.findChildren(QDockWidget)]
    docks[0].close()
    shown = [dock.isVisible() for dock in docks]
    window.named_actions["hide_chrome"].trigger()
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(window.session.document.annotations) == 0
    window.named_actions["hide_chrome"].trigger()
    assert [dock.isVisible() for dock in docks] == shown


def test_a_picture_of_broken_markup_says_what_is_wrong(made_slide: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_text("<ASAP_Annotations><Annotations>")
    with pytest.raises(SlideviewerError, match=r"broken\.xml"):
        take_picture(tmp_path / "p.png", made_slide, broken, None)
