"""What is typed about a training, taken apart."""

from __future__ import annotations

import json

from slideviewer.errors import TrainingError

_LONGEST_QUOTED = 60
_CONFIG_REMEDY = """Write it as '{"widths": [32, 64]}'."""


def parse_classes(text: str) -> dict[str, str]:
    """Read ``FOLDER=Class,FOLDER=Class``.

    Raises
    ------
    TrainingError
        If it is not of this form.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        folder, sign, name = (piece.strip() for piece in part.partition("="))
        if not (folder and sign and name) or folder in found:
            raise TrainingError(
                f'--classes has "{part}".', remedy="Write it as normal=Normal,tumor=Tumor."
            )
        found[folder] = name
    return found


def parse_config(text: str) -> dict[str, object]:
    """Read the network's settings: a JSON object whose lists stand for tuples.

    Raises
    ------
    TrainingError
        If it is no JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrainingError(
            f'--architecture-config is no JSON: "{text[:_LONGEST_QUOTED]}".', remedy=_CONFIG_REMEDY
        ) from error
    if not isinstance(found, dict):
        raise TrainingError(
            f'--architecture-config is no JSON object: "{text[:_LONGEST_QUOTED]}".',
            remedy=_CONFIG_REMEDY,
        )
    return found
