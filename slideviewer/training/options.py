"""What to train from what, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from slideviewer.errors import TrainingError
from slideviewer.models.spec import CONFIG
from slideviewer.training.fit import FitSettings

MOST_FOLDS = 20
"""Each fold is a training of its own; beyond, the figures hardly change."""
FEW_TILES = 10
"""Of fewer tiles, one that is judged otherwise moves a class's share by more than a tenth."""


@dataclass(frozen=True)
class TrainTilesOptions:
    """What to train, from what, and where to.

    Attributes
    ----------
    data : Path
        A folder with one sub-folder a class, or a CSV list; see `load_examples`.
    out : Path
        The package's folder.
    name : str
        The package's name.
    classes : mapping of str to str
        From sub-folder to class name, in the model's order.
    target : str
        The class of interest.
    patch_size_pixels : int
    spacing_um_px : float
        Of the tile at `patch_size_pixels`; each picture must cover their product.
    architecture : str
    architecture_config : mapping
    validation_fraction : float
        Share held out, by file hash.
    folds : int
        Networks more to train for a cross-validated figure; 0 for none.
    extra_data : tuple of Path
        Folders like `data` used for training only.
    synthetic : int
        Tiles of each class to draw besides, for training only; 0 for none.
    title, licence, intended_use, data_name : str
        For the specification and the card.
    fit : FitSettings
    overwrite : bool
        Whether a package that is already in `out` gives way instead of being kept.
    """

    data: Path
    out: Path
    name: str
    classes: Mapping[str, str]
    target: str
    patch_size_pixels: int
    spacing_um_px: float
    architecture: str = "tile-small"
    architecture_config: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    validation_fraction: float = 0.2
    folds: int = 0
    extra_data: tuple[Path, ...] = ()
    synthetic: int = 0
    title: str = ""
    licence: str = "not stated"
    intended_use: str = "Research on slides like those it was trained on."
    data_name: str = ""
    fit: FitSettings = field(default_factory=FitSettings)
    overwrite: bool = False

    @property
    def title_of_data(self) -> str:
        """The data's name for people: as given, else its folder's."""
        return self.data_name or self.data.name


def check_options(options: TrainTilesOptions) -> None:
    """Refuse options that cannot serve, before any time is spent.

    Raises
    ------
    TrainingError
        With what is wrong.
    """
    names = tuple(dict.fromkeys(options.classes.values()))
    if len(names) < 2:
        raise TrainingError(f"A classifier needs two classes or more, not {len(names)}.")
    if options.target not in names:
        raise TrainingError(
            f'The target "{options.target}" is none of the classes {", ".join(names)}.'
        )
    if not 0 < options.validation_fraction < 1:
        raise TrainingError(
            f"The validation fraction {options.validation_fraction:g} is not between 0 and 1."
        )
    if options.folds == 1 or options.folds < 0:
        raise TrainingError(
            f"Cross-validation needs 2 folds or more, not {options.folds}.",
            remedy="Give --folds 5, or 0 for none.",
        )
    if options.folds > MOST_FOLDS:
        raise TrainingError(
            f"Cross-validation in {options.folds} folds trains as many networks.",
            remedy=f"Give at most {MOST_FOLDS} --folds.",
        )
    rate = options.fit.learning_rate
    if not (math.isfinite(rate) and 0 < rate <= 1):
        raise TrainingError(
            f"The learning rate {rate:g} is not above 0 and at most 1.",
            remedy="Give a --learning-rate such as 0.002.",
        )
    if not options.overwrite and (options.out / CONFIG).exists():
        raise TrainingError(
            "This folder holds a model package already.",
            path=options.out,
            remedy="Name another folder with --out, or replace it with --overwrite.",
        )


def check_folds(folds: int, counts: Mapping[str, int]) -> None:
    """Refuse more folds than a class has tiles: some would have none of it to be measured on.

    Raises
    ------
    TrainingError
        With the class.
    """
    name = min(counts, key=lambda it: counts[it])
    if folds > counts[name]:
        raise TrainingError(
            f'{folds} folds are more than the {counts[name]} pictures of class "{name}".',
            remedy="Give fewer --folds or more pictures.",
        )


def few_held_out(counts: Mapping[str, int]) -> tuple[str, ...]:
    """A sentence for each class with so few held-out tiles that figures on them mean little."""
    return tuple(
        f'Only {count} tiles of class "{name}" are held out: the figures mean little.'
        for name, count in counts.items()
        if count < FEW_TILES
    )
