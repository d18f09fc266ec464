"""A folder of made slides, predictions and truths, with the names that the guide uses."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    write_annotations,
)
from slideviewer.annotations.masks import Labels, MaskGrid
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.features import heatmap_features
from slideviewer.inference.grid import Grid
from slideviewer.inference.png import png_bytes
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.scores import write_scores
from slideviewer.slide import Spacing
from slideviewer.slide.masks import write_mask
from slideviewer.slide.writing import write_pyramid

SIZE = 2048, 1536
UM_PX = 0.25
CELL = 128
BOXES = {
    "a_01": (256, 256, 1152, 1152),
    "a_02": (512, 384, 1536, 1024),
    "a_03": (0, 640, 768, 1408),
}
"""Tumour of each slide: left, top, right, bottom."""
NORMAL = "normal_01"


def square(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return as_points([(left, top), (right, top), (right, bottom), (left, bottom)])


def markup(box: tuple[float, float, float, float], group: str = "Tumor") -> AnnotationSet:
    shape = Annotation("nest", Kind.POLYGON, square(*box), group)
    return AnnotationSet.of([shape], [Group(group)])


def prediction(name: str, folder: Path, seed: int) -> Prediction:
    """Cells that are rather right about a slide's tumour."""
    rng = np.random.default_rng(seed)
    grid = Grid(0, 0, CELL, SIZE[0] // CELL, SIZE[1] // CELL)
    chance = np.full((grid.rows, grid.columns), 0.2)
    if name in BOXES:
        left, top, right, bottom = (side // CELL for side in BOXES[name])
        chance[top:bottom, left:right] = 0.8
    chance = np.clip(chance + rng.normal(0, 0.22, chance.shape), 0.001, 0.999)
    chance[-1] = np.nan  # glass
    slide = folder / "slides" / f"{name}.tif"
    facts = {"name": slide.name, "path": str(slide), "width": SIZE[0], "height": SIZE[1]}
    return Prediction(
        grid,
        ("Normal", "Tumor"),
        np.stack([1 - chance, chance], axis=2).astype(np.float32),
        1,
        0.5,
        {"slide": facts, "spacing_um_px": UM_PX, "model": {"name": "made"}},
    )


def make_everything(folder: Path) -> Path:
    """Write all that the examples of the guide's page name."""
    for name in ("slides", "markup", "anna", "bert", "points", "masks", "masks_predicted"):
        (folder / name).mkdir()
    scores = {}
    for seed, name in enumerate((*BOXES, NORMAL)):
        grey = np.full((SIZE[1], SIZE[0], 3), 210 - 20 * seed, np.uint8)
        grey[:, : SIZE[0] // 2] -= 40
        write_pyramid(folder / "slides" / f"{name}.tif", SIZE, [grey], UM_PX)
        found = prediction(name, folder, seed)
        forms = ["csv", "lesions", "map", "mask"]
        write_outputs(Export(found, 0.5), folder / "results" / name, forms)
        scores[name] = heatmap_features(found)
        points = (folder / "results" / name / "lesions.csv").read_text("utf-8")
        (folder / "points" / f"{name}.csv").write_text(points, "utf-8")
    write_scores(scores, ["max"], folder / "results")
    for name, box in BOXES.items():
        write_annotations(markup(box), folder / "markup" / f"{name}.xml")
        write_annotations(markup(box), folder / "anna" / f"{name}.xml")
        left, top, right, bottom = (side + 64 for side in box)
        shifted = left, top, right, bottom
        write_annotations(markup(shifted), folder / "bert" / f"{name}.geojson")
        drawn = markup(box)
        stroma = Annotation("s", Kind.POLYGON, square(1600, 1200, 2000, 1500), "Stroma")
        both = AnnotationSet.of([*drawn, stroma], [Group("Tumor"), Group("Stroma")])
        for place, shapes in (("masks", both), ("masks_predicted", both)):
            grid = MaskGrid.covering(*SIZE, 4)
            labels = Labels({"Tumor": 1, "Stroma": 2})
            path = folder / place / f"{name}_mask.tif"
            write_mask(path, shapes, labels, grid, SIZE, Spacing(UM_PX, UM_PX))
    _tables(folder)
    _pictures(folder)
    return folder


def _tables(folder: Path) -> None:
    rows = "".join(
        f"{name},{'tumor' if name in BOXES else 'normal'}\n" for name in (*BOXES, NORMAL)
    )
    (folder / "slides.csv").write_text(f"slide,label\n{rows}", "utf-8")
    nodes = {
        "patient_1": "macro micro macro micro",
        "patient_2": "itc negative",
        "patient_3": "micro",
    }
    stages = {"patient_1": "pN2", "patient_2": "pN0(i+)", "patient_3": "pN1mi"}
    for file, change in (("stage_labels.csv", ""), ("submission.csv", "patient_3")):
        lines = ["patient,stage"]
        for name, kinds in nodes.items():
            own = ["negative"] if name == change else kinds.split()
            lines.append(f"{name}.zip,{'pN0' if name == change else stages[name]}")
            lines += [f"{name}_node_{number}.tif,{kind}" for number, kind in enumerate(own)]
        (folder / file).write_text("\n".join(lines) + "\n", "utf-8")


def _pictures(folder: Path) -> None:
    """Classified pictures, masks of two overlapping classes, and nuclei."""
    rng = np.random.default_rng(5)
    (folder / "pictures").mkdir()
    said, true = ["file,prob_Normal,prob_Tumor"], ["picture,class,slide"]
    for number in range(40):
        is_tumour = number % 2
        chance = np.float32(np.clip(0.25 + 0.5 * is_tumour + rng.normal(0, 0.2), 0, 1))
        said.append(f"{number}.png,{np.float32(1) - chance},{chance}")
        true.append(f"{number}.png,{('normal', 'tumor')[is_tumour]},s{number % 5}")
    (folder / "pictures" / "images.csv").write_text("\n".join(said), "utf-8")
    facts = {"model": {"target_class": "Tumor"}, "inputs": []}
    (folder / "pictures" / "run.json").write_text(json.dumps(facts), "utf-8")
    (folder / "classes.csv").write_text("\n".join(true), "utf-8")
    for number in range(3):
        for name, start in (("Parenchyma", 10), ("Inflammation", 40)):
            drawn = np.zeros((80, 100), np.uint8)
            if (name, number) != ("Inflammation", 2):  # empty on both sides
                drawn[20:60, start : start + 30 + number] = 255
            shifted = np.roll(drawn, 2 * number, axis=1)
            for file, mask in (
                (folder / "targets" / name / f"p{number}.png", drawn),
                (folder / "segmented" / f"p{number}" / f"mask_{name}.png", shifted),
            ):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(png_bytes(mask))
        labels = np.zeros((60, 60), np.uint16)
        for nucleus in range(5):
            labels[5 + 10 * nucleus : 12 + 10 * nucleus, 5:15] = 1 + nucleus
        found = np.where(labels > number, labels + 300, 0).astype(np.uint16)
        for file, picture in (
            (folder / "labels" / f"n{number}_labels.png", labels),
            (folder / "found" / f"n{number}" / "labels.png", found),
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png_bytes(picture))
