"""Exporting and importing masks from the window."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QLabel
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, Loaded, as_points
from slideviewer.annotations.masks import HoleStyle, Labels, MaskGrid, MaskPainting
from slideviewer.slide import open_slide as open_any
from slideviewer.slide.masks import MaskSummary, open_mask, read_mask
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui import theme
from slideviewer.ui.masks import control, export_dialog
from slideviewer.ui.masks.export_dialog import FORMATS, ExportMaskDialog
from slideviewer.ui.masks.import_dialog import HOLES, ImportMaskDialog
from slideviewer.ui.masks.resolutions import mask_resolutions
from slideviewer.ui.window import MainWindow

SQUARE = np.array([(400.0, 400.0), (1600.0, 400.0), (1600.0, 1600.0), (400.0, 1600.0)])


@pytest.fixture(scope="module")
def made_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide that is made at once: what is on it does not matter here."""
    path = tmp_path_factory.mktemp("made") / "made.tif"
    write_pyramid(path, (4096, 3072), [np.full((3072, 4096, 3), 200, np.uint8)], 0.25)
    return path


@pytest.fixture
def drawn() -> AnnotationSet:
    return AnnotationSet.of(
        [
            Annotation("a", Kind.POLYGON, as_points(SQUARE), "Tumor"),
            Annotation("b", Kind.POLYGON, as_points(SQUARE / 2 + 500), "inner"),
            Annotation("c", Kind.SPLINE, as_points(SQUARE + 1200)),
        ],
        [Group("Tumor"), Group("inner", "Tumor"), Group("Stroma")],
    )


@pytest.fixture
def window_with_markup(open_slide: OpenSlide, made_slide: Path, drawn: AnnotationSet) -> MainWindow:
    window = open_slide(made_slide)
    window.session.document.open(drawn, None)
    return window


