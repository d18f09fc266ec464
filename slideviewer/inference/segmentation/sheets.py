"""Areas of pictures as tables: CSV, and a workbook with a row a picture and a row a tile."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.segmentation.areas import Areas

AREAS_CSV, AREAS_XLSX = "areas.csv", "areas.xlsx"
PER_PICTURE, PER_TILE = "Per picture", "Per tile"
"""The sheets of the workbook."""

MOST_ROWS = 1 << 20
"""A sheet has no more (Excel's specifications and limits)."""

_A_DATE = "1980-01-01T00:00:00Z"
_DATES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class TileAreas:
    """What is in one tile of a picture.

    Attributes
    ----------
    x, y, width, height : int
        In pixels of the picture.
    areas : Areas
    """

    x: int
    y: int
    width: int
    height: int
    areas: Areas


@dataclass(frozen=True)
class PictureAreas:
    """What is in a picture.

    Attributes
    ----------
    file : str
    width, height : int
    areas : Areas
    tiles : tuple of TileAreas
    """

    file: str
    width: int
    height: int
    areas: Areas
    tiles: tuple[TileAreas, ...] = ()


def write_areas_csv(pictures: Sequence[PictureAreas], names: Sequence[str], path: Path) -> None:
    """Write a line a picture: ``file,width,height`` and of each class pixels, percent, µm²."""
    with replacing_text(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "width", "height", *_heads(names)])
        for picture in pictures:
            values = ["" if value is None else value for value in _values(picture.areas)]
            rows.writerow([picture.file, picture.width, picture.height, *values])


def write_areas_xlsx(pictures: Sequence[PictureAreas], names: Sequence[str], path: Path) -> None:
    """Write a workbook: a sheet with a row a picture, and one with a row a tile.

    Equal areas make equal bytes, whenever they are written.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    book.properties.title = RESEARCH_USE_ONLY
    sheets: dict[str, tuple[list[str], Iterator[list[object]]]] = {
        PER_PICTURE: (
            ["file", "width", "height", *_heads(names)],
            ([it.file, it.width, it.height, *_values(it.areas)] for it in pictures),
        ),
        PER_TILE: (
            ["file", "tile", "x", "y", "width", "height", *_heads(names)],
            (
                [it.file, number, tile.x, tile.y, tile.width, tile.height, *_values(tile.areas)]
                for it in pictures
                for number, tile in enumerate(it.tiles, 1)
            ),
        ),
    }
    from openpyxl.cell import WriteOnlyCell

    for title, (heads, rows) in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "B3"
        sheet.column_dimensions["A"].width = 28
        sheet.append([RESEARCH_USE_ONLY])
        bold = []
        for head in heads:
            cell = WriteOnlyCell(sheet, value=head)
            cell.font = Font(bold=True)
            bold.append(cell)
        sheet.append(bold)
        for row in islice(rows, MOST_ROWS - 3):
            sheet.append([_plain(value) for value in row])
        if next(iter(rows), None) is not None:
            sheet.append(["A sheet holds no more rows: the others are left out."])
    packed = io.BytesIO()
    book.save(packed)
    with replacing(path) as file:
        file.write(_undated(packed.getvalue()))


def _heads(names: Sequence[str]) -> list[str]:
    return [f"{name} {what}" for name in names for what in ("pixels", "percent", "µm²")]


def _values(areas: Areas) -> list[float | None]:
    values: list[float | None] = []
    for index, pixels in enumerate(areas.pixels):
        um2 = areas.um2(index)
        percent = round(areas.percent(index), 4)
        values += [pixels, percent, None if um2 is None else round(um2, 3)]
    return values


def _plain(value: object) -> object:
    """A value that no spreadsheet takes for a formula, and that holds no control characters."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[\x00-\x1f]", " ", value)
    return f"'{text}" if text[:1] in "=+-@" else text


def _undated(packed: bytes) -> bytes:
    """The same archive without the time of writing."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":
                content = _DATES.sub(rb"\g<1>" + _A_DATE.encode(), content)
            info = zipfile.ZipInfo(member.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return out.getvalue()
