"""What all kinds of models have in common in `slideviewer predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from slideviewer.annotations import AnnotationSet
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.given_markup import check_markup, markup_of
from slideviewer.cli.telling import tell
from slideviewer.cohort.inputs import Inputs
from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.forms import STORE_FOLDER
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.notices import notices_on
from slideviewer.inference.options import Options
from slideviewer.inference.pictures import refuse_other_pictures
from slideviewer.inference.record import MIXED
from slideviewer.inference.segmentation.open_picture import PictureOptions
from slideviewer.progress import Progress
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue_colours import TissueParameters


class Run(Protocol):
    """A model, or several, over many slides and pictures."""

    def check(self, found: Inputs) -> None:
        """Find out now what would fail hours later."""

    def predict_slide(self, path: Path, name: str) -> str:
        """Predict a slide and write its results to a folder; returns a line for the user."""

    def predict_pictures(self, paths: Sequence[Path]) -> int:
        """Predict pictures and write the results; returns how many could be read."""


class Predicted(Protocol):
    """What can be told of any prediction."""

    @property
    def provenance(self) -> Mapping[str, object]:
        """As in `slideviewer.inference.prediction.Prediction`."""

    @property
    def skipped(self) -> Sequence[tuple[Any, ...]]:
        """What could not be read, with the reason last."""


@dataclass(frozen=True)
class Asked:
    """What the options say.

    Attributes
    ----------
    loaders : tuple of ModelLoader
        The first one leads.
    out : Path
        Folder of all results.
    region, spacing
        As in `slideviewer.inference.plan.make_plan`.
    options : Options
    threshold : float
    annotations : Path or None
        The specialist's markup, or a folder of it.
    formats : tuple of str
        Those of the model's task.
    are_chosen : bool
        Whether formats were named, and are not just all.
    overwrite : bool
    """

    loaders: tuple[ModelLoader, ...]
    out: Path
    region: Rect | None
    spacing: float | None
    options: Options
    threshold: float
    annotations: Path | None
    formats: tuple[str, ...]
    are_chosen: bool
    overwrite: bool

    @property
    def loader(self) -> ModelLoader:
        """Of the model that leads."""
        return self.loaders[0]

    @property
    def for_slides(self) -> dict[str, bool]:
        """Options that no picture can follow, and whether they are given."""
        return {
            "--time-limit": self.options.time_limit_s is not None,
            "--tissue": self.options.tissue != TissueParameters(),
        }

    @property
    def of_pictures(self) -> dict[str, Any]:
        """What those that predict every pixel of pictures all take."""
        return {
            "loader": self.loader,
            "out": self.out,
            "options": PictureOptions(
                spacing=self.spacing,
                threshold=self.threshold,
                turns=self.options.turns,
                others=self.loaders[1:],
                formats=self.formats,
            ),
        }

    @property
    def no_time(self) -> str:
        """What to say where a time limit left nothing."""
        return "the time was up before anything was looked at. Give --time-limit more seconds."

    def check_pictures(
        self,
        found: Inputs,
        table: str,
        formats: Sequence[str],
        refused: Mapping[str, bool],
        remedy: str = "Leave it out.",
    ) -> None:
        """Refuse what pictures cannot follow, and a folder with the results of others.

        Parameters
        ----------
        found : Inputs
        table : str
            What lists the pictures in the folder of results.
        formats : sequence of str
            Those that pictures have.
        refused : mapping of str to bool
            Options that are for slides alone, and whether they are given.
        remedy : str
            What to do about one.

        Raises
        ------
        PredictionError
        """
        check_markup(self.annotations, found.slides)
        if not found.pictures:
            return
        given = [option for option, is_given in refused.items() if is_given]
        if given:
            raise PredictionError(
                f"{given[0]} is for slides, and pictures are given.", remedy=remedy
            )
        others = [name for name in self.formats if name not in formats]
        if self.are_chosen and others:
            raise PredictionError(
                f"--formats {others[0]} is for slides, and pictures are given.",
                remedy=f"Of pictures there are: {', '.join(formats)}.",
            )
        if not self.overwrite:
            refuse_other_pictures(found.pictures, self.loader.package, self.out, table)

    @contextmanager
    def at_slide(self, path: Path, name: str) -> Iterator[AtSlide]:
        """Open a slide to be predicted, with all that is said of how."""
        with closing(open_slide(path)) as slide, progress_bar() as progress:
            markup = markup_of(self.annotations, slide)
            yield AtSlide(self, slide, self.out / name, markup, progress)


@dataclass(frozen=True)
class AtSlide:
    """A slide that is being predicted.

    Attributes
    ----------
    asked : Asked
    slide : Slide
    folder : Path
        Of its results.
    markup : AnnotationSet or None
        The specialist's.
    progress : Progress
    notices : list of str
        What the user was told.
    """

    asked: Asked
    slide: Slide
    folder: Path
    markup: AnnotationSet | None
    progress: Progress
    notices: list[str] = field(default_factory=list)

    @property
    def how(self) -> dict[str, Any]:
        """What `predict_slide`, `predict_mask` and `predict_nuclei` all take."""
        asked = self.asked
        first, *others = asked.loaders
        return {
            "package": first.package,
            "store": self.folder / STORE_FOLDER,
            "region": asked.region,
            "spacing": asked.spacing,
            "replace": asked.overwrite,
            "progress": self.progress,
            "on_start": lambda plan: self._look(plan.provenance),
            "loader": first,
            "others": others,
            "options": asked.options,
        }

    @property
    def outputs(self) -> tuple[Path, Sequence[str], Mapping[str, object], Callable[..., None]]:
        """What all that write results take, behind what they write."""
        return self.folder, self.asked.formats, {"notices": self.notices}, self._tell_kept

    def tell_of(self, prediction: Predicted) -> None:
        """Say what is odd about a prediction that was made."""
        if prediction.provenance.get(MIXED):
            self._notice(
                "Parts were computed by another engine, or on another device, than the rest, and "
                "may be rounded otherwise: computed_by in run.json says by which. With --overwrite "
                "all is predicted anew."
            )
        if prediction.skipped:
            tell(
                f"{len(prediction.skipped)} tiles cannot be read and are listed in run.json. "
                f"The first: {prediction.skipped[0][-1]}",
                self.slide.path,
            )

    def tell_not_reached(self, left: int) -> None:
        """Say that a time limit left something, where it did."""
        if left:
            tell(
                f"The time was up before {left} parts with tissue were looked at; those that were "
                "are spread over the slide. The same command again goes on from there.",
                self.slide.path,
            )

    def _look(self, provenance: Mapping[str, object]) -> None:
        """Say what is odd about a plan, of which this is what it says of itself."""
        spec = self.asked.loader.package.spec
        for notice in notices_on(self.slide, spec, provenance, self.markup):
            self._notice(notice)

    def _notice(self, words: str) -> None:
        self.notices.append(words)
        tell(words, self.slide.path)

    def _tell_kept(self, kept: Sequence[str]) -> None:
        tell(f"Kept from an earlier run as NAME.bak: {', '.join(kept)}.", self.folder)


def not_reached(prediction: Predicted, parts: str) -> int:
    """How many parts a time limit left, as the record says: "cells" or "chunks"."""
    counts = prediction.provenance.get(parts)
    return int(counts.get("not_reached", 0)) if isinstance(counts, Mapping) else 0
