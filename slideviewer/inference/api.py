"""Predicting from Python: a model, and what it says of slides and pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.engines.choosing import AUTO
from slideviewer.inference.ensemble import check_together
from slideviewer.inference.found import OfSlide, StoreFolder
from slideviewer.inference.found_masks import PictureMasks, SlideMasks
from slideviewer.inference.found_nuclei import PictureNuclei, SlideNuclei
from slideviewer.inference.found_tiles import SlidePrediction
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.options import Options, Rule, Turns
from slideviewer.inference.pictures import read_picture
from slideviewer.inference.png import png_bytes
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.resample import resample
from slideviewer.inference.segmentation.open_picture import PictureOptions
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.predicted_picture import predicted_picture
from slideviewer.inference.team import Team
from slideviewer.models.package import open_package
from slideviewer.models.spec import ModelSpec
from slideviewer.progress import Progress, silent
from slideviewer.slide import open_slide

Picture = str | Path | NDArray[np.uint8]
"""A file, or pixels: (height, width, 3), uint8, RGB."""


class Predict:
    """A model, or several that answer together, ready for slides and pictures.

    Parameters
    ----------
    *models : str or Path
        Names of installed models, or folders of packages, all for the same task; the first one
        leads.
    turns, rule, stride_pixels, time_limit_s
        As in `slideviewer.inference.options.Options`.
    engine : str
        What computes: "auto", "keras" or "openvino".

    Raises
    ------
    ModelError, PredictionError
        If a model is refused, or models or options do not go together.

    Examples
    --------
    >>> from slideviewer import Predict
    >>> predict = Predict("tumour-camelyon")
    >>> found = predict.predict_slide("a.svs", area=(20000, 8000, 26000, 14000))
    >>> found.write_xml("a.xml", threshold=0.98, on_top_of="specialist.xml")
    """

    def __init__(
        self,
        *models: str | Path,
        turns: Turns = "none",
        rule: Rule = "mean",
        stride_pixels: int | None = None,
        time_limit_s: float | None = None,
        engine: str = AUTO,
    ) -> None:
        packages = [open_package(model) for model in models or ("",)]
        check_together(packages)
        self._options = Options(stride_pixels, turns, rule, time_limit_s)
        self._options.check(packages[0].spec)
        self._loaders = [ModelLoader(package, engine=engine) for package in packages]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of probabilities."""
        return self._spec.class_names

    def predict_slide(
        self,
        path: str | Path,
        area: tuple[float, float, float, float] | None = None,
        *,
        threshold: float | None = None,
        spacing_um_px: float | None = None,
        store: str | Path | None = None,
        progress: Progress = silent,
    ) -> SlidePrediction | SlideMasks | SlideNuclei:
        """Predict a slide, or an area of it.

        Parameters
        ----------
        path : str or Path
        area : (x1, y1, x2, y2), optional
            Left, top, right and bottom in level-0 pixels; all of the slide by default.
        threshold : float, optional
            The probability that counts in the answer where nothing else is said, and by which
            nuclei are found; the model's own by default.
        spacing_um_px : float, optional
            Micrometres per level-0 pixel, where the slide does not say or is wrong.
        store : str or Path, optional
            A folder for the stored prediction, from which a run that was broken off goes on; by
            default nothing is left behind once the answer is let go.
        progress : callable
            Told how far it is; raising `slideviewer.errors.Cancelled` from it ends the run.

        Returns
        -------
        SlidePrediction, SlideMasks or SlideNuclei
            By what the model is for: tiles, segmentation or nuclei.

        Raises
        ------
        SlideError, ModelError, PredictionError
            With the file's name, what is wrong and what to do.
        """
        first, *others = self._loaders
        limit = self._limit(threshold)
        folder = StoreFolder(store)
        of = OfSlide(Path(path), limit, folder)
        how: dict[str, Any] = {
            "package": first.package,
            "store": folder.path,
            "region": None if area is None else _region(area),
            "spacing": spacing_um_px,
            "progress": progress,
            "loader": first,
            "others": others,
            "options": self._options,
        }
        with closing(open_slide(of.path)) as slide:
            if self._spec.task == "segmentation":
                return SlideMasks(predict_mask(slide, **how), of)
            if self._spec.task == "nuclei":
                return SlideNuclei(predict_nuclei(slide, threshold=limit, **how), of)
            return SlidePrediction(predict_slide(slide, **how), of)

    def predict_image(
        self,
        picture: Picture,
        *,
        threshold: float | None = None,
        spacing_um_px: float | None = None,
    ) -> dict[str, float] | PictureMasks | PictureNuclei:
        """Predict a picture.

        Parameters
        ----------
        picture : str, Path or ndarray (height, width, 3), uint8, RGB
            For a tile model it is one tile, resized to what the model wants.
        threshold : float, optional
            As in `predict_slide`; of no use to a tile model.
        spacing_um_px : float, optional
            Micrometres per pixel; by default what a file says, or else the model's. Of no use to a
            tile model.

        Returns
        -------
        dict of str to float, PictureMasks or PictureNuclei
            Of a tile model the probability of each class.

        Raises
        ------
        SlideError, ModelError, PredictionError
        """
        if not isinstance(picture, str | Path):
            _check_pixels(picture)
        if self._spec.task == "tile-classification":
            return self._classified(picture)
        first, *others = self._loaders
        limit = self._limit(threshold)
        options = PictureOptions(
            spacing=spacing_um_px, threshold=limit, turns=self._options.turns, others=tuple(others)
        )
        with (
            _as_file(picture) as path,
            predicted_picture(path, path.parent, first, options, silent) as found,
        ):
            answer = PictureMasks if self._spec.task == "segmentation" else PictureNuclei
            return answer.of(found, self._spec, limit)

    @property
    def _spec(self) -> ModelSpec:
        return self._loaders[0].package.spec

    def _limit(self, threshold: float | None) -> float:
        if threshold is not None and not 0 <= threshold <= 1:
            raise PredictionError(f"A threshold must be from 0 to 1, not {threshold:g}.")
        return self._spec.threshold if threshold is None else threshold

    def _classified(self, picture: Picture) -> dict[str, float]:
        team = Team(self._loaders, self._options)
        team.wait(lambda: None)
        sides = [loader.package.spec.patch_size_pixels for loader in self._loaders]
        answer = team.answer([_tile(picture, side)[None] for side in sides]).probabilities[0]
        return dict(zip(self.class_names, map(float, answer), strict=True))


