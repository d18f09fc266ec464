"""Where ASAP itself loses work, and what happens here instead.

1. A file cut off in the middle loads in part without a word. Refused, and recovered on request.
2. A group that is used but not declared costs the whole file. Declared.
3. An unknown type becomes invisible and is saved as None. Kept.
4. Empty coordinates, a broken order, a cycle of groups. A notice, and nothing else lost.
5. Of two groups of one name the last one wins. Merged.
6. Deleting, renaming or recolouring does not mark the file dirty. Every edit does.
7. Saving overwrites in place. The former file is kept.
8. A name without ending saves to the file before. The ending is added.
9. Opening something else with unsaved edits goes on after Cancel. Cancel cancels.
10. Exporting changes the live annotations. Never.
11. A mask leaves out splines, inner groups and the ungrouped. All are in it, in up to 16 bits.
12. Decimal commas. Read as points.
13. Very many points crash it. A million load.
14. Unknown attributes and elements are dropped. Kept in place.
15. The colour of a measurement is overwritten. Kept.
16. The XML carries no slide and no spacing. Kept beside it, and another slide is told.
17. Hostile XML. Refused; more of it is in test_hostile_annotations.py.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from test_asap_rules import assert_asap_loads, load_as_asap
from window_fixtures import ChooseFile, answer, wait_for_jobs

from slideviewer.annotations import (
    DEFAULT_GROUP_COLOUR,
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Loaded,
    SlideFrame,
    area,
    as_points,
    as_polygon,
    outline,
    read_annotations,
    read_asap,
    recover_asap,
    with_asap_attributes,
    with_extension,
    write_asap,
    write_geojson,
)
from slideviewer.annotations.masks import Labels, MaskGrid
from slideviewer.annotations.sidecar import mismatches, read_sidecar, write_sidecar
from slideviewer.errors import AnnotationError
from slideviewer.slide.masks import open_mask, write_mask
from slideviewer.ui.document import Document
from slideviewer.ui.window import MainWindow

SQUARE = "".join(
    f'<Coordinate Order="{i}" X="{x}" Y="{y}" />'
    for i, (x, y) in enumerate([(10, 20), (30.5, 20), (30.5, 40.25), (10, 40.25)])
)


def annotation(name: str = "a", inside: str = SQUARE, **changes: str) -> str:
    """An ``Annotation`` element."""
    pairs = {"Name": name, "Type": "Polygon", "PartOfGroup": "None", "Color": "#F4FA58"} | changes
    attributes = " ".join(f'{key}="{value}"' for key, value in pairs.items())
    return f"<Annotation {attributes}><Coordinates>{inside}</Coordinates></Annotation>"


def group(name: str, parent: str = "None", colour: str = "#64FE2E", inside: str = "") -> str:
    """A ``Group`` element."""
    attributes = f"<Attributes>{inside}</Attributes>"
    return f'<Group Name="{name}" PartOfGroup="{parent}" Color="{colour}">{attributes}</Group>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the tests of this module put their file."""
    return tmp_path / "markup.xml"


def load(file: Path, annotations: str, groups: str = "") -> Loaded:
    """Write a file of these elements and read it."""
    file.write_text(
        '<?xml version="1.0"?>\n<ASAP_Annotations>\n'
        f"\t<Annotations>{annotations}</Annotations>\n"
        f"\t<AnnotationGroups>{groups}</AnnotationGroups>\n</ASAP_Annotations>\n"
    )
    return read_asap(file)


def rewritten(loaded: Loaded, file: Path) -> Loaded:
    """The same after writing and reading; ASAP loads it too."""
    write_asap(loaded.annotations, file)
    assert_asap_loads(loaded.annotations, file)
    return read_asap(file)


def test_a_file_in_order_has_no_notices_and_is_written_as_it_was(
    real_data: Path, tmp_path: Path
) -> None:
    for file in sorted((real_data / "asap_xml").rglob("*.xml")):
        loaded = read_asap(file)
        assert loaded.notices == ()
        write_asap(loaded.annotations, tmp_path / "out.xml", backup=False)
        assert (tmp_path / "out.xml").read_bytes() == file.read_bytes(), file


