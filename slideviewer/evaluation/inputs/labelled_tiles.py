"""Predicted tiles and their true classes, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import files_of, is_any, matched
from slideviewer.evaluation.inputs.marked_tiles import RULE, classes_of_tiles
from slideviewer.evaluation.inputs.markup import (
    MARKUP_SUFFIXES,
    Markup,
    check_slide,
    class_labels,
    left_out,
    read_markup,
)
from slideviewer.evaluation.inputs.predicted_tiles import PredictedTiles, predicted_tiles
from slideviewer.evaluation.inputs.true_pictures import (
    classes_of,
    file_name,
    refuse_missing,
    true_pictures,
)
from slideviewer.evaluation.tiles import LabelledTiles


@dataclass(frozen=True)
class TruthOptions:
    """How the truth is to be understood.

    Attributes
    ----------
    target : str or None
        The class of interest; None for that of the run.
    groups : mapping of str to str
        Of markup: which class a group stands for.
    classes : mapping of str to str
        Of pictures: which class a name stands for.
    rest : str or None
        The class of tiles that meet no markup; None for the other one of two.
    normal : tuple of str
        Patterns of the names of slides that have no markup since there is nothing to mark.
    """

    target: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    rest: str | None = None
    normal: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ReadTiles:
    """What was read.

    Attributes
    ----------
    tiles : LabelledTiles
    threshold : float or None
        That of the run, where it says so.
    pictures : mapping of str to Path
        Where slides and pictures lay, by the names of cases.
    notices : mapping of Path to sequence of str
        What is odd about files.
    notes : tuple of str
        What the reader of a report should know.
    """

    tiles: LabelledTiles
    threshold: float | None
    pictures: Mapping[str, Path]
    notices: Mapping[Path, Sequence[str]]
    notes: tuple[str, ...] = ()


def labelled_tiles(predicted: Path, truth: Path, options: TruthOptions) -> ReadTiles:
    """Read predictions and truth.

    Raises
    ------
    SlideviewerError
        Where a file cannot be read, or they do not belong together.
    """
    found = predicted_tiles(predicted)
    first = next(iter(found.values()))
    target = _index(options.target or first.facts.target, first.class_names, "--target")
    if first.rects is None:
        return _pictures(first, truth, target, options)
    return _slides(found, (predicted, truth), target, options)


def _index(name: str | None, class_names: Sequence[str], option: str) -> int:
    if name is None:
        raise EvaluationError(
            "Which class is of interest is not known: no run.json says so.",
            remedy=f"Name it with {option}: {', '.join(class_names)}.",
        )
    for number, known in enumerate(class_names):
        if known.casefold() == name.casefold():
            return number
    raise EvaluationError(
        f'{option}: there is no class "{name}".', remedy=f"Known are {', '.join(class_names)}."
    )


def _pictures(
    predicted: PredictedTiles, truth: Path, target: int, options: TruthOptions
) -> ReadTiles:
    pictures = true_pictures(truth)
    classes = classes_of(pictures, predicted.class_names, options.classes, truth)
    names = [file_name(name) for name in predicted.names]
    refuse_missing([name for name in names if name not in pictures], truth)
    own = [pictures[name] for name in names]
    numbers = {name: number for number, name in enumerate(predicted.class_names)}
    slide_names: dict[str, int] = {}
    if any(it.slide for it in own):
        if not all(it.slide for it in own):
            unknown = next(name for name, it in zip(names, own, strict=True) if not it.slide)
            raise EvaluationError(f'does not say of which slide "{unknown}" is.', path=truth)
        for it in own:
            slide_names.setdefault(str(it.slide), len(slide_names))
        slides = np.array([slide_names[str(it.slide)] for it in own], np.int64)
    else:
        slides, slide_names = np.zeros(len(own), np.int64), {"all pictures": 0}
    spare = len(pictures) - len(set(names))
    notes = (f"{spare} pictures have no prediction and are left out.",) if spare else ()
    lay = {path.name: path for path in predicted.facts.inputs}
    for name, it in zip(names, own, strict=True):
        if it.path is not None:
            lay[name] = it.path
    tiles = LabelledTiles(
        predicted.probabilities,
        np.array([numbers[classes[it.class_name]] for it in own], np.int64),
        predicted.class_names,
        target,
        slides,
        tuple(slide_names),
        tuple(names),
    )
    return ReadTiles(tiles, predicted.facts.threshold, lay, {}, notes)


def _slides(
    found: Mapping[str, PredictedTiles],
    places: tuple[Path, Path],
    target: int,
    options: TruthOptions,
) -> ReadTiles:
    first = next(iter(found.values()))
    files = files_of(places[1], MARKUP_SUFFIXES, "markup")
    bare = [it for it in found if it.casefold() not in {name.casefold() for name in files}]
    # The results of one slide, and one file of markup that was named: they need no common name.
    is_named = places[1].is_file() and places[0] in (first.path, first.path.parent)
    normal = [] if is_named else [it for it in bare if is_any(it, options.normal)]
    wanted = {name: it for name, it in found.items() if name not in normal}
    pairs = matched(wanted, files, places, lone_pair=is_named) if wanted or files else {}
    markup = {name: read_markup(path) for name, (_, path) in pairs.items()}
    return marked(found, markup, target, options)


def marked(
    found: Mapping[str, PredictedTiles],
    markup: Mapping[str, Markup],
    target: int,
    options: TruthOptions = TruthOptions(),
) -> ReadTiles:
    """Put predicted tiles and markup together, wherever they come from.

    Parameters
    ----------
    found : mapping of str to PredictedTiles
        By slide; all of the same classes.
    markup : mapping of str to Markup
        A slide without is taken for one with nothing to mark.
    target : int
        Index of the class of interest.
    options : TruthOptions

    Raises
    ------
    EvaluationError
        Where markup is of another slide, or what its groups stand for is not known.
    """
    names = next(iter(found.values())).class_names
    for name, it in markup.items():
        check_slide(it, found[name].facts.size, f'the slide of "{name}"')
    drawn = list(markup.values())
    labels = class_labels(drawn, names, options.groups, names[target])
    rest = _rest(options.rest, names, set(labels.values()))
    of_each = [
        classes_of_tiles(markup[name].annotations, labels, _rects(it), rest)
        if name in markup
        else np.full(len(it.probabilities), rest, np.int64)
        for name, it in found.items()
    ]
    tiles = LabelledTiles(
        np.concatenate([it.probabilities for it in found.values()]),
        np.concatenate(of_each),
        names,
        target,
        np.repeat(np.arange(len(found)), [len(it) for it in of_each]),
        tuple(found),
        (),
        np.concatenate([_rects(it) for it in found.values()]),
    )
    lay = {name: it.facts.slide for name, it in found.items() if it.facts.slide is not None}
    thresholds = {it.facts.threshold for it in found.values()}
    threshold = thresholds.pop() if len(thresholds) == 1 else None
    notes = [f"Truth: {RULE}, else {names[rest]}."]
    normal = [name for name in found if name not in markup]
    if normal:
        notes.append(f"Taken for normal, without markup: {', '.join(normal)}.")
    return ReadTiles(tiles, threshold, lay, _notices(drawn, labels), tuple(notes))


def _rects(tiles: PredictedTiles) -> NDArray[np.float64]:
    assert tiles.rects is not None  # looked at by `labelled_tiles`
    return tiles.rects


def _rest(given: str | None, names: Sequence[str], marked: set[int]) -> int:
    if given is not None:
        return _index(given, names, "--rest")
    others = [number for number in range(len(names)) if number + 1 not in marked]
    if len(others) == 1:
        return others[0]
    raise EvaluationError(
        f"Which class tiles are of that meet no markup is not known: "
        f"{', '.join(names[it] for it in others) or 'all classes are marked'}.",
        remedy="Say it with --rest.",
    )


def _notices(
    markup: Sequence[Markup], labels: Mapping[str | None, int]
) -> dict[Path, tuple[str, ...]]:
    notices = {it.path: it.notices for it in markup if it.notices}
    unused = left_out(markup, labels)
    if unused:
        words = f"Groups that stand for no class are not looked at: {', '.join(unused)}."
        notices[markup[0].path] = (*notices.get(markup[0].path, ()), words)
    return notices
