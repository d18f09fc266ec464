"""Annotations as a table in a file."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points
from slideviewer.annotations.tables import INTENSITY, header, write_csv
from slideviewer.errors import AnnotationError, Cancelled
from slideviewer.progress import Step

SQUARE = as_points([(0, 0), (100, 0), (100, 100), (0, 100)])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_every_column_names_its_unit(tmp_path: Path) -> None:
    made = Annotation("Nest", Kind.RECTANGLE, SQUARE, "Tumor", "#112233", id="a")
    write_csv([made], tmp_path / "a.csv", (0.5, 0.25), intensities={"a": 200.25})
    assert read(tmp_path / "a.csv") == [
        {
            "Name": "Nest",
            "Type": "Rectangle",
            "Group": "Tumor",
            "Colour": "#112233",
            "Points": "4",
            "Centre x (px)": "50",
            "Centre y (px)": "50",
            "Area (px²)": "10000",
            "Perimeter (px)": "400",
            "Length (px)": "",
            "Area (µm²)": "1250",
            "Perimeter (µm)": "150",
            "Length (µm)": "",
            INTENSITY: "200.25",
        }
    ]


def test_without_a_spacing_there_are_no_micrometres(tmp_path: Path) -> None:
    line = Annotation("M", Kind.MEASUREMENT, as_points([(0, 0), (3, 4)]))
    write_csv(AnnotationSet.of([line]), tmp_path / "a.csv")
    (row,) = read(tmp_path / "a.csv")
    assert not any("µm" in column or column == INTENSITY for column in row)
    assert row["Length (px)"] == "5" and row["Area (px²)"] == "" and row["Group"] == ""


def test_a_spacing_of_one_is_a_spacing(tmp_path: Path) -> None:
    write_csv([Annotation("A", Kind.POLYGON, SQUARE)], tmp_path / "a.csv", (1.0, 1.0))
    assert read(tmp_path / "a.csv")[0]["Area (µm²)"] == "10000"


def test_the_bytes_are_as_rfc_4180_has_them(tmp_path: Path) -> None:
    made = [Annotation('a "b", c', Kind.DOT, as_points([(1.25, 2)]), "Größe\n2")]
    write_csv(made, tmp_path / "a.csv")
    first, rest = (tmp_path / "a.csv").read_bytes().split(b"\r\n", 1)
    assert first.decode() == ",".join(header(None))
    assert rest.decode() == '"a ""b"", c",Dot,"Größe\n2",#F4FA58,1,1.25,2,,,\r\n'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.none() | st.text(max_size=8)), max_size=5))
def test_whatever_names_hold_is_read_back(
    tmp_path: Path, named: list[tuple[str, str | None]]
) -> None:
    made = [Annotation(name, Kind.POLYGON, SQUARE, group) for name, group in named]
    write_csv(made, tmp_path / "a.csv")
    rows = read(tmp_path / "a.csv")
    assert [row["Name"] for row in rows] == [name for name, _ in named]
    assert [row["Group"] for row in rows] == [group or "" for _, group in named]


def test_half_a_character_does_not_stop_the_table(tmp_path: Path) -> None:
    write_csv([Annotation("a\ud800b", Kind.POLYGON, SQUARE)], tmp_path / "a.csv")
    assert read(tmp_path / "a.csv")[0]["Name"] == "a?b"


def test_what_cannot_be_measured_is_left_empty(tmp_path: Path) -> None:
    made = [Annotation("A", Kind.POLYGON, as_points([(math.nan, 0), (1, math.inf)]))]
    write_csv(made, tmp_path / "a.csv", (0.5, 0.5), intensities={})
    row = read(tmp_path / "a.csv")[0]
    assert {row[column] for column in header((0.5, 0.5), with_intensity=True)[5:]} == {""}


def test_a_cancelled_table_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("former")

    def cancel(_: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_csv([Annotation("A", Kind.POLYGON, SQUARE)], path, progress=cancel)
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "former"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="nowhere"):
        write_csv([], tmp_path / "nowhere" / "a.csv")
