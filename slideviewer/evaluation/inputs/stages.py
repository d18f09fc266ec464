"""Stages of patients, as Camelyon17 has them: ``patient_100.zip,pN0`` and a line a node."""

from __future__ import annotations

from pathlib import Path

from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.cases import case_name, listed, matched
from slideviewer.evaluation.inputs.tables import CsvTable, read_table
from slideviewer.evaluation.patients import NODES, STAGES, Patient, stage_of

_NODE = "_node_"
_HEADER = ("patient", "stage")


def read_patients(path: Path) -> dict[str, Patient]:
    """Read patients; where only nodes are given, stages follow from them.

    Raises
    ------
    EvaluationError
        Where a line is neither of a patient nor of a node, a word is unknown, or a stage is not
        that of its nodes.
    """
    table = read_table(path, has_header=False, columns=2)
    stages: dict[str, str] = {}
    nodes: dict[str, dict[str, str]] = {}
    known_stages = {it.casefold(): it for it in STAGES}
    for row, (name, word) in enumerate((a.strip(), b.strip()) for a, b in table.rows):
        if not row and (name.casefold(), word.casefold()) == _HEADER:
            continue
        case = case_name(name.removesuffix(".zip"))
        if _NODE in case:
            patient = case[: case.index(_NODE)]
            _keep(table, row, nodes.setdefault(patient, {}), case, word.casefold(), NODES)
        else:
            _keep(table, row, stages, case, known_stages.get(word.casefold(), word), STAGES)
    found = {}
    for name in {**stages, **nodes}:
        own = nodes.get(name, {})
        try:
            follows = stage_of(list(own.values())) if own else stages[name]
        except ValueError as error:
            raise EvaluationError(f'"{name}": {error}.', path=path) from error
        stage = stages.get(name, follows)
        if stage != follows:
            raise EvaluationError(
                f'"{name}" is {stage}, and its nodes make it {follows}.',
                path=path,
                remedy="Put right the stage or the nodes.",
            )
        found[name] = Patient(name, stage, own)
    if not found:
        raise EvaluationError("names no patient.", path=path)
    return found


def paired_patients(predicted: Path, truth: Path) -> tuple[list[Patient], list[Patient]]:
    """Read both sides; patients and their nodes must be the same.

    Raises
    ------
    EvaluationError
        Where a patient or a node is on one side alone.
    """
    pairs = matched(
        read_patients(predicted), read_patients(truth), (predicted, truth), lone_pair=False
    )
    for one, other in pairs.values():
        if one.nodes and other.nodes and one.nodes.keys() != other.nodes.keys():
            missing = [it for it in other.nodes if it not in one.nodes]
            spare = [it for it in one.nodes if it not in other.nodes]
            place, names = (predicted, missing) if missing else (truth, spare)
            raise EvaluationError(f"says nothing of {listed(names)}.", path=place)
    return [one for one, _ in pairs.values()], [other for _, other in pairs.values()]


def _keep(
    table: CsvTable, row: int, into: dict[str, str], name: str, word: str, known: tuple[str, ...]
) -> None:
    if word not in known:
        raise table.fault(row, f'"{word}" is none of {", ".join(known)}.')
    if name in into:
        raise table.fault(row, f'"{name}" is there twice.')
    into[name] = word
