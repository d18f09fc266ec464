"""Where and how a prediction is made, and annotations made of tissue and of predictions."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QDialog, QDialogButtonBox
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from tiny_model import write_tiny_package
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.evaluation.inputs.run_facts import part_of
from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.messages import Failed
from slideviewer.inference.options import Options
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.prediction import Prediction
from slideviewer.progress import silent
from slideviewer.slide import open_slide as open_any
from slideviewer.slide.tissue import TissueMask, find_tissue
from slideviewer.slide.tissue_colours import TissueParameters
from slideviewer.ui import settings
from slideviewer.ui.prediction_dialog import PredictDialog
from slideviewer.ui.prediction_orders import latest_store, store_folder
from slideviewer.ui.prediction_places import in_view, inside
from slideviewer.ui.prediction_regions import RegionsDialog
from slideviewer.ui.tissue_marking import TissueDialog
from slideviewer.ui.tissue_settings import tissue_parameters
from slideviewer.ui.window import MainWindow

pytestmark = pytest.mark.usefixtures("kept_engines")

SQUARE = as_points([(1000, 800), (2000, 800), (2000, 1600), (1000, 1600)])
HOLE = as_points([(1200, 1000), (1600, 1000), (1600, 1400), (1200, 1400)])


@pytest.fixture
def second_model(user_folder: Path) -> None:
    """One that fits beside the tiny model, and one of other classes."""
    write_tiny_package(user_folder / "models" / "second", seed=2, title="Second")
    classes = ("Background", "Necrosis")
    write_tiny_package(
        user_folder / "models" / "other",
        title="Other classes",
        class_names=classes,
        target_class="Necrosis",
    )


@pytest.fixture
def tame_window(
    workers: list[TameWorker], second_model: None, window: MainWindow
) -> Iterator[MainWindow]:
    """A window whose worker does nothing."""
    yield window


@pytest.fixture
def open_tame(
    qtbot: QtBot, tame_window: MainWindow, open_slide: OpenSlide, made_slide: Path
) -> Callable[[], MainWindow]:
    def open_it() -> MainWindow:
        window = open_slide(made_slide)
        wait_for_jobs(qtbot)
        return window

    return open_it


def in_dialog(kind: type[QDialog], use: Callable[[QDialog], object]) -> None:
    """Use the dialog that is about to open."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, kind):
            use(dialog)
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


def agree(dialog: QDialog) -> None:
    """Press the button that does it."""
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    roles = QDialogButtonBox.ButtonRole
    (button,) = [it for it in box.buttons() if box.buttonRole(it) == roles.AcceptRole]
    button.click()


def type_in(box: QAbstractSpinBox, number: str) -> None:
    """Type a number and go on to the next field; Return would agree to all of the dialog."""
    box.setFocus()
    QTest.keySequence(box, "Ctrl+A")
    QTest.keyClicks(box, number)
    QTest.keyClick(box, Qt.Key.Key_Tab)


