"""What the user wants predicted: which slide, by which models, where and how."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from slideviewer import paths
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.kept import kept_name, latest_kept
from slideviewer.inference.messages import Request
from slideviewer.inference.options import Options
from slideviewer.inference.provenance import content_identity
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress
from slideviewer.slide import Slide, UnknownSpacing, open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.ui import settings
from slideviewer.ui.tissue_settings import tissue_parameters

Place = Callable[[Slide, Options, Progress], TissueMask]
"""Says where on a slide to look; called off the GUI thread, with a slide of its own to read."""


@dataclass(frozen=True)
class Order:
    """One prediction that is wanted.

    Attributes
    ----------
    slide : Path
        Absolute.
    package : ModelPackage
        The first model.
    others : tuple of ModelPackage
        Further ones that answer together with it.
    options : Options
    place : callable or None
        Where to look; all tissue by default.
    spacing : float or None
        Micrometres per level-0 pixel where the slide does not say.
    first : Rect or None
        What is in view.
    """

    slide: Path
    package: ModelPackage
    others: tuple[ModelPackage, ...] = ()
    options: Options = field(default_factory=Options)
    place: Place | None = None
    spacing: float | None = None
    first: Rect | None = None

    @property
    def of_all_by(self) -> str:
        """Hash of the one model that looks at all tissue; empty where it is another order."""
        return "" if self.place is not None or self.others else self.package.hash


def usual_options() -> Options:
    """How a slide is predicted where nothing else is asked for."""
    minutes = settings.read(settings.PREDICTION_MINUTES)
    limit_s = 60.0 * minutes if minutes else None
    return Options(time_limit_s=limit_s, tissue=tissue_parameters())


@dataclass(frozen=True)
class Prepared:
    """What must be known of an order before the worker is asked.

    Attributes
    ----------
    identity : str
        Of the slide's content.
    tissue : TissueMask or None
    """

    identity: str
    tissue: TissueMask | None


def prepare(order: Order, progress: Progress) -> Prepared:
    """Read what an order needs; slow.

    Raises
    ------
    SlideError
        Where the slide cannot be read, or nobody has said how large its pixels are.
    """
    identity = content_identity(order.slide)
    with closing(open_slide(order.slide)) as slide:
        if order.spacing is None and isinstance(slide.spacing, UnknownSpacing):
            raise SlideError(
                f"It does not say how large its pixels are: {slide.spacing.reason}.",
                path=order.slide,
                remedy="Open it and press Predict: then you are asked.",
            )
        if order.place is None:
            return Prepared(identity, None)
        return Prepared(identity, order.place(slide, order.options, progress))


def request_for(order: Order, prepared: Prepared) -> Request:
    """What the worker is asked."""
    return Request(
        slide=order.slide,
        model=order.package.folder,
        store=store_folder(
            prepared.identity, order.package, order.others, order.options, order.spacing
        ),
        spacing=order.spacing,
        # With little time the whole is wanted, coarse, and not what happens to be in view.
        first=order.first if order.options.time_limit_s is None else None,
        replace=True,
        others=tuple(other.folder for other in order.others),
        options=order.options,
        tissue=prepared.tissue,
        engine=settings.read(settings.PREDICTION_ENGINE),
    )


def store_folder(
    identity: str,
    package: ModelPackage,
    others: tuple[ModelPackage, ...] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
    spacing: float | None = None,
) -> Path:
    """Where the window keeps the prediction of a slide, named by its content, by a model.

    Predictions whose cells are the same share a folder, wherever they looked and for however
    long: a run over all of the slide goes on from one over what was in view. Another step, turns,
    further models, another way to find tissue or a spacing that was given have a folder of their
    own, so that no prediction gives way to another.
    """
    named = kept_name(identity, package.hash)
    different = {
        key: value
        for key, value in asdict(options).items()
        if key in ("stride_pixels", "turns", "tissue") and value != asdict(Options())[key]
    }
    if spacing is not None:
        different["spacing"] = spacing
    if others:
        different |= {"others": [other.hash for other in others], "rule": options.rule}
    if different:
        said = json.dumps(different, sort_keys=True).encode()
        named += f"-{hashlib.sha256(said).hexdigest()[:8]}"
    return paths.predictions_folder() / named


def latest_store(identity: str, package: ModelPackage) -> Path | None:
    """The stored prediction of a slide by a model that was worked on last; None without any."""
    return latest_kept(identity, package.hash)
