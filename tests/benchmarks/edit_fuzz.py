"""Every reader of annotations against damaged files: `python -m benchmarks.edit_fuzz 10000`.

Each run damages one small file, the same for the same number: bytes flipped, cut out, doubled,
overwritten by pieces that mean something to the format, or the end cut off. Whatever comes of it
must be an error that names the file, or annotations with finite places that survive being written;
anything else is raised with the number of the run, by which it can be had again.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from lxml import etree

from slideviewer.annotations import (
    AnnotationSet,
    Loaded,
    SlideFrame,
    area,
    asap_attributes,
    outline,
    read_annotations,
    read_asap,
    recover_asap,
    write_asap,
)
from slideviewer.annotations.sidecar import Sidecar, read_sidecar, sidecar_of, write_sidecar
from slideviewer.errors import AnnotationError

FRAME = SlideFrame("fuzz.ndpi", 4000, 3000, (0.25, 0.25), (1000.0, -2000.0))

ASAP = b"""<?xml version="1.0"?>
<ASAP_Annotations>
\t<Annotations>
\t\t<Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58" a="1">
\t\t\t<Coordinates>
\t\t\t\t<Coordinate Order="0" X="79581.2031" Y="75651.6016" />
\t\t\t\t<Coordinate Order="1" X="79575.6016" Y="75646" />
\t\t\t\t<Coordinate Order="2" X="79558.7969" Y="75634.7031" P="1" />
\t\t\t</Coordinates>
\t\t</Annotation>
\t\t<Annotation Name="m" Type="Spline" PartOfGroup="None" Color="#00aa00">
\t\t\t<Coordinates><!-- c --><Coordinate Order="0" X="1" Y="2" /></Coordinates><Note>text</Note>
\t\t</Annotation>
\t</Annotations>
\t<AnnotationGroups>
\t\t<Group Name="Tumor" PartOfGroup="_2" Color="#64FE2E">
\t\t\t<Attributes><Attribute key="value" /></Attributes>
\t\t</Group>
\t\t<Group Name="_2" PartOfGroup="None" Color="#64FE2E"><Attributes /></Group>
\t</AnnotationGroups>
</ASAP_Annotations>
"""
IMAGESCOPE = b"""<?xml version="1.0" encoding="UTF-8"?>
<Annotations MicronsPerPixel="0.252000"><Annotation Id="1" Name="" LineColor="65280" Type="4">
<Attributes><Attribute Name="Description" Id="0" Value="Tumor"/></Attributes>
<Regions><RegionAttributeHeaders><AttributeHeader Id="1" Name="Grade"/></RegionAttributeHeaders>
<Region Id="1" Type="0" Text="a &amp; b" NegativeROA="0"><Attributes><Attribute Name="1"
 Value="3"/></Attributes><Vertices><Vertex X="10" Y="20.5" Z="0"/><Vertex X="30" Y="20" Z="0"/>
<Vertex X="20" Y="40" Z="0"/></Vertices></Region>
<Region Id="2" Type="2" Text="" NegativeROA="1"><Attributes/><Vertices><Vertex X="1" Y="2" Z="0"/>
<Vertex X="9" Y="8" Z="0"/></Vertices></Region></Regions><Plots/></Annotation></Annotations>
"""
NDPA = b"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<annotations><ndpviewstate id="1"><title>Tumor</title><details/>
<coordformat>nanometers</coordformat><lens>5</lens><x>7</x><y>8</y><z>0</z>
<annotation type="freehand" displayname="AnnotateFreehand" color="#ff0000"><closed>1</closed>
<pointlist><point><x>1000</x><y>2000</y></point><point><x>90000</x><y>2000</y></point>
<point><x>5000</x><y>70000</y></point></pointlist></annotation></ndpviewstate>
<ndpviewstate id="2"><title/><coordformat>nanometers</coordformat><annotation type="circle"
 displayname="AnnotateCircle" color="#00ff00"><x>5</x><y>6</y><radius>9000</radius></annotation>
</ndpviewstate></annotations>
"""
GEOJSON = b"""{"type": "FeatureCollection", "features": [
{"type": "Feature", "id": "3a36a32e-8bd2-4d3c-b82f-0d8a8d6d4f4b", "geometry": {"type": "Polygon",
"coordinates": [[[0, 0], [100, 0], [90, 100], [0, 100], [0, 0]], [[20, 20], [20, 40], [40, 40],
[20, 20]]]}, "properties": {"objectType": "annotation", "name": "n", "isLocked": true, "color":
[200, 0, 0], "classification": {"names": ["Tumor", "Positive"], "color": [1, 2, 3]},
"measurements": {"Area": 7.5}, "metadata": {"ASAP":
"{\\"type\\": \\"Spline\\", \\"vertices\\": [[0, 0], [9, 0], [5, 9]]}"}}},
{"type": "Feature", "geometry": {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4.5]]},
"properties": {"classification": "Immune", "color": -3670016}}],
"asap": {"groups": [{"name": "Tumor", "parent": null, "colour": "#FF0000", "attributes": {}}]}}
"""
CAMELYON = b"""{"positive": [{"name": "Tumor1", "vertices": [[0, 0], [10, 0], [5, 9]]}],
"negative": [{"name": "Normal1", "vertices": [[2, 2], [3, 2], [2, 3]]}]}
"""

