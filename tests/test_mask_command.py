"""Masks on the command line."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.masks import HoleStyle, Labels, MaskGrid, MaskPainting
from slideviewer.cli import main
from slideviewer.cli.masks import MaskOptions, from_mask, is_mask, to_mask
from slideviewer.errors import SlideviewerError
from slideviewer.slide.masks import open_mask
from slideviewer.slide.writing import write_pyramid

SQUARE = np.array([(400.0, 400.0), (1600.0, 400.0), (1600.0, 1600.0), (400.0, 1600.0)])


@pytest.fixture(scope="module")
def made_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide that is made at once: what is on it does not matter here."""
    path = tmp_path_factory.mktemp("made") / "made.tif"
    write_pyramid(path, (4096, 3072), [np.full((3072, 4096, 3), 200, np.uint8)], 0.25)
    return path


@pytest.fixture
def drawn() -> AnnotationSet:
    return AnnotationSet.of(
        [
            Annotation("a", Kind.POLYGON, as_points(SQUARE), "Tumor"),
            Annotation("b", Kind.SPLINE, as_points(SQUARE + 1200), "Stroma"),
            Annotation("c", Kind.POLYGON, as_points(SQUARE + np.array((1400, 0)))),
        ],
        [Group("Tumor"), Group("Stroma")],
    )


def labels_of(path: Path) -> NDArray[np.uint8]:
    with closing(open_mask(path)) as mask:
        return mask.read(0, 0, mask.width, mask.height)


def test_a_mask_is_known_by_its_name() -> None:
    assert is_mask(Path("a.TIF")) and is_mask(Path("a.tiff")) and is_mask(Path("b/a.png"))
    assert not is_mask(Path("a.xml")) and not is_mask(Path("tif"))


def test_there_and_back(drawn: AnnotationSet, made_slide: Path, tmp_path: Path) -> None:
    options = MaskOptions(slide=made_slide, downsample=4, labels="Tumor=2,Stroma=200,None=7")
    path = tmp_path / "mask.tif"
    assert to_mask(drawn, path, options) == ()
    labels, grid = Labels({"Tumor": 2, "Stroma": 200, None: 7}), MaskGrid(1024, 768, 4, 4)
    expected = np.concatenate([*MaskPainting(drawn, labels, grid).bands()])
    assert (labels_of(path) == expected).all()
    for holes in HoleStyle:
        for asked in (MaskOptions(), replace(options, downsample=None, holes=holes)):
            back = from_mask(path, asked)
            assert not back.notices
            assert {it.group for it in back.annotations} == {"Tumor", "Stroma", None}
            again = np.concatenate([*MaskPainting(back.annotations, labels, grid).bands()])
            assert (again == expected).all()


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (MaskOptions(), (4096, 3072)),
        (MaskOptions(level=2), (1024, 768)),
        (MaskOptions(downsample=3), (1366, 1024)),
        (MaskOptions(size="2000,1000", downsample=10), (200, 100)),
        (MaskOptions(size="2000x1000"), (2000, 1000)),
    ],
)
def test_a_mask_is_as_fine_as_it_was_asked_for(
    drawn: AnnotationSet,
    made_slide: Path,
    tmp_path: Path,
    options: MaskOptions,
    size: tuple[int, int],
) -> None:
    if not options.size:
        options = replace(options, slide=made_slide)
    to_mask(drawn, tmp_path / "a.png", options)
    assert labels_of(tmp_path / "a.png").shape == size[::-1]


def test_small_regions_greys_and_corners(tmp_path: Path, drawn: AnnotationSet) -> None:
    path = tmp_path / "a.png"
    to_mask(drawn, path, MaskOptions(size="4096,3072", downsample=16, labels="Tumor=1,Stroma=9"))
    read = MaskOptions(size="4096,3072", threshold=5, labels="Bright=1", tolerance_px=20)
    (shape,) = from_mask(path, read).annotations
    (exact,) = from_mask(path, replace(read, tolerance_px=0)).annotations
    assert shape.group == exact.group == "Bright"
    assert len(shape.points) < len(exact.points) / 2
    assert not len(from_mask(path, replace(read, min_area_px2=4e6)).annotations)


