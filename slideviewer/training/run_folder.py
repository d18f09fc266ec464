"""What a training shows of itself while it runs, in a folder beside the package that it makes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import TrainingError
from slideviewer.files import replacing, replacing_text
from slideviewer.models.package import TRAINING
from slideviewer.models.spec import CONFIG
from slideviewer.training.checkpoints import (
    CHECKPOINT_FILE,
    Checkpoints,
    FitState,
    told_of_disk,
)
from slideviewer.training.curves import CURVES_FILE, draw_curves
from slideviewer.training.event_file import EVENT_FILE, EventFile
from slideviewer.training.history import HISTORY_FILE, EpochRow, write_history
from slideviewer.training.pictures.cache import CACHE_FOLDER

if TYPE_CHECKING:
    import keras

NETWORK_FILE = "network.txt"

_SPARE_BYTES = 1 << 26
_COPIES = 9
"""Of the weights that are on the disk at most: two checkpoints (weights, two moments of the
optimiser, the best), and the package."""


class RunFolder:
    """The folder ``training`` in that of a package: history, curves, log, checkpoints, cache.

    Parameters
    ----------
    out : Path
        The package's folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / TRAINING
        self._rows: dict[int, tuple[EpochRow, ...]] = {}
        self._logs: dict[int, EventFile] = {}

    @property
    def cache(self) -> Path:
        """Where decoded pictures lie."""
        return self.folder / CACHE_FOLDER

    def refuse_package(self, *, overwrite: bool) -> None:
        """Refuse to train where a package is already, unless its training is not finished.

        Raises
        ------
        TrainingError
        """
        begun = any(self.folder.glob(f"*/{CHECKPOINT_FILE}"))
        if (self.out / CONFIG).exists() and not overwrite and not begun:
            raise TrainingError(
                "This folder holds a model package already.",
                path=self.out,
                remedy="Name another folder with --out, or replace it with --overwrite.",
            )

    def checkpoints(self, repeat: int, identity: Mapping[str, object]) -> Checkpoints:
        """Where a repeat stands."""
        return Checkpoints(self.folder / f"repeat-{repeat}", identity)

    def refuse_little_room(self, weights: int) -> None:
        """Stop before anything is trained where its results would not fit.

        Raises
        ------
        TrainingError
        """
        needed = 4 * weights * _COPIES + _SPARE_BYTES
        with told_of_disk(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise TrainingError(
                f"Its disk has {free / 1e9:.1f} GB free, and this training may need"
                f" {needed / 1e9:.1f} GB.",
                path=self.out,
                remedy="Make room, name a folder on another disk, or use a smaller network.",
            )

    def describe(self, network: keras.Model) -> None:
        """Write the network's layers as text."""
        lines: list[str] = []
        network.summary(line_length=100, print_fn=lambda text, **_: lines.append(text))
        with told_of_disk(self.folder), replacing_text(self.folder / NETWORK_FILE) as text:
            text.write("\n".join(lines) + "\n")

    def show(self, state: FitState) -> None:
        """Write history, curves and log with what became of the last epoch."""
        if not state.rows:
            return
        repeat = state.rows[-1].repeat
        self._rows[repeat] = state.rows
        every = [row for number in sorted(self._rows) for row in self._rows[number]]
        with told_of_disk(self.folder):
            write_history(self.folder / HISTORY_FILE, every)
            picture = draw_curves([_drawn(row) for row in every], RESEARCH_USE_ONLY)
            with replacing(self.folder / CURVES_FILE) as stream:
                _, png = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
                stream.write(png.tobytes())
            if repeat in self._logs:
                self._logs[repeat].add(state.rows[-1])
            else:
                log = self.folder / f"repeat-{repeat}" / EVENT_FILE
                self._logs[repeat] = EventFile(log, state.rows)

    @property
    def rows(self) -> Sequence[EpochRow]:
        """What became of each epoch that was shown."""
        return [row for number in sorted(self._rows) for row in self._rows[number]]

    def finish(self) -> None:
        """Take away what only a training that goes on needs."""
        with told_of_disk(self.folder):
            for path in self.folder.glob(f"*/{CHECKPOINT_FILE}"):
                path.unlink()
            for half in self.folder.rglob(".saving-*.tmp"):  # of one that was killed
                half.unlink(missing_ok=True)
            if self.cache.is_dir():
                shutil.rmtree(self.cache)


def _drawn(row: EpochRow) -> EpochRow:
    """A row without what would make too many plots: the middles of tiles."""
    values = {name: value for name, value in row.values.items() if " central " not in name}
    return EpochRow(row.repeat, row.epoch, row.time, row.seconds, values)
