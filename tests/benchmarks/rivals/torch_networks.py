"""The networks of `benchmarks.made_models` in PyTorch, layer for layer, with random weights."""

from __future__ import annotations

import torch
import torchvision
from torch import nn
from torch.nn import functional

CLASSES = 2


def network(architecture: str) -> nn.Module:
    """A network from pixels -1..1 (n, 3, height, width) to two numbers a tile or a pixel.

    Parameters
    ----------
    architecture : str
        As slideviewer calls it.
    """
    torch.manual_seed(1)
    models = torchvision.models
    if architecture == "tile-inception-v3":
        # Without the second answer, which only training needs.
        found = models.inception_v3(
            weights=None, num_classes=CLASSES, aux_logits=False, init_weights=False
        )
    elif architecture == "tile-mobilenet-v3-large":
        found = models.mobilenet_v3_large(weights=None)
        found.classifier = nn.Linear(960, CLASSES)
    else:
        found = UNet()
    return found.eval()


class UNet(nn.Module):
    """As slideviewer's "unet" by default: 32 to 512 channels, bilinear on the way up."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256, 512)) -> None:
        super().__init__()
        befores = (3, *widths[:-1])
        self.down = nn.ModuleList(
            _level(before, width) for before, width in zip(befores, widths, strict=True)
        )
        self.up = nn.ModuleList(
            _level(width + coarser, width)
            for width, coarser in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.answer = nn.Conv2d(widths[0], CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (n, 3, height, width) to (n, 2, height, width)."""
        skipped = []
        for level in self.down[:-1]:
            x = level(x)
            skipped.append(x)
            x = functional.max_pool2d(x, 2)
        x = self.down[-1](x)
        for level, finer in zip(self.up, reversed(skipped), strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = level(torch.cat([larger, finer], 1))
        return self.answer(x)


def _level(before: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(inplace=True),
    )
