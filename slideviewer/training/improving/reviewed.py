"""The slides of a review, and which of them are locked away from the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.decisions import read_decisions
from slideviewer.annotations.decisions.file import decisions_file_of
from slideviewer.annotations.masks import UNGROUPED_WORD
from slideviewer.errors import EvaluationError, TrainingError
from slideviewer.evaluation.inputs.cases import is_any
from slideviewer.evaluation.inputs.markup import Markup, class_labels, read_markup
from slideviewer.inference.provenance import content_identity
from slideviewer.models.spec import ModelSpec
from slideviewer.training.improving.lessons import Meaning
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.slide_list import MarkedSlide, find_slides

_FEWEST_TO_SHARE = 2
"""Of one slide alone none can be held out."""


@dataclass(frozen=True)
class ReviewedSlide:
    """A slide with markup or verdicts, or one that holds nothing of the target.

    Attributes
    ----------
    slide : MarkedSlide
    is_normal : bool
        Whether all that is not marked on it is known to be the rest.
    """

    slide: MarkedSlide
    is_normal: bool = False

    @property
    def name(self) -> str:
        """The slide's, without its ending."""
        return self.slide.name

    @cached_property
    def hash(self) -> str:
        """The file's identity: what the slide is known by, however it is called."""
        return content_identity(self.slide.path)


def find_reviewed(options: ImproveOptions) -> tuple[ReviewedSlide, ...]:
    """Find the slides that say something; no slide is opened, and no annotation read.

    Raises
    ------
    TrainingError
        If there is none, or two have the same name but for its ending.
    """
    found: list[ReviewedSlide] = []
    for slide in find_slides(options.data, options.markup):
        if is_any(slide.name, options.leave_out):
            continue
        is_normal = is_any(slide.name, options.normal)
        has_markup = slide.markup is not None and not slide.has_mask
        if has_markup or is_normal:
            known = replace(
                slide,
                markup=slide.markup if has_markup else None,
                spacing_um_px=slide.spacing_um_px or options.spacing_um_px,
            )
            twin = next((it for it in found if it.name == slide.name), None)
            if twin is not None:
                raise TrainingError(
                    f"Another slide has the same annotations: {twin.slide.path.name}.",
                    path=slide.path,
                    remedy="Leave one of them out of the list, or put it into another folder.",
                )
            found.append(ReviewedSlide(known, is_normal))
    if not found:
        raise TrainingError(
            "None of these slides has annotations to learn from.",
            path=options.data,
            remedy="Review slides and save: the XML, and the .review.json beside it, are read.",
        )
    return tuple(found)


@dataclass(frozen=True)
class Locked:
    """Slides to learn from, and slides that nothing is learnt from.

    Attributes
    ----------
    training, held_out : tuple of ReviewedSlide
        Without held-out ones, a part of the tiles of the others is.
    how : str
        Who chose them, in words.
    """

    training: tuple[ReviewedSlide, ...]
    held_out: tuple[ReviewedSlide, ...]
    how: str


def locked_away(
    slides: Sequence[ReviewedSlide], options: ImproveOptions, learnt: frozenset[str]
) -> Locked:
    """Choose the slides that are held out: those that the user names, else by their files' hash.

    Parameters
    ----------
    slides : sequence of ReviewedSlide
    options : ImproveOptions
    learnt : frozenset of str
        Hashes of slides that the model was corrected on before: none of them can be held out.

    Raises
    ------
    TrainingError
        If a pattern names no slide, all of them, one that the model has learnt from, or one of a
        patient of whom other slides are learnt from.
    """
    for pattern in options.hold_out:
        if not any(is_any(it.name, (pattern,)) for it in slides):
            raise TrainingError(
                f'--hold-out "{pattern}" names no slide that has annotations.',
                path=options.data,
                remedy=f"There are {', '.join(it.name for it in slides)}.",
            )
    if options.hold_out:
        held_out = tuple(it for it in slides if is_any(it.name, options.hold_out))
        known = next((it for it in held_out if it.hash in learnt), None)
        if known is not None:
            raise TrainingError(
                "The model has learnt from this slide before, so it cannot tell how good it is.",
                path=known.slide.path,
                remedy="Hold out another slide.",
            )
        how = "chosen by the user"
    else:
        held_out, how = (
            _by_hash(slides, options.hold_out_share, learnt),
            "by the hash of their files",
        )
    training = tuple(it for it in slides if it not in held_out)
    _refuse_straddling(training, held_out)
    if not training:
        raise TrainingError(
            "All slides are held out, and none is left to learn from.",
            path=options.data,
            remedy="Hold out fewer of them.",
        )
    return Locked(training, held_out, how)


