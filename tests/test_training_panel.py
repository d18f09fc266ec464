"""The Training panel: real trainings in processes of their own, driven by mouse and keys."""

import inspect
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marked_fixtures import write_dsb, write_folders, write_labelled
from marked_slides import write_cases
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QWidget
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from tiny_model import write_tiny_package
from window_fixtures import OpenSlide, answer, wait_for_jobs

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.file_lock import FileLock, lock_of
from slideviewer.cli import train_nuclei, train_segmentation, train_tiles
from slideviewer.models.package import open_package
from slideviewer.progress import Step, silent
from slideviewer.training.diary import DIARY_FILE, FAILED, FINISHED, STOPPED
from slideviewer.training.following import RunState
from slideviewer.training.history import EpochRow, write_history
from slideviewer.training.running import running
from slideviewer.training.wishes import STOP, Wishes
from slideviewer.ui import settings as own_settings
from slideviewer.ui.training import command
from slideviewer.ui.training.command import line_of, missing, out_of, words_of
from slideviewer.ui.training.control import BACKGROUND, END, STAY, UNSURE, packages_of
from slideviewer.ui.training.curves import lines_of, names_of, ticks
from slideviewer.ui.training.fields import Kind
from slideviewer.ui.training.last import LAST, Last, read_last
from slideviewer.ui.training.offers import Offer
from slideviewer.ui.training.phase import KILLED_WORDS, LOST_WORDS, Phase, phase_of
from slideviewer.ui.training.tasks import TASKS
from slideviewer.ui.window import MainWindow

