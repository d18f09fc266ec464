"""Editing: much markup read, looked at, changed, saved and weighed; programs that are killed."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import child
from benchmarks.edit_fuzz import run_fuzz
from benchmarks.edit_kills import run_kills
from benchmarks.edit_made import VERTICES, giant, many
from benchmarks.report import Cell, Table
from benchmarks.slides import large_slide

COUNT, QUICK_COUNT = 100_000, 20_000
GIANT_VERTICES, QUICK_GIANT_VERTICES = 1_000_000, 200_000
RUNS, QUICK_RUNS = 5, 2

SCALES = {"whole slide": 0.01, "a twentieth": 0.05, "a fifth": 0.2, "pixel for pixel": 1.0}
"""Screen pixels per slide pixel while dragging."""

SECONDS, QUICK_SECONDS = 15, 5
FINDINGS, QUICK_FINDINGS = 50_000, 2_000
EDIT_SCALES = {"outlines": 0.5, "outline": 0.05}
KILLS, QUICK_KILLS = 200, 5
FUZZ_RUNS, QUICK_FUZZ_RUNS = 10_000, 300


def files(folder: Path, quick: bool) -> dict[str, Path]:
    """The measured files by name, made where they are missing."""
    count = QUICK_COUNT if quick else COUNT
    vertices = QUICK_GIANT_VERTICES if quick else GIANT_VERTICES
    return {
        f"{count:,} outlines of {VERTICES} vertices": many(folder, count),
        f"1 outline of {vertices:,} vertices": giant(folder, vertices),
    }


def load(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """Reading beside what lxml takes to parse the same file and do nothing with it."""
    rows = []
    for name, path in files(folder, quick).items():
        found = _of_files("load", path, quick)
        bare, ours = median(found["lxml"]), median(found["read"])
        rows.append((name, path.stat().st_size / 1e6, bare, ours, ours / bare))
    columns = ("", "file MB", "lxml parses, s", "read_asap, s", "×")
    return [Table("Loading", columns, tuple(rows), ("Computing time, medians; goal: 3 ×.",))]


def save(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """Writing."""
    rows = []
    for name, path in files(folder, quick).items():
        found = _of_files("save", path, quick)
        rows.append((name, found["bytes"] / 1e6, median(found["write"])))
    notes = ("Computing time, median; goal: 2 s for 100,000 shapes.",)
    return [Table("Saving", ("", "file MB", "write_asap, s"), tuple(rows), notes)]


def memory(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """What a set takes, by the process and by Python's own count."""
    rows = []
    for name, path in files(folder, quick).items():
        process, traced = _of_files("weigh", path, quick), _of_files("trace", path, quick)
        each = 1e6 / process["shapes"]
        rows.append((name, process["mb"], process["mb"] * each, traced["mb"], traced["mb"] * each))
    columns = ("", "process, MB", "bytes a shape", "tracemalloc, MB", "bytes a shape")
    notes = (
        "Process: resident memory that reading and indexing add, what reading alone took and did"
        " not give back included. Goal: 2,000 bytes a shape.",
    )
    return [Table("Memory of markup", columns, tuple(rows), notes)]


def pan(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """Recorded drags over the markup, and over none."""
    slide, seconds = large_slide(folder), QUICK_SECONDS if quick else SECONDS
    rows: list[tuple[Cell, ...]] = []
    everything = []
    for name, path in {"no markup": "", **files(folder, quick)}.items():
        for scale_name, scale in SCALES.items():
            told: dict[str, Any] = {"slide": slide, "file": path, "scale": scale}
            found = child.measured("edit_window_child", what="pan", seconds=seconds, **told)
            everything.append(found)
            frame, delay = found["frame_ms"], found["delay_ms"]
            times = (frame["median"], frame["p95"], frame["p99"], frame["worst"])
            computing = found["computing_ms"]["p99"]
            rows.append((name, scale_name, frame["count"], *times, computing, delay["p99"]))
    columns = (
        "", "scale", "frames", "frame ms, median", "95 %", "99 %", "worst",
        "computing ms, 99 %", "loop delay ms, 99 %",
    )  # fmt: skip
    notes: tuple[str, ...] = (
        f"Canvas 1920 × 1080, {seconds} s of drags; goal: 99 % of frames in 16 ms.",
    )
    notes += child.complaints(everything)
    return [Table("Dragging the slide under markup", columns, tuple(rows), notes)]


def edit(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """From an event until all that it changes is painted."""
    slide, runs = large_slide(folder), QUICK_RUNS if quick else RUNS
    rows: list[tuple[Cell, ...]] = []
    everything = []
    for (name, path), scale in zip(files(folder, quick).items(), EDIT_SCALES.values(), strict=True):
        told: dict[str, Any] = {"slide": slide, "file": path, "scale": scale, "runs": runs}
        found = child.measured("edit_window_child", what="edit", **told)
        everything.append(found)
        rows.append((name, "open and show", 1, 1000 * found["opened"], None, None))
        for what, took in found["edits"].items():
            clock, worked = zip(*took, strict=True)
            rows.append((name, what, len(took), median(clock), max(clock), median(worked)))
    columns = ("", "", "times", "ms, median", "worst", "computing, median")
    notes: tuple[str, ...] = ("In the program's window, with all its panels. Goal: 50 ms.",)
    notes += child.complaints(everything)
    return [Table("Editing", columns, tuple(rows), notes)]


def review(folder: Path, _: Path | None, quick: bool) -> list[Table]:
    """A review of very many findings: until they are listed, and until a key's effect is seen."""
    count, steps = (QUICK_FINDINGS, 5) if quick else (FINDINGS, 30)
    found = child.measured("review_child", slide=large_slide(folder), count=count, steps=steps)
    rows = [
        ("find and list them", 1000 * found["opened_s"], None, found["opening_delay_ms"]),
        *(
            (name, spread["median"], spread["p95"], spread["worst"])
            for name, spread in found.items()
            if isinstance(spread, dict)
        ),
    ]
    notes: tuple[str, ...] = (
        "Goals: 1 s until they are listed, 50 ms a step. Of the first row, the last column is the "
        "longest that the window stood still.",
    )
    notes += child.complaints([found])
    columns = (f"{count:,} findings", "ms, median", "95 %", "worst")
    return [Table("Reviewing", columns, tuple(rows), notes)]


def kill(_: Path, __: Path | None, quick: bool) -> list[Table]:
    """A program that edits at full speed, killed again and again."""
    kills = run_kills(QUICK_KILLS if quick else KILLS)
    edits, lost = sum(it.edits for it in kills), sum(it.lost for it in kills)
    problems = tuple(sorted({it.problem for it in kills if it.problem}))
    columns = ("kills", "edits before them", "edits lost", "other problems")
    return [Table("Killed", columns, ((len(kills), edits, lost, len(problems)),), problems)]


def fuzz(_: Path, __: Path | None, quick: bool) -> list[Table]:
    """Damaged files for every reader; a crash or a silent loss ends it with an error."""
    report = run_fuzz(QUICK_FUZZ_RUNS if quick else FUZZ_RUNS)
    counts = (report.refused, report.noticed, report.silent)
    row = (report.runs, *(sum(it.values()) for it in counts), report.slowest_s)
    columns = ("files", "refused", "read with a notice", "read without", "slowest, s")
    return [Table("Damaged files", columns, (row,))]


def _of_files(what: str, path: Path, quick: bool) -> dict[str, Any]:
    runs = QUICK_RUNS if quick else RUNS
    return child.measured("edit_files_child", what=what, file=path, runs=runs)
