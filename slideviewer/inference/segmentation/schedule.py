"""Which tiles are predicted for which chunk, where neighbours share some and memory is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.plan import MaskPlan
from slideviewer.inference.segmentation.tiling import Tile


@dataclass(frozen=True)
class Work:
    """What a chunk takes.

    Attributes
    ----------
    chunk : Chunk
    new : sequence of Tile
        Those to predict for it.
    dropped : sequence of Tile
        Those whose answers are let go after it.
    """

    chunk: Chunk
    new: Sequence[Tile]
    dropped: Sequence[Tile]


def schedule(chunks: Sequence[Chunk], plan: MaskPlan, most: int) -> Iterator[Work]:
    """Settle beforehand which answers each chunk still finds and which ones it has to ask for.

    So reading can run ahead of the model, and nothing is read in vain.

    Parameters
    ----------
    chunks : sequence of Chunk
        In the order in which they are predicted.
    plan : MaskPlan
    most : int
        Answers that are kept after a chunk; those used last stay.
    """
    kept: OrderedDict[Tile, None] = OrderedDict()
    for chunk in chunks:
        tiles = plan.tiles_of(chunk)
        new = [tile for tile in tiles if tile not in kept]
        for tile in tiles:
            kept[tile] = None
            kept.move_to_end(tile)
        dropped = [kept.popitem(last=False)[0] for _ in range(len(kept) - most)]
        yield Work(chunk, new, dropped)
