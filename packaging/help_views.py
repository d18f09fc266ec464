"""The guide's pictures of several views."""

from __future__ import annotations

import cv2
from help_slides import SHIFT_PX, TURN_DEGREES
from help_stage import SECONDS, Stage
from PySide6.QtGui import QImage

from slideviewer.ui.launch import wait_until


def two_views(stage: Stage) -> QImage:
    """Prediction left, markup right, at the same place."""
    stage.open(stage.slides.first, prediction=True)
    stage.hide_panels()
    views = stage.window.views
    stage.do("view_grid_1x2")
    left, right = views.views
    left.markup.visible, right.cells.visible = False, False
    views.activate(left)
    stage.go(0.45, 0.45, 1.9)
    return stage.picture(views)


def aligning(stage: Stage) -> QImage:
    """Two sections of one tissue, and the third pair of places half done."""
    stage.open(stage.slides.first)
    stage.hide_panels()
    views, comparing = stage.window.views, stage.window.comparing
    stage.do("view_grid_1x2")
    comparing.open_in(views.views[1], stage.slides.section)
    wait_until(lambda: not views.views[1].shows_session, SECONDS)
    stage.settle()
    stage.do("align_views")
    first, second = (view.slide for view in views.views)
    assert first is not None and second is not None
    width, height = second.pyramid.width, second.pyramid.height
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), TURN_DEGREES, 1.0)
    turn[:, 2] += SHIFT_PX
    marks, downsample = comparing.aligning.landmarks, first.pyramid.width / width
    for x, y in ((0.35, 0.4), (0.62, 0.35), (0.5, 0.7)):
        at = x * width, y * height
        marks.add(0, downsample * at[0], downsample * at[1])
        if y < 0.5:
            marks.add(1, *map(float, turn @ (*at, 1.0)))
    comparing.aligning.bar.mirrored_wanted.emit(False)
    stage.settle()
    return stage.picture(views)


def swipe(stage: Stage) -> QImage:
    """The slide with and without what lies over it."""
    stage.open(stage.slides.first, prediction=True)
    stage.hide_panels()
    stage.go(0.45, 0.45, 2.2)
    stage.do("swipe")
    stage.settle()
    return stage.picture(stage.window.views)
