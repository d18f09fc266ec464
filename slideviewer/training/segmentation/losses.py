"""What a network is fitted by, for each Keras back end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Loss = Callable[[Any, Any], Any]
"""From true targets and probabilities, both (n, height, width, targets), to one number."""

_SMOOTH = 1.0
"""Pixels that are added, so that a batch without a target has a loss with a slope."""


def dice(true: Any, probable: Any) -> Any:
    """The Dice coefficient of each target over a batch, their mean (Milletari et al. 2016)."""
    from keras import ops

    both, either = _sums(true, probable)
    return ops.mean((2 * both + _SMOOTH) / (either + _SMOOTH))


def dice_loss(true: Any, probable: Any) -> Any:
    """One minus `dice`."""
    return 1 - dice(true, probable)


def jaccard_loss(true: Any, probable: Any) -> Any:
    """One minus the Jaccard index of each target over a batch, their mean."""
    from keras import ops

    both, either = _sums(true, probable)
    return 1 - ops.mean((both + _SMOOTH) / (either - both + _SMOOTH))


def bce(true: Any, probable: Any) -> Any:
    """Binary cross-entropy, the mean over pixels and targets."""
    from keras import losses, ops

    return ops.mean(losses.binary_crossentropy(*_numbers(true, probable)))


def bce_and_dice(true: Any, probable: Any) -> Any:
    """The sum of both."""
    return bce(true, probable) + dice_loss(true, probable)


def focal(true: Any, probable: Any) -> Any:
    """Binary focal cross-entropy (Lin et al. 2017, arXiv:1708.02002)."""
    from keras import losses, ops

    return ops.mean(losses.binary_focal_crossentropy(*_numbers(true, probable)))


def focal_and_dice(true: Any, probable: Any) -> Any:
    """The sum of both."""
    return focal(true, probable) + dice_loss(true, probable)


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "bce": bce,
        "dice": dice_loss,
        "bce+dice": bce_and_dice,
        "jaccard": jaccard_loss,
        "focal": focal,
        "focal+dice": focal_and_dice,
    }
)


def _sums(true: Any, probable: Any) -> tuple[Any, Any]:
    from keras import ops

    true, probable = _numbers(true, probable)
    axes = (0, 1, 2)
    return ops.sum(true * probable, axes), ops.sum(true, axes) + ops.sum(probable, axes)


def _numbers(true: Any, probable: Any) -> tuple[Any, Any]:
    from keras import ops

    return ops.convert_to_tensor(true, "float32"), ops.convert_to_tensor(probable, "float32")
