"""Where things lie: what ships with the product, and the user's own folders."""

import os
from functools import cache
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).parent


@cache
def resources_folder() -> Path:
    """The folder of bundled resources: inside the wheel, or beside the package in a checkout."""
    inside = _PACKAGE / "resources"
    return inside if inside.is_dir() else _PACKAGE.parent / "resources"


def bundled_models_folder() -> Path:
    """The folder whose sub-folders are the bundled model packages."""
    return resources_folder() / "models"


def user_models_folder() -> Path:
    """The folder whose sub-folders are the model packages that the user added."""
    return _data() / "models"


def predictions_folder() -> Path:
    """The folder that keeps the predictions made in the window."""
    return _data() / "predictions"


def kept_folder() -> Path:
    """The folder that keeps what the user left at each slide, such as bookmarks."""
    return _data() / "slides"


def journals_folder() -> Path:
    """The folder that keeps what was edited and is not saved yet."""
    return _data() / "journals"


def group_templates_file() -> Path:
    """The file that keeps the user's own sets of groups."""
    return _data() / "group-templates.json"


def alignments_file() -> Path:
    """The file that keeps how slides lie on each other."""
    return _data() / "alignments.json"


def engines_file() -> Path:
    """The file that keeps which engine computes which model best on this machine."""
    return _data() / "engines.json"


def converted_models_folder() -> Path:
    """The folder of models as engines want them, made from their packages."""
    return cache_folder() / "converted-models"


def cards_folder() -> Path:
    """The folder of pages about models, made from their packages."""
    return cache_folder() / "cards"


def demo_folder() -> Path:
    """The folder of the demo slide that the window opens."""
    return _data() / "demo"


def cache_folder() -> Path:
    """The folder of what can be made again at any time, such as small pictures of slides."""
    named = os.environ.get("SLIDEVIEWER_DATA_DIR")
    if named:
        return Path(named) / "cache"
    return Path(platformdirs.user_cache_dir("slideviewer", appauthor=False))


def _data() -> Path:
    """The user's folder, or the one that SLIDEVIEWER_DATA_DIR names."""
    named = os.environ.get("SLIDEVIEWER_DATA_DIR")
    return Path(named or platformdirs.user_data_dir("slideviewer", appauthor=False))
