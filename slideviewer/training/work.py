"""The folder in that of a package in which its training keeps where it stands."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import imagecodecs
import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import TrainingError
from slideviewer.files import replacing
from slideviewer.training.checkpoints import CHECKPOINT_FILE, Checkpoints, told_of_disk
from slideviewer.training.curves import CURVES_FILE, draw_curves
from slideviewer.training.examples import Examples
from slideviewer.training.history import HISTORY_FILE, EpochRow, write_history
from slideviewer.training.npz import UNPACKED
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.sampling import TILES_FILE

_IDENTITY_FILE = "training.json"
_UNFINISHED = ".tmp"
"""What a file that a killed training was writing ends in, as `slideviewer.files` names it."""
_NOT_OF_THE_WEIGHTS = (
    "out",
    "overwrite",
    "title",
    "licence",
    "intended_use",
    "data_name",
    "data_licence",
    "name",
)
"""Options that say nothing of how a network is trained."""


class Work:
    """Where a training stands.

    Parameters
    ----------
    options : TrainTilesOptions
    examples : Examples
        All of the set.
    extra : Examples, optional
        Of other sources.
    on_epoch : callable, optional
        Told what became of each epoch, once it is on the disk.

    Raises
    ------
    TrainingError
        If a training of another kind was broken off here and is not to give way.
    """

    def __init__(
        self,
        options: TrainTilesOptions,
        examples: Examples,
        extra: Examples | None = None,
        on_epoch: Callable[[EpochRow], None] = lambda _: None,
    ) -> None:
        self.folder = options.work
        self.on_epoch = on_epoch
        self.rows: tuple[EpochRow, ...] = ()
        self._identity = _identity(options, examples, extra)
        path = self.folder / _IDENTITY_FILE
        former = _read(path)
        if former is not None and former != self._identity:
            if not options.overwrite:
                names = [
                    name for name in self._identity if former.get(name) != self._identity[name]
                ]
                what = names[0] if names else "options"
                raise TrainingError(
                    f'A training that was broken off here had another "{what}":'
                    f" {_short(former.get(what))}, and not {_short(self._identity.get(what))}.",
                    path=self.folder,
                    remedy="Give the same again to go on, or begin anew with --overwrite.",
                )
            self._forget(CHECKPOINT_FILE, HISTORY_FILE, CURVES_FILE, f"-{MINED_FILE}")
        with told_of_disk(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as stream:
                stream.write(json.dumps(self._identity, indent=2).encode())

    @property
    def is_begun(self) -> bool:
        """Whether at least one epoch was done before."""
        return any(self.folder.glob(f"*/{CHECKPOINT_FILE}"))

    def checkpoints(self, phase: str) -> Checkpoints:
        """Where a phase stands: "main", a round, or a fold."""
        return Checkpoints(self.folder / phase, {"training": _hash(self._identity)})

    def mined(self, number: int) -> Path:
        """The table of what a round of hard negatives found."""
        return self.folder / f"{number}-{MINED_FILE}"

    def keep_history(self, before: Sequence[EpochRow], rows: Sequence[EpochRow]) -> None:
        """Write the table and the picture of all epochs so far.

        Raises
        ------
        TrainingError
            If the disk is full.
        """
        self.rows = (*before, *rows)
        with told_of_disk(self.folder / HISTORY_FILE):
            write_history(self.folder / HISTORY_FILE, self.rows)
            with replacing(self.folder / CURVES_FILE) as stream:
                picture = np.ascontiguousarray(draw_curves(self.rows, RESEARCH_USE_ONLY))
                stream.write(imagecodecs.png_encode(picture))

    def finish(self) -> None:
        """Take away what only a training that goes on needs; history and curves stay."""
        self._forget(CHECKPOINT_FILE, _IDENTITY_FILE, TILES_FILE, UNPACKED, _UNFINISHED)
        for folder in self.folder.glob("*/"):
            with contextlib.suppress(OSError):  # somebody put something else into it
                folder.rmdir()

    def _forget(self, *endings: str) -> None:
        for path in (*self.folder.glob("*"), *self.folder.glob("*/*")):
            if path.is_file() and path.name.endswith(endings):
                with contextlib.suppress(OSError):  # a mapped file, on Windows
                    path.unlink()


MINED_FILE = f"mined-{TILES_FILE}"


def _identity(
    options: TrainTilesOptions, examples: Examples, extra: Examples | None
) -> dict[str, object]:
    plain = {
        name: value
        for name, value in asdict(_plain(options)).items()
        if name not in _NOT_OF_THE_WEIGHTS
    }
    facts: dict[str, object] = json.loads(json.dumps(plain, default=str))
    for name in ("fit", "slides", "split"):
        inner = facts.pop(name)
        assert isinstance(inner, dict)
        facts |= inner
    digest = hashlib.sha256()
    for part in filter(None, (examples, extra)):
        for name, label in zip(part.hashes, part.labels.tolist(), strict=True):
            digest.update(f"{name} {label}\n".encode())
    return facts | {"tiles": len(examples), "content of the data": digest.hexdigest()}


def _plain(options: TrainTilesOptions) -> TrainTilesOptions:
    """The same with plain dictionaries, which `asdict` can copy."""
    return replace(
        options,
        classes=dict(options.classes),
        architecture_config=dict(options.architecture_config),
    )


def _read(path: Path) -> Mapping[str, object] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _hash(facts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
