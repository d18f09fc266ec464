"""Decoded pictures and their targets on the disk, so that memory does not grow with the set.

All pixels lie in one file, which is mapped and not read: the system keeps in memory what there is
room for. A small JSON, written last, says what lies where.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.files import replacing_text
from slideviewer.training.checkpoints import told_of_disk

CACHE_FOLDER = "cache"

_PIXELS, _INDEX = "pixels.bin", "pixels.json"
_WHITE = 255


@dataclass(frozen=True)
class CachedPicture:
    """Where a picture lies in the cache.

    Attributes
    ----------
    name : str
    case : str
        What it must not be parted from: a patient, an animal, a slide.
    width, height : int
    offset : int
        Of its first byte.
    """

    name: str
    case: str
    width: int
    height: int
    offset: int


Item = tuple[str, str, NDArray[np.uint8], NDArray[np.uint8]]
"""Name, case, pixels (height, width, 3), RGB, and targets (height, width, targets): masks, 0 or 1,
and offsets as bytes."""


class PixelCache:
    """Pictures and targets on the disk. Safe to read from several threads at once.

    Attributes
    ----------
    pictures : tuple of CachedPicture
    targets : int
        How many.
    masks : int
        How many of them, the first, are masks.
    """

    def __init__(
        self,
        folder: Path,
        pictures: Iterable[CachedPicture],
        targets: int,
        masks: int | None = None,
    ) -> None:
        self.pictures, self.targets = tuple(pictures), targets
        self.masks = targets if masks is None else masks
        self._pixels = np.memmap(folder / _PIXELS, np.uint8, "r")

    def whole(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pixels (height, width, 3) and masks (height, width, masks) of a picture."""
        both = self._whole(number)
        return both[..., :3], both[..., 3 : 3 + self.masks]

    def _whole(self, number: int) -> NDArray[np.uint8]:
        picture, channels = self.pictures[number], 3 + self.targets
        size = picture.width * picture.height * channels
        flat = self._pixels[picture.offset : picture.offset + size]
        return flat.reshape(picture.height, picture.width, channels)

    def read(
        self, number: int, x: int, y: int, side: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """A square of a picture and all its targets; beyond it is white, as predictions have it."""
        both = self._whole(number)[y : y + side, x : x + side]
        part, marked = both[..., :3], both[..., 3:]
        if part.shape[:2] == (side, side):
            return np.array(part), np.array(marked)
        square = np.full((side, side, 3), _WHITE, np.uint8)
        filled = np.zeros((side, side, self.targets), np.uint8)
        square[: part.shape[0], : part.shape[1]] = part
        filled[: part.shape[0], : part.shape[1]] = marked
        return square, filled


def cached(
    folder: Path,
    identity: Mapping[str, object],
    targets: int,
    items: Iterator[Item],
    masks: int | None = None,
) -> PixelCache:
    """Open what was kept of the same pictures, or else keep them.

    Parameters
    ----------
    folder : Path
    identity : mapping
        Plain JSON values that change with the pictures.
    targets : int
    items : iterator of Item
        Asked for only where they are needed.
    masks : int, optional
        How many of the targets, the first, are masks; all by default.

    Raises
    ------
    TrainingError
        If the disk is full, or there is no picture.
    """
    known = _known(folder, identity)
    if known is not None:
        return PixelCache(folder, known, targets, masks)
    pictures: list[CachedPicture] = []
    with told_of_disk(folder):
        discard(folder)
        folder.mkdir(parents=True, exist_ok=True)
        offset = 0
        with (folder / _PIXELS).open("wb") as stream:
            for name, case, pixels, marked in items:
                both = np.concatenate([pixels, marked], axis=2)
                stream.write(both.tobytes())
                height, width = pixels.shape[:2]
                pictures.append(CachedPicture(name, case, width, height, offset))
                offset += both.size
        if not pictures:
            raise TrainingError("There is nothing to train on.")
        content = {"identity": dict(identity), "pictures": [asdict(it) for it in pictures]}
        with replacing_text(folder / _INDEX) as text:
            json.dump(content, text)
    return PixelCache(folder, pictures, targets, masks)


def discard(folder: Path) -> None:
    """Take away what was kept."""
    with told_of_disk(folder):
        if folder.is_dir():
            shutil.rmtree(folder)


def _known(folder: Path, identity: Mapping[str, object]) -> list[CachedPicture] | None:
    """What lies in the cache, where it is of the same pictures and whole."""
    try:
        content = json.loads((folder / _INDEX).read_text("utf-8"))
        if content["identity"] != json.loads(json.dumps(dict(identity))):
            return None
        return [CachedPicture(**it) for it in content["pictures"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