def in_dialog(kind: type[QDialog], act: object) -> None:
    """Once a dialog of this kind is open, do this with it."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, kind):
            QTimer.singleShot(10, look)
            return
        act(dialog)  # type: ignore[operator]

    QTimer.singleShot(0, look)


def plain(text: str) -> str:
    """Words without the separators that some locales put into numbers."""
    return text.replace(",", "")


def wait_until_told(qtbot: QtBot, window: MainWindow, words: str) -> None:
    qtbot.waitUntil(lambda: any(words in plain(it) for it in window.notices.texts), timeout=20_000)
    qtbot.waitUntil(lambda: not window.aids.running.is_busy, timeout=20_000)


def export(window: MainWindow, act: object) -> None:
    def choose(dialog: ExportMaskDialog) -> None:
        act(dialog)  # type: ignore[operator]
        QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)

    in_dialog(ExportMaskDialog, choose)
    window.named_actions["export_mask"].trigger()


def test_a_mask_is_exported_as_it_was_chosen(
    qtbot: QtBot, window_with_markup: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = window_with_markup
    before = window.session.document.annotations

    def choose(dialog: ExportMaskDialog) -> None:
        assert {group: box.value() for group, box in dialog.groups.boxes.items()} == {
            "Tumor": 1,
            "inner": -1,
            "Stroma": 2,
            None: 3,
        }
        assert dialog.groups.boxes["inner"].text() == "as Tumor"
        dialog.groups.boxes["inner"].setValue(300)
        dialog.resolution.setCurrentIndex(2)

    choose_file(tmp_path / "mine")
    export(window, choose)
    wait_until_told(qtbot, window, "Saved mine.tif: 1024 × 768 px.")
    labels = Labels({"Tumor": 1, "inner": 300, "Stroma": 2, None: 3})
    with closing(open_mask(tmp_path / "mine.tif")) as mask:
        found = mask.read(0, 0, mask.width, mask.height)
    expected = [*MaskPainting(before, labels, MaskGrid(1024, 768, 4, 4)).bands()]
    assert (found == np.concatenate(expected)).all()
    assert set(np.unique(found)) == {0, 1, 3, 300}
    assert window.session.document.annotations is before
    assert window.session.document.is_saved


def test_a_png_is_exported_in_the_order_of_the_table(
    qtbot: QtBot, window_with_markup: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = window_with_markup

    def choose(dialog: ExportMaskDialog) -> None:
        groups = dialog.groups
        groups.boxes["inner"].setValue(9)
        assert not groups.up.isEnabled() and not groups.down.isEnabled()
        QTest.mouseClick(groups.as_in_table, Qt.MouseButton.LeftButton)
        groups.table.selectRow(0)
        assert not groups.up.isEnabled()
        QTest.mouseClick(groups.down, Qt.MouseButton.LeftButton)
        assert groups.labels.order == ("inner", "Tumor", "Stroma", None)
        assert groups.labels.values == {"inner": 9, "Tumor": 1, "Stroma": 2, None: 3}
        assert groups.table.currentRow() == 1
        dialog.file_format.setCurrentText("PNG")

    choose_file(tmp_path / "mine")
    export(window, choose)
    wait_until_told(qtbot, window, "Saved mine.png")
    with Image.open(tmp_path / "mine.png") as image:
        assert set(np.unique(np.asarray(image))) == {0, 1, 3}, "Tumor lies over what is in it"


def test_the_dialog_says_the_size_and_refuses_beforehand(
    made_slide: Path, drawn: AnnotationSet, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_any(made_slide)) as slide:
        dialog = ExportMaskDialog(slide, drawn)
        qtbot.addWidget(dialog)
        texts = [dialog.resolution.itemText(i) for i in range(dialog.resolution.count())]
        assert texts[0] == "1 : 1, 0.25 µm/px, level 0"
        assert texts == [text for text, _ in mask_resolutions(slide)]
        assert dialog.resolution.currentIndex() == 0
        assert dialog.suffixes == FORMATS["TIFF with tiles and levels"]
        assert "4096 × 3072 px with 8 bits: 17 MB" in plain(dialog.size_told.text())
        dialog.groups.boxes["Tumor"].setValue(256)
        assert "16 bits: 34 MB" in dialog.size_told.text()
        for box in dialog.groups.boxes.values():
            box.setValue(0)
        assert "would be empty" in dialog.size_told.text()
        assert not dialog.save.isEnabled()
        dialog.groups.boxes[None].setValue(1)
        assert dialog.save.isEnabled()
        monkeypatch.setattr(export_dialog, "MOST_PNG_PX", 1000)
        dialog.file_format.setCurrentText("PNG")
        assert "choose TIFF" in dialog.size_told.text()
        assert not dialog.save.isEnabled()


def test_nothing_to_paint_is_said(
    qtbot: QtBot, window: MainWindow, open_slide: OpenSlide, made_slide: Path
) -> None:
    assert not window.named_actions["export_mask"].isEnabled()
    assert not window.named_actions["import_mask"].isEnabled()
    open_slide(made_slide)
    window.named_actions["export_mask"].trigger()
    assert "There is no outline yet that a mask could show." in window.notices.texts


def test_cancelling_exports_nothing(
    window_with_markup: MainWindow, tmp_path: Path, choose_file: ChooseFile
) -> None:
    choose_file(tmp_path / "mine")
    in_dialog(ExportMaskDialog, lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    window_with_markup.named_actions["export_mask"].trigger()
    assert not window_with_markup.aids.running.is_busy
    assert not [*tmp_path.iterdir()]


@pytest.fixture
def mask_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mask of a sixteenth of the slide's sides, which the user chooses."""
    pixels = np.zeros((192, 256), np.uint8)
    pixels[20:120, 30:130] = 1
    pixels[60:80, 60:80] = 0
    pixels[150:170, 150:250] = 7
    pixels[0, 0] = 1
    path = tmp_path / "mask.png"
    Image.fromarray(pixels).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(path), ""))
    return path


