"""The parts of the fast path: stored tiles of every kind, tiles kept, files read at places."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from slide_fast_files import (
    jpeg,
    jpeg_2000,
    picture,
    set_tag,
    tiles_of,
    write_encoded,
    write_tiff,
)

from slideviewer.errors import SlideError
from slideviewer.slide.decoded_tiles import DecodedTiles
from slideviewer.slide.open_file import OpenFile
from slideviewer.slide.stored_tiles import DamagedTile, StoredTiles
from slideviewer.slide.tile_decoding import (
    TileDamage,
    TileFormat,
    UnknownTiles,
    decoder_for,
)

RNG = np.random.default_rng(5)
DEEP = RNG.integers(0, 60_000, (200, 150, 5), np.uint16)
FLOATING = (RNG.normal(size=(200, 150)) * 1000).astype(np.float32)


def stored(path: Path, page: int = 0) -> StoredTiles:
    with tifffile.TiffFile(path) as file:
        return StoredTiles(OpenFile(path), file.pages[page])


def assembled(tiles: StoredTiles, plane: int = 0) -> NDArray[Any]:
    """All tiles of a plane, laid side by side and cut at the border."""
    rows = []
    for row in range(tiles.rows):
        read = [tiles.read_tile(column, row, plane) for column in range(tiles.columns)]
        assert all(tile is not None and tile.dtype == tiles.dtype for tile in read)
        assert all(t.shape == (tiles.tile_height, tiles.tile_width, tiles.samples) for t in read)
        rows.append(np.concatenate(read, axis=1))
    return np.concatenate(rows)[: tiles.height, : tiles.width]


PLAIN = {
    "LZW": {"compression": "lzw"},
    "LZW, predictor": {"compression": "lzw", "predictor": True},
    "deflate, predictor": {"compression": "zlib", "predictor": True},
    "zstd": {"compression": "zstd"},
    "packbits": {"compression": "packbits"},
    "uncompressed": {"compression": None},
}
KINDS: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
    "five samples together": (DEEP, {"planarconfig": "contig"}),
    "five planes": (np.ascontiguousarray(np.moveaxis(DEEP, -1, 0)), {"planarconfig": "separate"}),
    "one sample": (np.ascontiguousarray(DEEP[..., 0]), {}),
    "signed": (DEEP[..., 0].astype(np.int16) - 30_000, {}),
    "32 bits": (DEEP[..., 0].astype(np.uint32) * 65_000, {}),
    "floating": (FLOATING, {}),
}


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("way", PLAIN)
@pytest.mark.parametrize("kind", KINDS)
def test_values_are_those_written(tmp_path: Path, kind: str, way: str, byteorder: str) -> None:
    values, how = KINDS[kind]
    path = write_tiff(
        tmp_path / "values.tif",
        [values],
        byteorder=byteorder,
        tile=(64, 48),
        **{"photometric": "minisblack", **how, **PLAIN[way]},
    )
    tiles = stored(path)
    assert (tiles.width, tiles.height) == (150, 200)
    assert (tiles.tile_width, tiles.tile_height) == (48, 64)
    assert (tiles.columns, tiles.rows) == (4, 4)
    assert tiles.dtype == values.dtype.newbyteorder("=")
    if kind == "five planes":
        assert (tiles.planes, tiles.samples) == (5, 1)
        for plane in range(5):
            assert np.array_equal(assembled(tiles, plane)[..., 0], values[plane])
    else:
        assert (tiles.planes, tiles.samples) == (1, values.shape[2] if values.ndim == 3 else 1)
        assert np.array_equal(assembled(tiles).reshape(values.shape), values)


def test_webp_and_deep_jpeg_2000(tmp_path: Path) -> None:
    colour = picture(200, 150)
    path = write_tiff(tmp_path / "webp.tif", [colour], compression="webp")
    with tifffile.TiffFile(path) as file:
        expected = file.pages.first.asarray()
    assert np.array_equal(assembled(stored(path)), expected)

    deep = np.ascontiguousarray(DEEP[..., 0])
    path = tmp_path / "deep.tif"
    # With one sample, Aperio's number for JPEG 2000 with YCbCr says nothing of colours.
    for compression in (33003, 34712):
        with tifffile.TiffWriter(path) as file:
            file.write(
                (
                    bytes(imagecodecs.jpeg2k_encode(t, codecformat="J2K", level=0))
                    for t in tiles_of(deep, 64)
                ),
                shape=deep.shape,
                dtype=deep.dtype,
                tile=(64, 64),
                compression=compression,
                photometric="minisblack",
            )
        assert np.array_equal(assembled(stored(path))[..., 0], deep)


def test_sub_pages_and_places_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "sub.ome.tif"
    levels = [DEEP[..., 0].copy(), DEEP[::2, ::2, 0].copy()]
    with tifffile.TiffWriter(path) as file:
        file.write(levels[0], tile=(64, 64), subifds=1)
        file.write(levels[1], tile=(64, 64), subfiletype=1)
    with tifffile.TiffFile(path) as file:
        sub = StoredTiles(OpenFile(path), file.pages.first.pages[0])
    assert np.array_equal(assembled(sub)[..., 0], levels[1])
    for place in ((2, 0, 0), (0, 2, 0), (-1, 0, 0), (0, 0, 1)):
        with pytest.raises(IndexError, match="no tile at"):
            sub.read_tile(*place)


def test_a_tile_beyond_the_files_end_is_said_so(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "cut.tif", [picture(200, 150)], compression="jpeg")
    set_tag(path, 0, 324, lambda offsets: offsets.__setitem__(3, 2**31))
    tiles = stored(path)
    assert tiles.read_tile(0, 1) is not None
    words = r"cut\.tif: The stored tile at column 1, row 1 cannot be read: the file ends before it"
    with pytest.raises(DamagedTile, match=words) as caught:
        tiles.read_tile(1, 1)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"tile": None}, "not stored in tiles"),
        ({"compression": "lzma"}, "compression 34925 is not known"),
        ({"photometric": "ycbcr", "compression": "lzw"}, "YCbCr"),
        ({"compression": "jpegxl"}, "compression 50002 is not known"),
    ],
)
def test_kinds_that_are_not_known(tmp_path: Path, how: dict[str, Any], reason: str) -> None:
    path = write_tiff(tmp_path / "slide.tif", [picture(200, 150)], **how)
    with pytest.raises(UnknownTiles, match=reason):
        stored(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 1_000_000, "height": 1_000_000}, "claim 1000000 x 1000000"),
        ({"width": 0}, "claim 0 x 128"),
        ({"compression": 7, "samples": 4}, "4 samples of uint8"),
        ({"compression": 7, "dtype": np.dtype(np.uint16)}, "3 samples of uint16"),
        ({"compression": 7, "photometric": 5}, "colours of kind 5"),
        ({"compression": 33005, "predictor": 2}, "predictor 2 where none"),
        ({"compression": 33003}, "compression 33003"),
        ({"compression": 50001, "samples": 1}, "WebP tiles have 1 samples"),
        ({"compression": 5, "predictor": 9}, "predictor 9"),
        ({"compression": 5, "predictor": 3}, "predictor 3 does not fit uint8"),
        ({"compression": 33005, "dtype": np.dtype(np.float32)}, "are float32"),
    ],
)
def test_formats_that_are_refused(changes: dict[str, Any], reason: str) -> None:
    usual = {"width": 128, "height": 128, "samples": 3, "dtype": np.dtype(np.uint8)}
    with pytest.raises(UnknownTiles, match=reason):
        decoder_for(TileFormat(**{**usual, "compression": 1, "photometric": 2, **changes}))


SHAPE = (128, 128, 3)
TILE_PIXELS = picture(128, 128)


def colour_format(compression: int) -> TileFormat:
    return TileFormat(128, 128, 3, np.dtype(np.uint8), compression, 2)


BOMBS = {
    "deflate": (8, bytes(imagecodecs.zlib_encode(bytes(10**8)))),
    "zstd": (50000, bytes(imagecodecs.zstd_encode(bytes(10**8)))),
    "JPEG": (7, jpeg(np.zeros((8000, 8000, 3), np.uint8), "rgb", "444")),
    "smaller JPEG": (7, jpeg(picture(128, 64), "rgb", "444")),
    "WebP": (50001, bytes(imagecodecs.webp_encode(np.zeros((8000, 8000, 3), np.uint8)))),
    "JPEG 2000": (33005, jpeg_2000(np.zeros((2000, 2000, 3), np.uint8))),
    "deeper JPEG 2000": (
        33005,
        bytes(imagecodecs.jpeg2k_encode(TILE_PIXELS.astype(np.uint16), codecformat="J2K")),
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_more_than_a_tile_is_refused_before_it_takes_memory(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compression, data = BOMBS[name]
    largest = 0
    empty = np.empty

    def watched(shape: Any, *rest: Any, **more: Any) -> NDArray[Any]:
        nonlocal largest
        array = empty(shape, *rest, **more)
        largest = max(largest, array.nbytes)
        return array

    monkeypatch.setattr(np, "empty", watched)
    with pytest.raises(TileDamage):
        decoder_for(colour_format(compression))(data)
    assert largest <= np.prod(SHAPE)


@pytest.mark.parametrize("name", ["lzw", "packbits"])
def test_what_unpacks_to_more_than_a_tile_is_cut_or_refused(name: str) -> None:
    encode = getattr(imagecodecs, f"{name}_encode")
    data = bytes(encode(TILE_PIXELS.tobytes() + bytes(100_000)))
    decode = decoder_for(colour_format({"lzw": 5, "packbits": 32773}[name]))
    try:
        pixels = decode(data)
    except TileDamage:
        return
    assert np.array_equal(pixels, TILE_PIXELS)


STREAMS = {
    7: jpeg(TILE_PIXELS, "rgb", "444"),
    8: bytes(imagecodecs.zlib_encode(TILE_PIXELS.tobytes())),
    33005: jpeg_2000(TILE_PIXELS),
    50001: bytes(imagecodecs.webp_encode(TILE_PIXELS, lossless=True)),
    5: bytes(imagecodecs.lzw_encode(TILE_PIXELS.tobytes())),
    1: TILE_PIXELS.tobytes(),
}


@given(
    compression=st.sampled_from(list(STREAMS)),
    kept=st.floats(0, 0.97),
)
@settings(max_examples=120, deadline=None)
def test_a_tile_cut_off_is_damage(compression: int, kept: float) -> None:
    data = STREAMS[compression]
    decode = decoder_for(colour_format(compression))
    assert decode(data).shape == SHAPE
    with pytest.raises(TileDamage):
        decode(data[: int(len(data) * kept)])


def test_a_jpeg_tile_cut_off_within_its_header_is_damage() -> None:
    decode = decoder_for(colour_format(7))
    assert STREAMS[7][2] == 0xFF, "a segment begins"
    for kept in range(700):
        with pytest.raises(TileDamage):
            decode(STREAMS[7][:kept])


@given(
    compression=st.sampled_from(list(STREAMS)),
    data=st.data(),
    damage=st.binary(min_size=1, max_size=64),
)
@settings(max_examples=200, deadline=None)
def test_garbage_is_damage_or_a_tile_of_the_right_shape(
    compression: int, data: st.DataObject, damage: bytes
) -> None:
    stream = bytearray(STREAMS[compression])
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at : at + len(damage)] = damage
    try:
        pixels = decoder_for(colour_format(compression))(bytes(stream))
    except TileDamage:
        return
    assert (pixels.shape, pixels.dtype) == (SHAPE, np.uint8)


@pytest.mark.parametrize(("compression", "words"), [(5, "unpacks to"), (1, "holds 100 bytes")])
def test_too_few_bytes_are_said_so(compression: int, words: str) -> None:
    data = bytes(imagecodecs.lzw_encode(bytes(1000))) if compression == 5 else bytes(100)
    with pytest.raises(TileDamage, match=f"{words}.* where 49152 are due"):
        decoder_for(colour_format(compression))(data)


def test_jpeg_damage_that_libraries_only_warn_of_is_damage() -> None:
    stream = STREAMS[7]
    assert imagecodecs.jpeg8_decode(stream[: len(stream) // 2]).shape == SHAPE, "grey paint"
    with pytest.raises(TileDamage, match="Premature end") as cut:
        decoder_for(colour_format(7))(stream[: len(stream) // 2])
    assert cut.value.is_certain
    # Some encoders pad the end: that may be whole.
    with pytest.raises(TileDamage, match="extraneous") as padded:
        decoder_for(colour_format(7))(stream[:-2] + bytes(40) + stream[-2:])
    assert not padded.value.is_certain


def test_a_tile_wanted_by_many_is_decoded_once() -> None:
    kept = DecodedTiles(10_000)
    started, go_on = threading.Event(), threading.Event()
    calls = []

    def read() -> NDArray[np.uint8]:
        calls.append(1)
        started.set()
        assert go_on.wait(60)
        return np.ones(8, np.uint8)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(kept.get, "a", read)
        assert started.wait(60)
        others = [pool.submit(kept.get, "a", read) for _ in range(3)]
        assert kept.peek("a") is None
        go_on.set()
        tiles = [future.result(60) for future in (first, *others)]
    assert len(calls) == 1
    assert all(tile is tiles[0] for tile in tiles)
    assert not tiles[0].flags.writeable


def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    kept = DecodedTiles(10_000)
    started, go_on = threading.Event(), threading.Event()

    def fail() -> NDArray[np.uint8]:
        started.set()
        assert go_on.wait(60)
        raise SlideError("No.")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.get, "a", fail)
        assert started.wait(60)
        second = pool.submit(kept.get, "a", fail)
        go_on.set()
        for future in (first, second):
            with pytest.raises(SlideError, match=r"No\."):
                future.result(60)
    assert kept.get("a", lambda: np.ones(1, np.uint8))[0] == 1


def test_a_tile_forgotten_while_it_is_read_is_read_again_for_all() -> None:
    kept = DecodedTiles(10_000)
    started, go_on = threading.Event(), threading.Event()
    values = iter((1, 2, 3))

    def read() -> NDArray[np.uint8]:
        value = next(values)
        if value == 1:
            started.set()
            assert go_on.wait(60)
        return np.full(8, value, np.uint8)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.get, "a", read)
        assert started.wait(60)
        second = pool.submit(kept.get, "a", read)
        kept.forget("a")
        go_on.set()
        tiles = [future.result(60) for future in (first, second)]
    assert all(tile[0] == 2 for tile in tiles)
    assert kept.peek("a") is tiles[0]


def test_an_interrupted_read_leaves_nobody_waiting() -> None:
    kept = DecodedTiles(10_000)
    started, go_on = threading.Event(), threading.Event()

    def interrupted() -> NDArray[np.uint8]:
        started.set()
        assert go_on.wait(60)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.get, "a", interrupted)
        assert started.wait(60)
        second = pool.submit(kept.get, "a", lambda: np.ones(8, np.uint8))
        go_on.set()
        assert second.result(60)[0] == 1
        with pytest.raises(KeyboardInterrupt):
            first.result(60)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 400)), max_size=60))
@settings(deadline=None)
def test_what_is_kept_never_takes_more_than_allowed(wanted: list[tuple[int, int]]) -> None:
    kept = DecodedTiles(1000)
    sizes = {}
    for key, size in wanted:
        size = sizes.setdefault(key, size)
        tile = kept.get(key, lambda size=size: np.zeros(size, np.uint8))
        assert tile.nbytes == size
        assert kept.peek(key) is tile, "what was used last is kept"
        here = [kept.peek(k) for k in range(10)]
        assert sum(tile.nbytes for tile in here if tile is not None) <= 1000


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept = DecodedTiles(20)
    for key in ("first", "second", "first", "third"):
        kept.get(key, lambda: np.zeros(10, np.uint8))
    assert kept.peek("first") is not None
    assert kept.peek("second") is None


def test_a_tile_larger_than_all_that_is_kept_is_handed_over() -> None:
    kept = DecodedTiles(10)
    kept.get("small", lambda: np.zeros(10, np.uint8))
    assert kept.get("large", lambda: np.zeros(11, np.uint8)).nbytes == 11
    assert kept.peek("large") is None
    assert kept.peek("small") is not None


@pytest.mark.parametrize("has_pread", [True, False])
def test_reading_at_places_from_many_threads(
    tmp_path: Path, has_pread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slideviewer.slide.open_file._HAS_PREAD", has_pread)
    content = RNG.bytes(100_000)
    path = tmp_path / "bytes"
    path.write_bytes(content)
    file = OpenFile(path)
    assert file.size == len(content)
    places = [(int(at), 700) for at in RNG.integers(0, 99_000, 400)]
    with ThreadPoolExecutor(4) as pool:
        read = pool.map(lambda place: (place, file.read_at(*place)), places)
        assert all(data == content[at : at + length] for (at, length), data in read)
    assert file.read_at(99_990, 2**60) == content[99_990:]
    assert file.read_at(2**62, 10) == file.read_at(-5, 10) == file.read_at(0, 0) == b""
    file.close()


def test_a_file_closes_after_the_reads_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"0123456789")
    file = OpenFile(path)
    descriptor = file._descriptor
    started, go_on = threading.Event(), threading.Event()
    read = file._read

    def slow(offset: int, length: int) -> bytes:
        started.set()
        assert go_on.wait(60)
        return read(offset, length)

    monkeypatch.setattr(file, "_read", slow)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(file.read_at, 2, 3)
        assert started.wait(60)
        file.close()
        file.close()
        os.fstat(descriptor)
        with pytest.raises(SlideError, match="closed"):
            file.read_at(0, 1)
        go_on.set()
        assert under_way.result(60) == b"234"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(SlideError, match="closed"):
        file.check_unchanged()


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match="absent") as caught:
        OpenFile(tmp_path / "absent")
    assert caught.value.path == tmp_path / "absent"


def test_grey_tiles_of_jpeg(tmp_path: Path) -> None:
    grey = picture(200, 150)[..., 0].copy()
    path = write_encoded(
        tmp_path / "grey.tif",
        [grey],
        lambda tile: bytes(imagecodecs.jpeg8_encode(tile, level=95)),
        7,
        "minisblack",
        aperio=False,
    )
    with tifffile.TiffFile(path) as file:
        assert np.array_equal(assembled(stored(path))[..., 0], file.pages.first.asarray())
