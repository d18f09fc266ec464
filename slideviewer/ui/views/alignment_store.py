"""Alignments that were made before, kept in the user's folder: one for each pair of slides."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt, ValidationError

from slideviewer.files import replacing_text
from slideviewer.slide import Slide
from slideviewer.ui.views.alignment import AlignmentError
from slideviewer.ui.views.similarity import Similarity

MOST_KEPT = 500
"""Pairs of slides; the one not touched for longest goes first."""

MOST_BYTES = 4 * 1024**2
"""Far more than so many pairs take; a larger file is none of ours."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlideKey(_Value):
    """What a slide is known again by: where it is, and its size in level-0 pixels."""

    path: str
    width: PositiveInt
    height: PositiveInt

    @classmethod
    def of(cls, slide: Slide) -> SlideKey:
        """The key of an open slide; no file is touched."""
        pyramid = slide.pyramid
        return cls(path=os.path.abspath(slide.path), width=pyramid.width, height=pyramid.height)


class _Kept(_Value):
    slide: SlideKey
    other: SlideKey
    scale: FiniteFloat = Field(gt=0)
    rotation: FiniteFloat
    mirrored: bool
    shift_x: FiniteFloat
    shift_y: FiniteFloat

    @property
    def similarity(self) -> Similarity:
        return Similarity(self.scale, self.rotation, self.mirrored, self.shift_x, self.shift_y)


class _File(_Value):
    version: int = Field(default=1, ge=1, le=1)
    alignments: tuple[_Kept, ...] = ()


class AlignmentStore:
    """Finds, keeps and forgets alignments.

    Parameters
    ----------
    path : Path
        The JSON file; it and its folder are made when the first alignment is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[frozenset[SlideKey], _Kept] | None = None

    def find(self, slide: Slide, other: Slide) -> Similarity | None:
        """From one slide to another, or None where they were never aligned.

        Raises
        ------
        AlignmentError
            Where the file cannot be understood; it is set aside, and the next call finds none.
        """
        key, key_other = SlideKey.of(slide), SlideKey.of(other)
        kept = self._read().get(frozenset({key, key_other}))
        if kept is None:
            return None
        return kept.similarity if kept.slide == key else kept.similarity.inverse

    def keep(self, slide: Slide, other: Slide, similarity: Similarity) -> None:
        """Remember how a slide lies on another, in place of what was known of the two.

        Raises
        ------
        AlignmentError
            Where the file cannot be written.
        """
        key, key_other = SlideKey.of(slide), SlideKey.of(other)
        pair = frozenset({key, key_other})
        kept = self._readable()
        kept.pop(pair, None)
        kept[pair] = _Kept(
            slide=key,
            other=key_other,
            scale=similarity.scale,
            rotation=similarity.rotation,
            mirrored=similarity.mirrored,
            shift_x=similarity.shift_x,
            shift_y=similarity.shift_y,
        )
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
        self._write(kept)

    def forget(self, slide: Slide, other: Slide) -> None:
        """Remember nothing of two slides.

        Raises
        ------
        AlignmentError
            Where the file cannot be written.
        """
        kept = self._readable()
        if kept.pop(frozenset({SlideKey.of(slide), SlideKey.of(other)}), None) is not None:
            self._write(kept)

    def _readable(self) -> dict[frozenset[SlideKey], _Kept]:
        """What is kept; nothing where the file had to be set aside."""
        with contextlib.suppress(AlignmentError):
            return self._read()
        return self._read()

    def _read(self) -> dict[frozenset[SlideKey], _Kept]:
        if self._kept is None:
            self._kept = {}
            try:
                if self._path.stat().st_size > MOST_BYTES:
                    raise ValueError("it is too large")
                read = _File.model_validate_json(self._path.read_bytes())
            except FileNotFoundError:
                return self._kept
            except (OSError, ValidationError, ValueError) as error:
                raise self._set_aside(error) from error
            self._kept = {frozenset({kept.slide, kept.other}): kept for kept in read.alignments}
        return self._kept

    def _write(self, kept: dict[frozenset[SlideKey], _Kept]) -> None:
        text = _File(alignments=tuple(kept.values())).model_dump_json(indent=1)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing_text(self._path) as stream:
                stream.write(text)
        except OSError as error:
            raise AlignmentError(
                f"The alignment is used, but cannot be kept: {error.strerror}.",
                path=self._path,
                remedy="Check that you may write there.",
            ) from error

    def _set_aside(self, error: Exception) -> AlignmentError:
        aside = self._path.with_suffix(".damaged.json")
        problem = "The kept alignments of slides cannot be read"
        try:
            self._path.replace(aside)
        except OSError as refusal:
            return AlignmentError(f"{problem}: {refusal.strerror}.", path=self._path)
        what = "it is no file of alignments" if isinstance(error, ValidationError) else str(error)
        return AlignmentError(
            f"{problem}: {what}.",
            path=self._path,
            remedy=f"The file is kept as {aside.name}; align the slides again.",
        )
