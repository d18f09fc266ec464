"""Train a network for pixels, and write it as a model package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from slideviewer.inference.segmentation.tiling import Answers
from slideviewer.models.install import verify_package
from slideviewer.models.loading import fill_weights, load_model, pack_weights
from slideviewer.models.package import ModelPackage, refuse_other_work, write_package
from slideviewer.models.spec import CARD, GOLDEN, WEIGHTS
from slideviewer.progress import Progress, Step, silent
from slideviewer.training.card_data import may_be_shown
from slideviewer.training.checkpoints import FitState
from slideviewer.training.pictures.cache import PixelCache, cached
from slideviewer.training.pictures.data import TrainingData
from slideviewer.training.run_folder import RunFolder
from slideviewer.training.running import running
from slideviewer.training.segmentation.baseline import BASELINE, ColourBaseline
from slideviewer.training.segmentation.card import Extra, Measured, measure, pixel_card
from slideviewer.training.segmentation.describe import (
    CardFacts,
    golden_sample,
    limits_of,
    settings_of,
    specify,
    variant_of,
    write_card,
)
from slideviewer.training.segmentation.fitting import Fitting, built, slow_precision
from slideviewer.training.segmentation.measuring import (
    THRESHOLD,
    whole_pictures,
)
from slideviewer.training.segmentation.options import TrainPixelsOptions, check_options
from slideviewer.training.segmentation.parts import Part, few_held_out, split
from slideviewer.training.segmentation.rival import network_of, refuse_other_part, rival_of
from slideviewer.training.segmentation.tiles import squares_of


def train_pixels(
    options: TrainPixelsOptions,
    data: TrainingData,
    progress: Progress = silent,
    on_notice: Callable[[str], None] | None = None,
    on_epoch: Callable[[FitState], None] | None = None,
    extra: Callable[[float], Extra] | None = None,
    choose: Callable[[Iterable[tuple[str, Answers]]], float] | None = None,
) -> ModelPackage:
    """Train on some cases, measure on the others, and write a package with its card.

    The epoch with the best Dice on the held-out part is kept, or with the smallest loss where
    there are offsets, and the figures are those of its
    weights as stored, on the test part where there is one, else on what was held out. In
    `options.out` there is a folder ``training`` with the history, its curves and the network in
    words; there the training also keeps where it stands, so that the same call goes on where one
    was broken off.

    Parameters
    ----------
    options : TrainPixelsOptions
    data : TrainingData
    progress : Progress
        What it raises ends the training, which can be gone on with.
    on_notice : callable, optional
        Told each sentence that the user should hear.
    on_epoch : callable, optional
        Told the state after each epoch.
    extra : callable, optional
        Makes what measures the answers of one model further, at a threshold.
    choose : callable, optional
        Gives the model's threshold, from names and answers of the pictures of the validation part.
        Asked only where there is a test part besides.

    Raises
    ------
    TrainingError
        If the options or the data do not serve, another training runs in this folder, the loss
        ceases to be a number, or the disk is full.
    ModelError
        If the package cannot be written, or does not reproduce its own sample.
    SlideError
        If a picture cannot be read.
    """
    check_options(options)
    rival = rival_of(options, data.targets)
    targets, title = data.targets, options.data_name or data.title
    specify(options, targets, title)  # a wrong name shows now, and not after the training
    refuse_other_work(options.out)
    folder = RunFolder(options.out)
    folder.refuse_package(overwrite=options.overwrite)
    facts = {"task": options.task, "name": options.name, "epochs": options.epochs}
    with running(folder.folder, **facts) as run:

        def on_state(state: FitState) -> None:
            run.diary.epoch(state.rows[-1])
            if on_epoch is not None:
                on_epoch(state)

        tell = run.tell(on_notice or (lambda _: None))
        onlooker = run.progress(progress)
        return _trained(options, data, rival, folder, onlooker, tell, on_state, extra, choose)


def _trained(
    options: TrainPixelsOptions,
    data: TrainingData,
    rival: ModelPackage | None,
    folder: RunFolder,
    progress: Progress,
    tell: Callable[[str], None],
    on_epoch: Callable[[FitState], None],
    extra: Callable[[float], Extra] | None,
    choose: Callable[[Iterable[tuple[str, Answers]]], float] | None,
) -> ModelPackage:
    """Fit, measure and write, alone in the folder."""
    targets, title = data.targets[: data.masks], options.data_name or data.title
    network = built(options, len(data.targets), data.masks, options.seed)
    folder.refuse_little_room(network.count_params())
    folder.describe(network)
    for sentence in slow_precision(options):
        tell(sentence)
    known = data.identity()
    items = data.items(progress)
    cache = cached(folder.cache, known, len(data.targets), items, data.masks)
    parts = split(cache, targets, options.validation_fraction, options.seed, options.test_fraction)
    names = [cache.pictures[number].name for number in parts[-1].pictures]
    if rival is not None:
        refuse_other_part(rival, names)
    warnings = few_held_out(parts[-1])
    for warning in warnings:
        tell(warning)
    side, coverage = options.tile_pixels, options.coverage
    squares = squares_of(cache, parts[0].pictures, side, coverage, flat=False)
    validation = squares_of(cache, parts[1].pictures, side, coverage)
    fitting = Fitting(options, targets, cache, squares, validation, folder, known, tell)
    state = fitting.best(progress, on_epoch)
    network = fitting.network

    weights = pack_weights(network)
    fill_weights(network, weights)
    threshold = THRESHOLD
    if choose is not None and options.test_fraction:
        answered = whole_pictures(network, cache, parts[1].pictures, options.batch_size, progress)
        threshold = choose((cache.pictures[number].name, it) for number, it in answered)
    measured = measure(
        whole_pictures(network, cache, parts[-1].pictures, options.batch_size, progress),
        cache,
        targets,
        title,
        extra(threshold) if extra is not None else None,
        variant=variant_of(options),
        show=may_be_shown(options.data_licence),
    )
    baseline = _baseline(rival, options, targets, cache, parts, title, extra, progress)
    spec = specify(options, data.targets, title, measured.metrics, threshold)
    chosen = f"{state.epochs} done, weights of epoch {state.best_epoch}"
    facts = CardFacts(
        parts,
        {"training": len(squares)}
        | {it.name: len(squares_of(cache, it.pictures, side, coverage)) for it in parts[1:]},
        settings_of(options, network.count_params(), chosen, data.marking),
        (*limits_of(options), *warnings),
        baseline[0],
        baseline[1].metrics,
    )
    files = {
        WEIGHTS: weights,
        GOLDEN: golden_sample(network),
        CARD: write_card(spec, facts).encode(),
    }
    files |= pixel_card(facts, measured, baseline, targets, state.rows, names, options.data_licence)
    progress(Step(0, 0, "Writing the model package"))
    write_package(options.out, spec, files)
    package = verify_package(options.out)
    folder.finish()
    return package


def _baseline(
    rival: ModelPackage | None,
    options: TrainPixelsOptions,
    targets: Sequence[str],
    cache: PixelCache,
    parts: Sequence[Part],
    title: str,
    extra: Callable[[float], Extra] | None,
    progress: Progress,
) -> tuple[str, Measured]:
    """What the network is compared with, measured on the same pictures."""
    if rival is None:
        progress(Step(0, 0, "Measuring what colour alone can tell"))
        colour = ColourBaseline(cache, parts[0].pictures, options.seed)
        answered = colour.answers(cache, parts[-1].pictures)
        return BASELINE, measure(answered, cache, targets, title, variant=variant_of(options))
    answered = whole_pictures(
        load_model(rival), cache, parts[-1].pictures, options.batch_size, progress
    )
    further = extra(rival.spec.threshold) if extra is not None else None
    measured = measure(answered, cache, targets, title, further, variant=variant_of(options))
    return f"{rival.spec.name}, {network_of(rival)}"[:500], measured
