"""Plots as PNG. No state of matplotlib's is shared, so any thread or process may draw."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, MaxNLocator, NullLocator

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.evaluation.report import Confusion, Curve

INKS = ("#1f5fa8", "#c0392b", "#3b7d3b", "#8a5a00", "#5b4a9c")
"""Of the lines of a plot: told apart by lightness too, and by their dashes."""
_DASHES = ("solid", (0, (5, 2)), (0, (2, 2)), (0, (7, 2, 2, 2)), (0, (1, 1)))
_GREY = "#767676"
_DPI = 160
DOTS_PER_PIXEL = 1.6
"""Plots are finer than they are shown, for screens that are."""
_METADATA = {"Software": None, "Comment": RESEARCH_USE_ONLY}
_POINTS_OF_A_FIELD = 60.0
"""Height of letters for one of a field's width, in points an inch: digits are half as wide."""
_LONGEST_WORDS = 56
_MOST_NUMBERED = 12
"""A confusion matrix of more classes has no numbers in its fields: they would not be readable."""


def curve_png(curve: Curve) -> bytes:
    """Draw a curve."""
    figure = Figure(figsize=(4.6, 3.9), layout="constrained")
    axes = figure.add_subplot()
    if curve.has_diagonal:
        axes.plot((0, 1), (0, 1), color=_GREY, linewidth=0.9, linestyle=(0, (1, 3)))
    for number, line in enumerate(curve.lines):
        axes.plot(
            line.x,
            line.y,
            color=INKS[number % len(INKS)],
            linestyle="none" if line.style == "dots" else _DASHES[number % len(_DASHES)],
            linewidth=1.8,
            drawstyle="steps-pre" if line.style == "steps" else "default",
            marker="o" if "dots" in line.style else None,
            markersize=4,
            label=_plain(line.label) or None,
        )
    if curve.x_ticks:
        _log_axis(axes, curve.x_ticks)
    elif curve.most_y is not None:
        axes.set_xlim(-0.02, 1.02)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if curve.most_y is not None:
        axes.set_ylim(-0.02 * curve.most_y, 1.02 * curve.most_y)
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel(_plain(curve.x_label))
    axes.set_ylabel(_plain(curve.y_label))
    axes.set_title(_plain(curve.title), fontsize=11)
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    if any(line.label for line in curve.lines):
        axes.legend(fontsize=8.5, frameon=True, framealpha=0.9)
    return _png(figure)


def confusion_png(confusion: Confusion) -> bytes:
    """Draw a confusion matrix: each row coloured by its shares, with the counts in it."""
    counts = np.array(confusion.counts, dtype=np.int64).reshape(len(confusion.counts), -1)
    names = [_plain(name if len(name) <= 18 else f"{name[:17]}…") for name in confusion.names]
    side = max(3.9, min(9.5, 1.4 + 0.5 * len(names)))
    figure = Figure(figsize=(side + 0.7, side), layout="constrained")
    axes = figure.add_subplot()
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / totals
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=8.5)
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    axes.set_xlabel(confusion.columns)
    axes.set_ylabel(confusion.rows)
    if len(names) <= _MOST_NUMBERED:
        for row, column in np.ndindex(*counts.shape):
            ink = "white" if shares[row, column] > 0.55 else "#1b1b1b"
            words = f"{counts[row, column]:,}"
            size = min(9.0, _POINTS_OF_A_FIELD * side / len(names) / len(words))
            axes.text(column, row, words, ha="center", va="center", color=ink, fontsize=size)
    return _png(figure)


def _log_axis(axes: Any, ticks: tuple[float, ...]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xlim(ticks[0] / 2, ticks[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))


def _plain(words: str) -> str:
    """Text as it is: no formulas between dollar signs, which names of classes may hold.

    What is longer than a plot has room for is cut off.
    """
    shown = words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 1]}…"
    return shown.replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI, metadata=dict(_METADATA))
    return stream.getvalue()
