"""Reviewing in the real window: keys, clicks, verdicts, undo, saving, crash."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    as_polygon,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.decisions import Verdict, read_decisions
from slideviewer.annotations.journal import read_leftover
from slideviewer.annotations.origin import How
from slideviewer.annotations.trail import events_of
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.ui import settings
from slideviewer.ui.review.control import Reviewing
from slideviewer.ui.review.many_dialog import ManyDialog
from slideviewer.ui.window import MainWindow

CELL = 256.0
NESTS = ((1, 1, 4, 4), (6, 1, 9, 3), (10, 6, 14, 10))
"""Columns and rows of what is predicted: only the first is marked, and too large."""


def prediction() -> Prediction:
    scores = np.full((12, 16, 2), 0.1, np.float32)
    for number, (left, top, right, bottom) in enumerate(NESTS):
        scores[top:bottom, left:right, 1] = 0.9 - 0.1 * number
    scores[..., 0] = 1 - scores[..., 1]
    told = {"model": {"name": "tiny", "hash": "0123"}, "spacing_um_px": 0.25}
    grid = Grid(0, 0, CELL, 16, 12)
    return Prediction(grid, ("Normal", "Tumor"), scores, 1, 0.5, told)


@pytest.fixture
def markup(tmp_path: Path) -> Path:
    corners = CELL * np.array([(1, 1), (4, 1), (4, 9), (1, 9)])
    drawn = Annotation("Nest", Kind.POLYGON, as_points(corners), "Tumor")
    path = tmp_path / "markup.xml"
    write_annotations(AnnotationSet.of([drawn], [Group("Tumor")]), path)
    return path


@pytest.fixture
def reviewed(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, markup: Path) -> MainWindow:
    window = open_slide(made_slide)
    window.files.open_annotations(markup)
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 1)
    wait_for_jobs(qtbot)
    window.prediction.results.show(prediction())
    QTest.keyClick(window, Qt.Key.Key_F7)
    found(qtbot, window.judging.reviewing, 3)
    return window


def found(qtbot: QtBot, reviewing: Reviewing, count: int) -> None:
    qtbot.waitUntil(
        lambda: reviewing.queue.found is not None and len(reviewing.queue.found.findings) == count
    )
    QApplication.processEvents()


def key(window: MainWindow, key: Qt.Key | str) -> None:
    QTest.keyClick(window, key)  # type: ignore[call-overload]
    QApplication.processEvents()


def chosen(window: MainWindow) -> FindingKind | None:
    item = window.judging.reviewing.queue.current
    return None if item is None else item.kind


def test_the_queue_lists_what_differs(reviewed: MainWindow) -> None:
    queue, panel = reviewed.judging.reviewing.queue, reviewed.judging.reviewing.panel
    kinds = [queue.item(row).kind for row in range(len(queue))]
    assert sorted(kinds) == [
        FindingKind.PREDICTED,
        FindingKind.PREDICTED,
        FindingKind.BEYOND_PREDICTION,
    ]
    assert panel.counted.text() == "0 of 3 reviewed"
    panel.orders.setCurrentText("Largest first")
    assert [int(queue.item(row).area_px2 / CELL**2) for row in range(3)] == [16, 15, 6]
    panel.kinds.setCurrentText("Borders")
    assert [queue.item(row).kind for row in range(len(queue))] == [FindingKind.BEYOND_PREDICTION]
    panel.kinds.setCurrentText("Uncertain")
    assert not panel.list.isVisible()


def test_keys_step_and_the_view_flies_there(reviewed: MainWindow) -> None:
    reviewed.judging.reviewing.panel.orders.setCurrentText("Surest first")
    for name in ("]", "[", "j", "k"):
        key(reviewed, name)
    assert reviewed.judging.reviewing.queue.current_row == 0
    item = reviewed.judging.reviewing.queue.current
    assert item is not None
    seen = reviewed.canvas.viewpoint.visible
    assert seen.x < item.bounds.x < item.bounds.right < seen.right
    assert seen.y < item.bounds.y < item.bounds.bottom < seen.bottom
    row = reviewed.judging.reviewing.panel.list.visualRect(
        reviewed.judging.reviewing.panel.model.index(2)
    )
    QTest.mouseClick(
        reviewed.judging.reviewing.panel.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=row.center(),
    )
    assert reviewed.judging.reviewing.queue.current_row == 2
    key(reviewed, "]")
    assert reviewed.judging.reviewing.queue.current_row == 2
    assert "last" in reviewed.notices.texts[-1]


def test_accepting_all_makes_the_markup_say_what_the_model_does(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    document, reviewing = reviewed.session.document, reviewed.judging.reviewing
    reviewing.panel.orders.setCurrentText("Largest first")
    key(reviewed, "]")
    for left in (2, 1, 0):
        kind = chosen(reviewed)
        key(reviewed, Qt.Key.Key_Y)
        found(qtbot, reviewing, left)
        assert kind is not None
    assert reviewing.panel.counted.text() == "3 of 3 reviewed"
    assert "All findings are reviewed." in reviewed.notices.texts[-1]
    assert len(document.annotations) == 3
    areas = sorted(as_polygon(it).area / CELL**2 for it in document.annotations)
    assert areas == pytest.approx([6, 9, 16], rel=0.05)
    assert {it.verdict for it in document.annotations.decisions.values()} == {Verdict.ACCEPTED}
    for back in (1, 2, 3):
        document.undo_stack.undo()
        found(qtbot, reviewing, back)
    assert not document.annotations.decisions
    assert reviewing.panel.counted.text() == "0 of 3 reviewed"


def test_rejected_and_deferred_ones_stay_and_are_told(qtbot: QtBot, reviewed: MainWindow) -> None:
    reviewing, document = reviewed.judging.reviewing, reviewed.session.document
    before = document.annotations.annotations
    key(reviewed, "]")
    reviewing.panel.note.setText("fold")
    reviewing.panel.reason.setCurrentText("Artefact")
    key(reviewed, Qt.Key.Key_U)
    assert reviewing.panel.counted.text() == "1 of 3 reviewed"
    key(reviewed, Qt.Key.Key_L)
    assert reviewing.panel.counted.text() == "1 of 3 reviewed", "put off is not decided"
    assert document.annotations.annotations is before
    verdicts = [it.verdict for it in document.annotations.decisions.values()]
    assert verdicts == [Verdict.REJECTED, Verdict.DEFERRED]
    first = reviewing.queue.item(0).decision
    assert first is not None
    assert (first.reason, first.note) == ("Artefact", "fold")
    assert first.source == "tiny 0123 from 0.5"
    assert first.at
    # Found again at another threshold, they are still what they were.
    reviewed.cells.threshold = 0.55
    qtbot.waitUntil(lambda: reviewing.queue.found.rules.threshold == 0.55)  # type: ignore[union-attr]
    assert reviewing.panel.counted.text() == "1 of 3 reviewed"
    reviewing.panel.shows_decided.setChecked(False)
    assert len(reviewing.queue) == 2


def test_a_note_on_what_is_decided_is_a_step_of_its_own(reviewed: MainWindow) -> None:
    reviewing, document = reviewed.judging.reviewing, reviewed.session.document
    key(reviewed, "]")
    key(reviewed, Qt.Key.Key_U)
    reviewing.look_at(0)
    reviewing.panel.note.setFocus()
    QTest.keyClicks(reviewing.panel.note, "clearly benign")
    QTest.keyClick(reviewing.panel.note, Qt.Key.Key_Return)
    (decision,) = document.annotations.decisions.values()
    assert decision.note == "clearly benign"
    assert document.undo_stack.undoText() == "Note on finding"


def test_relabelling_puts_it_into_another_group(
    qtbot: QtBot, reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *a, **k: ("Micro", True))
    reviewed.judging.reviewing.panel.kinds.setCurrentText("Predicted, not marked")
    key(reviewed, "]")
    QTest.keyClick(reviewed, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    found(qtbot, reviewed.judging.reviewing, 2)
    annotations = reviewed.session.document.annotations
    assert [it.group for it in annotations] == ["Tumor", "Micro"]
    assert "Micro" in annotations.groups


def test_only_the_chosen_group_is_compared(qtbot: QtBot, reviewed: MainWindow) -> None:
    document, panel = reviewed.session.document, reviewed.judging.reviewing.panel
    document.apply("Add group", {}, (Group("Fat"),))
    panel.groups.setCurrentText("Fat")
    qtbot.waitUntil(lambda: reviewed.judging.reviewing.queue.found.groups == ("Fat",))  # type: ignore[union-attr]
    kinds = {it.kind for it in reviewed.judging.reviewing.queue.found.findings}  # type: ignore[union-attr]
    assert kinds == {FindingKind.PREDICTED}
    assert len(reviewed.judging.reviewing.queue) == 3


def test_what_was_decided_is_there_when_the_slide_is_opened_again(
    qtbot: QtBot, reviewed: MainWindow, markup: Path, made_slide: Path
) -> None:
    key(reviewed, "]")
    key(reviewed, Qt.Key.Key_U)
    (decision,) = reviewed.session.document.annotations.decisions.values()
    assert reviewed.isWindowModified()
    QTest.keyClick(reviewed, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: reviewed.session.document.is_saved)
    assert dict(read_decisions(markup).decisions) == {decision.id: decision}
    assert json.loads((markup.with_name("markup.review.json")).read_text())["version"] == 1
    assert not read_annotations(markup).annotations.decisions
    reviewed.files.open_annotations(markup)
    wait_for_jobs(qtbot)
    assert reviewed.session.document.annotations.decisions == {decision.id: decision}
    found(qtbot, reviewed.judging.reviewing, 3)
    assert reviewed.judging.reviewing.panel.counted.text() == "1 of 3 reviewed"


def test_a_hidden_panel_looks_for_nothing(qtbot: QtBot, reviewed: MainWindow) -> None:
    reviewed.docks.show("Review", False)
    former = reviewed.judging.reviewing.queue.found
    reviewed.cells.threshold = 0.85
    QTest.qWait(400)
    assert reviewed.judging.reviewing.queue.found is former
    assert not reviewed.judging.reviewing.can_accept
    reviewed.docks.show("Review")
    found(qtbot, reviewed.judging.reviewing, 3)
    qtbot.waitUntil(lambda: reviewed.judging.reviewing.queue.found is not former)


def test_with_nothing_predicted_it_says_so(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    QTest.keyClick(window, Qt.Key.Key_F7)
    key(window, "]")
    assert "nothing to review" in window.notices.texts[-1]
    assert window.judging.reviewing.panel.empty.isVisible()
    key(window, Qt.Key.Key_U)
    assert "Choose a finding first" in window.notices.texts[-1]
    assert window.canvas.rect().contains(QPoint(1, 1))


def decide_many(
    monkeypatch: pytest.MonkeyPatch, window: MainWindow, verdict: str, score: float, where: str
) -> None:
    """Fill in the dialog as the user would, and agree."""

    def fill(dialog: ManyDialog, _: object) -> bool:
        dialog.verdict.setCurrentText(verdict)
        dialog.score.setValue(score)
        dialog.where.setCurrentText(where)
        return True

    monkeypatch.setattr("slideviewer.ui.review.together.agreed", fill)
    window.named_actions["decide_many"].trigger()


def test_several_are_accepted_in_one_step(
    qtbot: QtBot, reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = reviewed.session.document
    decide_many(monkeypatch, reviewed, "Accept", 0.75, "Everywhere")
    found(qtbot, reviewed.judging.reviewing, 1)
    assert document.undo_stack.undoText() == "Accept 2 findings"
    assert len(document.annotations.decisions) == 2
    areas = sorted(as_polygon(it).area / CELL**2 for it in document.annotations)
    assert areas == pytest.approx([6, 9], rel=0.05)
    document.undo_stack.undo()
    found(qtbot, reviewed.judging.reviewing, 3)
    assert not document.annotations.decisions


def test_only_those_in_view_are_rejected(
    qtbot: QtBot, reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed.canvas.show_rect(Rect(10 * CELL, 6 * CELL, 4 * CELL, 4 * CELL))
    decide_many(monkeypatch, reviewed, "Reject", 0, "In view")
    (decision,) = reviewed.session.document.annotations.decisions.values()
    assert decision.verdict == Verdict.REJECTED
    assert decision.runs[:, 0].min() == 10 * CELL
    assert reviewed.judging.reviewing.panel.counted.text() == "1 of 3 reviewed"


def test_the_audit_trail_is_exported_with_the_readers_name(
    reviewed: MainWindow, choose_file: ChooseFile, tmp_path: Path
) -> None:
    settings.write(settings.AUTHOR, "=Dr. Ä")
    key(reviewed, "]")
    key(reviewed, Qt.Key.Key_U)
    choose_file(tmp_path / "trail")
    reviewed.named_actions["export_decisions"].trigger()
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    item = reviewed.judging.reviewing.queue.item(0)
    assert row["verdict"] == "rejected"
    assert row["author"] == "'=Dr. Ä", "no spreadsheet takes it for a formula"
    assert float(row["x"]) == item.bounds.x
    assert float(row["area_um2"]) == pytest.approx(item.area_px2 * 0.25**2, abs=0.1)


def test_a_slide_read_by_keys_alone_is_saved_and_recovered_after_a_crash(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    for name in ("]", Qt.Key.Key_U, Qt.Key.Key_Y, Qt.Key.Key_L):
        key(reviewed, name)
    found(qtbot, reviewed.judging.reviewing, 2)
    journal = reviewed.session.document.journal._journal
    assert journal is not None
    copy = journal.path.with_name("left-over.journal")
    for ending in ("", "-wal"):  # as a kill would leave it
        file = journal.path.with_name(journal.path.name + ending)
        if file.exists():
            shutil.copyfile(file, copy.with_name(copy.name + ending))
    recovered = read_leftover(copy, lambda path: read_annotations(path).annotations)
    assert recovered == reviewed.session.document.annotations
    assert len(recovered.decisions) == 3


def test_the_lists_own_keys_choose_what_is_decided_on(qtbot: QtBot, reviewed: MainWindow) -> None:
    reviewing = reviewed.judging.reviewing
    key(reviewed, "]")
    QTest.keyClick(reviewing.panel.list, Qt.Key.Key_Down)
    assert reviewing.queue.current_row == 1
    wanted = reviewing.queue.item(1).key
    QTest.keyClick(reviewed, Qt.Key.Key_U)
    row = reviewing.queue.row_of(wanted)
    assert row is not None
    assert reviewing.queue.item(row).decision is not None


def mark(reviewed: MainWindow, left: int, top: int, right: int, bottom: int) -> Annotation:
    corners = CELL * np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    drawn = Annotation("Other", Kind.POLYGON, as_points(corners), "Tumor")
    reviewed.session.document.apply("Add", {drawn.id: drawn})
    return drawn


def test_a_missed_lesion_is_put_into_another_group_whole(
    qtbot: QtBot, reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = mark(reviewed, 7, 8, 9, 11)
    found(qtbot, reviewed.judging.reviewing, 4)
    monkeypatch.setattr(QInputDialog, "getItem", lambda *a, **k: ("Micro", True))
    reviewed.judging.reviewing.panel.kinds.setCurrentText("Marked, not predicted")
    key(reviewed, "]")
    QTest.keyClick(reviewed, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    document = reviewed.session.document
    assert document.annotations[drawn.id].group == "Micro"
    assert document.annotations[drawn.id].points is drawn.points
    assert "Micro" in document.annotations.groups
    former = reviewed.judging.reviewing.queue.found
    qtbot.waitUntil(lambda: reviewed.judging.reviewing.queue.found is not former)
    assert reviewed.judging.reviewing.panel.counted.text() == "1 of 4 reviewed", (
        "and is not open again"
    )


def test_a_part_of_a_lesion_has_no_group_of_its_own(
    reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *a, **k: pytest.fail("asked"))
    before = reviewed.session.document.annotations
    reviewed.judging.reviewing.panel.kinds.setCurrentText("Borders")
    key(reviewed, "]")
    QTest.keyClick(reviewed, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    assert "outline" in reviewed.notices.texts[-1]
    assert reviewed.session.document.annotations is before


def test_a_hidden_panel_decides_nothing(reviewed: MainWindow) -> None:
    key(reviewed, "]")
    before = reviewed.session.document.annotations
    reviewed.docks.show("Review", False)
    key(reviewed, Qt.Key.Key_U)
    QTest.keyClick(reviewed, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    assert "open it first" in reviewed.notices.texts[-1]
    assert reviewed.session.document.annotations is before


def test_findings_of_another_prediction_are_gone_at_once(reviewed: MainWindow) -> None:
    key(reviewed, "]")
    reviewed.docks.show("Review", False)
    reviewed.judging.reviewing.finder.set_prediction(None)
    assert reviewed.judging.reviewing.queue.found is None
    assert not len(reviewed.judging.reviewing.queue)
    assert reviewed.judging.reviewing.queue.current is None


def test_verdicts_faster_than_the_search_wait_for_it(qtbot: QtBot, reviewed: MainWindow) -> None:
    document = reviewed.session.document
    key(reviewed, "]")
    key(reviewed, Qt.Key.Key_Y)
    key(reviewed, Qt.Key.Key_Y)
    assert len(document.annotations.decisions) == 1, "what is found is of the former markup"
    qtbot.waitUntil(lambda: len(document.annotations.decisions) == 2)
    found(qtbot, reviewed.judging.reviewing, 1)
    assert reviewed.judging.reviewing.panel.counted.text() == "2 of 3 reviewed"


def test_what_was_accepted_into_a_group_that_does_not_count_is_not_open_again(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    document, reviewing = reviewed.session.document, reviewed.judging.reviewing
    document.apply("Add group", {}, (Group("Fat"),))
    reviewing.panel.groups.setCurrentText("Fat")
    qtbot.waitUntil(lambda: reviewing.queue.found.groups == ("Fat",))  # type: ignore[union-attr]
    key(reviewed, "]")
    former = reviewing.queue.found
    key(reviewed, Qt.Key.Key_Y)
    (decision,) = document.annotations.decisions.values()
    assert decision.group != "Fat"
    qtbot.waitUntil(lambda: reviewing.queue.found is not former)
    QApplication.processEvents()
    assert reviewing.panel.counted.text() == "1 of 3 reviewed"


def test_doubt_that_was_accepted_is_not_open_again(qtbot: QtBot, reviewed: MainWindow) -> None:
    settings.write(settings.HOLES, "cut")
    reviewing = reviewed.judging.reviewing
    reviewing.panel.margin.setValue(0.45)
    reviewing.panel.kinds.setCurrentText("Uncertain")
    qtbot.waitUntil(lambda: len(reviewing.queue) > 0)
    key(reviewed, "]")
    former = reviewing.queue.found
    key(reviewed, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: reviewing.queue.found is not former)
    QApplication.processEvents()
    assert reviewing.queue.progress[0] == 1
    (decided,) = (it for it in reviewing.queue.items() if it.decision is not None)
    assert decided.finding is not None, "doubt is there as before"


def test_a_verdict_that_became_markup_stays_what_made_the_annotation(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    settings.write(settings.HOLES, "cut")
    reviewing, document = reviewed.judging.reviewing, reviewed.session.document
    reviewing.panel.margin.setValue(0.45)
    reviewing.panel.kinds.setCurrentText("Uncertain")
    qtbot.waitUntil(lambda: len(reviewing.queue) > 0)
    key(reviewed, "]")
    item = reviewing.queue.current
    assert item is not None

    def decide(name: Qt.Key) -> None:
        row = reviewing.queue.row_of(item.key)
        assert row is not None
        reviewing.look_at(row)
        key(reviewed, name)
        qtbot.waitUntil(lambda: not reviewing.queue.found.is_behind(document.annotations))  # type: ignore[union-attr]
        wait_for_jobs(qtbot)

    before = set(document.annotations.annotations)
    decide(Qt.Key.Key_Y)
    accepted = document.annotations
    made = [it for it in accepted if it.id not in before]
    assert made
    for name in (Qt.Key.Key_Y, Qt.Key.Key_U, Qt.Key.Key_L):
        decide(name)
        assert document.annotations is accepted
        assert "undo that, or delete" in reviewed.notices.texts[-1]
    for it in made:
        assert [event.what for event in events_of(it, None, accepted.decisions)] == ["accepted"]
    document.apply("Delete", {it.id: None for it in made})
    decide(Qt.Key.Key_U)
    (decision,) = document.annotations.decisions.values()
    assert decision.verdict == Verdict.REJECTED
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.annotations.decisions == accepted.decisions
    reviewing.panel.kinds.setCurrentText("All kinds")
    reviewing.panel.list.selectAll()
    assert len(reviewing.panel.views.chosen_rows) > 1
    key(reviewed, Qt.Key.Key_U)
    assert document.annotations.decisions == accepted.decisions
    assert "undo that, or delete" in reviewed.notices.texts[-1]


def test_words_being_typed_stay_while_findings_are_looked_for(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    reviewing = reviewed.judging.reviewing
    key(reviewed, "]")
    QTest.keyClicks(reviewing.panel.note, "half a th")
    former = reviewing.queue.found
    reviewed.cells.threshold = 0.55
    qtbot.waitUntil(lambda: reviewing.queue.found is not former)
    assert reviewing.panel.note.text() == "half a th"


def test_a_note_that_is_undone_stays_undone(reviewed: MainWindow) -> None:
    reviewing, document = reviewed.judging.reviewing, reviewed.session.document
    key(reviewed, "]")
    key(reviewed, Qt.Key.Key_U)
    reviewing.look_at(0)
    reviewing.panel.note.setFocus()
    QTest.keyClicks(reviewing.panel.note, "benign")
    QTest.keyClick(reviewing.panel.note, Qt.Key.Key_Return)
    document.undo_stack.undo()
    assert reviewing.panel.note.text() == ""
    reviewing.panel.list.setFocus()
    (decision,) = document.annotations.decisions.values()
    assert decision.note == ""


def test_nobody_says_the_same_of_several(
    reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    key(reviewed, "]")
    reviewed.judging.reviewing.panel.note.setText("of this one")
    decide_many(monkeypatch, reviewed, "Reject", 0, "Everywhere")
    decisions = reviewed.session.document.annotations.decisions.values()
    assert [it.note for it in decisions] == ["", "", ""]


def test_very_many_are_decided_beside_the_window_and_told_once(
    qtbot: QtBot, reviewed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slideviewer.ui.review.queue.MOST_TOLD", 2)
    monkeypatch.setattr("slideviewer.ui.review.verdicts.WEIGHT", 10_000)
    queue, told = reviewed.judging.reviewing.queue, list[int]()
    queue.decided.connect(told.append)
    decide_many(monkeypatch, reviewed, "Reject", 0, "Everywhere")
    assert not reviewed.session.document.annotations.decisions
    qtbot.waitUntil(lambda: len(reviewed.session.document.annotations.decisions) == 3)
    assert not told
    assert queue.progress == (3, 3)
    assert queue.next_row(1, only_open=True) is None
    assert reviewed.session.document.undo_stack.undoText() == "Reject 3 findings"


def test_a_picture_is_made_once(reviewed: MainWindow) -> None:
    showing, queue = reviewed.judging.reviewing._showing, reviewed.judging.reviewing.queue
    assert showing._as_annotation(queue.item(0)) is showing._as_annotation(queue.item(0))


def select(window: MainWindow, *rows: int) -> None:
    """Select rows of the list, of which the first is the current one."""
    panel, flags = window.judging.reviewing.panel, QItemSelectionModel.SelectionFlag
    selection = panel.list.selectionModel()
    selection.setCurrentIndex(panel.model.index(rows[0]), flags.ClearAndSelect)
    for row in rows[1:]:
        selection.select(panel.model.index(row), flags.Select)


def test_what_is_selected_stays_so_when_findings_are_looked_for_again(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    reviewing = reviewed.judging.reviewing
    panel, queue = reviewing.panel, reviewing.queue
    panel.orders.setCurrentText("Largest first")
    select(reviewed, 2, 0)
    keys = {queue.key_of(row) for row in (0, 2)}
    former = queue.found
    mark(reviewed, 7, 8, 9, 11)
    found(qtbot, reviewing, 4)
    assert queue.found is not former
    assert {queue.key_of(row) for row in panel.views.chosen_rows} == keys
    panel.orders.setCurrentText("Surest first")
    assert {queue.key_of(row) for row in panel.views.chosen_rows} == keys
    assert panel.list.currentIndex().row() == queue.current_row


def test_what_is_said_of_several_is_kept_with_each(qtbot: QtBot, reviewed: MainWindow) -> None:
    reviewing, document = reviewed.judging.reviewing, reviewed.session.document
    panel = reviewing.panel

    def said() -> list[tuple[str, str]]:
        return [(it.reason, it.note) for it in document.annotations.decisions.values()]

    select(reviewed, 0, 1)
    panel.reason.setCurrentText("Artefact")
    key(reviewed, Qt.Key.Key_U)
    assert said() == [("Artefact", "")] * 2
    assert panel.said == ("", ""), "the next one is another"
    select(reviewed, 0, 1)
    panel.note.setFocus()
    QTest.keyClicks(panel.note, "fold")
    QTest.keyClick(panel.note, Qt.Key.Key_Return)
    assert said() == [("Artefact", "fold")] * 2
    assert panel.views.chosen_rows == [0, 1]
    select(reviewed, 0, 2)
    panel.list.setFocus()
    key(reviewed, Qt.Key.Key_L)
    assert said() == [*[("Artefact", "fold")] * 2, ("", "")], "what was said of one stays its own"


def test_what_meets_the_markup_in_a_corner_alone_was_predicted_not_drawn(
    qtbot: QtBot, reviewed: MainWindow
) -> None:
    document, reviewing = reviewed.session.document, reviewed.judging.reviewing
    known = prediction()
    scores = np.full_like(known.probabilities, 0.1)
    scores[:3, 3:5, 1] = scores[3:5, :3, 1] = 0.9
    corners = CELL * np.array([(0, 0), (2, 0), (2, 4), (0, 4)])
    drawn = Annotation("Nest", Kind.POLYGON, as_points(corners), "Tumor")
    (former,) = document.annotations
    document.apply("Draw", {former.id: None, drawn.id: drawn})
    reviewed.prediction.results.show(replace(known, probabilities=scores))
    found(qtbot, reviewing, 3)
    queue = reviewing.queue
    (row,) = (it for it in range(3) if queue.item(it).bounds.x == 3 * CELL)
    select(reviewed, row)
    key(reviewed, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: len(document.annotations) == 2)
    assert [it.origin and it.origin.how for it in document.annotations] == [None, How.PREDICTED]
