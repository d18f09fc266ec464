"""Plain pictures as slides: every kind of pixel, the right way up, safely bounded."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from slideviewer.errors import SlideError
from slideviewer.slide import Slide, Spacing, UnknownSpacing, open_slide
from slideviewer.slide.picture import MAX_PICTURE_PX, Picture, upright
from slideviewer.slide.picture_slide import PictureSlide

RAMP = np.linspace(0, 255, 40 * 30 * 3).astype(np.uint8).reshape(30, 40, 3)
GREY = np.ascontiguousarray(RAMP[..., 0])


def all_of(slide: Slide) -> np.ndarray:
    return slide.read_region(0, 0, 0, slide.pyramid.width, slide.pyramid.height)


@pytest.mark.parametrize("name", ["ramp.png", "ramp.bmp", "ramp.tif", "Rämp 😐.PNG"])
def test_lossless_pictures_keep_their_pixels(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(RAMP).save(path)
    slide = open_slide(path)
    assert isinstance(slide, Slide)
    assert np.array_equal(all_of(slide), RAMP)
    assert isinstance(slide.spacing, UnknownSpacing)
    assert slide.bounds == slide.pyramid.extent
    assert slide.associated_names == ()
    with pytest.raises(KeyError):
        slide.associated_image("label")
    slide.close()


def test_grey_alpha_palette_and_two_tones_become_rgb_over_white(tmp_path: Path) -> None:
    half = np.full_like(GREY, 128)
    over_white = np.rint(GREY * (128 / 255) + 255 * (127 / 255)).astype(np.uint8)
    pictures = {
        "grey": (Image.fromarray(GREY), GREY),
        "grey and alpha": (Image.fromarray(np.dstack([GREY, half]), "LA"), over_white),
        "clear": (Image.fromarray(np.dstack([RAMP, np.zeros_like(GREY)])), np.full_like(GREY, 255)),
        "palette": (Image.fromarray(GREY).convert("P"), GREY),
        "two tones": (Image.fromarray(GREY > 99), np.where(GREY > 99, 255, 0)),
    }
    for name, (picture, expected) in pictures.items():
        path = tmp_path / f"{name}.png"
        picture.save(path)
        assert np.array_equal(all_of(open_slide(path)), np.dstack([expected] * 3)), name


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (RAMP, {"photometric": "rgb", "compression": "lzw"}),
        (np.moveaxis(RAMP, -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        (RAMP.astype(np.uint16) * 257, {"photometric": "rgb"}),
        (RAMP.astype(np.uint16) * 257, {"photometric": "rgb", "tile": (16, 16)}),
        (RAMP, {"photometric": "rgb", "tile": (16, 16), "compression": "zlib"}),
        (RAMP, {"photometric": "rgb", "tile": (16, 16), "compression": "jpegxl"}),
    ],
)
def test_tiff_kinds(tmp_path: Path, pixels: np.ndarray, options: dict[str, object]) -> None:
    path = tmp_path / "ramp.tif"
    tifffile.imwrite(path, pixels, **options)
    assert np.array_equal(all_of(open_slide(path)), RAMP)


def test_grey_tiff_kinds(tmp_path: Path) -> None:
    colours = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
    kinds = {
        "white is zero": (255 - GREY, {"photometric": "miniswhite"}),
        "palette": (GREY, {"photometric": "palette", "colormap": colours}),
        "one sample": (GREY[..., None], {"photometric": "minisblack", "tile": (16, 16)}),
    }
    for name, (pixels, options) in kinds.items():
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, pixels, **options)
        slide = open_slide(path)
        assert np.array_equal(all_of(slide), np.dstack([GREY] * 3)), name
        assert slide.channels == ()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (RAMP.astype(np.float64), "float64"),
        (GREY.astype(np.int16), "int16"),
        (GREY.astype(np.uint32), "uint32"),
    ],
)
def test_tiff_kinds_that_are_refused(tmp_path: Path, pixels: np.ndarray, words: str) -> None:
    path = tmp_path / "odd.tif"
    options = {"planarconfig": "contig"} if pixels.ndim == 3 else {}
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)
    with pytest.raises(SlideError, match=words) as caught:
        open_slide(path)
    assert "save it as RGB" in caught.value.remedy


@pytest.mark.parametrize("tiled", [False, True])
def test_ome_tiff_states_its_spacing(tmp_path: Path, tiled: bool) -> None:
    path = tmp_path / "a.ome.tif"
    sizes = {"PhysicalSizeX": 250.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.5, "axes": "YXS"}
    tile = (16, 16) if tiled else None
    tifffile.imwrite(path, RAMP, photometric="rgb", tile=tile, metadata=sizes)
    assert open_slide(path).spacing == Spacing(0.25, 0.5)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_pictures_stand_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    path = tmp_path / f"turned.{kind}"
    exif = Image.Exif()
    exif[274] = orientation
    if kind == "tif":
        tifffile.imwrite(path, RAMP, photometric="rgb", extratags=[(274, "H", 1, orientation)])
        expected = upright(RAMP, orientation)
    else:
        Image.fromarray(RAMP).save(path, exif=exif)
        with Image.open(path) as picture:
            expected = np.asarray(ImageOps.exif_transpose(picture))
    slide = open_slide(path)
    assert np.array_equal(all_of(slide), expected)
    assert slide.properties["picture.orientation"] == str(orientation)


def test_a_picture_zooms_like_a_slide() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1501, 2003, 3), np.uint8)
    slide = PictureSlide(Path("noise.png"), Picture(pixels, "png"))
    sizes = [(level.width, level.height) for level in slide.pyramid.levels]
    assert sizes == [(2003, 1501), (1001, 750), (500, 375)]
    assert [round(level.downsample) for level in slide.pyramid.levels] == [1, 2, 4]
    coarse = slide.read_region(2, 0, 0, 500, 375)
    assert np.allclose(coarse.mean((0, 1)), pixels.mean((0, 1)), atol=1)
    assert slide.thumbnail(100).shape == (75, 100, 3)
    assert slide.thumbnail(9999).shape == pixels.shape


@given(x=st.integers(-50, 60), y=st.integers(-50, 60), w=st.integers(0, 70), h=st.integers(0, 70))
def test_regions_beyond_the_border_are_white(x: int, y: int, w: int, h: int) -> None:
    slide = PictureSlide(Path("ramp.png"), Picture(RAMP, "png"))
    padded = np.full((220, 240, 3), 255, np.uint8)
    padded[80:110, 80:120] = RAMP
    region = slide.read_region(0, x, y, w, h)
    assert np.array_equal(region, padded[y + 80 : y + 80 + h, x + 80 : x + 80 + w])


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def test_a_picture_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_that_claims(100_000, MAX_PICTURE_PX // 100_000 + 1))
    with pytest.raises(SlideError, match="too many to open in one piece") as caught:
        open_slide(path)
    assert "tiled TIFF" in caught.value.remedy
    tiff = tmp_path / "bomb.tif"
    tifffile.imwrite(tiff, RAMP, photometric="rgb")
    with tifffile.TiffFile(tiff, mode="r+") as file:
        file.pages.first.tags["ImageWidth"].overwrite(30_000_000)
    with pytest.raises(SlideError, match="30000000 x 30 pixels"):
        open_slide(tiff)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "tif"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_pictures_cut_off_are_refused(tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / f"whole.{kind}"
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    part = tmp_path / f"part.{kind}"
    part.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SlideError, match=r"cut off|cannot be read|damaged") as caught:
        open_slide(part)
    assert caught.value.path == part


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "tif"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8))
def test_damage_of_any_kind_is_a_slide_error_or_pixels(
    tmp_path: Path, kind: str, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / f"whole.{kind}"
    if not path.exists():
        Image.fromarray(RAMP).save(path)
    damaged = bytearray(path.read_bytes())
    for place, value in changes:
        damaged[place % len(damaged)] = value
    part = tmp_path / f"damaged.{kind}"
    part.write_bytes(damaged)
    try:
        slide = open_slide(part)
        assert slide.read_region(0, 0, 0, 20, 20).shape == (20, 20, 3)
    except SlideError as error:
        assert error.path == part


def test_the_real_field_images_open(real_data: Path) -> None:
    slide = open_slide(real_data / "lung" / "Original" / "18_KO_FLU_1.jpg")
    assert (slide.pyramid.width, slide.pyramid.height) == (1392, 1040)
    assert slide.vendor == "jpeg"
