"""The card of a model package as one HTML page: nothing is loaded from elsewhere, no script runs.

All that it shows comes from a package, and so from anywhere: words are escaped, numbers are read
strictly, plots are drawn here, and pictures are decoded and packed anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.errors import EvaluationError, ModelError
from slideviewer.evaluation.model_card import (
    CardConfusion,
    CardCurve,
    CardData,
    Reliability,
    read_card_data,
    read_worst,
)
from slideviewer.evaluation.report import Confusion, Curve, Line
from slideviewer.evaluation.reports.drawing import confusion_png, curve_png
from slideviewer.evaluation.reports.markdown import Block, blocks
from slideviewer.evaluation.reports.page import data_url, environment, plot
from slideviewer.evaluation.reports.words import plainly
from slideviewer.files import replacing_text
from slideviewer.inference.png import png_bytes
from slideviewer.models.package import ModelPackage, available_packages
from slideviewer.models.spec import CARD, CONFIG, Metric, ModelSpec

TEMPLATE = "card.html"
_LARGEST_CARD_BYTES = 256 * 1024
_TASKS = {
    "tile-classification": "says of each tile which class it is of",
    "segmentation": "says of each pixel what it belongs to",
    "nuclei": "finds nuclei one by one",
}


@dataclass(frozen=True)
class FigureRow:
    """A figure of the network, and the same one of what it is compared with, in words."""

    name: str
    network: str
    baseline: str
    over: str
    measured: str


@dataclass(frozen=True)
class Plot:
    """A picture of a plot as a data URL, its width in pixels, and what it shows."""

    url: str
    width: int
    words: str


def write_card_page(package: ModelPackage, path: Path, *, overwrite: bool = False) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    EvaluationError
        Where it cannot be written, or a file of that name is there already.
    ModelError
        If a file of the package is damaged.
    """
    if path.exists() and not overwrite:
        raise EvaluationError(
            "There is a file of this name already.",
            path=path,
            remedy="Choose another, or add --overwrite.",
        )
    text = card_page(package)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing_text(path) as file:
            file.write(text)
    except OSError as error:
        raise EvaluationError(
            f"The page cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists and may be written to.",
        ) from error


def card_page(package: ModelPackage) -> str:
    """The page as text.

    What a package carries for it beside its specification may be absent; where it cannot be
    used, the page says so in its place.

    Raises
    ------
    ModelError
        If a file of the package is not what its hash says.
    """
    spec, notes = package.spec, []
    data, worst = CardData(), []
    try:
        found = read_card_data(package)
        if found is None:
            notes.append(
                "This package carries no plots and no failures: it was made by an earlier version,"
                " or elsewhere."
            )
        else:
            data = found
            worst = [data_url(png_bytes(it)) for it in read_worst(package, len(data.worst))]
    except ModelError as error:
        notes.append(str(error))
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            spec=spec,
            facts=_facts(package, data),
            data=data,
            has_data=bool(data.settings or data.curves or data.reliability),
            figures=figure_rows(spec, data),
            temperature=f"{spec.temperature:g}",
            reliability=[(it, *_reliability(it, spec.temperature)) for it in data.reliability],
            plots=[_curve(it) for it in data.curves],
            confusions=[_confusion(it) for it in data.confusions],
            worst=list(zip(data.worst, _filled(worst, data.worst), strict=True)),
            has_pictures=bool(worst),
            card=_card(package),
            files=sorted(spec.files.items()),
            notes=notes,
            config=CONFIG,
            hash=package.hash,
            research_use=RESEARCH_USE_ONLY,
            version=__version__,
        )
    )


def figure_rows(spec: ModelSpec, data: CardData) -> list[FigureRow]:
    """Figures of the network, each beside that of the baseline, where it was measured alike."""
    others = {_key(metric): metric for metric in data.baseline_metrics}
    rows = [_row(metric, others.pop(_key(metric), None)) for metric in spec.metrics]
    return rows + [_row(None, metric) for metric in others.values()]


