"""Which pictures belong together, and which of them are held out.

Pictures of one patient or animal are alike, so they stand on one side: who learns from some and
is measured on others is flattered.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from slideviewer.errors import TrainingError

_NAME_COLUMN = "picture"


def cases_of(
    names: Sequence[str],
    pattern: str | None = None,
    table: Path | None = None,
    column: str = "case",
) -> dict[str, str]:
    """Find the case of each picture.

    Parameters
    ----------
    names : sequence of str
        The pictures' names without ending.
    pattern : str, optional
        A regular expression; the case is its first group, or all that it finds.
    table : Path, optional
        A CSV with a column ``picture`` and one of cases.
    column : str
        The latter's name.

    Returns
    -------
    dict of str to str
        Each picture is its own case where neither pattern nor table is given.

    Raises
    ------
    TrainingError
        If pattern and table are given, the pattern does not fit a name, or the table lacks a
        column or a picture.
    """
    if pattern is not None and table is not None:
        raise TrainingError("Cases come from a pattern or from a table, not from both.")
    if table is not None:
        known = _table(table, column)
        missing = [name for name in names if name not in known]
        if missing:
            raise TrainingError(
                f'It says nothing of the picture "{missing[0]}".',
                path=table,
                remedy="Give it a line, or leave the picture out.",
            )
        return {name: known[name] for name in names}
    if pattern is None:
        return {name: name for name in names}
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise TrainingError(
            f'The case pattern "{pattern}" is no regular expression: {error}.'
        ) from error
    found = {}
    for name in names:
        match = expression.search(name)
        case = None if match is None else match.group(1 if expression.groups else 0)
        if not case:
            raise TrainingError(
                f'The case pattern "{pattern}" does not fit "{name}".',
                remedy="It should find the part of each name that says whose picture it is.",
            )
        found[name] = case
    return found


def held_out(cases: Sequence[str], fraction: float, seed: int) -> frozenset[str]:
    """Draw the cases that are held out: this share of them, at least one.

    Raises
    ------
    TrainingError
        If the share is not between 0 and 1, or there is but one case.
    """
    if not 0 < fraction < 1:
        raise TrainingError(f"The validation fraction {fraction:g} is not between 0 and 1.")
    distinct = sorted(set(cases))
    if len(distinct) < 2:
        raise TrainingError(
            f'There is one case alone, "{distinct[0]}", and none to hold out.',
            remedy="Give pictures of two cases or more, or another case pattern.",
        )
    count = min(max(1, round(fraction * len(distinct))), len(distinct) - 1)
    order = np.random.default_rng([seed, len(distinct)]).permutation(len(distinct))
    return frozenset(distinct[number] for number in order[:count])


def for_the_test(cases: Sequence[str], fraction: float) -> frozenset[str]:
    """The cases to test on: about this share, by the hash of their names.

    A case keeps its side whatever the seed, and when others are added.

    Raises
    ------
    TrainingError
        If it would be none of them, or leave fewer than two.
    """
    distinct = sorted(set(cases))
    found = frozenset(case for case in distinct if _unit(case) < fraction)
    if not found or len(distinct) - len(found) < 2:
        raise TrainingError(
            f"Of {len(distinct)} cases {len(found)} would be for the test.",
            remedy="Give more cases, or another --test-fraction.",
        )
    return found


def _unit(name: str) -> float:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return int(digest[:13], 16) / 16**13


def _table(path: Path, column: str) -> Mapping[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows, columns = list(reader), list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV in UTF-8"
        raise TrainingError(f"The table of cases cannot be read: {reason}.", path=path) from error
    for wanted in (_NAME_COLUMN, column):
        if wanted not in columns:
            raise TrainingError(
                f'The table of cases has no column "{wanted}".',
                path=path,
                remedy=f"Its columns are: {', '.join(columns) or 'none'}.",
            )
    found = {}
    for row in rows:
        name, case = row[_NAME_COLUMN] or "", (row[column] or "").strip()
        if name.strip() and case:
            found[_stem(name.strip())] = case
    return found


def _stem(name: str) -> str:
    """The name of a picture's file without ending; a table may have either."""
    head, dot, ending = name.rpartition(".")
    return head if dot and ending.lower() in {"png", "jpg", "jpeg", "tif", "tiff", "bmp"} else name
