"""Batches hold what was read, in its order, whatever came in one piece."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.inference.batches import Batches
from slideviewer.inference.cells import CellsRead


def parts_of(counts: list[int]) -> Iterator[CellsRead]:
    """Reads of so many cells, numbered through; each also leaves one out."""
    first = 0
    for count in counts:
        numbers = np.arange(first, first + count, dtype=np.int32)
        tiles = np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 3)).astype(np.uint8)
        yield CellsRead(numbers, -numbers, (tiles, 255 - tiles), ((first, 0, "torn"),))
        first += count


@given(
    counts=st.lists(st.integers(0, 9), max_size=12),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=8),
)
def test_every_cell_comes_once_and_in_order(counts: list[int], sizes: list[int]) -> None:
    skipped: list[tuple[int, int, str]] = []
    batches = Batches(parts_of(counts), skipped)
    taken: list[CellsRead] = []
    left = sum(counts)
    while left:
        size = sizes[len(taken) % len(sizes)]
        found = batches.take(size)
        assert found is not None
        assert len(found) == min(size, left)
        taken.append(found)
        left -= len(found)
    assert batches.take(3) is None
    assert len(skipped) == len(counts), "what could not be read is told, the last ones too"
    columns = [number for batch in taken for number in batch.columns.tolist()]
    assert columns == list(range(sum(counts)))
    for batch in taken:
        assert batch.rows.tolist() == (-batch.columns).tolist()
        assert batch.tiles[0][:, 0, 0, 0].tolist() == batch.columns.tolist()
        assert batch.tiles[1][:, 1, 1, 2].tolist() == (255 - batch.columns).tolist()
