"""Fitting a head on embeddings: a convex problem, solved to its end, with no chance in it.

The head is a multinomial logistic regression that is drawn towards the one it comes from (as in
L2-SP, Li et al. 2018, arXiv:1802.01483): where the tiles say nothing, it stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from slideviewer.training.improving.head import Embeddings, Head

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.03, 0.003)
"""How strongly a head is drawn towards its parent; of those that tiles left out cannot tell from
the best, the strongest is taken."""
_STEPS = 200
_LEAST_SPREAD = 1e-4
_LEAST = 1e-7

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Embedded tiles to learn from.

    Attributes
    ----------
    embeddings : ndarray (n, features), float32
    labels : ndarray (n,), int64
    is_replay : ndarray (n,), bool
        Whether a tile stands for what the model knew already.
    groups : ndarray (n,), int64
        Tiles of one number are alike, and never on both sides.
    """

    embeddings: Embeddings
    labels: Labels
    is_replay: NDArray[np.bool_]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: NDArray[np.generic]) -> Tiles:
        """Some of them: a mask, or indices."""
        return Tiles(
            self.embeddings[chosen],
            self.labels[chosen],
            self.is_replay[chosen],
            self.groups[chosen],
        )

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each weighs: the classes alike, and in each of them review and replay alike."""
        weights = np.zeros(len(self))
        for label in np.unique(self.labels):
            of_class = self.labels == label
            for is_replay in (False, True):
                own = of_class & (self.is_replay == is_replay)
                weights[own] = 1 / max(1, own.sum())
            weights[of_class] /= weights[of_class].sum()
        return np.asarray(weights / weights.sum(), np.float64)


def fit_head(parent: Head, tiles: Tiles, strength: float) -> Head:
    """Fit a head.

    Parameters
    ----------
    parent : Head
    tiles : Tiles
    strength : float
        What it costs to leave the parent, in units of standardised features.
    """
    middle = tiles.embeddings.mean(axis=0, dtype=np.float64)
    spread = np.maximum(tiles.embeddings.std(axis=0, dtype=np.float64), _LEAST_SPREAD)
    start = np.vstack(
        [parent.kernel * spread[:, None], parent.bias + middle @ parent.kernel]
    ).astype(np.float64)
    # In single precision: reading them takes most of the time.
    known = np.ones((len(tiles), len(start)), np.float32)
    known[:, :-1] = (tiles.embeddings - middle) / spread
    truth = np.eye(start.shape[1])[tiles.labels]
    weights = tiles.weights[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        head = flat.reshape(start.shape)
        logits = (known @ head.astype(np.float32)).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        sums = np.exp(logits).sum(axis=1, keepdims=True)
        away = head - start
        cost = -(weights * truth * (logits - np.log(sums))).sum()
        off = weights * (np.exp(logits) / sums - truth)
        slope = (off.astype(np.float32).T @ known).T + strength * away
        return float(cost + strength / 2 * (away**2).sum()), slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    head = found.x.reshape(start.shape)
    kernel = head[:-1] / spread[:, None]
    return Head(kernel.astype(np.float32), (head[-1] - middle @ kernel).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted head, and what heads fitted without a tile said of it.

    Attributes
    ----------
    head : Head
    strength : float
    left_out : ndarray (n, classes), float32
        Of each tile, from a head that saw nothing of its group.
    """

    head: Head
    strength: float
    left_out: NDArray[np.float32]


def fit_best(parent: Head, tiles: Tiles, folds: int = 4) -> Fitted:
    """Choose how strongly to stay with the parent on groups left out, and fit on all.

    Parameters
    ----------
    parent : Head
    tiles : Tiles
    folds : int
        At most as many as there are groups; with one group alone nothing can be left out, and the
        strongest is taken.
    """
    # Such small matrices are slower on several threads, much slower where others work, too.
    with threadpool_limits(1):
        return _fit_best(parent, tiles, folds)


def _fit_best(parent: Head, tiles: Tiles, folds: int) -> Fitted:
    order = np.unique(tiles.groups, return_inverse=True)[1]
    count = min(folds, int(order.max()) + 1)
    if count < 2:
        head = fit_head(parent, tiles, STRENGTHS[0])
        return Fitted(head, STRENGTHS[0], head.answers(tiles.embeddings))
    tried = []
    for strength in STRENGTHS:
        left_out = np.empty((len(tiles), len(parent.bias)), np.float32)
        for fold in range(count):
            out = order % count == fold
            left_out[out] = fit_head(parent, tiles.take(~out), strength).answers(
                tiles.embeddings[out]
            )
        chosen = np.maximum(left_out[np.arange(len(tiles)), tiles.labels], _LEAST)
        tried.append((strength, left_out, -np.log(chosen) * tiles.weights))
    strength, left_out = _strongest_of_the_best(tried)
    return Fitted(fit_head(parent, tiles, strength), strength, left_out)


def _strongest_of_the_best(
    tried: Sequence[tuple[float, NDArray[np.float32], NDArray[np.float64]]],
) -> tuple[float, NDArray[np.float32]]:
    """The first whose loss is within one standard error of the smallest.

    The rule is that of Breiman et al. 1984, as in Hastie, Tibshirani and Friedman 2009, 7.10.

    Parameters
    ----------
    tried : sequence of (strength, answers, losses of tiles)
        The strongest first; losses have their weights in them, so that their sum is the loss.
    """
    best = min((losses for _, _, losses in tried), key=lambda losses: float(losses.sum()))
    limit = float(best.sum()) + float(best.std()) * len(best) ** 0.5
    return next((it, answers) for it, answers, losses in tried if losses.sum() <= limit)
