"""A plain picture, predicted all of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from slideviewer.errors import SlideError
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.options import Options
from slideviewer.inference.pictures import PLAIN_VENDORS
from slideviewer.inference.plan import spacing_for
from slideviewer.inference.segmentation.open_picture import ASSUMED, OpenPicture, PictureOptions
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.progress import Progress
from slideviewer.slide import open_slide
from slideviewer.slide.slide import Spacing
from slideviewer.slide.tissue import TissueMask


@contextmanager
def predicted_picture(
    path: Path, folder: Path, loader: ModelLoader, options: PictureOptions, progress: Progress
) -> Iterator[OpenPicture]:
    """Predict a picture; what was found is there as long as it is open.

    Parameters
    ----------
    path : Path
    folder : Path
        Of its results; nothing is written there.
    loader : ModelLoader
    options : PictureOptions
    progress : Progress

    Raises
    ------
    SlideError, ModelError, PredictionError
        As `predict_mask`; also where it is no plain picture.
    """
    with closing(open_slide(path)) as slide, tempfile.TemporaryDirectory() as store:
        width, height = slide.pyramid.width, slide.pyramid.height
        if slide.vendor not in PLAIN_VENDORS:
            raise SlideError(
                f"A {slide.vendor} of {width} x {height} pixels is no plain picture.",
                path=path,
                remedy="Give slides by their name, or in a folder of their own.",
            )
        given = options.spacing
        is_known = given is not None or isinstance(slide.spacing, Spacing)
        spacing = spacing_for(slide, given) if is_known else loader.package.spec.spacing_um_px
        prediction = predict_mask(
            slide,
            loader.package,
            store=Path(store),
            spacing=spacing,
            tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
            overlap=options.overlap,
            progress=progress,
            loader=loader,
            others=options.others,
            options=Options(turns=options.turns),
        )
        source = "user" if given is not None else "slide" if is_known else ASSUMED
        yield OpenPicture(slide, folder, prediction, source)
