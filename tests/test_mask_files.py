"""Mask files: what is written is what other programs read, and what they write is read."""

import dataclasses
import errno
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    read_annotations,
)
from slideviewer.annotations.masks import (
    HoleStyle,
    Labels,
    MaskGrid,
    MaskPainting,
    Outlining,
    proposed_labels,
)
from slideviewer.errors import AnnotationError, Cancelled, SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Step
from slideviewer.slide import Spacing, open_slide
from slideviewer.slide.masks import (
    MaskImport,
    mask_bytes,
    open_mask,
    read_mask,
    summary_of,
    write_mask,
)

SIZE = (2100, 1500)
SPACING = Spacing(0.25, 0.5)
SQUARE = as_points([(1, 1), (6, 1), (6, 6), (1, 6)])


@pytest.fixture
def drawn() -> AnnotationSet:
    """A spline with a hole, an inner group, and a rectangle in no group that is cut by the edge."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return AnnotationSet.of(
        [
            Annotation("a", Kind.SPLINE, as_points(600 * circle + (840, 700)), "Tumör"),
            Annotation("b", Kind.POLYGON, as_points(200 * circle + (840, 700)), "Tumör (hole)"),
            Annotation("c", Kind.POLYGON, as_points(70 * circle + (840, 700)), "inner"),
            Annotation("d", Kind.RECTANGLE, as_points([(1750, -9), (2999, -9), (2999, 630)])),
        ],
        [Group("Tumör"), Group("Tumör (hole)", "Tumör"), Group("inner", "Tumör")],
    )


def painted(annotations: AnnotationSet, labels: Labels, grid: MaskGrid) -> NDArray[Any]:
    return np.concatenate([*MaskPainting(annotations, labels, grid).bands()])


def labels_of(path: Path, level: int = 0) -> NDArray[Any]:
    with closing(open_mask(path, level)) as mask:
        return mask.read(0, 0, mask.width, mask.height)


@pytest.mark.parametrize("downsample", [1, 2.5])
@pytest.mark.parametrize("label", [3, 700])
def test_every_level_of_a_tiff_has_the_label_under_each_centre(
    drawn: AnnotationSet, tmp_path: Path, downsample: float, label: int
) -> None:
    path, labels = tmp_path / "mask.tif", Labels({"Tumör": 1, None: label})
    grid = MaskGrid.covering(*SIZE, downsample)
    write_mask(path, drawn, labels, grid, SIZE, SPACING)
    with closing(open_mask(path)) as mask:
        count = len(mask.sizes)
    assert count >= 3
    for level in range(count):
        expected = painted(drawn, labels, grid)
        assert set(np.unique(expected)) == {0, 1, label}
        found = labels_of(path, level)
        assert found.dtype == expected.dtype
        assert (found == expected).all()
        grid = grid.halved
    with closing(open_slide(path)) as slide:
        assert isinstance(slide.spacing, Spacing)
        assert slide.spacing.x_um_px == pytest.approx(0.25 * downsample)
        assert slide.spacing.y_um_px == pytest.approx(0.5 * downsample)
        assert len(slide.pyramid.levels) == count


def test_openslide_and_tifffile_read_the_same_labels(drawn: AnnotationSet, tmp_path: Path) -> None:
    path, labels, grid = tmp_path / "mask.tif", proposed_labels(drawn), MaskGrid(*SIZE)
    write_mask(path, drawn, labels, grid, SIZE, SPACING)
    expected = painted(drawn, labels, grid)
    with openslide.OpenSlide(path) as slide:
        assert slide.detect_format(path) == "generic-tiff"
        for level, (width, height) in enumerate(slide.level_dimensions):
            pixels = np.asarray(slide.read_region((0, 0), level, (width, height)))
            assert (pixels[..., :3] == painted(drawn, labels, grid)[..., None]).all()
            assert (pixels[..., 3] == 255).all()
            grid = grid.halved
    assert (tifffile.imread(path, series=0, level=0) == expected).all()
    with closing(open_slide(path)) as ours:
        assert (ours.read_region(0, 0, 0, *SIZE) == expected[..., None]).all()


@pytest.mark.parametrize(("label", "mode"), [(3, "L"), (700, "I;16")])
def test_a_png_holds_the_labels(
    drawn: AnnotationSet, tmp_path: Path, label: int, mode: str
) -> None:
    path, labels = tmp_path / "mask.png", Labels({"Tumör": 1, None: label})
    grid = MaskGrid.covering(*SIZE, 4)
    write_mask(path, drawn, labels, grid, SIZE, SPACING)
    with Image.open(path) as image:
        assert image.mode == mode
        assert image.info["dpi"] == pytest.approx((25400, 12700), rel=1e-3)
        assert (np.asarray(image) == painted(drawn, labels, grid)).all()
    assert (labels_of(path) == painted(drawn, labels, grid)).all()


@pytest.mark.parametrize("name", ["mask.tif", "mask.png"])
@pytest.mark.parametrize("holes", HoleStyle)
def test_a_mask_of_ours_comes_back_to_the_pixel(
    drawn: AnnotationSet, tmp_path: Path, name: str, holes: HoleStyle
) -> None:
    path, labels, grid = tmp_path / name, proposed_labels(drawn), MaskGrid.covering(*SIZE, 3)
    write_mask(path, drawn, labels, grid, SIZE)
    groups = {} if name.endswith("tif") else {1: "Tumör", 2: None}
    loaded = read_mask(path, MaskImport(Outlining(groups, holes=holes), size=SIZE))
    assert loaded.notices == ()
    assert {it.group for it in loaded.annotations} <= {"Tumör", "Tumör (hole)", None}
    assert (painted(loaded.annotations, labels, grid) == painted(drawn, labels, grid)).all()


def test_the_file_itself_says_where_it_lies_and_what_labels_mean(
    drawn: AnnotationSet, tmp_path: Path
) -> None:
    path = tmp_path / "mask.tif"
    write_mask(path, drawn, Labels({"Tumör": 9}), MaskGrid.covering(*SIZE, 2.5), SIZE)
    (shape, *_) = read_mask(path).annotations
    assert shape.group == "Tumör"
    assert shape.bounds is not None and shape.bounds.x == pytest.approx(240, abs=3)
    summary = summary_of(path)
    assert summary.groups == {9: "Tumör"} and list(summary.labels) == [9]
    renamed = read_mask(path, MaskImport(Outlining({9: "other"})))
    assert "other" in renamed.annotations.groups
    assert not len(read_mask(path, MaskImport(Outlining({9: ""}))).annotations)
    moved = read_mask(path, MaskImport(size=(4200, 3000)))
    assert "made for a slide of 2100 × 1500 px" in moved.notices[0]
    (larger, *_) = moved.annotations
    assert larger.bounds is not None and larger.bounds.x == pytest.approx(480, abs=6)


@pytest.mark.parametrize(
    "note",
    [
        "{",
        '{"kind": "slideviewer mask"}',
        json.dumps({"size": [0, 5], "scale": [1, 1], "labels": {}}),
        json.dumps({"size": [9, 9], "scale": [1e999, 1], "labels": {}}),
        json.dumps({"size": [9, 9], "scale": [1, 1], "labels": {"a": -1}}),
        json.dumps({"kind": "else", "size": [9, 9], "scale": [3, 3], "labels": {}}),
        '{"size":' + "[" * 5000,
    ],
)
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, note: str) -> None:
    path = tmp_path / "mask.tif"
    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:20, 10:20] = 4
    tifffile.imwrite(path, pixels, tile=(32, 32), description=note, metadata=None)
    (shape,) = read_mask(path).annotations
    assert shape.group == "Label 4"
    assert shape.bounds is not None and (shape.bounds.x, shape.bounds.right) == (10, 20)


@pytest.mark.parametrize(
    "how",
    [
        {"tile": (16, 32), "compression": "lzw"},
        {"tile": (64, 64), "compression": "zlib", "predictor": True},
        {"tile": (32, 32), "photometric": "miniswhite"},
        {"tile": (32, 32), "compression": "packbits"},
        {"tile": (32, 16), "dtype": np.uint16, "bigtiff": True},
        {"tile": (32, 16), "dtype": np.uint32, "byteorder": ">"},
        {"rowsperstrip": 7},
        {"rowsperstrip": 7, "dtype": np.uint16},
    ],
)
def test_masks_of_other_programs_are_read(tmp_path: Path, how: dict[str, Any]) -> None:
    path = tmp_path / "mask.tif"
    dtype = how.pop("dtype", np.uint8)
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 3, (14, 18)).astype(dtype).repeat(10, 0).repeat(10, 1)
    stored = ~pixels if how.get("photometric") == "miniswhite" else pixels
    tifffile.imwrite(path, stored, metadata=None, **{"photometric": "minisblack", **how})
    assert (labels_of(path) == pixels).all()
    loaded = read_mask(path)
    labels = Labels({"Label 1": 1, "Label 2": 2})
    assert (painted(loaded.annotations, labels, MaskGrid(180, 140)) == pixels).all()


def test_tiles_that_are_left_out_are_background(tmp_path: Path) -> None:
    path = tmp_path / "mask.tif"

    def tiles() -> Any:
        for number in range(16):
            yield np.full((32, 32), 5, np.uint8) if number in (0, 5) else None

    tifffile.imwrite(
        path,
        tiles(),
        shape=(128, 128),
        dtype=np.uint8,
        tile=(32, 32),
        compression="zlib",
        photometric="minisblack",
        metadata=None,
    )
    assert [it.bounds for it in read_mask(path).annotations] == [
        Rect(0, 0, 32, 32),
        Rect(32, 32, 32, 32),
    ]


def test_pictures_of_several_kinds_are_masks(tmp_path: Path) -> None:
    pixels = np.zeros((40, 50), np.uint8)
    pixels[5:15, 8:30] = 255
    for mode, name in (("L", "a.png"), ("RGB", "b.png"), ("1", "c.png"), ("L", "d.bmp")):
        Image.fromarray(pixels).convert(mode).save(tmp_path / name)
        (shape,) = read_mask(tmp_path / name, MaskImport(size=(500, 400))).annotations
        assert shape.bounds is not None
        assert (shape.bounds.x, shape.bounds.y) == (80, 50)
        assert (shape.bounds.right, shape.bounds.bottom) == (300, 150)


def test_the_numbers_of_a_palette_are_labels(tmp_path: Path) -> None:
    pixels = np.zeros((40, 48), np.uint8)
    pixels[5:15, 8:30] = 2
    image = Image.fromarray(pixels, "P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.png")
    colours = np.zeros((3, 256), np.uint16)
    colours[2, 2] = 65535
    tifffile.imwrite(
        tmp_path / "b.tif", pixels, tile=(16, 16), photometric="palette", colormap=colours
    )
    for name in ("a.png", "b.tif"):
        (shape,) = read_mask(tmp_path / name).annotations
        assert shape.group == "Label 2" and len(shape.points) == 4


def test_greys_become_one_label(tmp_path: Path) -> None:
    row, column = np.mgrid[:200, :200]
    disc = (np.hypot(row - 100, column - 100) < 60) * 255
    path = tmp_path / "lossy.jpg"
    Image.fromarray(disc.astype(np.uint8)).save(path, quality=60)
    assert len(summary_of(path).labels) > 20
    (shape,) = read_mask(path, MaskImport(Outlining({1: "disc"}), threshold=128)).annotations
    assert shape.group == "disc"
    assert (
        painted(AnnotationSet.of([shape]), Labels({"disc": 255}), MaskGrid(200, 200)) == disc
    ).mean() > 0.99


def test_a_picture_in_colours_is_refused(tmp_path: Path, real_data: Path) -> None:
    path = next((real_data / "crc9").rglob("*.*"))
    with pytest.raises(SlideError, match="not a mask"):
        read_mask(path)


def test_a_stretched_mask_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.eye(50, dtype=np.uint8)).save(path)
    loaded = read_mask(path, MaskImport(size=(1000, 3000)))
    assert "another shape than the slide" in loaded.notices[0]
    assert len(loaded.annotations) == 50


def test_a_region_with_very_many_holes_is_not_cut_open(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a.png", np.ones((60, 120), np.uint8)
    pixels[2:22:2, 2:22:2] = 0
    pixels[:, 40:42] = 0
    pixels[2:24:2, 50:72:2] = 0
    Image.fromarray(pixels).save(path)
    loaded = read_mask(path, MaskImport(Outlining(holes=HoleStyle.CUT)))
    assert loaded.notices[0].endswith("their holes became annotations: 1.")
    assert len(loaded.annotations) == 2 + 121
    assert (painted(loaded.annotations, Labels({"Label 1": 1}), MaskGrid(120, 60)) == pixels).all()


def test_an_empty_mask_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(path)
    assert read_mask(path).notices == ("The mask holds nothing but background.",)


def test_what_cannot_be_written_or_read_is_said(drawn: AnnotationSet, tmp_path: Path) -> None:
    labels, grid = proposed_labels(drawn), MaskGrid(*SIZE)
    with pytest.raises(SlideError, match=r'ending ".jpg"'):
        write_mask(tmp_path / "a.jpg", drawn, labels, grid, SIZE)
    with pytest.raises(SlideError, match="too many for one PNG"):
        write_mask(tmp_path / "a.png", drawn, labels, MaskGrid(100_000, 100_000), SIZE)
    for name in ("a.tif", "a.png"):
        with pytest.raises(SlideError, match="cannot be written"):
            write_mask(tmp_path / "none" / name, drawn, labels, grid, SIZE)
    with pytest.raises(AnnotationError, match="70000 of the group 'a'"):
        Labels({"a": 70_000})
    with pytest.raises(SlideError, match="no such file"):
        read_mask(tmp_path / "none.tif")
    write_mask(tmp_path / "a.tif", drawn, labels, grid, SIZE)
    with pytest.raises(SlideError, match="no level 9"):
        read_mask(tmp_path / "a.tif", MaskImport(level=9))
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SlideError):
        read_mask(tmp_path / "b.tif")


@pytest.mark.parametrize("name", ["mask.tif", "mask.png"])
def test_cancelling_leaves_the_former_file(drawn: AnnotationSet, tmp_path: Path, name: str) -> None:
    def cancel(step: Step) -> None:
        if step.done:
            raise Cancelled

    path = tmp_path / name
    path.write_text("former")
    with pytest.raises(Cancelled):
        write_mask(path, drawn, proposed_labels(drawn), MaskGrid(*SIZE), SIZE, progress=cancel)
    assert path.read_text() == "former"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_a_disk_that_is_full_when_all_is_flushed_leaves_the_former_file(
    drawn: AnnotationSet, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / name).write_bytes(b"former")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SlideError, match="No space left"):
        write_mask(tmp_path / name, drawn, proposed_labels(drawn), MaskGrid(70, 50, 30, 30), SIZE)
    assert (tmp_path / name).read_bytes() == b"former"
    assert [it.name for it in tmp_path.iterdir()] == [name]


def test_a_group_whose_name_is_no_text_is_written(tmp_path: Path) -> None:
    group = Group("half \ud83d")
    drawn = AnnotationSet.of([Annotation("a", Kind.RECTANGLE, SQUARE, group.name)], [group])
    write_mask(tmp_path / "a.tif", drawn, proposed_labels(drawn), MaskGrid(8, 8), (8, 8))
    (found,) = read_mask(tmp_path / "a.tif").annotations
    assert found.group == "half ?"


def test_a_large_mask_takes_little_memory(drawn: AnnotationSet, tmp_path: Path) -> None:
    """Labels are painted as they are written; 64 million pixels never lie in memory together."""
    import tracemalloc

    grid = MaskGrid(8_000, 8_000)
    shapes = (dataclasses.replace(it, points=as_points(it.points * 2.6)) for it in drawn)
    large = AnnotationSet.of(shapes, drawn.groups.values())
    labels = proposed_labels(large)
    tracemalloc.start()
    write_mask(tmp_path / "a.tif", large, labels, grid, (8_000, 8_000))
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    loaded = read_mask(tmp_path / "a.tif")
    read = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written < 30e6 and read < 40e6
    assert mask_bytes(grid, labels, is_png=False) > 8e7
    assert len(loaded.annotations) == 4


def test_real_outlines_come_back_to_the_pixel(real_data: Path, tmp_path: Path) -> None:
    for source in sorted((real_data / "asap_xml" / "camelyon16").glob("*.xml")):
        drawn = read_annotations(source).annotations
        labels, grid = proposed_labels(drawn), MaskGrid.covering(98_304, 221_184, 64)
        path = tmp_path / f"{source.stem}.tif"
        write_mask(path, drawn, labels, grid, (98_304, 221_184))
        back = read_mask(path).annotations
        expected = painted(drawn, labels, grid)
        assert expected.any()
        assert (painted(back, labels, grid) == expected).all()
