"""Tiles of slides: where they lie, of which class they are, and which are drawn."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_slides import (
    CLASSES,
    DECOY,
    NEST,
    SIDE,
    box,
    marks,
    options,
    sees_dark,
    write_cases,
    write_slide,
)

from slideviewer.annotations import AnnotationSet, Group, write_asap
from slideviewer.annotations.masks import MaskGrid
from slideviewer.errors import PredictionError, TrainingError
from slideviewer.geometry import Rect
from slideviewer.slide.tissue import TissueMask
from slideviewer.slide.writing import write_pyramid
from slideviewer.training.gathering import gather, slides_of
from slideviewer.training.label_map import LabelMap, label_map
from slideviewer.training.mining import mine
from slideviewer.training.options import SlideOptions, SplitOptions
from slideviewer.training.place_rules import (
    CLASS,
    MINED,
    RING,
    TISSUE,
    LabelRule,
    PlaceRules,
    parse_rule,
)
from slideviewer.training.places import Places, _shares, find_places
from slideviewer.training.slide_list import MarkedSlide, find_slides

RULES = PlaceRules(CLASSES, "Tumor", few=0, ring_um=100)
TILE = 128.0
ALL_TISSUE = TissueMask(np.ones((SIDE // 16, SIDE // 16), bool), Rect(0, 0, SIDE, SIDE), 8.0)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cases(tmp_path_factory.mktemp("cases"))


def painted(*boxes: tuple[int, int, int, int], number: int = 2) -> LabelMap:
    labels = np.zeros((SIDE // 8, SIDE // 8), np.uint8)
    for left, top, right, bottom in boxes:
        labels[top // 8 : bottom // 8, left // 8 : right // 8] = number
    return LabelMap(labels, MaskGrid(SIDE // 8, SIDE // 8, 8, 8), frozenset())


def places_of(marked: LabelMap, rules: PlaceRules = RULES, **more: bool) -> Places:
    return find_places(marked, ALL_TISSUE, Rect(0, 0, SIDE, SIDE), TILE, 0.5, rules, **more)


def tumour(places: Places) -> set[tuple[float, float]]:
    is_tumour = places.labels == 1
    return set(zip(places.x[is_tumour].tolist(), places.y[is_tumour].tolist(), strict=True))


@given(
    st.integers(0, 2**32 - 1),
    st.floats(1, 9),
    st.lists(st.floats(-20, 120), min_size=1, max_size=3),
    st.floats(0.5, 30),
)
def test_shares_are_those_of_counted_pixels(
    seed: int, scale: float, middles: list[float], half: float
) -> None:
    mask = np.random.default_rng(seed).random((12, 9)) < 0.5
    x, y = np.array(middles), np.array(middles[::-1])
    found = _shares(mask, (scale, scale), x, y, half)
    rows = np.arange(13) * scale
    columns = np.arange(10) * scale
    for row, middle_y in enumerate(y):
        for column, middle_x in enumerate(x):
            down = np.clip(rows, middle_y - half, middle_y + half)
            across = np.clip(columns, middle_x - half, middle_x + half)
            area = np.outer(np.diff(down), np.diff(across))
            expected = (area * mask).sum() / area.sum() if area.sum() > 1e-9 else 0
            assert found[row, column] == pytest.approx(expected, abs=1e-6)


def test_whole_tiles_are_tumour_and_what_is_between_is_left_out() -> None:
    places = places_of(painted((256, 256, 560, 512)))
    assert tumour(places) == {(320, 320), (448, 320), (320, 448), (448, 448)}
    assert len(places) == 64 - 2  # two tiles are tumour in part
    whole = {(x, y) for x, y in zip(places.x, places.y, strict=True)}
    assert (576, 320) not in whole and (704, 320) in whole


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("whole", 4), ("fraction:0.3", 6), ("fraction:0.5", 4), ("centre", 6), ("any", 6)],
)
def test_rules_for_a_tile_of_which_a_part_is_tumour(rule: str, expected: int) -> None:
    places = places_of(painted((256, 256, 560, 512)), replace(RULES, rule=parse_rule(rule)))
    assert len(tumour(places)) == expected


@given(st.text("wholecentrafi:.0159-", max_size=12))
def test_what_is_no_rule_is_said(text: str) -> None:
    try:
        rule = parse_rule(text)
    except TrainingError as error:
        assert "fraction:0.5" in str(error)
    else:
        assert 0 <= rule.least <= 1
        assert rule.text


def test_the_rest_is_tissue_alone_and_near_the_target_it_is_the_ring() -> None:
    half = np.zeros((SIDE // 16, SIDE // 16), bool)
    half[:, : SIDE // 32] = True
    tissue = TissueMask(half, Rect(0, 0, SIDE, SIDE), 8.0)
    area = Rect(0, 0, SIDE, SIDE)
    places = find_places(painted(NEST), tissue, area, TILE, 0.5, RULES)
    assert places.x[places.labels == 0].max() < SIDE / 2
    near = places.kinds == RING
    distance = np.hypot(*np.maximum(np.abs(np.stack([places.x, places.y]) - 384) - 128, 0)) * 0.5
    assert distance[near].max() <= 105 and distance[places.kinds == TISSUE].min() >= 95
    assert (places.kinds[places.labels == 1] == CLASS).all()


def test_ignored_areas_are_not_touched_and_partial_slides_have_no_rest() -> None:
    marked = painted(NEST)
    marked.labels[: SIDE // 16] = 255
    places = places_of(marked)
    assert places.y.min() - TILE / 2 >= SIDE / 2
    places = places_of(painted(NEST), is_partial=True)
    assert len(places) == len(tumour(places)) == 4


def test_where_tiles_are_few_half_of_each_is_judged_on_a_finer_lattice() -> None:
    small = painted((340, 340, 420, 420))
    assert not tumour(places_of(small))
    found = places_of(small, replace(RULES, few=3))
    assert found.is_fallback and tumour(found) == {(384, 384)}
    clean = found.labels == 0
    apart = np.maximum(np.abs(found.x - 380), np.abs(found.y - 380))[clean]
    assert apart.min() >= 64 + 40 - 8  # the rest is judged by whole tiles still
    assert not places_of(painted(NEST), replace(RULES, few=3)).is_fallback


def test_xml_and_masks_of_any_scale_say_the_same(cases: Path, tmp_path: Path) -> None:
    slide = next(cases.glob("*.tif"))
    size = (SIDE, SIDE)
    from_xml = label_map(MarkedSlide(slide, slide.with_suffix(".xml"), "a"), size, TILE, CLASSES)
    assert from_xml.found == {"Tumor"} and (from_xml.labels == 2).sum() == 32 * 32
    masks = ((16, 255, "white", "png"), (16, 7, "7", "png"), (1, 1, "white", "png"))
    for scale, value, source, ending in (*masks, (3, 9, "9", "png"), (4, 255, "white", "jpg")):
        picture = np.zeros((SIDE // scale, SIDE // scale), np.uint8)
        left, top, right, bottom = (round(it / scale) for it in NEST)
        picture[top:bottom, left:right] = value
        path = tmp_path / f"{scale}-{value}.{ending}"
        if ending == "jpg":
            picture = np.stack([picture, picture, np.maximum(picture, 3)], axis=-1)
        cv2.imwrite(str(path), picture)
        classes = {"rest": "Normal", source: "Tumor"}
        found = label_map(MarkedSlide(slide, path, "a"), size, TILE, classes)
        assert found.found == {source}
        assert (found.labels != from_xml.labels).mean() < 0.003


def test_groups_inside_groups_count_and_unnamed_ones_are_told_of(tmp_path: Path) -> None:
    shapes = [box("A", "inner", *NEST), box("B", "Artefact", *DECOY)]
    groups = [Group("Tumor"), Group("inner", "Tumor"), Group("Artefact")]
    path = tmp_path / "a.xml"
    write_asap(AnnotationSet.of(shapes, groups), path)
    found = label_map(MarkedSlide(Path("a.tif"), path, "a"), (SIDE, SIDE), TILE, CLASSES)
    assert (found.labels == 2).any() and found.unnamed == {"Artefact"}
    classes = CLASSES | {"Artefact": "ignore"}
    found = label_map(MarkedSlide(Path("a.tif"), path, "a"), (SIDE, SIDE), TILE, classes)
    assert (found.labels == 255).any() and not found.unnamed


def test_quotas_and_draws_that_depend_on_the_slide_alone(cases: Path, tmp_path: Path) -> None:
    slides = SlideOptions(rule=LabelRule(1, 0.5), few=0, per_slide=6, ring_share=0.5, ring_um=120)
    told: list[str] = []
    gathered = gather(options(cases, tmp_path / "a", slides=slides), on_notice=told.append)
    sample = gathered.sample
    assert sample is not None
    for number in range(4):
        here = sample.index == number
        assert (sample.places.labels[here] == 1).sum() == 3
        assert (sample.places.kinds[here] == RING).sum() == 2  # half of three, rounded
    fewer = tmp_path / "fewer"
    fewer.mkdir()
    for path in list(cases.iterdir()):
        if "_01_" in path.name:
            (fewer / path.name).write_bytes(path.read_bytes())
    alone = gather(options(fewer, tmp_path / "b", slides=slides)).sample
    assert alone is not None
    np.testing.assert_array_equal(alone.places.x, sample.places.x[sample.index == 1])
    # What is read is what lies there: the nest is dark, the rest is not, unless it is the decoy.
    examples = gathered.examples
    dark = [examples.tiles.read(at).mean() < 130 for at in range(len(examples))]
    assert all(np.array(dark)[examples.labels == 1])
    assert np.mean(np.array(dark)[examples.labels == 0]) < 0.5
    # A training that goes on finds its tiles again without looking.
    again = gather(options(cases, tmp_path / "a", slides=slides)).sample
    assert again is not None and again is not sample
    np.testing.assert_array_equal(again.places.x, sample.places.x)
    np.testing.assert_array_equal(again.places.kinds, sample.places.kinds)


def test_patients_stay_together_and_lists_say_more(cases: Path, tmp_path: Path) -> None:
    rows = ["slide,patient,split,partial,spacing"]
    for number, path in enumerate(sorted(cases.glob("*.tif"))):
        part = "validation" if number == 2 else "training"
        rows.append(f"{path},P{number // 2},{part},{'yes' if number == 3 else ''},")
    listed = tmp_path / "list.csv"
    listed.write_text("\n".join(rows))
    gathered = gather(options(listed, tmp_path / "a"))
    training, validation = gathered.examples.split(0.2)
    assert set(validation.origins) == {"P1"} and set(training.origins) == {"P0", "P1"}
    assert gathered.sample is not None and gathered.sample.slides[3].partial
    listed.write_text(
        "\n".join(row.replace("training", "").replace("validation", "") for row in rows)
    )
    examples = gather(options(listed, tmp_path / "b")).examples
    training, validation = examples.split(0.2)
    assert not set(training.origins) & set(validation.origins) and len(validation)
    assert examples.split_by == "patient"
    split = SplitOptions(pattern=r"patient_\d+")
    assert {it.origin for it in slides_of(options(cases, tmp_path, split=split))} == {
        f"patient_{number:02}" for number in range(4)
    }


def bad_list(folder: Path, text: str) -> Path:
    path = folder / "bad.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "split", "reason"),
    [
        ("slide\nnowhere.tif\n", SplitOptions(), "not there"),
        ("slide,split\nS,test\n", SplitOptions(), '"test" in the column split'),
        ("slide,markup\nS,none.xml\n", SplitOptions(), "markup that is not there"),
        ("slide,spacing\nS,big\n", SplitOptions(), 'spacing "big"'),
        ("slide\nS,1\n", SplitOptions(), "Line 2 has 2 columns"),
        ("slide\nS\n", SplitOptions("centre"), 'no column "centre"'),
        ("slide\nS\n", SplitOptions("", "("), "no regular expression"),
        ("slide\nS\n", SplitOptions("", "case"), 'finds nothing in "patient'),
        ("slide\n", SplitOptions(), "no slide"),
        ("slide\nS\nS\n", SplitOptions(), "has the same name"),
    ],
)
def test_lists_that_are_refused(
    cases: Path, tmp_path: Path, text: str, split: SplitOptions, reason: str
) -> None:
    path = bad_list(tmp_path, text.replace("S", str(next(cases.glob("*.tif")))))
    with pytest.raises(TrainingError, match=reason):
        gather(options(path, tmp_path / "out", split=split))


def test_two_slides_that_share_a_markup_are_refused(cases: Path, tmp_path: Path) -> None:
    slide = next(cases.glob("*.tif"))
    for ending in (".tif", ".tiff"):
        shutil.copy(slide, tmp_path / f"a{ending}")
    shutil.copy(slide.with_suffix(".xml"), tmp_path / "a.xml")
    with pytest.raises(TrainingError, match=r"a\.tiff: Another slide has the same markup.*a\.xml"):
        find_slides(tmp_path)


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ({"rest": "Normal", "Tumour": "Tumor"}, 'anything marked "Tumour"'),
        ({"rest": "Normal", "Tumor": "Tumor", "3": "Fat"}, 'anything marked "3"'),
    ],
)
def test_a_group_that_nobody_marked_is_said(
    cases: Path, tmp_path: Path, classes: dict[str, str], reason: str
) -> None:
    with pytest.raises(TrainingError, match=reason):
        gather(options(cases, tmp_path / "out", classes=classes))


def test_a_mask_without_a_slide_or_of_another_shape_is_refused(cases: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    cv2.imwrite(str(masks / "patient_77_mask.png"), np.zeros((64, 64), np.uint8))
    with pytest.raises(TrainingError, match=r"patient_77_mask\.png: This mask has no slide"):
        find_slides(cases, masks)
    (masks / "patient_77_mask.png").rename(masks / "patient_00_node_mask.png")
    found = find_slides(cases, masks)
    assert [it.has_mask for it in found] == [True, False, False, False]
    cv2.imwrite(str(masks / "patient_00_node_mask.png"), np.zeros((64, 32), np.uint8))
    with pytest.raises(TrainingError, match="not the shape"):
        label_map(found[0], (SIDE, SIDE), TILE, CLASSES)


def test_a_class_without_tiles_and_a_slide_without_spacing_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "slides"
    folder.mkdir()
    write_slide(folder / "a.tif", NEST)
    write_asap(marks((300, 300, 330, 330)), folder / "a.xml")
    with pytest.raises(TrainingError, match=r'No tile of class "Tumor" .*\(from Tumor'):
        gather(options(folder, tmp_path / "out"))
    write_pyramid(folder / "a.tif", (SIDE, SIDE), [np.zeros((SIDE, SIDE, 3), np.uint8)], None)
    with pytest.raises(PredictionError, match="column spacing"):
        gather(options(folder, tmp_path / "out"))


def test_hard_negatives_are_what_looks_like_the_target_and_is_none(
    cases: Path, tmp_path: Path
) -> None:
    slides = SlideOptions(rule=LabelRule(1, 0.5), few=0, per_slide=2, partial="_03_")
    chosen = options(cases, tmp_path / "a", slides=slides)
    sample = gather(chosen).sample
    assert sample is not None
    found = mine(sees_dark(), sample.slides, sample, chosen.rules, chosen.size, per_slide=3, seed=1)
    # The first has no decoy, and of the last only part was annotated.
    assert np.unique(found.index).tolist() == [1, 2]
    assert all(
        DECOY[0] <= x <= DECOY[2] and DECOY[1] <= y <= DECOY[3]
        for x, y in zip(found.places.x, found.places.y, strict=True)
    )
    assert (found.places.labels == 0).all() and (found.places.kinds == MINED).all()
    assert np.bincount(found.index).max() <= 3
    known = sample.joined(found)
    again = mine(sees_dark(), sample.slides, known, chosen.rules, chosen.size, 100, seed=1)
    spots = set(zip(again.index, again.places.x, again.places.y, strict=True))
    assert not spots & set(zip(known.index, known.places.x, known.places.y, strict=True))
