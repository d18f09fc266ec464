"""Whatever prediction lies in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.nuclei.store import FOLDER, RULES_FILE, stored_rules
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.record import RECORD_FILE
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.record import MaskRecord, mask_identity
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.store import read_prediction

Stored = Prediction | MaskPrediction | NucleiPrediction


def read_stored(folder: Path) -> Stored:
    """Open a store of any task, finished or not.

    Raises
    ------
    PredictionError
        Where the folder holds none, or one that cannot be understood.
    """
    if not _is_mask(folder):
        return read_prediction(folder)
    mask = read_mask_prediction(folder)
    if not (folder / FOLDER / RULES_FILE).is_file():
        return mask
    rules = stored_rules(folder)
    # Nuclei that were found in another mask, which lay here before, say nothing of this one.
    if rules.mask not in ("", mask_identity(mask.provenance, mask.frame)):
        return mask
    return NucleiPrediction(mask, folder, rules)


def _is_mask(folder: Path) -> bool:
    try:
        record = json.loads((folder / RECORD_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False  # whoever reads it then says what is wrong
    named = record.get("format") if isinstance(record, dict) else None
    return bool(named == MaskRecord.model_fields["format"].default)


def source_words(prediction: Stored, threshold: float) -> str:
    """What predicted, for the record: the model's name, its hash, and the threshold."""
    whole = prediction.mask if isinstance(prediction, NucleiPrediction) else prediction
    model = whole.provenance.get("model")
    told = model if isinstance(model, Mapping) else {}
    name, digest = (str(told.get(key, "")) for key in ("name", "hash"))
    return " ".join(filter(None, (name, digest, f"from {threshold:.4g}")))