def _region(area: tuple[float, float, float, float]) -> Rect:
    x1, y1, x2, y2 = area
    if not (x1 < x2 and y1 < y2):
        raise PredictionError(
            f"An area from {x1:g}, {y1:g} to {x2:g}, {y2:g} is of no size.",
            remedy="Give left, top, right and bottom in level-0 pixels.",
        )
    return Rect(x1, y1, x2 - x1, y2 - y1)


def _tile(picture: Picture, patch: int) -> NDArray[np.uint8]:
    if isinstance(picture, str | Path):
        return read_picture(Path(picture), patch).tile
    height, width = picture.shape[:2]
    return resample(picture, 0, 0, width, height, patch, patch)


def _check_pixels(picture: NDArray[np.uint8]) -> None:
    is_rgb = picture.ndim == 3 and picture.shape[2] == 3 and picture.size > 0
    if picture.dtype != np.uint8 or not is_rgb:
        raise PredictionError(
            f"A picture must be uint8 (height, width, 3), not {picture.dtype} {picture.shape}."
        )


@contextmanager
def _as_file(picture: Picture) -> Iterator[Path]:
    """A picture as a file: what is read of slides is read of files."""
    if isinstance(picture, str | Path):
        yield Path(picture)
        return
    with tempfile.TemporaryDirectory(prefix="slideviewer-") as folder:
        path = Path(folder) / "picture.png"
        path.write_bytes(png_bytes(picture))
        yield path
