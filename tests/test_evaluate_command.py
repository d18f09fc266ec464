"""`slideviewer evaluate` as a user meets it: examples of the guide, pages, JSON, one clear line."""

import html
import json
import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_fixtures import BOXES, SIZE, make_everything, markup, prediction, square
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer import RESEARCH_USE_ONLY, paths
from slideviewer.annotations import Annotation, AnnotationSet, Kind, write_annotations
from slideviewer.cli import main
from slideviewer.errors import SlideviewerError
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.inputs.labelled_tiles import TruthOptions, labelled_tiles, marked
from slideviewer.evaluation.inputs.markup import Markup
from slideviewer.evaluation.inputs.points import read_points
from slideviewer.evaluation.inputs.predicted_tiles import read_predicted, tiles_of
from slideviewer.evaluation.inputs.slide_scores import scored_slides
from slideviewer.evaluation.inputs.stages import read_patients
from slideviewer.evaluation.inputs.true_pictures import true_pictures
from slideviewer.evaluation.lesions import downsample_for
from slideviewer.evaluation.report import Report, Score, Worst
from slideviewer.evaluation.reports.page import Picture, page
from slideviewer.evaluation.tiles import evaluate_tiles
from slideviewer.inference.png import png_bytes

EXAMPLES = [
    line.strip()
    for line in (paths.resources_folder() / "help" / "evaluating.md")
    .read_text("utf-8")
    .splitlines()
    if line.startswith("    slideviewer evaluate")
]
Run = Callable[..., int]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_everything(tmp_path_factory.mktemp("everything"))


