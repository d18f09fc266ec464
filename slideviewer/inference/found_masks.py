"""What a model that segments says of slides and pictures, in the forms that programs want."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.asap import write_asap
from slideviewer.annotations.model import Annotation
from slideviewer.inference.forms import known_forms
from slideviewer.inference.found import Markup, OfSlide, as_dicts, markup_in
from slideviewer.inference.heatmap import red
from slideviewer.inference.segmentation.annotations import LEAST_AREA_UM2, mask_annotations
from slideviewer.inference.segmentation.areas import areas_in, areas_of
from slideviewer.inference.segmentation.export import (
    MASK_FORMATS,
    MaskExport,
    write_mask_outputs,
)
from slideviewer.inference.segmentation.open_picture import OpenPicture
from slideviewer.inference.segmentation.overlay import colours_for, with_legend, with_masks
from slideviewer.inference.segmentation.prediction import MaskPrediction, positive_pixels
from slideviewer.models.spec import ModelSpec
from slideviewer.slide import open_slide
from slideviewer.slide.slide import Pixels


@dataclass(frozen=True, eq=False)
class SlideMasks:
    """Masks of a slide, at the model's spacing.

    A whole slide's take much memory: `prediction` reads them part by part, and coarser levels.

    Attributes
    ----------
    prediction : MaskPrediction
        All of it: its frame on the slide, the probabilities, how they came about.
    of : OfSlide
    """

    prediction: MaskPrediction
    of: OfSlide

    @property
    def probabilities(self) -> NDArray[np.float16]:
        """Shape (height, width, classes), float16; NaN where the model did not look."""
        return self.prediction.read(*self._whole)

    @property
    def uncertainty(self) -> NDArray[np.float16] | None:
        """How much models and turns differ: (height, width); None where each was asked once."""
        return self.prediction.read_spread(*self._whole)

    def masks(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Which pixels count as which class: shape (height, width, classes)."""
        return self.prediction.positive(self.probabilities, self.of.limit(threshold))

    def areas(self, threshold: float | None = None) -> list[dict[str, Any]]:
        """How much is of which class, in pixels of the mask; see `as_dicts`."""
        return as_dicts(areas_of(self.prediction, self.of.limit(threshold)))

    @property
    def heatmap(self) -> NDArray[np.uint8]:
        """The class of interest: (height, width, 4), uint8, RGBA; red where likely."""
        return red(self.probabilities[..., self.prediction.target])

    def regions(
        self, threshold: float | None = None, least_area_um2: float = LEAST_AREA_UM2
    ) -> list[Annotation]:
        """Outline what counts as each class, each in a group of its own name."""
        found = mask_annotations(
            self.prediction, threshold=self.of.limit(threshold), least_area_um2=least_area_um2
        )
        return list(found)

    def write_xml(
        self,
        path: str | Path,
        threshold: float | None = None,
        on_top_of: Markup | None = None,
    ) -> None:
        """Write the outlines as ASAP's XML; parameters as of `SlidePrediction.write_xml`."""
        markup = markup_in(on_top_of, self.of.path)
        outlines = mask_annotations(self.prediction, markup, threshold=self.of.limit(threshold))
        write_asap(outlines, Path(path), backup=False)

    def write(
        self,
        folder: str | Path,
        formats: Sequence[str] = tuple(MASK_FORMATS),
        threshold: float | None = None,
    ) -> list[Path]:
        """Write what `slideviewer predict` writes for a slide: keys of `MASK_FORMATS`."""
        names = known_forms(MASK_FORMATS, formats)
        with closing(open_slide(self.of.path)) as slide:
            export = MaskExport(self.prediction, slide, self.of.limit(threshold))
            return write_mask_outputs(export, Path(folder), names)

    @property
    def _whole(self) -> tuple[int, int, int, int, int]:
        return 0, 0, 0, self.prediction.frame.width, self.prediction.frame.height


@dataclass(frozen=True, eq=False)
class PictureMasks:
    """Masks of a picture, at its own size.

    Attributes
    ----------
    class_names : tuple of str
    probabilities : ndarray (height, width, classes), float32
    masks : ndarray (height, width, classes), bool
        Which pixels count as which class.
    areas : list of dict
        How much is of which class; see `as_dicts`.
    overlay : ndarray (height, width, 3), uint8, RGB
        The picture with the masks and a legend.
    heatmap : ndarray (height, width, 4), uint8, RGBA
        The class of interest, red where likely.
    uncertainty : ndarray (height, width), float32, or None
    """

    class_names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    masks: NDArray[np.bool_]
    areas: list[dict[str, Any]]
    overlay: Pixels
    heatmap: NDArray[np.uint8]
    uncertainty: NDArray[np.float32] | None

    @classmethod
    def of(cls, picture: OpenPicture, spec: ModelSpec, threshold: float) -> PictureMasks:
        """Take them from a picture that was predicted."""
        probabilities, names = picture.probabilities(), spec.class_names
        masks = positive_pixels(probabilities, threshold, spec.target if spec.exclusive else None)
        areas = areas_in(masks, names, pixel_um2=picture.pixel_um2)
        colours = colours_for(names, spec.target)
        painted = with_masks(picture.pixels(), masks, colours)
        return cls(
            names,
            probabilities,
            masks,
            as_dicts(areas),
            with_legend(painted, list(zip(areas.lines(), colours, strict=True))),
            red(probabilities[..., spec.target]),
            picture.spread(),
        )
