"""The three commands that train, and which of their options the form has."""

from __future__ import annotations

from slideviewer.ui.training.fields import Field, Kind, Source, Task

OUT, NAME, ADD, OVERWRITE = "--out", "--name", "--add", "--overwrite"

_CLASSES = Field(
    "--classes",
    "Classes",
    is_needed=True,
    hint="rest=Normal,Tumor=Tumor",
    tip="What becomes which class: a group of the annotations, a folder or a label, then = and "
    "the class. With slides, rest is all other tissue.",
)
_TARGETS = Field(
    "--targets",
    "Groups",
    is_needed=True,
    hint="Tumor,Stroma",
    tip="Groups of the annotations that are to be found; Tumor=_0+_1 for one of several groups",
)
_DSB = Field(
    "--dsb",
    "Folder",
    Kind.FOLDER,
    is_needed=True,
    tip="For each picture a folder with images/<id>.png and masks/*.png, one mask a nucleus",
)
_LABELLED = Field(
    "--labelled",
    "Folder",
    Kind.FOLDER,
    is_needed=True,
    tip="Pictures with numbered nuclei beside them: <name>.png and <name>_labels.png",
)


def _whole(option: str, label: str, first: int, lowest: int, highest: int, tip: str = "") -> Field:
    return Field(option, label, Kind.WHOLE, first, first, tip=tip, lowest=lowest, highest=highest)


def _number(
    option: str, label: str, first: float, lowest: float, highest: float, tip: str = ""
) -> Field:
    return Field(option, label, Kind.NUMBER, first, first, tip=tip, lowest=lowest, highest=highest)


def _choice(option: str, label: str, first: str, *choices: str, tip: str = "") -> Field:
    return Field(option, label, Kind.CHOICE, first, first, tip=tip, choices=choices)


_SPACING = Field(
    "--spacing",
    "Pixel size",
    Kind.NUMBER,
    0.5,
    is_needed=True,
    lowest=0.01,
    highest=1000,
    unit="µm/px",
    tip="Micrometres a pixel has as the network sees it",
)
_NAME = Field(
    NAME,
    "Name",
    Kind.NAME,
    is_needed=True,
    hint="my-tumour",
    tip="Of the model: lower-case letters, digits and '-'",
)
_OUT = Field(OUT, "Model's folder", Kind.FOLDER, is_needed=True, tip="Where the model is written")
_ENDS = (
    Field(ADD, "Put it among the models of the window", Kind.FLAG, True),
    Field(
        OVERWRITE,
        "Replace what its folder holds",
        Kind.FLAG,
        False,
        tip="A model, or a training with other options that was broken off; and the model of its "
        "name in the window",
    ),
)
_WAYS = ("none", "flips", "geometry", "light", "strong")
_RATES = (0.00001, 1.0, "How large the network's steps are")


def _pixels(epochs: int, patience: int, held_out: float) -> tuple[Field, ...]:
    """The fields of the two commands for U-Nets."""
    return (
        _SPACING,
        _whole("--tile", "Tile", 256, 16, 2048, "Pixels of a tile's side"),
        _whole("--depth", "Levels", 5, 2, 9, "Of the network"),
        _number("--channel-rate", "Width", 0.5, 0.05, 8, "Of its channels: 0.5 for half of them"),
        _whole("--epochs", "Epochs", epochs, 1, 100_000, "Passes over the data, at most"),
        _whole("--batch-size", "Batch", 8, 1, 1024, "Tiles at once"),
        _number("--learning-rate", "Learning rate", 1e-3, *_RATES),
        _whole(
            "--patience",
            "Patience",
            patience,
            0,
            100_000,
            "So many epochs without a gain on what is held out end it; 0 for never",
        ),
        _choice("--augmentation", "Augmentation", "light", "none", "flips", "light", "stains"),
        _number("--validation-fraction", "Held out", held_out, 0.01, 0.99, "Share of the cases"),
        _NAME,
        _OUT,
        *_ENDS,
    )


