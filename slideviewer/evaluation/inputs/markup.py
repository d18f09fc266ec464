"""Markup as the truth: which groups are meant, and whether it is of this slide at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations import READ_SUFFIXES, AnnotationSet, read_annotations
from slideviewer.annotations.masks import UNGROUPED_WORD, Labels, excludes
from slideviewer.annotations.sidecar import read_sidecar
from slideviewer.errors import EvaluationError

MARKUP_SUFFIXES = tuple(it for it in READ_SUFFIXES if it != ".ndpa")
"""Markup in pixels of the slide."""

TUMOUR_GROUPS = ("Tumor", "_0", "_1", "metastases", "metastasis")
"""Groups of tumour in Camelyon16, Camelyon17 and others' files."""
_BEYOND = 1.02
"""Outlines may be drawn over the slide's edge by so much."""


@dataclass(frozen=True, eq=False)
class Markup:
    """A specialist's annotations.

    Attributes
    ----------
    path : Path
    annotations : AnnotationSet
    notices : tuple of str
        Of reading, for the user.
    size : tuple of int or None
        Width and height of the slide that it was drawn on, where that is noted beside it.
    spacing_um_px : float or None
        The same of its spacing.
    """

    path: Path
    annotations: AnnotationSet
    notices: tuple[str, ...]
    size: tuple[int, int] | None
    spacing_um_px: float | None

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that enclose something, and `UNGROUPED_WORD` for what is in none."""
        used = {it.group for it in self.annotations if getattr(it.kind, "is_area", False)}
        around = {name for group in used for name in self.annotations.lineage(group)}
        named = [name for name in self.annotations.groups if name in around]
        return (*named, UNGROUPED_WORD) if None in used else tuple(named)


def read_markup(path: Path) -> Markup:
    """Read an annotation file, and what is noted beside it of its slide.

    Raises
    ------
    AnnotationError
        Where it cannot be read.
    """
    loaded = read_annotations(path)
    slide = read_sidecar(path, loaded.annotations).slide
    spacing = None
    if slide is not None and slide.spacing_um_px is not None:
        spacing = (slide.spacing_um_px[0] * slide.spacing_um_px[1]) ** 0.5
    return Markup(
        path,
        loaded.annotations,
        loaded.notices,
        None if slide is None else (slide.width_px, slide.height_px),
        spacing,
    )


def check_slide(markup: Markup, size: tuple[int, int] | None, other: str) -> None:
    """Make sure that markup is of a slide of a size.

    Parameters
    ----------
    markup : Markup
    size : tuple of int or None
        Width and height in level-0 pixels; None where nobody knows.
    other : str
        What has this size, for the error.

    Raises
    ------
    EvaluationError
        Where it was drawn on a slide of another size, or reaches beyond this one.
    """
    if size is None:
        return
    if markup.size is not None and markup.size != size:
        raise EvaluationError(
            f"was drawn on a slide of {markup.size[0]} × {markup.size[1]} px, and {other} has "
            f"{size[0]} × {size[1]}: it is of another slide.",
            path=markup.path,
        )
    boxes = [it.bounds for it in markup.annotations if it.bounds is not None]
    right = max((box.right for box in boxes), default=0.0)
    bottom = max((box.bottom for box in boxes), default=0.0)
    if right > _BEYOND * size[0] or bottom > _BEYOND * size[1]:
        raise EvaluationError(
            f"reaches to {right:.0f}, {bottom:.0f} px, and {other} has {size[0]} × {size[1]}: "
            "it is of another slide.",
            path=markup.path,
        )


def class_labels(
    markup: Sequence[Markup],
    class_names: Sequence[str],
    given: Mapping[str, str],
    target: str | None,
) -> dict[str | None, int]:
    """Number the groups by the classes they stand for: 1 + the index of the class.

    Parameters
    ----------
    markup : sequence of Markup
        Of all slides.
    class_names : sequence of str
    given : mapping of str to str
        Group and class, as the user said; without it a group stands for the class of its name,
        and one of Camelyon's names of tumour, where no class is called so, for the target.
    target : str or None
        The class of interest, where there is one.

    Raises
    ------
    EvaluationError
        Where a class is unknown, a group is nowhere, or no group stands for any class.
    """
    known = {name.casefold(): number for number, name in enumerate(class_names, 1)}
    used = dict.fromkeys(name for it in markup for name in it.groups)
    declared = {*used, *(name for it in markup for name in it.annotations.groups)}
    labels: dict[str | None, int] = {}
    for group, name in given.items():
        if name.casefold() not in known:
            raise EvaluationError(
                f'There is no class "{name}".', remedy=f"Known are {', '.join(class_names)}."
            )
        if group not in declared:
            raise EvaluationError(
                f'No markup has a group "{group}".',
                remedy=f"There are {', '.join(used) or 'no groups'}.",
            )
        labels[None if group == UNGROUPED_WORD else group] = known[name.casefold()]
    if not given:
        tumour = {name.casefold() for name in TUMOUR_GROUPS}
        for group in used:
            wanted = group.casefold()
            if wanted not in known and wanted in tumour and target is not None:
                wanted = target.casefold()
            if wanted in known and not excludes(group):
                labels[None if group == UNGROUPED_WORD else group] = known[wanted]
    if used and not labels:
        example = target or class_names[0]
        raise EvaluationError(
            f"No group of the markup is called like a class: there are {', '.join(used)}.",
            path=markup[0].path if len(markup) == 1 else None,
            remedy=f'Say what they are with --groups "{next(iter(used))}={example}".',
        )
    return labels


def labels_for(annotations: AnnotationSet, labels: Mapping[str | None, int]) -> Labels:
    """The labels of one slide's markup; what it has no group for is left out."""
    there = annotations.groups
    return Labels({it: label for it, label in labels.items() if it is None or it in there})


def left_out(markup: Sequence[Markup], labels: Mapping[str | None, int]) -> tuple[str, ...]:
    """Groups that stand for nothing, and that cut nothing out."""
    found: dict[str, None] = {}
    for it in markup:
        for group in it.groups:
            name = None if group == UNGROUPED_WORD else group
            lineage = it.annotations.lineage(name) or (name,)
            if not any(one in labels or (one and excludes(one)) for one in lineage):
                found[group] = None
    return tuple(found)