SAMPLES: dict[str, bytes] = {
    "asap.xml": ASAP,
    "imagescope.xml": IMAGESCOPE,
    "fuzz.ndpi.ndpa": NDPA,
    "qupath.geojson": GEOJSON,
    "packed.geojson.gz": gzip.compress(GEOJSON, mtime=0),
    "camelyon.json": CAMELYON,
}
"""A small file of every format, by a name with its ending."""

PIECES = [b"<", b">", b"&", b'"', b"\0", b"\xff", b"<!--", b"-->", b"]]>", b"<a>", b"</a>", b"{"]
PIECES += [b"}", b"[", b"]", b",", b"null", b"nan", b"NaN", b"Infinity", b"1e999", b"-1e308", b"-1"]
PIECES += [b"1.7e308", b"99999999999999999999", b"<!DOCTYPE a>", b"<?a b?>", b" xmlns='u'", b"&#0;"]
PIECES += [
    b" p:q='1'",
    b"\xed\xa0\x80",
    b"</Annotation>",
    b"<Coordinates>",
    b"<Region>",
    b"\\ud800",
]
PIECES += [b'"type": "Point"', b"<Vertex/>", b"<Group/>", b"0", b"1", b"2", b"\n", b"true", b"\\"]

_WORD = re.compile(rb"-?[0-9][0-9.,]*|[A-Za-z_]+")
ODD_WORDS = [
    b"",
    b"0",
    b"-1",
    b"1,5",
    b"nan",
    b"inf",
    b"-inf",
    b"1e999",
    b"1e308",
    b"-1e308",
    b"5e-324",
]
ODD_WORDS += [
    b"99999999999999999999",
    b"1" * 5000,
    b"1_0",
    b"0x10",
    b"None",
    b"Tumor",
    b"_2",
    b"1.5",
]
ODD_WORDS += [
    b"Polygon",
    b"Rectangle",
    b"Measurement",
    b"Dot",
    b"NaN",
    b"null",
    b"true",
    b"[]",
    b"{}",
]
ODD_WORDS += ["\u0663".encode(), "\uff11".encode(), b"x" * 2000, b"&#55296;", b"&amp;", b" ", b"\t"]

SLOWEST_S = 20.0
"""A run that takes longer hangs: the files have a thousand bytes."""


@dataclass(frozen=True)
class FuzzReport:
    """What came of all runs.

    Attributes
    ----------
    refused, noticed, silent : Counter of str
        By the name of the sample: errors, annotations with a notice, and without.
    slowest_s : float
    """

    refused: Counter[str]
    noticed: Counter[str]
    silent: Counter[str]
    slowest_s: float

    @property
    def runs(self) -> int:
        """All of them."""
        return sum(map(Counter.total, (self.refused, self.noticed, self.silent)))


def run_fuzz(count: int, first: int = 0) -> FuzzReport:
    """Damage and read that many files.

    Raises
    ------
    AssertionError
        Where a reader did anything but read or refuse; with the number of the run.
    """
    report = FuzzReport(Counter(), Counter(), Counter(), 0.0)
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count):
            start = time.monotonic()
            name, data = damaged(number)
            try:
                outcome = attempt(Path(folder), name, data)
            except Exception as error:
                raise AssertionError(f"run {number} on {name}: {error!r}") from error
            getattr(report, outcome)[name] += 1
            taken = time.monotonic() - start
            assert taken < SLOWEST_S, f"run {number} on {name} took {taken:.0f} s"
            slowest = max(slowest, taken)
    return FuzzReport(report.refused, report.noticed, report.silent, slowest)


def damaged(number: int) -> tuple[str, bytes]:
    """The sample and the damaged file of a run."""
    chance = random.Random(number)
    name = chance.choice([*SAMPLES, "sidecar"])
    if name == "sidecar":
        return name, bytes(chance.randrange(256) for _ in range(2 * chance.randint(1, 3)))
    data = bytearray(SAMPLES[name])
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        if not data:
            break
        if chance.random() < 0.5:
            _change_a_word(data, chance)
        else:
            _damage(data, chance)
    if name.endswith(".gz") and chance.random() < 0.7:  # damage inside the wrapping, too
        inside = bytearray(GEOJSON)
        inside[chance.randrange(len(inside))] ^= 1 << chance.randrange(8)
        return name, gzip.compress(bytes(inside), mtime=0)
    return name, bytes(data)