def _facts(package: ModelPackage, data: CardData) -> list[tuple[str, str]]:
    spec = package.spec
    um = f"{spec.patch_um:.1f} µm"
    facts = [
        ("what it does", _TASKS[spec.task]),
        ("for what", spec.intended_use),
        ("classes", ", ".join(spec.proper_classes)),
        ("of interest", f"{spec.target_class}, from a probability of {spec.threshold:g}"),
        ("sees", f"{spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px ({um})"),
        ("network", spec.architecture),
        ("from what", spec.trained_on),
        ("licence of the data", data.data_licence or "not stated"),
        ("licence of the model", spec.licence),
        ("name", spec.name),
        ("hash", package.hash),
    ]
    if spec.parent is not None:
        facts.append(("begun from", f"{_name_of(spec.parent)}{spec.parent}"))
    return facts


def _name_of(parent: str) -> str:
    for found in available_packages():
        if found.package is not None and found.package.hash == parent:
            return f"{found.package.spec.name}, "
    return ""


def _key(metric: Metric) -> tuple[str, str, str]:
    return metric.name, metric.data, metric.variant


def _row(network: Metric | None, baseline: Metric | None) -> FigureRow:
    of = network or baseline
    assert of is not None
    measured = f"{of.data}, {of.variant}"
    return FigureRow(
        _named(of.name), _value(network), _value(baseline), f"{of.count:,} {of.unit}", measured
    )


def _named(measure: str) -> str:
    """A measure's name for people; one that holds the name of a class keeps it as it is."""
    if re.fullmatch(r"[a-z0-9_]+", measure):
        return plainly(measure)
    return measure[:1].upper() + measure[1:]


def _value(metric: Metric | None) -> str:
    if metric is None:
        return "–"
    if metric.low is None or metric.high is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"


def _reliability(it: Reliability, temperature: float) -> tuple[Plot, str]:
    lines = {"as answered": it.before}
    if temperature != 1:
        lines = {"before": it.before, f"with temperature {temperature:g}": it.after}
    drawn = tuple(
        Line(
            label,
            tuple(one.probability for one in bins),
            tuple(one.true for one in bins),
            "line and dots",
        )
        for label, bins in lines.items()
    )
    title = f"Reliability, {it.of}"
    x, y = "mean probability of a bin", "share that is true"
    curve = Curve("reliability", title, x, y, drawn, has_diagonal=True)
    words = f"Brier score {it.brier_after:.4f}"
    if temperature != 1:
        words += f", {it.brier_before:.4f} before"
    return _plotted(curve), f"{words}. {it.data}, {it.variant}."


def _curve(it: CardCurve) -> Plot:
    lines = tuple(Line(line.label, line.x, line.y) for line in it.lines)
    if it.kind == "roc":
        x, y = "false positive rate", "true positive rate"
        return _plotted(Curve("roc", it.title, x, y, lines, has_diagonal=True))
    title = _named(it.title)
    return _plotted(Curve("history", title, "epoch", title, lines, most_y=None))


def _plotted(curve: Curve) -> Plot:
    url, width = plot(curve_png(curve))
    return Plot(url, width, f"{curve.title}: {curve.y_label} against {curve.x_label}")


def _confusion(it: CardConfusion) -> Plot:
    url, width = plot(confusion_png(Confusion(it.title, it.names, it.counts)))
    return Plot(url, width, it.title)


def _filled(urls: Sequence[str], words: Sequence[str]) -> list[str]:
    """An empty URL for each of the worst that has no picture."""
    return [*urls, *[""] * (len(words) - len(urls))]


def _card(package: ModelPackage) -> list[Block]:
    """What the package's own card says; nothing where it has none, or one that is far too long."""
    if CARD not in package.spec.files:
        return []
    if (package.folder / CARD).stat().st_size > _LARGEST_CARD_BYTES:
        return []
    return blocks(package.read(CARD).decode("utf-8", "replace"))
