"""How long a slide was read is noted beside what others decided, and touches nothing of it."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from test_decisions import REJECTED
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.annotations import AnnotationSet, write_annotations
from slideviewer.annotations.decisions import (
    Ending,
    Reading,
    Verdict,
    decisions_file_of,
    keep_reading,
    keeping,
    read_decisions,
    write_decisions,
)
from slideviewer.errors import AnnotationError
from slideviewer.ui import document as documents
from slideviewer.ui.blind import control
from slideviewer.ui.window import MainWindow

OWN = Reading("bob", "2026-11-30T10:00:00+00:00", seconds=30.0, id="own")
OTHER = Reading("anna", "2026-11-30T09:00:00+00:00", "2026-11-30T09:30:00+00:00", id="other")
ACCEPTED = replace(REJECTED, verdict=Verdict.ACCEPTED)


def names_in(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def test_a_reading_joins_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    write_decisions({"a": REJECTED}, path, {"other": OTHER})
    keep_reading(OWN, path)
    found = read_decisions(path)
    assert found.decisions == {"a": REJECTED}
    assert found.readings == {"other": OTHER, "own": OWN}
    assert names_in(tmp_path) == ["a.review.json"]


def test_where_there_is_no_file_none_is_made(tmp_path: Path) -> None:
    keep_reading(OWN, tmp_path / "a.xml")
    assert not names_in(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("version", 2), ("decisions", [{"id": "a"}]), ("readings", 3)]
)
def test_a_file_that_is_not_understood_stays_as_it_is(
    tmp_path: Path, key: str, value: object
) -> None:
    path = tmp_path / "a.xml"
    write_decisions({"a": REJECTED}, path)
    file = decisions_file_of(path)
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    before = file.read_bytes()
    with pytest.raises(AnnotationError, match=r"a\.review\.json.*left as it is"):
        keep_reading(OWN, path)
    assert file.read_bytes() == before
    assert names_in(tmp_path) == ["a.review.json"]


def test_a_late_write_takes_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    longer, over = replace(OWN, seconds=60.0), replace(OWN, ending=Ending.READ)
    for stands in (longer, over):
        write_decisions({}, path, {"own": stands})
        keep_reading(OWN, path)
        assert read_decisions(path).readings == {"own": stands}


def test_what_another_program_saves_in_this_moment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xml"
    write_decisions({"a": REJECTED}, path)
    elsewhere = tmp_path / "elsewhere.xml"
    write_decisions({"a": ACCEPTED, "b": replace(REJECTED, id="b")}, elsewhere)
    lines_of = keeping.lines_of

    def save_first(*about: object) -> object:
        if decisions_file_of(elsewhere).exists():
            decisions_file_of(elsewhere).replace(decisions_file_of(path))
        return lines_of(*about)

    monkeypatch.setattr(keeping, "lines_of", save_first)
    keep_reading(OWN, path)
    found = read_decisions(path)
    assert found.decisions == {"a": ACCEPTED, "b": replace(REJECTED, id="b")}
    assert found.readings == {"own": OWN}
    assert names_in(tmp_path) == ["a.review.json"]


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    write_decisions({"a": REJECTED}, path)
    readings = {str(it): replace(OWN, id=str(it)) for it in range(8)}
    threads = [threading.Thread(target=keep_reading, args=(it, path)) for it in readings.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_decisions(path).readings == readings


@pytest.mark.parametrize("leaves", ["another slide", "the end"])
def test_leaving_a_slide_keeps_what_was_decided_elsewhere(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    leaves: str,
) -> None:
    window: MainWindow = open_slide(made_slide)
    wait_for_jobs(qtbot)
    window.named_actions["read_blind"].trigger()
    path = tmp_path / "own.xml"
    write_annotations(AnnotationSet.of(), path)
    write_decisions({"a": REJECTED}, path)
    window.files.open_annotations(path)
    wait_for_jobs(qtbot)
    assert window.judging.blind.hides and window.session.document.is_saved
    later = {"a": ACCEPTED, "b": replace(REJECTED, id="b")}
    write_decisions(later, path)
    threads: list[str] = []

    def keep(reading: Reading, path: Path) -> None:
        threads.append(threading.current_thread().name)
        keep_reading(reading, path)

    monkeypatch.setattr(documents, "keep_reading", keep)
    if leaves == "the end":
        window.judging.blind.close()
    else:
        window.files.open_slide(picture)
        session = window.session
        qtbot.waitUntil(lambda: session.slide is not None and session.slide.path == picture)
        wait_for_jobs(qtbot)
    found = read_decisions(path)
    assert found.decisions == later
    assert [it.ending for it in found.readings.values()] == [Ending.OPEN]
    assert threads == ["job"], "the window does not wait"


def test_a_disk_that_does_not_answer_does_not_hold_the_end(
    qtbot: QtBot,
    open_slide: OpenSlide,
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window: MainWindow = open_slide(made_slide)
    window.named_actions["read_blind"].trigger()
    path = tmp_path / "own.xml"
    write_annotations(AnnotationSet.of(), path)
    write_decisions({"a": REJECTED}, path)
    window.files.open_annotations(path)
    wait_for_jobs(qtbot)
    answers = threading.Event()
    monkeypatch.setattr(documents, "keep_reading", lambda *_: answers.wait(60))
    monkeypatch.setattr(control, "PATIENCE", 0.01)
    window.judging.blind.close()
    assert any(it.name == "job" for it in threading.enumerate()), "it is not waited for"
    answers.set()
    wait_for_jobs(qtbot)
