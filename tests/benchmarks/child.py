"""Runs a measurement in a fresh process without a screen and takes its answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.tree_memory import TreeMemory

PATIENCE_SECONDS = 600
_MARK = "answer: "
_HERE = str(Path(__file__).resolve().parents[1])
"""Where any Python finds this package."""


def measured(
    module: str,
    python: Path = Path(sys.executable),
    environment: Mapping[str, str] | None = None,
    memory: bool = False,
    **settings: object,
) -> dict[str, Any]:
    """Run a module of this package and return what it answers.

    Parameters
    ----------
    module : str
        Its name in this package. It calls `settings` and `answer`.
    python : Path
        The interpreter; another one finds this package, too.
    environment : mapping of str to str, optional
        Variables in place of the present ones.
    memory : bool
        Whether to watch how much memory it takes with all that it starts.
    **settings
        What it gets to know: paths and numbers; and the time, as "started".

    Returns
    -------
    dict
        The answer; how the process ended as "exit_code"; and where memory is watched, the most that
        was taken as "peak_mb".

    Raises
    ------
    RuntimeError
        Where it gives no answer, with the last it said.
    """
    command = [str(python), "-m", f"benchmarks.{module}"]
    with TemporaryDirectory(prefix="slideviewer-bench-") as folder:
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [_HERE, os.environ.get("PYTHONPATH")])),
            "QT_QPA_PLATFORM": "offscreen",
            "SLIDEVIEWER_DATA_DIR": folder,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **(environment or {}),
        }
        with (
            subprocess.Popen(
                [*command, json.dumps({**settings, "started": time.time()}, default=str)],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
            TreeMemory(process.pid) if memory else nullcontext() as watched,
        ):
            out, errors = _heard(process)
    found = _answer_in(out)
    if found is None:
        said = "\n".join((out + errors).strip().splitlines()[-20:])
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    peak = {} if watched is None else {"peak_mb": watched.peak_mb}
    return {**found, **peak, "exit_code": process.returncode}


def _heard(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=PATIENCE_SECONDS)
    except BaseException:
        process.kill()
        raise


def complaints(found: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """A note where processes answered but did not end well; none where all did."""
    codes = [one["exit_code"] for one in found if one["exit_code"] != 0]
    told = ", ".join(str(code) for code in sorted(set(codes)))
    return (f"{len(codes)} of the processes did not end well (exit code {told}).",) if codes else ()


def settings() -> dict[str, Any]:
    """In the child: what it was told."""
    told: dict[str, Any] = json.loads(sys.argv[-1])
    return told


def answer(values: dict[str, object]) -> None:
    """In the child: say what was found."""
    sys.stdout.write(f"\n{_MARK}{json.dumps(values)}\n")
    sys.stdout.flush()


def seconds_since_start(told: dict[str, Any]) -> float:
    """In the child: how long ago the parent started it."""
    return time.time() - float(told["started"])


def path_of(told: dict[str, Any], name: str) -> Path:
    """In the child: a setting that is a path."""
    return Path(told[name])


def _answer_in(text: str) -> dict[str, Any] | None:
    answers = [line for line in text.splitlines() if line.startswith(_MARK)]
    return json.loads(answers[-1].removeprefix(_MARK)) if answers else None
