"""In a process of its own: read and write a file of markup, and weigh it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from lxml import etree

from benchmarks import child
from benchmarks.memory_child import resident_mb
from slideviewer.annotations import AnnotationSet, read_asap, write_asap


def main() -> None:
    """Measure as told."""
    told = child.settings()
    path = child.path_of(told, "file")
    measure: Callable[[Path, int], dict[str, Any]] = {
        "load": load, "save": save, "weigh": weigh, "trace": trace
    }[told["what"]]  # fmt: skip
    child.answer(measure(path, int(told["runs"])))


def load(path: Path, runs: int) -> dict[str, Any]:
    """Seconds of computing that lxml takes to parse a file into a tree, and we to read it."""
    bare, ours = [], []
    for _ in range(runs):
        bare.append(_seconds(lambda: etree.parse(path)))
        ours.append(_seconds(lambda: read_asap(path)))
    return {"lxml": bare, "read": ours}


def save(path: Path, runs: int) -> dict[str, Any]:
    """Seconds of computing that writing takes, the flush to the disk left out."""
    annotations = read_asap(path).annotations
    with TemporaryDirectory() as folder:
        target = Path(folder) / "out.xml"
        found = [
            _seconds(lambda: write_asap(annotations, target, backup=False)) for _ in range(runs)
        ]
        return {"write": found, "bytes": target.stat().st_size}


def weigh(path: Path, _: int) -> dict[str, Any]:
    """What a set, read and shown by its index, adds to the process, in millions of bytes."""
    from slideviewer.ui.shape_index import ShapeIndex

    gc.collect()
    before = resident_mb()
    annotations = read_asap(path).annotations
    index = ShapeIndex()
    index.follow(annotations)
    gc.collect()
    return {"mb": resident_mb() - before, "shapes": len(index)}


def trace(path: Path, _: int) -> dict[str, Any]:
    """What Python's own book-keeping says a set takes, in millions of bytes."""
    tracemalloc.start()
    annotations: AnnotationSet = read_asap(path).annotations
    gc.collect()
    return {"mb": tracemalloc.get_traced_memory()[0] / 1e6, "shapes": len(annotations)}


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = process_time()
    work()
    return process_time() - start


if __name__ == "__main__":
    main()
