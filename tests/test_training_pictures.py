"""Marked pictures: found in every layout, read, kept, parted by case, cut into tiles."""

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marked_fixtures import drawn, save, write_dsb, write_folders, write_labelled

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, write_annotations
from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting
from slideviewer.errors import SlideError, TrainingError
from slideviewer.inference.nuclei.instances import instances_in
from slideviewer.progress import silent
from slideviewer.slide.writing import write_pyramid
from slideviewer.training.nuclei.scores import interval, matches, score
from slideviewer.training.nuclei.targets import (
    NucleiTargets,
    inside_and_border,
    nucleus_and_rim,
)
from slideviewer.training.pair_augmentation import AUGMENTATIONS
from slideviewer.training.pictures.cache import PixelCache, cached
from slideviewer.training.pictures.cases import cases_of, for_the_test, held_out
from slideviewer.training.pictures.data import PictureData, anything_marked
from slideviewer.training.pictures.marked import in_dsb_folders, in_folders, labelled
from slideviewer.training.pictures.reading import read_mask
from slideviewer.training.pictures.slides import SlideData, slides_with_markup
from slideviewer.training.segmentation.measuring import Agreement
from slideviewer.training.segmentation.tiles import SquareSource, spread, squares_of

MASKS = st.integers(0, 2**32 - 1).map(
    lambda seed: (np.random.default_rng(seed).random((12, 17)) > 0.4).astype(np.uint8)
)


def cache_of(folder: Path, *sizes: tuple[int, int]) -> PixelCache:
    """Pictures of noise, with one target."""
    rng = np.random.default_rng(0)
    items = (
        (
            f"p{number}",
            f"c{number // 2}",
            rng.integers(0, 256, (height, width, 3), np.uint8),
            rng.integers(0, 2, (height, width, 1), np.uint8),
        )
        for number, (width, height) in enumerate(sizes)
    )
    return cached(folder, {"sizes": sizes}, 1, items)


def test_every_layout_gives_the_same(tmp_path: Path) -> None:
    folders = write_folders(tmp_path / "folders")
    masks = {"Discs": folders / "Discs", "First": folders / "First"}
    sets = [
        in_folders(folders / "Original", masks),
        in_dsb_folders(write_dsb(tmp_path / "dsb")),
        labelled(write_labelled(tmp_path / "labelled")),
    ]
    for number in range(6):
        _, expected = drawn(number)
        both, of_masks, of_labels = (found[number].truth.read(96, 80) for found in sets)
        np.testing.assert_array_equal(both[..., 0] > 0, expected > 0)
        np.testing.assert_array_equal(both[..., 1] > 0, expected == 1)
        np.testing.assert_array_equal(of_masks[..., 0], expected)
        np.testing.assert_array_equal(of_labels[..., 0], expected)
    some = in_folders(folders / "Original", masks, "0_*")
    assert [it.name for it in some] == ["0_KO_0", "0_KO_1"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda it: (it / "Discs" / "0_KO_0.png").unlink(), "no mask of its name.*all black"),
        (lambda it: (it / "Original" / "0_KO_0.png").unlink(), "has no picture of its name"),
        (lambda it: [path.unlink() for path in (it / "Original").iterdir()], "holds no picture"),
        (lambda it: save(it / "Original" / "0_KO_0.jpg", drawn(0)[0]), "both called"),
        (lambda it: (it / "Original").rename(it / "Other"), "no such folder"),
    ],
)
def test_folders_that_do_not_fit(
    tmp_path: Path, harm: Callable[[Path], object], words: str
) -> None:
    folder = write_folders(tmp_path)
    harm(folder)
    with pytest.raises(TrainingError, match=words):
        in_folders(folder / "Original", {"Discs": folder / "Discs"})


