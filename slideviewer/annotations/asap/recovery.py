"""Reading what is left of a damaged file."""

from __future__ import annotations

from pathlib import Path

from slideviewer.annotations.asap.parsing import parse
from slideviewer.annotations.asap.reader import read_document
from slideviewer.annotations.loaded import Loaded, Notices, counted


def recover_asap(path: Path | str) -> Loaded:
    """Read what can be read of a file that is cut off or not well-formed; it is left as it is.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Loaded
        Its first notice says where the damage is. What follows there may be missing, and an
        annotation in whose middle the file breaks off has only its first vertices.

    Raises
    ------
    AnnotationError
        There is nothing to be read, or the file is hostile or something else.
    """
    notices = Notices()
    document = parse(Path(path), recovering=True)
    annotations = read_document(document, notices)
    if not document.damage:
        return Loaded(annotations, notices.texts())
    damage = (
        f"The file is damaged ({document.damage}). {counted(len(annotations))} could be read;"
        " others may be missing."
    )
    return Loaded(annotations, (damage, *notices.texts()))
