"""What stands one below the other on as many sheets as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.evaluation.slide_reports.sheet import (
    FOOT,
    HEIGHT,
    LINE_SHARE,
    MARGIN,
    SOFT,
    STRESS,
    WIDTH,
    Sheet,
    height_of,
    wrapped,
)
from slideviewer.evaluation.slide_reports.values import Facts

ROOM = WIDTH - 2 * MARGIN
BOTTOM = HEIGHT - MARGIN - FOOT
_BODY, _SMALL, _HEAD = 8.5, 7.5, 12.0
_GAP = 3.0

Cells = Sequence[Sequence[str]]
"""The lines of each cell of a row."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    head : str
    share : float
        Of the width, among all columns.
    is_number : bool
        Whether it stands at the right.
    """

    head: str
    share: float
    is_number: bool = False


class Flow:
    """Writes on and on; begins a sheet where the last one is full.

    Parameters
    ----------
    name : str
        Of what all sheets are about, for their foot.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.sheets: list[Sheet] = []
        self.y = 0.0
        self.turn()

    @property
    def sheet(self) -> Sheet:
        """The one that is being written on."""
        return self.sheets[-1]

    @property
    def left(self) -> float:
        """What is still free below."""
        return BOTTOM - self.y

    def turn(self) -> None:
        """Begin a sheet."""
        self.sheets.append(Sheet())
        self.y = MARGIN

    def need(self, height: float) -> None:
        """Begin a sheet unless so much is free on this one."""
        if self.left < height and self.y > MARGIN:
            self.turn()

    def title(self, words: str, below: str) -> None:
        """What the report is about, and the research-use line."""
        for line in wrapped(words, ROOM, 18, bold=True, most=2):
            self.sheet.write(MARGIN, self.y, line, 18, bold=True)
            self.y += 18 * LINE_SHARE
        self.sheet.write(MARGIN, self.y, below, _BODY, colour=SOFT)
        self.y += 14
        self.sheet.write(MARGIN, self.y, RESEARCH_USE_ONLY, 9.5, bold=True, colour=STRESS)
        self.y += 18

    def heading(self, words: str, with_height: float = 40.0) -> None:
        """A heading, on the same sheet as what follows."""
        self.need(_HEAD * 2.4 + with_height)
        self.y += 8 if self.y > MARGIN else 0
        self.sheet.write(MARGIN, self.y, words, _HEAD, bold=True)
        self.y += _HEAD * LINE_SHARE + 2

    def paragraph(self, words: str, *, is_soft: bool = False) -> None:
        """Words across the sheet."""
        for line in wrapped(words, ROOM, _BODY):
            self.need(_BODY * LINE_SHARE)
            self.sheet.write(MARGIN, self.y, line, _BODY, colour=SOFT if is_soft else "#1c1c1c")
            self.y += _BODY * LINE_SHARE
        self.y += 2

    def facts(self, title: str, facts: Facts) -> None:
        """Names and values, one below the other."""
        if not facts:
            return
        self.heading(title)
        for name, value in facts:
            lines = wrapped(value, ROOM - 110, _BODY)
            names = wrapped(name, 104, _BODY)
            height = max(height_of(lines, _BODY), height_of(names, _BODY)) + _GAP
            self.need(height)
            for number, line in enumerate(names):
                y = self.y + number * _BODY * LINE_SHARE
                self.sheet.write(MARGIN, y, line, _BODY, colour=SOFT)
            for number, line in enumerate(lines):
                self.sheet.write(MARGIN + 110, self.y + number * _BODY * LINE_SHARE, line, _BODY)
            self.y += height
            self.sheet.rule(self.y - _GAP / 2 + 0.5)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """A table; its heads stand on every sheet that it reaches.

        A row that is higher than a sheet goes on over the next ones.
        """
        whole = sum(column.share for column in columns)
        widths = [ROOM * column.share / whole for column in columns]
        starts = [MARGIN + sum(widths[:number]) for number in range(len(widths))]
        heads = _lines(widths, [it.head for it in columns], bold=True)
        self._row(columns, starts, widths, heads, bold=True)
        room = BOTTOM - MARGIN - 2 * _row_height(heads)
        for row in rows:
            lines = _lines(widths, row)
            for part in _parts(lines, max(1, int(room / (_SMALL * LINE_SHARE)))):
                if _row_height(part) > self.left:
                    self.turn()
                    self._row(columns, starts, widths, heads, bold=True)
                self._row(columns, starts, widths, part)

    def footed(self) -> list[Sheet]:
        """All sheets, each with its number and the research-use line at its foot."""
        for number, sheet in enumerate(self.sheets, 1):
            y = HEIGHT - MARGIN - 20
            sheet.rule(y - 4)
            sheet.write(MARGIN, y, RESEARCH_USE_ONLY, _SMALL, bold=True, colour=STRESS)
            at = f"{number} / {len(self.sheets)}"
            sheet.write(WIDTH - MARGIN, y, at, _SMALL, colour=SOFT, align="right")
            (name,) = wrapped(self._name, ROOM - 120, _SMALL, most=1)
            sheet.write(MARGIN, y + 11, name, _SMALL, colour=SOFT)
            made = f"slideviewer {__version__}"
            sheet.write(WIDTH - MARGIN, y + 11, made, _SMALL, colour=SOFT, align="right")
        return self.sheets

    def _row(
        self,
        columns: Sequence[Column],
        starts: Sequence[float],
        widths: Sequence[float],
        cells: Cells,
        bold: bool = False,
    ) -> None:
        for column, start, width, lines in zip(columns, starts, widths, cells, strict=True):
            for number, line in enumerate(lines):
                y = self.y + number * _SMALL * LINE_SHARE
                x = start + width - 6 if column.is_number else start
                align = "right" if column.is_number else "left"
                self.sheet.write(x, y, line, _SMALL, bold=bold, align=align)  # type: ignore[arg-type]
        self.y += _row_height(cells)
        self.sheet.rule(self.y - _GAP / 2)


def _lines(widths: Sequence[float], row: Sequence[str], *, bold: bool = False) -> Cells:
    cells = zip(row, widths, strict=True)
    return [wrapped(it, width - 6, _SMALL, bold=bold) for it, width in cells]


def _row_height(cells: Cells) -> float:
    return max(height_of(it, _SMALL) for it in cells) + _GAP + 1


def _parts(cells: Cells, most: int) -> list[Cells]:
    """A row in parts of so many lines at most."""
    longest = max(map(len, cells))
    return [[it[at : at + most] for it in cells] for at in range(0, max(1, longest), most)]
