"""What a specification may say for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slideviewer.models.spec import ModelSpec

OFFSETS = ("Across", "Down")
"""What the outputs are called that are no probabilities, but the way to the middle of a nucleus."""


def refuse_nonsense(spec: ModelSpec) -> None:
    """Refuse what makes no sense together.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    is_of_tiles = spec.task == "tile-classification"
    if spec.exclusive and spec.num_classes < 2:
        raise ValueError("one class alone excludes nothing: exclusive must be false")
    if is_of_tiles and not spec.exclusive:
        raise ValueError("a tile is of one class: exclusive must be true")
    if spec.task == "nuclei" and spec.num_classes not in (2, 3):
        raise ValueError(
            "nuclei need two classes, their inside and the border between them, or three:"
            " nuclei, and the way across and down to the middle of each"
        )
    if spec.offsets is not None:
        _refuse_other_offsets(spec)
    centre = spec.centre_size_pixels
    if centre is not None and not (is_of_tiles and centre <= spec.patch_size_pixels):
        raise ValueError("centre_size_pixels is for tile models, and not above patch_size_pixels")


def _refuse_other_offsets(spec: ModelSpec) -> None:
    """Refuse what would make something else of offsets."""
    if spec.class_names[1:] != OFFSETS or spec.target != 0:
        raise ValueError(
            "of three classes for nuclei the first is the target_class, and the others are"
            f" {OFFSETS[0]} and {OFFSETS[1]}"
        )
    if spec.exclusive or spec.temperature != 1:
        raise ValueError("offsets exclude nothing and have no temperature")
