"""The little Markdown that cards are written in, read as plain values.

Nothing of it is HTML to us: what a template shows of these values is escaped, links stay words,
and pictures are never loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

MOST_CHARACTERS = 100_000
"""What follows is not shown."""
_HEADING = re.compile(r"(#{1,6}) +(.+?)[ #]*$")
_ITEM = re.compile(r" {0,3}[-*+] +(.*)$")
_RULE = re.compile(r"\|?[ :|-]+\|?$")
_STRONG = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")

Kind = Literal["heading", "paragraph", "list", "table"]


@dataclass(frozen=True)
class Block:
    """A part of a text.

    Attributes
    ----------
    kind : str
    rows : tuple of tuple of str
        Of a heading or a paragraph one row of one; of a list a row an item; of a table its rows,
        the head first.
    level : int
        Of a heading, from 1.
    """

    kind: Kind
    rows: tuple[tuple[str, ...], ...]
    level: int = 0


def blocks(text: str) -> list[Block]:
    """Read headings, paragraphs, lists and tables; all else is a paragraph as it stands."""
    lines = text[:MOST_CHARACTERS].splitlines()
    found: list[Block] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        heading = _HEADING.match(line)
        if not line:
            at += 1
        elif heading:
            found.append(Block("heading", ((_words(heading[2]),),), len(heading[1])))
            at += 1
        elif _is_table(lines, at):
            rows = list(_while(lines, at, lambda it: it.strip().startswith("|")))
            found.append(Block("table", tuple(_cells(row) for row in (rows[0], *rows[2:]))))
            at += len(rows)
        elif _ITEM.match(lines[at]):
            rows = list(_while(lines, at, lambda it: _ITEM.match(it) is not None))
            items = ((_words(_ITEM.sub(r"\1", row)),) for row in rows)
            found.append(Block("list", tuple(items)))
            at += len(rows)
        else:
            rows = [line]
            rows += _while(lines, at + 1, lambda it: _is_plain(it))
            found.append(Block("paragraph", ((_words(" ".join(map(str.strip, rows))),),)))
            at += len(rows)
    return found


def _is_table(lines: list[str], at: int) -> bool:
    after = lines[at + 1].strip() if at + 1 < len(lines) else ""
    return lines[at].strip().startswith("|") and "-" in after and bool(_RULE.match(after))


def _is_plain(line: str) -> bool:
    return bool(line.strip()) and not (
        _HEADING.match(line.strip()) or _ITEM.match(line) or line.strip().startswith("|")
    )


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> Iterator[str]:
    for line in lines[at:]:
        if not holds(line):
            return
        yield line


def _cells(row: str) -> tuple[str, ...]:
    return tuple(_words(cell.strip()) for cell in row.strip().strip("|").split("|"))


def _words(text: str) -> str:
    """Text without the marks of stress, which are all that a card has of them."""
    return _STRONG.sub(lambda match: match[1] or match[2], text)
