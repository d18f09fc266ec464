"""The command line as a user meets it: exit codes, one clear line, examples in the help."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slideviewer import RESEARCH_USE_ONLY, __version__
from slideviewer.annotations import AnnotationSet, read_annotations, write_asap
from slideviewer.cli import main

COMMANDS = (
    *("view", "info", "predict", "convert", "trail", "demo", "explore"),
    *("report", "train", "evaluate", "models", "worklist"),
)


class Recorder:
    """Stands where the window would, and remembers what it was asked to show."""

    def __init__(self) -> None:
        self.opened: list[tuple[Path | None, Path | None, Path | None]] = []

    def open_window(
        self, slide: Path | None, annotations: Path | None = None, prediction: Path | None = None
    ) -> int:
        self.opened.append((slide, annotations, prediction))
        return 0

    def has_screen(self) -> bool:
        return False

    def take_picture(
        self, picture: Path, slide: Path, annotations: Path | None, prediction: Path | None
    ) -> None:
        raise AssertionError("no picture was asked for")


def test_without_a_command_the_window_opens(tmp_path: Path) -> None:
    slide, markup = tmp_path / "a.svs", tmp_path / "a.xml"
    slide.touch()
    markup.touch()
    window = Recorder()
    assert main([], window) == 0
    assert main([str(slide)], window) == 0
    assert main([str(slide), "--annotations", str(markup)], window) == 0
    assert window.opened == [(None, None, None), (slide, None, None), (slide, markup, None)]


def test_a_missing_slide_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    window = Recorder()
    assert main(["nowhere.svs"], window) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "nowhere.svs" in said
    assert not window.opened


def test_a_misspelt_command_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predcit"], Recorder()) == 2
    assert "'predict'" in capsys.readouterr().err


def test_help_names_every_command_and_the_research_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"], Recorder()) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)
    assert RESEARCH_USE_ONLY in " ".join(said.replace("│", " ").split())


TRAIN = [f"train {word}" for word in ("tiles", "evaluate", "improve", "segmentation", "nuclei")]
WORKLIST = [f"worklist {word}" for word in ("list", "add", "mark", "predict", "export")]
MODELS = [f"models {word}" for word in ("list", "show", "add", "fetch", "verify", "export")]


@pytest.mark.parametrize("command", [*COMMANDS[:-4], *TRAIN, "evaluate tiles", *MODELS, *WORKLIST])
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"], Recorder()) == 0
    assert "example" in capsys.readouterr().out.lower()


def test_an_unknown_option_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--colour", "a.svs"], Recorder()) == 2
    assert "--colour" in capsys.readouterr().err


def test_the_installed_program_tells_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slideviewer", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"slideviewer {__version__}"


def test_without_a_screen_the_window_says_so(made_slide: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slideviewer", str(made_slide)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no screen" in done.stderr
    assert "Traceback" not in done.stderr


def test_info_as_json(made_slide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(made_slide), "--json"], Recorder()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["width"], facts["height"]) == (4096, 3072)
    assert facts["spacing_um_px"]["x"] == pytest.approx(0.25)


def test_convert_keeps_the_real_files(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = real_data / "asap_xml" / "camelyon17" / "patient_004_node_4.xml"
    there, back = tmp_path / "a.geojson", tmp_path / "b.xml"
    assert main(["convert", str(source), str(there)], Recorder()) == 0
    assert main(["convert", str(there), str(back)], Recorder()) == 0
    before, after = (read_annotations(path).annotations for path in (source, back))
    assert [(a.name, a.kind, a.group) for a in before] == [(a.name, a.kind, a.group) for a in after]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_names_that_the_terminal_lacks_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("日本.xml", "a.xml"):
        write_asap(AnnotationSet.of(), tmp_path / "in" / name)
    done = subprocess.run(
        [sys.executable, "-m", "slideviewer", "convert", tmp_path / "in", tmp_path / "out"],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"2 of 2 files" in done.stdout
    assert sorted(it.name for it in (tmp_path / "out").iterdir()) == ["a.xml", "日本.xml"]


@pytest.mark.parametrize("command", ["convert", "info", "predict"])
def test_names_that_the_system_refuses_are_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"convert": ["out.xml"], "predict": ["--model", "none"]}.get(command, [])
    assert main([command, str(tmp_path / ("a" * 300 + ".xml")), *words], Recorder()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be reached" in said


def test_convert_refuses_what_is_no_annotation_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_bytes(b"\x00\x01 not XML")
    assert main(["convert", str(bad), str(tmp_path / "out.xml")], Recorder()) == 2
    said = capsys.readouterr().err
    assert "bad.xml" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.xml").exists()
