"""Small pictures of slides, made once and kept on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QImage, QImageWriter

from slideviewer.errors import SlideviewerError
from slideviewer.files import replacing
from slideviewer.slide import Pixels, Slide, open_slide

LONGEST_SIDE = 256
"""Pixels of a small picture."""

MOST_KEPT = 500
"""Pictures on the disk; the one that was not looked at for longest goes first."""

MOST_READ_PX = 100_000_000
"""A slide whose coarsest level is larger has nothing that a picture is quickly made of."""

MOST_PICTURE_BYTES = 32 * 1024**2
"""A plain picture must be decoded whole, which a larger file is not worth here."""

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


@dataclass(frozen=True)
class Thumbnail:
    """What is known of how a slide looks.

    Attributes
    ----------
    path : Path
        Of the slide.
    image : QImage or None
        At most `LONGEST_SIDE` wide and high; None where there is none.
    problem : str
        Why there is none, for the user.
    is_missing : bool
        Whether the file itself cannot be reached.
    """

    path: Path
    image: QImage | None
    problem: str = ""
    is_missing: bool = False


class ThumbnailStore:
    """Makes small pictures and keeps them in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is not there; only its owner may look into it, since slides are private.
    most_kept : int
    """

    def __init__(self, folder: Path, most_kept: int = MOST_KEPT) -> None:
        self._folder, self._most_kept = folder, most_kept

    def get(self, path: Path) -> Thumbnail:
        """Look at a slide: the kept picture, or a new one. May take seconds; raises nothing."""
        try:
            state = path.stat()
        except FileNotFoundError:
            return Thumbnail(path, None, f"{path.name} is not there now.", is_missing=True)
        except (OSError, ValueError) as error:  # ValueError: a name that no system can hold
            reason = getattr(error, "strerror", None) or error
            problem = f"{path.name} cannot be reached: {reason}."
            return Thumbnail(path, None, problem, is_missing=True)
        told = f"{path.absolute()}|{state.st_size}|{state.st_mtime_ns}"
        kept = self._folder / f"{hashlib.sha256(os.fsencode(told)).hexdigest()}.png"
        image = QImage(str(kept))
        if not image.isNull():
            with contextlib.suppress(OSError):
                os.utime(kept)  # the ones that are looked at stay
            return Thumbnail(path, image)
        if path.suffix.lower() in PICTURE_SUFFIXES and state.st_size > MOST_PICTURE_BYTES:
            return Thumbnail(path, None, "A picture of this size is only read when it is opened.")
        try:
            image = _drawn(path)
        except SlideviewerError as error:
            return Thumbnail(path, None, str(error))
        # Without room on the disk the picture is shown all the same, and made again next time.
        with contextlib.suppress(OSError):
            self._keep(kept, image)
        return Thumbnail(path, image)

    def _keep(self, file: Path, image: QImage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"PNG")).write(image)
        with replacing(file) as stream:
            stream.write(buffer.data().data())
        kept = []
        for other in self._folder.glob("*.png"):
            with contextlib.suppress(FileNotFoundError):  # another window may tidy up as well
                kept.append((other.stat().st_mtime_ns, other))
        for _, oldest in sorted(kept)[: max(0, len(kept) - self._most_kept)]:
            oldest.unlink(missing_ok=True)


def _drawn(path: Path) -> QImage:
    """Make the small picture; SlideviewerError where the slide is broken or has no coarse level."""
    slide = open_slide(path)
    try:
        pixels = _small_pixels(slide)
    finally:
        slide.close()
    height, width = pixels.shape[:2]
    row_bytes, kind = 3 * width, QImage.Format.Format_RGB888
    buffer = pixels.tobytes()
    image = QImage(buffer, width, height, row_bytes, kind).copy()  # the first one owns no pixels
    if max(width, height) > LONGEST_SIDE:
        image = image.scaled(
            LONGEST_SIDE,
            LONGEST_SIDE,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return image


def _small_pixels(slide: Slide) -> Pixels:
    coarsest = slide.pyramid.levels[-1]
    if coarsest.width * coarsest.height <= MOST_READ_PX:
        return slide.thumbnail(LONGEST_SIDE)
    if "thumbnail" in slide.associated_names:
        return slide.associated_image("thumbnail")
    problem = "The slide has no coarse level that a small picture is quickly made of."
    raise SlideviewerError(problem, path=slide.path)
