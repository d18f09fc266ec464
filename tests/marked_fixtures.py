"""Sets of small made pictures in which something is marked, in the layouts that people have."""

from pathlib import Path

import cv2
import numpy as np

NETWORK = '{"convolutions": 1}'


def drawn(seed: int, size: tuple[int, int] = (96, 80)) -> tuple[np.ndarray, np.ndarray]:
    """A picture of dark discs, RGB, and their numbers; some of them touch."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.full((height, width, 3), (225, 190, 215), np.uint8)
    labels = np.zeros((height, width), np.uint16)
    for number, (x, y) in enumerate(((24, 24), (42, 24), (70, 56)), 1):
        x, y = x + int(rng.integers(-4, 5)), y + int(rng.integers(-4, 5))
        cv2.circle(picture, (x, y), 10, (90, 60, 140), -1)
        cv2.circle(labels, (x, y), 10, number, -1)
    noise = rng.normal(0, 5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8), labels


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    return path


def write_folders(folder: Path, count: int = 6) -> Path:
    """Write Original, and masks Discs (all) and First (the first disc alone)."""
    for number in range(count):
        picture, labels = drawn(number)
        name = f"{number // 2}_KO_{number}.png"
        save(folder / "Original" / name, picture)
        save(folder / "Discs" / name, (labels > 0).astype(np.uint8) * 255)
        save(folder / "First" / name, (labels == 1).astype(np.uint8) * 255)
    return folder


def write_dsb(folder: Path, count: int = 6) -> Path:
    """Write a folder for each picture, with one mask for each disc."""
    for number in range(count):
        picture, labels = drawn(number)
        place = folder / f"id{number}"
        save(place / "images" / f"id{number}.png", picture)
        for disc in range(1, int(labels.max()) + 1):
            save(place / "masks" / f"{disc}.png", (labels == disc).astype(np.uint8) * 255)
    return folder


def write_labelled(folder: Path, count: int = 6) -> Path:
    """Write pictures with their numbers beside them."""
    for number in range(count):
        picture, labels = drawn(number)
        save(folder / f"p{number}.png", picture)
        save(folder / f"p{number}_labels.png", labels)
    return folder
