"""Which slides a training takes, and what is known of each: markup, patient, part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slideviewer.annotations import is_annotation_file
from slideviewer.errors import TrainingError
from slideviewer.slide import KNOWN_SUFFIXES
from slideviewer.slide.folders import one_of_each_series
from slideviewer.slide.masks import MASK_SUFFIXES
from slideviewer.training.labelled_pictures import no_column, read_table
from slideviewer.training.splits import origin_by_pattern, origin_in

PARTS = ("training", "validation")
"""What the column `split` may say."""
MASK_ENDINGS = (*MASK_SUFFIXES, ".jpg", ".jpeg", ".bmp")
MASK_MARKS = ("", "_mask", "-mask", "_labels")
"""How a mask's name may go on after its slide's."""

_COLUMNS = ("slide", "markup", "patient", "split", "partial", "spacing")
_YES = frozenset({"1", "yes", "true", "partial"})
_REMEDY = f"Its first line names columns: slide, then of {', '.join(_COLUMNS[1:])} what is known."


@dataclass(frozen=True)
class MarkedSlide:
    """A slide and what is known of it.

    Attributes
    ----------
    path : Path
    markup : Path or None
        ASAP XML (or another annotation file), or a mask; None for a slide of which all tissue is
        the rest, such as a normal one.
    origin : str
        The patient, or the slide's own name.
    part : str
        "training" or "validation" where the user said so.
    partial : bool
        Whether only part of it was annotated: what lies outside the markup is then unknown.
    spacing_um_px : float or None
        Micrometres per level-0 pixel, in place of what the slide says.
    """

    path: Path
    markup: Path | None
    origin: str
    part: str = ""
    partial: bool = False
    spacing_um_px: float | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def has_mask(self) -> bool:
        """Whether its markup is a mask."""
        return self.markup is not None and self.markup.suffix.lower() in MASK_ENDINGS


def find_slides(
    source: Path,
    markup: Path | None = None,
    *,
    split_column: str = "",
    split_pattern: str = "",
    partial_pattern: str = "",
) -> tuple[MarkedSlide, ...]:
    """Find slides and their markup.

    Parameters
    ----------
    source : Path
        A folder of slides, or a CSV whose first line names columns: ``slide`` and, as far as
        known, ``markup``, ``patient``, ``split``, ``partial``, ``spacing``; paths are relative to
        it.
    markup : Path, optional
        The folder where a slide's markup has its name, ``.xml`` or that of a mask; the slide's own
        folder by default.
    split_column : str
        The column that tells the origin, in place of ``patient``.
    split_pattern : str
        A regular expression that finds the origin in a slide's name.
    partial_pattern : str
        A regular expression that finds slides of which only part was annotated.

    Raises
    ------
    TrainingError
        If there is no slide, a line or a column cannot be used, a named file is missing, or a
        mask lies in the folder of markup for which there is no slide.
    """
    if source.is_dir():
        if split_column:
            raise TrainingError(
                "A folder of slides has no columns.",
                path=source,
                remedy="Give --split-pattern, or a CSV of slides as --data.",
            )
        slides = _in_folder(source, markup)
    else:
        slides = _listed(source, markup, split_column)
    if not slides:
        raise TrainingError(
            "There is no slide to train on.", path=source, remedy="Check the name of the folder."
        )
    _refuse_twins(slides)
    if split_pattern:
        pattern = origin_by_pattern(split_pattern)
        slides = [replace(it, origin=origin_in(it.path.name, pattern)) for it in slides]
    if partial_pattern:
        is_partial = origin_by_pattern(partial_pattern)
        slides = [
            replace(it, partial=it.partial or bool(is_partial.search(it.path.name)))
            for it in slides
        ]
    return tuple(slides)


def _refuse_twins(slides: Sequence[MarkedSlide]) -> None:
    """Tables name slides by their files' names, so these must differ; and so must markup."""
    seen: dict[str, Path] = {}
    marked: dict[Path, Path] = {}
    for slide in slides:
        other = seen.setdefault(slide.path.name, slide.path)
        if other is not slide.path:
            raise TrainingError(
                f"Another slide has the same name: {other}.",
                path=slide.path,
                remedy="List each slide once, and give them different names.",
            )
        other = slide.path if slide.markup is None else marked.setdefault(slide.markup, slide.path)
        if other is not slide.path:
            raise TrainingError(
                f"Another slide has the same markup, {slide.markup}: {other}.",
                path=slide.path,
                remedy="List the slides in a CSV, each with the markup that is its own.",
            )


def is_slide_list(source: Path) -> bool:
    """Whether a CSV's first line says that it lists slides."""
    try:
        with source.open("rb") as stream:
            first = stream.readline(4096).decode("utf-8-sig", "replace")
    except OSError:
        return False
    return first.split(",")[0].strip().lower() == "slide"


