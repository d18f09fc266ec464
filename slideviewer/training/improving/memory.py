"""What a model is to remember: embedded tiles of what it was trained on, and of former reviews.

A corrected package carries them along in `REPLAY`: features of its network and no pictures, with
the identities of the slides that it has learnt from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError
from slideviewer.models.arrays import pack_arrays, unpack_arrays
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step
from slideviewer.training.gathering import gather
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.head import Embeddings
from slideviewer.training.options import SlideOptions, TrainTilesOptions
from slideviewer.training.place_rules import LabelRule
from slideviewer.training.tile_readers import in_batches

REPLAY = "replay.npz"
PER_CLASS = 500
"""Tiles of each class that are kept or replayed, at most."""

NO_SLIDE = 0xFFFF
"""In place of a slide's number."""

_ARRAYS = ("embeddings", "labels", "of_slide", "slides")
_HASH_BYTES = 32
_READ_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Memory:
    """Tiles that a model knew already.

    Attributes
    ----------
    embeddings : ndarray (n, features), float32
    labels : ndarray (n,), int64
    of_slide : ndarray (n,), int64
        Index into `slides`; `NO_SLIDE` where a tile is of none of them.
    slides : tuple of str
        Identities of the slides that the model was corrected on.
    source : str
        Where the tiles come from, in words; empty where there are none.
    """

    embeddings: Embeddings
    labels: NDArray[np.int64]
    of_slide: NDArray[np.int64]
    slides: tuple[str, ...] = ()
    source: str = ""

    @classmethod
    def of(cls, embeddings: Embeddings, labels: NDArray[np.int64], source: str = "") -> Memory:
        """Tiles of no slide that a review is of."""
        return cls(embeddings, labels, np.full(len(labels), NO_SLIDE, np.int64), (), source)

    def __len__(self) -> int:
        return len(self.labels)

    def joined(self, other: Memory) -> Memory:
        """These tiles and others, of the slides of both."""
        slides = tuple(dict.fromkeys((*self.slides, *other.slides)))
        places = np.array([*map(slides.index, other.slides), NO_SLIDE], np.int64)
        return Memory(
            np.concatenate([self.embeddings, other.embeddings]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.of_slide, places[np.minimum(other.of_slide, len(places) - 1)]]),
            slides,
            "; ".join(filter(None, (self.source, other.source))),
        )

    def take(self, chosen: NDArray[np.generic]) -> Memory:
        """Some of the tiles: a mask, or indices."""
        return replace(
            self,
            embeddings=self.embeddings[chosen],
            labels=self.labels[chosen],
            of_slide=self.of_slide[chosen],
        )

    def without(self, slides: Collection[str]) -> Memory:
        """What is left but for the tiles of some slides, which are reviewed anew."""
        dropped = [at for at, it in enumerate(self.slides) if it in slides]
        left = self.take(~np.isin(self.of_slide, dropped))
        words = f"{len(left):,} tiles that it remembers of its former reviews"
        return replace(left, source=words if len(left) else "")

    def packed(self) -> bytes:
        """As a file of a package."""
        slides = b"".join(map(bytes.fromhex, self.slides))
        places = np.stack([self.of_slide >> 8, self.of_slide & 255], axis=1)
        return pack_arrays(
            {
                "embeddings": self.embeddings.astype(np.float16),
                "labels": self.labels.astype(np.uint8),
                "of_slide": places.astype(np.uint8),
                "slides": np.frombuffer(slides, np.uint8).reshape(-1, _HASH_BYTES),
            }
        )


def memory_in(package: ModelPackage, features: int) -> Memory:
    """What a package remembers; nothing where it was never corrected.

    Raises
    ------
    ModelError
        If its memory is damaged, or that of another network.
    """
    if REPLAY not in package.spec.files:
        return Memory.of(np.zeros((0, features), np.float32), np.zeros(0, np.int64))
    arrays = unpack_arrays(package.read(REPLAY))
    try:
        embeddings, labels, pairs, slides = (arrays[it] for it in _ARRAYS)
        bytes_alone = all(it.dtype == np.uint8 for it in (labels, pairs, slides))
        is_right = (
            bytes_alone
            and labels.ndim == 1
            and embeddings.shape == (len(labels), features)
            and pairs.shape == (len(labels), 2)
            and slides.shape == (len(slides), _HASH_BYTES)
            and bool((np.asarray(labels, np.int64) < package.spec.num_classes).all())
        )
    except KeyError:
        is_right = False
    if not is_right:
        raise ModelError(
            "What it remembers is not of its own network.",
            path=package.folder / REPLAY,
            remedy="Install the model again.",
        )
    return Memory(
        np.asarray(embeddings, np.float32),
        np.asarray(labels, np.int64),
        np.asarray(pairs, np.int64) @ (256, 1),
        tuple(row.tobytes().hex() for row in slides),
    )


def memory_of_data(
    data: Path,
    embedder: Embedder,
    seed: int,
    progress: Progress,
    on_notice: Callable[[str], None],
) -> Memory:
    """Embed labelled tiles that the user has of what the model was trained on.

    Parameters
    ----------
    data : Path
        A folder with a sub-folder for each of the model's classes, a list of pictures, a set in
        ``.npz``, or slides with groups of the classes' names.
    embedder : Embedder
    seed : int
        Which tiles are drawn.
    progress : Progress
    on_notice : callable

    Raises
    ------
    TrainingError, SlideError, AnnotationError
        If they do not serve.
    """
    spec = embedder.package.spec
    with tempfile.TemporaryDirectory(prefix="slideviewer-") as passing:
        options = TrainTilesOptions(
            data=data,
            out=Path(passing) / "model",
            name=spec.name,
            classes={name: name for name in spec.class_names},
            target=spec.target_class,
            patch_size_pixels=spec.patch_size_pixels,
            spacing_um_px=spec.spacing_um_px,
            slides=SlideOptions(rule=LabelRule(0.5, 0)),
        )
        examples = gather(options, progress, on_notice).examples
        chosen = drawn(examples.labels, PER_CLASS, np.random.default_rng(seed))
        part = examples.take(np.isin(np.arange(len(examples)), chosen))

        def tell(done: int) -> None:
            progress(Step(done, len(part), "Looking at what is to be remembered", "tiles"))

        embeddings = embedder.tiles(in_batches(part.tiles, _READ_AT_ONCE), tell)
    return Memory.of(embeddings, part.labels, f"{len(part):,} labelled tiles of {data.name}")


def drawn(labels: NDArray[np.int64], per_class: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw indices, so many of each class at most; in ascending order."""
    parts = [
        rng.permutation(np.flatnonzero(labels == label))[:per_class] for label in np.unique(labels)
    ]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
