"""New versions that wait for the user's word, and the way from one version to another."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from slideviewer.annotations.file_lock import runs
from slideviewer.errors import ModelError
from slideviewer.models.install import refuse_taken_name
from slideviewer.models.package import ModelPackage, look_at, open_package
from slideviewer.paths import user_models_folder

_WAITING = ".waiting"


def waiting_folder() -> Path:
    """Where a version lies that nobody has decided on: beside the models, and not among them."""
    return user_models_folder() / _WAITING


def waiting_place(number: int) -> Path:
    """Where the version of this number lies that this program makes; named for who has it."""
    return waiting_folder() / f"{_host()}-{os.getpid()}-{number}"


def throw_away_forgotten() -> None:
    """Delete versions that nobody can decide on any more: their program was ended from outside."""
    own = re.compile(rf"(?:\.making-)?{re.escape(_host())}-(\d+)-\d+(?:-.*)?")
    with suppress(OSError):
        for folder in waiting_folder().iterdir():
            found = own.fullmatch(folder.name)
            if found and not runs(int(found[1])):
                throw_away(folder)
        waiting_folder().rmdir()


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", socket.gethostname())


def take_over(folder: Path) -> ModelPackage:
    """Put a version that waits among the user's models; its files are hashed first.

    It has answered its own sample when it was written.

    Raises
    ------
    ModelError
        If it is damaged, or there is a model of its name.
    """
    package = open_package(folder)
    refuse_taken_name(package.spec.name, replace=False)
    target = user_models_folder() / package.spec.name
    try:
        folder.rename(target)
    except OSError as error:
        raise ModelError(
            f"It cannot be put among the models: {error.strerror or error}.", path=folder
        ) from error
    return look_at(target)


def throw_away(folder: Path) -> None:
    """Delete a version that is not wanted; nothing happens where there is none."""
    shutil.rmtree(folder, ignore_errors=True)


def parent_among(package: ModelPackage, others: Iterable[ModelPackage]) -> ModelPackage | None:
    """The model that a version was made of, if it is still there."""
    return next((it for it in others if it.hash == package.spec.parent), None)
