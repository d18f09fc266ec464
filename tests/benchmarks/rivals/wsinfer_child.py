"""A network over a slide's tiles in wsinfer, with the settings of its command line."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import torch
import wsinfer
from wsinfer.modellib import run_inference as inference
from wsinfer.modellib.models import LocalModelTorchScript
from wsinfer_zoo.client import ModelConfiguration

from benchmarks import child
from benchmarks.rivals.torch_networks import CLASSES, network

BATCH, MOST_WORKERS = 32, 8
"""Of `wsinfer run`, whose module asks a web service for its models as soon as it is imported."""


def main() -> None:
    """Predict once; the answer tells how long it took."""
    told = child.settings()
    slide, patch, across = child.path_of(told, "slide"), int(told["patch"]), int(told["across"])
    workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    with TemporaryDirectory() as name:
        folder = Path(name)
        model = _model(folder, told["architecture"], patch)
        _write_patches(folder, slide, patch, across)
        loading = _Timed(inference.get_pretrained_torch_module)
        inference.get_pretrained_torch_module = loading
        began, worked = time.perf_counter(), _processor_s()
        inference.run_inference(_alone(folder, slide), folder / "results", model, BATCH, workers)
        seconds = time.perf_counter() - began - loading.seconds
        lines = (folder / "results" / "model-outputs-csv" / f"{slide.stem}.csv").read_text()
    child.answer(
        {
            "tiles": len(lines.splitlines()) - 1,
            "seconds": seconds,
            "load_s": loading.seconds,
            "processor_s": _processor_s() - worked,
            "version": wsinfer.__version__,
            "how": f"batch {BATCH}, {workers} processes reading, "
            f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}",
        }
    )


def _model(folder: Path, architecture: str, patch: int) -> Any:
    """The network as wsinfer takes it from a user: TorchScript and a configuration."""
    path = folder / "torchscript_model.pt"
    with torch.no_grad():
        traced = torch.jit.trace(network(architecture), torch.zeros(1, 3, patch, patch))
    torch.jit.save(traced, path)
    halves = [0.5, 0.5, 0.5]
    steps = [
        {"name": "Resize", "arguments": {"size": patch}},
        {"name": "ToTensor"},
        {"name": "Normalize", "arguments": {"mean": halves, "std": halves}},
    ]
    config = {
        "spec_version": "1.0",
        "architecture": architecture,
        "num_classes": CLASSES,
        "class_names": ["Background", "Tumor"],
        "patch_size_pixels": patch,
        "spacing_um_px": 0.25,
        "transform": steps,
    }
    return LocalModelTorchScript(ModelConfiguration.from_dict(config), str(path))


def _write_patches(folder: Path, slide: Path, patch: int, across: int) -> None:
    """The grid as wsinfer's own search for tissue writes it."""
    patches = folder / "results" / "patches"
    patches.mkdir(parents=True)
    starts = np.arange(across) * patch
    coords = np.stack(np.meshgrid(starts, starts), axis=-1).reshape(-1, 2)
    with h5py.File(patches / f"{slide.stem}.h5", "w") as file:
        written = file.create_dataset("/coords", data=coords)
        written.attrs.update({"patch_size": patch, "patch_spacing_um_px": 0.25, "patch_level": 0})


def _alone(folder: Path, slide: Path) -> Path:
    """A folder with this slide and nothing else, as wsinfer wants it."""
    found = folder / "slides"
    found.mkdir()
    (found / slide.name).symlink_to(slide)
    return found


class _Timed:
    """A function, and how long it took."""

    def __init__(self, work: Any) -> None:
        self.seconds = 0.0
        self._work = work

    def __call__(self, *words: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._work(*words, **named)
        finally:
            self.seconds += time.perf_counter() - began


def _processor_s() -> float:
    """Seconds of processors so far, those of processes that ended included."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


if __name__ == "__main__":
    main()