def import_it(window: MainWindow, act: object) -> None:
    def choose(dialog: ImportMaskDialog) -> None:
        act(dialog)  # type: ignore[operator]
        QTest.keyClick(dialog, Qt.Key.Key_Return)

    in_dialog(ImportMaskDialog, choose)
    window.named_actions["import_mask"].trigger()


@pytest.mark.parametrize("holes", HoleStyle)
def test_a_mask_is_imported_in_one_step(
    qtbot: QtBot, window_with_markup: MainWindow, mask_file: Path, holes: HoleStyle
) -> None:
    window = window_with_markup
    before = window.session.document.annotations

    def choose(dialog: ImportMaskDialog) -> None:
        assert [dialog.table.item(row, 0).text() for row in range(2)] == ["1", "7"]
        assert plain(dialog.table.item(0, 1).text()) == "9601"
        assert not dialog.one_label.isChecked()
        dialog.names[1].setCurrentText("Tumor")
        dialog.names[7].setCurrentText("Necrosis")
        dialog.smallest.setValue(200)  # µm²: a pixel of the mask is 16
        dialog.smoothing.setValue(0)
        dialog.holes.setCurrentText(next(it for it in HOLES if HOLES[it] == holes))

    import_it(window, choose)
    wait_until_told(qtbot, window, "Imported mask.png")
    after = window.session.document.annotations
    made = [it for it in after if it.id not in before.annotations]
    has_hole = holes == HoleStyle.GROUP
    assert [it.group for it in made] == ["Tumor", *["Tumor (hole)"] * has_hole, "Necrosis"]
    assert made[0].bounds is not None
    assert (made[0].bounds.x, made[0].bounds.right) == (480, 2080)
    assert after.groups["Tumor"] == before.groups["Tumor"]
    grid = MaskGrid(256, 192, 16, 16)
    again = [
        *MaskPainting(AnnotationSet.of(made), Labels({"Tumor": 1, "Necrosis": 7}), grid).bands()
    ]
    expected = np.asarray(Image.open(mask_file)).copy()
    expected[0, 0] = 0
    assert (np.concatenate(again) == expected).all()
    window.named_actions["undo"].trigger()
    assert window.session.document.annotations.annotations == before.annotations
    assert window.session.document.annotations.groups == before.groups


def test_a_label_without_a_name_is_left_out_and_greys_count_together(
    qtbot: QtBot, window_with_markup: MainWindow, mask_file: Path
) -> None:
    window = window_with_markup
    count = len(window.session.document.annotations)

    def leave_out(dialog: ImportMaskDialog) -> None:
        dialog.names[1].setCurrentText("")
        dialog.names[7].setCurrentText("None")

    import_it(window, leave_out)
    wait_until_told(qtbot, window, "Imported mask.png: 1 annotation.")
    (*_, made) = window.session.document.annotations
    assert made.group is None and made.kind == Kind.POLYGON
    assert len(window.session.document.annotations) == count + 1

    def all_greys(dialog: ImportMaskDialog) -> None:
        QTest.mouseClick(dialog.one_label, Qt.MouseButton.LeftButton)
        dialog.threshold.setValue(5)
        assert dialog.table.rowCount() == 1
        assert plain(dialog.table.item(0, 1).text()) == "2000"
        dialog.names[1].setCurrentText("Bright")

    import_it(window, all_greys)
    qtbot.waitUntil(lambda: "Bright" in window.session.document.annotations.groups)
    assert len(window.session.document.annotations) == count + 2


def test_a_picture_of_greys_is_taken_by_a_threshold_unless_the_user_wills(
    made_slide: Path, qtbot: QtBot
) -> None:
    with closing(open_any(made_slide)) as slide:
        greys = MaskSummary((400, 300), {n: n for n in range(1, 200)}, {})
        dialog = ImportMaskDialog(Path("a.png"), greys, slide, ["Tumor"])
        qtbot.addWidget(dialog)
        assert dialog.one_label.isChecked() and dialog.how.threshold == 128
        dialog.one_label.setChecked(False)
        assert dialog.how.threshold is None
        assert dialog.table.rowCount() == 50


