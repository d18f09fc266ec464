"""By what a slide is known again, wherever its file has been moved to."""

from __future__ import annotations

import hashlib
import os
from weakref import WeakKeyDictionary

from slideviewer.slide import Slide

_known: WeakKeyDictionary[Slide, str] = WeakKeyDictionary()


def slide_key(slide: Slide) -> str:
    """A short name of a slide for files that belong to it.

    An open slide keeps the one it had at first: what befalls its file must not part it from its
    bookmarks, and a drive that hangs must not be asked again.

    It is made of the file's name and length and the slide's size in pixels, so it stays the same
    when the file is moved to another folder. A folder (DICOM) has no length of its own.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    known = _known.get(slide)
    if known is None:
        known = _known[slide] = _key_of(slide)
    return known


def _key_of(slide: Slide) -> str:
    path = slide.path
    try:
        length = path.stat().st_size if path.is_file() else 0
    except OSError:  # the drive has just gone; the slide may still be looked at
        length = 0
    told = f"{path.name}|{length}|{slide.pyramid.width}x{slide.pyramid.height}"
    return hashlib.sha256(os.fsencode(told)).hexdigest()[:32]
