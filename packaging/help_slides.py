"""The slides in the pictures of the guide: all drawn by the program, no patient's tissue."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from slideviewer.annotations import Points
from slideviewer.cli.demo import make_demo
from slideviewer.cohort.folder_listing import LIKELIHOOD_ENDING
from slideviewer.inference.predict import predict_slide
from slideviewer.models.package import open_package
from slideviewer.progress import silent
from slideviewer.slide import open_slide
from slideviewer.slide.synthetic import generate_slide
from slideviewer.slide.writing import write_pyramid

SEED = 7
DEMO_SIZE, SMALL_SIZE = (12288, 10240), (6144, 4096)
TURN_DEGREES, SHIFT_PX = 14.0, (160.0, -90.0)
"""How the second section lies on its glass, in its own pixels."""

BROWN = np.array([[0.55, 0.1, 0.0], [0.3, 0.4, 0.1], [0.6, 0.3, 0.3]], np.float32)
"""Mixes the colours of one stain into something like another: rows red, green, blue."""


@dataclass(frozen=True)
class Slides:
    """Where the made slides lie.

    Attributes
    ----------
    folder : Path
        Of all of them.
    first, markup : Path
        The demo slide and its annotations.
    section : Path
        The same tissue turned, shifted and stained otherwise.
    mapped : Path
        A slide with a likelihood map beside it.
    damaged, channels : Path
    prediction : Path
        The stored prediction of the first slide.
    """

    folder: Path
    first: Path
    markup: Path
    section: Path
    mapped: Path
    damaged: Path
    channels: Path
    prediction: Path


def make_slides(work: Path) -> Slides:
    """Draw whatever is not there yet."""
    folder = work / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    slides = Slides(
        folder,
        first=folder / "node 1 HE.tif",
        markup=folder / "node 1 HE.xml",
        section=folder / "node 1 IHC.tif",
        mapped=folder / "node 2 HE.tif",
        damaged=folder / "node 3 HE.tif",
        channels=folder / "node 4 fluorescence.ome.tif",
        prediction=work / "prediction",
    )
    if not slides.first.exists():
        demo = make_demo(work / "demo", SEED, silent, DEMO_SIZE)
        shutil.copy(demo.path.with_name("annotations.xml"), slides.markup)
        shutil.copy(demo.path, slides.first)
    if not slides.section.exists():
        _write_section(slides.first, slides.section)
    if not slides.mapped.exists():
        made = generate_slide(slides.mapped, seed=11, size=SMALL_SIZE)
        _write_likelihood_map(map_beside(slides.mapped), made.nests)
    if not slides.damaged.exists():
        generate_slide(slides.damaged, seed=5, size=SMALL_SIZE)
        _damage(slides.damaged)
    if not slides.channels.exists():
        _write_channels(slides.channels)
    if not slides.prediction.exists():
        slide = open_slide(slides.first)
        predict_slide(slide, open_package("tumour-camelyon"), store=slides.prediction)
        slide.close()
    return slides


def map_beside(slide: Path) -> Path:
    """Where the likelihood map of a slide lies."""
    return slide.with_name(f"{slide.stem}{LIKELIHOOD_ENDING}")


def _write_section(first: Path, path: Path) -> None:
    slide = open_slide(first)
    level = slide.pyramid.levels[1]
    pixels = slide.read_region(1, 0, 0, level.width, level.height)
    slide.close()
    middle = (level.width / 2, level.height / 2)
    turn = cv2.getRotationMatrix2D(middle, TURN_DEGREES, 1.0)
    turn[:, 2] += SHIFT_PX
    paper = tuple(int(value) for value in pixels[0, 0])
    turned = cv2.warpAffine(
        np.ascontiguousarray(pixels), turn, (level.width, level.height), borderValue=paper
    )
    density = 255.0 - turned.astype(np.float32)
    stained = np.clip(255.0 - density @ BROWN.T, 0, 255).astype(np.uint8)
    write_pyramid(path, (level.width, level.height), _bands(stained), 0.5)


def _bands(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for top in range(0, len(pixels), 512):
        yield pixels[top : top + 512]


def _write_likelihood_map(path: Path, nests: tuple[Points, ...], cell: int = 16) -> None:
    """Where a model might see tumour: the nests, with soft borders and one of them missed."""
    width, height = (side // cell for side in SMALL_SIZE)
    grey = np.zeros((height, width), np.uint8)
    for outline in nests[1:]:
        cv2.fillPoly(grey, [np.rint(outline / cell).astype(np.int32)], 235)
    cv2.circle(grey, (width // 5, height // 3), 9, 160, -1)
    soft = cv2.GaussianBlur(grey, (0, 0), 4)
    tifffile.imwrite(path, soft, tile=(128, 128), photometric="minisblack")


def _damage(path: Path) -> None:
    """Overwrite three tiles in the middle of the second level."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[1]
        across = -(-page.imagewidth // page.tilewidth)
        numbers = [row * across + column for column, row in ((5, 3), (6, 3), (7, 4))]
        broken = [(page.dataoffsets[it], page.databytecounts[it]) for it in numbers]
    with path.open("r+b") as stream:
        for offset, size in broken:
            stream.seek(offset)
            stream.write(bytes(size))


def _write_channels(path: Path, side: int = 2048) -> None:
    """Nuclei, membranes and a few bright cells, in three channels of 16 bits."""
    dice = np.random.default_rng(SEED)
    nuclei, membranes, bright = (np.zeros((side, side), np.float32) for _ in range(3))
    for _ in range(1800):
        x, y = (int(value) for value in dice.integers(0, side, 2))
        long, short = (int(value) for value in dice.integers(9, 17, 2))
        turn = float(dice.uniform(0, 180))
        size = (long, short)
        cv2.ellipse(nuclei, (x, y), size, turn, 0, 360, float(dice.uniform(2500, 7000)), -1)
        cv2.ellipse(membranes, (x, y), (long + 7, short + 7), turn, 0, 360, 4000.0, 3)
        if dice.random() < 0.08:
            cv2.ellipse(bright, (x, y), size, turn, 0, 360, 12000.0, -1)
    stack = [
        np.clip(cv2.GaussianBlur(channel, (0, 0), 2) + dice.normal(300, 60, channel.shape), 0, None)
        for channel in (nuclei, membranes, bright)
    ]
    tifffile.imwrite(
        path,
        np.stack(stack).astype(np.uint16),
        tile=(256, 256),
        photometric="minisblack",
        ome=True,
        metadata={
            "axes": "CYX",
            "Channel": {"Name": ["DAPI", "Cytokeratin", "Ki-67"]},
            "PhysicalSizeX": 0.5,
            "PhysicalSizeY": 0.5,
        },
    )
