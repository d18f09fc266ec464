"""Files that are damaged, hostile or changed under our hands: said, never painted."""

import os
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from slide_fast_files import (
    TILE,
    halved,
    jpeg,
    jpeg_2000,
    picture,
    set_tag,
    tile_place,
    write_encoded,
    write_tiff,
)

from slideviewer.errors import SlideError
from slideviewer.slide import Pixels, open_slide
from slideviewer.slide.open_file import FileGone
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.slide.stored_levels import StoredLevels

PICTURE = picture(512, 384)
ACROSS = 4
BAD = (2, 1)
"""Column and row of the tile that is damaged."""
NUMBER = BAD[1] * ACROSS + BAD[0]

WAYS: dict[str, Callable[[Path], Path]] = {
    "JPEG": lambda path: write_encoded(
        path,
        halved(PICTURE, 2),
        lambda tile: jpeg(tile, "ycbcr"),
        7,
        "ycbcr",
        aperio=False,
    ),
    "JPEG 2000": lambda path: write_encoded(
        path, halved(PICTURE, 2), jpeg_2000, 33005, "rgb", aperio=True
    ),
    "LZW": lambda path: write_tiff(path, halved(PICTURE, 2), compression="lzw"),
    "deflate": lambda path: write_tiff(path, halved(PICTURE, 2), compression="zlib"),
    "uncompressed": lambda path: write_tiff(path, halved(PICTURE, 2), compression=None),
}


def overwrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    at, length = tile_place(path, NUMBER)
    with path.open("r+b") as file:
        file.seek(at)
        data = change(file.read(length))
        assert len(data) == length
        file.seek(at)
        file.write(data)


