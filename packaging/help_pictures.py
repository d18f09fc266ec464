"""Take the pictures of the user guide: real windows on slides that the program draws itself.

    python3 packaging/dev.py pictures [NAME …]     all of them, or those named

They are written to resources/help/pictures. What was drawn for them stays in the folder for
temporary files, so that taking some of them again is quick. LOOK at every new picture.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from help_areas import brush, holes, simplify, wand
from help_drawing import correcting, drawing
from help_groups import groups
from help_list import annotation_list
from help_prediction import (
    improving,
    metrics,
    predict_with,
    predictions,
    reading_blind,
    regions,
    review_grid,
    reviewing,
    tile,
)
from help_reports import report, worklist_export
from help_slides import make_slides, map_beside
from help_stage import SECONDS, Stage, framed, laid_over, pause, save, side_by_side
from help_training import training
from help_views import aligning, swipe, two_views
from PySide6.QtCore import QLocale, QRect, QSettings, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDockWidget

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.slide.masks import MaskSummary
from slideviewer.ui import settings, theme
from slideviewer.ui.go_to_dialog import GoToDialog
from slideviewer.ui.launch import application, wait_until
from slideviewer.ui.masks.export_dialog import ExportMaskDialog
from slideviewer.ui.masks.import_dialog import ImportMaskDialog
from slideviewer.ui.preferences import Preferences
from slideviewer.ui.rulers import Ruler

TARGET = Path(__file__).resolve().parent.parent / "resources" / "help" / "pictures"
WORK = Path(tempfile.gettempdir()) / "slideviewer-pictures"

_log = logging.getLogger("pictures")


def window(stage: Stage) -> QImage:
    """All of the window, with markup and prediction."""
    stage.open(stage.slides.first, prediction=True)
    pause(1500)  # the small pictures in the tray come one after the other
    return stage.picture()


def palette(stage: Stage) -> QImage:
    """Some letters typed into the command palette."""
    stage.open(stage.slides.first, prediction=True)
    stage.hide_panels()
    stage.do("command_palette")
    stage.window.command_palette.line.setText("pict")
    return stage.picture(QRect(0, 0, 1000, 420))


def overview(stage: Stage) -> QImage:
    """The overview in its corner."""
    stage.open(stage.slides.first)
    stage.go(0.52, 0.45, 5)
    return stage.corner(QSize(480, 300), at_right=True)


def rotated(stage: Stage) -> QImage:
    """A turned slide, and the box in the overview turned with it."""
    stage.open(stage.slides.first)
    stage.hide_panels()
    stage.go(0.5, 0.45, 4)
    stage.window.canvas.turn_to(30)
    stage.settle()
    return stage.corner(QSize(620, 390), at_right=True)


def adjust(stage: Stage) -> QImage:
    """The Adjust panel beside what it does."""
    stage.open(stage.slides.first)
    stage.go(0.45, 0.5, 2.5)
    stage.do("adjust")
    panel = stage.window.looks.adjust
    panel.boxes["contrast"].setValue(1.45)
    panel.boxes["brightness"].setValue(-0.1)
    stage.settle()
    return stage.right(QSize(700, 360))


def channels(stage: Stage) -> QImage:
    """A fluorescence slide and its channels."""
    stage.open(stage.slides.channels)
    stage.go(0.5, 0.5, 10)
    return stage.right(QSize(760, 620))


def layers(stage: Stage) -> QImage:
    """The Layers panel."""
    stage.open(stage.slides.first, prediction=True)
    stage.go(0.5, 0.45, 2.5)
    return stage.right(QSize(640, 480))


def grid(stage: Stage) -> QImage:
    """The grid, and two rulers."""
    stage.open(stage.slides.first)
    stage.hide_panels()
    stage.go(0.5, 0.45, 10)
    stage.do("show_grid")
    seen = stage.window.canvas.viewpoint.visible
    for x1, y1, x2, y2 in ((0.12, 0.2, 0.35, 0.3), (0.45, 0.6, 0.45, 0.28)):
        stage.window.aids.rulers.lay_down(
            Ruler(
                seen.x + x1 * seen.width,
                seen.y + y1 * seen.height,
                seen.x + x2 * seen.width,
                seen.y + y2 * seen.height,
            )
        )
    stage.settle()
    return stage.corner(QSize(620, 390))


def go_to(stage: Stage) -> QImage:
    """The dialog that asks where to go."""
    stage.open(stage.slides.first)
    return framed(GoToDialog(stage.slide, "1.6 mm, 1.2 mm @20x", stage.window))


def bookmarks(stage: Stage) -> QImage:
    """The Bookmarks panel, and the place of one of them."""
    stage.open(stage.slides.first)
    marking = stage.window.aids.bookmarking
    for name, x, y in (("Mitosis?", 0.4, 0.4), ("Edge of the nest", 0.55, 0.5), ("Fat", 0.2, 0.8)):
        stage.go(x, y, 10)
        marking.add(name)
    stage.do("bookmarks")
    marking.panel.list.setCurrentRow(1)
    marking.panel.note.setPlainText("Compare with the other section.")
    for title in ("Layers", "Adjust"):
        dock = stage.window.findChild(QDockWidget, title)
        assert dock is not None
        dock.close()
    stage.window.resize(680, 520)
    stage.go(0.55, 0.5, 10)
    place = stage.place_of(stage.window.views)
    return stage.picture(QRect(0, place.top(), stage.window.width(), place.height()))


def slide_info(stage: Stage) -> QImage:
    """What the file says."""
    stage.open(stage.slides.first)
    stage.do("slide_info")
    info = stage.window.aids.windows.info
    assert info is not None
    info.resize(820, 470)
    return framed(info)


def tray(stage: Stage) -> QImage:
    """The slides of a folder, and those opened last on the empty window."""
    slides = stage.slides
    for path in (slides.section, slides.channels, slides.mapped, slides.first):
        stage.open(path)
    stage.restart()
    stage.window.files.open_all([slides.folder])
    pause(3000)  # the small pictures come one after the other
    return stage.picture()


def likelihood_map(stage: Stage) -> QImage:
    """A likelihood map over its slide, and its row in the Layers panel."""
    stage.open(stage.slides.mapped)
    stage.window.aids.maps.show(map_beside(stage.slides.mapped))
    wait_until(lambda: bool(stage.window.aids.maps.layers), SECONDS)
    stage.settle()
    return stage.right(QSize(820, 560))


def problems(stage: Stage) -> QImage:
    """Damaged tiles, and the list of them."""
    stage.open(stage.slides.damaged)
    stage.hide_panels()
    stage.go(0.5, 0.57, 16)
    stage.do("slide_problems")
    dialog = stage.window.aids.windows.problems
    assert dialog is not None
    dialog.resize(900, 200)
    stage.settle()
    views = stage.picture(stage.window.views)
    part = views.copy(60, 0, views.width() - 60, 440)  # so much tissue takes many bytes
    return laid_over(part, framed(dialog))


def masks(stage: Stage) -> QImage:
    """The dialogs that make a mask of annotations, and annotations of a mask."""
    stage.open(stage.slides.first)
    groups = (Group("Tumor"), Group("Front", "Tumor"), Group("Tumor (hole)", "Tumor"))
    shapes = (Annotation("", Kind.POLYGON, as_points([]), group.name) for group in groups * 3)
    export = ExportMaskDialog(stage.slide, AnnotationSet.of(shapes, groups), stage.window)
    export.resolution.setCurrentIndex(2)
    summary = MaskSummary((768, 640), {1: 48210, 2: 3907}, {1: "Tumor", 2: "Necrosis"})
    path = stage.slides.first.with_name("mask.tif")
    return side_by_side(
        framed(export), framed(ImportMaskDialog(path, summary, stage.slide, [], stage.window))
    )


def preferences(stage: Stage) -> QImage:
    """Both pages of the preferences, as they are at the first start."""
    settings.write(settings.ANIMATE, True)
    dialog = Preferences(stage.window)
    dialog.resize(560, 560)
    general = framed(dialog)
    dialog.pages.setCurrentIndex(1)
    dialog.keys_page.choose("go_to")
    return side_by_side(general, framed(dialog))


def dark(stage: Stage) -> QImage:
    """The window on a dark system."""
    return _in_the_dark(stage, window)


def reviewing_dark(stage: Stage) -> QImage:
    """The Review panel on a dark system."""
    return _in_the_dark(stage, reviewing)


def _in_the_dark(stage: Stage, take: Callable[[Stage], QImage]) -> QImage:
    app = application()
    app.setPalette(theme.palette(Qt.ColorScheme.Dark))
    try:
        return take(stage)
    finally:
        app.setPalette(theme.palette(Qt.ColorScheme.Light))


PICTURES = {
    take.__name__.replace("_", "-"): take
    for take in (
        *(window, palette, overview, rotated, adjust, channels, layers, grid, go_to),
        *(bookmarks, slide_info, two_views, aligning, swipe, tray, likelihood_map, problems),
        *(masks, drawing, correcting, annotation_list, groups, brush, wand, simplify, holes),
        *(predict_with, predictions, tile, regions, reviewing, review_grid, reading_blind),
        *(metrics, improving, training, preferences, dark, reviewing_dark, report, worklist_export),
    )
}
"""What each picture is called, without its ending."""


def main(names: list[str]) -> int:
    """Take the pictures of these names, or all."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    unknown = sorted(set(names) - PICTURES.keys())
    if unknown:
        _log.error("No such picture: %s. There are: %s", ", ".join(unknown), ", ".join(PICTURES))
        return 2
    os.environ.update(
        QT_QPA_PLATFORM="offscreen", QT_SCALE_FACTOR="1", SLIDEVIEWER_DATA_DIR=str(WORK / "data")
    )
    for left_over in ("data", "settings"):
        shutil.rmtree(WORK / left_over, ignore_errors=True)
    slides = make_slides(WORK)
    TARGET.mkdir(parents=True, exist_ok=True)
    QLocale.setDefault(QLocale("en_GB"))
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    scope = QSettings.Scope.UserScope
    QSettings.setPath(QSettings.Format.IniFormat, scope, str(WORK / "settings"))
    application()
    for name in names or PICTURES:
        stage = Stage(slides)
        picture = PICTURES[name](stage)
        stage.close()
        size = save(TARGET / f"{name}.png", picture)
        _log.info("%s: %d x %d, %d kB", name, picture.width(), picture.height(), size // 1000)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