@pytest.mark.parametrize("share", [0.2, 0.5, 0.999])
def test_trap_1_a_file_cut_off_is_refused_and_recovered(
    real_data: Path, file: Path, share: float
) -> None:
    whole_file = real_data / "asap_xml" / "camelyon16" / "tumor_076.xml"
    content = whole_file.read_bytes()
    cut = content[: int(len(content) * share)]
    file.write_bytes(cut)
    with pytest.raises(AnnotationError) as refused:
        read_asap(file)
    lines = cut.count(b"\n")
    assert str(file) in str(refused.value)
    assert f"line {lines + 1}" in str(refused.value) or f"line {lines}" in str(refused.value)
    assert "slideviewer convert --recover IN OUT" in refused.value.remedy

    recovered = recover_asap(file)
    assert file.read_bytes() == cut
    assert "damaged" in recovered.notices[0]
    whole = list(read_asap(whole_file).annotations)
    found = list(recovered.annotations)
    assert len(found) == cut.count(b"<Annotation ")
    for ours, original in zip(found[:-1], whole[: len(found) - 1], strict=True):
        assert (ours.name, ours.kind, ours.group) == (original.name, original.kind, original.group)
        np.testing.assert_array_equal(ours.points, original.points)
    last = found[-1].points
    np.testing.assert_array_equal(last, whole[len(found) - 1].points[: len(last)])
    assert len(last) >= cut.rpartition(b"<Annotation ")[2].count(b"<Coordinate ") - 1


def test_trap_1_other_damage_is_refused_and_recovered(file: Path) -> None:
    good, broken = annotation("good"), annotation("half").replace("</Coordinates></Annotation>", "")
    with pytest.raises(AnnotationError, match=r"line 3"):
        load(file, good + broken + good)
    found = recover_asap(file).annotations
    assert [it.name for it in found] == ["good", "half", "good"]
    assert [len(it.points) for it in found] == [4, 4, 4]

    with pytest.raises(AnnotationError, match="damaged"):
        load(file, good + annotation("zeros", "\0" * 512 + SQUARE) + good)
    assert [len(it.points) for it in recover_asap(file).annotations] == [4, 4, 4]


def test_trap_2_an_undeclared_group_is_declared(file: Path) -> None:
    loaded = load(file, annotation(PartOfGroup="Tumor") + annotation("b", PartOfGroup="Tumor"))
    assert loaded.annotations.groups == {"Tumor": Group("Tumor", colour=DEFAULT_GROUP_COLOUR)}
    assert [it.group for it in loaded.annotations] == ["Tumor", "Tumor"]
    assert any("not declared" in it and "'Tumor'" in it for it in loaded.notices)
    assert rewritten(loaded, file).notices == ()


def test_trap_2_an_undeclared_parent_is_declared(file: Path) -> None:
    loaded = load(file, annotation(PartOfGroup="in"), group("in", "out"))
    assert list(loaded.annotations.groups) == ["in", "out"]
    assert rewritten(loaded, file).annotations.groups["in"].parent == "out"


@pytest.mark.parametrize("kind", ["Ellipse", "polygon", "Ünknown & <odd>"])
def test_trap_3_an_unknown_type_is_kept(file: Path, kind: str) -> None:
    escaped = kind.replace("&", "&amp;").replace("<", "&lt;")
    loaded = load(file, annotation(Type=escaped))
    assert [it.kind for it in loaded.annotations] == [kind]
    assert any(kind in notice for notice in loaded.notices)
    assert [it.kind for it in rewritten(loaded, file).annotations] == [kind]


def test_trap_4_empty_coordinates_lose_nothing_else(file: Path) -> None:
    no_list = annotation("c").replace(f"<Coordinates>{SQUARE}</Coordinates>", "")
    loaded = load(file, annotation("a", "") + annotation("b") + no_list)
    assert [len(it.points) for it in loaded.annotations] == [0, 4, 0]
    assert any("no coordinates" in it and "'a' and 'c'" in it for it in loaded.notices)
    assert [len(it.points) for it in rewritten(loaded, file).annotations] == [0, 4, 0]


