"""slideviewer, TIAToolbox and wsinfer in turns: the same network, slide and tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import child
from benchmarks.made_models import INCEPTION, MOBILE, UNET, Made, made_slide
from benchmarks.made_slide import BLOCK_SIZE
from benchmarks.report import Cell, Table
from benchmarks.rivals.environments import (
    TIATOOLBOX,
    WSINFER,
    NotInstalled,
    Rival,
    environment,
)

CONTESTS = {INCEPTION: (TIATOOLBOX, WSINFER), MOBILE: (TIATOOLBOX, WSINFER), UNET: (TIATOOLBOX,)}
"""Each network, and who computes it, too: wsinfer knows no segmentation."""

ROUNDS, QUICK_ROUNDS = 3, 1
OURS = "slideviewer"

COLUMNS = (
    "network", "tiles", "program", "tiles/s", "least to most", "slideviewer is × as fast",
    "least to most", "peak memory, MB", "slideviewer takes × the memory", "loading, s",
    "processor-s a tile",
)  # fmt: skip


@dataclass(eq=False)
class Side:
    """One program in one contest, and what was found of it, round by round."""

    name: str
    run: Callable[[], dict[str, Any]]
    found: list[dict[str, Any]] = field(default_factory=list)

    def rates(self) -> list[float]:
        """Tiles a second."""
        return [one["tiles"] / one["seconds"] for one in self.found]

    def median_of(self, name: str) -> float:
        """The median of something that each round tells."""
        return median(float(one[name]) for one in self.found)


def tables(folder: Path, quick: bool, rivals: Path, say: Callable[[str], None]) -> list[Table]:
    """Measure all contests; a rival that cannot be installed or fails becomes a note.

    Parameters
    ----------
    folder : Path
        Where the made slides are kept.
    quick : bool
    rivals : Path
        Where the rivals' environments are kept.
    say : callable
        Told what takes long.
    """
    notes: list[str] = []
    pythons: dict[Rival, Path] = {}
    for rival in (TIATOOLBOX, WSINFER):
        try:
            pythons[rival] = environment(rival, rivals.absolute(), say)
        except NotInstalled as error:
            notes.append(str(error))
    rows: list[tuple[Cell, ...]] = []
    with TemporaryDirectory(prefix="slideviewer-bench-") as name:
        here = {"SLIDEVIEWER_DATA_DIR": str(Path(name, "user"))}
        names = [made.architecture for made in CONTESTS]
        written = child.measured(
            "rivals.ours", environment=here, what="write", folder=Path(name, "models"), names=names
        )
        for made, others in CONTESTS.items():
            told = _settings(made, folder)
            ours = partial(
                child.measured,
                "rivals.ours",
                environment=here,
                memory=True,
                what="predict",
                package=written[made.architecture],
                **told,
            )
            first = ours()  # converts the network and tries the engines
            sides = [Side(OURS, ours)]
            for rival in others:
                if rival in pythons:
                    run = partial(child.measured, rival.module, pythons[rival], memory=True, **told)
                    sides.append(Side(rival.name, run))
            problems = in_turns(sides, QUICK_ROUNDS if quick else ROUNDS)
            rows += rows_of(made, sides)
            notes += [f"{made.name}: {problem}" for problem in problems]
            notes += _how(made, sides, first)
    return [Table("Beside TIAToolbox and wsinfer", COLUMNS, tuple(rows), (*_NOTES, *notes))]


_NOTES = (
    "Medians of rounds in which all take turns, each in a fresh process that has its converted "
    "network and its choice of an engine from a run before; wall time of all from reading to the "
    "stored answers, without imports and the loading of the model. Ratios are of rounds.",
    "Memory is the most that a process and those it started took together, what they share "
    "counted once, imports and loading included.",
    "Random weights; tiles pixel for pixel, all of them, tissue or not; a U-Net's overlap by half.",
)


def _settings(made: Made, folder: Path) -> dict[str, Any]:
    return {
        "architecture": made.architecture,
        "patch": made.patch,
        "across": made.across,
        "segments": made.segments,
        "slide": made_slide(folder, made.blocks).absolute(),
        "side": made.blocks * BLOCK_SIZE,
    }


def in_turns(sides: list[Side], rounds: int) -> list[str]:
    """Run all, round by round; who fails is left out from then on, and told."""
    problems = []
    left = list(sides)
    for _ in range(rounds):
        for side in list(left):
            try:
                side.found.append(side.run())
            except (RuntimeError, OSError, SubprocessError) as error:
                left.remove(side)
                said = str(error).strip().splitlines() or [repr(error)]
                problems.append(f"{side.name} failed: {said[-1]}")
    return problems


def rows_of(made: Made, sides: list[Side]) -> list[tuple[Cell, ...]]:
    """What stands in the table of one contest, ours first."""
    ours = sides[0]
    rows: list[tuple[Cell, ...]] = []
    for side in sides:
        if not side.found:
            rows.append((made.name, None, side.name, *[None] * (len(COLUMNS) - 3)))
            continue
        rates = side.rates()
        compared: tuple[Cell, ...] = (None, None, None)
        if side is not ours and ours.found:
            ratios = [mine / other for mine, other in zip(ours.rates(), rates, strict=False)]
            memory = ours.median_of("peak_mb") / side.median_of("peak_mb")
            compared = (median(ratios), _span(ratios), memory)
        rows.append(
            (
                made.name,
                int(side.median_of("tiles")),
                f"{side.name} {side.found[-1]['version']}",
                median(rates),
                _span(rates),
                *compared[:2],
                side.median_of("peak_mb"),
                compared[2],
                side.median_of("load_s"),
                side.median_of("processor_s") / side.median_of("tiles"),
            )
        )
    return rows


def _span(values: list[float]) -> str:
    return f"{min(values):.3g} to {max(values):.3g}"


def _how(made: Made, sides: list[Side], first: dict[str, Any]) -> list[str]:
    """What to know of one contest: settings, goals, and our first run ever."""
    told = "; ".join(f"{side.name}: {side.found[-1]['how']}" for side in sides if side.found)
    goal = f"Goals: {made.goal} × as fast, half the memory."
    cold = (
        f"slideviewer's first run of all, which converts the network and tries the engines: "
        f"{first['load_s']:.0f} s of loading, {first['peak_mb']:,.0f} MB at most."
    )
    return [f"{made.name}. {told}. {goal} {cold}"]
