"""The options of `slideviewer train tiles`, by what they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from slideviewer.cli.telling import path_given

_SLIDES, _SPLIT = "Tiles of slides", "Split and measuring"
_NETWORK, _FIT, _CARD = "Network", "Fitting", "Card"


def _opt(help_: str, panel: str | None = None, **more: Any) -> Any:
    return typer.Option(help=help_, rich_help_panel=panel, **more)


Data = Annotated[
    Path,
    _opt(
        "Folder with one sub-folder a class; a CSV: picture,class; a set in .npz (data,"
        " labels); a folder of slides; or a CSV: slide, markup, patient, split, partial,"
        " spacing, of which only slide must be there.",
        metavar="PATH",
        parser=path_given,
    ),
]

Out = Annotated[Path, _opt("Folder of the new model package.", metavar="DIR", parser=path_given)]

Name = Annotated[str, _opt("Name of the model: lower-case letters, digits, '-'.")]

Target = Annotated[str, _opt("The class of interest.")]

Classes = Annotated[
    str | None,
    _opt(
        "Sub-folders, groups or labels and class names in order: SOURCE=Class,SOURCE=Class."
        " With slides a source is a group of the XML, a mask's label or 'white', or 'rest': all"
        " other tissue; and the class 'ignore' keeps tiles away."
    ),
]

PatchSize = Annotated[int | None, _opt("Side of a tile in the model, in pixels.")]

Spacing = Annotated[float | None, _opt("Micrometres per pixel of that tile.")]

Like = Annotated[
    Path | None,
    _opt(
        "A WSInfer configuration that stands for --classes, --patch-size and --spacing"
        " where they are not given; sub-folders are then named as its classes.",
        metavar="JSON",
        parser=path_given,
    ),
]

ExtraData = Annotated[
    list[Path] | None,
    _opt(
        "Further folder of classes, for training only; may repeat.",
        metavar="DIR",
        parser=path_given,
    ),
]

Synthetic = Annotated[int, _opt("Tiles of each class to draw besides, for training only.", min=0)]

Add = Annotated[bool, typer.Option("--add", help="Put it among the models of the window, too.")]

Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the model package that DIR holds, and with --add the one of its name.",
    ),
]

Markup = Annotated[
    Path | None,
    _opt(
        "Folder of XML files or masks called like the slides; beside them by default.",
        _SLIDES,
        metavar="DIR",
        parser=path_given,
    ),
]

Rule = Annotated[
    str,
    _opt(
        "When a tile is of a marked class: whole: all of it; centre: any of its middle half;"
        " any; fraction:0.5: that share of it; centre:0.5: that share of its middle.",
        _SLIDES,
    ),
]

TilesPerSlide = Annotated[
    int, _opt("Tiles of a slide at most, as many of each class.", _SLIDES, min=1)
]

Overlap = Annotated[float, _opt("Share of a tile that its neighbour shows.", _SLIDES)]

LeastTissue = Annotated[float, _opt("Share of a tile of the rest that must be tissue.", _SLIDES)]

Ring = Annotated[
    float, _opt("How far the ring around the target reaches, in micrometres.", _SLIDES)
]

RingShare = Annotated[float, _opt("Share of the rest's tiles from the ring.", _SLIDES)]

Few = Annotated[
    int,
    _opt(
        "Slides with fewer target tiles are judged by squares of half the side; 0 for never.",
        _SLIDES,
        min=0,
    ),
]

Partial = Annotated[
    str,
    _opt(
        "Regular expression for slides of which only part was annotated: they give no rest"
        " and no hard negatives.",
        _SLIDES,
    ),
]

HardNegativeRounds = Annotated[
    int, _opt("Rounds in which false positives of the training slides are added.", _SLIDES)
]

HardNegatives = Annotated[int, _opt("Of a slide and round, at most.", _SLIDES, min=1)]

HardNegativeEpochs = Annotated[
    int, _opt("Epochs of each round; 0: a quarter of --epochs.", _SLIDES, min=0)
]

SlideScores = Annotated[
    bool,
    typer.Option(
        "--slide-scores",
        help="Predict the validation slides with the finished model: scores.csv, and how well"
        " scores tell slides with the target.",
        rich_help_panel=_SLIDES,
    ),
]

ValidationFraction = Annotated[
    float, _opt("Share held out: of patients or slides, else by the hash of files.", _SPLIT)
]

SplitColumn = Annotated[str, _opt("Column of the list that names the patient or slide.", _SPLIT)]

SplitPattern = Annotated[str, _opt("Regular expression that finds it in a file's name.", _SPLIT)]

Folds = Annotated[
    int,
    _opt("Networks more to train for a cross-validated figure, at most 20; 0 for none.", _SPLIT),
]

Architecture = Annotated[
    str,
    _opt(
        "tile-small, tile-fcn, tile-inception-v3, tile-resnet50-v2, tile-densenet121,"
        " tile-mobilenet-v3-small, tile-mobilenet-v3-large or tile-efficientnet-b0.",
        _NETWORK,
    ),
]

ArchitectureConfig = Annotated[
    str,
    _opt(
        """The network's own settings, as JSON: '{"dense": [128], "dropout": 0.5}'.""",
        _NETWORK,
    ),
]