def test_trap_4_order_counts_where_it_is_a_permutation(file: Path) -> None:
    places = '<Coordinate Order="{}" X="1" Y="1"/><Coordinate Order="{}" X="2" Y="2"/>'
    for orders, expected, is_noted in (
        ((1, 0), [2, 1], False),
        ((0, 0), [1, 2], True),
        ((1, 2), [1, 2], True),
        ((-1, 99999999999999999999), [1, 2], True),
        (("", "x"), [1, 2], True),
    ):
        loaded = load(file, annotation(inside=places.format(*orders)))
        (found,) = loaded.annotations
        assert found.points[:, 0].tolist() == expected, orders
        assert bool(loaded.notices) == is_noted, orders
        assert rewritten(loaded, file).notices == ()


def test_trap_4_a_cycle_of_groups_is_cut(file: Path) -> None:
    groups = group("a", "b") + group("b", "c") + group("c", "a") + group("d", "d") + group("e", "a")
    loaded = load(file, annotation(PartOfGroup="b"), groups)
    assert any("contained themselves" in notice for notice in loaded.notices)
    assert {name: it.parent for name, it in loaded.annotations.groups.items()} == {
        "a": None,
        "b": "c",
        "c": "a",
        "d": None,
        "e": "a",
    }
    assert rewritten(loaded, file).notices == ()


def test_trap_5_groups_of_one_name_are_merged(file: Path) -> None:
    first = group("g", "out", "#111111", '<Attribute a="1"/><Attribute b="2"/>')
    second = group("g", "None", "#222222", '<Attribute b="3" c="4"/>')
    loaded = load(file, annotation(PartOfGroup="g"), group("out") + first + second)
    found = loaded.annotations.groups["g"]
    assert (found.parent, found.colour) == ("out", "#222222")
    assert found.attributes == {"a": "1", "b": "3", "c": "4"}
    assert any("merged" in it and "'g'" in it for it in loaded.notices)
    assert rewritten(loaded, file).annotations.groups == loaded.annotations.groups


def test_trap_6_every_edit_marks_the_file_as_changed(qtbot: QtBot, file: Path) -> None:
    document = Document()
    first, second = load(file, annotation("a", PartOfGroup="g") + annotation("b")).annotations
    red = replace(read_asap(file).annotations.groups["g"], colour="#ff0000")
    edits: dict[str, tuple[dict[str, Annotation | None], tuple[Group, ...]]] = {
        "delete": ({first.id: None}, ()),
        "rename": ({first.id: replace(first, name="c")}, ()),
        "recolour": ({first.id: replace(first, colour="#ff0000")}, ()),
        "recolour a group": ({}, (red,)),
        "move to no group": ({first.id: replace(first, group=None)}, ()),
        "add a group": ({}, (Group("h"),)),
    }
    for name, (changes, groups) in edits.items():
        document.open(AnnotationSet.of([first, second], [Group("g")]), file)
        assert document.is_saved
        assert document.apply(name, changes, groups)
        assert not document.is_saved, name
        document.undo_stack.undo()
        assert document.is_saved, name
    assert not document.apply("nothing", {first.id: first})
    assert document.is_saved


def test_trap_7_the_former_file_is_kept_as_a_backup(file: Path) -> None:
    loaded = load(file, annotation("first"))
    former = file.read_bytes()
    write_asap(AnnotationSet.of(), file)
    assert file.with_name("markup.xml.bak1").read_bytes() == former
    assert len(loaded.annotations) == 1 and len(read_asap(file).annotations) == 0


def test_trap_8_the_extension_is_added() -> None:
    assert with_extension("a/case 1", ".xml") == Path("a/case 1.xml")
    assert with_extension("a/case.tif", ".xml") == Path("a/case.tif.xml")
    assert with_extension("a/case.XML", ".xml") == Path("a/case.XML")
    assert with_extension("a.geojson.gz", ".geojson.gz") == Path("a.geojson.gz")


