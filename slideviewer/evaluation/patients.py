"""Stages of patients from their lymph nodes: the rules and the score of Camelyon17.

Bandi et al. 2019, "From detection of individual metastases to classification of lymph node status
at the patient level: the CAMELYON17 challenge" (IEEE Transactions on Medical Imaging 38:550).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slideviewer.evaluation.agreement import kappa
from slideviewer.evaluation.bootstrap import Resampling, Weights
from slideviewer.evaluation.confusion import accuracy, confusions_by_slide
from slideviewer.evaluation.report import Confusion, Report, Score, Table, Worst
from slideviewer.evaluation.scoring import scored

STAGES = ("pN0", "pN0(i+)", "pN1mi", "pN1", "pN2")
NODES = ("negative", "itc", "micro", "macro")
"""Of a node: no tumour; isolated tumour cells; from 0.2 mm, or more than 200 cells; above 2 mm."""

MOST_POSITIVE_OF_PN1, MOST_POSITIVE = 3, 9
MOST_WORST = 8


@dataclass(frozen=True)
class Patient:
    """A patient's stage, and what each node is, by its name."""

    name: str
    stage: str
    nodes: Mapping[str, str]


def stage_of(nodes: Sequence[str]) -> str:
    """The stage that follows from nodes.

    Micro- and macrometastases make a node positive, isolated tumour cells do not. pN1 and pN2 need
    a macrometastasis; without one it is pN1mi, however many are positive.

    Parameters
    ----------
    nodes : sequence of str
        Of `NODES`.

    Raises
    ------
    ValueError
        If one is unknown, or more are positive than a stage of Camelyon17 has.
    """
    unknown = [it for it in nodes if it not in NODES]
    if unknown:
        raise ValueError(f'"{unknown[0]}" is none of {", ".join(NODES)}')
    positive = sum(it in ("micro", "macro") for it in nodes)
    if "macro" in nodes:
        if positive > MOST_POSITIVE:
            raise ValueError(f"{positive} positive nodes are more than pN2 has")
        return "pN1" if positive <= MOST_POSITIVE_OF_PN1 else "pN2"
    if positive:
        return "pN1mi"
    return "pN0(i+)" if "itc" in nodes else "pN0"


def evaluate_patients(
    predicted: Sequence[Patient],
    truth: Sequence[Patient],
    resampling: Resampling = Resampling(),  # noqa: B008 - it never changes
    notes: Sequence[str] = (),
) -> Report:
    """Compare stages.

    Parameters
    ----------
    predicted, truth : sequence of Patient
        The same patients in the same order, with the same nodes.
    resampling : Resampling
        By patient: nodes of one patient are alike.
    notes : sequence of str
    """
    units = len(truth)
    said, true = (
        np.array([STAGES.index(it.stage) for it in side], np.int64) for side in (predicted, truth)
    )
    matrices = confusions_by_slide(true, said, np.arange(units), len(STAGES), units)

    def quadratic(weights: Weights) -> float | None:
        return kappa(np.tensordot(weights, matrices, 1), "quadratic")

    def right(weights: Weights) -> float | None:
        return accuracy(np.tensordot(weights, matrices, 1))

    five = f"over the five stages {', '.join(STAGES)}"
    right_ones = "share of patients whose stage is right"
    weighted = f"camelyon17: Cohen's, quadratic weights, {five}"
    scores = [
        scored("kappa", quadratic, weighted, units, resampling, of="stages"),
        scored("accuracy", right, right_ones, units, resampling, of="stages"),
    ]
    confusions = [_confusion("Stages of patients", STAGES, matrices.sum(axis=0))]
    by_node = _nodes(predicted, truth)
    if by_node is not None:
        count = int(by_node.sum())
        every = "share of nodes that are right"
        scores.append(Score("accuracy", accuracy(by_node), every, "nodes", count=count))
        confusions.append(_confusion("Nodes", NODES, by_node))
    rows = tuple(
        (it.name, other.stage, it.stage) for it, other in zip(predicted, truth, strict=True)
    )
    return Report(
        task="patients",
        resampled=resampling.words("patient", units),
        scores=tuple(scores),
        confusions=tuple(confusions),
        tables=(Table("By patient", ("patient", "true stage", "predicted stage"), rows),),
        worst=_worst(predicted, truth),
        notes=(*notes, *_notes(scores[0].value, units)),
    )


def _nodes(predicted: Sequence[Patient], truth: Sequence[Patient]) -> np.ndarray | None:
    pairs = [
        (NODES.index(true), NODES.index(it.nodes[name]))
        for it, other in zip(predicted, truth, strict=True)
        for name, true in other.nodes.items()
        if name in it.nodes
    ]
    if not pairs:
        return None
    true, said = np.array(pairs, np.int64).T
    matrix: np.ndarray = confusions_by_slide(true, said, np.zeros_like(true), len(NODES), 1)[0]
    return matrix


def _confusion(title: str, names: tuple[str, ...], matrix: np.ndarray) -> Confusion:
    return Confusion(title, names, tuple(map(tuple, matrix.tolist())))


def _worst(predicted: Sequence[Patient], truth: Sequence[Patient]) -> tuple[Worst, ...]:
    """The patients whose stage is farthest off."""
    off = [
        (abs(STAGES.index(it.stage) - STAGES.index(other.stage)), it, other)
        for it, other in zip(predicted, truth, strict=True)
    ]
    bad = sorted((it for it in off if it[0]), key=lambda it: -it[0])
    return tuple(
        Worst(it.name, f"{other.stage}, predicted {it.stage}") for _, it, other in bad[:MOST_WORST]
    )


def _notes(value: float | None, units: int) -> list[str]:
    notes = []
    if value is None:
        notes.append("All patients have one stage on both sides, so kappa is not defined.")
    if units < 2:
        notes.append("There are no intervals: there is one patient only.")
    return notes
