"""The picture of the Training panel: the form filled in, and a real training under way."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from help_stage import SECONDS, Stage, pause, side_by_side
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, write_asap
from slideviewer.slide.synthetic import generate_slide
from slideviewer.ui.launch import wait_until

COUNT, SIZE = 4, (6144, 4608)
EPOCHS_SHOWN = 6
QUICK = "--rule centre --few 0 --tiles-per-slide 60 --validation-fraction 0.25"


def training(stage: Stage) -> QImage:
    """The form, and beside it the same panel after some epochs."""
    folder, model = stage.slides.folder.with_name("cases"), "my-tumour"
    shutil.rmtree(folder.with_name(model), ignore_errors=True)
    stage.open(_cases(folder))
    with contextlib.chdir(folder.parent):  # where the pictures are taken is nobody's concern
        return _taken(stage, folder.name, model)


def _taken(stage: Stage, data: str, model: str) -> QImage:
    stage.do("training")
    control, window = stage.window.training, stage.window
    panel = control.panel
    wait_until(panel.form.offer.isVisible, SECONDS)
    panel.form.offer.click()
    for option, text in (("--data", data), ("--name", model), ("--out", model)):
        line = panel.form.fields[option].box
        line.setText(text)  # type: ignore[union-attr]
    panel.form.fields["--patch-size"].set_value(64)
    panel.form.fields["--spacing"].set_value(1.0)
    panel.form.fields["--epochs"].set_value(12)
    window.resize(window.width(), 920)
    stage.settle()
    asked = stage.picture(_place(stage))
    panel.form.further.setText(QUICK)
    panel.form.start.click()
    wait_until(lambda: len(_epochs(stage)) >= EPOCHS_SHOWN, 10 * SECONDS)
    pause(1000)
    seen = stage.picture(_place(stage))
    control.stop()
    wait_until(lambda: control.phase is not None and not control.phase.is_active, SECONDS)
    return side_by_side(asked, seen)


def _epochs(stage: Stage) -> list[int]:
    lines = stage.window.training.panel.run.loss.lines
    return [epoch for line in lines if line.is_held_out for epoch, _ in line.points]


def _place(stage: Stage) -> QRect:
    """Where the panel is in the window."""
    return stage.place_of(stage.window.training.panel)


def _cases(folder: Path) -> Path:
    """Some slides with their nests marked; gives the first one."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"patient_{number}.tif" for number in range(1, COUNT + 1)]
    for seed, path in enumerate(paths, 20):
        if path.with_suffix(".xml").exists():
            continue
        made = generate_slide(path, seed=seed, size=SIZE)
        shapes = [Annotation("", Kind.POLYGON, nest, "Tumor") for nest in made.nests]
        write_asap(AnnotationSet.of(shapes, [Group("Tumor")]), path.with_suffix(".xml"))
    return paths[0]
