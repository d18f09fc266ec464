"""Pictures of what is shown and of parts of the slide: exact, sharp, honest and cancellable."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, settle

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import Cancelled, SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Step, silent
from slideviewer.slide import Spacing
from slideviewer.slide import open_slide as open_any
from slideviewer.ui import region_export, settings, view_picture
from slideviewer.ui.region_export import Region, save_region
from slideviewer.ui.save_region import SaveRegionDialog
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
    window.prediction.start()
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
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_slide(made_slide)
    target = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))

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


def test_many_bands_make_one_picture(
    made_slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = open_any(made_slide)
    region = Region.of(slide, Rect(500, 500, 333, 222), 0)
    monkeypatch.setattr(region_export, "BAND_PX", 333 * 7)
    steps: list[Step] = []
    save_region(made_slide, region, tmp_path / "a.png", steps.append)
    assert len(steps) == 32
    assert steps[-1].done == steps[-1].total == 222
    assert np.array_equal(as_pixels(tmp_path / "a.png"), slide.read_region(0, 500, 500, 333, 222))
    slide.close()


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


def test_a_region_is_saved_from_the_menu_and_the_slide_itself_is_safe(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_slide(made_slide)
    target = tmp_path / "part.png"
    monkeypatch.setattr(SaveRegionDialog, "exec", lambda dialog: QDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))
    window.named_actions["save_region"].trigger()
    qtbot.waitUntil(
        lambda: any("Saved part.png" in it for it in window.notices.texts), timeout=20_000
    )
    assert target.exists()
    before = made_slide.read_bytes()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(made_slide), ""))
    monkeypatch.setattr(SaveRegionDialog, "suffix", property(lambda dialog: ".tif"))
    window.named_actions["save_region"].trigger()
    assert any("slide itself" in text for text in window.notices.texts)
    assert made_slide.read_bytes() == before
