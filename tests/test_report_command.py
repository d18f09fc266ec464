"""`slideviewer report` and `slideviewer worklist` as a user meets them."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluation_fixtures import BOXES, SIZE, make_everything, markup, prediction
from tiny_model import write_tiny_package

from slideviewer import RESEARCH_USE_ONLY, paths
from slideviewer.annotations import read_annotations, write_annotations
from slideviewer.annotations.decisions import Decision, Verdict, as_runs, write_decisions
from slideviewer.cli import main
from slideviewer.cohort.exported_files import NOTES_FILE
from slideviewer.cohort.slide_reports import page_names
from slideviewer.cohort.worklist import ReadingState, Worklist, worklist_of
from slideviewer.cohort.worklist_predict import predict_unread
from slideviewer.errors import SlideError
from slideviewer.inference.kept import kept_name, latest_kept
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.store import PredictionStore
from slideviewer.progress import Step

pytestmark = pytest.mark.usefixtures("kept_engines")

EXAMPLES = [
    line.strip()
    for line in (paths.resources_folder() / "help" / "reports.md").read_text("utf-8").splitlines()
    if line.startswith("    slideviewer ")
]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_everything(tmp_path_factory.mktemp("everything"))


@pytest.fixture
def work(everything: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slides with their markup beside them, and a file that is none."""
    folder = tmp_path / "work"
    shutil.copytree(everything / "slides", folder / "slides")
    shutil.copytree(everything / "markup", folder / "markup")
    for name in BOXES:
        shutil.copy(folder / "markup" / f"{name}.xml", folder / "slides")
    (folder / "slides" / "broken.svs").write_bytes(b"no slide at all")
    monkeypatch.chdir(folder)
    return folder


def run(*command: str) -> int:
    return main(command, None)  # type: ignore[arg-type]


def keep_prediction(slide: Path, seed: int = 0) -> Path:
    """Store a prediction where the window would."""
    made = prediction(slide.stem, slide.parent.parent, seed)
    identity = content_identity(slide)
    store = paths.predictions_folder() / kept_name(identity, "0" * 64)
    facts = {**made.provenance, "slide": {"content": identity, "width": SIZE[0], "height": SIZE[1]}}
    kept = PredictionStore.open_or_create(
        store, made.grid, made.class_names, facts, target=1, threshold=0.5
    )
    rows, columns = np.nonzero(~np.isnan(made.target_probabilities))
    places = columns.astype(np.int32), rows.astype(np.int32)
    kept.write(CellBatch(*places, made.probabilities[rows, columns]))
    kept.finish(complete=True)
    return store


def test_the_examples_of_the_guide_run(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a_02.tif", "a_02.xml", "a_03.tif", "a_03.xml", "normal_01.tif", "broken.svs"):
        (work / "slides" / name).unlink()
    store = keep_prediction(work / "slides" / "a_01.tif")
    shutil.copytree(store, work / "results" / "a_01" / "store")
    assert len(EXAMPLES) == 6
    for example in EXAMPLES:
        assert run(*shlex.split(example)[1:]) == 0, example
    assert {it.suffix for it in (work / "reports").iterdir()} == {".html", ".pdf", ".csv"}
    assert (work / "done" / "a_01.xml").is_file()
    assert "a_01.tif" in capsys.readouterr().out


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["slide"]: row for row in csv.DictReader(stream)}


def decide(slide: Path) -> None:
    """Have a region rejected beside a slide."""
    runs = as_runs([(1800, 100, 1950, 250)])
    made = Decision("predicted", Verdict.REJECTED, runs, author="Anna", at="2026-01-02T03:04:05")
    write_decisions({made.id: made}, slide.with_suffix(".xml"))


