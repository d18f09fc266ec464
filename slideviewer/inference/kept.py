"""The predictions that the window keeps: named by the slide's content and the model's hash."""

from __future__ import annotations

from pathlib import Path

from slideviewer import paths
from slideviewer.inference.record import RECORD_FILE

_DIGITS = 16
"""So many of each hash stand in a name."""


def kept_name(identity: str, model_hash: str) -> str:
    """How the name of a kept prediction begins.

    Parameters
    ----------
    identity : str
        Of the slide's content.
    model_hash : str
        Of the package; empty for any.
    """
    return f"{identity[:_DIGITS]}-{model_hash[:_DIGITS]}"


def latest_kept(identity: str, model_hash: str = "") -> Path | None:
    """The kept prediction of a slide that was worked on last; None without any."""
    stored = []
    for folder in paths.predictions_folder().glob(f"{kept_name(identity, model_hash)}*"):
        record = folder / RECORD_FILE
        if record.is_file():
            stored.append((record.stat().st_mtime_ns, folder))
    return max(stored)[1] if stored else None
