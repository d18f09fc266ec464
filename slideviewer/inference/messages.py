"""What the inference worker is asked and what it answers: frozen values that cross a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.inference.engines.choosing import AUTO
from slideviewer.inference.grid import Grid
from slideviewer.inference.nuclei.block import NucleiBlock
from slideviewer.inference.options import Options
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.segmentation.coarse import CoarseSteps
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.progress import Step
from slideviewer.slide.tissue import TissueMask


@dataclass(frozen=True)
class Request:
    """Predict a slide, as the model's task demands.

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
    others : tuple of str or Path
        Further packages, which answer together with the first.
    options : Options
    engine : str
        As in `ModelLoader`.
    tissue : TissueMask or None
        Where to look; found by the options' parameters by default.
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
    others: tuple[str | Path, ...] = ()
    options: Options = field(default_factory=Options)
    engine: str = AUTO
    tissue: TissueMask | None = None
    number: int = 0


@dataclass(frozen=True)
class Stop:
    """End what runs and what waits."""


@dataclass(frozen=True)
class Pause:
    """Stand still until `Resume`, and say so now and then; `Stop` still ends it.

    Attributes
    ----------
    number : int
        Of the last request that is meant: one that comes after a late pause is not.
    """

    number: int


@dataclass(frozen=True)
class Resume:
    """Go on."""


@dataclass(frozen=True)
class Hold:
    """Leave the machine to others for a moment.

    Attributes
    ----------
    seconds : float
        From now; the next `Hold` counts in place of this one.
    """

    seconds: float


Message = Request | Stop | Pause | Resume | Hold


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
    """The grid of a tile model is settled.

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
class MaskStarted(Reply):
    """The frame of a mask is settled, and its store is there to be read.

    Attributes
    ----------
    frame, class_names, target, threshold, exclusive
        As in `slideviewer.inference.segmentation.prediction.MaskPrediction`.
    """

    frame: MaskFrame
    class_names: tuple[str, ...]
    target: int
    threshold: float
    exclusive: bool


@dataclass(frozen=True)
class NucleiStarted(MaskStarted):
    """The same of the mask in which nuclei are found."""


@dataclass(frozen=True)
class Batch(Reply):
    """Cells that were predicted, and stored."""

    cells: CellBatch


@dataclass(frozen=True)
class MaskPart(Reply):
    """A chunk of a mask that was predicted, and can be read from the store.

    What is sent of it is an eighth of its resolution, for views of the whole slide, of which the
    store has nothing yet: its coarser levels are made once all below them is there. The chunk
    itself, a megabyte and more, is written to disk anyway, whole or not at all, and read only by
    those who look at that place. Reading takes less than half as long as writing (13 against 32 ms
    on a busy machine), and the pipe stays free for words of progress.

    Attributes
    ----------
    column, row : int
        As in `slideviewer.inference.segmentation.chunks.Chunk`.
    coarse : ndarray (64, 64, classes), uint8
    """

    column: int
    row: int
    coarse: CoarseSteps


@dataclass(frozen=True)
class NucleiPart(Reply):
    """The nuclei of a block that were found, and can be read from the store.

    Attributes
    ----------
    block : NucleiBlock
    centres : ndarray (count, 2), float32
        In pixels of the mask.
    pixels : ndarray (count,), float32
        How many of them each nucleus covers.
    """

    block: NucleiBlock
    centres: NDArray[np.float32]
    pixels: NDArray[np.float32]


@dataclass(frozen=True)
class Progressed(Reply):
    """How far it has come.

    Attributes
    ----------
    step : Step
    is_paused : bool
        Whether it stands still until `Resume`.
    """

    step: Step
    is_paused: bool = False


@dataclass(frozen=True)
class Finished(Reply):
    """All is done; `slideviewer.inference.stored.read_stored` reads the whole from the store.

    Attributes
    ----------
    store : Path
    predicted, positive : int
        Of tiles the cells in the store, and those of them that count as the target; of a mask its
        pixels, likewise; of nuclei how many there are, twice.
    skipped : tuple of tuple
        What could not be read: its place, and why.
    seconds : float
    """

    store: Path
    predicted: int
    positive: int
    skipped: tuple[tuple[int | str, ...], ...]
    seconds: float


@dataclass(frozen=True)
class Stopped(Reply):
    """Ended by `Stop`; what was predicted is in the store.

    Attributes
    ----------
    with_process : bool
        Whether the process ends with it, since the model was in the middle of a step that nothing
        interrupts. The next request starts another.
    """

    with_process: bool = False


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
    is_hung : bool
        Whether it was ended because nothing had been heard of it for long.
    """

    exit_code: int | None
    is_hung: bool = False


Beginning = Started | MaskStarted
"""What comes once, before anything is predicted."""

News = Batch | MaskPart | NucleiPart
"""What was predicted."""

LAST_WORDS = (Finished, Stopped, Failed, Died)
"""The answers after which nothing more comes to a request."""