def test_trap_8_a_new_name_never_saves_to_the_former_file(
    qtbot: QtBot, window: MainWindow, file: Path, choose_file: ChooseFile
) -> None:
    load(file, annotation("former"))
    former = file.read_bytes()
    window.files.open_annotations(file)
    document = window.session.document
    qtbot.waitUntil(lambda: document.path == file)
    (drawn,) = document.annotations
    document.apply("Rename", {drawn.id: replace(drawn, name="renamed")})
    choose_file(file.with_name("another"))
    window.named_actions["save_as"].trigger()
    wait_for_jobs(qtbot)
    assert file.read_bytes() == former
    assert document.path == file.with_name("another.xml")
    assert [it.name for it in read_asap(document.path).annotations] == ["renamed"]


def test_trap_9_cancelling_keeps_the_unsaved_work(
    qtbot: QtBot, window: MainWindow, made_slide: Path, file: Path
) -> None:
    load(file, annotation("other"))
    document = window.session.document
    mine = Annotation("mine", Kind.DOT, as_points([(1, 2)]))
    document.apply("Add dot", {mine.id: mine})
    for leave in (
        lambda: window.files.open_slide(made_slide),
        lambda: window.files.open_annotations(file),
        window.close,
    ):
        if window.session.slide is None and leave != window.close:
            window.files.open_slide(made_slide)  # markup drawn before any slide stays with it
            qtbot.waitUntil(lambda: window.session.slide is not None, timeout=20_000)
        answer(qtbot, "Stay")
        leave()
        wait_for_jobs(qtbot)
        assert list(document.annotations) == [mine] and not document.is_saved
    assert window.isVisible()


def test_trap_10_exporting_never_changes_the_set(real_data: Path, tmp_path: Path) -> None:
    for name in ("camelyon16/tumor_009.xml", "tissue/OC-AH-019_RES.xml"):
        loaded = read_asap(real_data / "asap_xml" / name).annotations
        before = [(it, it.points.tobytes()) for it in loaded]
        write_asap(loaded, tmp_path / "out.xml")
        write_geojson(loaded, tmp_path / "out.geojson")
        for it in loaded:
            as_polygon(it)
            outline(it)
            assert not it.points.flags.writeable
        assert [(it, it.points.tobytes()) for it in loaded] == before


def test_trap_11_a_mask_holds_splines_inner_groups_and_the_ungrouped(tmp_path: Path) -> None:
    corners = np.array([(10.0, 10), (50, 10), (50, 50), (10, 50)])
    drawn = AnnotationSet.of(
        [
            Annotation("spline", Kind.SPLINE, as_points(corners), "Tumor"),
            Annotation("inner", Kind.POLYGON, as_points(np.add(corners, (60, 0))), "deep"),
            Annotation("free", Kind.POLYGON, as_points(np.add(corners, (0, 60)))),
        ],
        [Group("Tumor"), Group("Stroma"), Group("mid", "Stroma"), Group("deep", "mid")],
    )
    labels = Labels({"Tumor": 1, "Stroma": 300, None: 7})
    write_mask(tmp_path / "m.tif", drawn, labels, MaskGrid.covering(128, 128, 1), (128, 128))
    with closing(open_mask(tmp_path / "m.tif")) as mask:
        pixels = mask.read(0, 0, mask.width, mask.height)
    assert pixels.dtype == np.uint16
    assert set(np.unique(pixels)) == {0, 1, 7, 300}
    assert (pixels == 300).sum() == (pixels == 7).sum() == 1600
    as_drawn = area(next(iter(drawn)))
    assert as_drawn > 1700, "a spline bulges beyond its corners"
    assert (pixels == 1).sum() == pytest.approx(as_drawn, rel=0.02)


