"""Files that mean harm or are damaged: an error or a notice, never a crash, a hang or silence."""

from __future__ import annotations

import gzip
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.edit_fuzz import (
    ASAP,
    FRAME,
    IMAGESCOPE,
    NDPA,
    SAMPLES,
    check,
    run_fuzz,
)

from slideviewer.annotations import (
    AnnotationSet,
    Loaded,
    json_file,
    read_annotations,
    read_asap,
    recover_asap,
    write_annotations,
)
from slideviewer.errors import AnnotationError

XML = {"asap.xml": ASAP, "imagescope.xml": IMAGESCOPE, "fuzz.ndpi.ndpa": NDPA}
ROOTS = {
    "asap.xml": ("<ASAP_Annotations><Annotations>", "</Annotations></ASAP_Annotations>"),
    "imagescope.xml": (
        '<Annotations MicronsPerPixel="1"><Annotation>',
        "</Annotation></Annotations>",
    ),
    "fuzz.ndpi.ndpa": ("<annotations><ndpviewstate>", "</ndpviewstate></annotations>"),
}
ENOUGH_BYTES = 3 << 30
"""What a process may take while it reads what follows; a bomb takes more."""


def read(path: Path) -> Loaded:
    """Read a file with the slide that these belong to."""
    return read_annotations(path, FRAME)


def assert_refused(path: Path, words: str | None = None) -> None:
    """Assert that a file is refused in one sentence that names it."""
    with pytest.raises(AnnotationError, match=words) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.fixture(autouse=True)
def bounded_memory() -> object:
    """Fail a test whose file takes gigabytes to be read, instead of taking them."""
    if sys.platform != "linux":
        return None
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ENOUGH_BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
    return None


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_whole(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name])
    loaded = read(tmp_path / name)
    assert len(loaded.annotations) >= 2
    check(loaded.annotations, tmp_path)


@pytest.mark.parametrize("name", ROOTS)
def test_entities_are_never_expanded_or_fetched(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    secret = (tmp_path / "secret.txt").as_uri()
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    before, after = ROOTS[name]
    for kind in (
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>{before}<a b="&l9;"/>{after}',
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>{before}<a>&l9;</a>{after}',
        f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret}">]>{before}<a>&e;</a>{after}',
        f'<!DOCTYPE a [<!ENTITY % e SYSTEM "{secret}"> %e;]>{before}{after}',
        f'<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">{before}{after}',
        f'<!DOCTYPE a [<!ENTITY e "{"x" * 100_000}">]>{before}<a b="{"&e;" * 1000}"/>{after}',
    ):
        (tmp_path / name).write_text(f'<?xml version="1.0"?>{kind}')
        assert_refused(tmp_path / name, "document type")


@pytest.mark.parametrize("name", ROOTS)
def test_nesting_a_million_deep_is_refused(tmp_path: Path, name: str) -> None:
    before, after = ROOTS[name]
    (tmp_path / name).write_text(before + "<a>" * 1_000_000 + "</a>" * 1_000_000 + after)
    assert_refused(tmp_path / name, "inside each other")


@pytest.mark.parametrize("ending", [".geojson", ".json", ".geojson.gz"])
@pytest.mark.parametrize("start", [b"[", b'{"type":', b'{"positive":['])
def test_json_nested_a_million_deep_is_refused(tmp_path: Path, ending: str, start: bytes) -> None:
    data = start * 1_000_000
    (tmp_path / f"a{ending}").write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    assert_refused(tmp_path / f"a{ending}")


@pytest.mark.parametrize("depth", [40, 400])
def test_geometry_collections_inside_each_other_cost_only_themselves(
    tmp_path: Path, depth: int
) -> None:
    inner: dict[str, object] = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(depth):
        inner = {"type": "GeometryCollection", "geometries": [inner]}
    features = [
        {"type": "Feature", "geometry": inner, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [3, 4]}},
    ]
    (tmp_path / "a.geojson").write_text(json.dumps(features))
    loaded = read(tmp_path / "a.geojson")
    assert [it.points.tolist() for it in loaded.annotations] == [[[3, 4]]]
    assert "number 1" in loaded.notices[0]


@pytest.mark.parametrize("name", ROOTS)
def test_an_endless_attribute_or_text_is_refused(tmp_path: Path, name: str) -> None:
    before, after = ROOTS[name]
    for inside in (f'<a b="{"x" * 20_000_000}"/>', f"<a>{'x' * 20_000_000}</a>"):
        (tmp_path / name).write_text(before + inside + after)
        if inside.startswith("<a>") and name == "asap.xml":
            read(tmp_path / name)  # bounded by the file's size: what other programs add is kept
            continue
        assert_refused(tmp_path / name, "longer than 10 MB|characters in one text")


@pytest.mark.skipif(sys.platform == "win32", reason="holes in files are a matter of POSIX")
@pytest.mark.parametrize("name", SAMPLES)
def test_two_gigabytes_of_an_attribute_are_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:  # a hole: it takes no room on the disk
        stream.write(b'{"a": "' if "json" in name else ROOTS[name][0].encode() + b'<a b="')
        stream.truncate(2 << 30)
    assert_refused(path)


