"""What to train from what, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from slideviewer.errors import TrainingError
from slideviewer.models.package import TRAINING
from slideviewer.models.spec import CONFIG
from slideviewer.training.checkpoints import CHECKPOINT_FILE
from slideviewer.training.fit import FitSettings
from slideviewer.training.label_map import MOST_CLASSES, class_names
from slideviewer.training.place_rules import LabelRule, PlaceRules
from slideviewer.training.slide_tiles import TileSize

MOST_FOLDS = 20
"""Each fold is a training of its own; beyond, the figures hardly change."""
FEW_TILES = 10
"""Of fewer tiles, one that is judged otherwise moves a class's share by more than a tenth."""
MOST_ROUNDS = 10


@dataclass(frozen=True)
class SplitOptions:
    """What belongs together and must not stand on both sides.

    Attributes
    ----------
    column : str
        A column of the list that names the patient or slide.
    pattern : str
        A regular expression that finds it in a file's name.
    """

    column: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class SlideOptions:
    """How tiles are taken from slides.

    Attributes
    ----------
    markup : Path or None
        Folder of XML files or masks; beside the slides by default.
    per_slide : int
        Tiles of a slide at most.
    rule : LabelRule
    overlap : float
        Share of a tile that its neighbour shows, too.
    least_tissue : float
        Share of a tile of the rest that must be tissue.
    ring_um, ring_share : float
        How wide the ring around the target is, and the share of the rest's tiles from it.
    few : int
        Slides with fewer target tiles are judged by smaller squares; 0 for none.
    partial : str
        A regular expression that finds slides of which only part was annotated.
    hard_rounds, hard_per_slide : int
        Rounds in which false positives of the training slides are added, and how many of each.
    hard_epochs : int
        Epochs of each round; a quarter of the others where it is 0.
    slide_scores : bool
        Whether the finished model looks at all of the validation slides.
    """

    markup: Path | None = None
    per_slide: int = 1000
    rule: LabelRule = field(default_factory=LabelRule)
    overlap: float = 0.0
    least_tissue: float = 0.25
    ring_um: float = 500.0
    ring_share: float = 0.5
    few: int = 100
    partial: str = ""
    hard_rounds: int = 0
    hard_per_slide: int = 100
    hard_epochs: int = 0
    slide_scores: bool = False


@dataclass(frozen=True)
class TrainTilesOptions:
    """What to train, from what, and where to.

    Attributes
    ----------
    data : Path
        A folder with one sub-folder a class, a CSV list of pictures or of slides, a folder of
        slides, or a set in `.npz`.
    out : Path
        The package's folder.
    name : str
        The package's name.
    classes : mapping of str to str
        From sub-folder, group or label to class name, in the model's order.
    target : str
        The class of interest.
    patch_size_pixels : int
    spacing_um_px : float
        Of the tile at `patch_size_pixels`; each picture must cover their product.
    architecture : str
    architecture_config : mapping
    weights : str
        What the network starts from: "none", "imagenet", or a model's name or folder.
    validation_fraction : float
        Share held out, by patient or slide where they are known, else by file hash.
    split : SplitOptions
    slides : SlideOptions
    folds : int
        Networks more to train for a cross-validated figure; 0 for none.
    extra_data : tuple of Path
        Folders of classes, or lists, used for training only.
    synthetic : int
        Tiles of each class to draw besides, for training only; 0 for none.
    title, licence, intended_use, data_name, data_licence : str
        For the specification and the card. Pictures of data under CC0, and of no other, go into
        the package as examples of what went wrong.
    fit : FitSettings
    overwrite : bool
        Whether a package that is already in `out` gives way instead of being kept, and so does a
        training of another kind that was broken off there.
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
    weights: str = "none"
    validation_fraction: float = 0.2
    split: SplitOptions = SplitOptions()
    slides: SlideOptions = SlideOptions()
    folds: int = 0
    extra_data: tuple[Path, ...] = ()
    synthetic: int = 0
    title: str = ""
    licence: str = "not stated"
    intended_use: str = "Research on slides like those it was trained on."
    data_name: str = ""
    data_licence: str = ""
    fit: FitSettings = field(default_factory=FitSettings)
    overwrite: bool = False

    @property
    def title_of_data(self) -> str:
        """The data's name for people: as given, else its folder's."""
        return self.data_name or self.data.name

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the model's order."""
        return class_names(self.classes)

    @property
    def rules(self) -> PlaceRules:
        """Where tiles of slides lie."""
        it = self.slides
        return PlaceRules(
            self.classes, self.target, it.rule, it.overlap, it.least_tissue, it.ring_um, it.few
        )

    @property
    def size(self) -> TileSize:
        """What the model sees at once."""
        return TileSize(self.patch_size_pixels, self.spacing_um_px)

    @property
    def work(self) -> Path:
        """The folder in the package's from which a training goes on."""
        return self.out / TRAINING


def check_options(options: TrainTilesOptions) -> None:
    """Refuse options that cannot serve, before any time is spent.

    Raises
    ------
    TrainingError
        With what is wrong.
    """
    names = options.class_names
    if len(names) < 2:
        raise TrainingError(f"A classifier needs two classes or more, not {len(names)}.")
    if len(names) > MOST_CLASSES:
        raise TrainingError(f"{len(names)} classes are more than {MOST_CLASSES}.")
    if options.target not in names:
        raise TrainingError(
            f'The target "{options.target}" is none of the classes {", ".join(names)}.'
        )
    if not 0 < options.validation_fraction < 1:
        raise TrainingError(
            f"The validation fraction {options.validation_fraction:g} is not between 0 and 1."
        )
    if options.split.column and options.split.pattern:
        raise TrainingError("--split-column and --split-pattern cannot both be given.")
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
    _check_numbers(options)
    is_begun = any(options.work.glob(f"*/{CHECKPOINT_FILE}"))
    if (options.out / CONFIG).exists() and not (options.overwrite or is_begun):
        raise TrainingError(
            "This folder holds a model package already.",
            path=options.out,
            remedy="Name another folder with --out, or replace it with --overwrite.",
        )


def _check_numbers(options: TrainTilesOptions) -> None:
    fit, slides = options.fit, options.slides
    if not (math.isfinite(fit.learning_rate) and 0 < fit.learning_rate <= 1):
        raise TrainingError(
            f"The learning rate {fit.learning_rate:g} is not above 0 and at most 1.",
            remedy="Give a --learning-rate such as 0.002.",
        )
    for option, value, low, high in (
        ("--label-smoothing", fit.label_smoothing, 0, 0.5),
        ("--mixup", fit.mixup, 0, 10),
        ("--forest", fit.forest, 0, 1),
        ("--overlap", slides.overlap, 0, 0.9),
        ("--least-tissue", slides.least_tissue, 0, 1),
        ("--ring", slides.ring_um, 0, 1e5),
        ("--ring-share", slides.ring_share, 0, 1),
        ("--hard-negative-rounds", slides.hard_rounds, 0, MOST_ROUNDS),
    ):
        if not low <= value <= high:
            raise TrainingError(f"{option} is from {low:g} to {high:g}, not {value:g}.")


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
