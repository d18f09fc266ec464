"""Slides with a score and a truth, from two tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.camelyon16 import is_left_out, is_tumour_in_spite
from slideviewer.evaluation.inputs.cases import case_name, matched
from slideviewer.evaluation.inputs.tables import CsvTable, read_table
from slideviewer.evaluation.slides import ScoredSlides
from slideviewer.inference.scores import SCORES_FILE

_NAMES = ("slide", "image", "name", "file", "slide_id")
_VALUES = ("score", "label", "class", "type", "stage")
"""What columns are called in a first line."""
_POSITIVE = frozenset({"1", "tumor", "tumour", "positive", "true", "yes", "metastasis"})
_NEGATIVE = frozenset({"0", "normal", "negative", "false", "no"})


def scored_slides(
    predicted: Path, truth: Path, positive: Sequence[str], *, camelyon16: bool
) -> tuple[ScoredSlides, tuple[str, ...]]:
    """Read ``slide,score`` and ``slide,label``, with a first line of names or without.

    Parameters
    ----------
    predicted, truth : Path
        What is predicted may be a folder with a `SCORES_FILE`.
    positive : sequence of str
        The labels that are positive, all others being negative; empty for words that are plain.
    camelyon16 : bool
        Whether the known faults of that data are heeded.

    Returns
    -------
    slides : ScoredSlides
    notes : tuple of str

    Raises
    ------
    EvaluationError
        Where a slide is in one table alone, or what a word means is not known.
    """
    if predicted.is_dir():
        predicted = predicted / SCORES_FILE
    scores, labels = _by_slide(predicted, "score"), _by_slide(truth, "label")
    table, notes = labels[0], []
    if camelyon16:
        out = [it for it in {**scores[1], **labels[1]} if is_left_out(it, of_lesions=False)]
        for it in out:
            scores[1].pop(it, None)
            labels[1].pop(it, None)
        if out:
            notes.append(f"Left out, for it is known to be wrong: {', '.join(out)}.")
    pairs = matched(scores[1], labels[1], (predicted, truth), lone_pair=False)
    if not pairs:
        raise EvaluationError("names no slide.", path=predicted)
    known = _known(table, [row for _, row in pairs.values()], positive)
    names = tuple(pairs)
    column = _value_column(table)
    is_positive = [known[table.rows[row][column].strip()] for _, row in pairs.values()]
    for number, name in enumerate(names):
        if camelyon16 and is_tumour_in_spite(name) and not is_positive[number]:
            is_positive[number] = True
            notes.append(f"{name} is a tumour slide in spite of its name, and counts as positive.")
    column = _value_column(scores[0])
    values = [scores[0].number(row, column, "score") for row, _ in pairs.values()]
    slides = ScoredSlides(names, np.array(values, np.float64), np.array(is_positive, np.bool_))
    return slides, tuple(notes)


def _value_column(table: CsvTable) -> int:
    """The column of scores or labels: by its name, or the second."""
    found = table.index(*_VALUES)
    return 1 if found is None else found


def _by_slide(path: Path, what: str) -> tuple[CsvTable, dict[str, int]]:
    """A table of slides, and the row of each."""
    table = read_table(path, has_header=False)
    if not table.rows or len(table.rows[0]) < 2:
        raise EvaluationError(f"is no table of slide,{what}.", path=path)
    first = [cell.strip().casefold() for cell in table.rows[0]]
    if first[0] in _NAMES or set(first) & set(_VALUES):
        header = tuple(cell.strip() for cell in table.rows[0])
        table = CsvTable(path, header, table.rows[1:], table.lines[1:])
    elif len(first) > 2:
        raise EvaluationError(
            f"has {len(first)} columns and no first line that says which is the {what}.",
            path=path,
            remedy=f"Give slide,{what}, or name the columns in a first line.",
        )
    found: dict[str, int] = {}
    column = table.index(*_NAMES) or 0
    for row, cells in enumerate(table.rows):
        name = case_name(cells[column].strip())
        if not name:
            raise table.fault(row, "no slide is named.")
        if name in found:
            raise table.fault(row, f'"{name}" is there twice.')
        found[name] = row
    return table, found


def _known(table: CsvTable, rows: Sequence[int], positive: Sequence[str]) -> dict[str, bool]:
    """Whether each word of the truth is positive."""
    column = _value_column(table)
    chosen = {it.casefold() for it in positive}
    words = {table.rows[row][column].strip(): row for row in rows}
    unused = chosen - {it.casefold() for it in words}
    if unused:
        raise EvaluationError(
            f'No slide has the label "{sorted(unused)[0]}".',
            path=table.path,
            remedy=f"There are {', '.join(sorted(words))}.",
        )
    found = {}
    for word, row in words.items():
        plain = word.casefold()
        if not chosen and plain not in _POSITIVE | _NEGATIVE:
            raise EvaluationError(
                f'Line {table.lines[row]}: whether "{word}" is positive is not known.',
                path=table.path,
                remedy=f'Say which are with --positive "{word}".',
            )
        found[word] = plain in (chosen or _POSITIVE)
    return found
