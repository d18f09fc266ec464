"""From what the user names to labelled tiles: pictures, sets in `.npz`, slides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slideviewer.errors import TrainingError
from slideviewer.progress import Progress, silent
from slideviewer.training.checkpoints import told_of_disk
from slideviewer.training.examples import Examples
from slideviewer.training.label_map import IGNORED, REST
from slideviewer.training.labelled_pictures import load_examples
from slideviewer.training.npz import load_npz
from slideviewer.training.options import TrainTilesOptions
from slideviewer.training.sampling import (
    TILES_FILE,
    Quotas,
    Sample,
    read_sample,
    sample_slides,
    write_sample,
)
from slideviewer.training.slide_list import (
    MarkedSlide,
    find_slides,
    is_folder_of_slides,
    is_slide_list,
)


@dataclass(frozen=True, eq=False)
class Gathered:
    """Labelled tiles and, where they are of slides, how they were found.

    Attributes
    ----------
    examples : Examples
    sample : Sample or None
    """

    examples: Examples
    sample: Sample | None = None


def gather(
    options: TrainTilesOptions,
    progress: Progress = silent,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Gathered:
    """Find the labelled tiles.

    Raises
    ------
    TrainingError
        If they do not serve.
    SlideError, AnnotationError, PredictionError
        If a slide or its markup cannot be read.
    """
    if is_of_slides(options.data, options):
        return _from_slides(options, progress, on_notice)
    _refuse_slide_words(options)
    data, patch, split = options.data, options.patch_size_pixels, options.split
    if data.suffix.lower() == ".npz":
        if split.column or split.pattern:
            raise TrainingError(
                "A set in .npz is split by an array `groups` in it.",
                path=data,
                remedy="Leave out --split-column and --split-pattern.",
            )
        return Gathered(load_npz(data, options.classes, patch, options.work, progress))
    found = load_examples(
        data,
        options.classes,
        patch,
        progress,
        split_column=split.column,
        split_pattern=split.pattern,
    )
    return Gathered(found)


def is_of_slides(data: Path, options: TrainTilesOptions) -> bool:
    """Whether what is named holds slides, and not pictures of tiles."""
    if data.is_dir():
        return is_folder_of_slides(data, tuple(options.classes))
    return data.suffix.lower() == ".csv" and is_slide_list(data)


def slides_of(options: TrainTilesOptions) -> tuple[MarkedSlide, ...]:
    """The slides that are named."""
    return find_slides(
        options.data,
        options.slides.markup,
        split_column=options.split.column,
        split_pattern=options.split.pattern,
        partial_pattern=options.slides.partial,
    )


def _from_slides(
    options: TrainTilesOptions, progress: Progress, on_notice: Callable[[str], None]
) -> Gathered:
    slides, rules, size = slides_of(options), options.rules, options.size
    has_parts = {bool(slide.part) for slide in slides}
    if has_parts == {True, False}:
        bare = next(slide for slide in slides if not slide.part)
        raise TrainingError(
            "The column split says of some slides where they belong, and not of this one.",
            path=bare.path,
            remedy="Fill it in every line, or in none.",
        )
    quotas = Quotas(options.slides.per_slide, options.slides.ring_share, options.fit.seed)
    # A training that goes on takes the very tiles it began with, without looking for them again.
    path = options.work / f"{_digest(slides, rules, size, quotas)}-{TILES_FILE}"
    try:
        sample = read_sample(path, slides, rules)
    except TrainingError:
        sample = sample_slides(slides, rules, size, quotas, progress, on_notice)
        with told_of_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_sample(sample, rules, path)
    is_by_patient = any(slide.origin != slide.name for slide in slides)
    examples = sample.examples(rules, size, "patient" if is_by_patient else "slide")
    empty = [name for name, count in examples.counts.items() if not count]
    if empty:
        sources = [source for source, name in options.classes.items() if name == empty[0]]
        raise TrainingError(
            f'No tile of class "{empty[0]}" was found in {len(slides)} slides'
            f" (from {', '.join(sources)}).",
            path=options.data,
            remedy="Check the names in --classes, and --rule: whole wants a tile inside an"
            " outline, centre only its middle.",
        )
    return Gathered(examples, sample)


def _refuse_slide_words(options: TrainTilesOptions) -> None:
    """Say so where slides are meant and pictures found."""
    slides = options.slides
    if slides.markup is not None or slides.hard_rounds or slides.slide_scores or slides.partial:
        raise TrainingError(
            "These are pictures of tiles, and there is an option that is for slides: --markup,"
            " --hard-negative-rounds, --partial or --slide-scores.",
            path=options.data,
            remedy="Leave it out, or name a folder or a list of slides.",
        )
    if IGNORED in options.classes.values() or REST in options.classes:
        raise TrainingError(
            f'"{REST}" and "{IGNORED}" in --classes are for slides, and there is none.',
            path=options.data,
            remedy="Name a folder of slides, or a CSV whose first column is slide.",
        )


def _digest(*parts: object) -> str:
    """Hash of what decides which tiles are taken: slides and markup by size and time, too."""
    slides = parts[0]
    assert isinstance(slides, tuple)
    facts = [repr(part) for part in parts]
    for slide in slides:
        for path in (slide.path, slide.markup):
            if path is not None and path.is_file():
                status = path.stat()
                facts.append(f"{status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
