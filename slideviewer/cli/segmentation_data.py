"""What `slideviewer train segmentation` learns from, of what was typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slideviewer.cli.telling import path_given
from slideviewer.cli.training_pixels import cases_for, instances_in
from slideviewer.errors import TrainingError

if TYPE_CHECKING:
    from slideviewer.training.pictures.data import TrainingData
    from slideviewer.training.segmentation.options import TrainPixelsOptions

Cases = tuple[str | None, Path | None, str]
"""How pictures of one case are known: the pattern of their names, or a table and its column."""


def of_folders(
    images: Path, masks: list[str] | None, pattern: str, scale: float, cases: Cases
) -> TrainingData:
    """Pictures of a folder, with folders of masks.

    Parameters
    ----------
    images : Path
    masks : list of str or None
        ``TARGET=DIR`` for each target.
    pattern : str
        Of the pictures' file names.
    scale : float
        The pictures are made smaller to this share of their sides.
    cases : Cases

    Raises
    ------
    TrainingError
        If the masks are not written so, or something is wrong with what the folders hold.
    """
    from slideviewer.training.pictures.data import PictureData, anything_marked
    from slideviewer.training.pictures.marked import in_folders

    folders: dict[str, Path] = {}
    for text in masks or ():
        target, sign, folder = (part.strip() for part in text.partition("="))
        if not (target and sign and folder) or target in folders:
            raise TrainingError(
                f'--masks has "{text}".', remedy="Write it as Parenchyma=masks/Parenchyma."
            )
        folders[target] = path_given(folder)
    if not folders:
        raise TrainingError("--images needs --masks for one target or more.")
    pictures = in_folders(images, folders, pattern)
    return PictureData(
        tuple(pictures),
        cases_for(pictures, *cases),
        images.resolve().name,
        tuple(folders),
        anything_marked,
        scale,
    )


def of_instances(
    dsb: Path | None, labelled: Path | None, targets: str, scale: float, cases: Cases
) -> TrainingData:
    """Pictures in which each thing is marked by itself; all of them are of one target.

    Parameters
    ----------
    dsb, labelled : Path or None
        The folder, one of the two.
    targets : str
        The target's name; empty for nuclei.
    scale : float
        The pictures are made smaller to this share of their sides.
    cases : Cases

    Raises
    ------
    TrainingError
        If several targets are named, or something is wrong with what the folder holds.
    """
    from slideviewer.training.pictures.data import PictureData, anything_marked

    folder, pictures = instances_in(dsb, labelled)
    target = targets.strip() or "Nucleus"
    if "," in target:
        raise TrainingError(f'--targets has "{target}", where all that is marked is of one kind.')
    return PictureData(
        tuple(pictures),
        cases_for(pictures, *cases),
        folder.resolve().name,
        (target,),
        anything_marked,
        scale,
    )


def of_slides(
    slides: Path,
    annotations: Path | None,
    targets: str,
    options: TrainPixelsOptions,
    tiles_per_slide: int,
    scale: float,
    cases: Cases,
) -> TrainingData:
    """Tiles of slides, with what is drawn on them.

    Parameters
    ----------
    slides : Path
        A slide or a folder of slides.
    annotations : Path or None
        The file of the one, or a folder of those of the others.
    targets : str
        See `parse_targets`.
    options : TrainPixelsOptions
        What size the tiles are of, and which of them count.
    tiles_per_slide : int
    scale : float
        Must be 1: slides are read at the size that is wanted.
    cases : Cases

    Raises
    ------
    TrainingError
        If the annotations or the targets are not given, or do not go with the slides.
    """
    from slideviewer.training.pictures.cases import cases_of
    from slideviewer.training.pictures.slides import SlideData, slides_with_markup

    if annotations is None or not targets.strip():
        raise TrainingError("--slides needs --annotations and --targets.")
    if scale != 1:
        raise TrainingError("Slides are read at the size of --spacing: leave out --scale.")
    pairs = slides_with_markup(slides, annotations)
    return SlideData(
        slides=tuple(pairs),
        groups=parse_targets(targets),
        cases=cases_of([path.stem for path, _ in pairs], *cases),
        spacing_um_px=options.spacing_um_px,
        tile_pixels=options.tile_pixels,
        coverage=options.coverage,
        tiles_per_slide=tiles_per_slide,
        seed=options.seed,
        title=slides.resolve().name,
    )


def parse_targets(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``Tumor,Stroma`` or ``Tumor=_0+_1,Stroma``: the groups of each target.

    Raises
    ------
    TrainingError
        If a target has no group, or stands there twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        target, sign, names = (piece.strip() for piece in part.partition("="))
        groups = tuple(name.strip() for name in names.split("+")) if sign else (target,)
        if not target or not all(groups) or target in found:
            raise TrainingError(
                f'--targets has "{part}".', remedy="Write it as Tumor,Stroma or as Tumor=_0+_1."
            )
        found[target] = groups
    return found
