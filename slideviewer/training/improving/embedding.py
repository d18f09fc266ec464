"""Embeddings of a slide's cells, kept on the disk: a head that is fitted again reads no tile."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.files import replacing
from slideviewer.inference.areas import READING
from slideviewer.inference.plan import Plan
from slideviewer.models.classifier import predict_in_batches
from slideviewer.models.loading import load_model
from slideviewer.models.package import ModelPackage
from slideviewer.paths import cache_folder
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.improving.head import Embeddings, Weights, weights_of, without_head

if TYPE_CHECKING:
    import keras

BATCH = 64
MOST_CACHED_BYTES = 2 << 30
"""Of all slides and models together; the files that were used longest ago go first."""

_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Cells:
    """Embedded cells of a slide.

    Attributes
    ----------
    columns, rows : ndarray (n,), int32
    embeddings : ndarray (n, features), float32
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    embeddings: Embeddings

    def __len__(self) -> int:
        return len(self.columns)


class Embedder:
    """Embeds tiles with a package's network; it is loaded when the first tile is not known yet.

    Parameters
    ----------
    package : ModelPackage
    folder : Path, optional
        Where embeddings are kept; the program's cache by default.

    Attributes
    ----------
    weights : Weights
        The package's.
    read : int
        How many tiles were read and embedded, in place of found.
    """

    def __init__(self, package: ModelPackage, folder: Path | None = None) -> None:
        self.package = package
        self.weights: Weights = weights_of(package)
        self.read = 0
        self._folder = (folder or cache_folder() / "embeddings") / self.weights.base_hash[:16]
        self._network: keras.Model | None = None

    @property
    def network(self) -> keras.Model:
        """All of the package's network, which has answered its own sample."""
        if self._network is None:
            self._network = load_model(self.package)
            self._features = without_head(self._network)
        return self._network

    def tiles(
        self, batches: Iterator[NDArray[np.uint8]], told: Callable[[int], None] = lambda _: None
    ) -> Embeddings:
        """Embed tiles (any number, patch, patch, 3), uint8, RGB, that come bit by bit."""
        assert self.network is not None
        found: list[Embeddings] = []
        done = 0
        for batch in _gathered(batches):
            found.append(predict_in_batches(self._features, batch, BATCH))
            done += len(batch)
            self.read += len(batch)
            told(done)
        width = self._features.output_shape[-1]
        return np.concatenate([np.empty((0, width), np.float32), *found])

    def cells(self, plan: Plan, wanted: NDArray[np.bool_], progress: Progress = silent) -> Cells:
        """Embed cells of a slide, those that are not known yet.

        Parameters
        ----------
        plan : Plan
        wanted : ndarray (rows, columns), bool
        progress : Progress

        Raises
        ------
        TrainingError
            If not one of them can be read.
        """
        name = plan.reader.slide.path.name
        file = self._folder / f"{_key(plan)}.npz"
        known = _read(file)
        missing = wanted.copy()
        if known is not None:
            missing[known.rows, known.columns] = False
        if missing.any():
            made = self._made(plan, missing, name, progress)
            known = made if known is None else _together(known, made)
            _keep(file, known)
        if known is None:
            nowhere, features = np.zeros(0, np.int32), len(self.weights.head.kernel)
            return Cells(nowhere, nowhere, np.zeros((0, features), np.float32))
        own = np.flatnonzero(wanted[known.rows, known.columns])
        if wanted.any() and not len(own):
            raise TrainingError("None of its tiles can be read.", path=plan.reader.slide.path)
        order = own[np.lexsort((known.columns[own], known.rows[own]))]
        return Cells(known.columns[order], known.rows[order], known.embeddings[order])

    def _made(self, plan: Plan, missing: NDArray[np.bool_], name: str, progress: Progress) -> Cells:
        places: list[NDArray[np.int32]] = []
        total = int(missing.sum())

        def read() -> Iterator[NDArray[np.uint8]]:
            for block in plan.reader.blocks(missing):
                cells = plan.reader.read(block)
                places.append(np.stack([cells.columns, cells.rows]))
                yield cells.tiles[0]

        def tell(done: int) -> None:
            progress(Step(done, total, f"Looking at {name}", "tiles"))

        tell(0)
        embeddings = self.tiles(read(), tell)
        columns, rows = np.concatenate([np.empty((2, 0), np.int32), *places], axis=1)
        return Cells(columns, rows, embeddings)


def _gathered(batches: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The same tiles, `BATCH` or more of them at a time but for the last ones."""
    waiting: list[NDArray[np.uint8]] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= BATCH:
            together = np.concatenate(waiting)
            whole = len(together) // BATCH * BATCH
            yield together[:whole]
            waiting = [together[whole:]]
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)


def _key(plan: Plan) -> str:
    """Names what is read of a slide: its file, its grid, and the way of reading."""
    path = plan.reader.slide.path.resolve()
    facts = [str(path), READING, repr(plan.grid), repr(plan.reader.views)]
    try:
        status = path.stat()
        facts += [status.st_size, status.st_mtime_ns]
    except OSError:
        pass
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _read(file: Path) -> Cells | None:
    """What is kept; nothing where it is damaged, for it can be made again."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            cells = Cells(arrays["columns"], arrays["rows"], arrays["embeddings"])
        file.touch()
    except _DAMAGE:
        return None
    if cells.embeddings.ndim != 2 or not len(cells) == len(cells.rows) == len(cells.embeddings):
        return None
    return cells


def _keep(file: Path, cells: Cells) -> None:
    """Keep embeddings; a disk that is full costs no more than the time to make them again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            np.savez(
                stream,
                allow_pickle=False,
                columns=cells.columns,
                rows=cells.rows,
                embeddings=cells.embeddings,
            )
        kept = sorted(
            file.parent.parent.glob("*/*.npz"), key=lambda it: it.stat().st_mtime, reverse=True
        )
        total = 0
        for other in kept:
            total += other.stat().st_size
            if total > MOST_CACHED_BYTES and other != file:
                other.unlink()
    except OSError:
        return


def _together(first: Cells, second: Cells) -> Cells:
    return Cells(
        np.concatenate([first.columns, second.columns]),
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.embeddings, second.embeddings]),
    )
