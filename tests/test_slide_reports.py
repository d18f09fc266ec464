"""Reports of reviewed slides: what they say is what was found, drawn and decided."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from evaluation_fixtures import BOXES, CELL, SIZE, UM_PX, markup, prediction
from hypothesis import given, settings
from hypothesis import strategies as st
from mask_fixtures import Brightness, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points
from slideviewer.annotations.decisions import Decision, Verdict, as_runs
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.slide_reports import words
from slideviewer.evaluation.slide_reports.flow import BOTTOM, Column, Flow
from slideviewer.evaluation.slide_reports.index import IndexLine, write_index
from slideviewer.evaluation.slide_reports.making import slide_report
from slideviewer.evaluation.slide_reports.page import slide_page, write_text
from slideviewer.evaluation.slide_reports.painting import FINDING_PX, SLIDE_PX, finding_picture
from slideviewer.evaluation.slide_reports.pdf import report_sheets, write_pdf
from slideviewer.evaluation.slide_reports.sheet import (
    HEIGHT,
    height_of,
    printable,
    width_of,
    wrapped,
)
from slideviewer.evaluation.slide_reports.values import OPEN, ReportOptions, SlideReport
from slideviewer.geometry import Rect
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.predict import NucleiPrediction, rules_for
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.slide import Pixels, open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.slide.writing import write_pyramid

NAME = "a_01"
BOX = BOXES[NAME]
ALL = ReportOptions(least_um2=0.0, pictures=3)
CUNNING = '<script>alert("x")</script> $\\alpha$ =1+1 größe 漢'


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / f"{NAME}.tif"
    write_pyramid(path, SIZE, [np.full((SIZE[1], SIZE[0], 3), 230, np.uint8)], UM_PX)
    return path


@pytest.fixture(scope="module")
def predicted(slide_file: Path) -> Prediction:
    return prediction(NAME, slide_file.parent, 0)


def decision(kind: str, verdict: Verdict, box: tuple[int, int, int, int], **more: str) -> Decision:
    return Decision(kind, verdict, as_runs([box]), author="Anna", at="2026-01-02T03:04:05", **more)


def made(
    slide_file: Path,
    predicted: Prediction | None,
    annotations: AnnotationSet,
    options: ReportOptions = ALL,
) -> SlideReport:
    with closing(open_slide(slide_file)) as slide:
        return slide_report(slide, annotations, predicted, options)


def test_areas_are_those_of_the_cells(slide_file: Path, predicted: Prediction) -> None:
    report = made(slide_file, predicted, markup(BOX))
    cell_um2 = (CELL * UM_PX) ** 2
    positive = int(predicted.positive_cells().sum())
    assert report.predicted_um2 == pytest.approx(positive * cell_um2)
    box_um2 = (BOX[2] - BOX[0]) * (BOX[3] - BOX[1]) * UM_PX**2
    assert report.marked_um2 == pytest.approx(box_um2)
    assert report.findings
    for it in report.findings:
        assert it.area_um2 == pytest.approx(it.area_px2 * UM_PX**2)
        assert it.state == OPEN
    facts = dict(report.slide)
    assert facts["Size"] == "2,048 × 1,536 px"
    assert facts["Spacing"] == "0.25 µm/px"
    assert re.fullmatch("[0-9a-f]{64}", facts["Identity"])
    assert dict(report.run)["Threshold"] == "0.5"


def test_measures_are_those_of_evaluate(slide_file: Path, predicted: Prediction) -> None:
    report = made(slide_file, predicted, markup(BOX))
    overlap, tiles = report.measures
    positive = predicted.positive_cells()
    true = np.zeros(positive.shape, np.bool_)
    left, top, right, bottom = (side // CELL for side in BOX)
    true[top:bottom, left:right] = True
    dice = 2 * (positive & true).sum() / (positive.sum() + true.sum())
    assert overlap.score("dice", "Tumor").value == pytest.approx(dice)
    assert 0.5 < (tiles.score("roc_auc", "Tumor").value or 0) <= 1
    other = made(slide_file, predicted, markup(BOX, group="Lesion"))
    assert len(other.measures) == 1
    assert any("Tiles are not scored" in it and "Lesion" in it for it in other.notes)
    named = made(slide_file, predicted, markup(BOX, "Lesion"), ReportOptions(groups=("Lesion",)))
    assert len(named.measures) == 2
    loose = AnnotationSet.of([replace(it, group=None) for it in markup(BOX)], [])
    for groups in (None, (None,)):
        assert made(slide_file, predicted, loose, ReportOptions(groups=groups)).measures[1:]


def test_decisions_stand_with_their_findings_and_none_is_lost(
    slide_file: Path, predicted: Prediction
) -> None:
    plain = made(slide_file, predicted, markup(BOX))
    first = plain.findings[0]
    box = first.bounds
    place = (int(box.x), int(box.y), int(box.right), int(box.bottom))
    rejected = decision(first.kind.name.lower(), Verdict.REJECTED, place, reason="Artefact")
    gone = decision("predicted", Verdict.ACCEPTED, (1500, 900, 1700, 1100), group="Tumor")
    later = decision("predicted", Verdict.DEFERRED, (1900, 1400, 1990, 1500))
    unknown = decision("of another version", Verdict.ACCEPTED, (0, 0, 9, 9))
    drawn = markup(BOX).with_decisions({it.id: it for it in (rejected, gone, later, unknown)})
    report = made(slide_file, predicted, drawn)
    by_id = {it.decision.id: it for it in report.findings if it.decision is not None}
    assert set(by_id) == {rejected.id, gone.id}
    assert by_id[rejected.id].kind == first.kind
    assert by_id[gone.id].area_um2 == pytest.approx(200 * 200 * UM_PX**2)
    assert report.counts[Verdict.ACCEPTED] == 1
    assert sum(report.counts.values()) == len(report.findings)
    totals = [sum(counts.values()) for _, counts in report.by_kind]
    assert sum(totals) == len(report.findings)
    assert [it.number for it in report.findings] == [*range(1, len(report.findings) + 1)]
    assert words.verdict(by_id[gone.id]) == "accepted into Tumor"
    assert words.decided(by_id[gone.id]) == "Anna, 2026-01-02 03:04"


def test_the_picture_is_red_where_predicted_and_blue_where_drawn(
    slide_file: Path, predicted: Prediction
) -> None:
    report = made(slide_file, predicted, markup(BOX), ReportOptions(least_um2=1e9))
    assert not report.findings
    assert report.picture is not None
    assert report.picture.shape == (round(SLIDE_PX * SIZE[1] / SIZE[0]), SLIDE_PX, 3)
    scale = SLIDE_PX / SIZE[0]
    rows, columns = np.nonzero(predicted.positive_cells())
    inside = [round((it + 0.5) * CELL * scale) for it in (rows[40], columns[40])]
    red = report.picture[inside[0], inside[1]].astype(int)
    assert red[0] > red[1] + 40
    rows, columns = np.nonzero(~predicted.positive_cells())
    outside = [round((it + 0.5) * CELL * scale) for it in (rows[5], columns[5])]
    assert (report.picture[outside[0], outside[1]] >= 228).all()
    edge = report.picture[round(700 * scale), round(BOX[0] * scale)].astype(int)
    assert edge[2] > edge[0] + 80
    assert len(report.legend) == 2


def test_a_mask_is_compared_as_cells_and_nuclei_are_not_compared(tmp_path: Path) -> None:
    pixels = np.zeros((700, 900, 3), np.uint8)
    pixels[100:400, 150:450, 1] = 230
    package = write_tiny_segmentation(tmp_path / "tiny", patch=64, spacing_um_px=0.5)
    picture = write_picture(tmp_path / "squares.png", pixels)
    with closing(open_slide(picture)) as slide:
        mask = predict_mask(
            slide,
            package,
            store=tmp_path / "store",
            spacing=0.5,
            tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
            loader=ModelLoader(package, Brightness()),
        )
        options = ReportOptions(groups=("Nest",), least_um2=0)
        drawn = markup((150, 100, 450, 300), "Nest")
        report = slide_report(slide, drawn, mask, options)
        nuclei = slide_report(
            slide, drawn, NucleiPrediction(mask, tmp_path / "store", rules_for(package.spec))
        )
    (measured,) = report.measures
    assert measured.score("dice", "Inflammation").value == pytest.approx(0.8, abs=0.05)
    assert report.predicted_um2 == pytest.approx(300 * 300 / 4, rel=0.1)
    assert [it.kind for it in report.findings] == [FindingKind.BEYOND_MARKUP]
    assert not nuclei.has_findings
    assert nuclei.run
    assert any("Nuclei are not outlined by hand" in it for it in nuclei.notes)


def test_only_the_first_findings_have_pictures(slide_file: Path, predicted: Prediction) -> None:
    report = made(slide_file, predicted, AnnotationSet())
    assert len(report.findings) > 3
    assert [it.picture is not None for it in report.findings[:5]] == [True] * 3 + [False] * 2
    assert not report.measures
    assert "Nothing is marked on this slide." in report.notes


def test_without_a_prediction_it_says_so(slide_file: Path) -> None:
    report = made(slide_file, None, markup(BOX))
    assert not report.has_findings
    assert not report.model
    page = slide_page(report)
    assert "Nothing was predicted on this slide" in page
    assert "<h2>Decisions</h2>" not in page
    assert len(report_sheets(report)) >= 1


def test_words_from_outside_do_no_harm(
    slide_file: Path, predicted: Prediction, tmp_path: Path
) -> None:
    told = decision("predicted", Verdict.ACCEPTED, (9, 9, 99, 99), group=CUNNING, note=CUNNING)
    shape = Annotation(CUNNING, Kind.DOT, as_points([(40, 40)]), None)
    far = Annotation("far", Kind.POLYGON, as_points([(-1e12, 5), (1e12, 5), (3, 1e12)]), None)
    drawn = AnnotationSet.of([shape, far], decisions=[told])
    report = made(slide_file, predicted, drawn)
    page = slide_page(report)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "://" not in page
    write_pdf(report, tmp_path / "a.pdf")
    written = (tmp_path / "a.pdf").read_bytes()
    assert written.startswith(b"%PDF-")
    assert written.rstrip().endswith(b"%%EOF")


def test_every_page_says_what_it_may_be_used_for(
    slide_file: Path, predicted: Prediction, tmp_path: Path
) -> None:
    many = {
        it.id: it
        for it in (
            decision("predicted", Verdict.ACCEPTED, (k, 0, k + 9, 9), note="words " * 60)
            for k in range(0, 600, 20)
        )
    }
    options = ReportOptions(least_um2=0, pictures=1)
    report = made(slide_file, predicted, markup(BOX).with_decisions(many), options)
    sheets = report_sheets(report)
    assert len(sheets) > 4
    for number, sheet in enumerate(sheets, 1):
        said = [it.get_text() for it in sheet.figure.texts]
        assert RESEARCH_USE_ONLY in said
        assert f"{number} / {len(sheets)}" in said
        for text in sheet.figure.texts:
            assert 0.02 < text.get_position()[1] < 0.98, text.get_text()
    assert slide_page(report).count(RESEARCH_USE_ONLY) == 3
    write_pdf(report, tmp_path / "a.pdf")
    pages = re.findall(rb"/Type /Page\b", (tmp_path / "a.pdf").read_bytes())
    assert len(pages) == len(sheets)


@settings(max_examples=25)
@given(st.text(max_size=120), st.floats(20, 300), st.floats(5, 18), st.booleans())
def test_broken_lines_fit_and_lose_nothing(
    text: str, width: float, size: float, bold: bool
) -> None:
    lines = wrapped(text, width, size, bold=bold)
    assert "".join(lines).replace(" ", "") == printable(text).replace(" ", "")
    for line in lines:
        assert width_of(line, size, bold=bold) <= width + 1e-6 or len(line) == 1
    short = wrapped(text, width, size, bold=bold, most=2)
    assert len(short) <= 2
    assert height_of(short, size) <= height_of(lines, size)


def test_a_table_of_many_slides(slide_file: Path, predicted: Prediction, tmp_path: Path) -> None:
    report = made(slide_file, predicted, markup(BOX))
    lines = [
        IndexLine.of(report, "größe & co.html", "größe & co.pdf"),
        IndexLine("=cmd()<b>.svs", problem="It cannot be read."),
    ]
    write_index(lines, tmp_path, "index", "Two & more", pdf=True)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert 'href="gr%C3%B6%C3%9Fe%20%26%20co.html"' in page
    assert "<b>" not in page
    assert "It cannot be read." in page
    table = (tmp_path / "index.csv").read_text("utf-8")
    assert "'=cmd()<b>.svs" in table
    assert f"{len(report.findings)},{len(report.findings)},0,0,0,0," in table
    assert (tmp_path / "index.pdf").read_bytes().startswith(b"%PDF-")


def test_a_report_that_cannot_be_written_is_one_error(
    slide_file: Path, predicted: Prediction, tmp_path: Path
) -> None:
    report = made(slide_file, predicted, markup(BOX))
    (tmp_path / "file").write_text("kept")
    for write in (lambda path: write_text("", path), lambda path: write_pdf(report, path)):
        with pytest.raises(EvaluationError, match="cannot be written"):
            write(tmp_path / "file" / "a.html")
    assert (tmp_path / "file").read_text() == "kept"


def test_kinds_have_a_colour() -> None:
    from slideviewer.evaluation.slide_reports.painting import KIND_COLOURS

    assert set(KIND_COLOURS) == set(FindingKind)


def test_a_row_higher_than_a_sheet_goes_on_over_the_next() -> None:
    flow = Flow("x")
    words = [f"word{number}" for number in range(1800)]
    flow.table([Column("a", 1), Column("b", 1)], [["1", " ".join(words)], ["2", "end"]])
    assert len(flow.sheets) > 2
    written = [it for sheet in flow.sheets for it in sheet.figure.texts]
    assert all(it.get_position()[1] >= 1 - BOTTOM / HEIGHT for it in written)
    told = [it.get_text() for it in written]
    assert " ".join(told).split().count("b") == len(flow.sheets)
    assert set(words) <= set(" ".join(told).split())


def test_a_finding_of_a_flat_slide_is_read_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slide without coarse levels is never in memory as a whole."""
    width, height = 5000, 2300
    grey = np.full((height, width, 3), 200, np.uint8)
    grey[1000:1800, 2000:4000] = 60
    path = tmp_path / "flat.tif"
    tifffile.imwrite(path, grey, tile=(512, 512), photometric="rgb", compression="deflate")
    with closing(open_slide(path)) as slide:
        asked: list[int] = []
        read = slide.read_region

        def watched(level: int, x: int, y: int, *sides: int) -> Pixels:
            asked.append(sides[0] * sides[1])
            return read(level, x, y, *sides)

        monkeypatch.setattr(slide, "read_region", watched)
        bounds = Rect(0, 0, width, height)
        runs = np.array([[0, 0, width, height]], float)
        picture = finding_picture(slide, FindingKind.MARKED, runs, bounds, AnnotationSet())
    assert len(asked) > 1 and max(asked) <= 1100**2
    side = 1.7 * width

    def at(x: float, y: float) -> list[int]:
        column, row = (
            int((place - middle / 2 + side / 2) * FINDING_PX / side)
            for place, middle in ((x, width), (y, height))
        )
        return picture[row, column].tolist()

    assert at(1000, 600) == [200] * 3
    assert at(3000, 1400) == [60] * 3
    assert at(2500, -1000) == [255] * 3
