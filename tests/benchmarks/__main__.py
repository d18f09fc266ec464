"""`dev.py bench view`: measure, and print a table for each part."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs

from benchmarks import decode, gestures, memory, napari, slides, start
from benchmarks.report import Table, machine

Part = Callable[[Path, Path | None, bool], list[Table]]

PARTS: dict[str, Part] = {
    "slides": slides.tables,
    "decode": decode.tables,
    "start": start.tables,
    "gestures": gestures.tables,
    "memory": memory.tables,
}
"""What is measured of the window without other programs, in this order."""

_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def main() -> int:
    """Run the parts asked for and print what they found as they end."""
    chosen = _arguments()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    parts = dict(PARTS)
    if chosen.napari is not None:
        parts["napari"] = lambda folder, _, quick: napari.tables(folder, quick, chosen.napari)
    here = machine()
    _say("\n".join(f"- {name}: {value}" for name, value in here.items()) + "\n")
    found: dict[str, list[dict[str, object]]] = {}
    for name in chosen.only or parts:
        made = parts[name](chosen.folder, chosen.data, chosen.quick)
        found[name] = [table.as_json() for table in made]
        for table in made:
            _say(table.markdown())
    if chosen.json is not None:
        text = json.dumps({"machine": here, "parts": found}, indent=1, ensure_ascii=False)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("what", choices=["view"], help="what to measure: looking at slides")
    parser.add_argument(
        "--only", nargs="+", choices=[*PARTS, "napari"], help="these parts; all where left out"
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
    beside = Path(named) if named else _DATA
    parser.add_argument(
        "--data",
        type=Path,
        default=beside if (beside / "slides").is_dir() else None,
        help="the folder of public test files (default: SLIDEVIEWER_TEST_DATA)",
    )
    chosen = parser.parse_args()
    if chosen.only and "napari" in chosen.only and chosen.napari is None:
        parser.error("napari is measured with --napari PYTHON")
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
