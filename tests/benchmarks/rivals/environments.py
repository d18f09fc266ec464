"""An environment for each other program, made with what pip gives to everybody."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_STAMP = "installed.txt"
_MOST_SECONDS = 3600
_LAST_WORDS = 3


@dataclass(frozen=True)
class Rival:
    """Another program.

    Attributes
    ----------
    name : str
        As the tables show it.
    folder : str
        Of its environment.
    needs : tuple of str
        What pip installs.
    module : str
        In this package: what runs it.
    """

    name: str
    folder: str
    needs: tuple[str, ...]
    module: str


TIATOOLBOX = Rival("TIAToolbox", "tiatoolbox", ("tiatoolbox==2.1.3",), "rivals.tiatoolbox_child")
WSINFER = Rival(
    "wsinfer",
    "wsinfer",
    (
        "wsinfer[openslide]==0.6.1",
        "torch==2.14.1",
        "torchvision==0.29.1",
        "openslide-bin==4.0.1.2",
        # It imports what later ones have no more.
        "zarr==2.18.7",
        "numcodecs==0.15.2",
    ),
    "rivals.wsinfer_child",
)


class NotInstalled(Exception):
    """An environment cannot be made; the message says what failed."""


def environment(rival: Rival, folder: Path, say: Callable[[str], None]) -> Path:
    """The interpreter of a rival's environment, made at the first call, which takes minutes.

    Parameters
    ----------
    rival : Rival
    folder : Path
        Where environments are kept.
    say : callable
        Told what takes long.

    Raises
    ------
    NotInstalled
        With the last that pip said.
    """
    place = folder / rival.folder
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = "\n".join(rival.needs) + "\n"
    stamp = place / _STAMP
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    began = time.monotonic()
    say(f"Installing {rival.name} in {place}: some minutes, and several gigabytes with PyTorch …")
    shutil.rmtree(place, ignore_errors=True)
    try:
        venv.create(place, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *rival.needs]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalled(f"{rival.name} cannot be installed: {error}.") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        words = " ".join(said[-_LAST_WORDS:]) or f"pip ended with {done.returncode}"
        raise NotInstalled(f"{rival.name} cannot be installed: {words}")
    stamp.write_text(wanted, encoding="utf-8")
    say(f"{rival.name} is installed, in {time.monotonic() - began:.0f} s.")
    return python
