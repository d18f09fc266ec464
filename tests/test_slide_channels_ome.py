"""OME-TIFF: every level, channel and kind of number, and headers that are odd or hostile."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer.errors import SlideError
from slideviewer.slide import Slide, Spacing, UnknownSpacing, composite, open_slide
from slideviewer.slide.channels import automatic_looks
from slideviewer.slide.ome import MAX_CHANNELS, ome_images
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.tiled_tiff import TiledTiff

RNG = np.random.default_rng(5)
CYX = RNG.integers(0, 4000, (3, 300, 500), np.uint16)
RGB = RNG.integers(0, 256, (300, 500, 3), np.uint8)
TILE = (64, 64)


def halves(pixels: np.ndarray, axes: str, levels: int) -> list[np.ndarray]:
    """The picture and every second pixel of it, again and again."""
    made = [pixels]
    for _ in range(levels - 1):
        cut: list[slice] = [slice(None)] * pixels.ndim
        cut[axes.index("Y")] = cut[axes.index("X")] = slice(None, None, 2)
        made.append(np.ascontiguousarray(made[-1][tuple(cut)]))
    return made


def write(
    path: Path, pixels: np.ndarray, axes: str, levels: int = 3, **options: Any
) -> list[np.ndarray]:
    """Write an OME-TIFF whose levels are SubIFDs; give the levels."""
    header = {"axes": axes, "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}
    header |= options.pop("header", {})
    options = {"tile": TILE, **options}
    made = halves(pixels, axes, levels)
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(made[0], subifds=levels - 1, metadata=header, **options)
        for smaller in made[1:]:
            file.write(smaller, subfiletype=1, **options)
    return made


def channels_last(pixels: np.ndarray) -> np.ndarray:
    return np.moveaxis(pixels, 0, -1)


def all_channels(slide: Slide, level: int = 0) -> np.ndarray:
    at = slide.pyramid.levels[level]
    return slide.read_channels(level, 0, 0, at.width, at.height)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib", "predictor": True}, {"compression": "lzw", "byteorder": ">"}],
)
def test_all_levels_of_all_channels_are_read_exactly(
    tmp_path: Path, dtype: str, options: dict[str, Any]
) -> None:
    path = tmp_path / "a.ome.tif"
    names = {"Channel": {"Name": ["DAPI", "FITC", "Cy5"], "Color": [0x0000FFFF, -16776961, 65535]}}
    scale = {"uint8": 16, "uint16": 1, "float32": 4000}[dtype]
    pixels = (CYX / scale).astype(dtype)
    byteorder = options.pop("byteorder", "<") if "byteorder" in options else "<"
    made = halves(pixels, "CYX", 3)
    header = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25, **names}
    with tifffile.TiffWriter(path, ome=True, byteorder=byteorder) as file:
        file.write(made[0], subifds=2, metadata=header, tile=TILE, **options)
        for smaller in made[1:]:
            file.write(smaller, subfiletype=1, tile=TILE, **options)
    slide = open_slide(path)
    assert isinstance(slide, TiledTiff)
    assert isinstance(slide, Slide)
    assert slide.vendor == "ome-tiff"
    assert slide.spacing == Spacing(0.5, 0.25)
    assert [(level.width, level.height) for level in slide.pyramid.levels] == [
        (500, 300),
        (250, 150),
        (125, 75),
    ]
    assert [level.downsample for level in slide.pyramid.levels] == [1, 2, 4]
    for number, level in enumerate(made):
        read = all_channels(slide, number)
        assert read.dtype == np.dtype(dtype)
        assert np.array_equal(read, channels_last(level))
    assert [channel.name for channel in slide.channels] == ["DAPI", "FITC", "Cy5"]
    assert [channel.colour for channel in slide.channels] == [(0, 0, 255), (255, 0, 0), (0, 0, 255)]
    slide.close()
    with pytest.raises(SlideError, match="closed"):
        slide.read_channels(0, 400, 200, 60, 60)


@given(
    x=st.integers(-80, 520),
    y=st.integers(-80, 320),
    w=st.integers(1, 200),
    h=st.integers(1, 200),
    level=st.integers(0, 1),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_region_has_zeros_beyond_the_border_and_its_picture_white(
    tmp_path: Path, x: int, y: int, w: int, h: int, level: int
) -> None:
    path = tmp_path / "a.ome.tif"
    if not path.exists():
        write(path, CYX, "CYX", levels=2)
    slide = open_slide(path)
    pixels = channels_last(halves(CYX, "CYX", 2)[level])
    padded = np.zeros((1000, 1000, 3), np.uint16)
    padded[300 : 300 + pixels.shape[0], 300 : 300 + pixels.shape[1]] = pixels
    region = slide.read_channels(level, x, y, w, h)
    assert np.array_equal(region, padded[300 + y : 300 + y + h, 300 + x : 300 + x + w])
    picture = np.full((1000, 1000, 3), 255, np.uint8)
    picture[300 : 300 + pixels.shape[0], 300 : 300 + pixels.shape[1]] = composite(
        pixels, automatic_looks(slide.channels)
    )
    shown = slide.read_region(level, x, y, w, h)
    assert np.array_equal(shown, picture[300 + y : 300 + y + h, 300 + x : 300 + x + w])
    slide.close()


def test_an_rgb_pyramid_in_subifds_has_all_its_levels(tmp_path: Path) -> None:
    path = tmp_path / "rgb.ome.tif"
    made = write(path, RGB, "YXS", photometric="rgb")
    slide = open_slide(path)
    assert slide.channels == ()
    assert len(slide.pyramid.levels) == 3
    for number, level in enumerate(made):
        height, width = level.shape[:2]
        assert np.array_equal(slide.read_region(number, 0, 0, width, height), level)
    with pytest.raises(ValueError, match="no channels"):
        slide.read_channels(0, 0, 0, 1, 1)
    flat = open_slide(path)
    assert (flat.read_region(0, -3, 0, 3, 3) == 255).all()
    assert slide.thumbnail(100).shape == (60, 100, 3)


def test_an_rgb_pyramid_with_opacity_lies_over_white(tmp_path: Path) -> None:
    path = tmp_path / "rgba.ome.tif"
    clear = np.dstack([RGB, np.full_like(RGB[..., 0], 0)])
    clear[:, 250:, 3] = 255
    write(path, clear, "YXS", photometric="rgb", extrasamples=["unassalpha"])
    slide = open_slide(path)
    assert len(slide.pyramid.levels) == 3
    shown = slide.read_region(0, 0, 0, 501, 300)
    assert (shown[:, :250] == 255).all()
    assert np.array_equal(shown[:, 250:500], RGB[:, 250:])
    assert (shown[:, 500:] == 255).all()


def test_jpeg_tiles_and_tiles_of_several_planes(tmp_path: Path) -> None:
    smooth = np.repeat(np.repeat(RGB[::50, ::50], 50, axis=0), 50, axis=1)
    jpeg = tmp_path / "jpeg.ome.tif"
    write(jpeg, smooth, "YXS", photometric="rgb", compression="jpeg")
    shown = open_slide(jpeg).read_region(0, 0, 0, 500, 300).astype(int)
    assert np.abs(shown - smooth)[25::50, 25::50].max() < 12
    planar = tmp_path / "planar.ome.tif"
    write(
        planar,
        np.ascontiguousarray(np.moveaxis(RGB, -1, 0)),
        "SYX",
        photometric="rgb",
        planarconfig="separate",
    )
    assert np.array_equal(open_slide(planar).read_region(0, 0, 0, 500, 300), RGB)


def test_deep_colours_keep_their_hues(tmp_path: Path) -> None:
    path = tmp_path / "deep.ome.tif"
    write(path, RGB.astype(np.uint16) * 257, "YXS", photometric="rgb")
    slide = open_slide(path)
    assert [channel.name for channel in slide.channels] == ["Red", "Green", "Blue"]
    assert np.array_equal(slide.read_region(0, 0, 0, 500, 300), RGB)


def test_one_grey_channel_of_8_bits_looks_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "grey.ome.tif"
    grey = np.ascontiguousarray(RGB[..., 0] // 2)
    write(path, grey, "YX")
    slide = open_slide(path)
    assert len(slide.channels) == 1
    assert np.array_equal(slide.read_region(0, 0, 0, 500, 300), np.dstack([grey] * 3))


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX", "TCYX", "TZCYX", "CTZYX"])
def test_of_a_stack_the_first_plane_is_shown_and_said(tmp_path: Path, axes: str) -> None:
    counts = {"C": 3, "Z": 4, "T": 2, "Y": 60, "X": 50}
    pixels = RNG.integers(0, 999, [counts[axis] for axis in axes], np.uint16)
    path = tmp_path / "stack.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(pixels, metadata={"axes": axes}, tile=TILE)
    first = pixels[tuple(0 if axis in "ZT" else slice(None) for axis in axes)]
    slide = open_slide(path)
    assert np.array_equal(all_channels(slide), channels_last(first))
    notice = slide.properties["slideviewer.notice"]
    assert notice.endswith("only the first is shown.")
    assert ("4 depths" in notice) is ("Z" in axes)
    assert ("2 times" in notice) is ("T" in axes)
    assert len(slide.pyramid.levels) == 1


def test_of_several_images_the_largest_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "several.ome.tif"
    label = RGB[:40, :60]
    with tifffile.TiffWriter(path, ome=True) as file:
        options = {"photometric": "rgb", "tile": TILE}
        file.write(
            label,
            metadata={
                "axes": "YXS",
                "Name": "Label image",
                "PhysicalSizeX": 50,
                "PhysicalSizeY": 50,
            },
            **options,
        )
        file.write(
            CYX, metadata={"axes": "CYX", "PhysicalSizeX": 0.4, "PhysicalSizeY": 0.4}, tile=TILE
        )
        file.write(CYX[:2, :100, :100] + 1, metadata={"axes": "CYX"}, tile=TILE)
    slide = open_slide(path)
    assert np.array_equal(all_channels(slide), channels_last(CYX))
    assert slide.spacing == Spacing(0.4, 0.4)
    assert slide.associated_names == ("label",)
    assert np.array_equal(slide.associated_image("label"), label)
    with pytest.raises(KeyError):
        slide.associated_image("macro")


def test_later_pages_that_are_smaller_copies_are_levels(tmp_path: Path) -> None:
    path = tmp_path / "pages.ome.tif"
    made = halves(CYX, "CYX", 3)
    header = tifffile.OmeXml()
    header.addimage("uint16", CYX.shape, (3, 1, 1, 300, 500, 1), axes="CYX")
    with tifffile.TiffWriter(path) as file:
        for level, planes in enumerate(made):
            for channel, plane in enumerate(planes):
                is_first = not level and not channel
                description = header.tostring(declaration=True) if is_first else None
                file.write(
                    plane,
                    tile=TILE,
                    subfiletype=int(level > 0),
                    metadata=None,
                    description=description and description.encode(),
                )
    slide = open_slide(path)
    assert len(slide.pyramid.levels) == 3
    for number, level in enumerate(made):
        assert np.array_equal(all_channels(slide, number), channels_last(level))


def test_a_printing_resolution_is_no_spacing(tmp_path: Path) -> None:
    path = tmp_path / "printed.ome.tif"
    resolution = {"resolution": (1200, 1200), "resolutionunit": "INCH"}
    tifffile.imwrite(path, CYX, tile=TILE, metadata={"axes": "CYX"}, **resolution)
    assert isinstance(open_slide(path).spacing, UnknownSpacing)


def test_flat_files_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "flat.ome.tif"
    write(path, CYX, "CYX", levels=1, tile=None)
    slide = open_slide(path)
    assert isinstance(slide, PictureSlide)
    assert np.array_equal(all_channels(slide), channels_last(CYX))
    assert (slide.read_channels(0, -5, 295, 10, 10)[5:] == 0).all()
    assert (slide.read_region(0, -5, 295, 10, 10)[5:] == 255).all()
    assert slide.spacing == Spacing(0.5, 0.25)


def test_plain_colour_tiles_stay_with_openslide(tmp_path: Path) -> None:
    path = tmp_path / "plain.ome.tif"
    write(path, RGB, "YXS", levels=1, photometric="rgb")
    assert isinstance(open_slide(path), OpenSlideSlide)


def test_of_many_channels_only_those_shown_are_read(tmp_path: Path) -> None:
    path = tmp_path / "many.ome.tif"
    planes = RNG.integers(0, 999, (9, 70, 80), np.uint16)
    write(path, planes, "CYX", levels=1, compression="zlib")
    with tifffile.TiffFile(path) as file:
        place = file.pages[8].dataoffsets[0]
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 40)
    damaged = open_slide(path)
    looks = automatic_looks(damaged.channels)
    assert [look.visible for look in looks] == [True] * 7 + [False] * 2
    shown = composite(channels_last(planes), looks)
    assert np.array_equal(damaged.read_region(0, 0, 0, 80, 70), shown)
    with pytest.raises(SlideError, match="Level 0"):
        damaged.read_channels(0, 0, 0, 80, 70)


def test_a_damaged_tile_spoils_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    write(path, CYX, "CYX", compression="zlib")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[1].dataoffsets[0]
        coarse = file.pages[2].aspage().pages[1].dataoffsets[0]
    with path.open("r+b") as stream:
        for place in (offset, coarse):
            stream.seek(place)
            stream.write(b"\xff" * 40)
    slide = open_slide(path)
    assert len(slide.channels) == 3, "the range is found without the bad tile"
    for _ in range(2):
        with pytest.raises(SlideError, match=r"a\.ome\.tif: Level 0") as caught:
            slide.read_region(0, 0, 0, 64, 64)
        assert caught.value.remedy
    assert np.array_equal(slide.read_channels(0, 64, 0, 64, 64), channels_last(CYX)[:64, 64:128])


def test_a_tile_that_was_never_stored_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sparse.ome.tif"
    write(path, CYX[:1], "CYX", levels=1)
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages.first.tags["TileByteCounts"]
        tag.overwrite([0, *tag.value[1:]])
    read = all_channels(open_slide(path))
    assert not read[:64, :64].any()
    assert np.array_equal(read[64:], channels_last(CYX[:1])[64:])


HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/'
    '2016-06"{uuid}><Image ID="Image:0" Name="n"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" '
    'Type="uint16" SizeX="500" SizeY="300" SizeC="{c}" SizeZ="{z}" SizeT="1">{inside}</Pixels>'
    "</Image></OME>"
)


def header(inside: str = "<TiffData/>", c: int | str = 3, z: int | str = 1, uuid: str = "") -> str:
    return HEADER.format(inside=inside, c=c, z=z, uuid=uuid and f' UUID="{uuid}"')


def block(ifd: int, channel: int, uuid: str = "", name: str = "") -> str:
    own = f'<UUID FileName="{name}">{uuid}</UUID>' if name else ""
    return f'<TiffData IFD="{ifd}" FirstC="{channel}" PlaneCount="1">{own}</TiffData>'


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        (header(), (0, 1, 2)),
        (header(inside=""), (0, 1, 2)),
        (header('<TiffData IFD="4"/>'), (4, None, None)),
        (header('<TiffData IFD="4" PlaneCount="3"/>'), (4, 5, 6)),
        (header('<TiffData FirstC="1"/>'), (None, 0, 1)),
        (header(block(2, 0) + block(0, 1) + block(1, 2)), (2, 0, 1)),
        (
            header(block(0, 0, "u:1", "a.tif") + block(0, 1, "u:2", "b.tif"), uuid="u:2"),
            (None, 0, None),
        ),
        (header(block(0, 0, "u:1", "a.tif") + block(0, 1, "u:2", "b.tif")), (0, None, None)),
        (header(block(3, 0, "u:1", "renamed.tif")), (3, None, None)),
        (header(z=5, inside="<TiffData/>"), (0, 1, 2)),
        (header(z=5).replace("XYCZT", "XYZCT"), (0, 5, 10)),
    ],
)
def test_where_the_header_says_that_planes_are(text: str, pages: tuple[int | None, ...]) -> None:
    (image,) = ome_images(text, "a.tif")
    assert image.pages == pages


@pytest.mark.parametrize(
    "text",
    [
        header(c=MAX_CHANNELS + 1),
        header(c="many"),
        header(c=-1),
        header(z=0),
        header(inside='<Channel SamplesPerPixel="3"/><Channel SamplesPerPixel="1"/>'),
        header().replace("XYCZT", "XYCZ"),
        header().replace("<OME", "<TIFF").replace("/OME>", "/TIFF>"),
        header()[:-3],
        '<!DOCTYPE OME [<!ENTITY a "b">]>' + header()[38:],
        "<OME",
        "OME",
        "",
    ],
)
def test_headers_that_make_no_sense_are_passed_over(text: str) -> None:
    assert ome_images(text, "a.tif") == ()


def test_a_vast_claim_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "vast.ome.tif"
    for text in (
        header(z=10**12),
        header(c=MAX_CHANNELS, inside=f'<TiffData IFD="{10**15}"/>'),
        header(inside=f'<TiffData IFD="-{10**15}" PlaneCount="{10**18}"/>'),
    ):
        with tifffile.TiffWriter(path) as file:
            for number, plane in enumerate(CYX):
                file.write(
                    plane,
                    tile=TILE,
                    metadata=None,
                    description=text.encode() if not number else None,
                )
        slide = open_slide(path)
        assert slide.read_channels(0, 0, 0, 64, 64).shape[2] in (1, 3)


def test_channels_in_other_files_are_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    blocks = (
        block(0, 0, "u:1", "a.tif")
        + block(0, 1, "u:2", "/etc/passwd")
        + block(1, 2, "u:1", "a.tif")
    )
    with tifffile.TiffWriter(path) as file:
        for number, plane in enumerate(CYX[:2]):
            text = header(blocks, uuid="u:1").encode() if not number else None
            file.write(plane, tile=TILE, metadata=None, description=text)
    slide = open_slide(path)
    assert np.array_equal(all_channels(slide), channels_last(CYX[:2]))
    assert "1 of 3 channels" in slide.properties["slideviewer.notice"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
def test_damage_of_any_kind_is_a_slide_error_or_pixels(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / "whole.ome.tif"
    if not path.exists():
        write(path, CYX[:2, :40, :50], "CYX", levels=2, tile=(16, 16), compression="zlib")
    damaged = bytearray(path.read_bytes())
    for place, value in changes:
        damaged[place % len(damaged)] = value
    part = tmp_path / "damaged.ome.tif"
    part.write_bytes(damaged)
    try:
        slide = open_slide(part)
        assert slide.read_region(0, 0, 0, 20, 20).shape == (20, 20, 3)
        slide.close()
    except SlideError as error:
        assert error.path == part


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_files_cut_off_are_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "whole.ome.tif"
    write(path, CYX, "CYX")
    part = tmp_path / "part.ome.tif"
    part.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SlideError):
        slide = open_slide(part)
        for number, level in enumerate(slide.pyramid.levels):
            slide.read_region(number, 0, 0, level.width, level.height)