@pytest.mark.parametrize("x", ["1234,5", " 1234,5 ", "12345e-1", "+1234.5", "1234,50"])
def test_trap_12_decimal_commas_are_read_and_points_written(file: Path, x: str) -> None:
    loaded = load(file, annotation(inside=f'<Coordinate Order="0" X="{x}" Y="7"/>'))
    assert next(iter(loaded.annotations)).points.tolist() == [[1234.5, 7.0]]
    assert bool(loaded.notices) == ("," in x)
    rewritten(loaded, file)
    assert 'X="1234.5" Y="7"' in file.read_text()


def test_trap_13_a_million_points_load(tmp_path: Path) -> None:
    places = np.random.default_rng(1).uniform(0, 200_000, (1_000_000, 2)).round(4)
    large = AnnotationSet.of([Annotation("large", Kind.POLYGON, as_points(places))])
    write_asap(large, tmp_path / "large.xml")
    (found,) = read_asap(tmp_path / "large.xml").annotations
    np.testing.assert_array_equal(found.points, places)


def test_trap_14_unknown_attributes_are_kept_in_place(file: Path) -> None:
    file.write_text(
        '<?xml version="1.0"?>\n<!--before--><?style a="b"?>\n'
        '<ASAP_Annotations xmlns:v="http://vendor" Version="1.9" v:made="today">\n'
        "\t<Vendor>\n\t\t<Inner> text </Inner></Vendor>\n"
        '\t<Annotations Count="1">\n\t\t<!--about a-->\n'
        '\t\t<Annotation Score="0.9" Name="a" Type="Dot" PartOfGroup="g" Color="#00aa00" v:id="7">'
        '<Note a="1">text &amp; more</Note><Coordinates Closed="yes">'
        '<Coordinate Order="0" X="1" Y="2" Pressure="0.5"><Time/></Coordinate></Coordinates>'
        "<After/></Annotation><!--the end--></Annotations><!--between-->"
        '<AnnotationGroups Count="1"><!--about g-->'
        '<Group Name="g" PartOfGroup="None" Color="#0000ff" Id="3"><Rule/><Attributes n="1">'
        '<Attribute a="1"/><Odd><b/></Odd></Attributes><Tail/></Group></AnnotationGroups>'
        "<Last/></ASAP_Annotations><!--behind-->"
    )
    loaded = read_asap(file)
    assert loaded.notices == ()
    again = rewritten(loaded, file)
    assert again.notices == ()
    text = file.read_text()
    for kept in (
        '<?xml version="1.0"?>\n<!--before-->\n<?style a="b"?>\n<ASAP_Annotations xmlns:v='
        '"http://vendor" Version="1.9" v:made="today">\n\t<Vendor',
        '<Inner> text </Inner></Vendor>\n\t<Annotations Count="1">\n\t\t<!--about a-->\n',
        '<Annotation Name="a" Type="Dot" PartOfGroup="g" Color="#00aa00" Score="0.9" v:id="7">\n',
        '>text &amp; more</Note>\n\t\t\t<Coordinates Closed="yes">\n',
        '<Coordinate Order="0" X="1" Y="2" Pressure="0.5"><Time',
        '<!--the end-->\n\t</Annotations>\n\t<!--between-->\n\t<AnnotationGroups Count="1">\n'
        "\t\t<!--about g-->\n",
        '<Group Name="g" PartOfGroup="None" Color="#0000ff" Id="3">\n\t\t\t<Rule',
        '<Attributes n="1">\n\t\t\t\t<Attribute a="1" />\n\t\t\t\t<Odd',
        "</ASAP_Annotations>\n<!--behind-->\n",
    ):
        assert kept in text, kept
    assert [it.extra for it in again.annotations] == [it.extra for it in loaded.annotations]
    assert again.annotations.groups == loaded.annotations.groups
    assert again.annotations.extra == loaded.annotations.extra


