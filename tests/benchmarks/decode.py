"""How many tiles a second: the program's reader, OpenSlide, and the bare JPEG decoder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import openslide
import simplejpeg
import tifffile

from benchmarks.report import Table
from benchmarks.slides import all_slides
from slideviewer.slide import Pixels, Pyramid, TileKey, open_slide

OURS, OPENSLIDE, BARE = "slideviewer", "OpenSlide", "libjpeg-turbo"
THREADS = (1, 2)
FEWEST_TILES = 40
"""Smaller slides are read before the clock has ticked often enough."""
_CONTESTANTS = (OURS, OPENSLIDE, BARE)
_ADOBE_JPEG = 7
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
_HEADS = {2: b"\xff\xd8" + _ADOBE + b"\0", 6: b"\xff\xd8" + _ADOBE + b"\1"}
"""The beginning of a JPEG by a TIFF's PhotometricInterpretation, RGB or YCbCr: Adobe's marker
says which (Adobe technical note 5116, 1992)."""

ReadTile = Callable[[TileKey], Pixels]


@dataclass(frozen=True)
class Round:
    """The tiles a second of every contestant, over the same tiles, one after the other."""

    threads: int
    rates: dict[str, float]

    def ratio(self, other: str) -> float | None:
        """How many times faster the program's reader was than another."""
        return self.rates[OURS] / self.rates[other] if other in self.rates else None


@contextmanager
def our_reader(path: Path) -> Iterator[ReadTile]:
    """The reader that the window and the models use."""
    with closing(open_slide(path)) as slide:
        yield lambda key: slide.read_region(key.level, *slide.pyramid.tile_box_level(key))


@contextmanager
def openslide_reader(path: Path, pyramid: Pyramid) -> Iterator[ReadTile]:
    """OpenSlide as most programs call it: a region, without its transparency, as an array."""

    def read(key: TileKey) -> Pixels:
        x, y, width, height = pyramid.tile_box_level(key)
        return np.asarray(slide.read_region((x, y), 0, (width, height)).convert("RGB"))

    with openslide.OpenSlide(path) as slide:
        yield read


@contextmanager
def bare_decoder(path: Path, keys: Sequence[TileKey]) -> Iterator[ReadTile]:
    """libjpeg-turbo on the stored tiles, which were read from the file beforehand."""
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        columns = -(-page.imagewidth // page.tilewidth)
        # Tables and colours stand beside the tiles; before each tile they make it a whole JPEG.
        head = _HEADS[int(page.photometric)] + (page.jpegtables or b"\xff\xd8\xff\xd9")[2:-2]
        stored = {}
        for key in keys:
            at = key.row * columns + key.column
            file.filehandle.seek(page.dataoffsets[at])
            stored[key] = head + file.filehandle.read(page.databytecounts[at])[2:]
    yield lambda key: simplejpeg.decode_jpeg(stored[key], "RGB")


def has_jpeg_tiles(path: Path, tile_size: int) -> bool:
    """Whether level 0 is stored in JPEG tiles of this side that the bare decoder can take."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            return (
                page.is_tiled
                and int(page.compression) == _ADOBE_JPEG
                and page.tilewidth == page.tilelength == tile_size
                and int(page.photometric) in _HEADS
            )
    except tifffile.TiffFileError:
        return False


def measure(path: Path, tile_count: int, rounds: int, seed: int = 1) -> list[Round]:
    """Let the contestants read the same random tiles in turn, freshly opened each time.

    Parameters
    ----------
    path : Path
    tile_count : int
        Tiles of level 0 a round, no tile twice; fewer where the slide has fewer.
    rounds : int
    seed : int
        Chooses the tiles.

    Returns
    -------
    list of Round
        Empty for a slide of fewer than 40 tiles.
    """
    with closing(open_slide(path)) as slide:
        pyramid = slide.pyramid
    columns, rows = pyramid.tile_count(0)
    if columns * rows < FEWEST_TILES:
        return []
    rng = np.random.default_rng(seed)
    is_jpeg = has_jpeg_tiles(path, pyramid.tile_size)
    found = []
    for number in range(rounds):
        chosen = rng.permutation(columns * rows)[: tile_count + 1]
        keys = [TileKey(0, int(at % columns), int(at // columns)) for at in chosen]
        for threads in THREADS:
            readers = {OURS: our_reader(path), OPENSLIDE: openslide_reader(path, pyramid)}
            if is_jpeg:
                readers[BARE] = bare_decoder(path, keys)
            names = list(readers)
            turn = number % len(names)
            rates = {}
            for name in names[turn:] + names[:turn]:
                with readers[name] as read:
                    rates[name] = _rate(read, keys, threads)
            found.append(Round(threads, rates))
    return found


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Measure every slide."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for name, path in all_slides(folder, data, quick).items():
        found = measure(path, 150 if quick else 300, 3 if quick else 7)
        for threads in THREADS:
            some = [one for one in found if one.threads == threads]
            if not some:
                continue
            rates = [_median([one.rates.get(who) for one in some]) for who in _CONTESTANTS]
            ratios = [_median([one.ratio(who) for one in some]) for who in (OPENSLIDE, BARE)]
            rows.append((name, threads, *rates, *ratios))
    columns = ("slide", "threads", *_CONTESTANTS, f"× {OPENSLIDE}", f"× {BARE}")
    notes = (
        "Tiles a second, random tiles of level 0, each read once; medians over rounds in which "
        "the contestants take turns; ratios are medians of each round's own.",
        f"{OPENSLIDE}: read_region, to RGB by Pillow, to an array. {BARE}: the stored tiles "
        "decoded from memory, where they are JPEG of that size.",
    )
    return [Table("Decoding", columns, tuple(rows), notes)]


def _rate(read: ReadTile, keys: Sequence[TileKey], threads: int) -> float:
    read(keys[0])  # whatever is set up at the first read
    parts = [keys[1 + number :: threads] for number in range(threads)]

    def work(part: Sequence[TileKey]) -> None:
        for key in part:
            read(key)

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(work, parts))
        return (len(keys) - 1) / (time.perf_counter() - start)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
