"""What the window says of predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.inference.messages import Died, Finished
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.ui import words

NO_MODEL = "There is no model to predict with. Install one first."

NO_SLIDE = "The model is chosen. Open a slide, then press Predict."

RUNS_ALREADY = (
    "This slide is being predicted already. When that has ended, choose the model in the toolbar "
    "and press Predict."
)

CANCELLED = "Prediction cancelled. Predict goes on from where it stopped."


def not_seen(prediction: Prediction) -> str:
    """What a run did not come to before its end; empty where it looked at all."""
    cells = prediction.provenance.get("cells")
    missed = cells.get("not_reached") if isinstance(cells, Mapping) else None
    if not isinstance(missed, int) or missed <= 0:
        return ""
    return f"{_tiles(missed)} with tissue {'was' if missed == 1 else 'were'} not looked at."


def _tiles(many: int) -> str:
    return "1 tile" if many == 1 else f"{words.whole(many)} tiles"


def finished(reply: Finished, prediction: Prediction | None = None) -> str:
    """What came out, and of a prediction that reached its time limit, what it did not see."""
    said = (
        f"{words.whole(reply.positive)} of {words.whole(reply.predicted)} tissue tiles are "
        f"predicted tumour ({words.duration(reply.seconds)}). "
    )
    said += _skipped(reply)
    missed = not_seen(prediction) if prediction is not None else ""
    if missed:
        said += f"{missed} Predicting the same way again goes on from there. "
    return said + RESEARCH_USE_ONLY


def mask_not_seen(mask: MaskPrediction) -> str:
    """What a run over a mask did not come to before its end; empty where it looked at all."""
    chunks = mask.provenance.get("chunks")
    missed = chunks.get("not_reached") if isinstance(chunks, Mapping) else None
    if not isinstance(missed, int) or missed <= 0:
        return ""
    many = "1 part" if missed == 1 else f"{words.whole(missed)} parts"
    return f"{many} with tissue {'was' if missed == 1 else 'were'} not looked at."


def mask_finished(reply: Finished, prediction: MaskPrediction | None = None) -> str:
    """How much of the tissue is of the class of interest."""
    named, area = "The class of interest", ""
    if prediction is not None:
        named = prediction.class_names[prediction.target]
        um = prediction.spacing_um_px
        area = "" if um is None else f", {words.short(reply.positive * um * um / 1e6)} mm²,"
    said = "Nothing was looked at. "
    if reply.predicted:
        share = words.short(100 * reply.positive / reply.predicted)
        took = words.duration(reply.seconds)
        said = f"{named} covers {share} %{area} of what was looked at ({took}). "
    return said + _left_out(reply, prediction) + RESEARCH_USE_ONLY


def nuclei_finished(reply: Finished, mask: MaskPrediction | None = None) -> str:
    """How many nuclei there are; the mask that they were found in says what was not seen."""
    many = reply.predicted
    found = "1 nucleus was" if many == 1 else f"{words.whole(many)} nuclei were"
    said = f"{found} found ({words.duration(reply.seconds)}). "
    return said + _left_out(reply, mask) + RESEARCH_USE_ONLY


def _left_out(reply: Finished, mask: MaskPrediction | None) -> str:
    missed = mask_not_seen(mask) if mask is not None else ""
    if missed:
        missed += " Predicting the same way again goes on from there. "
    return _skipped(reply) + missed


def _skipped(reply: Finished) -> str:
    if not reply.skipped:
        return ""
    many = len(reply.skipped)
    return f"{_tiles(many)} could not be read and {'was' if many == 1 else 'were'} left out. "


def died(reply: Died) -> str:
    """That the process is gone, and what is left."""
    if reply.is_hung:
        return (
            "The prediction was ended: nothing had been heard of its process for minutes. What it "
            "had predicted is kept, and the annotations are untouched."
        )
    if reply.exit_code is not None and reply.exit_code < 0:
        how = f"signal {-reply.exit_code}"
    else:
        how = f"exit code {reply.exit_code}"
    return (
        f"The prediction stopped: its process ended unexpectedly ({how}). "
        "What it had predicted is kept, and the annotations are untouched."
    )


def changed_file(path: Path) -> str:
    """That a slide's file is no longer the one that was opened."""
    return (
        f"{path}: The file was changed or replaced after it was opened, so a prediction would "
        "not fit what is shown. Open it again first."
    )
