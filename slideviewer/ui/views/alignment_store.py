"""Alignments that were made before, kept in the user's folder: one for each pair of slides."""

from __future__ import annotations

import contextlib
import os
from dataclasses import fields
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide
from slideviewer.ui.kept_file import read_kept, write_kept
from slideviewer.ui.views.similarity import Similarity

MOST_KEPT = 500
"""Pairs of slides; the one not touched for longest goes first."""

MOST_BYTES = 4 * 1024**2
"""Far more than so many pairs take; a larger file is none of ours."""

WHAT = "The alignments of slides"


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
    lying: Similarity

    @field_validator("lying", mode="before")
    @classmethod
    def _is_whole(cls, read: object) -> object:
        # A number that is missing would silently be that of slides that lie exactly alike.
        if isinstance(read, dict) and read.keys() != {each.name for each in fields(Similarity)}:
            raise ValueError("these are not the numbers of an alignment")
        return read


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
        SlideviewerError
            Where the file cannot be read. A damaged one is set aside, and the next call finds
            none.
        """
        key, key_other = SlideKey.of(slide), SlideKey.of(other)
        kept = self._read().get(frozenset({key, key_other}))
        if kept is None:
            return None
        return kept.lying if kept.slide == key else kept.lying.inverse

    def keep(self, slide: Slide, other: Slide, lying: Similarity) -> None:
        """Remember how a slide lies on another, in place of what was known of the two.

        Raises
        ------
        SlideviewerError
            Where the file cannot be read, and must not be written over, or cannot be written.
        """
        key, key_other = SlideKey.of(slide), SlideKey.of(other)
        pair = frozenset({key, key_other})
        kept = self._readable()
        kept.pop(pair, None)
        kept[pair] = _Kept(slide=key, other=key_other, lying=lying)
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
        self._write(kept)

    def forget(self, slide: Slide, other: Slide) -> None:
        """Remember nothing of two slides.

        Raises
        ------
        SlideviewerError
            As `keep`.
        """
        kept = self._readable()
        if kept.pop(frozenset({SlideKey.of(slide), SlideKey.of(other)}), None) is not None:
            self._write(kept)

    def _readable(self) -> dict[frozenset[SlideKey], _Kept]:
        """What is kept; nothing where the file had to be set aside."""
        with contextlib.suppress(SlideviewerError):
            return self._read()
        return self._read()

    def _read(self) -> dict[frozenset[SlideKey], _Kept]:
        if self._kept is None:
            read = read_kept(self._path, _File, WHAT, MOST_BYTES) or _File()
            self._kept = {frozenset({kept.slide, kept.other}): kept for kept in read.alignments}
        return self._kept

    def _write(self, kept: dict[frozenset[SlideKey], _Kept]) -> None:
        write_kept(self._path, _File(alignments=tuple(kept.values())), WHAT)
