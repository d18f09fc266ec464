"""What a network is fitted by, for each Keras back end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

from slideviewer.inference.nuclei.offsets import REACH_PX

_FAR_PX, _NEAR = 16.0, 0.25
"""A miss of so many pixels counts as one; and the share of it up to which misses are squared."""

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


def of_masks(value: Loss, masks: int) -> Loss:
    """A loss or metric that looks at the first targets alone."""

    @wraps(value)
    def looking(true: Any, probable: Any) -> Any:
        return value(true[..., :masks], probable[..., :masks])

    return looking


def with_offsets(loss: Loss, masks: int) -> Loss:
    """A loss of masks, and of the offsets that follow them.

    What an offset misses in pixels is counted by the square up to a quarter of `_FAR_PX`, and by
    itself above (Huber 1964), on the pixels of the first mask, where it is known.
    """

    def both(true: Any, probable: Any) -> Any:
        from keras import ops

        true, probable = _numbers(true, probable)
        wanted, found = true[..., masks:], probable[..., masks:]
        missed = ops.abs(wanted - found) * (2 * REACH_PX / _FAR_PX)
        missed = ops.where(missed < _NEAR, missed * missed / (2 * _NEAR), missed - _NEAR / 2)
        counts = true[..., :1] * ops.cast(ops.all(wanted > 0, axis=-1, keepdims=True), "float32")
        far = ops.sum(missed * counts) / (ops.sum(counts) + _SMOOTH)
        return loss(true[..., :masks], probable[..., :masks]) + far

    return both


def _sums(true: Any, probable: Any) -> tuple[Any, Any]:
    from keras import ops

    true, probable = _numbers(true, probable)
    axes = (0, 1, 2)
    return ops.sum(true * probable, axes), ops.sum(true, axes) + ops.sum(probable, axes)


def _numbers(true: Any, probable: Any) -> tuple[Any, Any]:
    from keras import ops

    return ops.convert_to_tensor(true, "float32"), ops.convert_to_tensor(probable, "float32")
