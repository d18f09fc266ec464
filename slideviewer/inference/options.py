"""How a model is run, beyond which model and which slide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from slideviewer.errors import PredictionError
from slideviewer.models.spec import ModelSpec
from slideviewer.slide.tissue_colours import TissueParameters

Turns = Literal["none", "flips", "all"]
Rule = Literal["mean", "confirm"]

TURNS: tuple[Turns, ...] = ("none", "flips", "all")
RULES: tuple[Rule, ...] = ("mean", "confirm")


@dataclass(frozen=True)
class Options:
    """How a model is run over a slide.

    Attributes
    ----------
    stride_pixels : int or None
        Of tile models. From one tile to the next, in pixels of the model; less makes them overlap
        and the map finer. By default what one answer stands for: the tile, or its centre where
        the model answers for that.
    turns : str
        Each tile is seen "none": as it is; "flips": also mirrored, twice; "all": in all eight
        ways of turning and mirroring. The answers' mean is kept, and their spread.
    rule : str
        Of several models: "mean" of all answers, or, of tile models, "confirm": the further ones
        look at what the first one calls the target, and what they do not confirm takes their lower
        answer.
    time_limit_s : float or None
        Seconds after which the run ends with what it has; pauses do not count. Tiles, or chunks of
        a mask, are then taken from all over the slide, so that the map is coarse before it is
        fine.
    tissue : TissueParameters
        How tissue is told from glass.
    """

    stride_pixels: int | None = None
    turns: Turns = "none"
    rule: Rule = "mean"
    time_limit_s: float | None = None
    tissue: TissueParameters = field(default_factory=TissueParameters)

    def check(self, spec: ModelSpec) -> None:
        """Refuse what makes no sense for a model.

        Raises
        ------
        PredictionError
        """
        stride = self.stride_pixels
        if spec.task != "tile-classification" and (stride is not None or self.rule != "mean"):
            raise PredictionError(
                f"{'--combine' if stride is None else '--stride'} is for models of tiles, and "
                f'"{spec.name}" is for {spec.task}.',
                remedy="Leave it out.",
            )
        if stride is not None and not 1 <= stride <= spec.patch_size_pixels:
            raise PredictionError(
                f"A stride of {stride} pixels does not fit tiles of {spec.patch_size_pixels}.",
                remedy=f"Give a number from 1 to {spec.patch_size_pixels}.",
            )
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise PredictionError(
                f"A time limit of {self.time_limit_s:g} seconds leaves no time.",
                remedy="Give seconds above 0, for example --time-limit 300.",
            )

    def step_um(self, spec: ModelSpec) -> float:
        """From one cell to the next, in micrometres."""
        if self.stride_pixels is None:
            return spec.cell_um
        return self.stride_pixels * spec.spacing_um_px

    @property
    def facts(self) -> dict[str, object]:
        """What a record says of it, defaults left out: plain JSON values."""
        default = Options()
        return {
            name: value
            for name, value in vars(self).items()
            if name != "tissue" and value != getattr(default, name)
        }
