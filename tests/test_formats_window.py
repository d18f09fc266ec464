"""Formats in the window: what is only read, what lies beside the XML, and the slide's offset."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from window_fixtures import ChooseFile, OpenSlide, answer, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Kind,
    as_points,
    read_asap,
    write_asap,
)
from slideviewer.annotations.sidecar import Sidecar, read_sidecar, sidecar_of, write_sidecar
from slideviewer.geometry import Rect
from slideviewer.ui.editing.attributes import AttributesDialog
from slideviewer.ui.editing.slide_offset import ADD, STAY, TAKE
from slideviewer.ui.file_filters import annotation_filter
from slideviewer.ui.window import MainWindow

IMAGESCOPE = """<?xml version="1.0"?><Annotations MicronsPerPixel="0.25">
<Annotation Id="1" Name="Tumor" LineColor="255"><Regions><Region Id="1" Type="0" Text="a">
<Vertices><Vertex X="10" Y="20"/><Vertex X="300" Y="20"/><Vertex X="200" Y="400"/></Vertices>
</Region></Regions></Annotation></Annotations>"""
NDPA = """<annotations><ndpviewstate id="1"><title>t</title><coordformat>nanometers</coordformat>
<annotation type="pin" color="#ff0000"><x>12538720</x><y>-96063</y></annotation></ndpviewstate>
</annotations>"""


def outline(name: str = "a") -> Annotation:
    """A triangle."""
    return Annotation(name, Kind.POLYGON, as_points([(10, 20), (300, 20), (200, 400)]))


def told(window: MainWindow, words: str) -> bool:
    """Whether a notice says so now."""
    return any(words in text for text in window.notices.texts)


def open_markup(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Open an annotation file and wait until it is shown or refused."""
    window.files.open_annotations(path)
    wait_for_jobs(qtbot)


def test_a_file_that_is_only_read_is_never_saved_to(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "scope.xml"
    path.write_text(IMAGESCOPE)
    open_markup(qtbot, window, path)
    document = window.session.document
    assert [it.name for it in document.annotations] == ["a"]
    assert document.path is None and told(window, "scope.xml can only be read")
    choose_file(tmp_path / "new.xml")
    window.named_actions["save"].trigger()
    wait_for_jobs(qtbot)
    assert path.read_text() == IMAGESCOPE
    assert [it.name for it in read_asap(tmp_path / "new.xml").annotations] == ["a"]


def test_ndpa_needs_its_slide_and_is_found_beside_it(
    qtbot: QtBot, window: MainWindow, open_slide: OpenSlide, real_data: Path, tmp_path: Path
) -> None:
    slide = tmp_path / "case.ndpi"
    shutil.copy(real_data / "slides" / "test3-DAPI-2-(387).ndpi", slide)
    markup = tmp_path / "case.ndpi.ndpa"
    markup.write_text(NDPA)
    open_markup(qtbot, window, markup)
    assert told(window, "only its slide") and not len(window.session.document.annotations)
    open_slide(slide)
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 1, timeout=20_000)
    (found,) = window.session.document.annotations
    assert found.points.tolist() == [[1984, 2432]]  # the middle of the picture
    assert window.session.document.path is None


def test_saving_writes_what_xml_cannot_hold_beside_it(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, choose_file: ChooseFile
) -> None:
    window = open_slide(made_slide)
    path = tmp_path / "a.xml"
    write_asap(AnnotationSet.of([outline("old")]), path)
    open_markup(qtbot, window, path)
    document = window.session.document
    new = outline("new")
    document.apply("Add polygon", {new.id: new})
    window.named_actions["save"].trigger()
    wait_for_jobs(qtbot)
    read = read_asap(path).annotations
    known = read_sidecar(path, read)
    assert (known.slide.width_px, known.slide.height_px) == (4096, 3072)
    old, drawn = (known.marks[it.id] for it in read)
    assert old.created is None and drawn.created is not None
    assert drawn.author == window.saving.sidecars.known.marks[new.id].author
    choose_file(tmp_path / "b.geojson", "QuPath GeoJSON (*.geojson)")
    window.named_actions["save_as"].trigger()
    wait_for_jobs(qtbot)
    assert not (tmp_path / "b.slideviewer.json").exists(), "GeoJSON has room for what it holds"


def test_who_drew_a_shape_is_told_where_its_name_and_its_attributes_are(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    write_asap(AnnotationSet.of([outline("theirs")]), path)
    noon = datetime(2024, 5, 6, 12, 30).astimezone()
    write_sidecar(read_asap(path).annotations, path, Sidecar(), None, "Ada", noon)
    open_markup(qtbot, window, path)
    document, panel = window.session.document, window.editing.list

    def tip(row: int) -> str:
        return str(panel.model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole))

    assert tip(0) == "theirs\nDrawn by Ada on 2024-05-06 12:30."
    (theirs,) = document.annotations
    mine = outline("mine")
    moved = replace(theirs, points=as_points(theirs.points + 5))
    document.apply("Edit", {mine.id: mine, theirs.id: moved})
    assert tip(0).endswith("12:30.\nChanged since it was saved.")
    assert tip(1) == "mine\nNot saved yet."
    document.apply("Rename", {mine.id: replace(mine, name="<b>mine</b>")})
    assert "&lt;b&gt;mine" in tip(1)
    document.undo_stack.undo()
    assert panel.model.index(1, 0).data() == "mine"
    window.named_actions["save"].trigger()
    wait_for_jobs(qtbot)
    author = window.saving.sidecars.known.marks[mine.id].author
    assert tip(1).startswith(f"mine\nDrawn by {author} on 2")
    window.session.selection.set([theirs.id])
    told: list[str] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, AttributesDialog)
        told.append(dialog.history.text())
        dialog.reject()

    QTimer.singleShot(0, look)
    window.named_actions["edit_attributes"].trigger()
    assert told[0].startswith(f"Drawn by Ada on 2024-05-06 12:30. Changed by {author} on 2")