COMMANDS = {
    "tiles": train_tiles.tiles,
    "segmentation": train_segmentation.segmentation,
    "nuclei": train_nuclei.nuclei,
}
NETWORK = """--architecture-config '{"stem": 4, "widths": [8], "depths": [1]}'"""
QUICK = f"--few 0 --mixup 0 --validation-fraction 0.25 --tiles-per-slide 24 {NETWORK}"
EPOCHS, PATIENCE_MS = 12, 120_000


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("cases"), count=3)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings as quick as the tests that wait for them, however busy the machine is."""
    assert "--low-priority" in words_of(TASKS[0], 0, {})
    monkeypatch.setattr(command, "MANNER", ())


def click(button: QWidget) -> None:
    """Press a button where it really can be seen."""
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=button.rect().center())


def fill(window: MainWindow, data: Path, out: Path, classes: str, *, epochs: int = 3) -> None:
    """Type a quick training of tiles into the form."""
    QTest.keyClick(window, Qt.Key.Key_F8)
    form = window.training.panel.form
    typed = {
        "--data": str(data),
        "--classes": classes,
        "--target": "Tumor",
        "--name": "nests",
        "--out": str(out),
    }
    for option, text in typed.items():
        line = form.fields[option].box
        line.selectAll()  # type: ignore[union-attr]
        QTest.keyClicks(line, text)
    for option, number in (("--patch-size", 32), ("--spacing", 2.0), ("--epochs", epochs)):
        form.fields[option].set_value(number)
    form.further.setText(QUICK)


def wait_for(qtbot: QtBot, window: MainWindow, *phases: Phase) -> str:
    """Wait until the training stands there; what its panel says then."""
    qtbot.waitUntil(lambda: window.training.phase in phases, timeout=PATIENCE_MS)
    run = window.training.panel.run
    return f"{run.told.text()} {run.problem.toPlainText()}".strip()


def epochs_shown(window: MainWindow) -> list[int]:
    lines = window.training.panel.run.loss.lines
    return [epoch for line in lines if line.is_held_out for epoch, _ in line.points]


@pytest.mark.parametrize("task", TASKS, ids=lambda it: it.command)
def test_the_form_has_the_options_and_defaults_of_the_command(task: object) -> None:
    assert {it.command for it in TASKS} == set(COMMANDS)
    known = inspect.signature(COMMANDS[task.command]).parameters
    for source in range(len(task.sources)):
        for field in task.fields_of(source):
            option = known[field.option.removeprefix("--").replace("-", "_")]
            if field.default is not None:
                assert field.first == field.default == option.default, field.option
            if field.kind == Kind.FLAG:
                assert option.default is False
            if field.kind == Kind.NUMBER:
                assert isinstance(field.first, float), "of a whole one no share is taken"


VALUES = st.dictionaries(
    st.sampled_from(["--data", "--classes", "--target", "--name", "--out", "--weights"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)


@given(VALUES, st.integers(1, 99))
@settings(max_examples=50)
def test_the_line_to_copy_is_what_runs(values: dict, epochs: int) -> None:
    words = words_of(TASKS[0], 0, values | {"--epochs": epochs}, "--seed 2 --title 'Two words'")
    assert ("--epochs" in words) == (epochs != 40)
    assert words[-2:] == ["--title", "Two words"]
    if sys.platform != "win32":
        assert shlex.split(line_of(words)) == ["slideviewer", *words]
    lost = {field.option for field in missing(TASKS[0], 0, values)}
    for option in ("--data", "--name", "--out"):
        assert (option in lost) == (values.get(option, "").strip() == "")


def test_masks_may_repeat_and_the_last_folder_counts() -> None:
    words = words_of(TASKS[1], 1, {"--masks": "A=a; B=b;"}, "--out=there")
    assert words.count("--masks") == 2 and "B=b" in words
    assert out_of([*words, "--out"]) == Path("there").absolute()
    assert out_of(["train"]) is None


def test_annotated_slides_are_offered_for_tiles_and_masks() -> None:
    offer = Offer(Path("slides"), 3, ("Tumor", "Stroma"), 0.25)
    tiles, masks = offer.values_for("tiles"), offer.values_for("segmentation")
    assert tiles is not None and masks is not None
    assert tiles["--classes"] == "rest=Normal,Tumor=Tumor,Stroma=Stroma"
    assert masks["--targets"] == "Tumor,Stroma" and masks["--spacing"] == 0.5
    assert offer.values_for("nuclei") is None


@pytest.mark.parametrize(
    ("code", "how", "wished", "has_checkpoint", "phase", "words"),
    [
        (None, "", False, False, Phase.STARTING, ""),
        (0, FINISHED, False, False, Phase.FINISHED, ""),
        (2, FINISHED, False, True, Phase.FAILED, "said"),  # the diary is of a former one
        (1, FAILED, False, True, Phase.FAILED, "said"),
        (130, STOPPED, True, True, Phase.STOPPED, ""),
        (-9, "", True, True, Phase.STOPPED, ""),
        (-9, "", False, True, Phase.FAILED, KILLED_WORDS),
        (-9, STOPPED, False, False, Phase.FAILED, LOST_WORDS),
    ],
)
def test_what_became_of_a_process(
    code: int | None, how: str, wished: bool, has_checkpoint: bool, phase: Phase, words: str
) -> None:
    state = RunState(Path("out"), how=how, words="of the diary", can_go_on=has_checkpoint)
    found = phase_of(state, is_own=True, code=code, complaint="said", stop_wished=wished)
    assert found == (phase, words)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_the_marks_of_a_plot_enclose_its_values(low: float, span: float) -> None:
    high = low + span
    marks = ticks(low, high)
    room = max(1e-9, 1e-9 * max(abs(low), abs(high)))
    assert marks[0] <= low + room and marks[-1] >= high - room
    assert 2 <= len(marks) <= 8 and marks == sorted(set(marks))


def test_curves_are_of_training_and_of_what_is_held_out() -> None:
    values = {"loss": 0.5, "val_loss": 0.7, "val_dice": 0.2, "val_dice central 60 %": 0.3}
    rows = [EpochRow(1, 1, "", 1.0, values), EpochRow(1, 2, "", 1.0, {"loss": float("nan")})]
    assert names_of(rows) == ["loss", "dice"]
    assert [(it.is_held_out, it.points) for it in lines_of(rows, "loss")] == [
        (False, ((1, 0.5),)),
        (True, ((1, 0.7),)),
    ]


def test_what_was_typed_comes_back_and_damage_is_nothing(
    window: MainWindow, tmp_path: Path
) -> None:
    last = Last(("train", "tiles", "--out", str(tmp_path)), 0, 0, {"--name": "n"}, "--seed 2", True)
    last.keep()
    assert read_last() == last and last.out == tmp_path
    for damage in ("{}", "[1]", "{", '{"values": 3}'):
        own_settings.write(LAST, damage)
        assert read_last() == Last()


@pytest.mark.usefixtures("at_once")
def test_from_the_open_slide_to_its_prediction(
    qtbot: QtBot,
    workers: list[TameWorker],
    open_slide: OpenSlide,
    cases: Path,
    tmp_path: Path,
) -> None:
    window = open_slide(cases / "patient_01_node.tif")
    qtbot.waitUntil(lambda: window.session.document.path is not None, timeout=20_000)
    out = tmp_path / "nests"
    fill(window, cases, out, "rest=Normal", epochs=EPOCHS)
    form, run = window.training.panel.form, window.training.panel.run
    qtbot.waitUntil(form.offer.isVisible, timeout=20_000)
    click(form.offer)
    assert form.fields["--classes"].value == "rest=Normal,Tumor=Tumor"
    form.fields["--spacing"].set_value(2.0)
    assert form.fields["--out"].value == str(out)
    click(form.copy)
    copied = QApplication.clipboard().text()
    assert copied == form.line.toPlainText() and copied.startswith("slideviewer train ")
    assert not form.needed.isVisible()
    click(form.start)
    assert window.training.panel.shows_run
    qtbot.waitUntil(lambda: len(epochs_shown(window)) >= 1, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: run.batch.isVisible() and run.examples.isVisible(), timeout=PATIENCE_MS)
    assert " left" in run.told.text() and run.bar.maximum() > 0
    assert run.metrics.currentText() == "roc_auc" and run.measured.lines
    click(run.pause)
    assert "stands" in wait_for(qtbot, window, Phase.PAUSED)
    assert run.pause.text() == "Resume"
    click(run.pause)
    click(run.stop)  # at once: the last wish counts
    wait_for(qtbot, window, Phase.STOPPED)
    done = len(epochs_shown(window))
    assert 1 <= done < EPOCHS and not (out / "config.json").exists()
    click(run.go_on)
    wait_for(qtbot, window, Phase.RUNNING)
    qtbot.waitUntil(lambda: len(epochs_shown(window)) > done, timeout=PATIENCE_MS)
    wait_for(qtbot, window, Phase.FINISHED, Phase.FAILED)
    assert window.training.phase == Phase.FINISHED, run.problem.toPlainText()
    assert epochs_shown(window) == list(range(1, EPOCHS + 1))
    chooser = window.prediction.chooser
    qtbot.waitUntil(lambda: chooser.findText("nests") >= 0, timeout=20_000)
    assert chooser.currentText() == "Tiny model of a test"
    click(run.use)
    assert chooser.currentText() == "nests" and window.prediction.is_running
    qtbot.waitUntil(lambda: bool(workers and workers[-1].requests), timeout=20_000)
    assert Path(workers[-1].asked.model) == chooser.currentData().folder
    assert packages_of(out, is_added=True)[0].origin == "user"


@pytest.mark.long
@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("task", "source", "typed", "curve"),
    [
        (1, 1, {"--images": "Original", "--masks": "All=Discs; One=First"}, "dice All"),
        (1, 2, {"--dsb": "dsb"}, "dice"),
        (2, 0, {"--dsb": "dsb"}, "dice Border"),
        (2, 1, {"--labelled": "labelled"}, "dice Border"),
        (2, 1, {"--labelled": "labelled", "--offsets": ""}, "dice"),
    ],
    ids=["masks", "masks of nuclei", "nuclei", "numbered nuclei", "nuclei by offsets"],
)
def test_masks_and_nuclei_are_trained_by_clicks(
    qtbot: QtBot,
    workers: list[TameWorker],
    open_slide: OpenSlide,
    cases: Path,
    tmp_path: Path,
    task: int,
    source: int,
    typed: dict[str, str],
    curve: str,
) -> None:
    write_folders(tmp_path)
    write_dsb(tmp_path / "dsb")
    write_labelled(tmp_path / "labelled")
    window = open_slide(cases / "patient_01_node.tif")
    QTest.keyClick(window, Qt.Key.Key_F8)
    form, run = window.training.panel.form, window.training.panel.run
    for box, place in ((form.task, task), (form.source, source)):
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(place):
            QTest.keyClick(box, Qt.Key.Key_Down)
    for option, text in typed.items():
        for folder in ("Original", "Discs", "First", "dsb", "labelled"):
            text = text.replace(folder, str(tmp_path / folder))
        box = form.fields[option].box
        if isinstance(box, QCheckBox):
            qtbot.waitUntil(box.isVisible, timeout=PATIENCE_MS)
            click(box)
        QTest.keyClicks(box, text)
    QTest.keyClicks(form.fields["--name"].box, "discs")
    assert form.fields["--out"].value == str(tmp_path / "discs")
    for option, number in (("--tile", 32), ("--epochs", 2)):
        form.fields[option].set_value(number)
    form.further.setText("--filters 8,16 --network convolutions=1 --validation-fraction 0.34")
    click(form.start)
    wait_for(qtbot, window, Phase.FINISHED, Phase.FAILED)
    assert window.training.phase == Phase.FINISHED, run.problem.toPlainText()
    assert epochs_shown(window) == [1, 2]
    assert ("Across" in open_package(tmp_path / "discs").spec.class_names) == ("--offsets" in typed)
    assert curve in [run.metrics.itemText(at) for at in range(run.metrics.count())]
    assert run.batch.isVisible() and run.examples.isVisible()
    chooser = window.prediction.chooser
    qtbot.waitUntil(lambda: chooser.findText("discs") >= 0, timeout=20_000)
    click(run.use)
    qtbot.waitUntil(lambda: bool(workers and workers[-1].requests), timeout=20_000)
    assert Path(workers[-1].asked.model) == chooser.currentData().folder


@pytest.mark.usefixtures("at_once")
def test_what_is_wrong_is_said_in_the_panel_and_leads_back(
    qtbot: QtBot, window: MainWindow, cases: Path, tmp_path: Path
) -> None:
    fill(window, cases, tmp_path / "one", "Tumor=Tumor")
    run = window.training.panel.run
    click(window.training.panel.form.start)
    window.docks.show("Training", False)
    said = "A classifier needs two classes or more, not 1."
    qtbot.waitUntil(lambda: any(said in it for it in window.notices.texts), timeout=PATIENCE_MS)
    window.docks.show("Training")
    assert wait_for(qtbot, window, Phase.FAILED) == said
    assert not run.go_on.isVisible() and not (tmp_path / "one").exists()
    click(run.options)
    assert not window.training.panel.shows_run
    assert window.training.panel.form.fields["--classes"].value == "Tumor=Tumor"
    assert RESEARCH_USE_ONLY in [label.text() for label in run.findChildren(type(run.told))]


@pytest.mark.usefixtures("at_once")
def test_a_killed_process_is_told(
    qtbot: QtBot, window: MainWindow, cases: Path, tmp_path: Path
) -> None:
    fill(window, cases, tmp_path / "killed", "rest=Normal,Tumor=Tumor")
    click(window.training.panel.form.start)
    assert window.training.child is not None
    window.training.child.kill()
    assert wait_for(qtbot, window, Phase.FAILED) == LOST_WORDS


@pytest.mark.usefixtures("at_once")
def test_closing_the_window_asks_what_becomes_of_the_training(
    qtbot: QtBot, window: MainWindow, cases: Path, tmp_path: Path
) -> None:
    fill(window, cases, tmp_path / "asked", "rest=Normal,Tumor=Tumor", epochs=1000)
    click(window.training.panel.form.start)
    child = window.training.child
    assert child is not None
    answer(qtbot, STAY)
    event = QCloseEvent()
    window.closeEvent(event)
    assert not event.isAccepted() and child.code is None
    answer(qtbot, BACKGROUND)
    assert window.training.may_leave() and child.code is None
    answer(qtbot, END)
    assert window.training.may_leave()
    qtbot.waitUntil(lambda: child.code is not None, timeout=PATIENCE_MS)
    assert wait_for(qtbot, window, Phase.FAILED, Phase.STOPPED)


def test_another_window_finds_what_goes_on_in_the_background(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    out = tmp_path / "nests"
    words = ("train", "tiles", "--out", str(out), "--name", "nests")
    Last(words, 0, 0, {"--name": "nests"}, "", is_open=True).keep()
    with running(out / "training", name="nests", epochs=3) as run:
        write_history(out / "training" / "history.csv", [EpochRow(1, 1, "", 1.0, {"val_loss": 2})])
        run.progress(silent)(Step(1, 3, "Training", "batches", 1.0))
        again = MainWindow()
        qtbot.addWidget(again)
        again.show()
        qtbot.waitUntil(lambda: again.training.phase == Phase.RUNNING, timeout=20_000)
        assert any("nests" in text for text in again.notices.texts)
        again.named_actions["training"].trigger()
        assert epochs_shown(again) == [1]
        write_tiny_package(out)
    wait_for(qtbot, again, Phase.FINISHED)
    qtbot.waitUntil(lambda: bool(again.training._packages), timeout=20_000)
    assert not read_last().is_open
    again.training.close()
    wait_for_jobs(qtbot)
    again.let_go()


def test_a_process_that_may_be_a_strangers_is_not_killed(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    out = tmp_path / "nests"
    (out / "training").mkdir(parents=True)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lock = FileLock(out / "training" / DIARY_FILE, beats=True)
    assert lock.take()
    place = lock_of(out / "training" / DIARY_FILE)
    unsure = {"pid": stranger.pid, "started": ""}
    place.write_text(json.dumps(json.loads(place.read_text()) | unsure))
    words = ("train", "tiles", "--out", str(out), "--name", "nests")
    Last(words, 0, 0, {"--name": "nests"}, "", is_open=True).keep()
    again = MainWindow()
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.training.phase == Phase.RUNNING, timeout=20_000)
    again.training.stop()
    again.training.stop()  # at once
    told = UNSURE.format(pid=stranger.pid)
    assert told in again.notices.texts
    wishes = Wishes(out / "training")
    qtbot.waitUntil(lambda: wishes.read() == STOP, timeout=20_000)
    assert stranger.poll() is None
    stranger.communicate(b"\n")
    assert stranger.returncode == 0
    place.unlink()
    wait_for(qtbot, again, Phase.STOPPED)
    again.training.close()
    wait_for_jobs(qtbot)
    again.let_go()