def test_other_layouts_that_do_not_fit(tmp_path: Path) -> None:
    dsb = write_dsb(tmp_path / "dsb", 2)
    save(dsb / "id0" / "images" / "again.png", drawn(1)[0])
    with pytest.raises(TrainingError, match="2 pictures"):
        in_dsb_folders(dsb)
    (dsb / "id0" / "images").rename(dsb / "pictures")
    with pytest.raises(TrainingError, match="masks and no picture"):
        in_dsb_folders(dsb)
    (tmp_path / "empty").mkdir()
    for find in (in_dsb_folders, labelled):
        with pytest.raises(TrainingError, match="holds no"):
            find(tmp_path / "empty")
    numbered = write_labelled(tmp_path / "labelled", 2)
    (numbered / "p0_labels.png").unlink()
    with pytest.raises(TrainingError, match=r"no labels beside it.*p0_labels"):
        labelled(numbered)
    (numbered / "p0.png").unlink()
    (numbered / "p1.png").unlink()
    with pytest.raises(TrainingError, match="labels have no picture"):
        labelled(numbered)


def test_masks_of_many_programs_mean_the_same(tmp_path: Path) -> None:
    wanted = np.zeros((40, 48), np.bool_)
    wanted[8:32, 8:40] = True
    white = wanted.astype(np.uint8) * 255
    forms: dict[str, np.ndarray] = {
        "white.png": white,
        "ones.png": white // 255,
        "sevens.png": white // 255 * 7,
        "deep.png": white.astype(np.uint16) * 257,
        "colours.png": np.repeat(white[..., None], 3, 2),
        "white.jpg": np.repeat(white[..., None], 3, 2),
        "white.tif": white,
    }
    for name, pixels in forms.items():
        found = read_mask(save(tmp_path / name, pixels), (48, 40))
        np.testing.assert_array_equal(found, wanted, name)
    soft = cv2.GaussianBlur(white, (0, 0), 1.0)
    found = read_mask(save(tmp_path / "soft.png", soft), (48, 40))
    np.testing.assert_array_equal(found, soft >= 128)
    black = save(tmp_path / "black.png", np.zeros((40, 48), np.uint8))
    assert not read_mask(black, (48, 40)).any()
    with pytest.raises(TrainingError, match="48 x 40 pixels, and its picture 40 x 48"):
        read_mask(black, (40, 48))
    red = save(tmp_path / "red.png", np.full((40, 48, 3), (255, 0, 0), np.uint8))
    with pytest.raises(SlideError, match="colours"):
        read_mask(red, (48, 40))


def test_what_is_kept_is_used_again_while_it_is_the_same(tmp_path: Path) -> None:
    first = cache_of(tmp_path, (20, 16), (8, 8))
    again = cached(tmp_path, {"sizes": ((20, 16), (8, 8))}, 1, iter(()))
    assert again.pictures == first.pictures
    for number in range(2):
        for ours, theirs in zip(first.whole(number), again.whole(number), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    pixels, targets = first.read(1, 4, 4, 8)
    np.testing.assert_array_equal(pixels[:4, :4], first.whole(1)[0][4:, 4:])
    assert (pixels[4:] == 255).all() and not targets[:, 4:].any()
    other = cache_of(tmp_path, (9, 9))
    assert [it.width for it in other.pictures] == [9]
    with pytest.raises(TrainingError, match="nothing to train on"):
        cached(tmp_path, {}, 1, iter(()))


def test_cases_by_name_and_by_table(tmp_path: Path) -> None:
    names = ["12_KO_1", "12_KO_2", "6_WT_1"]
    assert cases_of(names) == {name: name for name in names}
    assert cases_of(names, "^[0-9]+_[A-Z]+")["12_KO_2"] == "12_KO"
    assert cases_of(names, "_(KO|WT)")["6_WT_1"] == "WT"
    table = tmp_path / "cases.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["picture", "mouse"])
        writer.writerows([["12_KO_1.jpg", "a"], ["12_KO_2", "a"], ["6_WT_1.jpg", "b"]])
    assert cases_of(names, table=table, column="mouse") == dict(zip(names, "aab", strict=True))
    for given_, words in (
        ({"table": table}, 'no column "case".*picture, mouse'),
        ({"table": table, "column": "mouse", "names": [*names, "7"]}, 'nothing of the picture "7"'),
        ({"table": tmp_path / "none.csv"}, "cannot be read"),
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": "^X"}, 'does not fit "12_KO_1"'),
        ({"pattern": ".", "table": table}, "not from both"),
    ):
        with pytest.raises(TrainingError, match=words):
            cases_of(**{"names": names, **given_})  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="one case alone"):
        held_out(["a", "a"], 0.3, 1)