def rewrite(code: int, change: Callable[[int], int]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        set_tag(path, 0, code, lambda v: v.__setitem__(NUMBER, change(v[NUMBER])))

    return damage


def shrink(tile: bytes) -> bytes:
    """A whole JPEG picture, but of half the size."""
    smaller = jpeg(picture(TILE // 2, TILE // 2), "ycbcr")
    return smaller + bytes(len(tile) - len(smaller))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "zeros": lambda path: overwrite(path, lambda data: bytes(len(data))),
    "half is zeros": lambda path: overwrite(
        path, lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
    ),
    "noise": lambda path: overwrite(path, lambda d: np.random.default_rng(1).bytes(len(d))),
    "another size": lambda path: overwrite(path, shrink),
    "cut short": rewrite(325, lambda length: length // 2),
    "one byte": rewrite(325, lambda _: 1),
    "beyond the file": rewrite(324, lambda _: 2**31),
    "across the file's end": lambda path: rewrite(324, lambda _: path.stat().st_size - 9)(path),
}
UNSEEN = {
    # Nothing in these ways of storing tells such bytes from right ones.
    ("uncompressed", "zeros"),
    ("uncompressed", "half is zeros"),
    ("uncompressed", "noise"),
    ("uncompressed", "another size"),
    ("JPEG 2000", "half is zeros"),
}
CASES = [(way, what) for way in WAYS for what in DAMAGES if (way, what) not in UNSEEN]


def tile(slide: OpenSlideSlide, column: int, row: int) -> Pixels:
    return slide.read_region(0, column * TILE, row * TILE, TILE, TILE)


def opened(path: Path) -> OpenSlideSlide:
    slide = open_slide(path)
    assert isinstance(slide, OpenSlideSlide)
    assert slide.stored.are_complete
    return slide


@pytest.mark.parametrize("is_proven", [True, False], ids=["later", "first"])
@pytest.mark.parametrize(("way", "damage"), CASES)
def test_a_damaged_tile_is_reported_and_spoils_no_other(
    tmp_path: Path, way: str, damage: str, is_proven: bool
) -> None:
    path = WAYS[way](tmp_path / "slïde.svs")
    whole = opened(path)
    expected = {place: tile(whole, *place) for place in ((0, 0), (1, 1), (3, 2))}
    whole.close()
    DAMAGES[damage](path)
    slide = opened(path)
    if is_proven:
        tile(slide, 0, 0)
    for read in (lambda: tile(slide, *BAD), lambda: slide.read_region(0, 200, 100, 200, 100)):
        if (way, damage, is_proven) == ("deflate", "half is zeros", False):
            continue  # OpenSlide has the last word on the first tile, and checks no sums.
        with pytest.raises(SlideError, match=r"slïde\.svs: Level 0 at x \d+, y \d+ ") as caught:
            read()
        assert caught.value.path == path
        assert "damaged" in caught.value.remedy
        assert len(str(caught.value)) < 400
    for place, pixels in expected.items():
        assert np.array_equal(tile(slide, *place), pixels)
    assert slide.read_region(1, 0, 0, 200, 150).shape == (150, 200, 3)


def test_many_threads_meet_a_damaged_tile(tmp_path: Path) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    whole_pixels = opened(path).read_region(0, 0, 0, 512, 384)
    DAMAGES["half is zeros"](path)
    slide = opened(path)
    boxes = [(x, y, 150, 90) for y in range(0, 300, 45) for x in range(0, 400, 70)] * 3

    def same(box: tuple[int, int, int, int]) -> bool:
        x, y, width, height = box
        left, top = BAD[0] * TILE, BAD[1] * TILE
        meets = x < left + TILE and x + width > left and y < top + TILE and y + height > top
        try:
            pixels = slide.read_region(0, *box)
        except SlideError:
            return meets
        return not meets and np.array_equal(pixels, whole_pixels[y : y + height, x : x + width])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(same, boxes))


def test_padding_at_the_end_of_jpeg_is_no_damage_where_openslide_says_so(tmp_path: Path) -> None:
    plain = WAYS["JPEG"](tmp_path / "plain.tif")

    def padded(pixels: Pixels) -> bytes:
        stream = jpeg(pixels, "ycbcr")
        return stream[:-2] + b"\0" + stream[-2:]

    path = tmp_path / "padded.tif"
    write_encoded(path, halved(PICTURE, 2), padded, 7, "ycbcr", aperio=False)
    slide, expected = opened(path), opened(plain)
    for place in ((0, 0), BAD):
        assert np.array_equal(tile(slide, *place), tile(expected, *place))


def test_of_a_kind_that_only_openslide_knows_it_gives_the_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    expected = tile(opened(path), 0, 0)

    def unknown(*_: object, **__: object) -> None:
        raise ValueError("Could not determine subsampling level of JPEG image")

    monkeypatch.setattr("simplejpeg.decode_jpeg", unknown)
    assert np.array_equal(tile(opened(path), 0, 0), expected)


@pytest.mark.parametrize("way", ["JPEG", "uncompressed"])
def test_a_file_shortened_while_open_is_said_to_have_changed(tmp_path: Path, way: str) -> None:
    path = WAYS[way](tmp_path / "slide.tif")
    slide = opened(path)
    before = tile(slide, 0, 0)
    os.truncate(path, sum(tile_place(path, NUMBER)) - 10)
    with pytest.raises(SlideError, match=r"slide\.tif: The file was changed.*Open it again"):
        tile(slide, *BAD)
    assert np.array_equal(tile(slide, 0, 0), before)


def test_no_thumbnail_is_made_of_a_file_that_is_gone_in_the_middle(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "slide.tif", [picture(TILE, 1200)], compression=None)
    slide = opened(path)
    last = -(-1200 // TILE) - 1
    os.truncate(path, tile_place(path, last)[0])
    assert slide.read_region(0, 0, 0, TILE, 1024).any(), "most of it can still be read"
    with pytest.raises(FileGone, match="was changed"):
        slide.thumbnail(1200)


def test_a_file_written_to_while_open_is_said_to_have_changed(tmp_path: Path) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    slide = opened(path)
    DAMAGES["zeros"](path)
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    with pytest.raises(SlideError, match="was changed"):
        tile(slide, *BAD)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows replaces no open file")
def test_a_file_replaced_while_open_shows_the_one_that_was_opened(tmp_path: Path) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    DAMAGES["zeros"](path)
    slide = opened(path)
    expected = tile(opened(path), 0, 0)
    other = write_tiff(tmp_path / "other.tif", halved(255 - PICTURE, 2), compression="jpeg")
    os.replace(other, path)
    assert np.array_equal(tile(slide, 0, 0), expected)
    with pytest.raises(SlideError, match="was changed, replaced or removed"):
        tile(slide, *BAD)


def test_closing_while_reading(tmp_path: Path) -> None:
    slide = opened(WAYS["JPEG"](tmp_path / "slide.tif"))
    expected = {place: tile(slide, *place) for place in ((0, 0), (1, 0), (1, 2))}

    def read_until_closed(place: tuple[int, int]) -> int:
        for count in range(100_000):
            try:
                assert np.array_equal(tile(slide, *place), expected[place])
            except SlideError as error:
                assert "closed" in str(error)
                return count
        return -1

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read_until_closed, place) for place in expected]
        while not any(reader.running() for reader in readers):
            pass
        slide.close()
        assert all(reader.result(60) >= 0 for reader in readers)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of descriptors here")
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def descriptors() -> list[str]:
        names = []
        for entry in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{entry}"))
            except OSError:
                continue
        return [name for name in names if name.startswith(str(tmp_path))]

    good, bad = WAYS["JPEG"](tmp_path / "good.tif"), WAYS["JPEG"](tmp_path / "bad.tif")
    striped = tmp_path / "striped.tif"
    write_tiff(striped, halved(PICTURE, 2), compression="lzw", extratags=[(274, 3, 1, 3, True)])
    DAMAGES["zeros"](bad)
    for path in (good, bad, striped):
        slide = open_slide(path)
        try:
            slide.read_region(0, 10, 10, 400, 300)
        except SlideError:
            assert path == bad
        slide.close()
    assert descriptors() == []
    # A slide that is only forgotten lets go as well.
    forgotten = opened(good)
    tile(forgotten, 0, 0)
    assert descriptors() == [str(good)]
    del forgotten
    assert descriptors() == []


def cyclic(path: Path) -> None:
    """The last page names the first as the next."""
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[0].offset, file.pages[-1].offset
        tags, layout = len(file.pages[-1].tags), file.tiff
    end = last + layout.tagnosize + layout.tagsize * tags
    with path.open("r+b") as stream:
        stream.seek(end)
        assert stream.read(layout.offsetsize) == bytes(layout.offsetsize)
        stream.seek(end)
        stream.write(struct.pack(layout.offsetformat, first))


@pytest.mark.parametrize("how", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": None}])
def test_pages_that_go_in_a_circle_are_refused(tmp_path: Path, how: dict[str, object]) -> None:
    path = write_tiff(tmp_path / "slide.tif", halved(PICTURE, 3), compression="lzw", **how)
    open_slide(path).close()
    cyclic(path)
    with pytest.raises(SlideError, match=r"slide\.tif: .* circle: page 3 is followed by") as caught:
        open_slide(path)
    assert caught.value.path == path


def test_a_circle_of_pages_is_not_looked_through_for_ever(tmp_path: Path) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    levels = opened(path).pyramid.levels
    cyclic(path)
    stored = StoredLevels(path, "generic-tiff", levels, 2**20, (255, 255, 255))
    assert [stored[level] for level in range(len(levels))] == [None, None]
    with pytest.raises(SlideError, match="cannot be opened"):
        OpenSlideSlide(path, "generic-tiff")


HOSTILE: dict[str, Callable[[Path], None]] = {
    "vast width": lambda path: set_tag(path, 0, 256, lambda v: v.__setitem__(0, 65_000)),
    "vast tiles": lambda path: set_tag(path, 0, 322, lambda v: v.__setitem__(0, 65_520)),
    "no tile width": lambda path: set_tag(path, 0, 322, lambda v: v.__setitem__(0, 0)),
    "compression": lambda path: set_tag(path, 0, 259, lambda v: v.__setitem__(0, 8)),
    "photometric": lambda path: set_tag(path, 0, 262, lambda v: v.__setitem__(0, 3)),
    "samples": lambda path: set_tag(path, 0, 277, lambda v: v.__setitem__(0, 30_000)),
    "bits": lambda path: set_tag(path, 0, 258, lambda v: v.__setitem__(1, 5)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pages_that_lie_are_refused_or_reported(tmp_path: Path, name: str) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    HOSTILE[name](path)
    try:
        slide = open_slide(path)
        for x in (0, 5):
            pixels = slide.read_region(0, x, 0, 100, 100)
            assert pixels.shape == (100, 100, 3)
        slide.close()
    except SlideError as error:
        assert error.path == path


def test_of_a_file_cut_anywhere_nothing_is_made_up(tmp_path: Path) -> None:
    path = WAYS["JPEG"](tmp_path / "slide.tif")
    whole = opened(path).read_region(0, 0, 0, 512, 384)
    content = path.read_bytes()
    refused = 0
    for kept in range(0, len(content), len(content) // 60):
        part = tmp_path / f"part{kept}.tif"
        part.write_bytes(content[:kept])
        try:
            slide = open_slide(part)
            for number, level in enumerate(slide.pyramid.levels):
                pixels = slide.read_region(number, 0, 0, level.width, level.height)
                assert number or np.array_equal(pixels, whole)
        except SlideError as error:
            assert error.path == part
            refused += 1
    assert refused > 30


def test_a_hundred_thousand_tiles_are_listed_without_reading_them(tmp_path: Path) -> None:
    """A slide of 100,000 x 100,000 pixels, whose 152,881 tiles are all one and the same."""
    side, across = 100_000, 391
    data = jpeg(picture(256, 256), "ycbcr")
    path = tmp_path / "vast.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            iter([data]),
            shape=(256, 256, 3),
            dtype=np.uint8,
            tile=(256, 256),
            compression=7,
            photometric="ycbcr",
            metadata=None,
        )
    at, length = tile_place(path, 0)
    count = across * across
    with path.open("ab") as stream:
        places = stream.tell()
        stream.write(np.full(count, at, "<u8").tobytes())
        lengths = stream.tell()
        stream.write(np.full(count, length, "<u4").tobytes())
    with tifffile.TiffFile(path) as file:
        tags = {code: file.pages.first.tags[code].offset for code in (256, 257, 324, 325)}
    values = {256: (4, 1, side), 257: (4, 1, side), 324: (16, count, places)}
    values[325] = (4, count, lengths)
    with path.open("r+b") as stream:
        for code, (kind, number, value) in values.items():
            stream.seek(tags[code])
            stream.write(struct.pack("<HHQQ", code, kind, number, value))
    slide = opened(path)
    assert (slide.pyramid.width, slide.pyramid.height) == (side, side)
    first = slide.read_region(0, 0, 0, 256, 256)
    assert np.array_equal(slide.read_region(0, 256 * 389, 256 * 200, 256, 256), first)
    last = slide.read_region(0, side - 10, side - 10, 20, 20)
    edge = side - 390 * 256
    assert np.array_equal(last[:10, :10], first[edge - 10 : edge, edge - 10 : edge])
    assert (last[10:] == 255).all()
    assert (last[:, 10:] == 255).all()
