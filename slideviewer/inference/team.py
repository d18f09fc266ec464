"""The models of a run: loaded while the first tiles are read, and asked together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from slideviewer.errors import PredictionError
from slideviewer.inference.cells import Tiles
from slideviewer.inference.ensemble import Answer, Ensemble
from slideviewer.inference.loader import Classifier, ModelLoader
from slideviewer.inference.options import Options
from slideviewer.inference.read_ahead import result_of


class Team:
    """One model or several.

    Parameters
    ----------
    loaders : sequence of ModelLoader
        The first one leads: its class of interest and threshold hold.
    options : Options
    """

    def __init__(self, loaders: Sequence[ModelLoader], options: Options) -> None:
        self._loaders, self._options = tuple(loaders), options
        self._spec = loaders[0].package.spec
        self._loading: Sequence[Future[Classifier]] = ()
        self._models: Sequence[Classifier] = ()

    def begin(self) -> None:
        """Begin to load them."""
        self._loading = [loader.load() for loader in self._loaders]

    def wait(self, waiting: Callable[[], None]) -> None:
        """Wait until all are loaded, asking often whether to go on waiting.

        Raises
        ------
        ModelError
            If one is refused.
        """
        if not self._loading:
            self.begin()
        self._models = [result_of(each, waiting) for each in self._loading]

    @property
    def batch_size(self) -> int:
        """Tiles that a network sees at once."""
        return self._models[0].batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        for model in self._models:
            model.batch_size = size

    def answer(self, tiles: Sequence[Tiles]) -> Answer:
        """Give the common answer; see `Ensemble.answer`.

        Raises
        ------
        PredictionError
            Where it is no number.
        """
        spec, options = self._spec, self._options
        ensemble = Ensemble(
            self._models, spec.target, spec.threshold, options.turns, options.rule, spec.offsets
        )
        answer = ensemble.answer(tiles)
        if not np.isfinite(answer.probabilities).all():
            raise PredictionError(
                "The model gives values that are no numbers.",
                remedy="Its weights are damaged: install the model again.",
            )
        return answer

    def answer_all(self, tiles: Tiles) -> Answer:
        """Give the common answer to what all see alike."""
        return self.answer([tiles] * len(self._models))

    def describe(self) -> list[dict[str, object]]:
        """Tell how each one computes, for the run's record; nothing before they are loaded."""
        return [model.describe() for model in self._models]
