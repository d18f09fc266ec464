"""A model that is loaded when it is first needed, once, while others go on."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.cells import Tiles
from slideviewer.inference.engines.choosing import AUTO, load_classifier
from slideviewer.inference.read_ahead import in_background
from slideviewer.models.package import ModelPackage


class Classifier(Protocol):
    """What a run needs of a loaded model.

    Attributes
    ----------
    batch_size : int
        Tiles the network sees at once; a run changes it to what the machine does in reasonable
        time.
    """

    batch_size: int

    def predict(self, tiles: Tiles) -> NDArray[np.float32]:
        """Give probabilities (count, classes) for tiles (count, patch, patch, 3), uint8, RGB."""

    def describe(self) -> dict[str, object]:
        """Tell how they are computed, for the run's record."""


class ModelLoader:
    """Loads a package's model in a thread when first asked, and keeps it.

    Parameters
    ----------
    package : ModelPackage
    classifier : Classifier, optional
        Where it is loaded already.
    engine : str
    threads : int, optional
        As in `slideviewer.inference.engines.choosing.load_classifier`.

    Attributes
    ----------
    package : ModelPackage
    engine : str
        What is to compute it: one of `slideviewer.inference.engines.choosing.ENGINES`.
    """

    def __init__(
        self,
        package: ModelPackage,
        classifier: Classifier | None = None,
        *,
        engine: str = AUTO,
        threads: int | None = None,
    ) -> None:
        self.package, self.engine = package, engine
        self._threads = threads
        self._loading: Future[Classifier] | None = None
        if classifier is not None:
            self._loading = Future()
            self._loading.set_result(classifier)

    def load(self) -> Future[Classifier]:
        """Return the model, loading or loaded; one that failed to load is tried again."""
        failed = (
            self._loading is not None
            and self._loading.done()
            and self._loading.exception() is not None
        )
        if self._loading is None or failed:
            self._loading = in_background(self._load, "model")
        return self._loading

    def _load(self) -> Classifier:
        return load_classifier(self.package, self.engine, self._threads)
