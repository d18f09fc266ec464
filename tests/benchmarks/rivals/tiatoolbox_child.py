"""A network over a slide's tiles in TIAToolbox, with its own settings."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tiatoolbox
import torch
from tiatoolbox.models.engine.io_config import IOPatchPredictorConfig, IOSegmentorConfig
from tiatoolbox.models.engine.patch_predictor import PatchPredictor
from tiatoolbox.models.engine.semantic_segmentor import SemanticSegmentor
from tiatoolbox.models.models_abc import ModelABC

from benchmarks import child
from benchmarks.rivals.torch_networks import network

MASK_STEP = 8
"""Level-0 pixels per pixel of the mask that says where to look."""

_SPACING = {"units": "mpp", "resolution": 0.25}


def main() -> None:
    """Predict once; the answer tells how long it took."""
    told = child.settings()
    patch, segments = int(told["patch"]), bool(told["segments"])
    began = time.perf_counter()
    model = Network(told["architecture"], segments)
    engine = (SemanticSegmentor if segments else PatchPredictor)(model, verbose=False)
    load_s = time.perf_counter() - began
    with TemporaryDirectory() as folder:
        began, worked = time.perf_counter(), time.process_time()
        engine.run(
            [child.path_of(told, "slide")],
            masks=[_mask(told)],
            patch_mode=False,
            ioconfig=_segmenting(patch) if segments else _predicting(patch),
            save_dir=Path(folder) / "out",
            output_type="zarr",
            return_probabilities=True,
            auto_get_mask=False,
        )
        seconds, processor_s = time.perf_counter() - began, time.process_time() - worked
    child.answer(
        {
            "tiles": model.seen,
            "seconds": seconds,
            "load_s": load_s,
            "processor_s": processor_s,
            "version": tiatoolbox.__version__,
            "how": f"batch {engine.batch_size}, {engine.num_workers or 'no'} processes reading, "
            f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}",
        }
    )


class Network(ModelABC):
    """A network as TIAToolbox takes it from a user."""

    def __init__(self, architecture: str, segments: bool) -> None:
        super().__init__()
        self.network = network(architecture)
        self.seen = 0
        self._low, self._span = (0.0, 255.0) if segments else (127.5, 127.5)

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        """From pixels 0..255 (n, 3, height, width) to probabilities."""
        self.seen += len(tiles)
        return torch.softmax(self.network((tiles - self._low) / self._span), 1)

    @staticmethod
    def infer_batch(model: Any, batch_data: torch.Tensor, *, device: str) -> np.ndarray:
        """From tiles (n, height, width, 3) to answers with the classes last."""
        tiles = batch_data.to(device).type(torch.float32).permute(0, 3, 1, 2).contiguous()
        model.eval()
        with torch.inference_mode():
            found = model(tiles)
        return found.movedim(1, -1).cpu().numpy()

    @staticmethod
    def postproc(image: Any) -> Any:
        """From probabilities to classes."""
        return image.argmax(axis=-1)


def _predicting(patch: int) -> Any:
    return IOPatchPredictorConfig(
        input_resolutions=[_SPACING],
        patch_input_shape=[patch, patch],
        stride_shape=[patch, patch],
    )


def _segmenting(patch: int) -> Any:
    return IOSegmentorConfig(
        input_resolutions=[_SPACING],
        output_resolutions=[_SPACING],
        patch_input_shape=[patch, patch],
        patch_output_shape=[patch, patch],
        stride_shape=[patch // 2, patch // 2],
        save_resolution=_SPACING,
    )


def _mask(told: dict[str, Any]) -> np.ndarray:
    """Where to look: TIAToolbox takes each tile that meets it, and would begin one too many."""
    mask = np.zeros((int(told["side"]) // MASK_STEP,) * 2, np.uint8)
    step = int(told["patch"]) // (2 if told["segments"] else 1)
    end = step * int(told["across"]) // MASK_STEP - 1
    mask[:end, :end] = 1
    return mask


if __name__ == "__main__":
    main()
