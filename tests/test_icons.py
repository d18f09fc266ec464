"""Icons: there in every size, in the colours of the text around them or in their own."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication

from slideviewer.ui import theme
from slideviewer.ui.icons import icon


def painted(made: QIcon, side: int, mode: QIcon.Mode = QIcon.Mode.Normal) -> NDArray[np.uint8]:
    """The icon's pixels: shape (side, side, 4), blue, green, red and how solid."""
    image = made.pixmap(QSize(side, side), mode).toImage()
    image = image.convertToFormat(image.Format.Format_ARGB32)
    assert (image.width(), image.height()) == (side, side)
    return np.frombuffer(image.constBits(), np.uint8).reshape(side, side, 4).copy()


def colour(pixels: NDArray[np.uint8]) -> str:
    """The one colour of all that is solid."""
    blue, green, red = np.median(pixels[pixels[..., 3] > 200][:, :3], axis=0).astype(int)
    return QColor(int(red), int(green), int(blue)).name()


@pytest.mark.parametrize("side", [16, 32, 96])
def test_an_icon_fills_its_square_at_any_size(qapp: QApplication, side: int) -> None:
    solid = painted(icon("vector-polygon"), side)[..., 3] > 100
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    for found in (rows, columns):
        assert 0.55 * side < found[-1] - found[0] < side - 1  # large, and nothing is cut off
        assert abs(found[0] + found[-1] - side) < 0.15 * side  # in the middle


def test_an_icon_has_its_own_colour_or_that_of_the_text(qapp: QApplication) -> None:
    own, plain = icon("play-circle", "#d01010"), icon("play-circle")
    former = qapp.palette()
    try:
        for scheme in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark):
            palette = theme.palette(scheme)
            qapp.setPalette(palette)
            assert colour(painted(own, 64)) == "#d01010"
            assert colour(painted(plain, 64)) == palette.text().color().name()
            faint = palette.color(palette.ColorGroup.Disabled, palette.ColorRole.Text).name()
            for made in (own, plain):
                assert colour(painted(made, 64, QIcon.Mode.Disabled)) == faint
    finally:
        qapp.setPalette(former)


def test_an_icon_that_does_not_exist_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="no-such-icon"):
        icon("no-such-icon")
