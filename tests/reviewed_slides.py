"""Drawn slides that were reviewed, and a model that errs in the same way on all of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import Decision, Verdict, read_decisions, write_decisions
from slideviewer.annotations.model import Points
from slideviewer.evaluation.findings.finding_regions import FindingRules, find_regions
from slideviewer.evaluation.findings.footprint import Footprint
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.inference.plan import make_plan
from slideviewer.inference.prediction import Prediction
from slideviewer.models.arrays import pack_arrays
from slideviewer.models.package import ModelPackage, open_package, write_package
from slideviewer.models.spec import GOLDEN, WEIGHTS
from slideviewer.slide import open_slide
from slideviewer.slide.synthetic import generate_slide
from slideviewer.training.describe import golden_sample
from slideviewer.training.improving.embedding import Cells, Embedder
from slideviewer.training.improving.fitting import Tiles, fit_head
from slideviewer.training.improving.head import put_head
from slideviewer.training.improving.lessons import Meaning, lessons_on

SEEDS = (31, 32, 33)
SIZE = (3584, 2816)
HELD_OUT = "case_33"
TARGET, REST = 1, 0
MEANING = Meaning({"Tumor": TARGET + 1}, TARGET, REST)


@dataclass(frozen=True)
class Reviewed:
    """A folder of slides with XML and ``.review.json``, and the model that was reviewed."""

    folder: Path
    model: ModelPackage


@cache
def make_reviewed(base: Path) -> Reviewed:
    """Draw slides, spoil a model, and reject all that it wrongly takes for tumour; once."""
    place = base / "reviewed"
    folder = place / "slides"
    folder.mkdir(parents=True)
    markup: dict[Path, AnnotationSet] = {}
    for seed in SEEDS:
        path = folder / f"case_{seed}.tif"
        made = generate_slide(path, seed, SIZE)
        nests = [
            Annotation(f"N{at}", Kind.POLYGON, nest, "Tumor") for at, nest in enumerate(made.nests)
        ]
        markup[path] = AnnotationSet.of(nests, [Group("Tumor")])
        write_annotations(markup[path], path.with_suffix(".xml"))
    bundled = Embedder(open_package("tumour-camelyon"), place / "cache")
    looked_at = {path: _cells(path, bundled) for path in markup}
    spoilt = _spoilt(bundled, looked_at, markup, place / "spoilt")
    embedder = Embedder(spoilt)
    for path, (plan, cells) in looked_at.items():
        scores = np.full((plan.grid.rows, plan.grid.columns, 2), np.nan, np.float32)
        scores[cells.rows, cells.columns] = embedder.weights.head.answers(cells.embeddings)
        told = {"spacing_um_px": 0.25}
        found = Prediction(plan.grid, spoilt.spec.class_names, scores, TARGET, 0.5, told)
        _reject(found, markup[path], path.with_suffix(".xml"))
    return Reviewed(folder, spoilt)


def swap_verdicts(folder: Path) -> None:
    """Poison a review: all tumour is rejected, and what was rightly rejected accepted."""
    for path in sorted(folder.glob("*.xml")):
        known = read_decisions(path).decisions
        swapped = {it.id: replace(it, verdict=Verdict.ACCEPTED) for it in known.values()}
        annotations = read_set(path)
        for at, nest in enumerate(annotations):
            box = nest.bounds
            assert box is not None
            runs = np.array([[box.x, box.y, box.right, box.bottom]])
            made = Decision("predicted", Verdict.REJECTED, runs, at="2026-01-02", id=f"nest{at}")
            swapped[made.id] = made
        boxes = [
            Annotation(f"B{at}-{row}", Kind.POLYGON, _corners(run), "Tumor")
            for at, it in enumerate(known.values())
            for row, run in enumerate(it.runs.tolist())
        ]
        write_annotations(AnnotationSet.of(boxes, annotations.groups.values()), path)
        write_decisions(swapped, path)


def _corners(run: list[float]) -> Points:
    left, top, right, bottom = run
    return as_points([(left, top), (right, top), (right, bottom), (left, bottom)])


def read_set(path: Path) -> AnnotationSet:
    """The annotations of a file."""
    return read_annotations(path).annotations


def _cells(path: Path, embedder: Embedder):  # type: ignore[no-untyped-def]
    with closing(open_slide(path)) as slide:
        plan = make_plan(slide, embedder.package)
        return plan, embedder.cells(plan, plan.tissue)


def _spoilt(
    embedder: Embedder,
    looked_at: dict[Path, tuple[object, Cells]],
    markup: dict[Path, AnnotationSet],
    folder: Path,
) -> ModelPackage:
    """The bundled model with a head that takes some of the other tissue for tumour."""
    embeddings, truth = [], []
    for path, (plan, cells) in looked_at.items():
        lessons = lessons_on(plan.grid, plan.tissue, markup[path], MEANING)  # type: ignore[attr-defined]
        embeddings.append(cells.embeddings)
        truth.append(lessons.labels[cells.rows, cells.columns] == TARGET)
    every, is_tumour = np.concatenate(embeddings), np.concatenate(truth)
    normal = every[~is_tumour] - every[~is_tumour].mean(axis=0)
    direction = np.linalg.svd(normal, full_matrices=False)[2][0]
    along = (every - every.mean(axis=0)) @ direction
    like_it = along > np.quantile(along[~is_tumour], 0.5)
    labels = (is_tumour | like_it).astype(np.int64)
    tiles = Tiles(every, labels, np.zeros(len(labels), bool), np.arange(len(labels)))
    head = fit_head(embedder.weights.head, tiles, 1e-3).as_stored()
    network, weights = embedder.network, embedder.weights
    put_head(network, weights, head)
    changes = {"name": "spoilt", "title": "Spoilt", "threshold": 0.5, "temperature": 1.0}
    spec = embedder.package.spec.model_copy(update={**changes, "metrics": ()})
    files = {
        WEIGHTS: pack_arrays(weights.with_head(head)),
        GOLDEN: golden_sample(network, spec.patch_size_pixels),
    }
    return write_package(folder, spec, files)


def _reject(found: Prediction, markup: AnnotationSet, path: Path) -> None:
    findings = find_regions(Opinions.of_prediction(found, markup), FindingRules(found.threshold))
    decisions = [
        Decision(
            it.kind.name.lower(),
            Verdict.REJECTED,
            Footprint.of(findings, it.index).runs,
            at="2026-01-01T10:00:00+00:00",
            score=it.score,
            id=f"{path.stem}-{it.index}",
        )
        for it in findings
        if it.kind.side == 0
    ]
    assert decisions, "the spoilt model is to err on every slide"
    write_decisions({it.id: it for it in decisions}, path)
