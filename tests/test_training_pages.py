"""The pages that lead from one's own data to a result: what they say to type works."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from marked_fixtures import drawn, save, write_dsb, write_folders
from typer.testing import CliRunner

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, write_annotations
from slideviewer.cli.app import app
from slideviewer.slide.writing import write_pyramid
from slideviewer.ui.help.pages import page_text

QUICK = {"--tile": "64", "--epochs": "1", "--filters": "4,8", "--batch-size": "4"}


def commands(page: str) -> list[list[str]]:
    """What a page says to type, as the shell takes it apart."""
    return [shlex.split(line)[1:] for line in re.findall(r"^    (slideviewer .*)$", page, re.M)]


def follow(name: str, results: list[str]) -> None:
    """Type what a page says, with small networks, and look for what it promises."""
    for words in commands(page_text(name)):
        quick = [word for pair in QUICK.items() for word in pair]
        words += quick if words[0] == "train" else ["--engine", "keras"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{words}: {done.output} {done.exception}"
    missing = [result for result in results if not list(Path().glob(result))]
    assert not missing


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "new" / "fresh.png", drawn(99)[0])
    return tmp_path


def test_from_nuclei_to_a_result(place: Path) -> None:
    write_dsb(place / "stage1_train", 5)
    results = ["masks/fresh/mask_Nucleus.png", "masks/areas.csv"]
    results += ["nuclei/fresh/labels.png", "nuclei/fresh/nuclei.csv"]
    kept = ["CARD.md", "training/curves.png", "training/history.csv", "training/network.txt"]
    kept += ["training/repeat-1/*tfevents*"]
    follow("train-nuclei", [*results, *(f"my-nuclei/{name}" for name in kept)])


def test_from_tissue_to_a_result(place: Path) -> None:
    write_folders(place)
    shutil.move(place / "Discs", place / "Parenchyma")
    shutil.move(place / "First", place / "SevereInflammation")
    for number in range(2):
        size = 512, 400
        pixels = np.full((size[1], size[0], 3), (205, 110, 170), np.uint8)
        pixels[100:300, 100:260] = (110, 60, 140)
        path = place / "slides" / f"s{number}.tif"
        path.parent.mkdir(exist_ok=True)
        write_pyramid(path, size, [pixels], 1.0)
        corners = np.array([[100.0, 100], [260, 100], [260, 300], [100, 300]])
        shape = Annotation("nest", Kind.RECTANGLE, corners, group="Tumor")
        (place / "markup").mkdir(exist_ok=True)
        markup = AnnotationSet.of([shape], [Group("Tumor")])
        write_annotations(markup, place / "markup" / f"s{number}.xml")
    results = ["results/fresh/mask_Parenchyma.png", "results/fresh/mask_Inflammation.png"]
    results += ["results/fresh/overlay.png", "results/areas.xlsx", "results/areas.csv"]
    follow("train-tissue", [*results, "areas/s0/*", "areas/s1/*"])
