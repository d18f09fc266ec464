"""Pictures of what is shown and of parts of the slide: exact, sharp, honest and cancellable."""

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QProgressDialog
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, answer, settle

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import Cancelled, SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Step, silent
from slideviewer.slide import Pixels, Spacing, png_writing
from slideviewer.slide import open_slide as open_any
from slideviewer.ui import region_export, running, settings, snapshot, view_picture
from slideviewer.ui.jobs import Job
from slideviewer.ui.region_export import Region, save_region
from slideviewer.ui.save_region import FORMATS, SaveRegionDialog
from slideviewer.ui.snapshot import FACTOR, WITH_OVERLAYS, WITH_SCALE_BAR, SaveViewDialog
from slideviewer.ui.window import MainWindow


def as_pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


def screen_pixels(window: MainWindow) -> NDArray[np.uint8]:
    """The canvas without what floats over it."""
    window.overview.hide()
    image = window.canvas.grab().toImage()
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return data[..., 2::-1].copy()


def save(qtbot: QtBot, window: MainWindow, path: Path) -> NDArray[np.uint8]:
    window.aids.snapshots.save_view(path)
    qtbot.waitUntil(lambda: any(f"Saved {path.name}" in it for it in window.notices.texts))
    qtbot.waitUntil(lambda: not window.aids.running.is_busy)
    return as_pixels(path)


@pytest.mark.parametrize("rotation", [0, 90, 30])
def test_a_saved_view_is_what_the_screen_shows(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, rotation: float
) -> None:
    window = open_slide(made_slide)
    made = Annotation("a", Kind.POLYGON, as_points([(900, 900), (2500, 900), (2500, 2000)]))
    window.session.document.apply("Add", {made.id: made})
    window.canvas.zoom_by(2)
    window.canvas.turn_to(rotation)
    settle(qtbot, window)
    saved = save(qtbot, window, tmp_path / "view.png")
    shown = screen_pixels(window)
    assert saved.shape == shown.shape
    assert (np.abs(saved.astype(int) - shown).max(axis=2) > 24).mean() < 0.01


