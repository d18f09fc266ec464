"""Sets in `.npz`: `data`, uint8 (n, height, width, 3), and `labels`, whole numbers (n,)."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError, TrainingError
from slideviewer.files import replacing
from slideviewer.models.archive import DAMAGE, chunks_of
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.examples import Examples
from slideviewer.training.tile_readers import ArrayTiles, CachedTiles

UNPACKED = "-data.npy"
"""What the name of an unpacked set ends in."""
_MOST_TILES = 50_000_000
_REMEDY = (
    "Write it with numpy.savez(path, data=tiles, labels=labels): tiles of uint8 (n, side, side, 3),"
    " labels as whole numbers."
)


def load_npz(
    source: Path,
    classes: Mapping[str, str],
    patch_size_pixels: int,
    work: Path,
    progress: Progress = silent,
) -> Examples:
    """Open a set in `.npz`, whose tiles are unpacked into a file and mapped, not read as a whole.

    Parameters
    ----------
    source : Path
        With `data` and `labels`; with `groups`, text or numbers (n,), it is split by those.
    classes : mapping of str to str
        From label to class name, in the model's order; labels that are not named are left out.
    patch_size_pixels : int
        Tiles of another size are resized.
    work : Path
        A folder for the unpacked file.
    progress : Progress

    Raises
    ------
    TrainingError
        If it is no such set, or a class is empty.
    """
    names = tuple(dict.fromkeys(classes.values()))
    with _opened(source) as archive:
        data = _mapped(archive, source, work, progress)
        labels, groups = _column(archive, "labels", source), None
        if "groups.npy" in archive.namelist():
            groups = _column(archive, "groups", source)
    shape = data.shape
    if data.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2]:
        raise _not_so(f'its "data" is {data.dtype} {shape}', source)
    labels = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    is_whole = labels.dtype.kind in "iub" or labels.dtype.kind == "U"
    if labels.shape != shape[:1] or not is_whole:
        raise _not_so(f'its "labels" are {labels.dtype} {labels.shape}', source)
    if groups is not None and groups.shape != shape[:1]:
        raise _not_so(f'its "groups" are {groups.dtype} {groups.shape}', source)
    text = np.char.mod("%s", labels)
    index = np.full(len(text), -1, np.int64)
    for label, name in classes.items():
        index[text == label] = names.index(name)
    for name in names:
        if not (index == names.index(name)).any():
            raise TrainingError(
                f'There is no tile of class "{name}".',
                path=source,
                remedy=f"Its labels are: {', '.join(np.unique(text)[:30])}.",
            )
    hashes = tuple(_hashes(data, progress))
    origins = tuple(np.char.mod("%s", groups).tolist()) if groups is not None else ()
    tiles = CachedTiles(ArrayTiles(data, patch_size_pixels))
    split = {"origins": origins, "split_by": "groups of the set"} if origins else {}
    everything = Examples(tiles, index, hashes, names, **split)  # type: ignore[arg-type]
    return _once(everything.take(index >= 0), source)


def _once(examples: Examples, source: Path) -> Examples:
    """The same without copies of tiles.

    Raises
    ------
    TrainingError
        If a tile is of two classes.
    """
    first: dict[str, int] = {}
    for place, digest in enumerate(examples.hashes):
        earlier = first.setdefault(digest, place)
        if examples.labels[earlier] != examples.labels[place]:
            raise TrainingError(
                f"The same tile stands there as number {earlier} and {place}, in two classes.",
                path=source,
                remedy="Keep it in one class only.",
            )
    kept = np.zeros(len(examples), bool)
    kept[list(first.values())] = True
    single = examples.take(kept)
    return Examples(
        single.tiles,
        single.labels,
        single.hashes,
        single.class_names,
        len(examples) - len(single),
        single.origins,
        single.split_by,
    )


def _mapped(
    archive: zipfile.ZipFile, source: Path, work: Path, progress: Progress
) -> NDArray[np.uint8]:
    """Unpack `data` piece by piece, unless that was done before, and map it."""
    info = archive.getinfo("data.npy")
    target = work / f"{info.CRC:08x}-{info.file_size}{UNPACKED}"
    try:
        if not target.exists():
            work.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(work).free
            if info.file_size > free:
                raise TrainingError(
                    f"It unpacks to {info.file_size:,} bytes, and the disk of {work} has"
                    f" {free:,} left.",
                    path=source,
                    remedy="Make room, or put --out on another disk.",
                )
            with replacing(target) as out:
                done = 0
                for piece in chunks_of(archive, info):
                    out.write(piece)
                    done += len(piece)
                    progress(Step(done, info.file_size, "Unpacking the set", "bytes"))
        return np.load(target, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except OSError as error:
        raise TrainingError(
            f"It cannot be unpacked into {work}: {error.strerror or error}.", path=source
        ) from error
    except ValueError as error:
        raise _not_so('its "data" is no plain array', source) from error


def _column(archive: zipfile.ZipFile, name: str, source: Path) -> NDArray[np.generic]:
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > _MOST_TILES * 8:
        raise _not_so(f'its "{name}" has {info.file_size:,} bytes', source)
    content = io.BytesIO(b"".join(chunks_of(archive, info)))
    try:
        return np.asarray(np.lib.format.read_array(content, allow_pickle=False))
    except ValueError as error:
        raise _not_so(f'its "{name}" is no plain array', source) from error


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except KeyError as error:
        raise _not_so('it needs "data" and "labels"', source) from error
    except (ModelError, *DAMAGE) as error:
        raise TrainingError(f"The set cannot be read: {error}.", path=source) from error


def _hashes(data: NDArray[np.uint8], progress: Progress) -> Iterator[str]:
    for number, tile in enumerate(data):
        if number % 256 == 0:
            progress(Step(number, len(data), "Reading tiles", "tiles"))
        yield hashlib.sha256(np.ascontiguousarray(tile).tobytes()).hexdigest()


def _not_so(what: str, source: Path) -> TrainingError:
    return TrainingError(f"This is no set of tiles: {what}.", path=source, remedy=_REMEDY)
