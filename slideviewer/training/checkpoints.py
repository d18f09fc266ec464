"""Where a training stands, on the disk: killed at any moment, it goes on from the last epoch.

One file holds the network's variables (the states of its random numbers among them), those of the
optimiser, the best weights so far, and what became of each epoch. It is written beside and
renamed, so that there is always one that is whole.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.files import replacing
from slideviewer.training.history import EpochRow

if TYPE_CHECKING:
    import keras

CHECKPOINT_FILE = "checkpoint.npz"

_DAMAGE = (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError)


@dataclass(frozen=True, eq=False)
class FitState:
    """How far a training has come.

    Attributes
    ----------
    rows : tuple of EpochRow
        Of the epochs done.
    best_epoch : int
        The one whose weights are the best, from 1; 0 where none was chosen.
    best_value : float
        What it reached.
    best_weights : tuple of ndarray
        In the order of ``network.weights``; empty where none was chosen.
    is_finished : bool
        Whether no further epoch is wanted, though there may be fewer than were allowed.
    """

    rows: tuple[EpochRow, ...] = ()
    best_epoch: int = 0
    best_value: float = 0.0
    best_weights: tuple[NDArray[Any], ...] = field(default=(), repr=False)
    is_finished: bool = False

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.rows)


class Checkpoints:
    """The file in which a training keeps where it stands.

    Parameters
    ----------
    folder : Path
        Made when something is saved.
    identity : mapping
        Plain JSON values that say what is trained from what. A training that was begun with
        others is not gone on with: the message names the first that differs.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self.path = folder / CHECKPOINT_FILE
        self._identity = json.loads(json.dumps(dict(identity)))

    def load(self, network: keras.Model) -> FitState:
        """Put network and optimiser in the state that was saved last.

        Parameters
        ----------
        network : keras.Model
            Compiled, and its optimiser built.

        Returns
        -------
        FitState
            An empty one where nothing was saved; the network is then left as it is.

        Raises
        ------
        TrainingError
            If the file is damaged, or of another training.
        """
        variables = _variables(network)
        try:
            for half in self.path.parent.glob(".saving-*.tmp"):
                half.unlink(missing_ok=True)  # left by one that was killed as it was writing
            with np.load(self.path, allow_pickle=False) as arrays:
                facts = json.loads(arrays["state"].tobytes())
                self._refuse_other(facts["identity"])
                values = [arrays[f"variable{number}"] for number in range(len(variables))]
                best = [arrays[f"best{number}"] for number in range(int(facts["best_arrays"]))]
            rows = tuple(EpochRow.from_json(row) for row in facts["rows"])
            state = FitState(
                rows,
                int(facts["best_epoch"]),
                float(facts["best_value"]),
                tuple(best),
                bool(facts["is_finished"]),
            )
            if any(tuple(v.shape) != a.shape for v, a in zip(variables, values, strict=True)):
                raise ValueError("other shapes")
        except FileNotFoundError:
            return FitState()
        except OSError as error:
            raise TrainingError(
                f"Where the training stood cannot be read: {error.strerror or error}.",
                path=self.path,
            ) from error
        except _DAMAGE as error:
            raise TrainingError(
                "This does not tell where the training stood: it is damaged, or of another"
                " version.",
                path=self.path,
                remedy="Take it away to begin anew.",
            ) from error
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return state

    def save(self, network: keras.Model, state: FitState) -> None:
        """Write where a training stands, in place of what was written before.

        Raises
        ------
        TrainingError
            If the disk is full, or the folder cannot be written.
        """
        facts = {
            "identity": self._identity,
            "rows": [row.to_json() for row in state.rows],
            "best_epoch": state.best_epoch,
            "best_value": state.best_value,
            "best_arrays": len(state.best_weights),
            "is_finished": state.is_finished,
        }
        arrays: dict[str, NDArray[Any]] = {
            "state": np.frombuffer(json.dumps(facts).encode(), np.uint8),
            **_numbered("variable", [np.asarray(it.numpy()) for it in _variables(network)]),
            **_numbered("best", state.best_weights),
        }
        with told_of_disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as stream:
                np.savez(stream, allow_pickle=False, **arrays)

    def discard(self) -> None:
        """Forget where the training stood."""
        with told_of_disk(self.path):
            self.path.unlink(missing_ok=True)

    def discard_another(self) -> None:
        """Forget where a training stood that was another one, or cannot be read."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                self._refuse_other(json.loads(arrays["state"].tobytes())["identity"])
        except FileNotFoundError:
            pass
        except (TrainingError, OSError, *_DAMAGE):
            self.discard()

    def _refuse_other(self, found: Mapping[str, object]) -> None:
        names = [*self._identity, *(name for name in found if name not in self._identity)]
        for name in names:
            ours, theirs = self._identity.get(name), found.get(name)
            if ours != theirs:
                raise TrainingError(
                    f'A training begun here had another "{name}":'
                    f" {_short(theirs)}, and not {_short(ours)}.",
                    path=self.path.parent,
                    remedy="Give the same again to go on, or begin anew with --overwrite.",
                )


@contextmanager
def told_of_disk(path: Path) -> Iterator[None]:
    """Make a `TrainingError` of what the system says when something cannot be written."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"It cannot be written: {error.strerror or error}.",
            path=path,
            remedy="Make room on the disk, or name another folder; the same command then goes on"
            " from the last epoch.",
        ) from error


def _variables(network: keras.Model) -> list[Any]:
    return [*network.variables, *network.optimizer.variables]


def _numbered(name: str, arrays: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{name}{number}": array for number, array in enumerate(arrays)}


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
