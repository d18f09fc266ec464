"""Decisions of a review: kept beside the annotations, undone with them, never lost silently."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations import AnnotationSet, read_annotations, write_annotations
from slideviewer.annotations.decisions import (
    Decision,
    Verdict,
    as_runs,
    decisions_file_of,
    read_decisions,
    write_decisions,
)
from slideviewer.ui.document import Document

REJECTED = Decision(
    "predicted",
    Verdict.REJECTED,
    as_runs([(0, 0, 10.5, 4)]),
    reason="artefact",
    note="Falte ✓",
    author="anna",
    at="2026-01-02T03:04:05+01:00",
    source="tumour 0123 from 0.98",
    score=0.99,
    id="a",
)

words = st.text(max_size=8)
decisions = st.builds(
    Decision,
    kind=words,
    verdict=st.sampled_from(Verdict),
    runs=st.lists(st.integers(1, 10**9), min_size=1, max_size=4).map(
        lambda ends: as_runs([(0.1, 0.3, end, end / 3 + 1) for end in ends])
    ),
    group=st.none() | words,
    reason=words,
    note=words,
    author=words,
    source=words,
    score=st.none() | st.floats(0, 1),
)


@settings(deadline=None)
@given(st.lists(decisions, max_size=5))
def test_they_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, made: list[Decision]
) -> None:
    path = tmp_path_factory.mktemp("review") / "größe.xml"
    known = {it.id: it for it in made}
    write_decisions(known, path)
    assert decisions_file_of(path).exists() == bool(known)
    found = read_decisions(path)
    assert (dict(found.decisions), found.notice) == (known, "")


def test_the_document_saves_them_beside_the_xml(tmp_path: Path) -> None:
    path, document = tmp_path / "a.xml", Document()
    write_annotations(AnnotationSet.of(), path)
    before = path.read_bytes()
    assert document.apply("Reject", {}, decisions={"a": REJECTED})
    assert not document.is_saved
    document.save(path)
    assert document.is_saved
    assert path.read_bytes() == before, "ASAP's file knows nothing of it"
    assert read_decisions(path).decisions == {"a": REJECTED}
    document.undo_stack.undo()
    assert not document.annotations.decisions
    document.undo_stack.redo()
    assert document.annotations.decisions == {"a": REJECTED}
    assert not document.apply("Reject", {}, decisions={"a": REJECTED}), "nothing is different"
    document.apply("Take back", {}, decisions={"a": None})
    document.save(path)
    assert json.loads(decisions_file_of(path).read_bytes())["decisions"] == []
    document.close()


def test_a_set_is_pickled_with_them() -> None:
    annotations = AnnotationSet.of(decisions=[REJECTED])
    assert pickle.loads(pickle.dumps(annotations)) == annotations


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "Invalid JSON"),
        (b"[]", "the whole"),
        (b'{"format": "slideviewer review", "version": 9}', "version"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_file_is_told_and_kept(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.xml"
    decisions_file_of(path).write_bytes(content)
    found = read_decisions(path)
    assert not found.decisions
    assert "a.review.json" in found.notice
    assert says in found.notice
    write_decisions({"a": REJECTED}, path)
    assert read_decisions(path).decisions == {"a": REJECTED}
    assert [it.read_bytes() for it in tmp_path.glob("a.review.json.bak*")] == [content]


@pytest.mark.parametrize(
    "wrong",
    [
        {"runs": [[0, 0, 0, 1]]},
        {"runs": [[0, 0, 1]]},
        {"runs": []},
        {"runs": [[0, 0, 1e16, 1]]},
        {"runs": [[0, 0, float("nan"), 1]]},
        {"verdict": "maybe"},
        {"id": ""},
        {"score": float("inf")},
    ],
)
def test_a_senseless_entry_is_told(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = tmp_path / "a.xml"
    other = replace(REJECTED, id="b")
    write_decisions({"a": REJECTED, "b": other}, path)
    file = decisions_file_of(path)
    told = json.loads(file.read_bytes())
    told["decisions"][0] |= wrong
    file.write_text(json.dumps(told))
    found = read_decisions(path)
    assert "1 of 2 decisions cannot be used" in found.notice
    assert found.decisions == {"b": other}, "a damaged one costs no other"
    damaged = file.read_bytes()
    write_decisions(found.decisions, path)
    assert [it.read_bytes() for it in tmp_path.glob("a.review.json.bak*")] == [damaged]
    assert not read_decisions(path).notice


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_cost_no_more_than_what_they_held(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("review") / "a.xml"
    decisions_file_of(path).write_bytes(data)
    assert read_decisions(path).notice


def test_annotations_alone_need_no_file(tmp_path: Path) -> None:
    document, path = Document(), tmp_path / "a.geojson"
    document.save(path)
    assert not decisions_file_of(path).exists()
    assert not read_annotations(path).annotations.decisions
    document.close()


@settings(deadline=None)
@given(
    st.text(st.characters(categories=["Cs", "L"]), max_size=20), st.sampled_from([1, 400, 70_000])
)
def test_words_that_a_file_cannot_hold_cost_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, text: str, times: int
) -> None:
    path = tmp_path_factory.mktemp("review") / "a.xml"
    word = text * times
    made = replace(REJECTED, note=word, reason=word, group=word, author=word, score=float("nan"))
    write_decisions({"a": made, "b": replace(REJECTED, id="b")}, path)
    found = read_decisions(path)
    assert not found.notice
    assert found.decisions["b"] == replace(REJECTED, id="b")
    assert found.decisions["a"].reason == word.encode("utf-8", "replace").decode()[:4096]
    assert found.decisions["a"].score is None


def test_a_file_that_cannot_be_read_is_not_emptied(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    decisions_file_of(path).write_bytes(b"{")
    write_decisions({}, path)
    assert decisions_file_of(path).read_bytes() == b"{"


def test_decisions_of_another_file_are_kept_as_a_backup(tmp_path: Path) -> None:
    path, other = tmp_path / "a.xml", replace(REJECTED, id="b")
    write_decisions({"a": REJECTED}, path)
    write_decisions({"a": REJECTED, "b": other}, path)
    assert not list(tmp_path.glob("*.bak*"))
    write_decisions({"b": other}, path)
    (backup,) = tmp_path.glob("a.review.json.bak*")
    assert len(json.loads(backup.read_bytes())["decisions"]) == 2