def _by_hash(
    slides: Sequence[ReviewedSlide], share: float, learnt: frozenset[str]
) -> tuple[ReviewedSlide, ...]:
    """Those whose hash is low, at least one: a slide keeps its side when others are added.

    Slides of one patient, where the list tells it, have one hash together.
    """
    hashes: dict[str, str] = {}
    known = set()
    for it in slides:
        origin, is_told = it.slide.origin, it.slide.origin != it.slide.name
        hashes[origin] = sha256(origin.encode()).hexdigest() if is_told else it.hash
        if it.hash in learnt:
            known.add(origin)
    new = sorted(hashes.keys() - known, key=lambda it: hashes[it])
    if not share or not new or len(hashes) < _FEWEST_TO_SHARE:
        return ()
    chosen = [it for it in new if int(hashes[it][:13], 16) < share * 16**13] or new[:1]
    chosen = chosen[: len(hashes) - 1]
    own = [it for it in slides if it.slide.origin in chosen]
    return tuple(sorted(own, key=lambda it: it.hash))


def _refuse_straddling(
    training: Sequence[ReviewedSlide], held_out: Sequence[ReviewedSlide]
) -> None:
    """Slides of one patient are alike: they stand on one side."""
    learnt = {it.slide.origin: it for it in training}
    for it in held_out:
        other = learnt.get(it.slide.origin)
        if other is not None:
            raise TrainingError(
                f"It is held out, and {other.name}, of the same patient ({it.slide.origin}), is"
                " learnt from.",
                path=it.slide.path,
                remedy="Hold out all slides of a patient, or leave the others out.",
            )


@dataclass(frozen=True, eq=False)
class Review:
    """What was drawn and decided on slides, read from their files.

    Attributes
    ----------
    markup : mapping of str to Markup
        By the slides' names; those without any are missing.
    annotations : mapping of str to AnnotationSet
        The same with their decisions, of all slides.
    meaning : Meaning
    """

    markup: Mapping[str, Markup]
    annotations: Mapping[str, AnnotationSet]
    meaning: Meaning


def read_review(
    slides: Sequence[ReviewedSlide],
    spec: ModelSpec,
    options: ImproveOptions,
    on_notice: Callable[[str], None],
) -> Review:
    """Read annotations and verdicts of some slides; no slide is opened.

    Raises
    ------
    AnnotationError
        If a file cannot be read.
    EvaluationError
        If nobody knows what the groups stand for.
    TrainingError
        If nobody knows of which class what is none of the target is.
    """
    markup: dict[str, Markup] = {}
    annotations: dict[str, AnnotationSet] = {}
    for it in slides:
        path = it.slide.markup
        annotations[it.name] = AnnotationSet()
        if path is None:
            continue
        markup[it.name] = found = read_markup(path)
        for notice in found.notices:
            on_notice(f"{path.name}: {notice}")
        read = read_decisions(path)
        if read.notice:
            on_notice(read.notice)
        annotations[it.name] = found.annotations.with_decisions(read.decisions)
    return Review(markup, annotations, _meaning(markup, annotations, spec, options))


def has_verdicts(slide: ReviewedSlide) -> bool:
    """Whether a review lies beside a slide's annotations."""
    return slide.slide.markup is not None and decisions_file_of(slide.slide.markup).exists()


def _meaning(
    markup: Mapping[str, Markup],
    annotations: Mapping[str, AnnotationSet],
    spec: ModelSpec,
    options: ImproveOptions,
) -> Meaning:
    names, target = spec.class_names, spec.target
    declared = {UNGROUPED_WORD, *(name for it in annotations.values() for name in it.groups)}
    given = {group: name for group, name in options.groups.items() if group in declared}
    try:
        labels = class_labels(list(markup.values()), names, given, spec.target_class)
    except EvaluationError:
        if given or not any(UNGROUPED_WORD in it.groups for it in markup.values()):
            raise
        labels = {}
    if not given:
        # What is in no group is compared with the model in a review, so it marks its target.
        labels.setdefault(None, target + 1)
    if options.rest:
        if options.rest not in names:
            raise TrainingError(
                f'--rest: there is no class "{options.rest}".',
                remedy=f"Known are {', '.join(names)}.",
            )
        return Meaning(labels, target, names.index(options.rest))
    others = [number for number in range(len(names)) if number != target]
    if len(others) > 1:
        others = [number for number in others if number + 1 not in labels.values()]
    if len(others) != 1:
        raise TrainingError(
            f"Which class tiles are of that are no {spec.target_class} is not known.",
            remedy=f"Say it with --rest: {', '.join(names)}.",
        )
    return Meaning(labels, target, others[0])
