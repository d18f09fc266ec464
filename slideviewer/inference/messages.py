"""What the inference worker is asked and what it answers: frozen values that cross a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch
from slideviewer.progress import Step


@dataclass(frozen=True)
class Request:
    """Predict a slide.

    Attributes
    ----------
    slide : Path
    model : str or Path
        A package's name or folder.
    store : Path
        Folder of the stored prediction; one of the same kind is resumed.
    region : Rect or None
        Level-0 pixels; all of the slide by default.
    spacing : float or None
        Micrometres per level-0 pixel, instead of what the slide says.
    first : Rect or None
        What is in view: predicted first.
    replace : bool
        Whether a store that was made otherwise gives way instead of being refused.
    number : int
        Comes back with every answer, so that answers to a former request can be told apart.
        Given by `InferenceWorker.predict`.
    """

    slide: Path
    model: str | Path
    store: Path
    region: Rect | None = None
    spacing: float | None = None
    first: Rect | None = None
    replace: bool = False
    number: int = 0


@dataclass(frozen=True)
class Stop:
    """End what runs and what waits."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes
    ----------
    number : int
        Of the request it belongs to.
    """

    number: int


@dataclass(frozen=True)
class Started(Reply):
    """The grid is settled.

    Attributes
    ----------
    grid, class_names, target, threshold
        As in `slideviewer.inference.prediction.Prediction`.
    total : int
        Cells with tissue.
    """

    grid: Grid
    class_names: tuple[str, ...]
    target: int
    threshold: float
    total: int


@dataclass(frozen=True)
class Batch(Reply):
    """Cells that were predicted, and stored."""

    cells: CellBatch


@dataclass(frozen=True)
class Progressed(Reply):
    """How far it has come."""

    step: Step


@dataclass(frozen=True)
class Finished(Reply):
    """All is done; `slideviewer.inference.store.read_prediction` reads the whole from the store.

    Attributes
    ----------
    store : Path
    predicted, positive : int
        Cells in the store, and those of them that count as the target.
    skipped : tuple of (column, row, reason)
        Cells that could not be read.
    seconds : float
    """

    store: Path
    predicted: int
    positive: int
    skipped: tuple[tuple[int, int, str], ...]
    seconds: float


@dataclass(frozen=True)
class Stopped(Reply):
    """Ended by `Stop`; what was predicted is in the store."""


@dataclass(frozen=True)
class Failed(Reply):
    """It could not be done.

    Attributes
    ----------
    text : str
        For the user.
    details : str
        The traceback where it is a bug; empty where the user can put it right.
    """

    text: str
    details: str = field(default="", repr=False)


@dataclass(frozen=True)
class Died(Reply):
    """The process is gone; `InferenceWorker.predict` starts another.

    Attributes
    ----------
    exit_code : int or None
        Negative: the number of the signal that ended it.
    """

    exit_code: int | None
