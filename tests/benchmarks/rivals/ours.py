"""A network over a slide's tiles in slideviewer, by what `slideviewer predict` runs."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import slideviewer
from benchmarks import child
from benchmarks.made_models import ALL, write_made_package
from slideviewer.geometry import Rect
from slideviewer.inference.engines.engine import threads_allowed
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.models.package import open_package
from slideviewer.slide import open_slide
from slideviewer.slide.tissue import TissueMask


def main() -> None:
    """Write packages, or predict once; the answer tells how long it took."""
    told = child.settings()
    if told["what"] == "write":
        folder = child.path_of(told, "folder")
        written = {name: str(write_made_package(ALL[name], folder)) for name in told["names"]}
        child.answer(dict(written))
    else:
        child.answer(_predict(told))


def _predict(told: dict[str, Any]) -> dict[str, object]:
    began = time.perf_counter()
    loader = ModelLoader(open_package(child.path_of(told, "package")))
    loader.load().result()
    load_s = time.perf_counter() - began
    side = int(told["patch"]) * int(told["across"])
    with (
        closing(open_slide(child.path_of(told, "slide"))) as slide,
        TemporaryDirectory() as folder,
    ):
        everything = TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None)
        given: dict[str, Any] = {
            "store": Path(folder) / "store",
            "tissue": everything,
            "loader": loader,
        }
        began, worked = time.perf_counter(), time.process_time()
        if told["segments"]:
            mask = predict_mask(slide, loader.package, **given)
            seconds, facts = time.perf_counter() - began, mask.provenance
            tiles = _int(facts, "tiles", "predicted")
        else:
            found = predict_slide(slide, loader.package, region=Rect(0, 0, side, side), **given)
            seconds, facts = time.perf_counter() - began, found.provenance
            tiles = _int(facts, "cells", "predicted")
        processor_s = time.process_time() - worked
    way = loader.load().result().describe()
    return {
        "tiles": tiles,
        "seconds": seconds,
        "load_s": load_s,
        "processor_s": processor_s,
        "version": slideviewer.__version__,
        "how": f"{way['engine']} in {way['precision']}, batch {way['batch_size']}, "
        f"{threads_allowed()} threads",
        "keras": "keras" in sys.modules,
    }


def _int(facts: Any, part: str, name: str) -> int:
    return int(facts[part][name])


if __name__ == "__main__":
    main()
