"""Fitting in rounds: after the first, false positives of the training slides are added."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, Step
from slideviewer.training.album import TileAlbum
from slideviewer.training.checkpoints import FitState, told_of_disk
from slideviewer.training.examples import Examples
from slideviewer.training.fit import fit_network
from slideviewer.training.gathering import Gathered
from slideviewer.training.history import EpochRow
from slideviewer.training.label_map import REST
from slideviewer.training.mining import mine
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.sampling import Sample, read_sample, write_sample
from slideviewer.training.work import Work

if TYPE_CHECKING:
    import keras


def check_rounds(options: TrainTilesOptions, gathered: Gathered) -> None:
    """Refuse rounds for which there is nothing to look at.

    Raises
    ------
    TrainingError
        With the reason.
    """
    if not options.slides.hard_rounds:
        return
    if options.classes.get(REST) in (None, options.target):
        raise TrainingError(
            "Hard negatives are tissue that nobody marked, and --classes gives it no class but the"
            " target.",
            remedy=f"Write {REST}=Normal or the like in --classes.",
        )
    slides = gathered.sample.slides if gathered.sample is not None else ()
    if all(slide.partial for slide in slides):
        raise TrainingError(
            "All slides were annotated in part only: what a model finds there beside the markup"
            " may well be the target.",
            remedy="Leave out --hard-negative-rounds.",
        )


def fit_in_rounds(
    network: keras.Model,
    gathered: Gathered,
    everything: Examples,
    extra: NDArray[np.bool_],
    validation: Examples,
    options: TrainTilesOptions,
    work: Work,
    progress: Progress,
) -> int:
    """Fit a network in place, in as many rounds as wanted, each of which can be gone on with.

    Parameters
    ----------
    network : keras.Model
    gathered : Gathered
    everything : Examples
        What is trained on.
    extra : ndarray (n,), bool
        Which of it is of another source.
    validation : Examples
    options : TrainTilesOptions
    work : Work
    progress : Progress

    Returns
    -------
    int
        Hard negatives that were added.

    Raises
    ------
    TrainingError
        As `fit_network`.
    """
    target = options.class_names.index(options.target)
    album = TileAlbum(work.folder, validation)
    mined = 0
    for number in range(options.slides.hard_rounds + 1):
        settings = options.fit
        if number:
            epochs = options.slides.hard_epochs or max(1, settings.epochs // 4)
            settings = replace(settings, epochs=epochs, seed=settings.seed + 1000 * number)
            found = _mined(network, gathered, options, work, number, progress)
            if not len(found.index):
                break
            mined += len(found.index)
            more = found.examples(options.rules, options.size, everything.split_by)
            everything = everything.joined(more)
            extra = np.concatenate([extra, np.zeros(len(more), bool)])
        before = work.rows

        def keep(state: FitState, before: tuple[EpochRow, ...] = before) -> None:
            work.keep_history(before, state.rows)
            work.on_epoch(state.rows[-1])

        state = fit_network(
            network,
            everything,
            settings,
            work.checkpoints(f"round{number}" if number else "main"),
            extra=extra,
            validation=validation,
            target=target,
            repeat=number + 1,
            progress=_named(progress, number),
            on_epoch=keep,
            on_resumed=keep,
            album=album,
        )
        work.keep_history(before, state.rows)  # also where all of it was done before
    return mined


def _mined(
    network: keras.Model,
    gathered: Gathered,
    options: TrainTilesOptions,
    work: Work,
    number: int,
    progress: Progress,
) -> Sample:
    """What this round adds; found once, and read again by a training that goes on."""
    sample, path = gathered.sample, work.mined(number)
    assert sample is not None
    try:
        return read_sample(path, sample.slides, options.rules)
    except TrainingError:
        pass
    known = sample
    for former in range(1, number):
        again = read_sample(work.mined(former), sample.slides, options.rules)
        known = known.joined(again)
    held_out = _held_out(gathered, options)
    slides = [slide for slide in sample.slides if slide.origin not in held_out]
    found = mine(
        network,
        slides,
        known,
        options.rules,
        options.size,
        options.slides.hard_per_slide,
        options.fit.seed + number,
        progress,
    )
    with told_of_disk(path):
        write_sample(found, options.rules, path)
    return found


def _held_out(gathered: Gathered, options: TrainTilesOptions) -> set[str]:
    """Patients or slides of the validation part."""
    return set(gathered.examples.split(options.validation_fraction)[1].origins)


def _named(progress: Progress, number: int) -> Progress:
    if not number:
        return progress

    def report(step: Step) -> None:
        progress(replace(step, text=f"Hard negatives, round {number}: {step.text}"))

    return report
