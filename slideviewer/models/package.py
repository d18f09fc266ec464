"""Model packages on disk: a folder with `config.json`, weights, a golden sample and a card.

Opening one goes from cheap and safe to costly: sizes, then SHA-256, then parsing. Nothing in a
package is executed, and no Keras is imported here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slideviewer.errors import ModelError
from slideviewer.files import replacing
from slideviewer.models.spec import CONFIG, GOLDEN, LARGEST_CONFIG_BYTES, WEIGHTS, ModelSpec
from slideviewer.paths import bundled_models_folder, user_models_folder

LARGEST_FILE_BYTES = 1 << 30

_REFUSED_SUFFIXES: Mapping[str, str] = {
    ".h5": "whole models in HDF5",
    ".hdf5": "whole models in HDF5",
    ".keras": "Keras archives",
    ".pkl": "pickles",
    ".pickle": "pickles",
    ".joblib": "pickles",
    ".pt": "PyTorch files",
    ".pth": "PyTorch files",
    ".pb": "TensorFlow SavedModels",
    ".zip": "archives that are not unpacked",
}


@dataclass(frozen=True)
class ModelPackage:
    """A package whose files were found whole.

    Attributes
    ----------
    folder : Path
    spec : ModelSpec
    hash : str
        SHA-256 of `config.json`, which holds the SHA-256 of every other file: it names the whole.
    """

    folder: Path
    spec: ModelSpec
    hash: str

    @property
    def origin(self) -> Literal["bundled", "user", "path"]:
        """Where it comes from; one from a plain path is the user's explicit choice."""
        if self.folder.parent == bundled_models_folder().resolve():
            return "bundled"
        return "user" if self.folder.parent == user_models_folder().resolve() else "path"

    def read(self, name: str) -> bytes:
        """Read one file of the package and check it again: it may have changed since.

        Raises
        ------
        ModelError
            If it is not part of the package, or no longer what the configuration says.
        """
        expected = self.spec.files.get(name)
        if expected is None:
            raise ModelError(f'The package holds no "{name}".', path=self.folder)
        data = _read_bounded(self.folder, name, LARGEST_FILE_BYTES)
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise ModelError(
                f"Its SHA-256 is {found[:12]}…, not the {expected[:12]}… of {CONFIG}.",
                path=self.folder / name,
                remedy="The file was damaged or changed: install the model again.",
            )
        return data


@dataclass(frozen=True)
class FoundPackage:
    """A package that was looked at: either it, or what is wrong with it."""

    name: str
    folder: Path
    package: ModelPackage | None = None
    error: ModelError | None = None


def open_package(name_or_path: str | Path) -> ModelPackage:
    """Open a package by the name of a bundled or installed one, or by its folder.

    Raises
    ------
    ModelError
        If there is none, or it is refused; the message says why.
    """
    return _open_folder(_find(name_or_path))


def available_packages() -> tuple[FoundPackage, ...]:
    """Look at every bundled and installed package; a damaged one yields its error."""
    found: dict[str, FoundPackage] = {}
    for place in (bundled_models_folder(), user_models_folder()):
        if not place.is_dir():
            continue
        for folder in sorted(place.iterdir()):
            if not folder.is_dir() or folder.name.startswith(".") or folder.name in found:
                continue
            try:
                found[folder.name] = FoundPackage(folder.name, folder, package=_open_folder(folder))
            except ModelError as error:
                found[folder.name] = FoundPackage(folder.name, folder, error=error)
    return tuple(found.values())


def write_package(folder: Path, spec: ModelSpec, files: Mapping[str, bytes]) -> ModelPackage:
    """Write a package; `spec.files` is made from `files`.

    Each file is written beside and renamed; `config.json` comes last, so that a package broken off
    halfway is refused and not mistaken for a whole one. Other files in the folder stay.

    Raises
    ------
    ModelError
        If the folder holds something else, or cannot be written.
    """
    refuse_other_work(folder)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    whole = ModelSpec.from_json(spec.model_copy(update={"files": hashes}).to_json())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            _replace(folder / name, data)
        _replace(folder / CONFIG, whole.to_json())
    except OSError as error:
        raise ModelError(
            f"It cannot be written: {error.strerror or error}.", path=folder
        ) from error
    return _open_folder(folder)


def refuse_other_work(folder: Path) -> None:
    """Make sure that a package may be written to a folder: new, empty, notes only, or a package.

    Raises
    ------
    ModelError
        If it holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError("This is a file, not a folder for a model package.", path=folder)
    if folder.is_dir() and not (folder / CONFIG).exists():
        others = [entry.name for entry in folder.iterdir() if entry.suffix != ".md"]
        if others:
            raise ModelError(
                f'This folder holds "{others[0]}" and no model package.',
                path=folder,
                remedy="Name a new or an empty folder.",
            )


def _find(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and not name_or_path.strip():
        raise ModelError(
            "An empty name is no model's.", remedy="Name an installed model or a package folder."
        )
    if isinstance(name_or_path, str) and Path(name_or_path).name == name_or_path:
        for place in (bundled_models_folder(), user_models_folder()):
            if (place / name_or_path / CONFIG).is_file():
                return place / name_or_path
    path = Path(name_or_path)
    if path.name == CONFIG:
        path = path.parent
    reason = _REFUSED_SUFFIXES.get(path.suffix.lower())
    if reason:
        raise ModelError(
            f"Models stored as {reason} are refused, since opening them could run foreign code.",
            path=path,
            remedy="Use a model package: a folder with config.json.",
        )
    if not path.is_dir():
        known = ", ".join(found.name for found in available_packages()) or "none"
        raise ModelError(
            f'There is no model "{name_or_path}".',
            remedy=f"Name a package folder or one of the installed models: {known}.",
        )
    return path


def _open_folder(folder: Path) -> ModelPackage:
    folder = folder.resolve()
    if not (folder / CONFIG).exists():
        for entry in sorted(folder.iterdir()):
            if entry.suffix.lower() in _REFUSED_SUFFIXES:
                reason = _REFUSED_SUFFIXES[entry.suffix.lower()]
                raise ModelError(
                    f"Models stored as {reason} are refused, since opening them could run foreign"
                    " code.",
                    path=entry,
                )
        raise ModelError(f"The folder has no {CONFIG}, so it is no model package.", path=folder)
    config = _read_bounded(folder, CONFIG, LARGEST_CONFIG_BYTES)
    try:
        spec = ModelSpec.from_json(config)
    except ModelError as error:
        raise ModelError(error.problem, path=folder / CONFIG, remedy=error.remedy) from error
    missing = [name for name in (WEIGHTS, GOLDEN) if name not in spec.files]
    if missing:
        raise ModelError(
            f'It lists no "{missing[0]}".', path=folder / CONFIG, remedy="Install the model again."
        )
    package = ModelPackage(folder, spec, hashlib.sha256(config).hexdigest())
    for name in spec.files:
        package.read(name)
    return package


def _read_bounded(folder: Path, name: str, limit: int) -> bytes:
    path = folder / name
    try:
        if path.resolve(strict=True).parent != folder.resolve() or not path.is_file():
            raise ModelError("It is not a plain file inside the package's folder.", path=path)
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"It cannot be read: {reason}.", path=path) from error
    if len(data) > limit:
        raise ModelError(f"It is larger than the {limit:,} bytes allowed.", path=path)
    return data


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as stream:
        stream.write(data)
