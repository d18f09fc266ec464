"""The quick way through ASAP's XML gives what the slow way gives, for every file."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_asap,
    write_asap,
)
from slideviewer.annotations.asap import parsing, plain
from slideviewer.annotations.asap.reader import read_document
from slideviewer.annotations.asap.rows import coordinate_rows
from slideviewer.annotations.asap.text import number
from slideviewer.annotations.loaded import Loaded, Notices
from slideviewer.errors import AnnotationError

PLAIN = (
    '\t\t<Annotation Name="Ann 1" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58">\n'
    "\t\t\t<Coordinates>\n"
    '\t\t\t\t<Coordinate Order="0" X="79581.2031" Y="75651.6016" />\n'
    '\t\t\t\t<Coordinate Order="1" X="79575.6016" Y="75646" />\n'
    "\t\t\t</Coordinates>\n\t\t</Annotation>\n"
)
FILE = (
    f'<?xml version="1.0"?>\n<ASAP_Annotations>\n\t<Annotations>\n{PLAIN}{PLAIN}'
    '\t\t<Annotation Name="m" Type="Dot" PartOfGroup="None" Color="#00aa00" a="1">'
    '<Coordinates><Coordinate Order="0" X="1" Y="2"/></Coordinates></Annotation>\n'
    f'{PLAIN}\t</Annotations>\n\t<AnnotationGroups>\n\t\t<Group Name="Tumor" '
    'PartOfGroup="None" Color="#64FE2E"><Attributes /></Group>\n\t</AnnotationGroups>\n'
    "</ASAP_Annotations>\n"
).encode()
SPLICES = [
    b"", b" ", b"\n", b"\t", b"\x0b", b"\x0c", b"\0", b"<", b">", b"&", b"&amp;", b'"', b"'", b"/",
    b"\xff", b"\xc3\xa9", b"\xef\xbf\xbf", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?a b?>", b"_x",
    b"_x0007_", b"None", b"0", b"1", b"-1", b"1,5", b"1e5", b"1e999", b"nan", b"1_0", b"+1", b"01",
    b"Annotation", b"</Annotation>", b"<Annotations>", b"</Annotations>", b"<Coordinates>",
    b"</Coordinates>", b"<Coordinate/>", b"<Group>", b"</Group>", b" a='1'", b" xmlns='u'",
    b" slideviewer-run='0'", b"<!DOCTYPE a>", b"Rectangle", PLAIN.encode(),
    b'<Annotation slideviewer-run="0"/>', b'<?xml version="1.0" encoding="latin-1"?>',
]  # fmt: skip
places = st.integers(0, len(FILE)) | st.sampled_from(
    [at for at, byte in enumerate(FILE) if byte in b'"<>/=']
)
edits = st.lists(
    st.tuples(places, st.integers(0, 3) | st.integers(0, 200), st.sampled_from(SPLICES)), max_size=3
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all examples of a property."""
    return tmp_path_factory.mktemp("plain") / "markup.xml"


def slowly(path: Path) -> Loaded:
    notices = Notices()
    annotations = read_document(parsing.parse(path, quick=False), notices)
    return Loaded(annotations, notices.texts())


def said(loaded: Loaded) -> tuple[object, ...]:
    """All of it but the identities."""
    shapes = [
        (it.name, it.kind, it.points.tobytes(), it.group, it.colour, it.extra)
        for it in loaded.annotations
    ]
    groups = list(loaded.annotations.groups.values())
    return shapes, groups, loaded.annotations.extra, loaded.notices


def assert_alike(path: Path) -> None:
    try:
        wanted = slowly(path)
    except AnnotationError as refused:
        with pytest.raises(AnnotationError) as error:
            read_asap(path)
        assert str(error.value) == str(refused)
        return
    found = read_asap(path)
    assert said(found) == said(wanted)
    ids = [it.id for it in found.annotations]
    assert len(set(ids)) == len(found.annotations)
    assert not any(it.points.flags.writeable for it in found.annotations)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits)
def test_whatever_stands_in_a_file_both_ways_say_the_same(file: Path, changes) -> None:
    data = bytearray(FILE)
    for place, gone, new in sorted(changes, reverse=True, key=lambda it: it[0]):
        data[place : place + gone] = new
    file.write_bytes(data)
    assert_alike(file)


def test_random_damage_is_taken_alike(file: Path) -> None:
    chance = random.Random(4)
    for _ in range(300):
        data = bytearray(FILE)
        for _ in range(chance.choice([1, 1, 2])):
            data[chance.randrange(len(data))] = chance.choice([*b'<>/"&! \n\x0b09.-', 200])
        file.write_bytes(data[: chance.choice([None, None, chance.randrange(len(data))])])
        assert_alike(file)


def test_the_quick_way_is_taken_for_what_asap_writes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = plain.Plain()
    monkeypatch.setattr(parsing, "Plain", lambda: taken)
    file.write_bytes(FILE)
    assert_alike(file)
    assert [len(run) for run in taken.runs] == [2, 1]


def test_pieces_of_a_file_join_wherever_they_are_cut(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(FILE)
    wanted = said(slowly(file))
    for size in (1, 2, 3, 7, 50, 333):
        found = plain.Plain()
        pieces = (FILE[at : at + size] for at in range(0, len(FILE), size))
        if size < 60:  # the declaration is looked for in the first piece
            pieces = iter([FILE[:60], *(FILE[at : at + size] for at in range(60, len(FILE), size))])
        rest = b"".join(found.rest(pieces))
        assert sum(map(len, found.runs)) == 3
        assert rest.count(plain.MARKER.encode()) == len(found.runs)
    monkeypatch.setattr(plain, "_PIECE_BYTES", 60)
    monkeypatch.setattr(plain, "_MOST_WAITING", 2)
    assert said(read_asap(file)) == wanted


def test_all_real_files_are_read_alike(real_data: Path) -> None:
    for path in sorted((real_data / "asap_xml").rglob("*.xml")):
        assert_alike(path)


numbers = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**11), 10**11).map(lambda n: n / 10**4)
    | st.integers(-(10**12), 10**12).map(float)
    | st.sampled_from([0.0, -0.0, 1e10, 1e15, 1e16, 1e22, 0.00005, 0.1 + 0.2])
)


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(numbers, numbers), max_size=5), max_size=5))
def test_rows_in_bulk_are_those_written_one_by_one(shapes: list[list[tuple]]) -> None:
    points = as_points([place for shape in shapes for place in shape])
    rows = coordinate_rows(points, [len(shape) for shape in shapes])
    assert rows == [
        "".join(
            f'\t\t\t\t<Coordinate Order="{order}" X="{number(x)}" Y="{number(y)}" />\n'
            for order, (x, y) in enumerate(shape)
        )
        for shape in shapes
    ]


def test_long_outlines_keep_their_numbers(file: Path) -> None:
    points = np.round(np.random.default_rng(2).normal(0, 30_000, (70_000, 2)), 4)
    points[12_345] = np.pi, -np.e
    shape = Annotation("long", Kind.POLYGON, as_points(points), "Tumor")
    small = [Annotation(f"{n}", Kind.DOT, as_points(points[n])) for n in range(500)]
    write_asap(AnnotationSet.of([*small[:250], shape, *small[250:]], [Group("Tumor")]), file)
    found = list(read_asap(file).annotations)
    assert [it.name for it in found[:3]] == ["0", "1", "2"]
    assert np.array_equal(found[250].points, points)
    assert np.array_equal(np.concatenate([it.points for it in found[251:]]), points[250:500])
