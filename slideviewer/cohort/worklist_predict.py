"""The slides of a worklist predicted one after another, where the window finds its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from slideviewer import paths
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.cohort.worklist import ReadingState, Worklist
from slideviewer.inference.kept import kept_name
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.models.spec import Task
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import open_slide

_PREDICT: Mapping[Task, Callable[..., Any]] = {
    "tile-classification": predict_slide,
    "segmentation": predict_mask,
    "nuclei": predict_nuclei,
}


def predict_unread(
    worklist: Worklist,
    loader: ModelLoader,
    by: str = "",
    progress: Progress = silent,
    on_outcome: Callable[[Outcome[Path, Path]], None] | None = None,
) -> tuple[Outcome[Path, Path], ...]:
    """Predict every unread slide of a list, and what a former run of the model left.

    The list remembers what is still to be done, and each prediction goes on from what it had
    found: a run that is killed costs next to nothing. What fails stops no other slide.

    Parameters
    ----------
    worklist : Worklist
    loader : ModelLoader
    by : str
        Who has it done, for the list.
    progress : Progress
    on_outcome : callable, optional
        Told each outcome as it comes.

    Returns
    -------
    tuple of Outcome
        The stores, in the order of the slides.
    """
    package = loader.package
    unread = [it.path for it in worklist.entries() if it.state == ReadingState.UNREAD]
    worklist.wait_for(unread, package.hash, package.spec.title or package.spec.name)
    slides = [it.path for it in worklist.waiting() if it.model == package.hash]

    def work(path: Path) -> Path:
        told = f"{path.name} ({slides.index(path) + 1} of {len(slides)})"

        def tell(step: Step) -> None:
            progress(replace(step, text=f"{told}: {step.text}"))

        store = paths.predictions_folder() / kept_name(content_identity(path), package.hash)
        with closing(open_slide(path)) as slide:
            predict = _PREDICT[package.spec.task]
            predict(slide, package, store=store, replace=True, loader=loader, progress=tell)
        worklist.note_predicted(path, by)
        return store

    def ended(outcome: Outcome[Path, Path]) -> None:
        if outcome.error is not None:
            worklist.wait_no_more([outcome.item])
        if on_outcome is not None:
            on_outcome(outcome)

    return run_in_turn(slides, work, ended)
