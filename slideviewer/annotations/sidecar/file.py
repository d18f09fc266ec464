"""What ASAP's XML cannot hold, in a file beside it: ``<name>.slideviewer.json``.

The slide that was drawn on, its spacing, which outlines are holes of which, what made each
annotation, and who drew and changed what and when. The XML stays the truth: an entry counts only
for the shape that it was written for, which a digest of kind and vertices tells; whatever became
of the XML elsewhere, the worst that this file can do is to say nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.geojson.holes import holes_by_owner
from slideviewer.annotations.json_file import sound
from slideviewer.annotations.model import Annotation, AnnotationSet
from slideviewer.annotations.origin import How, Origin
from slideviewer.annotations.saving import write_safely
from slideviewer.annotations.sidecar.identity import SlideIdentity, Word, identity_of
from slideviewer.annotations.sidecar.marks import Mark, digest_of, mark_now

SIDECAR_SUFFIX = ".slideviewer.json"
VERSION = 1
LARGEST_BYTES = 256 << 20
"""Larger files are not read: a million annotations take about two hundred bytes each."""


class _Entry(BaseModel):
    """One annotation, in the order of the XML."""

    digest: Annotated[str, Field(max_length=64)]
    hole_of: Annotated[int, Field(ge=0)] | None = None
    author: Word = ""
    created: datetime | None = None
    changed_by: Word = ""
    changed: datetime | None = None
    how: How | None = None
    source: Word = ""
    decision: Annotated[str, Field(max_length=64)] = ""

    @property
    def origin(self) -> Origin | None:
        return Origin(self.how, self.source, self.decision) if self.how is not None else None


class _Content(BaseModel):
    """The whole file; members that a later version adds are left aside."""

    format: Literal["slideviewer sidecar"]
    version: Annotated[int, Field(ge=1, le=VERSION)]
    slide: SlideIdentity | None = None
    annotations: list[_Entry] = Field(default_factory=list)


@dataclass(frozen=True)
class Sidecar:
    """What is known beyond an XML file.

    Attributes
    ----------
    slide : SlideIdentity or None
        What it was drawn on.
    marks : mapping of annotation id to Mark
        For every annotation that was there when the file was read or written; one without a mark
        was drawn since.
    notices : tuple of str
        Sentences for the user.
    is_unreadable : bool
        Whether there is a file that could not be used; it is kept as a backup when another one
        takes its place.
    origins : mapping of annotation id to Origin
        As the file tells; once they are added to the annotations, those know better.
    """

    slide: SlideIdentity | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    is_unreadable: bool = False
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def added_to(self, annotations: AnnotationSet) -> AnnotationSet:
        """Annotations that know what made them, where they did not know by themselves."""
        known = annotations.annotations
        changes = {
            key: replace(known[key], origin=origin)
            for key, origin in self.origins.items()
            if key in known and known[key].origin is None
        }
        return annotations.with_changes(changes)


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of an XML file lies."""
    return path.with_name(path.stem + SIDECAR_SUFFIX)


def read_sidecar(path: Path, annotations: AnnotationSet) -> Sidecar:
    """Read what lies beside an annotation file.

    Parameters
    ----------
    path : Path
        The annotation file.
    annotations : AnnotationSet
        As read from it.

    Returns
    -------
    Sidecar
        A file that is missing, damaged, hostile or of a later version costs nothing but what it
        knew; all but the first are told.
    """
    content, problem = _content(sidecar_of(path))
    if content is None:
        marks = {it.id: Mark(digest_of(it)) for it in annotations}
        return Sidecar(None, marks, (problem,) if problem else (), bool(problem))
    marks, origins, unused = _marks(annotations, content.annotations)
    notices = []
    # Of a file of another format by the same name, whose places are rounded, nothing was noted.
    if unused and path.suffix.lower() == ".xml":
        others = "1 shape" if unused == 1 else f"{unused} shapes"
        notices.append(
            f"{path.name} was changed by another program: who drew {others} of it is not known"
            " any more."
        )
    return Sidecar(content.slide, marks, tuple(notices), origins=origins)