def choose(box: QComboBox, words: str) -> None:
    """Choose by key the entry whose words begin so."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    while not box.currentText().startswith(words):
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, f"there is no {words}"


def add(window: MainWindow, group: str, points: np.ndarray, kind: Kind = Kind.POLYGON) -> None:
    made = Annotation(group, kind, as_points(points), group)
    known = window.session.document.annotations.groups
    window.session.document.apply("Add", {made.id: made}, () if group in known else (Group(group),))


def painted(mask: TissueMask, x: float, y: float) -> bool:
    """Whether a level-0 point is marked."""
    height, width = mask.mask.shape
    column = int((x - mask.extent.x) * width / mask.extent.width)
    row = int((y - mask.extent.y) * height / mask.extent.height)
    return bool(mask.mask[row, column])


def test_what_is_in_view_is_predicted_on_the_grid_of_the_whole_slide(
    qtbot: QtBot, open_tame: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_tame()
    window.canvas.zoom_to(1.5)
    seen = window.canvas.viewpoint.visible
    window.named_actions["predict_view"].trigger()
    (worker,) = workers
    qtbot.waitUntil(lambda: len(worker.requests) == 1)
    view, mask = worker.asked, worker.asked.tissue
    assert mask is not None and view.region is None
    height, width = mask.mask.shape
    rows, columns = np.nonzero(mask.mask)
    across, down = mask.extent.width / width, mask.extent.height / height
    assert len(rows)
    assert seen.x - across <= columns.min() * across
    assert (columns.max() + 1) * across <= seen.right + across
    assert seen.y - down <= rows.min() * down and (rows.max() + 1) * down <= seen.bottom + down
    worker.replies.put(Failed(1, "no"))
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: len(worker.requests) == 2)
    assert worker.asked.store == view.store and worker.asked.tissue is None


def test_a_view_without_tissue_is_not_predicted(
    qtbot: QtBot, open_tame: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_tame()
    window.canvas.zoom_to(20)
    window.canvas.centre_on(10, 10)
    window.named_actions["predict_view"].trigger()
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert any("no tissue" in text for text in window.notices.texts)
    assert workers[0].requests == []


def test_a_run_over_the_slide_goes_on_from_one_over_a_view(
    made_slide: Path, tmp_path: Path
) -> None:
    package = write_tiny_package(tmp_path / "model", patch=64)
    view = Rect(500, 500, 1500, 1500)
    found = []
    with closing(open_any(made_slide)) as slide:
        tissue = in_view(view)(slide, Options(), silent)
        store = tmp_path / "store"
        part = predict_slide(slide, package, store=store, tissue=tissue)
        whole = predict_slide(slide, package, store=store, on_batch=found.append)
        again = predict_slide(slide, package, store=store, tissue=tissue)
    told = [part_of(it.provenance, is_complete=it.complete) for it in (part, whole, again)]
    assert told[0] and not any(told[1:]), "a part adds nothing to what is known of all"
    assert part.grid == whole.grid
    looked_at = np.isfinite(part.target_probabilities)
    assert 0 < looked_at.sum() < np.isfinite(whole.target_probabilities).sum()
    assert len(found[0].rows) == looked_at.sum(), "told at once, and not predicted again"
    same = part.target_probabilities[looked_at] == whole.target_probabilities[looked_at]
    assert same.all()


def test_inside_a_group_is_what_it_encloses_but_for_its_exclusions(made_slide: Path) -> None:
    round_one = as_points([(3000, 500), (3600, 800), (3000, 1100), (2800, 800)])
    shapes = [
        Annotation("1", Kind.POLYGON, SQUARE, "Tissue"),
        Annotation("2", Kind.POLYGON, HOLE, "Tissue (hole)"),
        Annotation("3", Kind.SPLINE, round_one, "Inner"),
        Annotation("4", Kind.RECTANGLE, SQUARE + 1500, "Other"),
        Annotation("5", Kind.DOT, as_points([(3900, 2900)]), "Tissue"),
    ]
    groups = [Group("Tissue"), Group("Tissue (hole)"), Group("Inner", "Tissue"), Group("Other")]
    with closing(open_any(made_slide)) as slide:
        mask = inside(AnnotationSet.of(shapes, groups), "Tissue")(slide, Options(), silent)
        assert mask.extent == slide.pyramid.extent
    for x, y, is_inside in (
        (1100, 900, True),
        (1400, 1200, False),
        (3200, 800, True),
        (3000, 2500, False),
        (3900, 2900, False),
    ):
        assert painted(mask, x, y) == is_inside, (x, y)
    area = mask.mask.sum() * mask.downsample**2
    polygon = shapely.Polygon(SQUARE).area - shapely.Polygon(HOLE).area
    assert area > polygon


def test_the_dialog_says_where_and_how_and_is_remembered(
    qtbot: QtBot, open_tame: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    window = open_tame()
    add(window, "Lesion", SQUARE)

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, PredictDialog)
        offered = [dialog.second.itemText(index) for index in range(dialog.second.count())]
        assert offered == ["None", "Second"], "models of other classes do not fit"
        assert not dialog.rule.isEnabled()
        choose(dialog.where, "Inside “Lesion” (1 annotation)")
        choose(dialog.turns, "Also mirrored")
        choose(dialog.step, "Half a tile")
        choose(dialog.second, "Second")
        choose(dialog.rule, "Confirm")
        type_in(dialog.minutes, "5")
        dialog.tissue.numbers["lowest_saturation"].setValue(9)
        agree(dialog)

    in_dialog(PredictDialog, use)
    window.named_actions["predict_with"].trigger()
    (worker,) = workers
    qtbot.waitUntil(lambda: len(worker.requests) == 1)
    asked = worker.asked
    assert asked.options == Options(
        stride_pixels=16,
        turns="flips",
        rule="confirm",
        time_limit_s=300.0,
        tissue=TissueParameters(lowest_saturation=9),
    )
    assert [Path(other).name for other in asked.others] == ["second"]
    assert asked.tissue is not None and painted(asked.tissue, 1500, 1200)
    assert not painted(asked.tissue, 2500, 1200)
    worker.replies.put(Failed(1, "no"))
    qtbot.waitUntil(lambda: not window.prediction.is_running)

    def look_again(dialog: QDialog) -> None:
        assert isinstance(dialog, PredictDialog)
        assert dialog.where.currentIndex() == 0 and dialog.second.currentIndex() == 0
        assert dialog.options.turns == "flips" and dialog.options.stride_pixels == 16
        assert dialog.options.tissue.lowest_saturation == 9
        dialog.tissue.usual.click()
        assert dialog.options.tissue == TissueParameters()
        dialog.reject()

    in_dialog(PredictDialog, look_again)
    window.named_actions["predict_with"].trigger()
    assert len(worker.requests) == 1
    assert tissue_parameters().lowest_saturation == 9, "what was called off changes nothing"


def test_other_options_never_overwrite_a_prediction(user_folder: Path, tmp_path: Path) -> None:
    package = write_tiny_package(tmp_path / "model")
    other = write_tiny_package(tmp_path / "other", seed=2)
    usual = store_folder("a" * 64, package)
    limited = store_folder("a" * 64, package, options=Options(time_limit_s=60.0))
    assert limited == usual, "how long it may take changes no cell"
    different = {
        store_folder("a" * 64, package, options=Options(turns="all")),
        store_folder("a" * 64, package, options=Options(stride_pixels=16)),
        store_folder("a" * 64, package, (other,)),
        store_folder("a" * 64, package, (other,), Options(rule="confirm")),
        store_folder("a" * 64, package, options=Options(tissue=TissueParameters(black_value=9))),
        store_folder("a" * 64, package, spacing=0.5),
        usual,
    }
    assert len(different) == 7
    assert latest_store("a" * 64, package) is None
    for age, folder in enumerate(sorted(different)):
        folder.mkdir(parents=True)
        (folder / "prediction.json").write_text("{}")
        os.utime(folder / "prediction.json", (1000 + age, 1000 + age))
    assert latest_store("a" * 64, package) == max(different)


def test_a_time_limit_is_a_preference(
    qtbot: QtBot, open_tame: Callable[[], MainWindow], workers: list[TameWorker]
) -> None:
    settings.write(settings.PREDICTION_MINUTES, 3)
    window = open_tame()
    window.named_actions["predict"].trigger()
    (worker,) = workers
    qtbot.waitUntil(lambda: len(worker.requests) == 1)
    assert worker.asked.options.time_limit_s == 180.0
    assert worker.asked.first is None, "a coarse map of the whole is worth more than the view"


def test_tissue_becomes_one_step_of_annotations_and_is_found_anew(
    qtbot: QtBot, open_tame: Callable[[], MainWindow], made_slide: Path
) -> None:
    window = open_tame()
    document = window.session.document
    add(window, "Lesion", SQUARE)
    before = document.annotations
    in_dialog(TissueDialog, agree)
    window.named_actions["show_tissue"].trigger()
    wait_for_jobs(qtbot)
    made = [it for it in document.annotations if it.group == "Tissue"]
    with closing(open_any(made_slide)) as slide:
        mask = inside(document.annotations, "Tissue")(slide, Options(), silent)
        found = find_tissue(slide)
    assert made and document.undo_stack.undoText() == "Show tissue"
    share = mask.mask.mean() / found.mask.mean()
    assert share == pytest.approx(1, abs=0.03)
    in_dialog(TissueDialog, agree)
    window.named_actions["show_tissue"].trigger()
    wait_for_jobs(qtbot)
    again = [it for it in document.annotations if it.group == "Tissue"]
    assert len(again) == len(made) and not {it.id for it in again} & {it.id for it in made}
    for _ in range(2):
        window.named_actions["undo"].trigger()
    assert list(document.annotations) == list(before)


@pytest.fixture
def predicted(open_tame: Callable[[], MainWindow]) -> Callable[[], MainWindow]:
    """A window with two regions: one of six cells and one of a single cell."""

    def show() -> MainWindow:
        window = open_tame()
        tumour = np.full((15, 20), 0.1, np.float32)
        tumour[2:4, 2:5] = 0.9
        tumour[10, 15] = 0.6
        scores = np.stack([1 - tumour, tumour], axis=2)
        grid, names = Grid(0, 0, 200, 20, 15), ("Background", "Tumor")
        made = Prediction(grid, names, scores, 1, 0.5, {"spacing_um_px": 0.25})
        window.prediction.results.show(made)
        return window

    return show


def test_a_prediction_becomes_annotations_in_one_step(
    qtbot: QtBot, predicted: Callable[[], MainWindow]
) -> None:
    window = predicted()
    document = window.session.document
    told = []

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, RegionsDialog)
        qtbot.waitUntil(lambda: dialog.made is not None)
        told.append(dialog.told.text())
        type_in(dialog.smallest, "3000")
        qtbot.waitUntil(lambda: dialog.made is not None)
        told.append(dialog.told.text())
        type_in(dialog.smallest, "0")
        type_in(dialog.threshold, "0.7")
        qtbot.waitUntil(lambda: dialog.made is not None)
        told.append(dialog.told.text())
        type_in(dialog.threshold, "0.5")
        dialog.group.setEditText("From the model")
        agree(dialog)

    in_dialog(RegionsDialog, use)
    window.named_actions["regions_to_markup"].trigger()
    assert [text.split(" with ")[0] for text in told] == ["2 regions", "1 region", "1 region"]
    made = list(document.annotations)
    assert [it.group for it in made] == ["From the model"] * 2
    assert document.annotations.groups["From the model"].colour == "#FF0000"
    assert document.undo_stack.undoText() == "Turn prediction into annotations"
    area = shapely.Polygon(made[0].points).area
    assert area == pytest.approx(6 * 200**2, rel=0.1)
    window.named_actions["undo"].trigger()
    assert len(document.annotations) == 0 and not document.annotations.groups


def test_only_regions_in_view_become_annotations(
    qtbot: QtBot, predicted: Callable[[], MainWindow]
) -> None:
    window = predicted()
    window.canvas.zoom_to(2)
    window.canvas.centre_on(15.5 * 200, 10.5 * 200)

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, RegionsDialog)
        choose(dialog.where, "What is in view")
        agree(dialog)

    in_dialog(RegionsDialog, use)
    window.named_actions["regions_to_markup"].trigger()
    (made,) = window.session.document.annotations
    assert made.bounds is not None and made.bounds.contains(15.5 * 200, 10.5 * 200)


def test_annotations_of_a_prediction_are_not_made_of_nothing(
    open_tame: Callable[[], MainWindow],
) -> None:
    window = open_tame()
    assert not window.named_actions["regions_to_markup"].isEnabled()
    assert window.named_actions["show_tissue"].isEnabled()
    window.session.set_slide(None)
    assert not window.named_actions["show_tissue"].isEnabled()
