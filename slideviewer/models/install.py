"""Taking a model package over into the user's folder: a folder, or a zip of one.

What is taken over is unpacked beside, opened, and proved on its own golden sample there. Only then
does it get its name, so that whatever is wrong with it, nothing that was installed has changed.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slideviewer.errors import ModelError
from slideviewer.models.archive import DAMAGE
from slideviewer.models.foreign import refusal_of
from slideviewer.models.loading import load_model
from slideviewer.models.package import ModelPackage, find_package, look_at, open_package
from slideviewer.models.spec import CONFIG
from slideviewer.models.unpacking import unpack_package
from slideviewer.models.wsinfer import refuse_wsinfer
from slideviewer.paths import bundled_models_folder, user_models_folder
from slideviewer.progress import Progress, Step, silent


def add_package(
    path: Path, progress: Progress = silent, *, replace: bool = False, name: str | None = None
) -> ModelPackage:
    """Install a model package for the user.

    Parameters
    ----------
    path : Path
        A package's folder or its `config.json`, or a zip of one.
    progress : Progress
        Raising `Cancelled` from it leaves everything as it was.
    replace : bool
        Whether an installed model of the same name gives way. Notes that lie beside its files
        are kept.
    name : str, optional
        The only name it may have.

    Returns
    -------
    ModelPackage
        As it is installed.

    Raises
    ------
    ModelError
        If it is refused, or a model of that name is there already.
    """
    place = user_models_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _beside(place) as folder:
            try:
                package = _proved(path, folder, progress, replace=replace, name=name)
            except ModelError as error:
                raise _said_of(path, folder, error) from error
            progress(Step(3, 3, "Installing the model"))
            target = place / package.spec.name
            _put_in_place(folder, target)
    except OSError as error:
        raise ModelError(
            f"The model cannot be installed: {error.strerror or error}.", path=error.filename
        ) from error
    return look_at(target)


def verify_package(name_or_path: str | Path) -> ModelPackage:
    """Hash all files of a package anew and let it answer its golden sample.

    Raises
    ------
    ModelError
        If it is not what it was.
    """
    package = open_package(name_or_path)
    load_model(package)
    return package


def refuse_taken_name(name: str, *, replace: bool, option: str = "--replace") -> None:
    """Make sure that a model of this name may be installed.

    Parameters
    ----------
    name : str
    replace : bool
        Whether one that the user has gives way.
    option : str
        What the user adds so that it does.

    Raises
    ------
    ModelError
        If the product brings one of that name, or the user has one that shall stay.
    """
    if (bundled_models_folder() / name).is_dir():
        raise ModelError(
            f'The model "{name}" comes with the program, and no other takes its name.',
            remedy="Whoever made the other one has to give it a name of its own.",
        )
    if (user_models_folder() / name).exists() and not replace:
        raise ModelError(
            f'A model "{name}" is installed already, and stays as it is.',
            path=user_models_folder() / name,
            remedy=f"Add {option} to put the new one in its place.",
        )


def _proved(
    path: Path, folder: Path, progress: Progress, *, replace: bool, name: str | None
) -> ModelPackage:
    """Take a package over into a folder beside, from cheap to costly checks."""
    progress(Step(0, 3, "Copying the model"))
    _take_over(path, folder)
    progress(Step(1, 3, "Checking the model's files"))
    package = open_package(folder)
    given = package.spec.name
    if name is not None and given != name:
        raise ModelError(f'It holds the model "{given}", not "{name}".', path=path)
    refuse_taken_name(given, replace=replace)
    progress(Step(2, 3, "Trying the model's golden sample"))
    load_model(package)
    return package


def _take_over(path: Path, folder: Path) -> None:
    """Fill a folder with a package's files and nothing else."""
    if path.is_file() and zipfile.is_zipfile(path):
        refusal = refusal_of(path)  # other makes have a config.json too
        if refusal is not None:
            raise refusal
        try:
            unpack_package(path, folder)
        except DAMAGE as error:
            if isinstance(error, OSError):
                raise
            reason = str(error) or "it is cut off"
            raise ModelError(f"The archive cannot be unpacked: {reason}.", path=path) from error
        return
    if not path.exists():
        raise ModelError("There is no such file or folder.", path=path, remedy="Check its name.")
    refuse_wsinfer(path)
    if path.is_file() and path.name != CONFIG and refusal_of(path) is None:
        raise ModelError(
            "This is no zip of a model package, or one that was cut off.",
            path=path,
            remedy="Get it again, or name the package's folder.",
        )
    source = look_at(find_package(path))
    for name in (CONFIG, *source.spec.files):
        shutil.copyfile(source.folder / name, folder / name)


def _said_of(path: Path, folder: Path, error: ModelError) -> ModelError:
    """Say what is wrong of the file that the user gave, and not of the copy in a folder beside."""
    place = error.path or folder.resolve()
    if not place.is_relative_to(folder.resolve()):
        return error
    inside = place.relative_to(folder.resolve()).as_posix()
    part = "" if inside == "." else f"{inside}: "
    return ModelError(f"{part}{error.problem}", path=path, remedy=error.remedy)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A new folder on the same disk, hidden from the list of models, gone at the end."""
    temporary = Path(tempfile.mkdtemp(prefix=".installing-", dir=place))
    try:
        folder = temporary / "model"  # readable as the user's others are; the temporary one is not
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_in_place(folder: Path, target: Path) -> None:
    """Give a folder its name; one that had it comes back if that fails."""
    if not target.exists():
        folder.rename(target)
        return
    former = target.with_name(f".former-{target.name}")
    if former.exists():
        shutil.rmtree(former)  # the program was ended while it tidied up
    for entry in target.iterdir():
        if entry.is_file() and entry.suffix == ".md" and not (folder / entry.name).exists():
            shutil.copy2(entry, folder / entry.name)  # the user's own notes
    target.rename(former)
    try:
        folder.rename(target)
    except OSError:
        former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)