def write_sidecar(
    annotations: AnnotationSet,
    path: Path,
    known: Sidecar,
    frame: SlideFrame | None,
    author: str,
    now: datetime,
) -> Sidecar:
    """Write what an annotation file cannot hold beside it.

    Parameters
    ----------
    annotations : AnnotationSet
        As just written to the file.
    path : Path
        The annotation file.
    known : Sidecar
        As it was read with the annotations, or returned from the last call.
    frame : SlideFrame or None
        The open slide; without one the identity that was known stays.
    author : str
        Who draws and changes now.
    now : datetime
        With its time zone.

    Returns
    -------
    Sidecar
        What is known now.

    Raises
    ------
    AnnotationError
        The file cannot be written; the former one is untouched.
    """
    slide = identity_of(frame) if frame is not None else known.slide
    marks = {it.id: mark_now(it, known.marks.get(it.id), author, now) for it in annotations}
    numbers = {annotation_id: number for number, annotation_id in enumerate(marks)}
    owners = {
        hole.id: numbers[owner]
        for owner, holes in holes_by_owner(annotations).items()
        for hole in holes
    }
    content = {
        "format": "slideviewer sidecar",
        "version": VERSION,
        "file": sound(path.name),
        "slide": slide.model_dump() if slide is not None else None,
        "annotations": [_entry(it, marks[it.id], owners.get(it.id)) for it in annotations],
    }
    write_safely(
        sidecar_of(path),
        lambda stream: stream.writelines(_lines(content)),
        backup=known.is_unreadable,
    )
    return Sidecar(slide, marks)


def _content(path: Path) -> tuple[_Content | None, str]:
    """What a sidecar holds, or why it is not used; neither where there is none."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, _unused(path, error.strerror or str(error))
    if len(data) > LARGEST_BYTES:
        return None, _unused(path, f"it is larger than {LARGEST_BYTES >> 20} MiB")
    try:
        return _Content.model_validate_json(data), ""
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        return None, _unused(path, f"{place}: {first['msg']}")


def _unused(path: Path, why: str) -> str:
    return (
        f"{path.name} cannot be used ({why}): which slide was drawn on, and who drew, is not known."
    )


def _marks(
    annotations: Iterable[Annotation], entries: Iterable[_Entry]
) -> tuple[dict[str, Mark], dict[str, Origin], int]:
    """Marks and origins, and how many entries belong to no annotation; equal shapes in turn."""
    waiting: dict[str, deque[_Entry]] = defaultdict(deque)
    for entry in entries:
        waiting[entry.digest].append(entry)
    marks, origins = {}, {}
    for annotation in annotations:
        mark = Mark(digest_of(annotation))
        if waiting.get(mark.digest):
            entry = waiting[mark.digest].popleft()
            mark = Mark(mark.digest, entry.author, entry.created, entry.changed_by, entry.changed)
            if entry.origin is not None:
                origins[annotation.id] = entry.origin
        marks[annotation.id] = mark
    return marks, origins, sum(map(len, waiting.values()))


def _entry(annotation: Annotation, mark: Mark, owner: int | None) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": sound(annotation.name),
        "digest": mark.digest,
        "hole_of": owner,
        "author": mark.author,
        "created": mark.created.isoformat() if mark.created else None,
        "changed_by": mark.changed_by,
        "changed": mark.changed.isoformat() if mark.changed else None,
    }
    if annotation.origin is not None:
        it = annotation.origin
        entry |= {"how": str(it.how), "source": sound(it.source), "decision": it.decision}
    return {key: value for key, value in entry.items() if value not in (None, "") or key == "name"}


def _lines(content: Mapping[str, object]) -> Iterator[bytes]:
    """The file's text, with a line for each annotation so that versions can be compared."""
    before = "{"
    for key, value in content.items():
        yield f"{before}{json.dumps(key)}: ".encode()
        before = ",\n"
        if not isinstance(value, list):
            yield json.dumps(value).encode()
            continue
        yield b"["
        for number, entry in enumerate(value):
            yield (b",\n" if number else b"\n") + json.dumps(entry).encode()
        yield b"]"
    yield b"}\n"