Weights = Annotated[
    str,
    _opt(
        "What it starts from: none, imagenet, or the name or folder of a model of the same"
        " architecture.",
        _NETWORK,
    ),
]

Train = Annotated[
    str,
    _opt(
        "What is trained: all; head, which leaves the base as it is; or a number: the base's"
        " layers from there on.",
        _NETWORK,
    ),
]

Epochs = Annotated[int, _opt("Passes over the training part.", _FIT, min=1)]

TilesPerEpoch = Annotated[int, _opt("Tiles of a pass; 0: as many as there are.", _FIT, min=0)]

Batch = Annotated[int, _opt("Tiles of a batch.", _FIT, min=1)]

Seed = Annotated[int, _opt("The same seed gives the same model.", _FIT, min=0)]

LearningRate = Annotated[float, _opt("The highest learning rate, above 0 and at most 1.", _FIT)]

Schedule = Annotated[str, _opt("cosine: it rises shortly, then falls to nothing; constant.", _FIT)]

Patience = Annotated[
    int,
    _opt(
        "Epochs without a smaller validation loss that end the training; the best weights are"
        " kept. 0: train all epochs and keep averaged weights.",
        _FIT,
        min=0,
    ),
]

Ratio = Annotated[
    str,
    _opt(
        "How often classes are drawn: equal, own (as the set holds them), or numbers in their"
        " order, such as 1:2.",
        _FIT,
    ),
]

ClassWeights = Annotated[
    str, _opt("What they weigh in the loss: none, balanced, or numbers: 1:4.", _FIT)
]

LabelSmoothing = Annotated[float, _opt("From 0 to 0.5.", _FIT)]

Mixup = Annotated[float, _opt("How strongly tiles are mixed; 0 for not at all.", _FIT)]

Forest = Annotated[
    float,
    _opt(
        "Share, from 0 to 1, of what is learnt from a forest of trees on colours and textures in"
        " place of the labels: it helps where tiles are few and some labels are wrong.",
        _FIT,
    ),
]

Augmentation = Annotated[
    str,
    _opt(
        "strong, light, geometry, flips or none; and single strengths:"
        " light,stain=0.2,shear=0.1,jpeg=no.",
        _FIT,
    ),
]

Title = Annotated[str, _opt("Title for people.", _CARD)]

Licence = Annotated[str, _opt("Licence of the model.", _CARD)]

IntendedUse = Annotated[str, _opt("What the model is for.", _CARD)]

DataName = Annotated[str, _opt("Name and licence of the data.", _CARD)]

DataLicence = Annotated[
    str,
    _opt(
        "Licence of the data, such as CC0-1.0; the package takes pictures of its worst failures"
        " along under that one alone.",
        _CARD,
    ),
]
