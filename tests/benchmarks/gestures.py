"""A minute of recorded gestures at real time: how smooth, how sharp, never white."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import child
from benchmarks.coarse import coarse_picture
from benchmarks.report import Cell, Table
from benchmarks.slides import LARGE, large_slide

QUICK_SECONDS = 15

WAYS: dict[str, dict[str, bool]] = {
    "looking": {"predict": False},
    "while predicting": {"predict": True, "waits": True},
    "while predicting, which does not give way": {"predict": True, "waits": False},
}
"""What goes on beside the gestures; by default a prediction waits while the view moves."""

COLUMNS = (
    "", "frames", "frame ms, median", "95 %", "99 %", "worst", "loop delay ms, median", "99 %",
    "worst", "refreshes blurred > 250 ms, %", "frames with blank places", "blank places, %",
)  # fmt: skip


def tables(folder: Path, data: Path | None, quick: bool) -> list[Table]:
    """Replay on the large slide, at rest and while a model predicts."""
    path = large_slide(folder)
    picture = coarse_picture(path, folder)
    seconds = QUICK_SECONDS if quick else 0
    rows, everything = [], []
    predicted = []
    for name, how in WAYS.items():
        found = child.measured("gestures_child", slide=path, coarse=picture, seconds=seconds, **how)
        everything.append(found)
        rows.append((name, *cells_of(found)))
        if "predicted" in found:
            predicted.append(f"{found['predicted']:,} {name}")
    notes = (
        "Frame: the canvas's paintEvent. Loop delay: how late a 1 ms timer came.",
        "Blurred: of 60 refreshes a second, those in which the view had not been sharp for more "
        "than 250 ms on end; while it moves, that may be other tiles each time.",
        f"Tiles predicted during the gestures: {'; '.join(predicted)}.",
        f"Blank: after each frame, a grid of places with tissue is looked at for one flat colour. "
        f"Slide: {LARGE}. The prediction runs in its own process at low priority.",
    )
    return [
        Table(
            "Gestures, canvas 1920 × 1080",
            COLUMNS,
            tuple(rows),
            notes + child.complaints(everything),
        )
    ]


def cells_of(found: dict[str, Any]) -> tuple[Cell, ...]:
    """A row's figures from what a child answered."""
    frame, delay = found["frame_ms"], found["delay_ms"]
    return (
        frame["count"], frame["median"], frame["p95"], frame["p99"], frame["worst"],
        delay["median"], delay["p99"], delay["worst"],
        found.get("blurred_percent"), found.get("blank_frames"), found.get("blank_percent"),
    )  # fmt: skip