@given(st.integers(2, 40), st.floats(0.01, 0.99), st.integers(0, 5))
def test_some_cases_are_held_out_and_some_are_not(count: int, fraction: float, seed: int) -> None:
    cases = [f"case {number % count}" for number in range(3 * count)]
    found = held_out(cases, fraction, seed)
    assert 1 <= len(found) < count
    assert found == held_out(cases[::-1], fraction, seed)
    assert abs(len(found) - fraction * count) <= 1


@given(st.integers(60, 200), st.floats(0.2, 0.8))
def test_a_case_is_tested_on_whatever_others_there_are(count: int, fraction: float) -> None:
    cases = [f"case {number}" for number in range(count)]
    found = for_the_test(cases, fraction)
    assert abs(len(found) - fraction * count) < 5 * (count * fraction * (1 - fraction)) ** 0.5
    few = for_the_test(cases[: count // 2], fraction)
    assert few == found & set(cases[: count // 2])


def test_tiles_are_spread_as_published() -> None:
    assert [len(spread(length, 512, 0.99)) for length in (1392, 1040)] == [3, 2]
    assert [len(spread(length, 512, 1.5)) for length in (1392, 1040)] == [4, 3]


@given(st.integers(1, 900), st.integers(16, 300), st.floats(1.0, 3.0))
def test_tiles_begin_and_end_with_the_picture(length: int, side: int, coverage: float) -> None:
    starts = spread(length, side, coverage)
    rest = max(0, length - side)
    assert all(0 <= start <= rest for start in starts)
    if len(starts) > 1:
        assert (starts[0], starts[-1]) == (0, rest)
    assert np.diff(starts).max(initial=0) <= 1.5 * side, "at most half a tile is skipped"


def test_batches_depend_on_seed_epoch_and_number_alone(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, (40, 30), (16, 50), (10, 10))
    squares = squares_of(cache, range(3), 16, 1.0)
    source = SquareSource(cache, squares, 16, 4, 1, AUGMENTATIONS["stains"], jitter=4)
    assert source.batches * 4 >= len(squares)
    order = [(epoch, index) for epoch in range(2) for index in range(source.batches)]
    first = {place: source.batch(*place) for place in order}
    for place in reversed(order):
        for ours, theirs in zip(source.batch(*place), first[place], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    pixels, targets = first[0, 0]
    assert pixels.shape == (4, 16, 16, 3) and targets.shape == (4, 16, 16, 1)
    assert not np.array_equal(pixels, first[1, 0][0])
    plain = SquareSource(cache, squares, 16, 4, 1, AUGMENTATIONS["none"])
    seen = np.concatenate([plain.batch(0, index)[0] for index in range(plain.batches)])
    wanted = {cache.read(*square, 16)[0].tobytes() for square in squares}
    assert {tile.tobytes() for tile in seen} == wanted, "each tile once an epoch"


def test_squares_that_show_nothing_are_left_out(tmp_path: Path) -> None:
    glass = np.full((32, 64, 3), 240, np.uint8)
    glass[:, 32:] = np.random.default_rng(0).integers(0, 256, (32, 32, 3))
    none = np.zeros((32, 64, 1), np.uint8)
    cache = cached(tmp_path, {}, 1, iter([("a", "a", glass, none)]))
    assert [it.x for it in squares_of(cache, [0], 32, 1.0, flat=False)] == [32]
    assert [it.x for it in squares_of(cache, [0], 32, 1.0)] == [0, 32]


@given(MASKS, MASKS)
def test_dice_and_jaccard_of_two_masks(one: np.ndarray, other: np.ndarray) -> None:
    agreed = Agreement.of(one > 0, other > 0)
    both, either = (one & other).sum(), (one | other).sum()
    assert agreed.jaccard == pytest.approx(both / either)
    assert agreed.dice == pytest.approx(2 * agreed.jaccard / (1 + agreed.jaccard))
    assert Agreement.of(one > 0, one > 0).dice == 1


def test_nuclei_that_touch_are_parted_by_a_border() -> None:
    _, labels = drawn(3)
    targets = inside_and_border(labels[..., None].astype(np.int32))
    inside, border = targets[..., 0], targets[..., 1]
    assert not (inside & border).any()
    assert ((inside | border)[labels > 0] == 1).all()
    count, parts = cv2.connectedComponents(inside)
    assert count - 1 == 3
    for part in range(1, count):
        assert len(np.unique(labels[parts == part])) == 1
    alone = np.where(labels == 3, labels, 0)[..., None].astype(np.int32)
    assert not inside_and_border(alone)[..., 1].any()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.05, 0.9), st.integers(1, 12))
def test_every_nucleus_has_a_rim_within_it_and_a_core(seed: int, share: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.zeros((61, 47), np.int32)
    for number in rng.permutation(3 * most)[:most] + 1:
        axes = tuple(int(it) for it in rng.integers(1, 20, 2))
        centre = int(rng.integers(0, 47)), int(rng.integers(0, 61))
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(labels, centre, axes, angle, 0, 360, int(number), -1)
    nuclei, rim = np.moveaxis(nucleus_and_rim(labels[..., None], share), 2, 0) > 0
    np.testing.assert_array_equal(nuclei, labels > 0)
    assert not (rim & ~nuclei).any()
    assert set(np.unique(labels[nuclei & ~rim])) == set(np.unique(labels[nuclei]))
    wider = nucleus_and_rim(labels[..., None], min(0.95, share + 0.2))[..., 1] > 0
    assert not (rim & ~wider).any()


def test_a_rim_is_a_share_of_the_depth_and_none_is_at_the_end_of_the_picture() -> None:
    labels = np.zeros((80, 80), np.int32)
    labels[10:51, 10:51], labels[60:, 60:] = 3, 8  # the latter goes on beyond the picture
    rim = nucleus_and_rim(labels[..., None], 0.4)[..., 1] > 0
    core = (labels > 0) & ~rim
    rows, columns = np.nonzero(core & (labels == 3))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (18, 42, 18, 42)
    assert core[79, 79] and rim[60, 79] and rim[79, 60]
    targets = nucleus_and_rim(labels[..., None], 0.4).astype(np.float32)
    found = instances_in(targets[..., 0], targets[..., 1], 0.5)
    assert matches(labels, found.labels).mean_precision == 1


def test_nuclei_that_touch_are_parted_by_their_rims() -> None:
    labels = drawn(3)[1].astype(np.int32)
    targets = NucleiTargets.of_rim(0.4).marks(labels[..., None]).astype(np.float32)
    found = instances_in(targets[..., 0], targets[..., 1], 0.5)
    assert len(found) == 3
    assert matches(labels, found.labels).mean_precision > 0.9


def test_nuclei_are_scored_one_by_one() -> None:
    _, labels = drawn(1)
    assert matches(labels, labels).mean_precision == 1
    renumbered = np.array([0, 7, 5, 9], np.int32)[labels]
    assert matches(labels, renumbered).mean_precision == 1
    merged = np.minimum(labels, 1) + (labels == 3)
    found = matches(labels, merged)
    assert (found.marked, found.found) == (3, 2)
    assert found.same[-1] == 1, "the one that stands alone"
    assert matches(labels, np.zeros_like(labels)).mean_precision == 0
    assert matches(np.zeros_like(labels), np.zeros_like(labels)).mean_precision == 1
    half = np.zeros((10, 10), np.int32)
    half[:, :6] = 1
    some = matches(np.ones((10, 10), np.int32), half)  # an overlap of .6
    assert some.same == (1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert score([some]) == pytest.approx(0.2)
    assert score([some, matches(labels, labels)], 0.5) == 1
    low, high = interval([some, matches(labels, labels)])
    assert low <= score([some, matches(labels, labels)]) <= high


def test_pictures_are_made_smaller_with_their_marks(tmp_path: Path) -> None:
    pictures = labelled(write_labelled(tmp_path, 2))
    cases = {it.name: it.name for it in pictures}
    data = PictureData(tuple(pictures), cases, "discs", ("Disc",), anything_marked, 0.5)
    name, _, pixels, targets = next(data.items(silent))
    assert name == "p0"
    assert pixels.shape == (40, 48, 3) and targets.shape == (40, 48, 1)
    dark = pixels.mean(axis=2) < 150
    assert (dark == (targets[..., 0] > 0)).mean() > 0.95


def test_tiles_of_slides_are_what_is_drawn_there(tmp_path: Path) -> None:
    path, size = tmp_path / "made.tif", (2048, 1536)
    pixels = np.full((size[1], size[0], 3), (210, 120, 180), np.uint8)
    pixels[:, 1600:] = 244
    pixels[np.arange(size[1]) % 64 < 8] //= 2
    write_pyramid(path, size, [pixels], 0.5)
    triangle = np.array([[400.0, 300], [1500, 420], [900, 1400]])
    corners = np.array([[600.0, 500], [900, 500], [900, 800], [600, 800]])
    shapes = [
        Annotation("a", Kind.POLYGON, triangle, group="T"),
        Annotation("b", Kind.RECTANGLE, corners, group="S"),
    ]
    annotations = AnnotationSet.of(shapes, [Group("T"), Group("S")])
    markup = tmp_path / f"{path.stem}.xml"
    write_annotations(annotations, markup)
    pairs = slides_with_markup(path, markup)
    data = SlideData(
        slides=tuple(pairs),
        groups={"Tumour": ("T",), "Both": ("T", "S")},
        cases={path.stem: "x"},
        spacing_um_px=0.75,
        tile_pixels=128,
        coverage=1.0,
        tiles_per_slide=24,
        seed=1,
        title="made",
    )
    items = list(data.items(silent))
    assert 10 < len(items) <= 24
    grid = MaskGrid.covering(*size, 1.5)
    whole = {
        target: np.concatenate(
            list(MaskPainting(annotations, Labels(dict.fromkeys(groups, 1)), grid).bands())
        )
        for target, groups in data.groups.items()
    }
    marked = 0
    for name, case, pixels, targets in items:
        assert case == "x" and pixels.shape == (128, 128, 3)
        x, y = map(int, name.rpartition(" ")[2].split(","))
        for number, target in enumerate(data.targets):
            np.testing.assert_array_equal(
                targets[..., number], whole[target][y : y + 128, x : x + 128]
            )
        marked += bool(targets.any())
    assert marked >= 10
    again = [item[0] for item in data.items(silent)]
    assert again == [item[0] for item in items]
    other = SlideData(**{**vars(data), "groups": {"Fat": ("Fat",)}})
    with pytest.raises(TrainingError, match=r'"Fat".*groups are: S, T'):
        next(other.items(silent))


def test_slides_and_markup_that_do_not_fit(tmp_path: Path) -> None:
    slides, markup = tmp_path / "slides", tmp_path / "xml"
    slides.mkdir()
    markup.mkdir()
    with pytest.raises(TrainingError, match="holds no slide"):
        slides_with_markup(slides, markup)
    (slides / "a.tif").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"a\.tif: This slide has no annotations"):
        slides_with_markup(slides, markup)
    (markup / "a.xml").write_bytes(b"")
    assert slides_with_markup(slides, markup) == [(slides / "a.tif", markup / "a.xml")]
    (markup / "b.xml").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"b\.xml: These annotations have no slide"):
        slides_with_markup(slides, markup)
    with pytest.raises(TrainingError, match="no such file"):
        slides_with_markup(slides, tmp_path / "nowhere")
