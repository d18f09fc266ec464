"""The pages of the user guide: where they lie, and what is filled in when they are shown."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY, paths
from slideviewer.errors import SlideviewerError
from slideviewer.slide.opening import KNOWN_FORMATS
from slideviewer.ui import keys
from slideviewer.ui.help.key_table import action_words, first_key, gesture_tables, key_tables
from slideviewer.ui.keys import Bindings

PAGES: Mapping[str, str] = {
    "first-steps": "First steps",
    "looking": "Looking",
    "views": "Several views",
    "opening": "Opening",
    "annotations": "Annotations",
    "geometry": "Areas and geometry",
    "groups": "Groups",
    "masks": "Masks",
    "formats": "Annotation formats",
    "prediction": "Prediction",
    "reviewing": "Reviewing",
    "metrics": "Metrics",
    "improving": "Improving the model",
    "models": "Models",
    "train-tiles": "From your slides to a result",
    "train-tissue": "From your tissue to a result",
    "train-nuclei": "From your nuclei to a result",
    "evaluating": "Evaluating",
    "keys": "Keys",
    "preferences": "Preferences",
    "problems": "Problems",
    "engineers": "For engineers",
    "python": "From Python",
    "containers": "In containers",
}
"""The contents: name of the file without its ending, and title."""

README = "readme"
"""A page that is not in the contents: what the project says of itself to engineers."""

FILLED_IN: Mapping[str, Callable[[Bindings], str]] = {
    "research-use": lambda _: f"**{RESEARCH_USE_ONLY}**",
    "formats": lambda _: KNOWN_FORMATS,
    "gestures": lambda _: gesture_tables(),
    "keys": key_tables,
}
"""What stands for `{word}` in a page, by the keys of now."""

ACTION_WORDS = {"do": action_words, "key": first_key}
"""What stands for `{word action_name}` in a page: its menu and key, or its key alone."""

_BRACED = re.compile(r"\{([a-z-]+)(?: (\w+))?\}")


def pages_folder() -> Path:
    """Where the pages lie; their pictures are in the folder `pictures` within."""
    return paths.resources_folder() / "help"


def page_text(name: str) -> str:
    """A page as Markdown, with the present keys and words of the menus filled in.

    Parameters
    ----------
    name : str
        One of `PAGES`, or `README`.

    Raises
    ------
    SlideviewerError
        Where the page's file is missing or cannot be read.
    """
    if name == README:
        return _readme()
    path = pages_folder() / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SlideviewerError(
            f"This page of the guide cannot be read ({reason}).",
            path=path,
            remedy="Install slideviewer again to bring it back.",
        ) from error
    return filled_in(text)


def is_page(name: str) -> bool:
    """Whether there should be a page of this name."""
    return name in PAGES or name == README


def _readme() -> str:
    """The README beside the package in a checkout, or the copy that an installation keeps."""
    beside = paths.resources_folder().parent / "README.md"
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    return str(importlib.metadata.metadata("slideviewer").json["description"])


def filled_in(text: str) -> str:
    """Markdown with every `{…}` filled in.

    Raises
    ------
    KeyError
        For a word or an action that nobody knows; the tests read every page.
    """
    now = keys.bindings()  # once: a page names many keys, and each call reads all settings

    def fill(found: re.Match[str]) -> str:
        word, action = found.groups()
        return FILLED_IN[word](now) if action is None else ACTION_WORDS[word](action, now)

    return _BRACED.sub(fill, text)
