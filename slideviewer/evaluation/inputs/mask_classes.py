"""Which label of a mask, and which group of markup, is which class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.label_sources import open_labels
from slideviewer.evaluation.inputs.markup import (
    MARKUP_SUFFIXES,
    TUMOUR_GROUPS,
    Markup,
    class_labels,
    left_out,
    read_markup,
)
from slideviewer.evaluation.label_pairs import Pairs

FOREGROUND = "foreground"
"""The class of masks that do not say what their label means."""


class _Options(Protocol):
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> Mapping[str, int]: ...
    @property
    def truth_labels(self) -> Mapping[str, int]: ...
    @property
    def groups(self) -> Mapping[str, str]: ...
    @property
    def grey(self) -> int | None: ...
    @property
    def threshold(self) -> float: ...


@dataclass(frozen=True)
class Named:
    """The classes of an evaluation, and the labels of each on both sides.

    Attributes
    ----------
    class_names : tuple of str
    sides : mapping of str to pair of (mapping of int to str, or None)
        By case, of what is predicted and of the truth: the class of each label. None where labels
        have no names: whatever is not 0 is the only class.
    is_typed : tuple of bool
        Whether labels were named by the user, so that others must not occur.
    grey : int or None
        From which on a label without a name counts.
    files : mapping of str to pair of Path
    markup : mapping of str to Markup
    group_labels : mapping of (str or None) to int
        Of markup: 1 + the index of a class.
    notes : tuple of str
    """

    class_names: tuple[str, ...]
    sides: Mapping[str, tuple[Mapping[int, str] | None, Mapping[int, str] | None]]
    is_typed: tuple[bool, bool]
    grey: int | None
    files: Mapping[str, tuple[Path, Path]]
    markup: Mapping[str, Markup] = field(default_factory=dict)
    group_labels: Mapping[str | None, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, name: str, pairs: Pairs | None = None) -> tuple[dict[int, int], dict[int, int]]:
        """The class, from 1, of the labels on both sides of a case.

        Parameters
        ----------
        name : str
        pairs : mapping, optional
            Of labels without names those that occur; all that there can be without it.
        """
        known = {it.casefold(): number for number, it in enumerate(self.class_names, 1)}
        found = []
        for side, names in enumerate(self.sides[name]):
            if names is None:
                seen = range(1, 1 << 16) if pairs is None else {pair[side] for pair in pairs}
                found.append({it: 1 for it in seen if it >= (self.grey or 1)})
            else:
                found.append(
                    {
                        label: known[it.casefold()]
                        for label, it in names.items()
                        if it.casefold() in known
                    }
                )
        return found[0], found[1]

    def check(self, name: str, pairs: Pairs) -> None:
        """Make sure that no label occurs of which nobody knows what it means.

        Raises
        ------
        EvaluationError
            One does.
        """
        for side, names in enumerate(self.sides[name]):
            path = self.files[name][side]
            seen = {pair[side] for pair in pairs} - {0}
            if names is None and self.grey is None and len(seen) > 1:
                shown = ", ".join(str(it) for it in sorted(seen)[:6])
                raise EvaluationError(
                    f"has the labels {shown}, and no names for them.",
                    path=path,
                    remedy='Name them with --labels "Tumor=1,Stroma=2", or say from which grey on '
                    "a pixel counts, for example --grey 128.",
                )
            unknown = sorted(seen - set(names or ()))
            if self.is_typed[side] and unknown:
                raise EvaluationError(
                    f"has the label {unknown[0]}, which is not among those that were named.",
                    path=path,
                    remedy="Name it too.",
                )


def named_classes(files: Mapping[str, tuple[Path, Path]], options: _Options) -> Named:
    """Find out what labels mean: as the user says, as the files say, or without names.

    Raises
    ------
    SlideviewerError
        Where a file cannot be opened, or the two sides know different classes.
    """
    typed = (
        {label: name for name, label in options.labels.items()},
        {label: name for name, label in (options.truth_labels or options.labels).items()},
    )
    sides: dict[str, list[Mapping[int, str] | None]] = {}
    markup: dict[str, Markup] = {}
    for name, pair in files.items():
        sides[name] = []
        for side, path in enumerate(pair):
            if path.name.lower().endswith(MARKUP_SUFFIXES):
                markup[name] = read_markup(path)
                sides[name].append({})
            else:
                sides[name].append(typed[side] or _names_in(path, options) or None)
    drawn_side = next(
        (
            side
            for pair in files.values()
            for side, path in enumerate(pair)
            if path.name.lower().endswith(MARKUP_SUFFIXES)
        ),
        None,
    )
    mixed = next(
        (
            pair[drawn_side]
            for name, pair in files.items()
            if drawn_side is not None and name not in markup
        ),
        None,
    )
    if mixed is not None:
        raise EvaluationError("is a mask among markup; give one kind only.", path=mixed)
    said, true = (_all_names(sides, side) for side in (0, 1))
    groups: Mapping[str | None, int] = {}
    if drawn_side is not None:
        other = true if drawn_side == 0 else said
        names = tuple(options.classes) or other or _groups_of(markup, options)
        groups = class_labels(list(markup.values()), names, options.groups, _tumour_of(names))
        drawn = {label: names[label - 1] for label in set(groups.values())}
        for name in files:
            sides[name][drawn_side] = drawn
        said, true = (_all_names(sides, side) for side in (0, 1))
        drawn_names = tuple(names[it - 1] for it in sorted(set(groups.values())))
        names = tuple(options.classes) or drawn_names or names
    else:
        names = tuple(options.classes) or true or said or (FOREGROUND,)
    _check_known(names, said, true, files)
    notes = []
    unused = left_out(list(markup.values()), groups)
    if unused:
        notes.append(f"Groups that stand for no class are not looked at: {', '.join(unused)}.")
    return Named(
        names,
        {name: (pair[0], pair[1]) for name, pair in sides.items()},
        (bool(options.labels), bool(options.truth_labels or options.labels)),
        options.grey,
        files,
        markup,
        groups,
        tuple(notes),
    )


def _names_in(path: Path, options: _Options) -> Mapping[int, str]:
    is_grey = options.grey is not None
    with closing(open_labels(path, options.threshold, is_grey=is_grey)) as source:
        return source.classes


def _all_names(
    sides: Mapping[str, Sequence[Mapping[int, str] | None]], side: int
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(it for pair in sides.values() for it in (pair[side] or {}).values()))


def _groups_of(markup: Mapping[str, Markup], options: _Options) -> tuple[str, ...]:
    names = options.groups.values() or (it for one in markup.values() for it in one.groups)
    return tuple(dict.fromkeys(names)) or (FOREGROUND,)


def _tumour_of(names: Sequence[str]) -> str | None:
    """The class that is of tumour: the only one, or the only one that is called so."""
    if len(names) == 1:
        return names[0]
    tumour = {it.casefold() for it in TUMOUR_GROUPS}
    found = [it for it in names if it.casefold() in tumour]
    return found[0] if len(found) == 1 else None


def _check_known(
    names: Sequence[str],
    said: Sequence[str],
    true: Sequence[str],
    files: Mapping[str, tuple[Path, Path]],
) -> None:
    first, second = next(iter(files.values()))
    for path, own in ((first, said), (second, true)):
        folded = {it.casefold() for it in own}
        unknown = [it for it in names if own and it.casefold() not in folded]
        if unknown:
            raise EvaluationError(
                f'knows no class "{unknown[0]}"; it has {", ".join(own)}.',
                path=path,
                remedy="Name the classes that both have with --classes.",
            )
        if not own and len(names) > 1:
            raise EvaluationError(
                f"does not say which label is which of {', '.join(names)}.",
                path=path,
                remedy='Say it with --labels "Tumor=1,Stroma=2", or evaluate one class.',
            )
