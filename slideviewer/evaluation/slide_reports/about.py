"""What a report says of the slide, the model and the run: names and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slideviewer.errors import ModelError
from slideviewer.evaluation.reports.words import plainly
from slideviewer.evaluation.slide_reports.values import Facts
from slideviewer.evaluation.slide_reports.words import NOT_KNOWN, moment
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.record import value_at
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.stored import Stored
from slideviewer.models.package import ModelPackage, available_packages
from slideviewer.slide import Slide, Spacing
from slideviewer.slide.scanning import objective_of, scanner_of

Provenance = Mapping[str, object]


def about_slide(slide: Slide) -> Facts:
    """By what the slide is known.

    Raises
    ------
    SlideError
        Where its file cannot be read.
    """
    width, height = slide.pyramid.width, slide.pyramid.height
    facts = [
        ("File", slide.path.name),
        ("Format", slide.vendor),
        ("Size", f"{width:,} × {height:,} px"),
    ]
    if isinstance(slide.spacing, Spacing):
        x, y = slide.spacing.x_um_px, slide.spacing.y_um_px
        spacing = f"{x:.5g} µm/px" if x == y else f"{x:.5g} × {y:.5g} µm/px"
        facts += [
            ("On the glass", f"{width * x / 1000:.2f} × {height * y / 1000:.2f} mm"),
            ("Spacing", spacing),
        ]
    else:
        facts.append(("Spacing", f"not known: {slide.spacing.reason}"))
    objective = objective_of(slide)
    facts += [
        ("Objective", f"{objective}×" if objective else "not stated"),
        ("Scanner", scanner_of(slide) or "not stated"),
        ("Identity", content_identity(slide.path)),
    ]
    return tuple(facts)


def provenance_of(prediction: Stored) -> Provenance:
    """How a prediction of any task came about."""
    return (
        prediction.mask.provenance
        if isinstance(prediction, NucleiPrediction)
        else (prediction.provenance)
    )


def package_of(provenance: Provenance) -> ModelPackage | None:
    """The installed package that a prediction was made with; None where it is not here."""
    wanted = value_at(provenance, ("model", "hash"))
    found = (it.package for it in available_packages() if it.package is not None)
    try:
        return next((it for it in found if it.hash == wanted), None)
    except ModelError:
        return None


def about_model(provenance: Provenance) -> Facts:
    """The model's card in short, as the run's record has it."""
    told = provenance.get("model")
    model: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    others = provenance.get("others")
    version = provenance.get("version")
    facts = [
        ("Model", _joined(model.get("title"), model.get("name"))),
        ("Version (hash)", str(model.get("hash") or NOT_KNOWN)),
        ("Network", str(model.get("architecture") or NOT_KNOWN)),
        ("Looks for", str(model.get("target_class") or NOT_KNOWN)),
        ("Intended use", str(model.get("intended_use") or NOT_KNOWN)),
        ("Trained on", str(model.get("trained_on") or NOT_KNOWN)),
        ("Licence", str(model.get("licence") or NOT_KNOWN)),
        ("Predicted by", f"slideviewer {version}" if version else NOT_KNOWN),
    ]
    if isinstance(others, list):
        names = [str(it.get("name")) for it in others if isinstance(it, Mapping)]
        facts.append(("Together with", ", ".join(names)))
    return tuple(facts)


def figures_of(package: ModelPackage | None) -> Facts:
    """The figures on a model's card."""
    metrics = package.spec.metrics if package is not None else ()
    return tuple((plainly(it.name), str(it)) for it in metrics)


def about_run(prediction: Stored, threshold: float) -> Facts:
    """How it was predicted, and what was not seen."""
    mask = prediction.mask if isinstance(prediction, NucleiPrediction) else prediction
    provenance = mask.provenance
    seconds = provenance.get("seconds")
    facts = [
        ("Threshold", f"{threshold:.4g}"),
        ("Tissue", _tissue(provenance)),
        ("Not seen", _not_seen(mask)),
        ("Begun", moment(str(provenance.get("started") or NOT_KNOWN))),
        ("Took", f"{seconds:.4g} s" if isinstance(seconds, int | float) else NOT_KNOWN),
        ("Computed by", _computed(provenance)),
    ]
    source = " (given by the user)" if provenance.get("spacing_source") == "user" else ""
    spacing = provenance.get("spacing_um_px")
    if isinstance(spacing, int | float):
        facts.append(("Spacing used", f"{spacing:.5g} µm/px{source}"))
    if provenance.get("turns") not in (None, "none"):
        facts.append(("Turns", str(provenance.get("turns"))))
    return tuple(facts)


def _tissue(provenance: Provenance) -> str:
    for parts in ("cells", "chunks"):
        counts = provenance.get(parts)
        if isinstance(counts, Mapping) and isinstance(counts.get("tissue"), int):
            every = counts.get("grid")
            of = f" of {every:,}" if isinstance(every, int) else ""
            what = "tiles" if parts == "cells" else "parts"
            return f"{counts['tissue']:,}{of} {what}"
    return NOT_KNOWN


def _not_seen(prediction: Prediction | MaskPrediction) -> str:
    """What the model did not look at although there is tissue."""
    told = []
    for parts in ("cells", "chunks"):
        counts = prediction.provenance.get(parts)
        if isinstance(counts, Mapping) and counts.get("not_reached"):
            told.append(f"{counts['not_reached']} parts with tissue, for the time was up")
    if prediction.skipped:
        told.append(f"{len(prediction.skipped)} tiles that cannot be read")
    if prediction.provenance.get("region"):
        told.append("all beyond the region that was asked for")
    if not told and not prediction.complete:
        told.append("a part of the tissue: the run was not finished")
    return "; ".join(told) or "nothing: all tissue was looked at"


def _computed(provenance: Provenance) -> str:
    ways = provenance.get("computed_by")
    told = [
        " ".join(str(it[key]) for key in ("engine", "device", "precision") if it.get(key))
        for it in (ways if isinstance(ways, list) else [])
        if isinstance(it, Mapping)
    ]
    return "; ".join(told) or NOT_KNOWN


def _joined(title: object, name: object) -> str:
    if title and name:
        return f"{title} ({name})"
    return str(title or name or NOT_KNOWN)
