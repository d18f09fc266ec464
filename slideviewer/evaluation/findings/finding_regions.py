"""Find where two opinions on the cells of a slide differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.evaluation.findings.opinions import Opinions, Share
from slideviewer.evaluation.missed import MISSED_BELOW
from slideviewer.inference.regions import CONNECTIVITY

_MARKED_FROM = np.float32(0.5)

_CLEAR = np.float32(0.25)
"""A cell lies beyond the markup where no more than this of it is marked."""

_LEAST_RIM, _RIM_SHARE = 3, 0.4
"""Thin parts count where together they have so many cells and are so much of the whole. On made
slides an outline that is drawn half again as wide leaves half of itself; exact ones less than a
quarter."""

_TWO_BY_TWO = np.ones((2, 2), np.uint8)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)

_Cells = NDArray[np.bool_]
_Labels = NDArray[np.int32]


@dataclass(frozen=True)
class FindingRules:
    """What is worth a look.

    Attributes
    ----------
    threshold : float
        The probability from which a cell is predicted.
    least_um2 : float
        Smaller regions are left out; where nobody knows how large a pixel is, none are.
    gap_cells : int
        Regions of a kind that are no farther apart become one. For 0 those that hang together by a
        thread of single cells are several.
    margin : float
        A probability nearer to the threshold is in doubt; 0 for never.
    spread : float
        Models and turns whose answers differ by more (standard deviation) are in doubt.
    """

    threshold: float
    least_um2: float = 0.0
    gap_cells: int = 0
    margin: float = 0.0
    spread: float = 0.2

    def __post_init__(self) -> None:
        if not (0 <= self.threshold <= 1 and self.margin >= 0 and self.spread >= 0):
            raise ValueError(f"no sensible rules: {self}")
        if self.gap_cells < 0:
            raise ValueError(f"a gap has a size, not {self.gap_cells}")


def find_regions(opinions: Opinions, rules: FindingRules) -> Findings:
    """Find all regions where the sides differ or the first one is in doubt.

    A predicted piece of which less than a tenth is marked differs as a whole, and so does a marked
    one of which less than a tenth is predicted; of the others the parts that only one side has.
    Along an outline such parts are the cells' steps and no opinion: they count from two by two
    cells on. Where the first side did not look it does not differ. A cell is marked where at least
    half of it is; of lesions that are smaller than that, every cell that they touch.

    Parameters
    ----------
    opinions : Opinions
    rules : FindingRules
    """
    scores, has_looked = opinions.scores, ~np.isnan(opinions.scores)
    known = np.nan_to_num(scores, nan=0.0)
    predicted = has_looked & (known >= np.float32(rules.threshold))
    marked = has_looked & _marked(opinions.marked)
    only_predicted = _apart(predicted, marked)
    only_marked = _apart(marked, predicted)
    kinds = np.zeros(scores.shape, np.uint8)
    beyond_markup = predicted & (opinions.marked <= _CLEAR) & ~marked & ~only_predicted
    kinds[_sizeable(beyond_markup, predicted)] = FindingKind.BEYOND_MARKUP
    beyond_prediction = marked & ~predicted & ~only_marked
    kinds[_sizeable(beyond_prediction, marked)] = FindingKind.BEYOND_PREDICTION
    doubt = _doubt(opinions, rules, known)
    in_doubt = (doubt > 0) & has_looked & (kinds == 0)
    kinds[_sizeable(in_doubt)] = FindingKind.UNCERTAIN
    kinds[only_predicted & ~marked] = FindingKind.PREDICTED
    kinds[only_marked & ~predicted] = FindingKind.MARKED
    return _findings(opinions, rules, kinds, known, doubt)


def _marked(share: Share) -> _Cells:
    """The cells that count as marked; of what is too small to fill half of one, all it touches."""
    is_half = share >= _MARKED_FROM
    count, labels = cv2.connectedComponents((share > 0).astype(np.uint8), connectivity=CONNECTIVITY)
    is_large = np.zeros(count, np.bool_)
    is_large[labels[is_half]] = True
    is_large[0] = True
    return np.asarray(is_half | ~is_large[labels])


def _apart(cells: _Cells, others: _Cells) -> _Cells:
    """The pieces of which the other side has next to nothing."""
    count, labels = cv2.connectedComponents(cells.astype(np.uint8), connectivity=CONNECTIVITY)
    sizes = np.bincount(labels.ravel(), minlength=count)
    shared = np.bincount(labels[others], minlength=count)
    is_apart = shared < MISSED_BELOW * sizes
    is_apart[0] = False
    return np.asarray(is_apart[labels])


def _sizeable(cells: _Cells, wholes: _Cells | None = None) -> _Cells:
    """The pieces that are more than the steps of cells along an outline.

    In those there is room for two by two cells, or they are a good part of the whole that they
    belong to, as the rim of a small lesion that was drawn too large.
    """
    image = cells.astype(np.uint8)
    core = cv2.erode(image, _TWO_BY_TWO, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    count, labels = cv2.connectedComponents(image, connectivity=CONNECTIVITY)
    is_sizeable = np.zeros(count, np.bool_)
    is_sizeable[labels[core > 0]] = True
    if wholes is not None:
        _, whole_of = cv2.connectedComponents(wholes.astype(np.uint8), connectivity=CONNECTIVITY)
        sizes = np.bincount(whole_of.ravel())
        rims = np.bincount(whole_of[cells], minlength=len(sizes))
        has_rim = (rims >= _LEAST_RIM) & (rims >= _RIM_SHARE * sizes)
        is_sizeable[labels[cells & has_rim[whole_of]]] = True
    is_sizeable[0] = False
    return np.asarray(is_sizeable[labels])


def _doubt(opinions: Opinions, rules: FindingRules, known: Share) -> Share:
    """How much in doubt each cell is, 0 to 1."""
    doubt = np.zeros(known.shape, np.float32)
    if rules.margin > 0:
        off = np.abs(known - np.float32(rules.threshold))
        np.maximum(doubt, 1 - off / np.float32(rules.margin), out=doubt)
    if opinions.spread is not None:
        # Half is as far as answers from 0 to 1 can be apart.
        spread = np.nan_to_num(opinions.spread, nan=0.0)
        np.maximum(doubt, np.where(spread > rules.spread, 2 * spread, 0), out=doubt)
    return np.minimum(doubt, 1)


def _findings(
    opinions: Opinions, rules: FindingRules, kinds: NDArray[np.uint8], known: Share, doubt: Share
) -> Findings:
    labels = np.zeros(kinds.shape, np.int32)
    parts: list[tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]] = []
    first = 0
    for kind, pieces, boxes, cells in _pieces(kinds, rules.gap_cells):
        least = 0.0 if opinions.cell_um2 is None else rules.least_um2 / opinions.cell_um2
        is_kept = cells >= max(1.0, least)
        is_kept[0] = False
        numbers = np.zeros(len(cells), np.int32)
        kept = int(is_kept.sum())
        numbers[is_kept] = np.arange(first + 1, first + 1 + kept)
        labels = np.maximum(labels, numbers[pieces])
        parts.append((np.full(kept, kind, np.uint8), boxes[is_kept], cells[is_kept]))
        first += kept
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    kind_of, boxes, cells = columns if columns else _nothing()
    where = labels > 0
    of = labels[where] - 1
    is_predicted = np.isin(kind_of, (FindingKind.PREDICTED, FindingKind.BEYOND_MARKUP))
    mean = np.bincount(of, known[where], minlength=first) / np.maximum(cells, 1)
    mean_doubt = np.bincount(of, doubt[where], minlength=first) / np.maximum(cells, 1)
    surety = np.where(is_predicted, mean, 1 - mean)
    highest = np.zeros(first, np.float32)
    np.maximum.at(highest, of, known[where])
    return Findings(
        opinions.grid,
        labels,
        kind_of,
        boxes,
        cells,
        np.where(kind_of == FindingKind.UNCERTAIN, mean_doubt, surety).astype(np.float32),
        highest,
        opinions.cell_um2,
    )


def _pieces(
    kinds: NDArray[np.uint8], gap: int
) -> Iterator[tuple[FindingKind, _Labels, NDArray[np.int32], NDArray[np.int64]]]:
    """The pieces of each kind: their labels, boxes and sizes, those of the background first."""
    around = np.ones((gap + 1, gap + 1), np.uint8)
    for kind in FindingKind:
        image = (kinds == kind).astype(np.uint8)
        if not image.any():
            continue
        if gap:
            count, found = cv2.connectedComponents(
                cv2.dilate(image, around), connectivity=CONNECTIVITY
            )
            labels = np.where(image, found, 0).astype(np.int32)
        else:
            count, labels = _untied(image)
        rows, columns = np.nonzero(labels)
        of = labels[rows, columns]
        yield kind, labels, _boxes(of, rows, columns, count), np.bincount(of, minlength=count)


def _untied(image: NDArray[np.uint8]) -> tuple[int, _Labels]:
    """Label pieces; what hangs together by a thread of single cells only is not one.

    Nests on a strand of tissue that the model takes for tumour would else become one finding, as
    wide as the slide.
    """
    corners = cv2.erode(image, _TWO_BY_TWO, anchor=(0, 0), borderValue=0)
    core = cv2.dilate(corners, _TWO_BY_TWO, anchor=(1, 1), borderValue=0)
    cores, found = cv2.connectedComponents(core, connectivity=4)
    spread = cv2.dilate(found.astype(np.float32), _CROSS)  # exact up to 2^24
    labels = np.where((image > 0) & (core == 0), spread, found).astype(np.int32)
    threads = (image > 0) & (labels == 0)
    count, rest = cv2.connectedComponents(threads.astype(np.uint8), connectivity=CONNECTIVITY)
    labels[threads] = rest[threads] + cores - 1
    return cores + count - 1, labels


def _boxes(
    of: _Labels, rows: NDArray[np.int64], columns: NDArray[np.int64], count: int
) -> NDArray[np.int32]:
    lowest = np.full((count, 2), np.iinfo(np.int32).max, np.int32)
    highest = np.full((count, 2), -1, np.int32)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(lowest[:, axis], of, places.astype(np.int32))
        np.maximum.at(highest[:, axis], of, places.astype(np.int32))
    return np.concatenate([lowest, highest - lowest + 1], axis=1)


def _nothing() -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]:
    return np.empty(0, np.uint8), np.empty((0, 4), np.int32), np.empty(0, np.int64)
