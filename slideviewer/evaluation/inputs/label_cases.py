"""Nuclei, predicted and true: pictures in which each nucleus has a number of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import by_case, children, files_of, matched
from slideviewer.evaluation.label_pairs import count_pairs
from slideviewer.evaluation.nuclei import NucleiCase, nuclei_case
from slideviewer.inference.nuclei.pictures import LABELS_FILE
from slideviewer.slide.masks import MASK_SUFFIXES, open_mask

_TAIL = "_labels"
_BLACK_AND_WHITE = 255


def label_files(path: Path) -> dict[str, Path]:
    """The label pictures of a file or folder, or of the results of `slideviewer predict`.

    In a folder, where some are called ``CASE_labels``, the others are the pictures themselves.

    Raises
    ------
    EvaluationError
        Where there is none.
    """
    if path.is_dir():
        inner = {it.parent.name: it for it in sorted(path.glob(f"*/{LABELS_FILE}"))}
        if inner:
            return inner
        tailed = [it for it in children(path) if it.stem.lower().endswith(_TAIL)]
        if tailed:
            return by_case((it for it in tailed if it.suffix.lower() in MASK_SUFFIXES), path)
    if path.is_file() and path.name == LABELS_FILE:
        return {path.parent.resolve().name: path}
    return files_of(path, MASK_SUFFIXES, "label pictures")


def label_pairs(predicted: Path, truth: Path) -> Mapping[str, tuple[Path, Path]]:
    """Pair the pictures of both sides.

    Raises
    ------
    EvaluationError
        Where one has no partner.
    """
    return matched(label_files(predicted), label_files(truth), (predicted, truth))


def nuclei_cases(pairs: Mapping[str, tuple[Path, Path]]) -> Iterator[NucleiCase]:
    """Compare picture after picture.

    Raises
    ------
    SlideviewerError
        Where one cannot be read, or is not of the size of the other, or is a mask in black and
        white, in which nuclei are not told apart.
    """
    for name, (first, second) in pairs.items():
        with closing(open_mask(first)) as one, closing(open_mask(second)) as other:
            if (one.width, one.height) != (other.width, other.height):
                raise EvaluationError(
                    f"has {one.width} × {one.height} px, and {second} has {other.width} × "
                    f"{other.height}: they are of different pictures.",
                    path=first,
                )
            found = count_pairs((one.width, one.height), one.read, other.read, one.block)
        for side, path in enumerate((first, second)):
            if {pair[side] for pair in found} - {0} == {_BLACK_AND_WHITE}:
                raise EvaluationError(
                    "is black and white, and does not tell one nucleus from another.",
                    path=path,
                    remedy="Give labels: 1, 2, 3 … for the pixels of each nucleus. Evaluate masks "
                    "with slideviewer evaluate segmentation.",
                )
        yield nuclei_case(name, found)


def seen_nuclei(first: Path, second: Path) -> NDArray[np.uint8]:
    """A picture's nuclei as codes: 1 where predicted, plus 2 where true."""
    with closing(open_mask(first)) as one, closing(open_mask(second)) as other:
        step = max(1, -(-max(one.width, one.height) // 488))
        said, true = (it.read(0, 0, it.width, it.height)[::step, ::step] > 0 for it in (one, other))
    return (said + 2 * true).astype(np.uint8)