def test_trap_14_what_a_vertex_carries_follows_it_through_an_edit(file: Path) -> None:
    rows = "".join(f'<Coordinate Order="{i}" X="{i}" Y="0" P="{i}"/>' for i in range(4))
    annotations = load(file, annotation(inside=rows)).annotations
    (before,) = annotations
    moved = as_points([(3, 0), (9, 9), (1, 0)])
    after = Annotation(before.name, before.kind, moved, extra=before.extra, id=before.id)
    write_asap(annotations.with_changes({before.id: after}), file)
    text = file.read_text()
    assert '<Coordinate Order="0" X="3" Y="0" P="3" />' in text
    assert '<Coordinate Order="1" X="9" Y="9" />' in text
    assert '<Coordinate Order="2" X="1" Y="0" P="1" />' in text


def test_trap_14_attributes_of_other_programs_can_be_read_and_set(file: Path) -> None:
    (found,) = load(file, annotation(label="Tumor", score="0.99")).annotations
    from slideviewer.annotations import asap_attributes

    assert asap_attributes(found) == {"label": "Tumor", "score": "0.99"}
    changed = with_asap_attributes(found, {"score": "1", "my key": "a\nb"})
    write_asap(AnnotationSet.of([changed]), file)
    (again,) = read_asap(file).annotations
    assert asap_attributes(again) == {"label": "Tumor", "score": "1", "my key": "a\nb"}
    with pytest.raises(ValueError, match="Name"):
        with_asap_attributes(found, {"Name": "x"})


def test_trap_15_a_measurement_keeps_its_colour(file: Path) -> None:
    loaded = load(file, annotation(Type="Measurement", Color="#12aB34"))
    assert [it.colour for it in loaded.annotations] == ["#12aB34"]
    assert [it.colour for it in rewritten(loaded, file).annotations] == ["#12aB34"]


def test_trap_16_the_slide_is_known_and_another_one_is_told(file: Path) -> None:
    annotations = load(file, annotation()).annotations
    frame = SlideFrame("case.mrxs", 4000, 3000, (0.25, 0.25))
    known = read_sidecar(file, annotations)
    assert mismatches(known.slide, frame, file.name) == ()
    write_sidecar(annotations, file, known, frame, "", datetime.now(UTC))
    known = read_sidecar(file, read_asap(file).annotations)
    assert mismatches(known.slide, frame, file.name) == ()
    for other in (replace(frame, height_px=3001), replace(frame, spacing_um_px=(0.5, 0.5))):
        assert len(mismatches(known.slide, other, file.name)) == 1
    assert "case.mrxs" not in file.read_text(), "the XML stays as ASAP has it"