@pytest.fixture
def work(everything: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own with all of it, in which commands run."""
    folder = tmp_path / "work"
    shutil.copytree(everything, folder)
    monkeypatch.chdir(folder)
    return folder


def run(command: str) -> int:
    return main(["evaluate", *shlex.split(command)], None)  # type: ignore[arg-type]


def printed(command: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert run(f"{command} --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def refused(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that is said in place of a number."""
    capsys.readouterr()
    assert run(command) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    return said.err


def score(report: dict[str, Any], name: str, of: str = "", variant: str = "") -> Any:
    return next(
        it["value"]
        for it in report["scores"]
        if (it["name"], it["of"]) == (name, of) and it["variant"].startswith(variant)
    )


class Checker(HTMLParser):
    """Looks whether a page closes what it opens, and loads nothing from elsewhere."""

    EMPTY = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert tag != "script" and not any(name.startswith("on") for name in values)
        if tag == "img":
            source = values["src"] or ""
            assert source.startswith("data:image/png;base64,") and values["alt"]
            self.pictures.append(source)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    assert not checker.open
    assert "http:" not in text and "https:" not in text
    return checker


# The guide


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_runs(
    example: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{example.removeprefix('slideviewer evaluate ')} --resamples 20"
    assert run(command) == 0
    said = capsys.readouterr()
    assert not said.err
    assert RESEARCH_USE_ONLY in said.out
    wanted = re.search(r"--html (\S+)", example)
    if wanted is not None:
        text = (work / wanted[1]).read_text("utf-8")
        assert text.count(RESEARCH_USE_ONLY) == 2
        checked(text)
    report = printed(command.replace("--json", "").split("--html")[0] + " --resamples 20", capsys)
    assert report["research_use"] == RESEARCH_USE_ONLY
    assert all(it["variant"] for it in report["scores"])


def test_there_is_an_example_of_every_command() -> None:
    from slideviewer.cli.evaluating.app import COMMANDS

    assert {line.split()[2] for line in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize(
    "name", ["tiles", "segmentation", "nuclei", "lesions", "slides", "patients", "annotations"]
)
def test_help_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{name} --help") == 0
    assert f"slideviewer evaluate {name}" in " ".join(capsys.readouterr().out.split())


# The same numbers everywhere


def test_the_json_is_what_the_functions_say_to_the_last_digit(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = printed("tiles results markup --normal normal_* --resamples 30 --seed 3", capsys)
    read = labelled_tiles(Path("results"), Path("markup"), TruthOptions(normal=("normal_*",)))
    again = evaluate_tiles(read.tiles, 0.5, Resampling(30, 3), read.notes)
    assert report == json.loads(json.dumps(again.as_json()))
    assert report["resampled"].startswith("bootstrap by slide: 4 slides, 30 resamples, seed 3")


def test_what_is_measured_of_values_is_what_is_measured_of_their_files(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A window that shows the same prediction and markup shows the same to the last digit."""
    report = printed("tiles results markup --normal normal_* --resamples 30", capsys)
    kept = {name: prediction(name, work, seed) for seed, name in enumerate((*BOXES, "normal_01"))}
    drawn = {name: Markup(Path(), markup(box), (), SIZE, 0.25) for name, box in BOXES.items()}
    live = marked({name: tiles_of(it) for name, it in kept.items()}, drawn, 1)
    again = evaluate_tiles(live.tiles, 0.5, Resampling(30), live.notes)
    assert report == json.loads(json.dumps(again.as_json()))


def test_a_tile_is_of_a_class_where_its_centre_half_meets_markup(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells of 128 px: their centre halves reach from 32 to 96, so 97 px in is too little."""
    for reach, columns in ((31, 1), (33, 2)):
        write_annotations(markup((10, 0, 128 + reach, 1300)), work / "one.xml")
        read = labelled_tiles(work / "results" / "a_01", work / "one.xml", TruthOptions())
        assert read.tiles.rects is not None
        found = sorted(set(read.tiles.rects[read.tiles.labels == 1, 0].tolist()))
        assert found == [128.0 * it for it in range(columns)]
    drawn = markup((0, 0, 512, 1300))
    hole = Annotation("hole", Kind.RECTANGLE, square(0, 0, 256, 1300), "_2")
    write_annotations(AnnotationSet.of([*drawn, hole], drawn.groups.values()), work / "one.xml")
    read = labelled_tiles(work / "results" / "a_01", work / "one.xml", TruthOptions())
    assert read.tiles.rects is not None
    assert read.tiles.rects[read.tiles.labels == 1, 0].min() == 256


def test_lesions_of_markup_and_of_masks_are_the_same(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "lesions results {} --normal normal_* --resamples 0"
    drawn = printed(command.format("markup"), capsys)
    masks = printed(command.format("masks --groups Tumor"), capsys)
    assert drawn["scores"] == masks["scores"]
    assert score(drawn, "lesions") == 3
    assert downsample_for(0.25) == 32
    points = printed("lesions points markup --normal normal_* --spacing 0.25 --resamples 0", capsys)
    assert points["scores"] == drawn["scores"]
    labels = printed(command.format("masks --labels 1"), capsys)
    assert labels["scores"] == drawn["scores"]


def test_a_map_a_mask_and_markup_of_it_agree(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`classes.tif` holds what the likelihood map has from the threshold on."""
    of_map = printed(
        "segmentation results/a_01/a_01_likelihood_map.tif markup/a_01.xml --threshold 0.5", capsys
    )
    of_mask = printed("segmentation results/a_01/classes.tif markup/a_01.xml", capsys)
    assert of_map["scores"] == of_mask["scores"]
    assert of_mask["scores"][0]["of"] == "Tumor"
    # The box lies on whole cells, so its pixels are known: each map pixel is 16 px.
    left, top, right, bottom = BOXES["a_01"]
    assert of_mask["tables"][0]["rows"][0][5] == (right - left) * (bottom - top) // 16**2
    finer = printed("segmentation results/a_01/a_01_likelihood_map.tif markup/a_01.xml "
                    "--threshold 0.9 --slides slides", capsys)  # fmt: skip
    assert finer["tables"][0]["columns"][-1] == "true µm²"
    row = finer["tables"][0]["rows"][0]
    assert row[-1] == row[5] * (16 * 0.25) ** 2
    assert row[4] < of_map["tables"][0]["rows"][0][4]


def test_masks_by_class_count_what_is_empty_apart(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = printed("segmentation segmented targets --resamples 0", capsys)
    assert score(report, "cases_left_out", "Inflammation") == 1
    assert score(report, "cases_left_out", "Parenchyma") == 0
    # Of 40 rows each: shifted by 0, 2 and 4 of 30, 31 and 32 columns.
    dices = [1, (31 - 2) / 31, (32 - 4) / 32]
    assert score(report, "dice", "Parenchyma", "mean") == pytest.approx(sum(dices) / 3)
    assert score(report, "dice", "Inflammation", "mean") == pytest.approx(sum(dices[:2]) / 2)
    assert not report["confusions"]


def test_levels_of_a_mask_are_found_by_their_size(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from slideviewer.annotations.masks import Labels, MaskGrid
    from slideviewer.slide.masks import write_mask

    grid = MaskGrid.covering(8192, 6144, 2)
    shape = markup((1024, 1024, 4096, 4096))
    for name, own in (("fine.tif", grid), ("coarse.tif", grid.halved)):
        write_mask(work / name, shape, Labels({"Tumor": 1}), own, (8192, 6144))
    for pair in ("fine.tif coarse.tif", "coarse.tif fine.tif"):
        report = printed(f"segmentation {pair}", capsys)
        assert score(report, "dice", "Tumor") == 1


# Pages


def test_a_page_has_curves_matrix_and_pictures_of_the_worst(work: Path) -> None:
    assert run("tiles results markup --normal normal_* --html out/tiles.html --resamples 9") == 0
    text = (work / "out" / "tiles.html").read_text("utf-8")
    found = checked(text)
    curves = [name for name in ("ROC, Tumor", "Precision and recall, Tumor", "Reliability, Tumor")]
    assert all(name in text for name in curves) and "Confusion matrix" in text
    assert len(found.pictures) == 4 + 12
    assert "no picture" not in text
    assert "95 % interval" in text and "at 0.5 for Tumor" in text


def test_whatever_is_called_what_a_page_stays_a_page() -> None:
    nasty = "<script>alert(1)</script>&\"'{{ 7 }} $x^2$ ∞"
    report = Report(
        "tiles", nasty, (Score("dice", 0.5, nasty, nasty, 0.1, 0.9, 3),),
        worst=(Worst(nasty, nasty, (1, 2, 3, 4)),), notes=(nasty,),
    )  # fmt: skip
    png = png_bytes(np.zeros((4, 4, 3), np.uint8))
    text = page(report, {nasty: nasty}, [Picture(report.worst[0], png, nasty)])
    assert len(checked(text).pictures) == 1
    assert "<script>" not in text and html.escape("<script>") in text
    assert "{{ 7 }}" in text


def test_a_page_that_cannot_be_written_is_one_line(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "file").touch()
    said = refused("slides results/scores.csv slides.csv --html file/a.html", capsys)
    assert "cannot be written" in said


# What does not fit together


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("tiles nowhere markup", "There is no such file or folder"),
        ("tiles results nowhere", "There is no such file or folder"),
        ("tiles results markup", 'holds nothing for "normal_01"'),
        ("tiles results/a_01 markup", 'holds no prediction for "a_02", "a_03"'),
        ("tiles results markup --normal n* --target Cancer", 'there is no class "Cancer"'),
        ("tiles results markup --normal n* --groups Tumor=Cancer", 'There is no class "Cancer"'),
        ("tiles results markup --normal n* --groups A=Tumor", 'No markup has a group "A"'),
        ("tiles results markup --normal n* --threshold 2", "--threshold needs a probability"),
        ("tiles pictures/images.csv classes.csv --classes tumor=Fat", 'has the class "tumor"'),
        ("tiles slides.csv classes.csv", "is no table of predicted tiles"),
        ("tiles points markup", "is no table of predicted tiles"),
        ("lesions points markup --normal n*", "give --spacing"),
        ("lesions results markup", 'holds nothing for "normal_01"'),
        ("lesions results markup --normal n* --groups Cancer", "Which of its groups are lesions"),
        ("lesions results markup --normal n* --spacing -1", "--spacing needs a number above 0"),
        ("lesions results markup --normal n* --labels a", "is no label"),
        ("lesions results masks --normal n* --labels 9", "No mask has a label of 9"),
        ("lesions results slides --normal n*", "has the labels"),
        ("segmentation results/a_01/classes.tif markup/a_01.xml --size 2050,1536", "another slide"),
        ("slides results/scores.csv classes.csv", '"s0" is there twice'),
        ("slides results/scores.csv nowhere.csv", "cannot be read"),
        ("slides results/scores.csv slides.csv --positive huge", 'No slide has the label "huge"'),
        ("patients slides.csv stage_labels.csv", "is none of pN0"),
        ("patients submission.csv slides.csv", "is none of pN0"),
        ("segmentation masks targets", "holds a file a class"),
        ("segmentation masks markup --labels Tumor=1,Stroma=2 --classes Fat", "knows no class"),
        ("segmentation masks_predicted masks --labels Tumor=1", "has the label 2"),
        ("segmentation masks markup/a_01.xml", 'holds nothing for "a_02"' ),
        ("segmentation segmented targets --classes Fat", 'has no masks of "Fat"'),
        ("segmentation markup anna", "slideviewer evaluate annotations"),
        ("segmentation slides/a_01.tif masks/a_01_mask.tif", "which label is which"),
        ("segmentation found/n0/labels.png labels/n0_labels.png", "has the labels 301"),
        ("segmentation found/n0/labels.png segmented/p0/mask_Parenchyma.png", "they are of other"),
        ("nuclei found segmented/p0/mask_Parenchyma.png", "holds nothing for"),
        ("nuclei segmented/p0/mask_Parenchyma.png targets/Parenchyma/p0.png", "black and white"),
        ("nuclei found/n0/labels.png targets/Parenchyma/p0.png", "they are of different pictures"),
        ("annotations anna bert", "How large its slide is is not known"),
        ("annotations anna bert --size 100,100", "it is of another slide"),
        ("annotations anna bert --size 5", "--size needs a width and a height"),
        ("annotations anna slides", "holds no markup"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_one_line_and_no_number(
    command: str, words: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(command, capsys)


def test_markup_of_another_slide_is_refused(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_annotations(markup((3000, 3000, 4000, 4000)), work / "markup" / "a_01.xml")
    for command in (
        "tiles results markup --normal n*",
        "lesions results markup --normal n*",
        "segmentation results/a_01/classes.tif markup/a_01.xml",
    ):
        said = refused(command, capsys)
        assert "a_01.xml" in said and "it is of another slide" in said
    command = "segmentation results/a_01/classes.tif masks/a_02_mask.tif --size 9,9 --classes Tumor"
    said = refused(f"{command} --labels Tumor=2 --truth-labels Tumor=1,Stroma=2", capsys)
    assert "it is of another slide" in said


def test_points_beside_the_slide_are_refused(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = work / "results" / "a_01" / "lesions.csv"
    for text, words in (
        (f"0.5,{SIZE[0] + 1},3\n", "lies beside the slide"),
        ("0.5,-1,3\n", "lies beside the slide"),
        ("1.5,1,3\n", "1.5 is no probability"),
        ("p,x,y\n", '"p" is no probability'),
        ("0.5,nan,3\n", '"nan" is no place'),
        ("0.5,3\n", "has 2 columns where 3 are due"),
        ("\xff\xfe", "is no table of commas"),
    ):
        path.write_bytes(text.encode("latin-1"))
        said = refused("lesions results markup --normal n*", capsys)
        assert words in said and "lesions.csv" in said
    path.write_text("", "utf-8")  # nothing was found
    assert score(printed("lesions results markup --normal n*", capsys), "lesions_found") == 2


def test_tables_of_tiles_that_are_damaged_are_refused(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = work / "results" / "a_01" / "tiles.csv"
    head = "minx,miny,width,height,prob_Normal,prob_Tumor\n"
    for text, words in (
        (head, "holds no tile"),
        (head + "0,0,128,128,0.5,x\n", 'Line 2: "x" is no probability'),
        (head + "0,0,128,128,0.5,0.9\n", "no probabilities of classes that add up to 1"),
        (head + "0,0,128,128,-1,2\n", "no probabilities"),
        (head + "0,0,0,128,0.5,0.5\n", "no width or height"),
        (head + "0,0,128,128,0.5\n", "has 5 columns where 6 are due"),
        (head.replace("Tumor", "Cancer") + "0,0,128,128,0.5,0.5\n", "has the classes"),
    ):
        path.write_text(text, "utf-8")
        assert words in refused("tiles results markup --normal n*", capsys)


def test_what_camelyon16_knows_to_be_wrong(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for old, new in (("a_02", "test_049"), ("a_03", "test_114")):
        (work / "results" / old).rename(work / "results" / new)
        (work / "markup" / f"{old}.xml").rename(work / "markup" / f"{new}.xml")
    (work / "results" / "normal_01").rename(work / "results" / "normal_086")
    command = "lesions results markup --normal normal_* --spacing 0.25 --resamples 0"
    assert score(printed(command, capsys), "lesions") == 3
    said = refused(f"{command} --camelyon16", capsys)
    assert "normal_086" in said and "tumour slide in spite of its name" in said
    report = printed(f"{command} --camelyon16 --leave-out normal_086", capsys)
    assert score(report, "lesions") == 1
    assert any("test_049, test_114" in note for note in report["notes"])
    (work / "scores.csv").write_text("test_049,1\ntest_114,0.2\nnormal_086,0.9\n", "utf-8")
    (work / "truth.csv").write_text("test_049,0\ntest_114,0\nnormal_086,0\n", "utf-8")
    report = printed("slides scores.csv truth.csv --camelyon16 --resamples 0", capsys)
    assert score(report, "roc_auc") == 1 and score(report, "accuracy") == 1
    assert [row[0] for row in report["tables"][0]["rows"]] == ["test_114", "normal_086"]


def test_stages_must_be_those_of_their_nodes(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = work / "submission.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("patient_1.zip,pN2", "patient_1.zip,pN1"), "utf-8")
    said = refused("patients submission.csv stage_labels.csv", capsys)
    assert '"patient_1" is pN1, and its nodes make it pN2' in said
    path.write_text(text.replace("patient_1_node_0.tif,macro\n", ""), "utf-8")
    said = refused("patients submission.csv stage_labels.csv", capsys)
    assert "patient_1" in said
    path.write_text(text.replace("patient_1.zip,pN2\n", ""), "utf-8")  # it follows
    report = printed("patients submission.csv stage_labels.csv --resamples 0", capsys)
    assert score(report, "accuracy", "stages") == pytest.approx(2 / 3)
    assert score(report, "accuracy", "nodes") == pytest.approx(6 / 7)


# Hostile files


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_table_whatever_it_holds_is_a_fault_of_the_program(
    data: st.DataObject, tmp_path: Path
) -> None:
    """Each reader takes a table or says in words what is wrong with it."""
    words = st.sampled_from(
        [*"01,;\n\"'", "minx,miny,width,height,prob_A,prob_B\n", "file,prob_A,prob_B\n",
         "0,0,9,9,.5,.5\n", "a.png,.5,.5\n", ".5,3,4\n", "slide,label\n", "a,1\n", "b,0\n",
         "patient_1.zip,pN0\n", "patient_1_node_0.tif,macro\n", "nan", "inf", "1e400", "-1", "\0",
         "\r", "ß", "picture,class\n", "a.png,A\n"]
    )  # fmt: skip
    text = "".join(data.draw(st.lists(words, max_size=12)))
    raw = text.encode() if data.draw(st.booleans()) else data.draw(st.binary(max_size=40))
    path = tmp_path / "a.csv"
    path.write_bytes(raw)
    for read in (
        read_predicted,
        read_patients,
        true_pictures,
        lambda it: read_points(it, (10, 10)),
        lambda it: scored_slides(it, it, (), camelyon16=True),
    ):
        with suppress(SlideviewerError):
            read(path)