def test_a_packed_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "LARGEST_BYTES", 32 << 20)
    path = tmp_path / "a.geojson.gz"
    path.write_bytes(gzip.compress(b" " * (33 << 20), compresslevel=1))
    assert_refused(path, "larger than 32 MiB")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_at_any_byte_is_never_read_in_part_without_a_word(
    tmp_path: Path, name: str
) -> None:
    whole = SAMPLES[name]
    path = tmp_path / name
    path.write_bytes(whole)
    expected = _shapes(read(path).annotations)
    silent = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            loaded = read(path)
        except AnnotationError:
            continue
        if _shapes(loaded.annotations) != expected:
            silent.append(length)
    assert silent == []


def test_recovering_a_file_cut_at_any_byte_says_so(tmp_path: Path) -> None:
    path = tmp_path / "asap.xml"
    path.write_bytes(ASAP)
    counts = []
    for length in range(0, len(ASAP.rstrip())):
        path.write_bytes(ASAP[:length])
        try:
            loaded = recover_asap(path)
        except AnnotationError:
            counts.append(-1)
            continue
        assert "damaged" in loaded.notices[0]
        if length % 20 == 0:
            check(loaded.annotations, tmp_path)
        counts.append(len(loaded.annotations))
    assert counts == sorted(counts), "the more of it there is, the more is read"
    assert counts[-1] == 2


ODD = ["nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e308", "-1e308", "5e-324", ""]


@pytest.mark.parametrize("odd", ODD)
def test_numbers_that_are_none_or_beyond_all_measure(tmp_path: Path, odd: str) -> None:
    for name, old in (
        ("asap.xml", "79558.7969"),
        ("imagescope.xml", "20.5"),
        ("fuzz.ndpi.ndpa", "90000"),
    ):
        text = SAMPLES[name].decode().replace(f"{old}", odd)
        (tmp_path / name).write_text(text)
        loaded = read(tmp_path / name)
        check(loaded.annotations, tmp_path)
        _assert_can_be_shown(loaded.annotations, tmp_path)
        if not abs(float(odd or "nan")) < 1:
            assert loaded.notices
    literal = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "": "null"}.get(odd, odd)
    for name, old in (("qupath.geojson", "[90, 100]"), ("camelyon.json", "[5, 9]")):
        text = SAMPLES[name].decode().replace(old, f"[{literal}, 9]")
        (tmp_path / name).write_text(text)
        loaded = read(tmp_path / name)
        _assert_can_be_shown(loaded.annotations, tmp_path)
        if not abs(float(odd or "nan")) < 1:
            assert loaded.notices


def test_places_at_both_ends_of_all_numbers_can_be_shown(tmp_path: Path) -> None:
    places = "".join(
        f'<Coordinate Order="{i}" X="{x}" Y="{y}" />'
        for i, (x, y) in enumerate([("1.7e308", "-1.7e308"), ("-1.7e308", "1.7e308"), ("0", "0")])
    )
    for kind in ("Polygon", "Spline", "Rectangle", "PointSet", "Measurement"):
        (tmp_path / "a.xml").write_text(
            f'<ASAP_Annotations><Annotations><Annotation Name="a" Type="{kind}" PartOfGroup="None"'
            f' Color="#000000"><Coordinates>{places}</Coordinates></Annotation></Annotations>'
            "</ASAP_Annotations>"
        )
        annotations = read_asap(tmp_path / "a.xml").annotations
        _assert_can_be_shown(annotations, tmp_path)
        (found,) = annotations
        assert found.points.tolist() == [[0, 0]]
        write_annotations(annotations, tmp_path / "b.xml")
        assert "1.7e308" in (tmp_path / "b.xml").read_text(), "and none of it is lost"


def test_three_hundred_damaged_files() -> None:
    report = run_fuzz(300)
    assert report.runs == 300
    assert set(report.refused) >= set(SAMPLES)
    assert report.noticed.total() > 30, "not all damage is fatal, or nothing is tested"


def _shapes(annotations: AnnotationSet) -> list[tuple[object, ...]]:
    return [(it.name, str(it.kind), it.group, it.points.tolist()) for it in annotations]


def _assert_can_be_shown(annotations: AnnotationSet, folder: Path) -> None:
    """What the window asks of every shape, and the other format, do not stumble over it."""
    for it in annotations:
        bounds = it.bounds
        assert bounds is None or np.isfinite([bounds.x, bounds.y, bounds.width]).all()
    write_annotations(annotations, folder / "shown.geojson")


READERS: list[Callable[[Path], Loaded]] = [read, recover_asap]


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_plain_file_is_refused(tmp_path: Path, reader: Callable[[Path], Loaded]) -> None:
    (tmp_path / "folder.xml").mkdir()
    (tmp_path / "loop.xml").symlink_to(tmp_path / "loop.xml")
    for name in ("folder.xml", "loop.xml", "none.xml"):
        with pytest.raises(AnnotationError) as refused:
            reader(tmp_path / name)
        assert name in str(refused.value)
