"""What trials found, kept between runs: the same model on the same machine needs no second one."""

from __future__ import annotations

import logging
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import slideviewer
from slideviewer.files import replacing
from slideviewer.inference.engines.engine import gpus_allowed
from slideviewer.inference.engines.trial import LARGEST_BATCH

_MOST_CHOICES = 200
_LARGEST_BYTES = 1 << 20
_WATCHED = ("keras", "openvino", "tensorflow", "tensorflow-cpu")
"""Distributions with another version of which a trial might end otherwise."""

_log = logging.getLogger(__name__)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Occasion(_Part):
    """What a choice was made for.

    Attributes
    ----------
    package : str
        Its hash.
    wanted : str
        The engine that the user asked for, or "auto".
    threads : int
    processor : str
    processors : int
    gpus_allowed : bool
    versions : dict of str to str
    """

    package: str
    wanted: str
    threads: int
    processor: str
    processors: int
    gpus_allowed: bool
    versions: dict[str, str]


class Choice(_Part):
    """What was chosen.

    Attributes
    ----------
    way : str
        A `Way` in words.
    batch_size : int
    tiles_per_s : float
    """

    way: str
    batch_size: int = Field(ge=1, le=LARGEST_BATCH)
    tiles_per_s: float


class _Entry(_Part):
    occasion: Occasion
    choice: Choice


class _File(_Part):
    choices: list[_Entry] = []


def occasion_now(package_hash: str, wanted: str, threads: int) -> Occasion:
    """Describe this package on this machine as it is now."""
    return Occasion(
        package=package_hash,
        wanted=wanted,
        threads=threads,
        processor=_processor(),
        processors=os.cpu_count() or 1,
        gpus_allowed=gpus_allowed(),
        versions={"slideviewer": slideviewer.__version__} | _versions(),
    )


def recall(path: Path, occasion: Occasion) -> Choice | None:
    """Find what was chosen on such an occasion; a damaged file is a forgotten one."""
    return next((it.choice for it in _read(path) if it.occasion == occasion), None)


def remember(path: Path, occasion: Occasion, choice: Choice) -> None:
    """Keep a choice; the oldest ones are dropped in time."""
    others = [entry for entry in _read(path) if entry.occasion != occasion]
    kept = [*others, _Entry(occasion=occasion, choice=choice)][-_MOST_CHOICES:]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(_File(choices=kept).model_dump_json(indent=1).encode())
    except OSError as error:
        # It only costs another trial.
        _log.warning("%s cannot be kept: %s", path, error)


def _read(path: Path) -> list[_Entry]:
    try:
        with path.open("rb") as file:
            return _File.model_validate_json(file.read(_LARGEST_BYTES)).choices
    except (OSError, ValidationError):
        return []


def _processor() -> str:
    """The processor's model; Linux says it in a file, and Python does not read it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in _WATCHED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