def test_what_is_recovered_of_a_broken_file_keeps_who_drew_it(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    write_asap(AnnotationSet.of([outline("theirs"), outline("cut off")]), path)
    noon = datetime(2024, 5, 6, 12, 30).astimezone()
    write_sidecar(read_asap(path).annotations, path, Sidecar(), None, "Ada", noon)
    whole = path.read_text()
    path.write_text(whole[: whole.rindex("<Coordinates>")])
    open_markup(qtbot, window, path)
    (notice,) = window.notices.notices
    assert notice.button is not None
    notice.button.click()
    wait_for_jobs(qtbot)
    document = window.session.document
    theirs = next(it for it in document.annotations if it.name == "theirs")
    assert window.saving.sidecars.history_of(theirs) == ("Drawn by Ada on 2024-05-06 12:30.",)


def test_markup_of_another_slide_is_told_whichever_is_opened_first(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, real_data: Path, tmp_path: Path,
    choose_file: ChooseFile,
) -> None:  # fmt: skip
    window = open_slide(made_slide)
    new = outline()
    window.session.document.apply("Add polygon", {new.id: new})
    choose_file(tmp_path / "a.xml")
    window.named_actions["save"].trigger()
    wait_for_jobs(qtbot)
    assert not told(window, "was drawn on")
    other = real_data / "slides" / "CMU-1-Small-Region.svs"
    open_slide(other)
    wait_for_jobs(qtbot)
    open_markup(qtbot, window, tmp_path / "a.xml")
    assert told(window, f"a.xml was drawn on {made_slide.name} with 4096 × 3072 px")
    window.notices.clear()
    window.session.set_slide(None)
    open_markup(qtbot, window, tmp_path / "a.xml")
    assert not told(window, "was drawn on")
    open_slide(other)
    assert told(window, "was drawn on")


def test_a_damaged_sidecar_is_a_notice_and_the_markup_opens(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    write_asap(AnnotationSet.of([outline()]), path)
    sidecar_of(path).write_text("{")
    open_markup(qtbot, window, path)
    assert len(window.session.document.annotations) == 1
    assert told(window, "a.slideviewer.json cannot be used")


def test_the_dialog_offers_all_formats(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *words: (asked.append(words[3]), ("", ""))[1]
    )
    window.named_actions["open_annotations"].trigger()
    assert asked == [annotation_filter()]
    first, *others = asked[0].split(";;")
    assert "*.ndpa" in first and "*.geojson.gz" in first
    assert [it.split(" (")[0] for it in others] == [
        *("ASAP XML", "QuPath GeoJSON", "Aperio ImageScope XML", "Camelyon16 JSON"),
        *("Hamamatsu NDPA", "All files"),
    ]


@pytest.mark.parametrize(("choice", "sign"), [(ADD, 1), (TAKE, -1), (STAY, 0)])
def test_the_offset_is_added_or_taken_away_in_one_step(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, choice: str, sign: int
) -> None:
    window = open_slide(made_slide)
    action, document = window.named_actions["shift_by_offset"], window.session.document
    action.trigger()
    assert told(window, "has no offset")
    window.session.slide.bounds = Rect(1000, 500, 2000, 2000)  # as in MRXS
    action.trigger()
    assert told(window, "no annotations yet")
    first, second = outline("a"), outline("b")
    document.apply("Add polygons", {first.id: first, second.id: second})
    answer(qtbot, choice)
    action.trigger()
    moved = [it.points[0].tolist() for it in document.annotations]
    assert moved == [[10 + sign * 1000, 20 + sign * 500]] * 2
    if sign:
        document.undo_stack.undo()
        assert list(document.annotations) == [first, second]
    QTest.qWait(0)


def test_places_beyond_all_measure_can_be_looked_at(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path
) -> None:
    window = open_slide(made_slide)
    far = as_points([(1.7e308, -1.7e308), (-1.7e308, 1.7e308), (0, 0), (1e15, -1e15), (1e30, 5)])
    kinds = [kind for kind in Kind if kind != Kind.NONE]
    path = tmp_path / "far.xml"
    write_asap(AnnotationSet.of([Annotation(str(kind), kind, far) for kind in kinds]), path)
    open_markup(qtbot, window, path)
    assert [len(it.points) for it in window.session.document.annotations] == [2] * len(kinds)
    window.grab()
    for annotation_id in window.session.document.annotations.annotations:
        window.session.selection.set([annotation_id])
        window.grab()
