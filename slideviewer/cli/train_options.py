"""Options that `slideviewer train segmentation` and `train nuclei` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slideviewer.cli.telling import path_given

_DATA, _NETWORK, _FIT, _CARD = "Data", "Network", "Training", "Card"

Out = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of the new model package.", parser=path_given)
]
Name = Annotated[str, typer.Option(help="Name of the model: lower-case letters, digits, '-'.")]
SpacingUm = Annotated[
    float,
    typer.Option(
        metavar="UM_PER_PIXEL",
        help="Size of the pictures' pixels in micrometres; slides are read at this size.",
    ),
]
Dsb = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with <id>/images/<id>.png and <id>/masks/*.png, one mask a nucleus.",
        parser=path_given,
        rich_help_panel=_DATA,
    ),
]
Labelled = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of pictures with numbered nuclei beside them: <name>.png, <name>_labels.png.",
        parser=path_given,
        rich_help_panel=_DATA,
    ),
]
Scale = Annotated[
    float,
    typer.Option(
        min=0.01,
        max=1.0,
        help="Make pictures smaller to this share of their sides.",
        rich_help_panel=_DATA,
    ),
]
CasePattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Finds in each picture's name whose it is, for example '^[0-9]+_[A-Z]+': pictures of"
        " one case are never parted.",
        rich_help_panel=_DATA,
    ),
]
CaseTable = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="A table with a column picture and one of cases, instead of a pattern.",
        parser=path_given,
        rich_help_panel=_DATA,
    ),
]
CaseColumn = Annotated[str, typer.Option(help="The column of that table.", rich_help_panel=_DATA)]
ValidationFraction = Annotated[
    float, typer.Option(help="Share of the cases held out.", rich_help_panel=_DATA)
]
TestFraction = Annotated[
    float,
    typer.Option(
        help="Share of the cases kept for the figures alone; 0: those held out serve for both.",
        rich_help_panel=_DATA,
    ),
]
Tile = Annotated[
    int, typer.Option(min=16, max=2048, help="Side of a tile, in pixels.", rich_help_panel=_NETWORK)
]
ChannelRate = Annotated[
    float,
    typer.Option(
        help="Of the channels 32, 64, 128, 256, 512: 0.5 for half of them.",
        rich_help_panel=_NETWORK,
    ),
]
DepthLevels = Annotated[int, typer.Option(help="Levels of the network.", rich_help_panel=_NETWORK)]
Filters = Annotated[
    str,
    typer.Option(
        metavar="LIST",
        help="Channels of each level, instead of --depth and --channel-rate: 64,96,128.",
        rich_help_panel=_NETWORK,
    ),
]
NetworkSettings = Annotated[
    str,
    typer.Option(
        "--network",
        metavar="NAME=VALUE,...",
        help="Its other settings: convolutions=2, convolutions_up=1, kernel=3, last_channels=2,"
        " activation=elu, pooling=average, upsampling=nearest, batch_norm=yes, dropout=0.2.",
        rich_help_panel=_NETWORK,
    ),
]
LossName = Annotated[
    str,
    typer.Option(
        "--loss",
        help="bce, dice, bce+dice, jaccard, focal or focal+dice.",
        rich_help_panel=_FIT,
    ),
]
Epochs = Annotated[
    int, typer.Option(min=1, help="Passes over the training part, at most.", rich_help_panel=_FIT)
]
BatchSize = Annotated[int, typer.Option(min=1, help="Tiles at once.", rich_help_panel=_FIT)]
LearningRate = Annotated[
    float, typer.Option(help="Adam's, above 0 and at most 1.", rich_help_panel=_FIT)
]
ScheduleName = Annotated[
    str,
    typer.Option(
        "--schedule",
        help="constant; or cosine: the rate falls to nothing by the last epoch.",
        rich_help_panel=_FIT,
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        help="float32; or bfloat16: quicker where the processor or GPU has it. The model that"
        " comes of it computes in float32 either way.",
        rich_help_panel=_FIT,
    ),
]
PatienceEpochs = Annotated[
    int,
    typer.Option(
        "--patience",
        min=0,
        help="Epochs without a gain on what is held out, after which it ends; 0: never.",
        rich_help_panel=_FIT,
    ),
]
Repeats = Annotated[
    int,
    typer.Option(
        min=1,
        help="Trainings from other first weights; the best one is kept.",
        rich_help_panel=_FIT,
    ),
]
Coverage = Annotated[
    float,
    typer.Option(
        help="How closely tiles lie in a picture: 0.99 side by side, 1.5 overlapping.",
        rich_help_panel=_FIT,
    ),
]
AugmentationName = Annotated[
    str,
    typer.Option(
        "--augmentation",
        help="none; flips; light: also moved, brightness and contrast; stains: also other stains;"
        " strengths may follow: stains,scale=0.4.",
        rich_help_panel=_FIT,
    ),
]
Seed = Annotated[
    int, typer.Option(min=0, help="The same seed gives the same model.", rich_help_panel=_FIT)
]
Workers = Annotated[
    int, typer.Option(min=1, help="Threads that prepare tiles.", rich_help_panel=_FIT)
]
Title = Annotated[str, typer.Option(help="Title for people.", rich_help_panel=_CARD)]
Licence = Annotated[str, typer.Option(help="Licence of the model.", rich_help_panel=_CARD)]
IntendedUse = Annotated[str, typer.Option(help="What it is for.", rich_help_panel=_CARD)]
DataName = Annotated[str, typer.Option(help="Name and licence of the data.", rich_help_panel=_CARD)]
DataLicence = Annotated[
    str,
    typer.Option(
        help="Licence of the data, such as CC0-1.0; the package takes pictures of its worst"
        " failures along under that one alone.",
        rich_help_panel=_CARD,
    ),
]
Baseline = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="A model that this one is compared with, such as a plain U-Net trained with the"
        " same --seed and --validation-fraction; colour alone by default.",
        rich_help_panel=_CARD,
    ),
]
Add = Annotated[bool, typer.Option("--add", help="Put it among the models of the window, too.")]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the model, or another training, that DIR holds, and with --add the model of"
        " its name.",
    ),
]
