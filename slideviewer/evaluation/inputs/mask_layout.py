"""Where masks lie: a file a case, or a file a case and class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import by_case, children, files_of
from slideviewer.evaluation.inputs.markup import MARKUP_SUFFIXES
from slideviewer.slide.masks import MASK_SUFFIXES

PICTURE_SUFFIXES = (*MASK_SUFFIXES, ".jpg", ".jpeg", ".bmp")
"""Masks of others come as JPEG too, though that leaves greys between black and white."""
LABEL_SUFFIXES = (*PICTURE_SUFFIXES, *MARKUP_SUFFIXES)
_OF_A_CLASS = re.compile(r"mask_(.+)\.png")


@dataclass(frozen=True)
class Layout:
    """The masks of one side.

    Attributes
    ----------
    path : Path
    files : mapping of str to Path
        By case, where a file holds all classes.
    by_class : mapping of str to mapping of str to Path
        By case and class, where each class has a file; classes may overlap then.
    """

    path: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    by_class: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that have files of their own."""
        return tuple(dict.fromkeys(name for it in self.by_class.values() for name in it))


def layout_of(path: Path) -> Layout:
    """Look what there is: a file, a folder of files a case, or of either of these.

    ``CASE/mask_CLASS.png`` as `slideviewer predict` writes it, or ``CLASS/CASE.png``.

    Raises
    ------
    EvaluationError
        Where there is no mask and no markup.
    """
    if path.is_dir():
        own: dict[str, dict[str, Path]] = {}
        for file in sorted(path.glob("*/mask_*.png")):
            found = _OF_A_CLASS.fullmatch(file.name)
            if found is not None:
                own.setdefault(file.parent.name, {})[found[1]] = file
        if own:
            return Layout(path, by_class=own)
        if not any(it.is_file() for it in children(path)):
            return Layout(path, by_class=_folders_of_classes(path))
    return Layout(path, files_of(path, LABEL_SUFFIXES, "masks or markup"))


def plain(name: str) -> str:
    """A class's name as it may stand in the name of a file."""
    return re.sub(r"[^\w.-]+", "_", name).casefold()


def _folders_of_classes(path: Path) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    for folder in (it for it in children(path) if it.is_dir()):
        files = [it for it in children(folder) if it.suffix.lower() in PICTURE_SUFFIXES]
        for name, file in by_case(files, folder).items():
            found.setdefault(name, {})[folder.name] = file
    if not found:
        raise EvaluationError(
            "The folder holds no masks.",
            path=path,
            remedy="Name a folder of masks, of CASE/mask_CLASS.png, or of CLASS/CASE.png.",
        )
    return found