def _change_a_word(data: bytearray, chance: random.Random) -> None:
    """Put something else in place of a number, a name or a value: mostly the form stays whole."""
    words = list(_WORD.finditer(data))
    if words:
        word = chance.choice(words)
        data[word.start() : word.end()] = chance.choice(ODD_WORDS)


def _damage(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    match chance.randrange(6):
        case 0:
            data[at] ^= 1 << chance.randrange(8)
        case 1:
            data[at] = chance.randrange(256)
        case 2:
            del data[at : at + chance.randrange(1, 60)]
        case 3:
            piece = chance.choice(PIECES)
            data[at : at + chance.choice([0, len(piece)])] = piece
        case 4:
            length = chance.randrange(1, 200)
            data[at:at] = data[at : at + length]
        case _:
            del data[at:]


def attempt(folder: Path, name: str, data: bytes) -> str:
    """Read a damaged file in every way that there is; which of the report's counters it adds to."""
    if name == "sidecar":
        return _attempt_sidecar(folder, data)
    path = folder / name
    path.write_bytes(data)
    outcomes = []
    readers: list[Callable[[], Loaded]] = [lambda: read_annotations(path, FRAME)]
    if name == "asap.xml":
        readers.append(lambda: recover_asap(path))
    for read in readers:
        try:
            loaded = read()
        except AnnotationError as refused:
            assert str(path) in str(refused), refused
            assert len(str(refused)) < 2000, "an error is a sentence"
            outcomes.append("refused")
            continue
        assert all(len(notice) < 2000 for notice in loaded.notices), "a notice is a sentence"
        check(loaded.annotations, folder)
        if name == "asap.xml" and not loaded.notices:
            assert_all_is_there(data, loaded.annotations)
        outcomes.append("noticed" if loaded.notices else "silent")
    return outcomes[0]


def check(annotations: AnnotationSet, folder: Path) -> None:
    """Whatever was read can be shown, and written and read without loss."""
    for it in annotations:
        assert np.isfinite(it.points).all(), "a place is not finite"
        assert it.bounds is None or it.bounds.width >= 0
        outline(it)
        area(it)
    again = folder / "again.xml"
    write_asap(annotations, again, backup=False)
    reread = read_asap(again).annotations
    assert [_content(it) for it in reread] == [_content(it) for it in annotations]
    assert set(reread.groups) >= set(annotations.groups)


def assert_all_is_there(data: bytes, annotations: AnnotationSet) -> None:
    """Where no notice says otherwise, every shape and vertex of ASAP's file was read."""
    root = etree.fromstring(data)
    elements = root.findall("Annotations/Annotation")
    assert [it.get("Name", "") for it in elements] == [it.name for it in annotations]
    counts = [len(it.findall("Coordinates/Coordinate")) for it in elements]
    assert counts == [len(it.points) for it in annotations]


def _content(annotation: object) -> tuple[object, ...]:
    it = annotation
    return (it.name, str(it.kind), it.points.tolist(), it.group, asap_attributes(it))  # type: ignore[attr-defined]


def _attempt_sidecar(folder: Path, noise: bytes) -> str:
    """Read a good XML whose sidecar is damaged: the annotations are never the worse for it."""
    path = folder / "asap.xml"
    path.write_bytes(ASAP)
    annotations = read_asap(path).annotations
    write_sidecar(annotations, path, Sidecar(), FRAME, "fuzz", datetime(2031, 1, 2, tzinfo=UTC))
    data = bytearray(sidecar_of(path).read_bytes())
    for place, value in zip(noise[::2], noise[1::2], strict=True):
        data[place * len(data) // 256] = value
    sidecar_of(path).write_bytes(data)
    known = read_sidecar(path, annotations)
    assert set(known.marks) == set(annotations.annotations)
    sidecar_of(path).unlink()
    return "noticed" if known.notices else "silent"


def main() -> int:
    """Run as many as asked for, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edit_fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many files to damage and read")
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    chosen = parser.parse_args()
    report = run_fuzz(chosen.count, chosen.first)
    for name in (*SAMPLES, "sidecar"):
        told = f"{report.refused[name]} refused, {report.noticed[name]} with a notice"
        sys.stdout.write(f"{name}: {told}, {report.silent[name]} without\n")
    sys.stdout.write(f"{report.runs} runs, the slowest {report.slowest_s:.2f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
