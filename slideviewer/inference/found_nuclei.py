"""The nuclei of slides and pictures, in the forms that programs want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.asap import write_asap
from slideviewer.annotations.model import Annotation
from slideviewer.inference.forms import known_forms
from slideviewer.inference.found import Markup, OfSlide, markup_in, rows_as_dicts
from slideviewer.inference.heatmap import red
from slideviewer.inference.nuclei.export import (
    NUCLEI_FORMATS,
    NucleiExport,
    nuclei_annotations,
    write_nuclei_outputs,
)
from slideviewer.inference.nuclei.in_picture import nuclei_in
from slideviewer.inference.nuclei.outlines import Outline
from slideviewer.inference.nuclei.predict import NucleiPrediction, rules_for
from slideviewer.inference.nuclei.tables import COLUMNS, rows_of
from slideviewer.inference.segmentation.open_picture import OpenPicture
from slideviewer.models.spec import ModelSpec
from slideviewer.slide.slide import Pixels


@dataclass(frozen=True, eq=False)
class SlideNuclei:
    """The nuclei of a slide.

    Attributes
    ----------
    prediction : NucleiPrediction
        All of it: the mask they were found in, how it came about.
    of : OfSlide
    """

    prediction: NucleiPrediction
    of: OfSlide

    @property
    def nuclei(self) -> list[dict[str, float | None]]:
        """A dictionary for each nucleus, with the columns of ``nuclei.csv``."""
        return rows_as_dicts(COLUMNS, list(NucleiExport(self.prediction).rows()))

    @property
    def outlines(self) -> list[Outline]:
        """The outline of each, (vertices, 2), in level-0 pixels."""
        return list(NucleiExport(self.prediction).outlines())

    @property
    def heatmap(self) -> NDArray[np.uint8]:
        """The insides of nuclei: (height, width, 4), uint8, RGBA; red where likely."""
        mask = self.prediction.mask
        found = mask.read(0, 0, 0, mask.frame.width, mask.frame.height)
        return red(found[..., mask.target])

    def regions(self) -> list[Annotation]:
        """The outlines as annotations."""
        return list(nuclei_annotations(NucleiExport(self.prediction)))

    def write_xml(self, path: str | Path, on_top_of: Markup | None = None) -> None:
        """Write the outlines as ASAP's XML; parameters as of `SlidePrediction.write_xml`."""
        markup = markup_in(on_top_of, self.of.path)
        outlines = nuclei_annotations(NucleiExport(self.prediction, markup))
        write_asap(outlines, Path(path), backup=False)

    def write(
        self, folder: str | Path, formats: Sequence[str] = tuple(NUCLEI_FORMATS)
    ) -> list[Path]:
        """Write what `slideviewer predict` writes for a slide: keys of `NUCLEI_FORMATS`."""
        names = known_forms(NUCLEI_FORMATS, formats)
        return write_nuclei_outputs(NucleiExport(self.prediction), Path(folder), names)


@dataclass(frozen=True, eq=False)
class PictureNuclei:
    """The nuclei of a picture.

    Attributes
    ----------
    nuclei : list of dict
        One for each, with the columns of ``nuclei.csv``.
    labels : ndarray (height, width), int32
        The number of the nucleus at each pixel, from 1; 0 is none.
    outlines : list of ndarray (vertices, 2)
        In pixels of the picture.
    overlay : ndarray (height, width, 3), uint8, RGB
        The picture with the outlines and a legend.
    heatmap : ndarray (height, width, 4), uint8, RGBA
        The insides of nuclei, red where likely.
    uncertainty : ndarray (height, width), float32, or None
    """

    nuclei: list[dict[str, float | None]]
    labels: NDArray[np.int32]
    outlines: list[Outline]
    overlay: Pixels
    heatmap: NDArray[np.uint8]
    uncertainty: NDArray[np.float32] | None

    @classmethod
    def of(cls, picture: OpenPicture, spec: ModelSpec, threshold: float) -> PictureNuclei:
        """Take them from a picture that was predicted."""
        found = nuclei_in(picture, rules_for(spec, threshold), spec.patch_size_pixels)
        um2 = picture.pixel_um2
        rows = rows_of([found.nuclei], picture.prediction.frame, None if um2 is None else um2**0.5)
        return cls(
            rows_as_dicts(COLUMNS, list(rows)),
            found.labels,
            list(found.outlines),
            found.overlay,
            red(picture.probabilities()[..., spec.target]),
            picture.spread(),
        )
