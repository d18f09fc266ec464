"""Whatever is written is read back the same, and no file, however damaged, crashes the reader."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_asap_rules import assert_asap_loads, load_as_asap

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    asap_attributes,
    read_asap,
    recover_asap,
    with_asap_attributes,
    write_asap,
)
from slideviewer.annotations.asap.text import (
    decoded,
    decoded_group,
    decoded_key,
    encoded,
    encoded_group,
    encoded_key,
    in_comment,
    number,
)
from slideviewer.annotations.grouping import with_declared, without_cycles
from slideviewer.annotations.model import FARTHEST_PX
from slideviewer.errors import AnnotationError

PIECES = ["_x0007_", "_x005F_", "_x", "_", "x", "0007_", "_x004E_one", "None", "xmlns", "-", ":"]
PIECES += [" ", "\n", "\t", "\r", '"', "'", "<", ">", "&", "&amp;", "&#38;", "]]>", "é", "😀"]
PIECES += ["\x00", "\x07", "\x1f", "\x7f", "\x85", "\ud800", "\uffff", "\U0010ffff", "1", "a"]

texts = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=6).map("".join)
colours = st.from_regex("#[0-9A-Fa-f]{6}", fullmatch=True)
numbers = st.floats(-FARTHEST_PX, FARTHEST_PX) | st.integers(-(10**6), 10**6)
points = st.lists(st.tuples(numbers, numbers), max_size=6).map(as_points)
group_names = st.sampled_from(["Tumor", "a: b", "None", "", "_0"]) | texts
attributes = st.dictionaries(texts, texts, max_size=2)
groups = st.builds(Group, group_names, st.none() | group_names, colours, attributes)
annotations = st.builds(
    Annotation,
    name=texts,
    kind=st.sampled_from(list(Kind)) | texts.filter(bool),
    points=points,
    group=st.none() | group_names,
    colour=colours,
)
annotation_sets = st.builds(
    AnnotationSet.of, st.lists(annotations, max_size=4), st.lists(groups, max_size=4)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all examples of a property."""
    return tmp_path_factory.mktemp("lossless") / "markup.xml"


def content(annotation: Annotation) -> tuple[object, ...]:
    """All of an annotation but its identity."""
    return (
        annotation.name,
        str(annotation.kind),
        annotation.points.tolist(),
        annotation.group,
        annotation.colour,
        asap_attributes(annotation),
    )


@settings(max_examples=100, deadline=None)
@given(annotation_sets)
def test_any_set_survives_writing_and_reading(file: Path, written: AnnotationSet) -> None:
    write_asap(written, file, backup=False)
    read = read_asap(file).annotations
    assert [content(it) for it in read] == [content(it) for it in written]
    declared = with_declared(written.groups.values(), (it.group for it in written))
    assert dict(read.groups) == without_cycles(declared)[0]
    first = file.read_bytes()
    write_asap(read, file, backup=False)
    assert file.read_bytes() == first


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Annotation,
            name=st.text(
                st.characters(
                    codec="utf-8", exclude_characters="\0", exclude_categories=["Cc", "Cs", "Cn"]
                )
            ),
            kind=st.sampled_from(list(Kind)),
            points=points,
            group=st.none() | st.sampled_from(["Tumor", "in", "größe & <x>"]),
            colour=colours,
        ),
        max_size=4,
    )
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # ASAP's numbers are shorter
def test_asap_would_load_any_set(file: Path, written: list[Annotation]) -> None:
    annotations = AnnotationSet.of(written, [Group("Tumor"), Group("in", "Tumor")])
    write_asap(annotations, file, backup=False)
    assert_asap_loads(annotations, file)


@settings(max_examples=60, deadline=None)
@given(attributes, points.filter(len))
def test_attributes_of_other_programs_survive(file: Path, values: dict[str, str], place) -> None:
    taken = {"Name", "Type", "PartOfGroup", "Color"}
    values = {key: value for key, value in values.items() if key not in taken}
    written = with_asap_attributes(Annotation("a", Kind.DOT, place), values)
    write_asap(AnnotationSet.of([written]), file, backup=False)
    (read,) = read_asap(file).annotations
    assert asap_attributes(read) == values