def test_what_is_no_mask_is_said(
    qtbot: QtBot, window_with_markup: MainWindow, tmp_path: Path, mask_file: Path
) -> None:
    for pixels, words in (
        (np.zeros((50, 50), np.uint8), "holds nothing but background"),
        (np.full((50, 50, 3), (255, 0, 0), np.uint8), "a picture in colours"),
    ):
        Image.fromarray(pixels).save(mask_file)
        window_with_markup.named_actions["import_mask"].trigger()
        wait_until_told(qtbot, window_with_markup, words)


def test_a_mask_exported_here_finds_its_groups_again(
    qtbot: QtBot,
    window_with_markup: MainWindow,
    tmp_path: Path,
    choose_file: ChooseFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, path = window_with_markup, tmp_path / "mine.tif"
    choose_file(path)
    export(window, lambda dialog: None)
    wait_until_told(qtbot, window, "Saved mine.tif")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(path), ""))
    seen = []
    import_it(
        window,
        lambda dialog: seen.extend(box.currentText() for box in dialog.names.values()),
    )
    wait_until_told(qtbot, window, "Imported mine.tif")
    assert seen == ["Tumor", "None"]
    assert {it.group for it in read_mask(path).annotations} == {"Tumor", None}


def test_a_mask_of_another_slide_is_not_imported_into_this_one(
    qtbot: QtBot, window_with_markup: MainWindow, mask_file: Path
) -> None:
    window = window_with_markup
    before = window.session.document.annotations
    import_it(window, lambda dialog: window.session.set_slide(None))
    wait_until_told(qtbot, window, "another slide was opened meanwhile")
    assert window.session.document.annotations is before


def test_a_mask_is_not_imported_into_a_file_that_was_opened_meanwhile(
    qtbot: QtBot,
    window_with_markup: MainWindow,
    mask_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, may_go_on = window_with_markup, threading.Event()

    def read_later(*given: Any) -> Loaded:
        may_go_on.wait(20)
        return read_mask(*given)

    monkeypatch.setattr(control, "read_mask", read_later)
    agreed: list[bool] = []
    import_it(window, lambda dialog: dialog.accepted.connect(lambda: agreed.append(True)))
    qtbot.waitUntil(lambda: bool(agreed), timeout=20_000)
    QTimer.singleShot(0, lambda: window.session.document.open(AnnotationSet.of(), None))
    QTimer.singleShot(0, may_go_on.set)
    wait_until_told(qtbot, window, "another file was opened meanwhile")
    assert not len(window.session.document.annotations)


@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])
def test_no_words_of_the_dialogs_are_cut_off(
    made_slide: Path, drawn: AnnotationSet, qtbot: QtBot, scheme: Qt.ColorScheme
) -> None:
    summary = MaskSummary((555, 742), {1: 12_345, 255: 1_234_567}, {1: "Tumor"})
    with closing(open_any(made_slide)) as slide:
        for dialog in (
            ExportMaskDialog(slide, drawn),
            ImportMaskDialog(Path("tumour_mask.tif"), summary, slide, ["Tumor"]),
        ):
            qtbot.addWidget(dialog)
            dialog.setPalette(theme.palette(scheme))
            dialog.show()
            qtbot.waitExposed(dialog)
            for button in dialog.findChildren(QAbstractButton):
                assert button.width() >= button.sizeHint().width(), button.text()
            for label in dialog.findChildren(QLabel):
                needed = label.heightForWidth(label.width())
                assert label.height() >= needed, label.text()
            background = dialog.grab().toImage().pixelColor(2, 2)
            assert (background.lightnessF() < 0.5) == (scheme == Qt.ColorScheme.Dark)
