"""Which stated spacings are believed."""

import pytest

from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.slide.spacing import spacing_from

OME = (
    '<?xml version="1.0"?><OME><Image><Pixels PhysicalSizeX="{}" PhysicalSizeXUnit="{}" '
    'PhysicalSizeY="0.25"><TiffData/></Pixels></Image></OME>'
)


def stated(x: str, y: str) -> dict[str, str]:
    return {"openslide.mpp-x": x, "openslide.mpp-y": y}


def test_a_plausible_spacing_is_believed() -> None:
    assert spacing_from(stated("0.25", "0.26"), "aperio") == Spacing(0.25, 0.26)


@pytest.mark.parametrize("um_px", ["1000.00001", "0", "-0.25", "nan", "inf", "1e-9", "0,25", ""])
def test_nonsense_is_not_believed_and_quoted(um_px: str) -> None:
    spacing = spacing_from(stated("0.25", um_px), "aperio")
    assert isinstance(spacing, UnknownSpacing)
    assert spacing.reason.startswith("the file states")


def test_half_a_statement_is_none() -> None:
    spacing = spacing_from({"openslide.mpp-x": "0.25", "openslide.objective-power": "40"}, "aperio")
    assert isinstance(spacing, UnknownSpacing)
    assert "40x" in spacing.reason


@pytest.mark.parametrize(("vendor", "known"), [("generic-tiff", False), ("aperio", True)])
def test_a_printing_resolution_is_believed_of_scanners_alone(vendor: str, known: bool) -> None:
    spacing = spacing_from(stated("84.6667", "84.6667"), vendor)
    assert isinstance(spacing, Spacing) is known


@pytest.mark.parametrize(
    ("size", "unit", "um_px"), [("250", "nm", 0.25), ("0.5", "µm", 0.5), ("0.0005", "mm", 0.5)]
)
def test_an_ome_header_comes_first(size: str, unit: str, um_px: float) -> None:
    properties = {**stated("352.8", "352.8"), "tiff.ImageDescription": OME.format(size, unit)}
    spacing = spacing_from(properties, "generic-tiff")
    assert isinstance(spacing, Spacing)
    assert spacing.x_um_px == pytest.approx(um_px)
    assert spacing.y_um_px == 0.25


@pytest.mark.parametrize(("size", "unit"), [("0.5", "pixel"), ("half", "µm")])
def test_an_ome_header_without_units_or_numbers_is_passed_over(size: str, unit: str) -> None:
    properties = {**stated("0.3", "0.3"), "tiff.ImageDescription": OME.format(size, unit)}
    assert spacing_from(properties, "generic-tiff") == Spacing(0.3, 0.3)