TILES = Task(
    "Tiles",
    "What each tile shows",
    "tiles",
    (
        Source(
            "Slides with markup",
            (
                Field(
                    "--data",
                    "Slides",
                    Kind.PATH,
                    is_needed=True,
                    tip="A folder of slides, or a CSV with a column slide",
                ),
                Field(
                    "--markup",
                    "Annotations",
                    Kind.FOLDER,
                    hint="beside the slides",
                    tip="Folder of XML files or masks called like the slides",
                ),
                _CLASSES,
                Field(
                    "--rule",
                    "A tile counts if",
                    Kind.CHOICE,
                    "whole",
                    "whole",
                    choices=("whole", "centre", "any", "fraction:0.5", "centre:0.5"),
                    tip="It lies wholly in what is marked, its middle does, any of it, …",
                ),
                Field(
                    "--split-pattern",
                    "Patient",
                    hint="patient_[0-9]+",
                    tip="A regular expression that finds the patient in a slide's name",
                ),
            ),
        ),
        Source(
            "Folders, a list, or .npz",
            (
                Field(
                    "--data",
                    "Data",
                    Kind.PATH,
                    is_needed=True,
                    tip="A folder with a folder for each class, a CSV picture,class, or a set",
                ),
                _CLASSES,
            ),
        ),
    ),
    (
        Field("--target", "Class of interest", is_needed=True, hint="Tumor"),
        Field(
            "--patch-size",
            "Tile",
            Kind.WHOLE,
            256,
            is_needed=True,
            lowest=16,
            highest=2048,
            tip="Pixels of a tile's side",
        ),
        _SPACING,
        _choice(
            "--architecture",
            "Network",
            "tile-small",
            *("tile-small", "tile-fcn", "tile-inception-v3", "tile-resnet50-v2"),
            *("tile-densenet121", "tile-mobilenet-v3-small", "tile-mobilenet-v3-large"),
            "tile-efficientnet-b0",
        ),
        Field(
            "--weights",
            "Starts from",
            Kind.TEXT,
            "none",
            "none",
            tip="none, imagenet, or the name or folder of a model of the same network",
        ),
        _whole("--epochs", "Epochs", 40, 1, 100_000, "Passes over the data"),
        _whole("--batch", "Batch", 16, 1, 1024, "Tiles at once"),
        _number("--learning-rate", "Learning rate", 2e-3, *_RATES),
        _whole(
            "--patience",
            "Patience",
            0,
            0,
            100_000,
            "So many epochs without a smaller loss on what is held out end it; 0 for never",
        ),
        _choice("--augmentation", "Augmentation", "strong", *_WAYS),
        _number(
            "--validation-fraction", "Held out", 0.2, 0.01, 0.99, "Share of patients or slides"
        ),
        _NAME,
        _OUT,
        *_ENDS,
    ),
)

SEGMENTATION = Task(
    "Tissue masks",
    "What each pixel belongs to",
    "segmentation",
    (
        Source(
            "Slides with markup",
            (
                Field("--slides", "Slides", Kind.PATH, is_needed=True, tip="A folder, or a slide"),
                Field(
                    "--annotations",
                    "Annotations",
                    Kind.PATH,
                    is_needed=True,
                    tip="A folder of XML or GeoJSON files with the slides' names, or one file",
                ),
                _TARGETS,
            ),
        ),
        Source(
            "Pictures with masks",
            (
                Field("--images", "Pictures", Kind.FOLDER, is_needed=True),
                Field(
                    "--masks",
                    "Masks",
                    Kind.LIST,
                    is_needed=True,
                    hint="Tumor=folder; Stroma=folder",
                    tip="A target and the folder of its masks, white where it is",
                ),
                Field(
                    "--case-pattern",
                    "Case",
                    hint="^[0-9]+_[A-Z]+",
                    tip="A regular expression that finds in a picture's name whose it is",
                ),
            ),
        ),
        Source("Data Science Bowl folders", (_DSB,)),
        Source("Numbered nuclei", (_LABELLED,)),
    ),
    _pixels(20, 10, 0.33),
)

NUCLEI = Task(
    "Nuclei",
    "Each by itself, with its outline",
    "nuclei",
    (
        Source("Data Science Bowl folders", (_DSB,)),
        Source("Numbered nuclei", (_LABELLED,)),
    ),
    (
        _number(
            "--rim",
            "Rim",
            0.0,
            0,
            0.9,
            "For stained tissue 0.4: learns the rim of each nucleus, to this share of its depth, "
            "in place of the border where nuclei touch",
        ),
        Field(
            "--offsets",
            "Learn the way to the middle of each nucleus",
            Kind.FLAG,
            False,
            tip="In place of border and rim: for tissue, where nuclei lie close and across each "
            "other",
        ),
        *_pixels(40, 20, 0.2),
    ),
)

TASKS = (TILES, SEGMENTATION, NUCLEI)