def test_trap_17_hostile_files_are_refused(file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    body = "<ASAP_Annotations><Annotations>{}</Annotations></ASAP_Annotations>"
    hostile = {
        "laughs in an attribute": f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>'
        '<ASAP_Annotations a="&l9;"/>',
        "laughs in a text": f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>' + body.format("&l9;"),
        "external entity": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        + body.format("<Note>&e;</Note>"),
        "parameter entity": f'<!DOCTYPE a [<!ENTITY % e SYSTEM "{secret.as_uri()}"> %e;]>'
        + body.format(""),
        "external subset": '<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">' + body.format(""),
        "depth": body.format("<a>" * 100_000 + "</a>" * 100_000),
        "a huge attribute": body.format(f'<Annotation Name="{"x" * 20_000_000}"/>'),
        "many attributes": body.format(
            "<Annotation " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>"
        ),
    }
    for name, content in hostile.items():
        file.write_text('<?xml version="1.0"?>' + content)
        for read in (read_asap, recover_asap):
            with pytest.raises(AnnotationError) as refused:
                read(file)
            assert str(file) in str(refused.value), name
            assert len(str(refused.value)) < 500, name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is no XML"),
        (b"{}", "is no XML"),
        (b"<html><body/></html>", "root element is <html>"),
    ],
)
def test_other_files_are_refused_by_name(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    with pytest.raises(AnnotationError, match=words) as refused:
        read_annotations(file)
    assert refused.value.path == file


def test_missing_files_and_folders_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xml", tmp_path / "folder.xml"):
        (tmp_path / "folder.xml").mkdir(exist_ok=True)
        with pytest.raises(AnnotationError, match="cannot be read") as refused:
            read_asap(path)
        assert refused.value.path == path


@pytest.mark.parametrize(
    "content",
    [
        "<ASAP_Annotations><AnnotationGroups>{g}</AnnotationGroups><Annotations>{a}</Annotations>"
        "</ASAP_Annotations>",
        "<ASAP_Annotations><Annotations>{a}</Annotations></ASAP_Annotations>",
        "<Annotations>{a}</Annotations><AnnotationGroups>{g}</AnnotationGroups>",
        '\n <?xml version="1.0"?>\n<!-- c -->\n<AnnotationGroups>{g}</AnnotationGroups>'
        "<Annotations>{a}</Annotations>\n",
        "<Annotations>{a}</Annotations>",
        "<ASAP_Annotations><Annotations>{a}</Annotations><AnnotationGroups/>"
        "<AnnotationGroups>{g}</AnnotationGroups></ASAP_Annotations>",
    ],
)
def test_sections_in_any_order_or_missing_and_no_root(file: Path, content: str) -> None:
    file.write_text(content.format(a=annotation(PartOfGroup="g"), g=group("g")))
    loaded = read_asap(file)
    assert [(it.name, it.group, len(it.points)) for it in loaded.annotations] == [("a", "g", 4)]
    assert list(loaded.annotations.groups) == ["g"]
    rewritten(loaded, file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(file: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><ASAP_Annotations><Annotations>'
    text += annotation("größe") + "</Annotations></ASAP_Annotations>"
    file.write_bytes(text.encode(encoding))
    assert [it.name for it in rewritten(read_asap(file), file).annotations] == ["größe"]


def test_unreadable_coordinates_cost_nothing_else(file: Path) -> None:
    rows = [("1", "2"), ("abc", "4"), ("nan", "6"), ("inf", "8"), ("", "10"), ("11", "12")]
    inside = "".join(f'<Coordinate Order="{i}" X="{x}" Y="{y}"/>' for i, (x, y) in enumerate(rows))
    loaded = load(file, annotation("bad", inside + '<Coordinate Order="6" Y="1"/>') + annotation())
    assert next(iter(loaded.annotations)).points.tolist() == [[1, 2], [11, 12]]
    assert [len(it.points) for it in loaded.annotations] == [2, 4]
    assert any("no places" in it and "'bad'" in it for it in loaded.notices)
    again = rewritten(loaded, file)
    assert 'X="abc" Y="4"' in file.read_text()
    assert again.notices == ()


def test_colours_that_are_none_are_kept_until_changed(file: Path) -> None:
    loaded = load(file, annotation(Color="red") + annotation("b", Color=""), group("g", colour="x"))
    assert [it.colour for it in loaded.annotations] == ["#F4FA58", "#F4FA58"]
    assert len(loaded.notices) == 2
    write_asap(loaded.annotations, file)
    assert 'Color="red"' in file.read_text() and 'Color="x"' in file.read_text()
    (first, _) = loaded.annotations
    changed = Annotation("a", first.kind, first.points, colour="#000000", extra=first.extra)
    write_asap(AnnotationSet.of([changed]), file)
    assert 'Color="#000000"' in file.read_text()


def test_things_called_none(file: Path) -> None:
    loaded = load(file, annotation("None"), group("None"))
    (found,) = loaded.annotations
    assert (found.name, found.group, list(loaded.annotations.groups)) == ("None", None, ["None"])
    rewritten(loaded, file)

    member = AnnotationSet.of(
        [Annotation("a", Kind.DOT, as_points([(1, 2)]), group="None"), found],
        [Group("None"), Group("in", "None")],
    )
    write_asap(member, file)
    annotations, groups = load_as_asap(file)
    assert len(annotations) == 2 and len(groups) == 2
    again = read_asap(file)
    assert again.notices == ()
    assert [it.group for it in again.annotations] == ["None", None]
    assert again.annotations.groups["in"].parent == "None"
