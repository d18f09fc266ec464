"""What made an annotation, and who accepted and changed it: kept, told, and written as a table."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_review import found, key, markup, prediction, reviewed  # noqa: F401
from window_fixtures import ChooseFile, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import (
    Decision,
    Verdict,
    as_runs,
    read_decisions,
    write_decisions,
)
from slideviewer.annotations.journal.step import whole_step
from slideviewer.annotations.journal.step_bytes import as_bytes, step_from
from slideviewer.annotations.origin import How, Origin
from slideviewer.annotations.sidecar import Sidecar, read_sidecar, sidecar_of, write_sidecar
from slideviewer.annotations.trail import events_of, history_of, write_trail_csv
from slideviewer.cli import main
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.window import MainWindow

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DECISION = Decision(
    "predicted",
    Verdict.ACCEPTED,
    as_runs([(0, 0, 10, 10)]),
    reason="clear",
    author="bert",
    at="2026-01-01T10:00:00+00:00",
    source="tiny 0123 from 0.5",
    score=0.75,
    id="d",
)

origins = st.none() | st.builds(
    Origin, st.sampled_from(How), st.text(max_size=20), st.text(max_size=20)
)


def square(name: str, side: float, origin: Origin | None = None) -> Annotation:
    corners = as_points([(0, 0), (side, 0), (side, side), (0, side)])
    return Annotation(name, Kind.POLYGON, corners, "Tumor", origin=origin)


class NoWindow:
    """The window, which no command needs here."""


@hypothesis_settings(deadline=None, max_examples=40)
@given(st.lists(origins, max_size=4))
def test_the_files_beside_bring_back_what_made_each_and_the_xml_tells_nothing(
    tmp_path_factory: pytest.TempPathFactory, made: list[Origin | None]
) -> None:
    path = tmp_path_factory.mktemp("trail") / "a.xml"
    shapes = [square(f"{number}", number + 1, it) for number, it in enumerate(made)]
    annotations, bare = (
        AnnotationSet.of(shapes),
        AnnotationSet.of([replace(it, origin=None) for it in shapes]),
    )
    write_annotations(bare, path)
    without = path.read_bytes()
    write_annotations(annotations, path)
    assert path.read_bytes() == without
    write_sidecar(annotations, path, Sidecar(), None, "anna", NOON)
    read = read_annotations(path).annotations
    assert [it.origin for it in read_sidecar(path, read).added_to(read)] == made
    step = step_from(as_bytes(whole_step("", annotations)))
    assert step.applied_to(AnnotationSet.of()).annotations == annotations.annotations


def test_every_kind_of_making_is_told() -> None:
    decisions = {"d": DECISION, "e": replace(DECISION, verdict=Verdict.RELABELLED, id="e")}

    def told(origin: Origin | None) -> tuple[str, ...]:
        shape = square("a", 5, origin)
        marks = write_sidecar_marks(shape)
        return history_of(shape, marks.get(shape.id), decisions)

    on = f"on {NOON.astimezone():%Y-%m-%d %H:%M}."
    then = f"on {datetime.fromisoformat(DECISION.at).astimezone():%Y-%m-%d %H:%M}."
    assert told(None) == (f"Drawn by anna {on}",)
    assert told(Origin(How.IMPORTED, "b.xml")) == (f"Imported from b.xml by anna {on}",)
    assert told(Origin(How.PREDICTED, "tiny from 0.5")) == (
        f"Accepted from the prediction of tiny from 0.5 by anna {on}",
    )
    assert told(Origin(How.PREDICTED, decision="d")) == (
        f"Accepted from the prediction of tiny 0123 from 0.5 (predicted) by bert {then}",
    )
    assert told(Origin(decision="e")) == (
        f"Drawn by anna {on}",
        "Accepted into another group as predicted by tiny 0123 from 0.5 (predicted) by bert "
        f"{then}",
    )
    shape = square("a", 5, Origin(How.PREDICTED, decision="gone"))
    assert history_of(shape, None, {}) == ("Not saved yet.",)


def write_sidecar_marks(shape: Annotation) -> dict:  # type: ignore[type-arg]
    from slideviewer.annotations.sidecar.marks import mark_now

    return {shape.id: mark_now(shape, None, "anna", NOON)}


def test_the_table_has_a_row_for_each_event(tmp_path: Path) -> None:
    path, later = tmp_path / "=a.xml", NOON + timedelta(days=1)
    accepted = square("=cmd", 5, Origin(How.PREDICTED, decision="d"))
    drawn = square("drawn", 7)
    known = write_sidecar(AnnotationSet.of([accepted, drawn]), path, Sidecar(), None, "anna", NOON)
    moved = replace(drawn, points=as_points(drawn.points + 1), origin=Origin(decision="d"))
    annotations = AnnotationSet.of([accepted, moved], decisions=[DECISION])
    write_annotations(annotations, path)
    write_decisions(annotations.decisions, path)
    known = write_sidecar(annotations, path, known, None, "carl", later)
    assert main(["trail", str(path), "--out", str(tmp_path / "trail.csv")], NoWindow()) == 0  # type: ignore[arg-type]
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    told = [(row["annotation"], row["event"], row["by"], row["source"]) for row in rows]
    assert told == [
        ("'=cmd", "accepted", "bert", DECISION.source),
        ("drawn", "drawn", "anna", ""),
        ("drawn", "accepted", "bert", DECISION.source),
        ("drawn", "changed", "carl", ""),
    ]
    assert rows[0]["file"] == "'=a.xml"
    assert (rows[0]["finding"], rows[0]["score"], rows[0]["decision"]) == (
        "predicted",
        "0.7500",
        "d",
    )
    assert rows[3]["at"] == later.isoformat()
    unsaved = replace(moved, points=as_points(moved.points + 1))
    assert events_of(unsaved, known.marks[unsaved.id], {})[-1].at == ""
    assert write_trail_csv([], tmp_path / "none.csv") == 0


def test_a_table_in_place_of_the_annotations_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.xml"
    write_annotations(AnnotationSet.of([square("a", 3)]), path)
    before = path.read_bytes()
    assert main(["trail", str(path), "--out", str(path)], NoWindow()) == 2  # type: ignore[arg-type]
    assert "is one of the annotation files" in capfd.readouterr().err
    assert path.read_bytes() == before


def test_what_is_accepted_in_the_window_is_known_after_it_is_opened_again(
    qtbot: QtBot,
    reviewed: MainWindow,  # noqa: F811
    markup: Path,  # noqa: F811
    choose_file: ChooseFile,
    tmp_path: Path,
) -> None:
    document = reviewed.session.document
    reviewed.judging.reviewing.panel.orders.setCurrentText("Largest first")
    key(reviewed, "]")
    for left in (2, 1, 0):
        key(reviewed, Qt.Key.Key_Y)
        found(qtbot, reviewed.judging.reviewing, left)
    QTest.keyClick(reviewed, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: document.is_saved)
    assert b"origin" not in markup.read_bytes()
    assert b"predicted" in sidecar_of(markup).read_bytes()
    assert b"0123" not in sidecar_of(markup).read_bytes(), "the decision alone holds it"
    reviewed.files.open_annotations(markup)
    wait_for_jobs(qtbot)
    made = {it.origin.how for it in document.annotations if it.origin is not None}
    assert made == {How.DRAWN, How.PREDICTED}
    assert {it.origin.decision for it in document.annotations if it.origin} == set(
        read_decisions(markup).decisions
    )
    fresh = next(it for it in document.annotations if it.origin.how == How.PREDICTED)  # type: ignore[union-attr]
    (told,) = reviewed.saving.sidecars.history_of(fresh)
    assert told.startswith("Accepted from the prediction of tiny 0123 from 0.5 (predicted) by ")
    panel = reviewed.editing.listing.panel
    panel.table.show_column(Field.ORIGIN, True)
    choose_file(tmp_path / "trail")
    reviewed.named_actions["export_trail"].trigger()
    wait_for_jobs(qtbot)
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["event"] for row in rows].count("accepted") == 3
    assert "5 events written to trail.csv." in reviewed.notices.texts
    reviewed.named_actions["read_blind"].trigger()
    reviewed.named_actions["export_trail"].trigger()
    assert "Hidden until" in reviewed.notices.texts[-1]


def test_what_several_decisions_make_is_told_apart(
    qtbot: QtBot,
    reviewed: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from test_review import decide_many

    decide_many(monkeypatch, reviewed, "Accept", 0.75, "Everywhere")
    found(qtbot, reviewed.judging.reviewing, 1)
    annotations = reviewed.session.document.annotations
    used = {it.origin.decision for it in annotations if it.origin is not None}
    assert used == set(annotations.decisions)


def test_an_import_tells_its_file_and_a_region_taken_over_its_model(
    qtbot: QtBot,
    reviewed: MainWindow,  # noqa: F811
    tmp_path: Path,
) -> None:
    other = tmp_path / "other.xml"
    write_annotations(AnnotationSet.of([square("theirs", 9)]), other)
    reviewed.importing.add(other)
    wait_for_jobs(qtbot)
    theirs = next(it for it in reviewed.session.document.annotations if it.name == "theirs")
    assert theirs.origin == Origin(How.IMPORTED, "other.xml")
    reviewed.judging.accepting.accept_at(12 * 256.0, 8 * 256.0)
    taken = list(reviewed.session.document.annotations)[-1]
    assert taken.origin == Origin(How.PREDICTED, "tiny 0123 from 0.5")
    assert np.isfinite(taken.points).all()
