"""The slides of an evaluation of lesions: points and truth put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.camelyon16 import is_left_out, is_tumour_in_spite
from slideviewer.evaluation.inputs.cases import case_name, files_of, listed, matched
from slideviewer.evaluation.inputs.label_sources import facts_of_slide
from slideviewer.evaluation.inputs.points import (
    LESIONS_FILE,
    check_whole,
    not_reached_notes,
    point_files,
    read_points,
)
from slideviewer.evaluation.inputs.run_facts import run_facts
from slideviewer.evaluation.inputs.true_lesions import (
    TRUTH_SUFFIXES,
    Ground,
    LesionOptions,
    true_lesions,
)
from slideviewer.evaluation.lesions import SlideFindings, findings
from slideviewer.slide import KNOWN_SUFFIXES

_SEEN_PX = 488
"""Pictures of regions are no larger."""


@dataclass(frozen=True)
class CaseOptions:
    """How slides are put together.

    Attributes
    ----------
    lesions : LesionOptions
    spacing_um_px : float or None
        Micrometres per level-0 pixel, in place of what anything says.
    slides : Path or None
        The folder of the slides.
    is_normal, is_left_out : callable
        Of the name of a slide: whether it needs no truth, and whether it is not evaluated.
    camelyon16 : bool
        Whether the known faults of that data are heeded.
    """

    lesions: LesionOptions
    spacing_um_px: float | None
    slides: Path | None
    is_normal: Callable[[str], bool]
    is_left_out: Callable[[str], bool]
    camelyon16: bool


@dataclass(frozen=True)
class LesionCase:
    """One slide.

    Attributes
    ----------
    name : str
    points : Path
    truth : Path or None
        None of a normal slide.
    ground : Ground
    options : LesionOptions
    """

    name: str
    points: Path
    truth: Path | None
    ground: Ground
    options: LesionOptions

    def findings(self) -> SlideFindings:
        """Read both, and tell which lesions were found.

        Raises
        ------
        SlideviewerError
            Where one cannot be read, or is of another slide.
        """
        lesions = None
        if self.truth is not None:
            lesions = true_lesions(self.truth, self.ground, self.options)
        return findings(self.name, read_points(self.points, self.ground.size), lesions)

    def seen(self) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_]] | None:
        """The regions made small, the points in their pixels, and whether each lies on one.

        None where there is nothing to draw on: a normal slide of unknown size.
        """
        detections = read_points(self.points, self.ground.size)
        points = detections.points
        lesions = None
        if self.truth is not None:
            lesions = true_lesions(self.truth, self.ground, self.options)
        size = self.ground.size
        if size is None and (lesions is None or not len(lesions)):
            return None
        if size is None:
            assert lesions is not None
            bottom, right = (
                start + side
                for start, side in zip(
                    (lesions.top, lesions.left), lesions.labels.shape, strict=True
                )
            )
            far = points.max(axis=0) if len(points) else np.zeros(2)
            size = (
                int(max(right * lesions.scale, far[0])) + 1,
                int(max(bottom * lesions.scale, far[1])) + 1,
            )
        scale = max(size) / _SEEN_PX
        across, down = (max(1, round(side / scale)) for side in size)
        codes = np.zeros((down, across), np.uint8)
        hits = np.zeros(len(points), np.bool_)
        if lesions is not None and len(lesions):
            columns, rows = np.meshgrid(np.arange(across) + 0.5, np.arange(down) + 0.5)
            places = np.stack([columns.ravel(), rows.ravel()], axis=1) * scale
            kinds = np.concatenate([[0], np.where(lesions.is_itc, 2, 1)]).astype(np.uint8)
            codes = kinds[lesions.at(places)].reshape(down, across)
            hits = lesions.at(points) > 0
        return codes, points / scale, hits


def lesion_cases(
    predicted: Path, truth: Path, options: CaseOptions
) -> tuple[list[LesionCase], tuple[str, ...]]:
    """Put slides together.

    Returns
    -------
    cases : list of LesionCase
    notes : tuple of str
        What was left out, and why.

    Raises
    ------
    SlideviewerError
        Where a slide has points but no truth and is not said to be normal, truth but no points,
        or was predicted in part only.
    """
    points, files = point_files(predicted), files_of(truth, TRUTH_SUFFIXES, "markup or masks")
    out = [name for name in {**points, **files} if options.is_left_out(name)]
    notes = [f"Left out, as asked: {', '.join(out)}."] if out else []
    if options.camelyon16:
        known = [name for name in {**points, **files} if is_left_out(name, of_lesions=True)]
        if known:
            notes.append(f"Left out, for their truth is known to be wrong: {', '.join(known)}.")
        out.extend(known)
    points = {name: path for name, path in points.items() if name not in out}
    files = {name: path for name, path in files.items() if name not in out}
    if not points:
        raise EvaluationError("holds no slide that is to be evaluated.", path=predicted)
    # The results of one slide, and one truth that was named: they need no common name.
    first = next(iter(points.values()))
    is_named = truth.is_file() and predicted in (first, first.parent)
    normal = [
        name
        for name in points
        if _is_normal(name, points, files, truth, options, is_named=is_named)
    ]
    marked = {name: path for name, path in points.items() if name not in normal}
    pairs = {}
    if marked or files:
        pairs = matched(marked, files, (predicted, truth), lone_pair=is_named)
    slides = _slides(options.slides)
    cases = []
    left = {}
    for name, path in points.items():
        if path.name == LESIONS_FILE:
            facts = run_facts(path.parent)
            check_whole(name, facts.part, path)
            left[name] = facts.not_reached
        ground = _ground(name, path, slides, options)
        own = pairs[name][1] if name in pairs else None
        cases.append(LesionCase(name, path, own, ground, options.lesions))
    return cases, (*notes, *not_reached_notes(left))


def _is_normal(
    name: str,
    points: dict[str, Path],
    files: dict[str, Path],
    truth: Path,
    options: CaseOptions,
    *,
    is_named: bool,
) -> bool:
    if name.casefold() in {it.casefold() for it in files}:
        return False
    if is_named and len(points) == len(files) == 1:
        return False
    if options.camelyon16 and is_tumour_in_spite(name):
        raise EvaluationError(
            f"holds no lesions of {listed([name])}, which is a tumour slide in spite of its name.",
            path=truth,
            remedy="Add its markup, or leave it out with --leave-out.",
        )
    return options.is_normal(name)


def _slides(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    return {
        name.casefold(): path for name, path in files_of(folder, KNOWN_SUFFIXES, "slides").items()
    }


def _ground(name: str, points: Path, slides: dict[str, Path], options: CaseOptions) -> Ground:
    """What is known of a slide: by the slide itself, else by the run that predicted it."""
    facts = run_facts(points.parent)
    is_own = facts.slide is not None and case_name(facts.slide).casefold() == name.casefold()
    ground = Ground(facts.size, facts.spacing_um_px) if is_own else Ground()
    if slides:
        path = slides.get(name.casefold())
        if path is None:
            raise EvaluationError(f"holds no slide {listed([name])}.", path=options.slides)
        size, um_px = facts_of_slide(path)
        ground = Ground(size, um_px if um_px is not None else ground.spacing_um_px)
    if options.spacing_um_px is not None:
        ground = replace(ground, spacing_um_px=options.spacing_um_px)
    return ground
