"""What the user can set, in one table; kept in `QSettings` and read back with their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QSettings

from slideviewer.ui.palettes import PALETTES, RED

T = TypeVar("T", bool, int, str)


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One thing the user can set.

    Attributes
    ----------
    name : str
        The key it is kept under.
    default : bool, int or str
        Says the type, too.
    words : str
        What the preferences call it; empty for what the program remembers by itself.
    tip : str
        What it means, where the words do not say it all.
    choices : tuple of (value, words)
        All that a text can be.
    lowest, highest : int
        The range of a number.
    unit : str
        Of a number.
    lowest_words : str
        What the lowest number means, where it is no amount.
    """

    name: str
    default: T
    words: str = ""
    tip: str = ""
    choices: tuple[tuple[T, str], ...] = ()
    lowest: int = 0
    highest: int = 0
    unit: str = ""
    lowest_words: str = ""


AUTO_OPEN_ANNOTATIONS = Setting(
    "auto_open_annotations",
    True,
    "Open the annotations that lie beside a slide",
    "A file of the same name, ending in .xml or .geojson. It never replaces unsaved markup.",
)
KEYMAP = Setting(
    "keymap",
    "asap",
    "Keys as in",
    choices=(("asap", "ASAP"), ("qupath", "QuPath")),
)
TRACKPAD = Setting(
    "trackpad",
    "pan",
    "Two fingers on a trackpad",
    "Pinching zooms in any case, and so does the wheel of a mouse.",
    choices=(("pan", "Move the slide"), ("zoom", "Zoom")),
)
ANIMATE = Setting(
    "animate",
    True,
    "Glide when zooming and moving",
    "Off: the view jumps at once.",
)
BACKGROUND = Setting(
    "background",
    "grey",
    "Around the slide",
    choices=(("white", "White"), ("grey", "Grey"), ("black", "Black")),
)
BACKGROUND_COLOURS = {"white": "#ffffff", "grey": "#808080", "black": "#000000"}
PREDICTION_WAITS = Setting(
    "prediction_waits",
    True,
    "Let a prediction wait while the view moves",
    "The view then moves smoothly, and the prediction goes on as soon as it rests.",
)
PREDICTION_MINUTES = Setting(
    "prediction_minutes",
    0,
    "Time limit of a prediction",
    "When it is over, the prediction ends with a map that is coarse rather than cut off. "
    "Predicting again goes on from there.",
    highest=1440,
    unit="min",
    lowest_words="None",
)
PREDICTION_ENGINE = Setting(
    "prediction_engine",
    "auto",
    "Predictions are computed by",
    "An engine that does not give a model's own answers is not used.",
    choices=(
        ("auto", "What is quickest here"),
        ("openvino", "OpenVINO"),
        ("keras", "Keras on TensorFlow"),
    ),
)
ICC = Setting(
    "icc",
    True,
    "Colours by the slide's profile",
    "Uses the ICC profile of the scanner where the slide has one.",
)
CACHE_MIB = Setting(
    "cache_mib",
    0,
    "Memory for tiles",
    "More memory brings back places you have been to without reading them again. "
    "Automatic is a quarter of this machine's memory, at most 2048 MiB.",
    highest=65536,
    unit="MiB",
    lowest_words="Automatic",
)
HOLES = Setting(
    "holes",
    "ask",
    "Shapes with holes",
    "What a result with holes becomes, since the shapes of ASAP cannot have any.",
    choices=(
        ("ask", "Ask each time"),
        ("cut", "One polygon with a cut"),
        ("group", "Outline and exclusion group"),
    ),
)
AUTHOR = Setting(
    "author",
    "",
    "Your name",
    "Noted with what you draw and decide. Left empty, it is the name of your account.",
)
READ_BLIND = Setting(
    "read_blind",
    False,
    "Read slides blind first",
    "A new window hides what is predicted of a slide until you mark it as read.",
)
BRUSH_SIZE = Setting("brush_size", 48, lowest=4, highest=600, unit="px")
"""The diameter on the screen."""
PREDICTION_COLOURS = Setting(
    "prediction_colours",
    RED,
    choices=tuple((name, palette.words) for name, palette in PALETTES.items()),
)
PREDICTION_SMOOTH = Setting("prediction_smooth", False)
PREDICTION_TURNS = Setting(
    "prediction_turns",
    "none",
    choices=(
        ("none", "As it is"),
        ("flips", "Also mirrored, twice"),
        ("all", "In all eight ways of turning and mirroring"),
    ),
)
PREDICTION_STEP = Setting(
    "prediction_step",
    "tile",
    choices=(
        ("tile", "Tile beside tile"),
        ("half", "Half a tile: four times the work"),
        ("quarter", "A quarter of a tile: sixteen times"),
    ),
)
PREDICTION_RULE = Setting(
    "prediction_rule",
    "mean",
    choices=(
        ("mean", "The mean of both answers"),
        ("confirm", "Confirm what the first one finds"),
    ),
)
COLOUR_BY_GROUP = Setting("colour_by_group", False)
TOUR_SEEN = Setting("tour_seen", False)
SYNC_VIEWS = Setting("sync_views", True)

SETTINGS: tuple[Setting[Any], ...] = (
    AUTO_OPEN_ANNOTATIONS,
    KEYMAP,
    TRACKPAD,
    ANIMATE,
    BACKGROUND,
    ICC,
    PREDICTION_WAITS,
    PREDICTION_MINUTES,
    PREDICTION_ENGINE,
    CACHE_MIB,
    HOLES,
    AUTHOR,
    READ_BLIND,
    BRUSH_SIZE,
    PREDICTION_COLOURS,
    PREDICTION_SMOOTH,
    PREDICTION_TURNS,
    PREDICTION_STEP,
    PREDICTION_RULE,
    COLOUR_BY_GROUP,
    TOUR_SEEN,
    SYNC_VIEWS,
)


def read(setting: Setting[T]) -> T:
    """What is set; the default where nothing is kept, or nothing that makes sense."""
    stored = QSettings().value(setting.name)
    value = _understood(setting.default, stored)
    return value if value is not None and _allowed(setting, value) else setting.default


def write(setting: Setting[T], value: T) -> None:
    """Keep a value; ValueError for one that the setting does not allow."""
    if not _allowed(setting, value):
        raise ValueError(f"{setting.name} cannot be {value!r}")
    if value == setting.default:
        QSettings().remove(setting.name)
    else:
        QSettings().setValue(setting.name, value)


def _understood(default: T, stored: object) -> T | None:
    """A stored value in the default's type; settings files hold nothing but text."""
    if isinstance(default, bool):
        known = {"true": True, "false": False}
        return known.get(str(stored).lower()) if stored is not None else None
    if isinstance(default, int):
        try:
            return int(str(stored))
        except ValueError:
            return None
    return stored if isinstance(stored, str) else None


def _allowed(setting: Setting[T], value: T) -> bool:
    if type(value) is not type(setting.default):
        return False
    if setting.choices:
        return value in [choice for choice, _ in setting.choices]
    if isinstance(value, int) and not isinstance(value, bool):
        return setting.lowest <= value <= setting.highest
    return True
