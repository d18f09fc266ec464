"""What one slide or picture of a set is like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import area, read_annotations
from slideviewer.annotations.model import Kind
from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide, Spacing, find_tissue, open_slide
from slideviewer.training.explore.finding import Item
from slideviewer.training.label_map import HALF_WHITE, LOSSY_SUFFIXES, open_any_mask
from slideviewer.training.slide_list import MASK_ENDINGS

THUMBNAIL_PX = 160

_PLAIN = frozenset({"png", "jpeg", "bmp", "tiff"})
"""Makes of a slide that is a plain picture: on those no tissue is looked for."""
_BLACK, _PALE = 30, 12
_DARK, _BRIGHT = 90, 170
_MOST_LABELS = 9
_LARGEST_MASK_PX = 1 << 26
_QUICK_BYTES = 1 << 26


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of an item.

    Attributes
    ----------
    item : Item
    problem : str
        Why it cannot be read; empty where it can.
    width, height : int
        In pixels of full resolution.
    spacing_um_px : float or None
    colours : str
        What it looks like, in a few words.
    areas : mapping of str to ndarray (n,)
        Area of each object in square pixels of full resolution, by group.
    tissue_mm2 : float or None
    digest : str
        SHA-256 of its file; of a vast one, of its size, beginning and end.
    thumbnail : ndarray (height, width, 3) or None
    """

    item: Item
    problem: str = ""
    width: int = 0
    height: int = 0
    spacing_um_px: float | None = None
    colours: str = ""
    areas: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    tissue_mm2: float | None = None
    digest: str = ""
    thumbnail: NDArray[np.uint8] | None = None

    @property
    def objects(self) -> int | None:
        """How many were marked; None where nobody marked any."""
        is_marked = self.item.markup is not None or bool(self.item.masks)
        return sum(map(len, self.areas.values())) if is_marked else None


def facts_of(item: Item) -> Facts:
    """Look at one item; what is wrong with it is one of its facts."""
    try:
        digest = _digest(item.path)
        with closing(open_slide(item.path)) as slide:
            thumbnail = slide.thumbnail(THUMBNAIL_PX)
            spacing = slide.spacing.um_px if isinstance(slide.spacing, Spacing) else None
            size = slide.pyramid.width, slide.pyramid.height
            return Facts(
                item,
                "",
                *size,
                spacing,
                colours_of(thumbnail),
                _areas(item, size),
                _tissue(slide, spacing),
                digest,
                thumbnail,
            )
    except (SlideviewerError, OSError) as error:
        words = error.problem if isinstance(error, SlideviewerError) else error.strerror
        return Facts(item, words or str(error))


def colours_of(picture: NDArray[np.uint8]) -> str:
    """What a picture looks like: grey or coloured, and how bright where there is nothing."""
    hsv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    lit = hsv[..., 1][hsv[..., 2] > _BLACK]
    is_grey = not len(lit) or float(np.percentile(lit, 95)) < _PALE
    ground = float(np.median(picture))
    where = "dark ground" if ground < _DARK else "no empty ground"
    where = "bright ground" if ground > _BRIGHT else where
    return f"{'grey' if is_grey else 'colour'}, {where}"


def _areas(item: Item, size: tuple[int, int]) -> Mapping[str, NDArray[np.float64]]:
    if item.masks:
        found = []
        for path in item.masks:
            mask = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
            found.append(0.0 if mask is None else float(np.count_nonzero(mask)))
        return {"objects": np.array(found)}
    if item.markup is None:
        return {}
    if item.markup.suffix.lower() in MASK_ENDINGS:
        return _mask_areas(item.markup, size)
    found_by_group: dict[str, list[float]] = {}
    for shape in read_annotations(item.markup).annotations:
        is_area = isinstance(shape.kind, Kind) and shape.kind.is_area
        value = area(shape) if is_area else 0.0
        found_by_group.setdefault(shape.group or "None", []).append(value)
    return {group: np.array(values) for group, values in found_by_group.items()}


def _mask_areas(path: Path, size: tuple[int, int]) -> Mapping[str, NDArray[np.float64]]:
    """Areas of the regions of each label; where there are many labels, of the labels."""
    with closing(open_any_mask(path)) as mask:
        level = next(
            (at for at, (w, h) in enumerate(mask.sizes) if w * h <= _LARGEST_MASK_PX),
            len(mask.sizes) - 1,
        )
    with closing(open_any_mask(path, level)) as mask:
        labels = np.asarray(mask.read(0, 0, mask.width, mask.height))
        scale = size[0] * size[1] / (mask.width * mask.height)
    if path.suffix.lower() in LOSSY_SUFFIXES:
        labels = (labels >= HALF_WHITE).astype(np.uint8)
    values, counts = np.unique(labels, return_counts=True)
    if labels.dtype.itemsize > 1 or len(values) > _MOST_LABELS:  # each object has its own number
        return {"objects": np.asarray(counts[values > 0] * scale, np.float64)}
    found: dict[str, NDArray[np.float64]] = {}
    for value in values[values > 0].tolist():
        _, _, stats, _ = cv2.connectedComponentsWithStats((labels == value).astype(np.uint8))
        found[str(value)] = np.asarray(stats[1:, cv2.CC_STAT_AREA] * scale, np.float64)
    return found


def _tissue(slide: Slide, spacing_um_px: float | None) -> float | None:
    if slide.vendor in _PLAIN or spacing_um_px is None:
        return None
    tissue = find_tissue(slide)
    pixel_um2 = (tissue.downsample * spacing_um_px) ** 2
    return float(tissue.mask.sum()) * pixel_um2 / 1e6


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    if not path.is_file():  # a folder of DICOM files
        return ""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= _QUICK_BYTES:
            digest.update(stream.read())
        else:
            digest.update(f"{size} ".encode() + stream.read(1 << 20))
            stream.seek(size - (1 << 20))
            digest.update(stream.read())
    return digest.hexdigest()
