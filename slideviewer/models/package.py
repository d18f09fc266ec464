"""Model packages on disk: a folder with `config.json`, weights, a golden sample and a card.

Opening one goes from cheap and safe to costly: sizes, then SHA-256, then parsing. Looking through
all of them stops at the sizes, and hashes no weights. Nothing in a package is executed, and no
Keras is imported here.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slideviewer.errors import ModelError
from slideviewer.files import replacing
from slideviewer.models.foreign import refusal_of
from slideviewer.models.spec import CONFIG, GOLDEN, LARGEST_CONFIG_BYTES, WEIGHTS, ModelSpec
from slideviewer.models.wsinfer import refuse_wsinfer
from slideviewer.paths import bundled_models_folder, user_models_folder

LARGEST_FILE_BYTES = 1 << 30

TRAINING = "training"
"""The sub-folder in which a training keeps what it knows beside the package that it makes."""


@dataclass(frozen=True)
class ModelPackage:
    """A package whose files are there; each is hashed by `read` whenever it is used.

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
        """Read one file of the package, `config.json` among them, and hash it.

        Raises
        ------
        ModelError
            If it is not part of the package, or no longer what the configuration says.
        """
        expected = self.hash if name == CONFIG else self.spec.files.get(name)
        if expected is None:
            raise ModelError(f'The package holds no "{name}".', path=self.folder)
        data = _read_bounded(self.folder, name, LARGEST_FILE_BYTES)
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise ModelError(
                f"Its SHA-256 is {found[:12]}…, not the {expected[:12]}… that it should be.",
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

    Every file is hashed.

    Raises
    ------
    ModelError
        If there is none, or it is refused; the message says why.
    """
    return _open_folder(find_package(name_or_path))


def find_package(name_or_path: str | Path) -> Path:
    """Find the folder of a package by the name of a bundled or installed one, or by its path.

    Raises
    ------
    ModelError
        If there is none; where it is a model of another make, the message says what is wrong
        with that.
    """
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
    if not path.is_dir():
        _refuse_foreign(path)
    if path.is_file() and zipfile.is_zipfile(path):
        raise ModelError(
            "This archive is not installed.",
            path=path,
            remedy="Install it with slideviewer models add, then use it by its name.",
        )
    if not path.is_dir():
        known = ", ".join(found.name for found in available_packages()) or "none"
        raise ModelError(
            f'There is no model "{name_or_path}".',
            remedy=f"Name a package folder or one of the installed models: {known}.",
        )
    return path


def available_packages() -> tuple[FoundPackage, ...]:
    """Look at every bundled and installed package; a damaged one yields its error.

    Files are looked at and not read: one that lost a part is noticed, one that was changed only
    when the package is opened.
    """
    found: dict[str, FoundPackage] = {}
    for place in (bundled_models_folder(), user_models_folder()):
        if not place.is_dir():
            continue
        for folder in sorted(place.iterdir()):
            if not folder.is_dir() or folder.name.startswith(".") or folder.name in found:
                continue
            try:
                found[folder.name] = FoundPackage(folder.name, folder, package=look_at(folder))
            except ModelError as error:
                found[folder.name] = FoundPackage(folder.name, folder, error=error)
    return tuple(found.values())


def write_package(folder: Path, spec: ModelSpec, files: Mapping[str, bytes]) -> ModelPackage:
    """Write a package; `spec.files` and `spec.sizes` are made from `files`.

    Each file is written beside and renamed; `config.json` comes last, so that a package broken off
    halfway is refused and not mistaken for a whole one. Other files in the folder stay.

    Raises
    ------
    ModelError
        If the folder holds something else, or cannot be written.
    """
    refuse_other_work(folder)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    sizes = {name: len(data) for name, data in sorted(files.items())}
    listed = spec.model_copy(update={"files": hashes, "sizes": sizes})
    whole = ModelSpec.from_json(listed.to_json())
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

    What a training keeps there, in `TRAINING`, is no other work.

    Raises
    ------
    ModelError
        If it holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError("This is a file, not a folder for a model package.", path=folder)
    if folder.is_dir() and not (folder / CONFIG).exists():
        others = [
            entry.name
            for entry in folder.iterdir()
            if entry.suffix != ".md" and entry.name != TRAINING
        ]
        if others:
            raise ModelError(
                f'This folder holds "{others[0]}" and no model package.',
                path=folder,
                remedy="Name a new or an empty folder.",
            )


def _open_folder(folder: Path) -> ModelPackage:
    package = look_at(folder)
    for name in package.spec.files:
        package.read(name)
    return package


def look_at(folder: Path) -> ModelPackage:
    """Read what a package says of itself, and see that its files are there, unread.

    Raises
    ------
    ModelError
        If it is refused; the message says why.
    """
    folder = folder.resolve()
    if not (folder / CONFIG).exists():
        _refuse_foreign(folder)
        raise ModelError(f"The folder has no {CONFIG}, so it is no model package.", path=folder)
    config = _read_bounded(folder, CONFIG, LARGEST_CONFIG_BYTES)
    try:
        spec = ModelSpec.from_json(config)
    except ModelError as error:
        refuse_wsinfer(folder / CONFIG)
        raise ModelError(error.problem, path=folder / CONFIG, remedy=error.remedy) from error
    missing = [name for name in (WEIGHTS, GOLDEN) if name not in spec.files]
    if missing:
        raise ModelError(
            f'It lists no "{missing[0]}".', path=folder / CONFIG, remedy="Install the model again."
        )
    for name in spec.files:
        size = _size_of(folder, name)
        if size > LARGEST_FILE_BYTES:
            raise _too_large(folder / name, LARGEST_FILE_BYTES)
        if size != spec.sizes.get(name, size):
            raise ModelError(
                f"It has {size:,} bytes, where {CONFIG} says {spec.sizes[name]:,}.",
                path=folder / name,
                remedy="The file was damaged or changed: install the model again.",
            )
    return ModelPackage(folder, spec, hashlib.sha256(config).hexdigest())


def _refuse_foreign(path: Path) -> None:
    try:
        refusal = refusal_of(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if refusal is not None:
        raise refusal


def _size_of(folder: Path, name: str) -> int:
    """Size of a plain file that really lies in the package's folder, in bytes."""
    path = folder / name
    try:
        if path.resolve(strict=True).parent != folder.resolve() or not path.is_file():
            raise ModelError("It is not a plain file inside the package's folder.", path=path)
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"It cannot be read: {error.strerror or error}.", path=path)


def _read_bounded(folder: Path, name: str, limit: int) -> bytes:
    _size_of(folder, name)
    path = folder / name
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def _too_large(path: Path, limit: int) -> ModelError:
    return ModelError(f"It is larger than the {limit:,} bytes allowed.", path=path)


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as stream:
        stream.write(data)
