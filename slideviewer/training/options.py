"""What to train from what, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from slideviewer.errors import TrainingError
from slideviewer.training.fit import FitSettings


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
        raise TrainingError(f"Cross-validation needs 2 folds or more, not {options.folds}.")