def test_a_finer_picture_has_more_detail_and_the_same_layout(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    settings.write(WITH_SCALE_BAR, False)
    plain = save(qtbot, window, tmp_path / "plain.png")
    settings.write(FACTOR, 4)
    fine = save(qtbot, window, tmp_path / "fine.png")
    height, width = plain.shape[:2]
    assert fine.shape == (4 * height, 4 * width, 3)
    small = np.asarray(Image.fromarray(fine).resize((width, height), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - plain).mean() < 6
    enlarged = Image.fromarray(plain).resize((4 * width, 4 * height))
    assert (
        np.diff(fine.astype(int), axis=1).std()
        > 1.5 * np.diff(np.asarray(enlarged).astype(int), axis=1).std()
    )


def test_only_a_picture_with_model_output_says_research_use(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    height = window.canvas.height()
    assert len(save(qtbot, window, tmp_path / "none.png")) == height
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: window.cells.has_prediction, timeout=60_000)
    told = save(qtbot, window, tmp_path / "model.png")
    assert len(told) == height + view_picture.FOOT
    assert (told[height:] < 100).any()  # words
    assert SaveViewDialog(window.views.active).research_use.text().endswith(RESEARCH_USE_ONLY)
    settings.write(WITH_OVERLAYS, False)
    assert len(save(qtbot, window, tmp_path / "without.png")) == height
    window.prediction.cancel()


def test_the_view_is_copied(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    QApplication.clipboard().clear()
    window.named_actions["copy_view"].trigger()
    qtbot.waitUntil(lambda: not QApplication.clipboard().image().isNull())
    assert QApplication.clipboard().image().size() == window.canvas.size()


def test_the_dialog_remembers(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = open_slide(made_slide)
    choose_file(tmp_path / "mine")

    def choose() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, SaveViewDialog)
        dialog.factors.button(2).click()
        dialog.scale_bar.setChecked(False)
        dialog.accept()

    QTimer.singleShot(0, choose)
    window.named_actions["save_view"].trigger()
    saved = tmp_path / "mine.png"
    qtbot.waitUntil(saved.exists)
    qtbot.waitUntil(lambda: not window.aids.running.is_busy)
    assert as_pixels(saved).shape[1] == 2 * window.canvas.width()
    again = SaveViewDialog(window.views.active)
    assert again.factors.checkedId() == 2
    assert not again.scale_bar.isChecked()


def test_a_folder_that_is_gone_is_said(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    window.aids.snapshots.save_view(tmp_path / "gone" / "a.png")
    qtbot.waitUntil(lambda: any("cannot be written" in text for text in window.notices.texts))


@pytest.mark.parametrize("level", [0, 1])
def test_a_region_is_written_pixel_by_pixel(made_slide: Path, tmp_path: Path, level: int) -> None:
    slide = open_any(made_slide)
    region = Region.of(slide, Rect(1001, 703, 900, 601), level)
    expected = slide.read_region(level, region.x_level, region.y_level, region.width, region.height)
    png = tmp_path / "region.png"
    save_region(made_slide, region, png, silent)
    assert np.array_equal(as_pixels(png), expected)
    per_metre = 1e6 / (0.25 * 2**level)
    with Image.open(png) as opened:
        assert opened.info["dpi"][0] / 0.0254 == pytest.approx(per_metre, rel=1e-3)
    tiff = tmp_path / "region.tif"
    save_region(made_slide, region, tiff, silent)
    written = open_any(tiff)
    assert (written.pyramid.width, written.pyramid.height) == (region.width, region.height)
    assert isinstance(written.spacing, Spacing)
    assert written.spacing.um_px == pytest.approx(0.25 * 2**level, rel=1e-3)
    got = written.read_region(0, 0, 0, region.width, region.height)
    assert np.abs(got.astype(int) - expected).mean() < 4  # JPEG
    for opened_slide in (slide, written):
        opened_slide.close()


class Watched:
    """A slide that notes how much is read of it at once, and waits where it is told to."""

    def __init__(self, path: Path) -> None:
        self._slide = open_any(path)
        self.boxes: list[tuple[int, ...]] = []
        self.reading, self.may_read = threading.Event(), threading.Event()
        self.may_read.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slide, name)

    def read_region(self, level: int, *box: int) -> Pixels:
        self.boxes.append(box)
        self.reading.set()
        self.may_read.wait()
        return self._slide.read_region(level, *box)


@pytest.fixture
def watched(made_slide: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """What a region is saved from."""
    slide = Watched(made_slide)
    monkeypatch.setattr(region_export, "open_slide", lambda path: slide)
    return slide


def test_many_blocks_make_one_picture_and_no_tile_is_read_twice(
    made_slide: Path, tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_export, "BLOCK_PX", 2 * 256 * 256)
    steps: list[Step] = []
    save_region(made_slide, Region(0, 500, 700, 1333, 822), tmp_path / "a.png", steps.append)
    with closing(open_any(made_slide)) as slide:
        expected = slide.read_region(0, 500, 700, 1333, 822)
    assert np.array_equal(as_pixels(tmp_path / "a.png"), expected)
    assert sum(width * height for _, _, width, height in watched.boxes) == 1333 * 822
    for x, y, width, height in watched.boxes:
        assert y // 256 == (y + height - 1) // 256
        assert x // 512 == (x + width - 1) // 512
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, steps[-1].total) == (0, 822)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_cancelling_is_heard_after_a_block(
    made_slide: Path, tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(region_export, "BLOCK_PX", 256 * 256)

    def cancel(step: Step) -> None:
        if watched.boxes:
            raise Cancelled

    with pytest.raises(Cancelled):
        save_region(made_slide, Region(0, 0, 0, 4000, 3000), tmp_path / name, cancel)
    assert watched.boxes == [(0, 0, 256, 256)]
    assert list(tmp_path.iterdir()) == []


def test_a_png_is_packed_in_pieces_between_which_it_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png_writing, "PACKED_BYTES", 30_000)
    pixels = np.zeros((1000, 100, 3), np.uint8)
    heard: list[int] = []

    def cancel(step: Step) -> None:
        heard.append(step.done)
        if step.done >= 300:
            raise Cancelled

    with pytest.raises(Cancelled):
        png_writing.write_png(tmp_path / "a.png", (100, 1000), [pixels], None, cancel)
    assert heard == [0, 100, 200, 300]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_the_window_closes_promptly_and_leaves_no_half_picture(
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    watched: Watched,
    choose_file: ChooseFile,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    window = open_slide(made_slide)
    choose_file(tmp_path / name)
    monkeypatch.setattr(SaveRegionDialog, "exec", lambda dialog: QDialog.DialogCode.Accepted)
    monkeypatch.setattr(SaveRegionDialog, "suffixes", (tmp_path / name).suffix)
    monkeypatch.setattr(running, "CLOSE_SECONDS", 20)
    really_cancel = Job.cancel

    def cancel(job: Job) -> None:
        really_cancel(job)
        watched.may_read.set()

    monkeypatch.setattr(Job, "cancel", cancel)
    watched.may_read.clear()
    window.named_actions["save_region"].trigger()
    assert watched.reading.wait(60)
    assert list(tmp_path.iterdir()) != []  # what is written meanwhile has another name
    assert not (tmp_path / name).exists()
    window.close()
    assert len(watched.boxes) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_view_that_is_cancelled_while_it_is_written_is_not_written(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_slide(made_slide)
    writing, may_write = threading.Event(), threading.Event()

    def write_png(*how: Any) -> None:
        writing.set()
        may_write.wait()
        png_writing.write_png(*how)

    monkeypatch.setattr(snapshot, "write_png", write_png)
    window.aids.snapshots.save_view(tmp_path / "a.png")
    qtbot.waitUntil(writing.is_set)
    (shown,) = (it for it in window.findChildren(QProgressDialog) if "Saving" in it.windowTitle())
    shown.canceled.emit()  # as its button does
    may_write.set()
    qtbot.waitUntil(lambda: not window.aids.running.is_busy)
    assert list(tmp_path.iterdir()) == []
    assert not window.notices.texts


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_cancelling_leaves_nothing(made_slide: Path, tmp_path: Path, name: str) -> None:
    def cancel(step: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        save_region(made_slide, Region(0, 0, 0, 600, 600), tmp_path / name, cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_slide_without_spacing_makes_a_tiff_without(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs"
    target = tmp_path / "a.tif"
    save_region(source, Region(0, 0, 0, 500, 400), target, silent)
    written = open_any(target)
    assert not isinstance(written.spacing, Spacing)
    written.close()


def test_a_png_beyond_what_programs_open_is_refused(made_slide: Path, tmp_path: Path) -> None:
    region = Region(0, 0, 0, 50_000, 50_000)
    with pytest.raises(SlideError, match="50000 × 50000 px are too many for one PNG"):
        save_region(made_slide, region, tmp_path / "a.png", silent)


def test_the_region_dialog_says_the_size_and_refuses_beforehand(
    open_slide: OpenSlide, made_slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_slide(made_slide)
    made = Annotation("Nest", Kind.POLYGON, as_points([(0, 0), (800, 0), (800, 600)]))
    window.session.document.apply("Add", {made.id: made})
    window.session.selection.set([made.id])
    slide = window.session.slide
    assert slide is not None
    dialog = SaveRegionDialog(slide, window.aids.save_region.regions)
    assert [dialog.what.itemText(i) for i in range(dialog.what.count())] == [
        "Around Nest",
        "What is in view",
        "All of the slide",
    ]
    assert "800 × 600 px" in dialog.size_told.text().replace(",", "")
    dialog.what.setCurrentIndex(2)
    assert dialog.save.isEnabled()
    monkeypatch.setattr("slideviewer.ui.save_region.MOST_PNG_PX", 1000)
    dialog.level.setCurrentIndex(1)
    assert not dialog.save.isEnabled()
    assert "choose TIFF" in dialog.size_told.text()
    dialog.file_format.setCurrentIndex(1)
    assert dialog.save.isEnabled()


@pytest.fixture
def agreeable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked for a region agrees to what is proposed, but wants a TIFF."""
    monkeypatch.setattr(SaveRegionDialog, "exec", lambda dialog: QDialog.DialogCode.Accepted)
    monkeypatch.setattr(SaveRegionDialog, "suffixes", FORMATS["TIFF with levels (JPEG tiles)"])


@pytest.mark.usefixtures("agreeable")
def test_a_region_is_saved_from_the_menu_and_no_slide_in_view_is_overwritten(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = open_slide(made_slide)
    target = tmp_path / "part.tiff"
    choose_file(target)
    window.named_actions["save_region"].trigger()
    qtbot.waitUntil(
        lambda: any("Saved part.tiff" in it for it in window.notices.texts), timeout=20_000
    )
    assert target.exists()
    qtbot.waitUntil(lambda: not window.findChildren(SaveRegionDialog))
    window.views.set_shape(1, 2)
    window.comparing.open_in(window.views.views[1], target)
    qtbot.waitUntil(lambda: window.views.views[1].slide is not window.session.slide)
    for slide in (made_slide, target):
        before = slide.read_bytes()
        choose_file(slide)
        window.named_actions["save_region"].trigger()
        assert f"{slide.name} is the slide itself. Choose another name." in window.notices.texts
        assert not window.aids.running.is_busy
        assert slide.read_bytes() == before


@pytest.mark.usefixtures("agreeable")
@pytest.mark.parametrize("choice", ["Replace", "Stay"])
def test_a_file_is_replaced_only_if_the_user_agrees_to_its_whole_name(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    choose_file: ChooseFile,
    choice: str,
) -> None:
    window = open_slide(made_slide)
    there = tmp_path / "mine.tif"
    there.write_text("work")
    choose_file(tmp_path / "mine")  # the system's dialog sees no such file
    answer(qtbot, choice)
    window.named_actions["save_region"].trigger()
    assert window.aids.running.is_busy == (choice == "Replace")
    qtbot.waitUntil(lambda: not window.aids.running.is_busy, timeout=20_000)
    assert (there.read_bytes() == b"work") == (choice == "Stay")


def test_annotations_of_one_name_are_each_offered(open_slide: OpenSlide, made_slide: Path) -> None:
    window = open_slide(made_slide)
    for number, width in enumerate((800, 300)):
        made = Annotation("Nest", Kind.POLYGON, as_points([(0, 0), (width, 0), (width, 600)]))
        made = replace(made, id=str(number))
        window.session.document.apply("Add", {made.id: made})
    window.session.selection.set(["0", "1"])
    slide = window.session.slide
    assert slide is not None
    dialog = SaveRegionDialog(slide, window.aids.save_region.regions)
    widths = []
    for index in range(2):
        dialog.what.setCurrentIndex(index)
        widths.append(dialog.region.width)
    assert widths == [800, 300]
