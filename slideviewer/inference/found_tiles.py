"""What a tile model says of a slide, in the forms that programs want."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.model import Annotation
from slideviewer.inference.export import FORMATS, Export, write_outputs
from slideviewer.inference.export_asap import write_asap_squares
from slideviewer.inference.forms import known_forms
from slideviewer.inference.found import Markup, OfSlide, as_dicts, markup_in
from slideviewer.inference.heatmap import heatmap
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.region_annotations import region_annotations
from slideviewer.slide import open_slide


@dataclass(frozen=True, eq=False)
class SlidePrediction:
    """Tiles of a slide.

    Attributes
    ----------
    prediction : Prediction
        All of it: the grid, the probabilities, how they came about.
    of : OfSlide
    """

    prediction: Prediction
    of: OfSlide

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Shape (rows, columns, classes), float32; NaN where the model did not look."""
        return self.prediction.probabilities

    @property
    def uncertainty(self) -> NDArray[np.float32] | None:
        """How much models and turns differ: (rows, columns); None where each was asked once."""
        return self.prediction.spread

    @property
    def tiles(self) -> list[dict[str, float]]:
        """A dictionary for each tile looked at.

        ``x, y, width, height`` in level-0 pixels, and ``score``, the probability of the class of
        interest.
        """
        scores = self.prediction.target_probabilities
        found = []
        for row, column in np.argwhere(~np.isnan(scores)).tolist():
            cell = self.prediction.grid.rect(column, row)
            place = {"x": cell.x, "y": cell.y, "width": cell.width, "height": cell.height}
            found.append({**place, "score": float(scores[row, column])})
        return found

    def areas(self, threshold: float | None = None) -> list[dict[str, Any]]:
        """How much of what was looked at is of which class, in level-0 pixels; see `as_dicts`."""
        return as_dicts(self._export(threshold).areas.areas)

    @property
    def heatmap(self) -> NDArray[np.uint8]:
        """A picture of one pixel a tile: (rows, columns, 4), uint8, RGBA; red where likely."""
        return heatmap(self.prediction)

    def regions(
        self, threshold: float | None = None, least_area_um2: float = 0.0
    ) -> list[Annotation]:
        """Outline the tiles from a probability on, merged into regions, the largest first."""
        return region_annotations(
            self.prediction, self.of.limit(threshold), least_area_um2=least_area_um2
        )

    def write_xml(
        self,
        path: str | Path,
        threshold: float | None = None,
        on_top_of: Markup | None = None,
    ) -> None:
        """Write a square for each tile from a probability on, as ASAP's XML.

        Parameters
        ----------
        path : str or Path
        threshold : float, optional
            The model's own by default.
        on_top_of : str, Path or AnnotationSet, optional
            A specialist's markup, kept whole in front of the squares; its file is left as it is.
        """
        markup = markup_in(on_top_of, self.of.path)
        write_asap_squares(self.prediction, self.of.limit(threshold), Path(path), markup)

    def write(
        self,
        folder: str | Path,
        formats: Sequence[str] = tuple(FORMATS),
        threshold: float | None = None,
    ) -> list[Path]:
        """Write what `slideviewer predict` writes for a slide.

        Parameters
        ----------
        folder : str or Path
        formats : sequence of str
            Keys of `slideviewer.inference.export.FORMATS`; all by default.
        threshold : float, optional
            The model's own by default.

        Returns
        -------
        list of Path
        """
        names = known_forms(FORMATS, formats)
        with closing(open_slide(self.of.path)) as slide:
            export = Export(self.prediction, self.of.limit(threshold), slide=slide)
            return write_outputs(export, Path(folder), names)

    def _export(self, threshold: float | None) -> Export:
        return Export(self.prediction, self.of.limit(threshold))
