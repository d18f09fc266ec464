"""What `slideviewer explore` tells of a set, and the page that it writes."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_slides import NEST, marks, write_slide
from test_cli import Recorder

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import write_asap
from slideviewer.cli import main
from slideviewer.errors import TrainingError
from slideviewer.training.explore import Survey, find_items, survey
from slideviewer.training.explore.facts import Facts, colours_of
from slideviewer.training.explore.finding import Item
from slideviewer.training.explore.page import page_of


def picture(path: Path, seed: int, size: tuple[int, int] = (24, 32), top: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, top, (*size, 3), np.uint8)
    cv2.imwrite(str(path), pixels)


def rows_of(found: Survey, title: str) -> dict[str, tuple[str, ...]]:
    table = next(table for table in found.tables if table.title == title)
    return {row[0]: row[1:] for row in table.rows}


def test_folders_of_classes_copies_and_damage(tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "a" / f"{number}.png", number)
    picture(tmp_path / "b" / "copy.png", 0)
    (tmp_path / "b" / "broken.png").write_bytes(b"\x89PNG nothing")
    found = survey("set", find_items(tmp_path))
    assert rows_of(found, "Classes") == {"a": ("3",), "b": ("2",)}
    assert rows_of(found, "In all")["damaged"] == ("1",)
    assert rows_of(found, "In all")["the same as another"] == ("1",)
    assert rows_of(found, "Sizes in pixels") == {"32 × 24": ("4",)}
    said = " ".join(found.warnings)
    assert "broken.png cannot be read" in said and "They are in several classes" in said


def test_nuclei_with_a_mask_each(tmp_path: Path) -> None:
    for case in ("x", "y"):
        picture(tmp_path / case / "images" / f"{case}.png", 1 if case == "x" else 2)
        for number in range(3):
            mask = np.zeros((24, 32), np.uint8)
            mask[:4, : 5 + number] = 255
            (tmp_path / case / "masks").mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / case / "masks" / f"{number}.png"), mask)
    found = survey("set", find_items(tmp_path))
    assert [it.objects for it in found.facts] == [3, 3]
    assert rows_of(found, "Measures")["area of objects, px²"] == (
        *("6", "20", "21", "24", "27", "28"),
    )


def test_slides_with_markup_patients_and_a_leak(tmp_path: Path) -> None:
    for number in range(3):
        write_slide(tmp_path / f"s{number}.tif", NEST, seed=number)
        write_asap(marks(NEST), tmp_path / f"s{number}.xml")
    lines = ["slide,patient,split", "s0.tif,P1,training", "s1.tif,P1,validation"]
    (tmp_path / "list.csv").write_text("\n".join([*lines, "s2.tif,P2,training"]))
    found = survey("set", find_items(tmp_path / "list.csv"))
    assert rows_of(found, "Split") == {"training": ("2", "2"), "validation": ("1", "1")}
    assert "1 patients are in several parts: P1." in found.warnings
    area_um2 = (NEST[2] - NEST[0]) ** 2 * 0.25
    assert found.areas["Tumor, µm²"] == pytest.approx([area_um2] * 3)
    assert float(rows_of(found, "Measures")["tissue of a slide, mm²"][1]) == pytest.approx(
        0.2, abs=0.02
    )
    alone = find_items(tmp_path, pattern=r"s\d")
    assert [item.patient for item in alone] == ["s0", "s1", "s2"]


class Balanced(HTMLParser):
    """Counts what is opened and closed; void elements aside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        if tag not in ("meta", "img", "br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_files_say_the_page_stays_a_page(name: str, problem: str) -> None:
    nasty = f"<script>{name}"
    item = Item(Path("a") / nasty.replace("/", ""), nasty)
    thumbnail = np.zeros((4, 4, 3), np.uint8)
    areas = {nasty: np.array([1.0, 2.0, 900.0])}
    facts = Facts(item, "", 4, 4, None, nasty, areas, None, "x", thumbnail)
    page = page_of(Survey(nasty, (facts, Facts(item, problem or "lost"))))
    reader = Balanced()
    reader.feed(page)
    assert not reader.open and RESEARCH_USE_ONLY in page


def test_colours_in_words() -> None:
    grey = np.full((8, 8, 3), 30, np.uint8)
    assert colours_of(grey) == "grey, dark ground"
    assert colours_of(np.zeros((8, 8, 3), np.uint8)) == "grey, dark ground"
    pink = np.full((8, 8, 3), (240, 180, 210), np.uint8)
    assert colours_of(pink) == "colour, bright ground"


def test_the_command_tells_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "set" / "a" / "1.png", 1)
    out = tmp_path / "out"
    assert main(["explore", str(tmp_path / "set"), "--out", str(out)], Recorder()) == 0
    assert "Sizes in pixels" in capsys.readouterr().out
    assert "data:image/jpeg;base64" in (out / "explore.html").read_text()
    with (out / "explore.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["class"], row["width"], row["height"]) == ("a", "32", "24")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere", tmp_path / "set" / "a" / "1.png"):
        with pytest.raises(TrainingError):
            find_items(path)
