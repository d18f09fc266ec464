"""Pictures with what is marked in them, in the layouts that people have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.training.pictures.reading import read_labels, read_mask

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})
LABELS_SUFFIX = "_labels"
"""What the name of a picture's instance labels ends in, where both lie in one folder."""


class Truth(Protocol):
    """What is marked in a picture."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Where it stands."""

    def read(self, width: int, height: int) -> NDArray[np.int32]:
        """Read it.

        Returns
        -------
        ndarray (height, width, targets), int32
            0 where there is nothing; of instances each has a number of its own.

        Raises
        ------
        TrainingError
            If a file is of another size.
        SlideError
            If a file cannot be read.
        """


@dataclass(frozen=True)
class TargetMasks:
    """One mask for each target; targets may overlap."""

    files: tuple[Path, ...]

    def read(self, width: int, height: int) -> NDArray[np.int32]:
        """See `Truth`."""
        masks = [read_mask(path, (width, height)) for path in self.files]
        return np.stack(masks, axis=2).astype(np.int32)


@dataclass(frozen=True)
class InstanceMasks:
    """One mask for each instance, as the Data Science Bowl 2018 has them; the last one wins."""

    files: tuple[Path, ...]

    def read(self, width: int, height: int) -> NDArray[np.int32]:
        """See `Truth`."""
        labels = np.zeros((height, width), np.int32)
        for number, path in enumerate(self.files, 1):
            labels[read_mask(path, (width, height))] = number
        return labels[..., None]


@dataclass(frozen=True)
class InstanceLabels:
    """One picture of numbers."""

    file: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Truth`."""
        return (self.file,)

    def read(self, width: int, height: int) -> NDArray[np.int32]:
        """See `Truth`."""
        return read_labels(self.file, (width, height))[..., None]


@dataclass(frozen=True)
class MarkedPicture:
    """A picture and what is marked in it.

    Attributes
    ----------
    name : str
        Unique among those of a training; of a picture in a folder its file's stem.
    path : Path
    truth : Truth
    """

    name: str
    path: Path
    truth: Truth


def in_folders(images: Path, masks: Mapping[str, Path], pattern: str = "*") -> list[MarkedPicture]:
    """Find pictures, and their masks in one folder for each target, by their stems.

    Parameters
    ----------
    images : Path
    masks : mapping of str to Path
        The folder of each target by its name.
    pattern : str
        Of the pictures' file names, as shells have it.

    Raises
    ------
    TrainingError
        If a picture has no mask of a target, a mask no picture, or a folder holds none.
    """
    pictures = _by_stem(images, pattern)
    if not pictures:
        raise TrainingError(
            f'It holds no picture whose name is like "{pattern}".',
            path=images,
            remedy=f"Looked for {', '.join(sorted(SUFFIXES))}.",
        )
    every = _by_stem(images)
    found = {}
    for target, folder in masks.items():
        found[target] = _by_stem(folder)
        for stem, path in found[target].items():
            if stem not in every:
                raise TrainingError(
                    f'This mask of "{target}" has no picture of its name in {images}.',
                    path=path,
                    remedy="Take it away, or put the picture there.",
                )
        for stem, path in pictures.items():
            if stem not in found[target]:
                raise TrainingError(
                    f'This picture has no mask of its name in {folder}, of "{target}".',
                    path=path,
                    remedy="Give it one, all black if there is nothing of it.",
                )
    return [
        MarkedPicture(stem, path, TargetMasks(tuple(found[target][stem] for target in masks)))
        for stem, path in pictures.items()
    ]


def in_dsb_folders(folder: Path) -> list[MarkedPicture]:
    """Find ``<id>/images/<id>.png`` and ``<id>/masks/*.png``, one mask an instance.

    Raises
    ------
    TrainingError
        If there is none, or one lacks its picture or its masks.
    """
    places = sorted(it for it in _entries(folder) if (it / "images").is_dir())
    for place in _entries(folder):
        if place not in places and (place / "masks").is_dir():
            raise TrainingError("It has masks and no picture: no folder “images”.", path=place)
    if not places:
        raise TrainingError(
            "It holds no folder with “images” and “masks” in it.",
            path=folder,
            remedy="Give the folder that holds <id>/images/<id>.png and <id>/masks/*.png.",
        )
    found = []
    for place in places:
        pictures = list(_by_stem(place / "images").values())
        if len(pictures) != 1:
            raise TrainingError(
                f"It holds {len(pictures)} pictures, where there should be one.",
                path=place / "images",
            )
        if not (place / "masks").is_dir():
            raise TrainingError(
                "It has a picture and no folder “masks”.",
                path=place,
                remedy="Take it away, or give it an empty one if there is nothing in the picture.",
            )
        masks = tuple(_by_stem(place / "masks").values())
        found.append(MarkedPicture(place.name, pictures[0], InstanceMasks(masks)))
    return found


def labelled(folder: Path) -> list[MarkedPicture]:
    """Find pictures whose instance labels lie beside them: ``<name>.png``, ``<name>_labels.png``.

    Raises
    ------
    TrainingError
        If there is none, or one has no partner.
    """
    every = _by_stem(folder)
    pictures = {stem: path for stem, path in every.items() if not stem.endswith(LABELS_SUFFIX)}
    for stem, path in every.items():
        if stem not in pictures and stem.removesuffix(LABELS_SUFFIX) not in pictures:
            raise TrainingError("These labels have no picture beside them.", path=path)
    if not pictures:
        raise TrainingError("It holds no picture with labels beside it.", path=folder)
    for stem, path in pictures.items():
        if stem + LABELS_SUFFIX not in every:
            raise TrainingError(
                "This picture has no labels beside it.",
                path=path,
                remedy=f"They should be called {stem}{LABELS_SUFFIX}.png.",
            )
    return [
        MarkedPicture(stem, path, InstanceLabels(every[stem + LABELS_SUFFIX]))
        for stem, path in pictures.items()
    ]


def identity_of(pictures: Sequence[MarkedPicture]) -> Iterator[list[object]]:
    """Tell what would change with the files: name, size and time of each."""
    for picture in pictures:
        for path in (picture.path, *picture.truth.files):
            facts = path.stat()
            yield [picture.name, path.name, facts.st_size, facts.st_mtime_ns]


def _by_stem(folder: Path, pattern: str = "*") -> dict[str, Path]:
    """The pictures of a folder by their stem, in order."""
    found: dict[str, Path] = {}
    for path in _entries(folder):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if not path.match(pattern):
            continue
        if path.stem in found:
            raise TrainingError(
                f'It and {found[path.stem].name} are both called "{path.stem}".',
                path=path,
                remedy="Keep one of them, or name them apart.",
            )
        found[path.stem] = path
    return found


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise TrainingError("There is no such folder.", path=folder, remedy="Check its name.")
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise TrainingError(
            f"It cannot be read: {error.strerror or error}.", path=folder
        ) from error