def test_a_group_that_is_missing_is_told(drawn: AnnotationSet, tmp_path: Path) -> None:
    options = MaskOptions(size="100,100", labels="Tumor=1,Tumour=2,None=3")
    assert to_mask(drawn, tmp_path / "a.tif", options) == ("No annotation is in a group 'Tumour'.",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (MaskOptions(), "name the slide with --slide"),
        (MaskOptions(size="100"), "--size needs a width and a height"),
        (MaskOptions(size="0,5"), "--size needs a width and a height"),
        (MaskOptions(size="a,5"), "--size needs a width and a height"),
        (MaskOptions(size="9,9", slide=Path("a.svs")), "--slide and --size"),
        (MaskOptions(size="9,9", level=0, downsample=2), "--level and --downsample"),
        (MaskOptions(size="9,9", level=1), "has no level 1"),
        (MaskOptions(size="9,9", downsample=0), "--downsample 0 makes no mask"),
        (MaskOptions(size="9,9", downsample=float("nan")), "--downsample nan makes no mask"),
        (MaskOptions(size="9,9", downsample=1e-12), "No mask of"),
        (MaskOptions(size="9999999999,9"), "for a slide of 9999999999 × 9"),
        (MaskOptions(size="2000000000,9", downsample=1.5e6), "No mask of 1334 × 1 px"),
        (MaskOptions(size="9,9", labels="Tumor"), "gives no group a label"),
        (MaskOptions(size="9,9", labels="Tumor=70000"), "70000"),
        (MaskOptions(slide=Path("none.svs")), "no such file"),
    ],
)
def test_what_makes_no_sense_is_said(
    drawn: AnnotationSet, tmp_path: Path, options: MaskOptions, words: str
) -> None:
    with pytest.raises(SlideviewerError) as refused:
        to_mask(drawn, tmp_path / "a.tif", options)
    assert words.casefold() in str(refused.value).casefold()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0])
def test_what_is_no_area_or_distance_is_said(
    drawn: AnnotationSet, tmp_path: Path, number: float
) -> None:
    to_mask(drawn, tmp_path / "a.tif", MaskOptions(size="100,100"))
    with pytest.raises(SlideviewerError, match="--min-area needs a number from 0"):
        from_mask(tmp_path / "a.tif", MaskOptions(min_area_px2=number))
    with pytest.raises(SlideviewerError, match="--tolerance needs a number from 0"):
        from_mask(tmp_path / "a.tif", MaskOptions(tolerance_px=number))


def test_reading_takes_no_downsample(drawn: AnnotationSet, tmp_path: Path) -> None:
    to_mask(drawn, tmp_path / "a.tif", MaskOptions(size="100,100"))
    with pytest.raises(SlideviewerError, match="--downsample is for writing"):
        from_mask(tmp_path / "a.tif", MaskOptions(downsample=4))


class NoWindow:
    """The window, which nothing here needs."""


def test_the_command_writes_and_reads_masks(
    drawn: AnnotationSet, made_slide: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object) -> int:
        return main(["convert", *map(str, words)], NoWindow())  # type: ignore[arg-type]

    (tmp_path / "in").mkdir()
    for name in ("a.xml", "b.xml"):
        write_annotations(drawn, tmp_path / "in" / name)
    one, labels = tmp_path / "a.tif", "Tumor=1,Stroma=2,None=3"
    how = ("--slide", made_slide, "--downsample", 8, "--labels", labels)
    assert run(tmp_path / "in" / "a.xml", one, *how) == 0
    assert labels_of(one).shape == (384, 512)
    assert run(one, tmp_path / "back.xml") == 0
    back = read_annotations(tmp_path / "back.xml").annotations
    assert {it.group for it in back} == {"Tumor", "Stroma", None}
    assert run(one, tmp_path / "named.xml", "--labels", "Rest=3") == 0
    assert "Rest" in read_annotations(tmp_path / "named.xml").annotations.groups

    whole = ("--size", "4096,3072", "--downsample", 8, "--labels", labels)
    assert run(tmp_path / "in", tmp_path / "masks", "--to", ".png", *whole) == 0
    for name in ("a.png", "b.png"):
        assert (labels_of(tmp_path / "masks" / name) == labels_of(one)).all()
    sized = ("--size", "4096,3072", "--labels", labels)
    assert run(tmp_path / "masks", tmp_path / "out", "--from", ".png", *sized) == 0
    expected = {name: len(back) for name in ("a.xml", "b.xml")}
    assert expected == {
        path.name: len(read_annotations(path).annotations) for path in (tmp_path / "out").iterdir()
    }
    capfd.readouterr()
    assert run(tmp_path / "in" / "a.xml", tmp_path / "c.tif") == 2
    assert "--slide" in capfd.readouterr().err
