"""A corrected model as a package of its own, that names its parent: all of it, or nothing."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import ModelError
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.loading import load_model
from slideviewer.models.package import (
    ModelPackage,
    available_packages,
    look_at,
    write_package,
)
from slideviewer.models.spec import CARD, GOLDEN, WEIGHTS, Metric, ModelSpec
from slideviewer.training.describe import golden_sample
from slideviewer.training.improving.embedding import Embedder
from slideviewer.training.improving.head import put_head
from slideviewer.training.improving.judging import RULE, Judgement
from slideviewer.training.improving.learning import Learnt
from slideviewer.training.improving.lessons import Source
from slideviewer.training.improving.measuring import Answering
from slideviewer.training.improving.memory import PER_CLASS, REPLAY, Memory, drawn
from slideviewer.training.improving.options import ImproveOptions

_HALF_WRITTEN = ".making-"
_VERSION = re.compile(r"-v\d+$")
_TITLE_VERSION = re.compile(r", version \d+$")
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_HISTORY = 58, 480, 3000


@dataclass(frozen=True, eq=False)
class Facts:
    """What a package says of how it came about.

    Attributes
    ----------
    options : ImproveOptions
    learnt : Learnt
    judgement : Judgement
    memory : Memory
        What it may carry along.
    remembers : str
        What was replayed, in words.
    strength : float
        How strongly it was drawn towards its parent.
    """

    options: ImproveOptions
    learnt: Learnt
    judgement: Judgement
    memory: Memory
    remembers: str
    strength: float


def next_version(parent: ModelSpec) -> tuple[str, str]:
    """The name and the title of a model's next version: one that no model has."""
    taken = {found.name for found in available_packages()} | {parent.name}
    base = _VERSION.sub("", parent.name)[:_LONGEST_NAME].rstrip("-")
    number = next(it for it in range(2, len(taken) + 3) if f"{base}-v{it}" not in taken)
    title = _TITLE_VERSION.sub("", parent.title)[:_LONGEST_TITLE]
    return f"{base}-v{number}", f"{title}, version {number}"


def write_version(embedder: Embedder, found: Answering, facts: Facts) -> ModelPackage:
    """Write a package beside its place, let it prove itself there, and then give it its name.

    Raises
    ------
    ModelError
        If it cannot be written, or does not answer its own sample.
    """
    parent, out = embedder.package, facts.options.out.absolute()
    network, weights = embedder.network, embedder.weights
    put_head(network, weights, found.head)
    rng = np.random.default_rng([facts.options.seed, 2])
    kept = drawn(facts.memory.labels, PER_CLASS, rng)
    memory = facts.memory.take(kept)
    spec = _specified(parent, found, facts)
    files = {
        WEIGHTS: pack_arrays(weights.with_head(found.head)),
        GOLDEN: golden_sample(network, spec.patch_size_pixels),
        REPLAY: memory.packed(),
        CARD: _card(spec, parent, facts).encode(),
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left_over in out.parent.glob(f"{_HALF_WRITTEN}{out.name}-*"):
            shutil.rmtree(left_over, ignore_errors=True)  # of one that was killed
        passing = Path(tempfile.mkdtemp(prefix=f"{_HALF_WRITTEN}{out.name}-", dir=out.parent))
        try:
            folder = passing / "model"  # readable as others are; the temporary one is not
            load_model(write_package(folder, spec, files))
            if out.is_dir():
                out.rmdir()
            folder.rename(out)
        finally:
            shutil.rmtree(passing, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"It cannot be written: {error.strerror or error}.", path=out) from error
    return look_at(out)


def _specified(parent: ModelPackage, found: Answering, facts: Facts) -> ModelSpec:
    name, title = next_version(parent.spec)
    learnt = _learnt_words(facts)
    history = parent.spec.trained_on.rstrip(".")
    if len(history) > _LONGEST_HISTORY:
        history = f"{history[:_LONGEST_HISTORY]}…"
    return ModelSpec.model_validate(
        {
            **parent.spec.model_dump(),
            "name": facts.options.name or name,
            "title": facts.options.title or title,
            "trained_on": f"{history}. Then its last layer was corrected from a review: {learnt}.",
            "metrics": tuple(_metrics(facts)),
            "threshold": found.threshold,
            "temperature": found.temperature,
            "parent": parent.hash,
            "files": {},
            "sizes": {},
        }
    )


def _learnt_words(facts: Facts) -> str:
    total = sum(facts.learnt.counts.values(), np.zeros((len(Source), 1), np.int64)).sum(axis=1)
    told = ", ".join(f"{int(total[it - 1]):,} {it.words}" for it in reversed(Source))
    return f"tiles of {len(facts.learnt.counts)} slides ({told})"


def _metrics(facts: Facts) -> list[Metric]:
    judgement = facts.judgement
    made = []
    for change in judgement.changes:
        if change.after is None:
            continue
        score = next(it for it in judgement.after.scores if it.name == change.name)
        made.append(
            Metric(
                name=change.name,
                variant=judgement.measured_on[:500],
                data=facts.options.data.resolve().name[:500],
                value=round(change.after, 4),
                low=None if score.low is None else round(score.low, 4),
                high=None if score.high is None else round(score.high, 4),
                count=score.count or 0,
            )
        )
    return made


def _card(spec: ModelSpec, parent: ModelPackage, facts: Facts) -> str:
    """The card in Markdown."""
    judgement, names = facts.judgement, spec.class_names
    lines = [
        f"# {spec.title}",
        "",
        f"**{RESEARCH_USE_ONLY}**",
        "",
        f"A corrected version of *{parent.spec.title}* (`{parent.spec.name}`, {parent.hash}): its"
        " last layer was fitted anew on a review, and all others are the same.",
        "",
        "## For what",
        "",
        spec.intended_use,
        "",
        "## From what",
        "",
        spec.trained_on,
        "",
        f"| slide | known by | {' | '.join(names)} |",
        f"|{' --- |' * (2 + len(names))}",
        *(
            f"| {slide} | {source.words} | {' | '.join(f'{it:,}' for it in row.tolist())} |"
            for slide, rows in facts.learnt.counts.items()
            for source, row in zip(Source, rows, strict=True)
            if row.any()
        ),
        "",
        f"Replayed, lest it forget: {facts.remembers or 'nothing'}.",
        "",
        "## How good",
        "",
        f"{judgement.measured_on}. {judgement.weakness}".rstrip(),
        "",
        "| | before | after | 95 % of the change |",
        "| --- | --- | --- | --- |",
        *(
            f"| {it.title} | {_number(it.before)} | {_number(it.after)} |"
            f" {_number(it.low, sign=True)} to {_number(it.high, sign=True)} |"
            for it in judgement.changes
        ),
        "",
        f"{judgement.words} {RULE}",
        "",
        "## Limits",
        "",
        "- It knows what its parent knew, and what one review told it; elsewhere its probabilities"
        " are guesses.",
        "- Whether it does better for you, only slides of your own can say.",
        "",
        "## How it was made",
        "",
        f"- drawn towards its parent: {facts.strength:g}",
        f"- threshold, temperature: {spec.threshold:g} (before {parent.spec.threshold:g}),"
        f" {spec.temperature:g} (before {parent.spec.temperature:g}), from tiles left out in turn",
        f"- seed: {facts.options.seed}",
    ]
    return "\n".join(lines) + "\n"


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "not defined"
    return f"{value:+.3f}" if sign else f"{value:.3f}"