def test_a_folder_has_a_page_each_a_table_and_one_that_fails_stops_none(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in BOXES:
        keep_prediction(work / "slides" / f"{name}.tif")
    assert run("report", "slides", "--out", "out", "--least", "0", "--pictures", "2") == 2
    said = capsys.readouterr()
    assert "broken.svs" in said.err
    assert RESEARCH_USE_ONLY in said.out
    rows = table(work / "out" / "index.csv")
    assert set(rows) == {"a_01.tif", "a_02.tif", "a_03.tif", "normal_01.tif", "broken.svs"}
    assert "no slide" in rows["broken.svs"]["problem"]
    assert float(rows["a_01.tif"]["dice"]) > 0.5
    assert int(rows["a_01.tif"]["findings"]) > 0
    assert rows["normal_01.tif"]["dice"] == ""
    page = (work / "out" / "a_01.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == 3
    assert RESEARCH_USE_ONLY in page
    assert not list((work / "out").glob("*.pdf"))


def test_one_slide_with_what_predict_wrote_and_markup_that_is_named(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = keep_prediction(work / "slides" / "a_02.tif")
    moved = work / "elsewhere" / "store"
    shutil.move(store, moved)
    decide(work / "markup" / "a_02.xml")
    command = ("report", "slides/a_02.tif", "--out", "out", "--predictions", "elsewhere")
    assert run(*command, "--annotations", "markup/a_02.xml", "--pdf") == 0
    assert (work / "out" / "a_02.pdf").read_bytes().startswith(b"%PDF-")
    assert "Anna" in (work / "out" / "a_02.html").read_text("utf-8")
    assert not (work / "out" / "index.html").exists()
    capsys.readouterr()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--predictions", "markup"), "holds no prediction"),
        (("--predictions", "slides", "--model", "tumour-camelyon"), "Leave one of them out"),
        (("--least", "-1"), "from 0 µm²"),
        (("--threshold", "2"), "from 0 to 1"),
        (("--annotations", "nowhere"), "no such annotations"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    work: Path, more: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("report", "slides/a_01.tif", "--out", "out", *more) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert says in said.err
    assert not (work / "out").exists()


def test_a_worklist_is_filled_listed_marked_and_exported(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("worklist", "list", "slides") == 2
    assert "Begin one" in capsys.readouterr().err
    (work / "more.csv").write_text("patient,path\n1,slides/a_01.tif\n2,slides/a_02.tif\n")
    assert run("worklist", "add", "slides", "more.csv") == 0
    assert "2 slides added; the list holds 2" in capsys.readouterr().out
    assert run("worklist", "add", "slides") == 0
    assert "3 slides added; the list holds 5" in capsys.readouterr().out
    for state in ("in review", "done"):
        assert run("worklist", "mark", "slides", state, "slides/a_01.tif", "slides/a_02.tif") == 0
    assert run("worklist", "mark", "slides", "finished", "slides/a_01.tif") == 2
    assert run("worklist", "mark", "slides", "done", "markup/a_01.xml") == 2
    assert "not on the list" in capsys.readouterr().err
    assert run("worklist", "list", "slides", "--state", "done", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [Path(it["slide"]).name for it in told] == ["a_01.tif", "a_02.tif"]
    decide(work / "slides" / "a_01.tif")
    assert run("worklist", "export", "slides", "--out", "done") == 0
    rows = table(work / "done" / "worklist.csv")
    assert set(rows) == {"a_01.tif", "a_02.tif"}
    first = rows["a_01.tif"]
    assert (first["state"], first["annotations"], first["rejected"]) == ("done", "1", "1")
    assert (first["decided"], first["xml"], first["report"]) == ("1", "a_01.xml", "")
    assert first["in_review"] and first["done"] and first["by"]
    written = read_annotations(work / "done" / "a_01.xml").annotations
    source = read_annotations(work / "slides" / "a_01.xml").annotations
    assert [it.points.tolist() for it in written] == [it.points.tolist() for it in source]


def test_all_are_exported_with_reports_and_nothing_is_written_over(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_prediction(work / "slides" / "a_01.tif")
    with Worklist(worklist_of(work / "slides")) as worklist:
        worklist.add([work / "slides" / f"{name}.tif" for name in (*BOXES, "gone")])
    assert run("worklist", "export", "slides", "--out", "done") == 2
    assert "No slide of the list is done" in capsys.readouterr().err
    assert run("worklist", "export", "slides", "--out", "all", "--all", "--reports") == 2
    rows = table(work / "all" / "worklist.csv")
    assert rows["a_01.tif"]["report"] == "a_01.html"
    assert "no such file" in rows["gone.tif"]["problem"]
    assert (work / "all" / "index.html").is_file()
    before = (work / "slides" / "a_01.xml").read_bytes()
    assert run("worklist", "export", "slides", "--out", "slides", "--all") == 2
    assert "would be written over" in capsys.readouterr().err
    assert (work / "slides" / "a_01.xml").read_bytes() == before


def test_another_reader_s_xml_is_not_written_over(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slides = [work / "slides" / f"{name}.tif" for name in BOXES]
    with Worklist(worklist_of(work / "slides")) as worklist:
        worklist.add(slides)
        worklist.set_state(slides[0], ReadingState.DONE)
    export = ("worklist", "export", "slides", "--out", "o")
    assert run(*export, "--all") == run(*export) == run(*export, "--all") == 0
    with (work / "o" / NOTES_FILE).open("a") as stream:
        stream.write('damaged\n["list"]\n')
    theirs = work / "o" / "a_01.xml"
    theirs.write_bytes(theirs.read_bytes().replace(b"</", b" </", 1))
    before = theirs.read_bytes()
    capsys.readouterr()
    assert run(*export, "--all") == 2
    assert "a_01.xml" in (said := capsys.readouterr().err) and "no export wrote it" in said
    assert theirs.read_bytes() == before
    rows = table(work / "o" / "worklist.csv")
    assert "no export wrote it" in rows["a_01.tif"]["problem"]
    assert rows["a_02.tif"]["xml"] == "a_02.xml"
    assert run(*export, "--all", "--overwrite") == 0
    assert theirs.read_bytes() != before
    assert run(*export, "--all") == 0
    theirs.unlink()
    theirs.mkdir()
    (work / "o" / NOTES_FILE).unlink()
    (work / "o" / NOTES_FILE).mkdir()
    capsys.readouterr()
    assert run(*export, "--all", "--overwrite") == 2
    assert "not noted" in capsys.readouterr().err
    assert run(*export, "--all") == 2
    assert "a_01.xml: lies there already and cannot be read" in capsys.readouterr().err


def test_what_is_still_to_be_predicted_stays_in_the_list(tmp_path: Path) -> None:
    slides = [tmp_path / f"{number}.svs" for number in range(4)]
    with Worklist(worklist_of(tmp_path)) as worklist:
        worklist.add(slides)
        worklist.set_state(slides[3], ReadingState.DONE)
        worklist.wait_for(slides, "abc", "A model")
        worklist.note_predicted(slides[1], "anna")
        worklist.note_predicted(slides[3], "anna")
        worklist.wait_no_more([slides[2]])
    with Worklist(worklist_of(tmp_path)) as again:
        assert [(it.path, it.model, it.name) for it in again.waiting()] == [
            (slides[0], "abc", "A model")
        ]
        assert again.states() == {
            slides[0]: ReadingState.UNREAD,
            slides[1]: ReadingState.PREDICTED,
            slides[2]: ReadingState.UNREAD,
            slides[3]: ReadingState.DONE,
        }
        assert [it.state for it in again.log()] == [ReadingState.DONE, ReadingState.PREDICTED]
        again.note_predicted(slides[1], "bert")  # changes nothing
        assert len(again.log()) == 2
        again.wait_no_more()
        assert not again.waiting()


class Reddish:
    """Takes for the target what is red."""

    batch_size = 8

    def describe(self) -> dict[str, object]:
        return {"engine": "a test's own"}

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        red = tiles[..., 0].mean(axis=(1, 2)).astype(np.float32) / 255
        return np.stack([1 - red, red], axis=1)


def test_unread_slides_are_predicted_where_the_window_looks(work: Path, user_folder: Path) -> None:
    package = write_tiny_package(user_folder / "models" / "tiny", spacing_um_px=4.0)
    slide, damaged = work / "slides" / "a_01.tif", work / "slides" / "broken.svs"
    with Worklist(worklist_of(work / "slides")) as worklist:
        worklist.add([slide, work / "slides" / "a_02.tif", damaged])
        worklist.set_state(work / "slides" / "a_02.tif", ReadingState.DONE)

        def die(step: Step) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            predict_unread(worklist, ModelLoader(package, Reddish()), "anna", die)
    with Worklist(worklist_of(work / "slides")) as worklist:
        assert [it.path for it in worklist.waiting()] == [slide, damaged]
        outcomes = predict_unread(worklist, ModelLoader(package, Reddish()), "anna")
        assert [it.item for it in outcomes] == [slide, damaged]
        assert [it.error is None for it in outcomes] == [True, False]
        assert worklist.states()[slide] == ReadingState.PREDICTED
        assert worklist.states()[damaged] == ReadingState.UNREAD
        assert not worklist.waiting()
    assert latest_kept(content_identity(slide), package.hash) == outcomes[0].result


def test_predicting_what_nobody_wants_says_so(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Worklist(worklist_of(work / "slides")) as worklist:
        worklist.set_state(work / "slides" / "a_01.tif", ReadingState.DONE)
    assert run("worklist", "predict", "slides", "--model", "tumour-camelyon") == 0
    assert "nothing to predict" in capsys.readouterr().out


def test_a_prediction_of_another_slide_is_refused(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one store of a folder is meant for the slide that is named; its name says nothing."""
    store = keep_prediction(work / "slides" / "a_02.tif")
    shutil.copytree(store, work / "results" / "a_01" / "store")
    chosen = ("--out", "out", "--predictions", "results")
    assert run("report", "slides/a_01.tif", *chosen) == 2
    assert "is of another slide" in capsys.readouterr().err
    assert run("report", "slides", *chosen) == 2
    rows = table(work / "out" / "index.csv")
    assert "is of another slide" in rows["a_01.tif"]["problem"]
    assert rows["a_02.tif"]["problem"] == ""
    assert not (work / "out" / "a_01.html").exists()


def test_markup_of_another_slide_is_refused(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_annotations(markup((100, 100, 9000, 900)), work / "markup" / "a_01.xml")
    noted = {"format": "slideviewer sidecar", "version": 1, "slide": {"name": "b.tif"}}
    noted["slide"] |= {"width_px": 99, "height_px": 98}
    (work / "markup" / "a_02.slideviewer.json").write_text(json.dumps(noted))
    for name in ("a_01", "a_02"):
        command = ("report", f"slides/{name}.tif", "--out", "out")
        assert run(*command, "--annotations", f"markup/{name}.xml") == 2
        assert "is of another slide" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="every name is text there")
def test_a_name_that_is_no_text_ends_no_batch(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "slides" / "a_01.tif").rename(os.fsdecode(os.fsencode(work / "slides") + b"/b\xff.tif"))
    for name in ("a_03.tif", "normal_01.tif", "broken.svs"):
        (work / "slides" / name).unlink()
    assert run("report", "slides", "--out", "out", "--pdf", "--pictures", "0") == 0
    assert sorted(it.name for it in (work / "out").glob("*.html")) == [
        "a_02.html",
        "b_.html",
        "index.html",
    ]
    assert 'href="b_.html"' in (work / "out" / "index.html").read_text("utf-8")
    assert set(table(work / "out" / "index.csv")) == {"a_02.tif", "b?.tif"}


def test_slides_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    places = ("x/1/HE.tif", "y/1/HE.tif", "y/2/HE.tif", "y/2/B.tif", "y/B.svs", "index.tif")
    names = page_names([tmp_path / it for it in places])
    told = ["x 1 HE", "y 1 HE", "2 HE", "B.tif", "B.svs", "index report"]
    assert [names[tmp_path / it] for it in places] == told
    with pytest.raises(SlideError, match="mixed up"):
        page_names([tmp_path / it for it in ("1/HE.tif", "2/HE.tif", "1 HE.tif")])


def test_two_listed_slides_of_one_name_are_both_exported(work: Path) -> None:
    for case, name in (("case1", "a_01"), ("case2", "a_02")):
        (work / case).mkdir()
        shutil.copy(work / "slides" / f"{name}.tif", work / case / "HE.tif")
        shutil.copy(work / "markup" / f"{name}.xml", work / case / "HE.xml")
    with Worklist(worklist_of(work)) as worklist:
        worklist.add([work / it / "HE.tif" for it in ("case1", "case2")])
    assert run("worklist", "export", ".", "--out", "both", "--all") == 0
    written = {it.name for it in (work / "both").glob("*.xml")}
    assert written == {"case1 HE.xml", "case2 HE.xml"}
    rows = table(work / "both" / "worklist.csv")
    assert {it: row["xml"] for it, row in rows.items()} == {
        "case1/HE.tif": "case1 HE.xml",
        "case2/HE.tif": "case2 HE.xml",
    }


def test_reports_of_a_list_are_of_the_model_that_is_named(work: Path, tmp_path: Path) -> None:
    keep_prediction(work / "slides" / "a_01.tif")
    package = write_tiny_package(tmp_path / "other")
    with Worklist(worklist_of(work / "slides")) as worklist:
        worklist.add([work / "slides" / "a_01.tif"])
    for more, model in (((), "made"), (("--model", str(package.folder)), "")):
        command = ("worklist", "export", "slides", "--out", "o", "--all", "--reports")
        assert run(*command, *more) == 0
        assert table(work / "o" / "index.csv")["a_01.tif"]["model"] == model
