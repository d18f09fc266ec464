"""What a model is corrected from, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from slideviewer.errors import TrainingError


@dataclass(frozen=True)
class ImproveOptions:
    """Which model, from which slides, and where to.

    Attributes
    ----------
    model : str
        Name or folder of the package that is corrected: the parent.
    data : Path
        A folder of slides, or a CSV that lists them; annotations and ``.review.json`` lie beside
        the slides.
    out : Path
        The folder of the new package: none yet, or an empty one.
    name : str
        Of the new package; the parent's with the number of the version by default.
    title : str
        For people; the parent's with the number of the version by default.
    markup : Path or None
        Folder of the annotations, where they do not lie beside the slides.
    hold_out : tuple of str
        Names or patterns of the slides that are locked away from the training.
    hold_out_share : float
        Share of the slides that is locked away by the hash of their files where none is named;
        0 for none.
    leave_out : tuple of str
        Names or patterns of slides that are not looked at.
    normal : tuple of str
        Patterns of the names of slides that hold nothing of the target: all their tissue is known.
    groups : mapping of str to str
        Which class a group of the markup stands for.
    rest : str
        The class of what is none of the target; needed where there are more than two.
    replay : Path or None
        Labelled tiles of what the model was trained on, as `slideviewer train tiles` takes them.
    per_slide : int
        Known tiles of a slide that are learnt from, at most.
    measured : int
        Tiles of a held-out slide that are looked at, at most.
    spacing_um_px : float or None
        Micrometres per level-0 pixel, in place of what the slides say.
    seed : int
        Which tiles are drawn; the same seed gives the same weights.
    """

    model: str
    data: Path
    out: Path
    name: str = ""
    title: str = ""
    markup: Path | None = None
    hold_out: tuple[str, ...] = ()
    hold_out_share: float = 0.25
    leave_out: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    rest: str = ""
    replay: Path | None = None
    per_slide: int = 1000
    measured: int = 5000
    spacing_um_px: float | None = None
    seed: int = 1


def check(options: ImproveOptions) -> None:
    """Refuse what makes no sense, before anything is read.

    Raises
    ------
    TrainingError
    """
    if not 0 <= options.hold_out_share < 1:
        raise TrainingError(
            f"--hold-out-share is from 0 and below 1, not {options.hold_out_share:g}."
        )
    for name, value in (("--tiles-per-slide", options.per_slide), ("--measured", options.measured)):
        if value < 1:
            raise TrainingError(f"{name} is at least 1, not {value}.")
    if options.out.exists() and not (options.out.is_dir() and not any(options.out.iterdir())):
        raise TrainingError(
            "It is there already, and every version is a package of its own.",
            path=options.out,
            remedy="Name a new or an empty folder with --out.",
        )