@settings(max_examples=500, deadline=None)
@given(texts)
def test_every_text_has_a_form_in_xml(text: str) -> None:
    assert decoded(encoded(text)) == text
    assert decoded_group(encoded_group(text)) == text
    assert decoded_key(encoded_key(text)) == text
    assert "--" not in in_comment(text) and not in_comment(text).endswith("-")


@pytest.mark.parametrize("text", ["plain", "größe", "_x0041_", "a_x_b", "_0", "x0007_", "a & b"])
def test_text_that_xml_can_hold_stands_in_the_file_as_it_is(text: str) -> None:
    assert encoded(text) == decoded(text) == encoded_group(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value(value: float) -> None:
    assert float(number(value)) == value
    assert number(float(np.float32(79581.2031))) != "79581.2031"
    assert number(75646.0) == "75646" and number(79581.2031) == "79581.2031"


def test_every_real_file_is_read_and_written_without_loss(real_data: Path, file: Path) -> None:
    for source in sorted((real_data / "asap_xml").rglob("*.xml")):
        first = read_asap(source).annotations
        write_asap(first, file, backup=False)
        second = read_asap(file).annotations
        assert [content(it) for it in second] == [content(it) for it in first]
        assert second.groups == first.groups
        theirs, their_groups = load_as_asap(source)
        assert [it.name for it in theirs] == [it.name for it in first]
        assert list(their_groups) == list(first.groups)


@pytest.mark.parametrize(
    ("name", "alike", "count"), [("085", 50, 50), ("009", 4, 6), ("076", 37, 38)]
)
def test_real_outlines_agree_with_another_programs(
    real_data: Path, name: str, alike: int, count: int
) -> None:
    folder = real_data / "asap_xml"
    theirs = json.loads((folder / "ncrf_json" / f"Tumor_{name}.json").read_text())["positive"]
    ours = {
        it.name: it for it in read_asap(folder / "camelyon16" / f"tumor_{name}.xml").annotations
    }
    assert len(theirs) == count
    agreeing = 0
    for outline in theirs:
        vertices, points = np.array(outline["vertices"], float), ours[outline["name"]].points
        if len(vertices) == len(points) and np.abs(vertices - points).max() <= 0.5 + 1e-9:
            agreeing += 1  # theirs are whole pixels
        else:
            first, second = (shapely.Polygon(it).buffer(0) for it in (vertices, points))
            assert first.intersection(second).area > 0.8 * first.union(second).area
    assert agreeing == alike


REAL_LOOKING = b"""<?xml version="1.0"?>
<ASAP_Annotations>
	<Annotations>
		<Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58" a="1">
			<!-- checked -->
			<Coordinates>
				<Coordinate Order="0" X="79581.2031" Y="75651.6016" />
				<Coordinate Order="1" X="79575.6016" Y="75646" />
				<Coordinate Order="2" X="79558,7969" Y="75634.7031" P="1" />
			</Coordinates>
		</Annotation>
		<Annotation Name="m" Type="Measurement" PartOfGroup="None" Color="#00aa00">
			<Coordinates>
				<Coordinate Order="0" X="1" Y="2" />
				<Coordinate Order="1" X="3" Y="4" />
			</Coordinates>
			<Note>text</Note>
		</Annotation>
	</Annotations>
	<AnnotationGroups>
		<Group Name="Tumor" PartOfGroup="None" Color="#64FE2E">
			<Attributes>
				<Attribute key="value" />
			</Attributes>
		</Group>
		<Group Name="_2" PartOfGroup="Tumor" Color="#64FE2E">
			<Attributes />
		</Group>
	</AnnotationGroups>
</ASAP_Annotations>
"""
SPLICES = [
    b"<",
    b">",
    b"&",
    b'"',
    b"\0",
    b"\xff",
    b"<!--",
    b"]]>",
    b"<a>",
    b"</a>",
    b"nan",
    b"1e999",
]
SPLICES += [b"</Annotation>", b"<Coordinates>", b"<Annotation>", b"<Coordinate/>", b"<!DOCTYPE a>"]
SPLICES += [b"-1", b"99999999999999999999", b"<?a b?>", b" xmlns='u'", b" p:q='1'", b"<Group/>"]
edits = st.lists(
    st.tuples(
        st.integers(0, len(REAL_LOOKING)),
        st.integers(0, 40),
        st.sampled_from(SPLICES) | st.binary(max_size=4),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits, st.none() | st.integers(0, len(REAL_LOOKING)))
def test_damaged_files_are_read_or_refused_but_never_crash(file: Path, changes, end) -> None:
    damaged = bytearray(REAL_LOOKING)
    for place, gone, new in changes:
        damaged[place : place + gone] = new
    file.write_bytes(damaged[:end])
    for read in (read_asap, recover_asap):
        try:
            loaded = read(file)
        except AnnotationError as refused:
            assert str(file) in str(refused)
            continue
        assert all(np.isfinite(it.points).all() for it in loaded.annotations)
        again = file.with_name("again.xml")
        write_asap(loaded.annotations, again, backup=False)
        reread = read_asap(again).annotations
        assert [content(it) for it in reread] == [content(it) for it in loaded.annotations]
        assert dict(reread.groups) == dict(loaded.annotations.groups)


@pytest.mark.parametrize("odd", ['xml:lang="de"', 'xml:space="preserve"', 'xml:id="a1"'])
@pytest.mark.parametrize(
    "tag", ["ASAP_Annotations", "Annotations", "Annotation", "Coordinates", "Coordinate", "Group"]
)
def test_attributes_that_xml_itself_declares_are_written_back(
    file: Path, tag: str, odd: str
) -> None:
    text = (
        '<ASAP_Annotations><Annotations><Annotation Name="a" Type="Dot" PartOfGroup="g"'
        ' Color="#F4FA58"><Coordinates><Coordinate Order="0" X="1" Y="2"/></Coordinates>'
        '</Annotation></Annotations><AnnotationGroups><Group Name="g" PartOfGroup="None"'
        ' Color="#64FE2E"><Attributes/></Group></AnnotationGroups></ASAP_Annotations>'
    )
    file.write_text(re.sub(rf"<{tag}\b", f"<{tag} {odd}", text, count=1))
    annotations = read_asap(file).annotations
    write_asap(annotations, file)
    assert file.read_text().count(odd) == 1
    (again,) = read_asap(file).annotations
    assert again.points.tolist() == [[1, 2]]


@pytest.mark.parametrize("place", range(10))
@pytest.mark.parametrize("odd", ["&#1;", "&#11;", "&#xFFFF;", "\x01"])
def test_characters_that_xml_cannot_name_cost_a_recovery_nothing_else(
    file: Path, odd: str, place: int
) -> None:
    """ASAP writes them as references, after which no strict reader takes the file."""
    texts = [odd if number == place else "" for number in range(10)]
    file.write_text(
        '<ASAP_Annotations><Annotations><Annotation Name="a{}" Type="Dot{}" PartOfGroup="g{}"'
        ' Color="#F4FA58" foo="b{}"><Odd k="{}">t{}</Odd><Coordinates><Coordinate Order="0" X="1"'
        ' Y="2" bar="{}"/><Coordinate Order="1" X="1{}" Y="2"/></Coordinates></Annotation>'
        '</Annotations><AnnotationGroups><Group Name="h{}" PartOfGroup="None" Color="#64FE2E">'
        '<Attributes><Attribute k="v{}"/></Attributes></Group></AnnotationGroups>'
        "</ASAP_Annotations>".format(*texts)
    )
    with pytest.raises(AnnotationError, match="damaged"):
        read_asap(file)
    recovered = recover_asap(file).annotations
    assert len(recovered) == 1
    write_asap(recovered, file)
    again = read_asap(file).annotations
    assert [content(it) for it in again] == [content(it) for it in recovered]
    assert again.groups == recovered.groups
