"""What the dialogs for annotation files offer."""

from __future__ import annotations

from slideviewer.annotations import FORMATS, READ_SUFFIXES


def annotation_filter() -> str:
    """All annotation files first, then each format by itself, then all files."""
    every = " ".join(f"*{suffix}" for suffix in READ_SUFFIXES)
    each = (
        f"{known.name} ({' '.join(f'*{suffix}' for suffix in known.suffixes)})" for known in FORMATS
    )
    return ";;".join((f"Annotations ({every})", *each, "All files (*)"))
