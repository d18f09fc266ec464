"""Camelyon16's outlines as JSON, the form that NCRF made of the XML."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.annotations import Kind, format_in, read_annotations, read_asap, write_annotations
from slideviewer.annotations.camelyon_json import is_camelyon_json, read_camelyon_json
from slideviewer.errors import AnnotationError

TRIANGLE = [[0, 0], [10, 0], [5, 9]]


def test_both_lists_are_read_and_survive_in_asaps_xml(tmp_path: Path) -> None:
    content = {
        "positive": [{"name": "Tumor1", "vertices": TRIANGLE}],
        "negative": [{"vertices": [*TRIANGLE, TRIANGLE[0]]}],
    }
    source = tmp_path / "a.json"
    source.write_text(json.dumps(content))
    loaded = read_annotations(source)
    assert loaded.notices == ()
    expected = [("Tumor1", "Tumor"), ("negative 1", "_2")]
    assert [(it.name, it.group) for it in loaded.annotations] == expected
    assert [it.points.tolist() for it in loaded.annotations] == [TRIANGLE, TRIANGLE]
    write_annotations(loaded.annotations, tmp_path / "a.xml")
    again = read_asap(tmp_path / "a.xml")
    assert [(it.name, it.group) for it in again.annotations] == expected
    assert again.notices == ()


@pytest.mark.parametrize(
    ("name", "alike", "count"), [("085", 50, 50), ("009", 4, 6), ("076", 37, 38)]
)
def test_real_files_agree_with_their_xml(
    real_data: Path, name: str, alike: int, count: int
) -> None:
    folder = real_data / "asap_xml"
    loaded = read_annotations(folder / "ncrf_json" / f"Tumor_{name}.json")
    assert loaded.notices == ()
    assert len(loaded.annotations) == count
    xml = {it.name: it for it in read_asap(folder / "camelyon16" / f"tumor_{name}.xml").annotations}
    agreeing = 0
    for it in loaded.annotations:
        assert (it.kind, it.group) == (Kind.POLYGON, "Tumor")
        other = xml[it.name].points
        if len(other) == len(it.points) and np.abs(other - it.points).max() <= 0.5 + 1e-9:
            agreeing += 1  # these are whole pixels
    assert agreeing == alike


def test_what_cannot_be_read_costs_nothing_else(tmp_path: Path) -> None:
    odd = [
        {"name": "a", "vertices": TRIANGLE},
        {"name": "b", "vertices": [[1, None]]},
        {"name": "c", "vertices": [[1, float("inf")], [2, 3]]},
        {"name": "d"},
        7,
        {"name": 8, "vertices": []},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"positive": odd, "made": "today"}))
    loaded = read_annotations(tmp_path / "a.json")
    assert [it.name for it in loaded.annotations] == [
        *("a", "b", "c", "d", "positive 5", "positive 6")
    ]
    assert [len(it.points) for it in loaded.annotations] == [3, 0, 0, 0, 0, 0]
    assert any("'b', 'c', 'd' and 2 more" in notice for notice in loaded.notices)
    assert any("'made'" in notice for notice in loaded.notices)


@pytest.mark.parametrize(
    ("content", "is_theirs"),
    [
        (b'{"positive": [', True),
        (b'\xef\xbb\xbf {\n "negative" : [', True),
        (b'{"name": "a", "negative": []}', True),
        (b'{"type": "FeatureCollection", "features": [{"positive": [1]}]}', False),
        (b'[{"positive": [', False),
        (b'{"positive": 7}', False),
        (b"", False),
    ],
)
def test_it_is_told_from_geojson_by_its_content(content: bytes, is_theirs: bool) -> None:
    assert is_camelyon_json(content) == is_theirs


@given(st.binary(max_size=200))
def test_any_beginning_can_be_asked_about(content: bytes) -> None:
    assert not is_camelyon_json(content) or b"itive" in content or b"negative" in content


def test_packed_files_are_known_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"positive": [{"vertices": TRIANGLE}]}).encode()))
    assert format_in(path).name == "Camelyon16 JSON"
    assert len(read_annotations(path).annotations) == 1


@pytest.mark.parametrize("content", ["[]", '{"positive": 7}', '{"type": "Feature"}'])
def test_other_json_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(AnnotationError, match="no list") as refused:
        read_camelyon_json(tmp_path / "a.json")
    assert refused.value.path == tmp_path / "a.json"
