"""QPTIFF files in their vendor's layout: a page for each channel and level, pictures between."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from slideviewer.slide import Spacing, open_slide
from slideviewer.slide.channel_colours import Label
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.qptiff import qptiff_page
from slideviewer.slide.tiled_tiff import TiledTiff

RNG = np.random.default_rng(6)
NAMES = ("DAPI", "Opal 520", "Opal 690")
COLOURS = ("0,0,255", "0,255,0", "255,0,0")
CHANNELS = RNG.integers(0, 3000, (3, 400, 600), np.uint16)
THUMBNAIL = RNG.integers(0, 256, (40, 60, 3), np.uint8)
LABEL = RNG.integers(0, 256, (30, 30, 3), np.uint8)
BRIGHT = RNG.integers(0, 256, (400, 600, 3), np.uint8)


def header(kind: str, name: str = "", colour: str = "", marker: str = "") -> bytes:
    """A page's header; the scan profile in it has names of its own."""
    said = "".join(
        f"<{tag}>{word}</{tag}>"
        for tag, word in (("Name", name), ("Biomarker", marker), ("Color", colour))
        if word
    )
    return (
        '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription>'
        f"<DescriptionVersion>2</DescriptionVersion><ImageType>{kind}</ImageType>"
        "<AcquisitionSoftware>VectraScan 1.0.0</AcquisitionSoftware>"
        "<ScanProfile><root><Name>profile</Name><Color>9,9,9</Color></root></ScanProfile>"
        f"{said}</PerkinElmer-QPI-ImageDescription>"
    ).encode()


def write(path: Path, levels: list[np.ndarray], tile: tuple[int, int] | None = (128, 128)) -> None:
    """Write full resolution, thumbnail, reduced resolutions, overview, label, in this order."""
    with tifffile.TiffWriter(path) as file:

        def add(pixels: np.ndarray, description: bytes, tiled: bool) -> None:
            file.write(
                pixels,
                description=description,
                metadata=None,
                software="PerkinElmer-QPI",
                tile=tile if tiled else None,
                compression="lzw",
                photometric="rgb" if pixels.shape[-1] == 3 else "minisblack",
                resolution=(20000, 20000),
                resolutionunit="CENTIMETER",
            )

        for number, level in enumerate(levels):
            kind = "ReducedResolution" if number else "FullResolution"
            if level.shape[-1] == 3:
                add(level, header(kind), True)
            else:
                for plane, name, colour in zip(level, NAMES, COLOURS, strict=True):
                    add(plane, header(kind, name, colour), True)
            if not number:
                add(THUMBNAIL, header("Thumbnail"), False)
        add(THUMBNAIL[::-1], header("Overview"), False)
        add(LABEL, header("Label"), False)


def test_channels_levels_and_pictures_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.qptiff"
    levels = [CHANNELS, CHANNELS[:, ::2, ::2], CHANNELS[:, ::4, ::4]]
    write(path, levels)
    slide = open_slide(path)
    assert isinstance(slide, TiledTiff)
    assert slide.vendor == "qptiff"
    assert slide.spacing == Spacing(0.5, 0.5)
    assert [channel.name for channel in slide.channels] == list(NAMES)
    assert [channel.colour for channel in slide.channels] == [(0, 0, 255), (0, 255, 0), (255, 0, 0)]
    assert [level.downsample for level in slide.pyramid.levels] == [1, 2, 4]
    for number, level in enumerate(levels):
        read = slide.read_channels(number, 0, 0, level.shape[2], level.shape[1])
        assert np.array_equal(read, np.moveaxis(level, 0, -1))
    assert set(slide.associated_names) == {"thumbnail", "macro", "label"}
    assert np.array_equal(slide.associated_image("thumbnail"), THUMBNAIL)
    assert np.array_equal(slide.associated_image("macro"), THUMBNAIL[::-1])
    assert np.array_equal(slide.associated_image("label"), LABEL)
    assert slide.read_region(2, 0, 0, 150, 100).shape == (100, 150, 3)


def test_bright_field_has_levels_and_no_channels(tmp_path: Path) -> None:
    path = tmp_path / "bright.qptiff"
    write(path, [BRIGHT, np.ascontiguousarray(BRIGHT[::2, ::2])])
    slide = open_slide(path)
    assert slide.vendor == "qptiff"
    assert slide.channels == ()
    assert len(slide.pyramid.levels) == 2
    assert np.array_equal(slide.read_region(0, 0, 0, 600, 400), BRIGHT)


def test_an_incomplete_level_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cut.qptiff"
    with tifffile.TiffWriter(path) as file:
        for number, plane in enumerate([*CHANNELS, *CHANNELS[:2, ::2, ::2]]):
            kind = "FullResolution" if number < 3 else "ReducedResolution"
            file.write(plane, description=header(kind, f"c{number}"), metadata=None, tile=(64, 64))
    slide = open_slide(path)
    assert len(slide.pyramid.levels) == 1
    assert len(slide.channels) == 3


def test_a_flat_component_file_has_its_channels(tmp_path: Path) -> None:
    path = tmp_path / "component.tif"
    components = CHANNELS.astype(np.float32) / 100
    write(path, [components], tile=None)
    slide = open_slide(path)
    assert isinstance(slide, PictureSlide)
    assert np.array_equal(slide.read_channels(0, 0, 0, 600, 400), np.moveaxis(components, 0, -1))
    assert [channel.name for channel in slide.channels] == list(NAMES)


@pytest.mark.parametrize(
    ("text", "beside", "label"),
    [
        (
            header("FullResolution", "Opal 520", "1,2,3", "CD8"),
            "",
            Label("CD8 (Opal 520)", (1, 2, 3)),
        ),
        (header("FullResolution", "DAPI", "", "DAPI"), "", Label("DAPI")),
        (header("Label", "x", "1,2"), "label", Label("x")),
        (header("Overview", "x", "1,2,256"), "macro", Label("x")),
        (b"<PerkinElmer-QPI-ImageDescription", "", Label()),
        (b'<!DOCTYPE a [<!ENTITY e "f">]>' + header("Label", "&e;")[39:], "", Label()),
    ],
)
def test_what_a_page_says_of_itself(text: bytes, beside: str, label: Label) -> None:
    page = qptiff_page(text.decode())
    assert (page.beside, page.label) == (beside, label)