def is_folder_of_slides(source: Path, names: Sequence[str]) -> bool:
    """Whether a folder holds slides themselves, and not a sub-folder for each class."""
    if any((source / name).is_dir() for name in names):
        return False
    return any(_is_slide(path) for path in source.iterdir())


def _in_folder(folder: Path, markup: Path | None) -> list[MarkedSlide]:
    found = sorted(path for path in folder.iterdir() if _is_slide(path))
    series, others = one_of_each_series([it for it in found if it.suffix.lower() == ".dcm"])
    kept = {*series, *others}
    found = [path for path in found if path.suffix.lower() != ".dcm" or path in kept]
    place = markup or folder
    if not place.is_dir():
        raise TrainingError("There is no such folder of markup.", path=place)
    if place == folder:
        # What is a mask of a slide beside it is no slide.
        stems = {path.stem for path in found}
        found = [path for path in found if not names_a_mask(path, stems)]
    slides = [MarkedSlide(path, markup_of(path, place), path.stem) for path in found]
    used = {it.markup for it in slides}
    for path in sorted(place.iterdir()) if place != folder else ():
        if path.suffix.lower() in MASK_ENDINGS and path not in used and not _is_hidden(path):
            raise TrainingError(
                f"This mask has no slide: {folder} holds none called {path.stem}.",
                path=path,
                remedy="Name masks like their slides, or with _mask after it, or list both.",
            )
    return slides


def _listed(source: Path, markup: Path | None, split_column: str) -> list[MarkedSlide]:
    rows = read_table(source, _REMEDY)
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "slide" not in head:
        raise TrainingError("It lists no slides.", path=source, remedy=_REMEDY)
    if split_column and split_column.lower() not in head:
        raise no_column(split_column, head, source)
    slides = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(head):
            raise TrainingError(
                f"Line {number} has {len(row)} columns, where the first one has {len(head)}.",
                path=source,
                remedy="Mend that line.",
            )
        cells = {name: cell.strip() for name, cell in zip(head, row, strict=True)}
        slides.append(_from_cells(cells, source, number, markup, split_column.lower()))
    return slides


def _from_cells(
    cells: dict[str, str], source: Path, number: int, markup: Path | None, split_column: str
) -> MarkedSlide:
    path = source.parent / cells["slide"]
    if not path.exists():
        raise TrainingError(f"Line {number} names a slide that is not there.", path=path)
    named = cells.get("markup", "")
    found = source.parent / named if named else markup_of(path, markup or path.parent)
    if named and not (found and found.exists()):
        raise TrainingError(f"Line {number} names markup that is not there.", path=found)
    part = cells.get("split", "").lower()
    if part and part not in PARTS:
        raise TrainingError(
            f'Line {number} says "{part}" in the column split.',
            path=source,
            remedy=f"Write {' or '.join(PARTS)}, or nothing in any line.",
        )
    spacing = cells.get("spacing", "")
    try:
        spacing_um_px = float(spacing) if spacing else None
    except ValueError as error:
        raise TrainingError(
            f'Line {number} has the spacing "{spacing}".', path=source, remedy="Write µm per pixel."
        ) from error
    origin = cells.get(split_column or "patient", "")
    if split_column and not origin:
        raise TrainingError(f'Line {number} has nothing in "{split_column}".', path=source)
    is_partial = cells.get("partial", "").lower() in _YES
    return MarkedSlide(path, found, origin or path.stem, part, is_partial, spacing_um_px)


def markup_of(slide: Path, folder: Path) -> Path | None:
    """The annotations or the mask in a folder that are called like a slide; None for none."""
    xml = folder / f"{slide.stem}.xml"
    if xml.exists():
        return xml
    for mark in MASK_MARKS:
        for suffix in MASK_ENDINGS:
            path = folder / f"{slide.stem}{mark}{suffix}"
            if path.exists() and path != slide:
                return path
    for path in sorted(folder.glob(f"{_escaped(slide.stem)}.*")):
        if path != slide and is_annotation_file(path):
            return path
    return None


def names_a_mask(path: Path, stems: set[str]) -> bool:
    """Whether a file's name is that of a mask of one of the slides with these stems."""
    return path.suffix.lower() in MASK_ENDINGS and any(
        mark and path.stem.endswith(mark) and path.stem.removesuffix(mark) in stems
        for mark in MASK_MARKS
    )


def _is_slide(path: Path) -> bool:
    return path.name.lower().endswith(KNOWN_SUFFIXES) and path.is_file() and not _is_hidden(path)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _escaped(text: str) -> str:
    return "".join(f"[{sign}]" if sign in "[]*?" else sign for sign in text)
