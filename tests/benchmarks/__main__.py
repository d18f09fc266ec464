"""`dev.py bench view`, `edit`, `predict` and `train`: measure, and print a table for each part."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs

from benchmarks import (
    decode,
    edit,
    edit_napari,
    engines,
    gestures,
    memory,
    napari,
    overlay,
    predict,
    slides,
    start,
    train,
)
from benchmarks.report import Table, machine
from benchmarks.rivals import compare

Part = Callable[[Path, Path | None, bool], list[Table]]

PARTS: dict[str, dict[str, Part]] = {
    "view": {
        "slides": slides.tables,
        "decode": decode.tables,
        "start": start.tables,
        "gestures": gestures.tables,
        "overlay": overlay.tables,
        "memory": memory.tables,
    },
    "edit": {
        "load": edit.load,
        "pan": edit.pan,
        "edit": edit.edit,
        "save": edit.save,
        "memory": edit.memory,
        "review": edit.review,
        "kill": edit.kill,
        "fuzz": edit.fuzz,
    },
    "predict": {
        "tissue": predict.tissue,
        "reading": predict.reading,
        "pipeline": predict.pipeline,
        "vast": predict.vast,
        "first": predict.first,
        "kill": predict.kill,
        "engines": engines.tables,
    },
    "train": {
        "feed": train.feed,
        "memory": train.memory,
        "epochs": train.epochs,
        "bits": train.bits,
        "head": train.head,
    },
}
"""What is measured without other programs, in this order."""

NAPARI = {"view": napari.tables, "edit": edit_napari.tables}
"""What is measured beside napari, which needs a Python of its own."""

_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def main() -> int:
    """Run the parts asked for and print what they found as they end."""
    chosen = _arguments()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    parts = dict(PARTS[chosen.what])
    if chosen.napari is not None and chosen.what in NAPARI:
        beside = NAPARI[chosen.what]
        parts["napari"] = lambda folder, _, quick: beside(folder, quick, chosen.napari)
    if chosen.rivals is not None and chosen.what == "predict":
        parts["rivals"] = lambda folder, _, quick: compare.tables(
            folder, quick, chosen.rivals, _say
        )
    here = machine()
    _say("\n".join(f"- {name}: {value}" for name, value in here.items()) + "\n")
    found: dict[str, list[dict[str, object]]] = {}
    for name in chosen.only or parts:
        made = parts[name](chosen.folder, chosen.data, chosen.quick)
        found[name] = [table.as_json() for table in made]
        for table in made:
            _say(table.markdown())
    if chosen.napari is None and not chosen.only and chosen.what in NAPARI:
        _say(napari.HOW)
    if chosen.json is not None:
        text = json.dumps({"machine": here, "parts": found}, indent=1, ensure_ascii=False)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument(
        "what",
        choices=[*PARTS],
        help="what to measure: looking at slides, editing markup, predicting, training",
    )
    listed = "; ".join(f"{what}: {', '.join(parts)}" for what, parts in PARTS.items())
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PART",
        help=f"these parts; all where left out ({listed}; view and edit: napari; predict: rivals)",
    )
    parser.add_argument("--quick", action="store_true", help="shorter, and less to rely on")
    parser.add_argument(
        "--napari", type=Path, metavar="PYTHON", help="a Python with napari, to compare with"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(platformdirs.user_cache_dir("slideviewer", appauthor=False)) / "benchmarks",
        help="where made slides are kept (default: the user's cache folder)",
    )
    named = os.environ.get("SLIDEVIEWER_TEST_DATA")
    public = Path(named) if named else _DATA
    parser.add_argument(
        "--data",
        type=Path,
        default=public if (public / "slides").is_dir() else None,
        help="the folder of public test files (default: SLIDEVIEWER_TEST_DATA)",
    )
    parser.add_argument(
        "--rivals",
        type=Path,
        metavar="DIR",
        help="predict: compare with TIAToolbox and wsinfer, too, each in an environment that is "
        "made there once (minutes, and over 10 GB; --only rivals without it: in --folder)",
    )
    chosen = parser.parse_args()
    beside = {"napari"} if chosen.what in NAPARI else set()
    others = {"rivals"} if chosen.what == "predict" else beside
    unknown = sorted({*(chosen.only or ())} - {*PARTS[chosen.what], *others})
    if unknown:
        parser.error(f"bench {chosen.what} has no part {', '.join(unknown)}")
    if chosen.rivals is None and "rivals" in (chosen.only or ()):
        chosen.rivals = chosen.folder / "rivals"
    if chosen.napari is not None:
        problem = napari.problem_with(chosen.napari)
        if problem:
            parser.exit(2, f"{problem}\n{napari.HOW}\n")
    elif chosen.only and "napari" in chosen.only:
        parser.exit(2, f"{napari.HOW}\n")
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
